"""Our messages against TensorFlow's: the same field numbers, names and types."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2, variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from hubexplore.summary.graph import messages

ROOTS = (
    saved_model_pb2.SavedModel.DESCRIPTOR,
    variable_pb2.VariableDef.DESCRIPTOR,
    meta_graph_pb2.AssetFileDef.DESCRIPTOR,
)


def by_name(*roots: Any) -> dict[str, Any]:
    """Message name -> descriptor, of all that the roots reach."""
    found: dict[str, Any] = {}
    stack = list(roots)
    while stack:
        descriptor = stack.pop()
        if descriptor.full_name not in {entry.full_name for entry in found.values()}:
            found.setdefault(descriptor.name, descriptor)
            stack.extend(field.message_type for field in descriptor.fields if field.message_type)
    return found


OURS = by_name(*(each.DESCRIPTOR for each in (messages.SavedModel, messages.VariableDef)))
THEIRS = by_name(*ROOTS)
# There are two of this name; ours is the one in AttrValue.
THEIRS["ListValue"] = THEIRS["AttrValue"].nested_types_by_name["ListValue"]


def is_repeated(field: Any) -> bool:
    """Also on protobuf before 6.31, which tells it by a label that later versions warn of."""
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


@pytest.mark.parametrize("name", sorted(set(OURS) - {"Any"}))
def test_fields_are_those_of_tensorflow(name: str) -> None:
    for field in OURS[name].fields:
        theirs = THEIRS[name].fields_by_number[field.number]
        assert (field.name, field.type) == (theirs.name, theirs.type)
        assert is_repeated(field) == is_repeated(theirs)
        ours_in, theirs_in = field.containing_oneof, theirs.containing_oneof
        assert (ours_in and ours_in.name) == (theirs_in and theirs_in.name)


@pytest.mark.parametrize("name", ["DataType", "TypeSpecClass"])
def test_numbers_are_those_of_tensorflow(name: str) -> None:
    ours = messages.SavedModel.DESCRIPTOR.file.enum_types_by_name[name]
    theirs = types_pb2.DataType.DESCRIPTOR if name == "DataType" else None
    if theirs is None:
        theirs = by_name(*ROOTS)["TypeSpecProto"].enum_types_by_name[name]
    # An older TensorFlow may have fewer.
    numbers = {value.name: value.number for value in ours.values}
    assert {value.name: numbers.get(value.name) for value in theirs.values} == {
        value.name: value.number for value in theirs.values
    }


@pytest.mark.parametrize("number", range(1, 34))
def test_dtypes_are_called_as_tensorflow_does(number: int) -> None:
    try:
        dtype = tf.as_dtype(number)
    except TypeError:
        pytest.skip(f"this TensorFlow has no dtype {number}")
    assert messages.dtype_name(number) == dtype.name


def test_a_reference_and_an_unknown_dtype() -> None:
    assert messages.dtype_name(101) == "float32_ref"
    assert messages.dtype_name(99) == "unknown (99)"

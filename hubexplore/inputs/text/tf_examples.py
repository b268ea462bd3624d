"""tf.Example messages, serialized and parsed without TensorFlow; as text, each is a JSON object on a line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import short
from hubexplore.inputs.text import json_text, nested_lists
from hubexplore.inputs.text.literals import Literals, excerpt
from hubexplore.summary.graph import messages
from hubexplore.summary.reading.string_inputs import PLAIN
from hubexplore.summary.tensor_values import Array

Values = Sequence[bytes] | Sequence[int] | Sequence[float]


# ---- bytes


def serialized(features: Mapping[str, Values]) -> bytes:
    """Returns a serialized tf.Example with its features sorted by name.

    Args:
      features: values by name; those of one feature are all bytes, all int or all float.
    """
    example = messages.Example()
    example.features.SetInParent()
    # Sorted, and `SetInParent` for empty lists, as TensorFlow serializes deterministically: the same bytes.
    for name, values in sorted(features.items()):
        entry = example.features.feature.add(key=name.encode("utf-8", "surrogateescape"))
        kind = _kind(values)
        values_message = getattr(entry.value, kind)
        values_message.SetInParent()
        values_message.value.extend(map(float, values) if kind == "float_list" else values)
    content: bytes = example.SerializeToString()
    return content


def features_of(content: bytes) -> dict[str, Values] | None:
    """The values of a serialized tf.Example by name; None if the bytes are not one."""
    example = messages.Example()
    try:
        example.ParseFromString(content)
        whole = example.ByteSize()
        # Many byte strings parse as some message. One with fields that tf.Example does not have is not one.
        example.DiscardUnknownFields()
        if example.ByteSize() != whole:
            return None
        return {entry.key.decode(): _values(entry.value) for entry in example.features.feature}
    except (DecodeError, UnicodeDecodeError):
        return None


def _kind(values: Values) -> str:
    if all(isinstance(value, bytes) for value in values):
        return "bytes_list"
    return "int64_list" if all(isinstance(value, int) for value in values) else "float_list"


def _values(feature: Any) -> Values:
    kind = feature.WhichOneof("kind")
    return [] if kind is None else list(getattr(feature, kind).value)


# ---- text


def read(field: Field, text: str) -> Array:
    """Parses typed messages: JSON objects of values by feature, one per line or in a list.

    Args:
      field: an input whose strings are tf.Example messages.
      text: such as `{"age": 31, "name": "Ann"}`; a list for several values, null for a feature without value.

    Returns:
      An object array of bytes in the shape of the input.

    Raises:
      SignatureError: it cannot be parsed, a feature is unknown, or a value does not fit its dtype.
    """
    rows = json_text.read(field, text)
    return of_rows(field, rows if isinstance(rows, list) else [rows])


def of_rows(field: Field, rows: Sequence[Any], numbered: bool = True) -> Array:
    """Serializes mappings of values by feature for an input; raises like `read`.

    Args:
      field: the input.
      rows: a mapping for each message.
      numbered: whether messages of errors name the row.
    """
    dtypes = {feature.name: feature.dtype for feature in field.encoding.features}
    literals = {
        dtype: Literals(dataclasses.replace(field, dtype=dtype, encoding=PLAIN))
        for dtype in ("string", "int64", "float32")
    }
    contents = np.empty(len(rows), object)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise SignatureError(
                f"Input {field.name!r}, row {number}: found {excerpt(row)}, expected {field.hint}."
            )
        features = {}
        for name, values in row.items():
            if dtypes and name not in dtypes:
                raise SignatureError(
                    f"Input {field.name!r}, row {number}: there is no feature {short(str(name))!r}."
                    f"{closest(str(name), list(dtypes))}"
                )
            if values is not None:
                several = values if isinstance(values, (list, tuple)) else [values]
                reader = literals[dtypes.get(name) or _dtype(several)]
                where = f"{f'row {number}, ' if numbered else ''}feature {short(str(name))!r}"
                features[str(name)] = [_value(reader, value, where) for value in several]
        contents[number - 1] = serialized(features)
    return nested_lists.shaped(field, contents)


def write(value: Array) -> str | None:
    """Returns a text from which `read` makes these messages; None if there is no such text."""
    lines = []
    for content in value.reshape(-1):
        features = features_of(content)
        if features is None:
            return None
        try:
            words = [
                f"{json.dumps(name, ensure_ascii=False)}: {_word(values)}"
                for name, values in features.items()
            ]
        except UnicodeDecodeError:
            return None
        lines.append(f"{{{', '.join(words)}}}")
    return "\n".join(lines)


def _dtype(values: Sequence[Any]) -> str:
    """The dtype of a feature that the graph does not name, from its values."""
    if any(isinstance(value, (str, bytes)) for value in values):
        return "string"
    return "int64" if all(isinstance(value, int) for value in values) else "float32"


def _value(literals: Literals, item: Any, where: str) -> Any:
    # pandas makes floats of a column of integers with missing values.
    if literals.dtype.kind == "i" and isinstance(item, float) and item.is_integer():
        item = int(item)
    entry = literals.entry(item, where)
    return float(entry) if literals.dtype.kind == "f" else entry


_NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _word(values: Values) -> str:
    words = []
    for value in values:
        if isinstance(value, bytes):
            words.append(json.dumps(value.decode(), ensure_ascii=False))
        elif isinstance(value, int):
            words.append(str(value))
        else:
            # The fewest digits that give this float32 again, with a point: without one it would be an
            # integer.
            word = str(np.float32(value))
            words.append(_NOT_FINITE.get(word, word))
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"

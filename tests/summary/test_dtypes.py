"""The table of dtypes, compared with what TensorFlow and NumPy say."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from hubexplore.summary import dtypes
from hubexplore.summary.graph.messages import dtype_name

KNOWN = [dtype for dtype in dtypes.DTYPES if dtype.number in types_pb2.DataType.values() and dtype.number]


def test_the_table_is_in_the_order_of_the_enum() -> None:
    assert [dtype.number for dtype in dtypes.DTYPES] == list(range(len(dtypes.DTYPES)))
    newest = max(number for number in types_pb2.DataType.values() if number < dtypes.REFERENCE)
    assert newest < len(dtypes.DTYPES), "TensorFlow has a dtype that the table lacks"


@pytest.mark.parametrize("dtype", KNOWN, ids=lambda dtype: dtype.name)
def test_names_are_those_of_tensorflow(dtype: dtypes.Dtype) -> None:
    assert types_pb2.DataType.Name(dtype.number) == f"DT_{dtype.enum.upper()}"
    assert tf.dtypes.as_dtype(dtype.number).name == dtype.name == dtype_name(dtype.number)
    assert dtype_name(dtypes.REFERENCE + dtype.number) == f"{dtype.name}_ref"


@pytest.mark.parametrize("dtype", KNOWN, ids=lambda dtype: dtype.name)
def test_numbers_are_stored_as_tensorflow_does(dtype: dtypes.Dtype) -> None:
    if dtype.stored:
        assert (
            tf.dtypes.as_dtype(dtype.name).size
            == dtypes.WIDTHS[dtype.name]
            == np.dtype(dtype.stored).itemsize
        )
    if dtype.field:
        assert dtype.field in tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name
        if dtype.kind != "quantized":
            value = tf.make_tensor_proto(np.ones((), tf.dtypes.as_dtype(dtype.name).as_numpy_dtype))
            filled = [field.name for field, _ in value.ListFields()]
            assert filled in (
                ["dtype", "tensor_shape", dtype.field],
                ["dtype", "tensor_shape", "tensor_content"],
            )


@pytest.mark.parametrize("dtype", KNOWN, ids=lambda dtype: dtype.name)
def test_arrays_and_kinds_are_those_of_numpy(dtype: dtypes.Dtype) -> None:
    if not dtype.kind:
        assert not dtype.array
        return
    array = np.dtype(tf.dtypes.as_dtype(dtype.name).as_numpy_dtype)
    assert (array.kind == "V") == (dtype.is_opaque or dtype.kind == "quantized")
    if dtype.array and dtype.kind != "quantized":
        assert array == np.dtype(dtype.array)
    if dtype.array:
        kinds = {"bool": "b", "int": "i", "uint": "u", "float": "f", "complex": "c", "quantized": "iu"}
        assert np.dtype(dtype.array).kind in kinds[dtype.kind]


def test_groups_are_what_they_say() -> None:
    assert set(dtypes.FLOATS) == {"float16", "bfloat16", "float32", "float64"}
    assert set(dtypes.SMALL_INTEGERS) == {"int4", "uint4", "int2", "uint2"}
    assert {"bfloat16", "int4", "float8_e4m3fn"} <= dtypes.OPAQUE
    assert not dtypes.OPAQUE & dtypes.ARRAYS.keys()

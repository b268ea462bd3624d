"""The values of a constant, whichever of TensorProto's encodings holds them.

Format: tensorflow/core/framework/tensor.proto. Values are either in `tensor_content`, or in the list field of
their type, where the last value stands for all that follow. TensorFlow's make_ndarray is not at hand, as this
package reads modules without TensorFlow; it would also expand a constant of one repeated value to its full
size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore.summary.dtypes import DTYPES
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import MOST_ELEMENTS, elements

VALUE_FIELDS: Final = {
    dtype.name: (dtype.field, {"<c8": "<f4", "<c16": "<f8"}.get(dtype.stored, dtype.stored))
    for dtype in DTYPES
    if dtype.field
}
"""dtype -> (list field of TensorProto, NumPy dtype of the bits); a complex number is two floats."""


def stored_values(proto: Any) -> npt.NDArray[Any] | tuple[bytes, ...] | None:
    """Returns the values without those at the end that repeat the last one; None for an unknown encoding."""
    dtype = dtype_name(proto.dtype)
    if dtype == "string":
        count = element_count(proto)
        return tuple(_without_repeats(list(proto.string_val) or [b""] * min(count, 1)))
    if dtype not in VALUE_FIELDS:
        return None
    field, storage = VALUE_FIELDS[dtype]
    if proto.tensor_content:
        if len(proto.tensor_content) % np.dtype(storage).itemsize:
            return None
        values = np.frombuffer(proto.tensor_content, storage)
    else:
        values = _array_of(getattr(proto, field), storage)
    if dtype.startswith("complex"):
        # Real and imaginary parts alternate.
        values = values[: len(values) // 2 * 2].view("<c8" if storage == "<f4" else "<c16")
    bits = as_bits(values).reshape(len(values), -1) if len(values) else values
    if not len(bits):
        count = element_count(proto)
        return np.zeros(1 if count else 0, values.dtype)  # no value at all stands for zeros
    unequal = np.flatnonzero((bits != bits[-1]).any(axis=1))
    return values[: int(unequal[-1]) + 2] if len(unequal) else values[:1]


def element_count(proto: Any) -> int:
    """Returns the number of elements by the shape; more than any tensor has if the shape is not possible."""
    count = elements(shape_of(proto.tensor_shape))
    return MOST_ELEMENTS + 1 if count is None else count


def _array_of(values: Iterable[Any], storage: str) -> npt.NDArray[Any]:
    if storage in ("<f4", "<f8"):
        return np.array(values, storage)
    # By way of the widest integer, since NumPy refuses to convert a number that does not fit the dtype at
    # once.
    return np.array(values, np.uint64 if storage == "<u8" else np.int64).astype(storage)


def as_bits(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the values as bytes, so that NaN equals itself, and 0.0 is not -0.0."""
    return np.ascontiguousarray(values).view(np.uint8)


def _without_repeats(values: list[bytes]) -> list[bytes]:
    end = len(values)
    while end > 1 and values[end - 2] == values[-1]:
        end -= 1
    return values[:end]

"""The values of constants in a form that can be compared, whichever of TensorProto's encodings holds them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Hashable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.constant_values import VALUE_FIELDS, as_bits, element_count, stored_values

Values = npt.NDArray[Any] | list[bytes]

_MAX_INLINE_BYTES: Final = 64
"""Maximum size of a value that is kept for comparison; of a larger one a digest is kept."""
_MAX_SHOWN: Final = 16
"""Maximum number of values that are shown one by one."""
_MAX_TEXT: Final = 80
"""Maximum number of characters of a string that are shown."""


def canonical(proto: Any) -> Hashable:
    """Returns a value that is equal for TensorProtos exactly if dtype, shape and all bits are equal."""
    # Two encodings of one tensor must give one result, so values are compared without the repeats at the end:
    # that form is unique, and no larger than what is stored.
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if not shape and (scalar := _scalar_bytes(proto)) is not None:
        return "tensor", proto.dtype, shape, scalar
    values = stored_values(proto)
    if values is None:
        return "tensor", proto.dtype, shape, proto.SerializeToString(deterministic=True)
    if isinstance(values, tuple):
        return "tensor", proto.dtype, shape, values
    content = as_bits(values).tobytes()
    if len(content) > _MAX_INLINE_BYTES:
        return "tensor", proto.dtype, shape, len(content), hashlib.sha256(content).digest()
    return "tensor", proto.dtype, shape, content


def _scalar_bytes(proto: Any) -> bytes | None:
    """Returns the bytes of a scalar in a list field; None if it is stored in another way."""
    # Most constants are scalars, and struct needs no array for each of them.
    field, storage = VALUE_FIELDS.get(dtype_name(proto.dtype), ("", ""))
    if not field or proto.tensor_content or len(getattr(proto, field)) != 1:
        return None
    value, width = getattr(proto, field)[0], int(storage[-1])
    if "f" in storage:
        return struct.pack("<f" if width == 4 else "<d", value)
    # Negative numbers in two's complement, and fields that are wider than the dtype cut to its width.
    return (int(value) & (1 << 8 * width) - 1).to_bytes(width, "little")


def describe(proto: Any, other: Any | None = None) -> str:
    """Returns dtype, shape and values as text; of many values the first ones, or the first that differs."""
    sizes = tuple(dim.size for dim in proto.tensor_shape.dim)
    dtype = dtype_name(proto.dtype)
    header = f"{dtype} {sizes if sizes else 'scalar'}"
    values = _all_values(proto)
    if values is None:
        return header
    other_values = None if other is None else _all_values(other)
    if other_values is None or len(other_values) != len(values) or len(values) <= _MAX_SHOWN:
        ellipsis = " ..." if len(values) > _MAX_SHOWN else ""
        return f"{header}: {_values_text(values[:_MAX_SHOWN], dtype)}{ellipsis}"
    unequal = _unequal(values, other_values)
    if not unequal:
        return header
    index_in_shape = [int(index) for index in np.unravel_index(unequal[0], sizes)]
    value = _values_text(values[unequal[0] : unequal[0] + 1], dtype)
    return (
        f"{header}: {len(unequal):,} of {len(values):,} values differ, the first at {index_in_shape}: {value}"
    )


def _unequal(values: Values, other_values: Values) -> list[int]:
    if (
        isinstance(values, np.ndarray)
        and isinstance(other_values, np.ndarray)
        and values.dtype == other_values.dtype
    ):
        bits = [as_bits(side).reshape(len(values), -1) for side in (values, other_values)]
        return [int(index) for index in np.flatnonzero((bits[0] != bits[1]).any(axis=1))]
    return [
        index
        for index, (value, other_value) in enumerate(zip(values, other_values, strict=True))
        if value != other_value
    ]


def _all_values(proto: Any) -> Values | None:
    """Returns all values as one dimension; None if they are too many, or have an unknown encoding."""
    values = stored_values(proto)
    count = element_count(proto)
    # A damaged shape may claim any number of elements; texts need no more than some megabytes.
    if values is None or not 0 <= count <= 1 << 24:
        return None
    if isinstance(values, tuple):
        return [*values[:count], *((values[-1] if values else b"",) * (count - len(values)))]
    if not len(values):
        return values
    return np.concatenate([values[:count], np.repeat(values[-1:], max(0, count - len(values)))])


def _values_text(values: Values, dtype: str) -> str:
    if not isinstance(values, np.ndarray):
        return ", ".join(repr(content.decode(errors="backslashreplace"))[:_MAX_TEXT] for content in values)
    if dtype in ("float16", "bfloat16"):
        values = number_encoding.decode(values.tobytes(), dtype)
    elif dtype == "bool":
        values = values.astype(np.bool_)
    # str() of a NumPy scalar is the shortest text that identifies a float32.
    return ", ".join(str(value) for value in values)

"""The values of constants, whichever of TensorProto's encodings holds them.

Format: tensorflow/core/framework/tensor.proto. Values are either in `tensor_content`, or in the list of their
type, where the last one stands for all that follow.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Hashable, Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hubexplore.summary.dtypes import DTYPES
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import MOST_ELEMENTS, elements
from hubexplore.summary.weights import number_encoding

Values = npt.NDArray[Any] | list[bytes]

# dtype -> the field of TensorProto with its values, and their NumPy code; a complex number is two floats.
_LISTS: Final = {
    dtype.name: (dtype.field, {"<c8": "<f4", "<c16": "<f8"}.get(dtype.stored, dtype.stored))
    for dtype in DTYPES
    if dtype.field
}
_LARGE: Final = 64
"""Bytes; of more only a digest is kept."""
_WHOLE: Final = 16
"""So many values are shown one by one."""
_LONGEST: Final = 80
"""Characters of a string that are shown."""


def canonical(proto: Any) -> Hashable:
    """Returns what is equal for two TensorProtos exactly if dtype, shape and each bit of the values are."""
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if not shape and (single := _single(proto)) is not None:
        return "tensor", proto.dtype, shape, single
    values = _values(proto)
    if values is None:
        return "tensor", proto.dtype, shape, proto.SerializeToString(deterministic=True)
    if isinstance(values, tuple):
        return "tensor", proto.dtype, shape, values
    content = _as_bits(values).tobytes()
    if len(content) > _LARGE:
        return "tensor", proto.dtype, shape, len(content), hashlib.sha256(content).digest()
    return "tensor", proto.dtype, shape, content


def _single(proto: Any) -> bytes | None:
    """Returns the bytes of a scalar, as most constants are; None where it is stored in another way."""
    field, stored = _LISTS.get(dtype_name(proto.dtype), ("", ""))
    if not field or proto.tensor_content or len(getattr(proto, field)) != 1:
        return None
    value, width = getattr(proto, field)[0], int(stored[-1])
    if "f" in stored:
        return struct.pack("<f" if width == 4 else "<d", value)
    return (int(value) & (1 << 8 * width) - 1).to_bytes(width, "little")


def describe(proto: Any, other: Any | None = None) -> str:
    """Returns dtype, shape and values as text; of many values the first, or the first that `other` lacks."""
    sizes = tuple(dim.size for dim in proto.tensor_shape.dim)
    dtype = dtype_name(proto.dtype)
    head = f"{dtype} {sizes if sizes else 'scalar'}"
    own = _whole(proto)
    if own is None:
        return head
    theirs = None if other is None else _whole(other)
    if theirs is None or len(theirs) != len(own) or len(own) <= _WHOLE:
        return f"{head}: {_text(own[:_WHOLE], dtype)}{' ...' if len(own) > _WHOLE else ''}"
    unequal = _unequal(own, theirs)
    if not unequal:
        return head
    place = [int(index) for index in np.unravel_index(unequal[0], sizes)]
    value = _text(own[unequal[0] : unequal[0] + 1], dtype)
    return f"{head}: {len(unequal):,} of {len(own):,} values differ, the first at {place}: {value}"


def _unequal(own: Values, theirs: Values) -> list[int]:
    if isinstance(own, np.ndarray) and isinstance(theirs, np.ndarray) and own.dtype == theirs.dtype:
        bits = [_as_bits(each).reshape(len(own), -1) for each in (own, theirs)]
        return [int(index) for index in np.flatnonzero((bits[0] != bits[1]).any(axis=1))]
    return [index for index, (one, other) in enumerate(zip(own, theirs, strict=True)) if one != other]


def _values(proto: Any) -> npt.NDArray[Any] | tuple[bytes, ...] | None:
    """Returns the values without those at the end that repeat the last one; None where not known how."""
    dtype = dtype_name(proto.dtype)
    if dtype == "string":
        count = _count(proto)
        return tuple(_trimmed(list(proto.string_val) or [b""] * min(count, 1)))
    if dtype not in _LISTS:
        return None
    field, stored = _LISTS[dtype]
    if proto.tensor_content:
        if len(proto.tensor_content) % np.dtype(stored).itemsize:
            return None
        values = np.frombuffer(proto.tensor_content, stored)
    else:
        values = _packed(getattr(proto, field), stored)
    if dtype.startswith("complex"):
        values = values[: len(values) // 2 * 2].view("<c8" if stored == "<f4" else "<c16")
    bits = _as_bits(values).reshape(len(values), -1) if len(values) else values
    if not len(bits):
        count = _count(proto)
        return np.zeros(1 if count else 0, values.dtype)  # no value at all stands for zeros
    unlike = np.flatnonzero((bits != bits[-1]).any(axis=1))
    return values[: int(unlike[-1]) + 2] if len(unlike) else values[:1]


def _count(proto: Any) -> int:
    """How many elements the shape says; one more than any tensor has where it is that of none."""
    count = elements(shape_of(proto.tensor_shape))
    return MOST_ELEMENTS + 1 if count is None else count


def _packed(values: Iterable[Any], stored: str) -> npt.NDArray[Any]:
    if stored in ("<f4", "<f8"):
        return np.array(values, stored)
    return np.array(values, np.uint64 if stored == "<u8" else np.int64).astype(stored)


def _as_bits(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the bytes: NaN equals itself, and zeros of two signs are not the same."""
    return np.ascontiguousarray(values).view(np.uint8)


def _trimmed(values: list[bytes]) -> list[bytes]:
    end = len(values)
    while end > 1 and values[end - 2] == values[-1]:
        end -= 1
    return values[:end]


def _whole(proto: Any) -> Values | None:
    """Returns all values in one dimension; None where they are too many, or not known how."""
    values = _values(proto)
    count = _count(proto)
    if values is None or not 0 <= count <= 1 << 24:
        return None
    if isinstance(values, tuple):
        return [*values[:count], *((values[-1] if values else b"",) * (count - len(values)))]
    if not len(values):
        return values
    return np.concatenate([values[:count], np.repeat(values[-1:], max(0, count - len(values)))])


def _text(values: Values, dtype: str) -> str:
    if not isinstance(values, np.ndarray):
        return ", ".join(repr(each.decode(errors="backslashreplace"))[:_LONGEST] for each in values)
    if dtype in ("float16", "bfloat16"):
        values = number_encoding.decode(values.tobytes(), dtype)
    elif dtype == "bool":
        values = values.astype(np.bool_)
    # In numpy's words a float32 is as short as it can be.
    return ", ".join(str(each) for each in values)

"""What sort of value it is: a dense array, a sparse or a ragged one, known by what it has."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

Array = np.ndarray[Any, Any]
_FAR: Final = 1e300
Kind = Literal["dense", "sparse", "ragged"]


def kind_of(value: Any) -> Kind:
    """Whether it is a SparseTensorValue, a RaggedTensorValue, or anything else, which is dense."""
    if hasattr(value, "dense_shape") and hasattr(value, "indices"):
        return "sparse"
    return "ragged" if hasattr(value, "flat_values") and hasattr(value, "nested_row_splits") else "dense"


def flat_of(value: Any) -> Array:
    """The array that holds its numbers or texts: all of a dense one, the stored ones of others."""
    match kind_of(value):
        case "sparse":
            return np.asarray(value.values)
        case "ragged":
            return np.asarray(value.flat_values)
    return np.asarray(value)


def shape_of(value: Any) -> tuple[int | None, ...]:
    """Its shape; None for a dimension in which rows differ."""
    match kind_of(value):
        case "sparse":
            return tuple(int(size) for size in value.dense_shape)
        case "ragged":
            splits = value.nested_row_splits
            return (len(splits[0]) - 1, *[None] * len(splits), *np.shape(value.flat_values)[1:])
    return tuple(np.shape(value))


def is_text(array: Array) -> bool:
    """Whether it holds texts."""
    return array.dtype.kind in "OSU"


def is_number(array: Array) -> bool:
    """Whether it holds real numbers, those of ml_dtypes included."""
    # The types of ml_dtypes, such as bfloat16, are of kind V (or f) and convert to float.
    return array.dtype.kind in "iuf" or (array.dtype.kind == "V" and array.dtype.names is None)


def as_floats(array: Array) -> Array:
    """The numbers as float64, which every picture is drawn of."""
    return array.astype(np.float64)


def drawable(array: Array) -> Array:
    """The numbers as float64, so far from the ends of its range that a difference is a number too."""
    return np.clip(as_floats(array), -_FAR, _FAR)


def text_of(item: Any) -> str:
    """One text; bytes that are no UTF-8 keep their escapes."""
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)


def number_text(number: Any) -> str:
    """One number in few digits."""
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    if isinstance(number, (complex, np.complexfloating)):
        return f"{complex(number):.4g}"
    return f"{float(number):.4g}"


def signed(number: Any) -> str:
    """One number in few digits, with the sign of mathematics."""
    return number_text(number).replace("-", "−")


def item_text(item: Any) -> str:
    """One entry of an array as text."""
    return text_of(item) if isinstance(item, (bytes, str)) else number_text(item)

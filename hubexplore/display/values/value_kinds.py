"""What sort of value it is: a dense array, a sparse or a ragged one, known by what it has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.summary.tensor_values import Array, shape_of

_CONTROL: Final = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")  # not \x1b, which coloured texts begin with
_MAX_DRAWABLE: Final = 1e300
_MAX_ITEM_LENGTH: Final = 4000
_MAX_WHOLE: Final = 1e7


def captions_of(value: Any, captions: Sequence[str]) -> Sequence[str]:
    """Those captions if the value has a row for each; else none, since its rows are other things."""
    shape = shape_of(value)
    return captions if len(shape) and shape[0] == len(captions) else ()


def is_text(array: Array) -> bool:
    """Whether it holds texts (or objects, which are shown as text)."""
    return array.dtype.kind in "OSU"


def is_number(array: Array) -> bool:
    """Whether it holds real numbers, those of ml_dtypes included."""
    # The types of ml_dtypes, such as bfloat16, are of kind V or f and convert to float.
    return array.dtype.kind in "iuf" or (
        array.dtype.kind == "V" and not issubclass(array.dtype.type, np.void)
    )


def is_foreign(array: Array) -> bool:
    """Whether NumPy alone does not know its type, such as bfloat16."""
    return is_number(array) and array.dtype.type.__module__ != "numpy"


def as_floats(array: Array) -> Array:
    """The numbers as float64, which every picture is drawn of."""
    with np.errstate(over="ignore"):  # longdouble
        return array.astype(np.float64)


def drawable(floats: Array) -> Array:
    """Numbers so far from the ends of their range that a difference is a number too; NaN and Inf stay."""
    return np.where(np.isfinite(floats), np.clip(floats, -_MAX_DRAWABLE, _MAX_DRAWABLE), floats)


def limits_of(floats: Array) -> tuple[float, float]:
    """The least and the largest finite number; zeros where there is none."""
    finite = floats[np.isfinite(floats)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def clipped(floats: Array, low: float, high: float) -> Array:
    """Numbers moved into a range; NaN becomes 0, or what of the range is next to it."""
    numbers: Array = np.clip(np.nan_to_num(floats, nan=0.0, posinf=high, neginf=low), low, high)
    return numbers


def is_readable(item: bytes) -> bool:
    """Whether bytes are text: UTF-8, without the control characters that the content of a file has."""
    try:
        text = item.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text)


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
    as_float = float(number)
    # Counts and ids are whole numbers, in whichever type.
    return str(int(as_float)) if as_float.is_integer() and abs(as_float) < _MAX_WHOLE else f"{as_float:.4g}"


def signed_text(number: Any) -> str:
    """One number in few digits, with the sign of mathematics."""
    return number_text(number).replace("-", "−")


def item_text(item: Any) -> str:
    """One entry of an array as text; of a very long text its beginning."""
    if isinstance(item, (bytes, str)):
        return text_of(item if len(item) <= _MAX_ITEM_LENGTH else item[:_MAX_ITEM_LENGTH]) + (
            "…" if len(item) > _MAX_ITEM_LENGTH else ""
        )
    try:
        return number_text(item)
    except (TypeError, ValueError):  # a date, a record, an object
        return str(item)

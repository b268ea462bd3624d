"""What views read of a value: captions, the kind of its entries, its numbers as float64, entries as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.summary.tensor_values import Array, shape_of

# Not \x1b, with which coloured terminal text begins.
_CONTROL: Final = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_MAX_DRAWABLE: Final = 1e300
"""Largest number that is drawn as it is: twice as much is still finite, so a span never overflows."""
_MAX_ITEM_LENGTH: Final = 4000
"""Maximum number of characters or bytes of an entry that is turned into text."""
_MAX_WHOLE: Final = 1e7
"""Whole numbers below this are written without decimals or an exponent, even in a float array."""


def captions_of(value: Any, captions: Sequence[str]) -> Sequence[str]:
    """Returns the captions if there is one for each row of the value; otherwise none, as its rows differ."""
    shape = shape_of(value)
    return captions if len(shape) and shape[0] == len(captions) else ()


def is_text(array: Array) -> bool:
    """Returns whether an array holds texts, or objects, which are shown as text."""
    return array.dtype.kind in "OSU"


def is_number(array: Array) -> bool:
    """Returns whether an array holds real numbers, those of ml_dtypes included."""
    # The types of ml_dtypes, such as bfloat16, are of kind V or f and convert to float.
    return array.dtype.kind in "iuf" or (
        array.dtype.kind == "V" and not issubclass(array.dtype.type, np.void)
    )


def is_foreign(array: Array) -> bool:
    """Returns whether an array has a numeric dtype that is not NumPy's own, such as bfloat16."""
    return is_number(array) and array.dtype.type.__module__ != "numpy"


def as_floats(array: Array) -> Array:
    """Returns the numbers as float64, from which every picture is drawn."""
    with np.errstate(over="ignore"):  # longdouble
        return array.astype(np.float64)


def drawable(floats: Array) -> Array:
    """Clips finite numbers such that the difference of any two is finite; NaN and Inf stay."""
    return np.where(np.isfinite(floats), np.clip(floats, -_MAX_DRAWABLE, _MAX_DRAWABLE), floats)


def limits_of(floats: Array) -> tuple[float, float]:
    """Returns the lowest and the highest finite number; zeros if there is none."""
    finite = floats[np.isfinite(floats)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def clipped(floats: Array, low: float, high: float) -> Array:
    """Returns numbers clipped to a range; NaN becomes 0, or the end of the range that is nearest to 0."""
    numbers: Array = np.clip(np.nan_to_num(floats, nan=0.0, posinf=high, neginf=low), low, high)
    return numbers


def evenly_spaced(size: int, limit: int) -> Array:
    """Returns at most `limit` positions in a dimension of `size`, int64: the first, the last, and between."""
    positions: Array = np.unique(np.linspace(0, size - 1, min(size, limit)).astype(int))
    return positions


def is_readable(item: bytes) -> bool:
    """Returns whether bytes are text: valid UTF-8 without control characters, which binary files contain."""
    try:
        text = item.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text)


def text_of(item: Any) -> str:
    """Returns an entry as text; bytes that are not valid UTF-8 become escapes."""
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)


def number_text(number: Any) -> str:
    """Returns a number in four significant digits; integers and small whole numbers in full."""
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    if isinstance(number, (complex, np.complexfloating)):
        return f"{complex(number):.4g}"
    as_float = float(number)
    # Models return counts and ids as floats too, and 1e+05 would not read as an id.
    return str(int(as_float)) if as_float.is_integer() and abs(as_float) < _MAX_WHOLE else f"{as_float:.4g}"


def signed_text(number: Any) -> str:
    """Returns `number_text` with a typographic minus sign, which is as wide as a plus."""
    return number_text(number).replace("-", "−")


def item_text(item: Any) -> str:
    """Returns an entry of an array as text; only the beginning of a very long one."""
    if isinstance(item, (bytes, str)):
        return text_of(item if len(item) <= _MAX_ITEM_LENGTH else item[:_MAX_ITEM_LENGTH]) + (
            "…" if len(item) > _MAX_ITEM_LENGTH else ""
        )
    try:
        return number_text(item)
    except (TypeError, ValueError):  # a date, a record, an object
        return str(item)

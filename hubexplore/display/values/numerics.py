"""Numbers as views draw and write them: float64 for pictures, limits and positions, and as text."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.summary.tensor_values import Array

_MAX_DRAWABLE: Final = 1e300
"""Largest number that is drawn as it is: twice as much is still finite, so a span never overflows."""
_MAX_WHOLE: Final = 1e7
"""Whole numbers below this are written without decimals or an exponent, even in a float array."""
_SHORT: Final = 1e4
"""Whole numbers below this have at most four digits."""


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


def add_up_to_one(floats: Array) -> bool:
    """Returns whether no number is below 0 and those of the last dimension add up to 1, within 0.001."""
    with np.errstate(all="ignore"):
        return bool(np.all(floats >= 0) and np.allclose(floats.sum(-1), 1, atol=1e-3))


def evenly_spaced(size: int, limit: int) -> Array:
    """Returns at most `limit` positions in a dimension of `size`, int64: the first, the last, and between."""
    positions: Array = np.unique(np.linspace(0, size - 1, min(size, limit)).astype(int))
    return positions


def number_text(number: Any) -> str:
    """Returns a number in four significant digits; integers and small whole numbers in full."""
    if isinstance(number, (bool, np.bool_)):
        return "true" if number else "false"
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    if isinstance(number, (complex, np.complexfloating)):
        return _complex_text(complex(number))
    as_float = float(number)
    # Models return counts and ids as floats too, and 1e+05 would not read as an id.
    return str(int(as_float)) if as_float.is_integer() and abs(as_float) < _MAX_WHOLE else f"{as_float:.4g}"


def rounded_text(number: float, decimals: int) -> str:
    """Returns a real number rounded to some decimals; one that would round to 0 in two significant digits."""
    rounded = round(number, decimals)
    return number_text(rounded) if rounded or not number else f"{number:.2g}"


def number_texts(array: Array) -> list[str]:
    """Returns the `number_text` of each number of an array, row by row: in one step for usual floats."""
    flat = array.reshape(-1)
    if flat.dtype.kind == "f":
        floats = flat.astype(np.float64)
        # "%g" writes whole numbers of more than four digits otherwise, and the sign of 0.
        is_other = (np.abs(floats) >= _SHORT) & (np.trunc(floats) == floats)
        if not (is_other | ((floats == 0) & np.signbit(floats))).any():
            return ("%.4g\n" * flat.size % tuple(floats.tolist())).splitlines()
    return [number_text(number) for number in flat.tolist()]


def _complex_text(number: complex) -> str:
    """Returns both parts to the four digits of the larger one: what is smaller is rounding."""
    reach = max(abs(number.real), abs(number.imag))
    if not np.isfinite(reach):
        return f"{number:.4g}"
    parts = [0.0 if abs(part) < 1e-4 * reach else part for part in (number.real, number.imag)]
    return f"{parts[0]:.4g}{parts[1]:+.4g}j"


def signed_text(number: Any) -> str:
    """Returns `number_text` with a typographic minus sign, which is as wide as a plus."""
    return number_text(number).replace("-", "−")

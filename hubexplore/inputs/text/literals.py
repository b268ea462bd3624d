"""Single entries: numbers, booleans and texts, from typed words or JSON values and back."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import short
from hubexplore.summary.dtypes import SMALL_INTEGERS

# Ten digits more than int64 has; without a limit, int() takes time quadratic in the digits.
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}")
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


class Literals:
    """Parses and formats single entries of an input.

    Args:
      field: the input.
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self.dtype = field.numpy
        self.is_text = field.dtype == "string"
        self._limits = integer_limits(self.dtype)
        self._expectation = self._expected_entry()

    def _expected_entry(self) -> str:
        if self.is_text:
            return "a text"
        if self.dtype.kind == "b":
            return "true or false"
        if self._limits is not None:
            return f"a whole number from {self._limits[0]} to {self._limits[1]}"
        return "a number such as 1.5+2j" if self.dtype.kind == "c" else "a number such as 1.5"

    def entry(self, item: Any, where: str = "") -> Any:
        """Returns the value of one entry: bytes, bool, int, float or complex.

        Args:
          item: a word that was typed, or a JSON value: str, bool, int or float.
          where: position for messages, such as "line 3".

        Raises:
          SignatureError: it is not of the type of the input, or does not fit its dtype.
        """
        try:
            value = self._value(item)
        except (ValueError, OverflowError):
            value = None
        if value is None:
            raise SignatureError(
                f"Input {self.field.name!r}{', ' + where if where else ''}: found {excerpt(item)}, expected "
                f"{self._expectation} ({self.field.dtype})."
            )
        return value

    def _value(self, item: Any) -> Any:
        """The value; None or a ValueError for anything else."""
        if self.is_text:
            # Half of a surrogate pair raises UnicodeEncodeError, which is a ValueError.
            return item.encode() if isinstance(item, str) else item if isinstance(item, bytes) else None
        if self.dtype.kind == "b":
            word = str(item).lower() if isinstance(item, (str, bool, int)) else ""
            return True if word in _TRUE else False if word in _FALSE else None
        # A bool is an int to Python, but "true" in a list of numbers is a mistake.
        if isinstance(item, bool) or not isinstance(item, (str, int, float)):
            return None
        if self._limits is not None:
            return _integer(item, *self._limits)
        return self._complex(item) if self.dtype.kind == "c" else self._float(item)

    def _float(self, item: str | float) -> float | None:
        # Python accepts 1_000, which no other format of numbers has.
        if isinstance(item, str) and "_" in item:
            return None
        number = float(item)
        if math.isinf(number) and isinstance(item, str) and "inf" not in item.lower():
            return None  # a finite number, such as 1e999, too large for float64
        return number if self._holds(number) else None

    def _complex(self, item: str | float) -> complex | None:
        if isinstance(item, str) and "_" in item:
            return None
        return complex(item)

    def _holds(self, number: float) -> bool:
        """Whether a finite number stays finite in the dtype."""
        with np.errstate(all="ignore"):
            return not math.isfinite(number) or math.isfinite(float(np.float64(number).astype(self.dtype)))

    def word(self, value: Any) -> str | None:
        """One entry of an array as a word that `entry` reads back; None if it has no such form."""
        if isinstance(value, (bytes, str)):
            return _decoded(value)
        if self._limits is not None:
            return str(int(value))
        match self.dtype.kind:
            case "b":
                return "true" if value else "false"
            case "c":
                return str(complex(value)).strip("()")
            case _:
                return self._shortest(value)

    def _shortest(self, value: Any) -> str:
        """The shortest decimal number that becomes this one in the dtype."""
        # NumPy prints the shortest digits for its own dtypes; those of ml_dtypes may be rounded too far.
        short_word, exact = str(value).removesuffix(".0"), repr(float(value)).removesuffix(".0")
        with np.errstate(all="ignore"):
            return short_word if np.float64(short_word).astype(self.dtype) == value else exact


def _integer(item: Any, least: int, most: int) -> int | None:
    if isinstance(item, str) and _INTEGER.fullmatch(item):
        item = int(item)
    if not isinstance(item, int):
        return None
    number = item
    return number if least <= number <= most else None


def _decoded(value: bytes | str) -> str | None:
    try:
        return value if isinstance(value, str) else value.decode()
    except UnicodeDecodeError:
        return None


def integer_limits(dtype: np.dtype[Any]) -> tuple[int, int] | None:
    """The smallest and largest value of an integer dtype; None for other dtypes."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return int(limits.min), int(limits.max)
    if dtype.name in SMALL_INTEGERS:
        import ml_dtypes

        small: Any = ml_dtypes.iinfo
        return int(small(dtype).min), int(small(dtype).max)
    return None


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun: "1 entry", "2 entries"."""
    return f"{count} {one if count == 1 else many}"


def excerpt(item: Any) -> str:
    """A value for a message: short, on one line, without characters that do not print."""
    if item is None:
        return "null"
    if isinstance(item, (list, dict)):
        return "a list" if isinstance(item, list) else "an object"
    if isinstance(item, (bool, float)):
        return str(item).lower()
    return repr(short(item)) if isinstance(item, str) else short(str(item)[:60])

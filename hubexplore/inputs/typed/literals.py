"""Numbers, truth values and texts as people type them, one at a time."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import short
from hubexplore.summary.dtypes import SMALL_INTEGERS

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}")
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


class Literals:
    """Reads and writes single entries of an input.

    Args:
      field: the input.
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self.dtype = field.numpy
        self.is_text = field.dtype == "string"
        self._limits = integer_limits(self.dtype)
        self._what = self._expected()

    def _expected(self) -> str:
        if self.is_text:
            return "a text"
        if self.dtype.kind == "b":
            return "true or false"
        if self._limits is not None:
            return f"a whole number from {self._limits[0]} to {self._limits[1]}"
        return "a number such as 1.5+2j" if self.dtype.kind == "c" else "a number such as 1.5"

    def entry(self, found: Any, where: str = "") -> Any:
        """The value of one entry: bytes, bool, int, float or complex.

        Args:
          found: a word that was typed, or what JSON has: str, bool, int or float.
          where: for messages: "line 3".

        Raises:
          SignatureError: it is not what the input takes, or does not fit into its dtype.
        """
        try:
            value = self._value(found)
        except (ValueError, OverflowError):
            value = None
        if value is None:
            raise SignatureError(
                f"Input {self.field.name!r}{', ' + where if where else ''}: found {shown(found)}, expected "
                f"{self._what} ({self.field.dtype})."
            )
        return value

    def _value(self, found: Any) -> Any:
        """The value, or None or a ValueError where it is none."""
        if self.is_text:
            # What UTF-8 cannot hold is a UnicodeEncodeError, which is a ValueError.
            return found.encode() if isinstance(found, str) else found if isinstance(found, bytes) else None
        if self.dtype.kind == "b":
            word = str(found).lower() if isinstance(found, (str, bool, int)) else ""
            return True if word in _TRUE else False if word in _FALSE else None
        if isinstance(found, bool) or not isinstance(found, (str, int, float)):
            return None
        if self._limits is not None:
            return _integer(found, *self._limits)
        return self._complex(found) if self.dtype.kind == "c" else self._float(found)

    def _float(self, found: str | float) -> float | None:
        if isinstance(found, str) and "_" in found:
            return None
        number = float(found)
        if math.isinf(number) and isinstance(found, str) and "inf" not in found.lower():
            return None  # too large for any float
        return number if self._holds(number) else None

    def _complex(self, found: str | float) -> complex | None:
        if isinstance(found, str) and "_" in found:
            return None
        return complex(found)

    def _holds(self, number: float) -> bool:
        """Whether a finite number stays finite in the dtype."""
        with np.errstate(all="ignore"):
            return not math.isfinite(number) or math.isfinite(float(np.float64(number).astype(self.dtype)))

    def word(self, value: Any) -> str | None:
        """One entry of an array as a word that `entry` reads back; None where there is none."""
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
        short_word, exact = str(value).removesuffix(".0"), repr(float(value)).removesuffix(".0")
        with np.errstate(all="ignore"):
            return short_word if np.float64(short_word).astype(self.dtype) == value else exact


def _integer(found: Any, least: int, most: int) -> int | None:
    if isinstance(found, str) and _INTEGER.fullmatch(found):
        found = int(found)
    if not isinstance(found, int):
        return None
    number = found
    return number if least <= number <= most else None


def _decoded(value: bytes | str) -> str | None:
    try:
        return value if isinstance(value, str) else value.decode()
    except UnicodeDecodeError:
        return None


def integer_limits(dtype: np.dtype[Any]) -> tuple[int, int] | None:
    """The smallest and largest value of a dtype of whole numbers; None of other dtypes."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return int(limits.min), int(limits.max)
    if dtype.name in SMALL_INTEGERS:
        import ml_dtypes

        small: Any = ml_dtypes.iinfo
        return int(small(dtype).min), int(small(dtype).max)
    return None


def counted(count: int, one: str, many: str) -> str:
    """So many of a thing: "1 entry", "2 entries"."""
    return f"{count} {one if count == 1 else many}"


def shown(found: Any) -> str:
    """What was found, for a message: short, on one line, without characters that do not print."""
    if found is None:
        return "null"
    if isinstance(found, (list, dict)):
        return "a list" if isinstance(found, list) else "an object"
    if isinstance(found, (bool, float)):
        return str(found).lower()
    return repr(short(found)) if isinstance(found, str) else short(str(found)[:60])

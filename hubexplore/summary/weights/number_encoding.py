"""How a checkpoint stores numbers: little-endian, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hubexplore.summary.dtypes import STORED, WIDTHS

Numbers = npt.NDArray[Any]


def width(dtype: str) -> int | None:
    """Returns the bytes of one number of a dtype, None for what is no number or not known here."""
    return WIDTHS.get(dtype)


def decode(data: bytes | npt.NDArray[np.uint8], dtype: str) -> Numbers:  # noqa: PLR0911  # one return per coding
    """Returns the numbers in `data` as integers or floats that hold them exactly.

    Truth values are 0 and 1, complex numbers their magnitudes in float64.

    Args:
      data: a whole count of numbers, as a checkpoint stores them.
      dtype: one that `width` knows.
    """
    # The codes are little-endian; `checkpoint_index` refuses checkpoints of big-endian machines.
    stored: Numbers = np.frombuffer(data, STORED[dtype])
    match dtype:
        case "bool":
            return stored.astype(np.bool_).astype(np.uint8)
        case "float16":
            return _halves(stored)
        case "bfloat16":
            return (stored.astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32
        case "float8_e5m2":
            return (stored.astype(np.uint16) << 8).view(np.float16).astype(np.float32)  # of a float16
        case "float8_e4m3fn":
            return _e4m3fn()[stored]
        case "complex64" | "complex128":
            # The magnitude of a complex128 may exceed float64; infinity is then the result that is meant.
            with np.errstate(over="ignore", invalid="ignore"):
                magnitudes: npt.NDArray[np.float64] = np.abs(stored.astype(np.complex128))
                return magnitudes
        case _:
            return stored


def _halves(stored: Numbers) -> npt.NDArray[np.float32]:
    """Returns float16 as float32, twice as fast as NumPy's own conversion.

    The bits of a half, moved to where those of a float32 are, stand for the number divided by 2**112, which
    is the difference of the two biases; subnormal numbers and zeros of either sign included.
    """
    codes = stored.view("<u2")
    if (
        codes.size and int((codes & 0x7FFF).max()) >= 0x7C00
    ):  # infinity or NaN, whose exponent has no such number
        return stored.astype(np.float32)
    bits = stored.view("<i2").astype("<i4")
    bits <<= 13
    bits &= np.int32(-0x70002000)  # three copies of the sign
    numbers: npt.NDArray[np.float32] = bits.view("<f4")
    numbers *= np.float32(2.0**112)
    return numbers


def _e4m3fn() -> npt.NDArray[np.float32]:
    """Returns the numbers of the 256 codes: no infinity, NaN where all bits but the sign are set.

    Format: Micikevicius et al., "FP8 formats for deep learning" (arXiv:2209.05433), table 1.
    """
    # By table rather than by ml_dtypes: that package comes with TensorFlow, and this layer needs NumPy only.
    code = np.arange(256)
    sign = np.where(code & 0x80, -1.0, 1.0)
    exponent, fraction = code >> 3 & 0xF, (code & 7) / 8
    size = np.where(exponent == 0, np.ldexp(fraction, -6), np.ldexp(1 + fraction, exponent - 7))
    return np.where(code & 0x7F == 0x7F, np.nan, sign * size).astype(np.float32)

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


def decode(  # noqa: PLR0911  # one return per coding
    data: bytes | npt.NDArray[np.uint8], dtype: str, out: npt.NDArray[np.uint8] | None = None
) -> Numbers:
    """Returns the numbers in `data` as integers or floats that hold them exactly.

    Truth values are 0 and 1, complex numbers their magnitudes in float64.

    Args:
      data: a whole count of numbers, as a checkpoint stores them.
      dtype: one that `width` knows.
      out: memory that the numbers may be written to, of at least four bytes for each.
    """
    # The codes are little-endian; `checkpoint_index` refuses checkpoints of big-endian machines.
    stored: Numbers = np.frombuffer(data, STORED[dtype])
    match dtype:
        case "bool":
            return stored.astype(np.bool_).astype(np.uint8)
        case "float16":
            return _halves(stored, out)
        case "bfloat16":
            bits = _wider(stored, np.dtype("<u4"), out)
            bits <<= 16
            return bits.view(np.float32)  # of which it is the upper half
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


def _wider(stored: Numbers, dtype: np.dtype[Any], out: npt.NDArray[np.uint8] | None) -> Numbers:
    """Returns numbers as a wider dtype, in `out` if that is provided."""
    if out is None:
        return stored.astype(dtype)
    numbers = out.view(dtype)[: len(stored)]
    np.copyto(numbers, stored)
    return numbers


def _halves(stored: Numbers, out: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.float32]:
    """Returns float16 as float32, four times as fast as NumPy's own conversion.

    The bits of a half, moved to where those of a float32 are, stand for the number divided by 2**112, which
    is the difference of the two biases; subnormal numbers and zeros of either sign included.
    """
    # Infinity and NaN have no such number. Of either sign they are the largest codes of one of these dtypes.
    signed, unsigned = stored.view("<i2"), stored.view("<u2")
    if signed.size and (int(signed.max()) >= 0x7C00 or int(unsigned.max()) >= 0xFC00):
        return stored.astype(np.float32)
    bits = _wider(signed, np.dtype("<i4"), out)
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

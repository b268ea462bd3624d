"""NumPy files, read without trusting them.

Not by `np.load`: it allocates what the header claims before it reads, and unpacks a zip bomb as far as memory
goes.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from typing import Any, Final

import numpy as np

from hubexplore.errors import HubError, SignatureError
from hubexplore.inputs.input_value import short
from hubexplore.summary.files import magic
from hubexplore.summary.lookup import first_names
from hubexplore.summary.tensor_values import Array

MAX_UNPACKED: Final = 100_000_000
"""Maximum size in bytes of an array in a .npz file."""
_MAX_LISTED: Final = 5
"""Maximum number of arrays that a message lists."""


def read_npy(name: str, content: bytes) -> Array:
    """Returns the array in a `.npy` file.

    Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

    Args:
      name: name of the file, for messages.
      content: content of the file.

    Returns:
      A new array in native byte order, C-contiguous.

    Raises:
      SignatureError: it is damaged, holds Python objects or records, or claims more data than it has.
    """
    file = io.BytesIO(content)
    shape, by_columns, dtype = _header(name, file)
    if dtype.hasobject:
        raise SignatureError(
            f"{short(name)!r} holds Python objects, which only pickle can read, and pickle can run any code. "
            f"Save an array of numbers, booleans or strings, for example array.astype('float32') or "
            f"array.astype('U')."
        )
    if dtype.names is not None or dtype.subdtype is not None or dtype.kind not in "biufcSUV":
        raise SignatureError(f"{short(name)!r} holds {short(str(dtype))}; expected numbers or strings.")
    rest = content[file.tell() :]
    # Python integers: NumPy would let the product overflow.
    count = math.prod(shape)
    if any(size < 0 for size in shape) or not dtype.itemsize or count * dtype.itemsize > len(rest):
        raise SignatureError(
            f"{short(name)!r} is truncated or damaged: its header states {_shape_words(shape)} entries of "
            f"{dtype.itemsize} bytes, and {len(rest):,} bytes follow. Save it again with np.save."
        )
    try:
        flat = np.frombuffer(rest, dtype, count)
        array = flat.reshape(shape, order="F" if by_columns else "C")
        return np.array(array, dtype.newbyteorder("="), order="C")
    except (ValueError, OverflowError, MemoryError) as error:
        raise SignatureError(f"{short(name)!r} is not an array that NumPy can hold: {error}.") from None


def _header(name: str, file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the data is in Fortran order, and dtype."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that Python 2 wrote, which are fine
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
            if version == (2, 0):
                read = np.lib.format.read_array_header_2_0
            if read is None:
                # Version 3.0 differs from 2.0 only in UTF-8 names of fields, and records are refused anyway.
                raise ValueError(f"version {version} of the format is not supported")
            header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
            return header
    except Exception as error:  # noqa: BLE001 - a header is an expression in Python, which fails in many ways
        raise SignatureError(
            f"{short(name)!r} cannot be read as a .npy file: {short(str(error))}. Save it again with np.save."
        ) from None


def read_npz(name: str, content: bytes, input_name: str) -> Array:
    """Returns the only array in a `.npz` file, or the one with the name of the input.

    Raises:
      SignatureError: it is damaged, has no array or no clear one, or one larger than `MAX_UNPACKED`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            member = members.get(input_name) or (next(iter(members.values())) if len(members) == 1 else None)
            if member is None:
                raise SignatureError(_ambiguous(name, list(members), input_name))
            with archive.open(member) as file:
                # The size that the archive states may be wrong: read one byte more than allowed, and count.
                unpacked = file.read(MAX_UNPACKED + 1)
    except HubError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile, zlib, bz2 and lzma raise as many kinds as they are
        raise SignatureError(f"{short(name)!r} cannot be read as a .npz file: {short(str(error))}.") from None
    if len(unpacked) > MAX_UNPACKED:
        raise SignatureError(f"{short(name)!r} unpacks to more than the limit, {MAX_UNPACKED / 1e6:,.0f} MB.")
    if not magic.NUMPY.begins(unpacked):
        raise SignatureError(f"{short(name)!r} holds {short(member.filename)!r}, which is not an array.")
    return read_npy(name, unpacked)


def _ambiguous(name: str, members: list[str], input_name: str) -> str:
    if not members:
        return f"{short(name)!r} is empty; expected a .npz file with one array."
    arrays = first_names(map(short, members), _MAX_LISTED)
    return (
        f"{short(name)!r} holds {len(members)} arrays: {arrays}. Save one of them with "
        f"np.save, or under the name {short(input_name)!r}."
    )


def _shape_words(shape: tuple[int, ...]) -> str:
    return short(" x ".join(map(str, shape))) or "1"

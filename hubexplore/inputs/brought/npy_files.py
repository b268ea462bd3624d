"""NumPy's files, read without running or believing anything in them."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from typing import Any, Final

import numpy as np

from hubexplore.errors import HubError, SignatureError
from hubexplore.inputs.input_value import Array, short
from hubexplore.summary.files import magic

UNPACKED: Final = 100_000_000
"""Bytes at most of an array in a compressed file."""
_MOST_NAMED: Final = 5


def read_npy(name: str, content: bytes) -> Array:
    """The array in a `.npy` file.

    Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

    Args:
      name: of the file, for messages.
      content: of the file.

    Returns:
      A new array in native byte order and the order of rows.

    Raises:
      SignatureError: it is damaged, holds Python objects or records, or claims more than there is.
    """
    file = io.BytesIO(content)
    shape, by_columns, dtype = _header(name, file)
    if dtype.hasobject:
        raise SignatureError(
            f"{short(name)!r} holds Python objects, which only pickle reads, and pickle may run anything. "
            f"Save numbers, truth values or texts of a fixed dtype, such as array.astype('float32') or "
            f"array.astype('U')."
        )
    if dtype.names is not None or dtype.subdtype is not None or dtype.kind not in "biufcSUV":
        raise SignatureError(f"{short(name)!r} holds {short(str(dtype))}; expected numbers or texts.")
    rest = content[file.tell() :]
    count = math.prod(shape)
    if any(size < 0 for size in shape) or not dtype.itemsize or count * dtype.itemsize > len(rest):
        raise SignatureError(
            f"{short(name)!r} is truncated or altered: it says that it holds {_shown(shape)} entries of "
            f"{dtype.itemsize} bytes, and has {len(rest):,} bytes for them. Save it again with np.save."
        )
    try:
        flat = np.frombuffer(rest, dtype, count)
        array = flat.reshape(shape, order="F" if by_columns else "C")
        return np.array(array, dtype.newbyteorder("="), order="C")
    except (ValueError, OverflowError, MemoryError) as error:
        raise SignatureError(f"{short(name)!r} is no array that NumPy can hold: {error}.") from None


def _header(name: str, file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns are together, and dtype."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files of Python 2 are fine
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
            if version == (2, 0):
                read = np.lib.format.read_array_header_2_0
            if read is None:
                raise ValueError(f"version {version} of the format is for records with names")
            found: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
            return found
    except Exception as error:  # noqa: BLE001 - a header is an expression in Python, which fails in many ways
        raise SignatureError(
            f"{short(name)!r} is no readable .npy file: {short(str(error))}. Save it again with np.save."
        ) from None


def read_npz(name: str, content: bytes, wanted: str) -> Array:
    """The only array in a `.npz` file, or the one of this name.

    Raises:
      SignatureError: it is damaged, has no array or several, or one larger than `UNPACKED`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {each.filename.removesuffix(".npy"): each for each in archive.infolist()}
            member = members.get(wanted) or (next(iter(members.values())) if len(members) == 1 else None)
            if member is None:
                raise SignatureError(_several(name, list(members), wanted))
            with archive.open(member) as file:
                # What the archive says about the size need not be so.
                unpacked = file.read(UNPACKED + 1)
    except HubError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile, zlib, bz2 and lzma raise as many kinds as they are
        raise SignatureError(f"{short(name)!r} is no readable .npz file: {short(str(error))}.") from None
    if len(unpacked) > UNPACKED:
        raise SignatureError(
            f"{short(name)!r} unpacks to more than {UNPACKED / 1e6:,.0f} MB, which is the most that is read."
        )
    if not magic.NUMPY.begins(unpacked):
        raise SignatureError(f"{short(name)!r} holds {short(member.filename)!r}, which is no array.")
    return read_npy(name, unpacked)


def _several(name: str, members: list[str], wanted: str) -> str:
    if not members:
        return f"{short(name)!r} is empty; expected a .npz file with one array."
    listed = ", ".join(repr(short(each)) for each in members[:_MOST_NAMED])
    more = f" and {len(members) - _MOST_NAMED} more" if len(members) > _MOST_NAMED else ""
    return (
        f"{short(name)!r} holds {len(members)} arrays: {listed}{more}. Save the wanted one alone with "
        f"np.save, or under the name {short(wanted)!r}."
    )


def _shown(shape: tuple[int, ...]) -> str:
    return short(" x ".join(map(str, shape))) or "1"

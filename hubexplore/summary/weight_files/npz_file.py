"""Writes arrays as numpy.savez does, a piece at a time.

Format: a zip archive of files in the format of numpy.lib.format, not compressed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from hubexplore.summary.dtypes import STORED
from hubexplore.summary.weight_files.stored_weights import StoredWeight
from hubexplore.summary.weights import number_encoding

WIDENED: Final = frozenset({"bfloat16", "float8_e4m3fn", "float8_e5m2"})
"""Dtypes that NumPy lacks; they become float32, which holds each of their values exactly."""
STORABLE: Final = frozenset(STORED)
"""Dtypes that a file can hold."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the same module gives the same file


def code_of(dtype: str) -> str:
    """NumPy's code for the numbers in the file."""
    if dtype in WIDENED:
        return "<f4"
    return "|b1" if dtype == "bool" else np.dtype(STORED[dtype]).str


def write(path: Path, weights: Sequence[tuple[str, StoredWeight]]) -> dict[str, int]:
    """Writes a file; see `safetensors_file.write`."""
    sums = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for key, weight in weights:
            entry = zipfile.ZipInfo(f"{key}.npy", _DATE)
            check = 0
            with archive.open(entry, "w", force_zip64=True) as file:
                file.write(_header(weight))
                for piece in _converted(weight):
                    check = zlib.crc32(piece, check)
                    file.write(piece)
            sums[key] = check
    return sums


def _header(weight: StoredWeight) -> bytes:
    written = io.BytesIO()
    facts = {"descr": code_of(weight.dtype), "fortran_order": False, "shape": weight.shape}
    np.lib.format.write_array_header_1_0(written, facts)
    return written.getvalue()


def _converted(weight: StoredWeight) -> Iterator[bytes]:
    for piece in weight.pieces():
        if weight.dtype in WIDENED:
            yield number_encoding.decode(piece, weight.dtype).astype("<f4").tobytes()
        else:
            yield piece

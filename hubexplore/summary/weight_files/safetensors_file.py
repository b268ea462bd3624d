"""Writes a file of the format safetensors a piece at a time, which the package of that name cannot.

Format: https://huggingface.co/docs/safetensors. Eight bytes with the length of the header, little-endian; the
header, JSON that ends in blanks; then the numbers, little-endian, each tensor at the offsets that the header
says.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hubexplore.summary.weight_files.stored_weights import StoredWeight

DTYPES: Final = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
    # As the integers that they are stored as; the JSON file says what they stand for.
    "qint8": "I8",
    "quint8": "U8",
    "qint16": "I16",
    "quint16": "U16",
    "qint32": "I32",
}
"""Dtype of TensorFlow -> that of the format."""
METADATA: Final = "__metadata__"
_ALIGNMENT: Final = 8


def write(
    path: Path, weights: Sequence[tuple[str, StoredWeight]], metadata: Mapping[str, str]
) -> dict[str, int]:
    """Writes a file.

    Args:
      path: of the file.
      weights: key in the file and the variable, whose dtype is one of `DTYPES`.
      metadata: texts that the header holds.

    Returns:
      Key -> CRC-32 of the bytes of each variable.

    Raises:
      OSError: it cannot be written.
      DamagedModuleError: a variable cannot be read.
    """
    header: dict[str, object] = {METADATA: dict(metadata)}
    offset = 0
    for key, weight in weights:
        header[key] = {
            "dtype": DTYPES[weight.dtype],
            "shape": list(weight.shape),
            "data_offsets": [offset, offset + weight.size],
        }
        offset += weight.size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    sums = {}
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for key, weight in weights:
            check = 0
            for piece in weight.pieces():
                check = zlib.crc32(piece, check)
                file.write(piece)
            sums[key] = check
    return sums

"""What a file is that is no picture, told from its first bytes."""

from __future__ import annotations

import codecs
from typing import Final

_HEAD: Final = 1000
_BEGINNINGS: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x93NUMPY", "a NumPy array; choose File instead of Picture for it"),
    (b"\x89HDF", "an HDF5 file"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\0\0\1\0", "an icon"),
    (b"\x89PNG", "a PNG picture whose beginning is damaged"),
    (b"\xff\xd8", "a JPEG picture whose beginning is damaged"),
)


def seems_to_be(content: bytes) -> str:
    """Words for what a file seems to be; empty if its first bytes do not tell."""
    if not content:
        return "an empty file"
    known = next((words for beginning, words in _BEGINNINGS if content.startswith(beginning)), "")
    if not known and content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "a WebP picture; save it as PNG"
    if not known and content[4:8] == b"ftyp":
        return "a HEIC or AVIF picture, or a video; save it as JPEG"
    return known or _text(content[:_HEAD])


def _text(head: bytes) -> str:
    """What a file is that may be text."""
    if any(byte < 9 for byte in head):
        return ""
    try:
        # The head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return ""
    lowered = text.lower()
    if "<svg" in lowered:
        return "an SVG drawing; export it as PNG"
    return "a web page" if "<html" in lowered or "<!doctype html" in lowered else "text"

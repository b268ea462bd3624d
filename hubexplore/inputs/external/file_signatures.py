"""What a file that is not a picture seems to be, for a message that says why it is not read."""

from __future__ import annotations

import codecs
from typing import Final

from hubexplore.summary.files import magic

_HEAD: Final = 1000
_DESCRIPTIONS: Final = {
    magic.PDF: "a PDF document",
    magic.ZIP_ENTRY: "a ZIP archive or an Office document",
    magic.NUMPY: "a NumPy array; choose File instead of Picture for it",
    magic.HDF5: "an HDF5 file",
    magic.TIFF: "a TIFF picture",
    magic.PHOTOSHOP: "a Photoshop picture",
    magic.GZIP: "a gzip archive",
    magic.ICON: "an icon",
    magic.PNG: "a PNG picture whose beginning is damaged",
    magic.JPEG: "a JPEG picture whose beginning is damaged",
    magic.WEBP: "a WebP picture; save it as PNG",
    magic.ISO_MEDIA: "a HEIC or AVIF picture, or a video; save it as JPEG",
}


def seems_to_be(content: bytes) -> str:
    """Returns a noun phrase for what a file seems to be; "" if its first bytes do not tell."""
    if not content:
        return "an empty file"
    file_format = magic.format_of(content)
    return _DESCRIPTIONS[file_format] if file_format in _DESCRIPTIONS else _text(content[:_HEAD])


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

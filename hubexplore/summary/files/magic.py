"""Magic numbers: the format that the first bytes of a file belong to. What to do about it, the caller says.

No library: two dozen formats matter here, and neither `file` nor its bindings are installed everywhere.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Format(NamedTuple):
    """A format of files: what begins it, at which offset."""

    name: str
    starts: tuple[bytes, ...]
    offset: int = 0

    def begins(self, head: bytes) -> bool:
        """Says whether a file that starts with `head` is of this format."""
        return head.startswith(self.starts, self.offset)


ZIP_ENTRY: Final = Format("zip with entries", (b"PK\x03\x04",))
ZIP: Final = Format("zip", (*ZIP_ENTRY.starts, b"PK\x05\x06"))
# Archives from before POSIX have no magic number; `tarfile` knows them by the checksum of their header.
TAR: Final = Format("tar", (b"ustar",), 257)
GZIP: Final = Format("gzip", (b"\x1f\x8b",))
BZIP2: Final = Format("bzip2", (b"BZh",))
XZ: Final = Format("xz", (b"\xfd7zXZ\0",))
ZSTANDARD: Final = Format("Zstandard", (b"\x28\xb5\x2f\xfd",))
SEVEN_ZIP: Final = Format("7z", (b"7z\xbc\xaf",))
RAR: Final = Format("RAR", (b"Rar!",))
GIT_LFS: Final = Format("Git LFS pointer", (b"version https://git-lfs.github.com/spec/",))
HDF5: Final = Format("HDF5", (b"\x89HDF\r\n\x1a\n",))
# A FlatBuffer: its first four bytes are an offset, and the identifier follows.
TF_LITE: Final = Format("TensorFlow Lite", (b"TFL3",), 4)
NUMPY: Final = Format("NumPy", (b"\x93NUMPY",))
PNG: Final = Format("PNG", (b"\x89PNG",))
JPEG: Final = Format("JPEG", (b"\xff\xd8",))
GIF: Final = Format("GIF", (b"GIF8",))
BMP: Final = Format("BMP", (b"BM",))
TIFF: Final = Format("TIFF", (b"II*\0", b"MM\0*"))
PHOTOSHOP: Final = Format("Photoshop", (b"8BPS",))
ICON: Final = Format("icon", (b"\0\0\1\0",))
# The file begins with "RIFF" and a length; audio and video in RIFF begin with it too.
WEBP: Final = Format("WebP", (b"WEBP",), 8)
# The first four bytes are the length of the first box, which varies.
ISO_MEDIA: Final = Format("HEIC, AVIF or MP4", (b"ftyp",), 4)
PDF: Final = Format("PDF", (b"%PDF",))

FORMATS: Final = (
    GZIP, BZIP2, XZ, TAR, ZSTANDARD, SEVEN_ZIP, RAR, GIT_LFS, HDF5, TF_LITE, NUMPY, PNG, JPEG, GIF, BMP, TIFF,
    PHOTOSHOP, ICON, WEBP, ISO_MEDIA, PDF, ZIP_ENTRY,
)  # fmt: skip
"""Formats that the start of a file tells, compressions first: what they pack may contain anything."""

# Zstandard is in the standard library from Python 3.14 on.
UNREAD_ARCHIVES: Final = (ZSTANDARD, SEVEN_ZIP, RAR)
"""Formats of archives for which Python has no reader in all supported versions."""


def format_of(head: bytes) -> Format | None:
    """Returns the format of a file, None where its first bytes do not tell.

    Args:
      head: the first 300 bytes of the file or more, or all of a shorter one.
    """
    return next((file_format for file_format in FORMATS if file_format.begins(head)), None)


def is_web_page(head: bytes) -> bool:
    """Says whether a file starts as a web page does."""
    return head.lstrip()[:100].lower().startswith((b"<!doctype html", b"<html"))

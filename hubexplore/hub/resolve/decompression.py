"""Decompresses a stream and finds the archive in it, by content alone: names may be wrong."""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

from hubexplore import errors
from hubexplore.summary.files import magic

BLOCK: Final = 512
CHUNK: Final = 1 << 18
# Compressions within each other: some archives are compressed twice, or once more by a server.
_LAYERS: Final = 3
# Bytes that an xz stream may use as its dictionary. It may ask for gigabytes; `xz -9` needs 65 MB.
_LZMA_MEMORY: Final = 256 << 20
_PAGE: Final = "it is a web page, perhaps one with a sign-in form or an error message, and not an archive"
_MSG_OTHER: Final = (
    "it is neither a tar nor a zip archive, and not compressed by gzip, bzip2 or xz; it starts with {start!r}"
)


class ByteSource(Protocol):
    """A stream of bytes, which `archive.extract` reads."""

    def read(self, size: int, /) -> bytes:
        """Returns at most `size` bytes, and b"" only at the end."""


class WebPageError(errors.ArchiveError):
    """A web page in place of an archive."""


class Metered:
    """A source that counts the bytes that are read, and passes each count to `advance`."""

    def __init__(
        self, source: ByteSource, total: int | None, advance: Callable[[int], object] | None
    ) -> None:
        self.source = source
        self._advance = advance
        self.total = total
        self.consumed = 0

    def read(self, size: int, /) -> bytes:
        """Returns at most `size` bytes, and b"" only at the end."""
        data = self.source.read(size)
        self.consumed += len(data)
        if self._advance:
            self._advance(len(data))
        return data


class Started:
    """A source whose start was read already, and is read again from here."""

    def __init__(self, start: bytes, source: ByteSource) -> None:
        self._pending = start
        self._source = source

    def read(self, size: int, /) -> bytes:
        """Returns 1 to `size` bytes, or b"" at the end."""
        if not self._pending:
            return self._source.read(size)
        data, self._pending = self._pending[:size], self._pending[size:]
        return data


def open_content(source: ByteSource) -> tuple[ByteSource, bool]:
    """Returns the decompressed archive in a source, and whether it is a zip archive rather than tar.

    Raises:
      ArchiveError: It is neither zip nor tar; the message says what it is instead.
      EOFError: It is compressed and truncated.
    """
    # One round more than there may be layers: the last one looks at what the innermost layer holds.
    for layer in range(_LAYERS + 1):
        start = b""
        # A source may return less than it is asked for, as a socket does.
        while len(start) < BLOCK and (more := source.read(CHUNK)):
            start += more
        source = Started(start, source)
        if magic.ZIP.begins(start):
            return source, True
        if magic.TAR.begins(start) or _is_old_tar(start):
            return source, False
        for compression, new in _DECOMPRESSORS.items():
            if compression.begins(start):
                source = _Decompressed(source, compression, new)
                break
        else:
            finding = _what_instead(start, layer > 0)
            if not finding and layer and len(start) < BLOCK:
                raise EOFError  # less than the first header of a tar archive
            kind = WebPageError if finding == _PAGE else errors.ArchiveError
            raise kind(finding or _MSG_OTHER.format(start=start[:16]))
    raise errors.ArchiveError(f"it is compressed more than {_LAYERS} times; decompress it and give that file")


def _is_old_tar(start: bytes) -> bool:
    """Says whether this is a header from before POSIX, which has a checksum but no magic number."""
    try:
        return bool(tarfile.TarInfo.frombuf(start[:BLOCK], "utf-8", "surrogateescape").name)
    except (tarfile.TarError, ValueError):
        return False


class _Gunzip:
    """zlib's decompressor with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)  # 31: gzip header and trailer, largest window
        self._pending = b""

    @property
    def eof(self) -> bool:
        """Whether the end was reached and its checksum verified."""
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        """Whether all bytes of the input so far are used up."""
        return not self._pending

    @property
    def unused_data(self) -> bytes:
        """Bytes after the end of the stream."""
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Returns at most `max_length` bytes."""
        # zlib does not keep the input that `max_length` stopped it from using; it has to come again.
        result = self._inflate.decompress(self._pending + data, max_length)
        self._pending = self._inflate.unconsumed_tail
        return result


_DECOMPRESSORS: Final[dict[magic.Format, Callable[[], Any]]] = {
    magic.GZIP: _Gunzip,
    magic.BZIP2: bz2.BZ2Decompressor,
    magic.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY),
}


class _Decompressed:
    """The decompressed content of a source, checksums verified, in bounded memory.

    Bytes after the last checksum are ignored, as gunzip does: what comes before them is complete.
    """

    def __init__(self, source: ByteSource, compression: magic.Format, new: Callable[[], Any]) -> None:
        self._source = source
        self._magic = compression.starts[0]
        self._new = new
        self._stream = new()

    def read(self, size: int, /) -> bytes:
        """Returns 1 to `size` bytes, or b"" at the end."""
        while True:
            if self._stream.eof and not self._next_stream():
                return b""
            more = b""
            if self._stream.needs_input:
                more = self._source.read(CHUNK)
                # The decompressors raise no error for a missing end mark.
                if not more:
                    raise EOFError
            try:
                data: bytes = self._stream.decompress(more, size)
            except OSError as error:  # of bz2
                raise tarfile.ReadError(str(error)) from error
            if data:
                return data

    def _next_stream(self) -> bool:
        # gzip, bzip2 and xz files may consist of several streams in a row, as `cat a.gz b.gz` makes them.
        pending = self._stream.unused_data
        while len(pending) < len(self._magic):
            more = self._source.read(CHUNK)
            if not more:
                return False
            pending += more
        if not pending.startswith(self._magic):
            return False
        self._source = Started(pending, self._source)
        self._stream = self._new()
        return True


def _what_instead(start: bytes, is_inside: bool) -> str:
    """Returns what a stream that starts like this is, if not an archive; "" if that is not known."""
    head = start[:1024].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return _PAGE
    if magic.GIT_LFS.begins(start):
        return "it is a Git LFS pointer, not the archive itself; run `git lfs pull`"
    if magic.format_of(start) in magic.UNREAD_ARCHIVES:
        return "it is an archive in a format that is not supported; extract it and give the directory instead"
    return "" if start or is_inside else "it is empty"

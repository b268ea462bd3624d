"""Extracts a tar archive that a stranger made, compressed by gzip or not at all.

Nothing is written outside of the target, nothing but files, directories and links inside it is made,
and the archive is read to its end: the tar end mark and, of a gzip stream, the checksum and length at
its end must be there. Python's own tarfile takes a cut archive, or one with a damaged header
behind the first, for a shorter one.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, cast

from hubexplore import errors

SUFFIXES: Final = (".tar.gz", ".tgz", ".tar")
_MAGIC: Final = b"\x1f\x8b"
_BLOCK: Final = 512
_CHUNK: Final = 1 << 18
# Of one member, with its long names and extended headers; true ones are far below.
_LARGEST_HEADER: Final = 1 << 20
_CUT: Final = "it ends too early, so it was cut; get it again"
_DAMAGED: Final = "its content is damaged ({}); get it again"


class Source(Protocol):
    """What `extract` reads from."""

    def read(self, size: int, /) -> bytes:
        """Returns at most `size` bytes, and b"" only at the end."""


def extract(source: Source, target: str, name: str) -> str:
    """Extracts the archive in `source` into the directory `target`.

    Args:
      source: A tar archive, of which the content says whether it is compressed by gzip; the name of a
        file does not, and servers may change it on the way. It is read to its end.
      target: An existing empty directory. After an error it holds rubbish; the caller deletes it.
      name: What the archive is called in messages.

    Returns:
      The directory of the module: `target`, or the directory in it if the archive wraps the module in
      one, as `tar czf NAME.tar.gz NAME/` does.

    Raises:
      ArchiveError: It is no such archive, is cut or damaged, would write outside of `target`, or
        cannot be written.
    """
    try:
        _Extraction(Path(target)).run(_content(source))
    except errors.ArchiveError as error:
        raise errors.ArchiveError(f"Cannot extract {name!r}: {error}.") from error
    except (tarfile.TarError, zlib.error, UnicodeError, ValueError, RecursionError) as error:
        raise errors.ArchiveError(f"Cannot extract {name!r}: {_DAMAGED.format(error)}.") from error
    except EOFError as error:
        raise errors.ArchiveError(f"Cannot extract {name!r}: {_CUT}.") from error
    return _module_root(Path(target))


def _module_root(target: Path) -> str:
    if not (target / "saved_model.pb").exists():
        inner = [child for child in target.iterdir() if (child / "saved_model.pb").is_file()]
        if len(inner) == 1 and not inner[0].is_symlink():
            return str(inner[0])
    return str(target)


def _content(source: Source) -> Source:
    """The tar archive in a source, decompressed."""
    start = b""
    while len(start) < _BLOCK and (more := source.read(_CHUNK)):
        start += more
    if start.startswith(_MAGIC):
        return _Gunzip(start, source)
    if start[257:262] == b"ustar":
        return _Plain(start, source)
    raise errors.ArchiveError(_what_instead(start))


class _Plain:
    """The content of a source of which the start was read already."""

    def __init__(self, start: bytes, source: Source) -> None:
        self._pending = start
        self._source = source

    def read(self, size: int, /) -> bytes:
        """Returns 1 to `size` bytes, or b"" at the end."""
        if not self._pending:
            return self._source.read(size)
        data, self._pending = self._pending[:size], self._pending[size:]
        return data


class _Gunzip:
    """The decompressed content of a gzip stream, checksums verified, in bounded memory.

    Bytes after the last checksum are ignored, as gunzip does: what they follow is complete.
    """

    def __init__(self, start: bytes, source: Source) -> None:
        self._source = source
        self._pending = start
        self._inflate = zlib.decompressobj(wbits=31)  # 31: gzip header and trailer, largest window

    def read(self, size: int, /) -> bytes:
        """Returns 1 to `size` bytes, or b"" at the end."""
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            if not self._pending:
                self._pending = self._source.read(_CHUNK)
                if not self._pending:
                    raise EOFError
            data = self._inflate.decompress(self._pending, size)
            # At the end of a member what follows it is in unused_data instead.
            self._pending = self._inflate.unconsumed_tail or self._inflate.unused_data
            if data:
                return data

    def _next_member(self) -> bool:
        while len(self._pending) < len(_MAGIC):
            more = self._source.read(_CHUNK)
            if not more:
                return False
            self._pending += more
        if not self._pending.startswith(_MAGIC):
            return False
        self._inflate = zlib.decompressobj(wbits=31)
        return True


def _what_instead(start: bytes) -> str:
    """Says what starts with these bytes, if not an archive."""
    head = start[:1024].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        found = "it is a web page, perhaps one that asks to sign in or that shows an error, and no archive"
    elif start.startswith(b"version https://git-lfs"):
        found = "it is a pointer of git-lfs, not the archive itself; run `git lfs pull`"
    elif start.startswith(b"PK\x03\x04"):
        found = "it is a zip archive; extract it and give the directory instead"
    elif not start:
        found = "it is empty"
    else:
        found = f"it is not a tar archive and not compressed by gzip; it starts with {start[:16]!r}"
    return found


class _Forward:
    """The content of an archive as the file that tarfile reads: from start to end, in bounded pieces.

    tarfile follows the sizes that headers claim, and which of its methods do so differs between patch
    releases of Python. Each of its steps is a read or a seek here.
    """

    def __init__(self, content: Source) -> None:
        self._content = content
        self._position = 0
        self._header_bytes: int | None = 0
        self.last = b""
        """What was read last: of the header with which tarfile stopped, its block."""

    @contextlib.contextmanager
    def inside_member(self) -> Iterator[None]:
        """Meanwhile the content of a member is read, and afterwards the headers of the next."""
        self._header_bytes = None
        yield
        self._header_bytes = 0

    def tell(self) -> int:
        """Returns the count of bytes before the next."""
        return self._position

    def seek(self, position: int, /) -> int:
        """Skips up to `position`."""
        if position < self._position:
            raise tarfile.ReadError("a header with an impossible size")
        while self._position < position:
            self._take(min(position - self._position, _CHUNK))
        return self._position

    def read(self, size: int, /) -> bytes:
        """Returns exactly `size` bytes: a tar archive says how long all in it is."""
        if self._header_bytes is not None:
            self._header_bytes += size
        if size < 0 or max(size, self._header_bytes or 0) > _LARGEST_HEADER:
            raise tarfile.ReadError("a header with an impossible size")
        parts = []
        while size:
            parts.append(self._take(size))
            size -= len(parts[-1])
        self.last = b"".join(parts)
        return self.last

    def rest(self) -> Iterator[bytes]:
        """Reads to the end, which makes the checksum be verified."""
        while data := self._content.read(_CHUNK):
            yield data

    def _take(self, size: int) -> bytes:
        data = self._content.read(size)
        if not data:
            raise EOFError
        self._position += len(data)
        return data


class _Extraction:
    """Writes the members of one archive.

    Links are made last, so no file can be written through one.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._links: dict[Path, tarfile.TarInfo] = {}

    def run(self, content: Source) -> None:
        file = _Forward(content)
        # tarfile only reads, tells and seeks, whatever the stubs ask for.
        with tarfile.open(fileobj=cast(IO[bytes], file), mode="r:") as archive:
            for member in archive:
                with file.inside_member():
                    self._write(archive, member)
        self._expect_end(file)
        for path, member in self._links.items():
            self._link(path, member)
        for path in self._links:
            self._check_inside(path)

    def _expect_end(self, file: _Forward) -> None:
        """Else members behind an end mark, or behind a damaged header, would be lost without a word."""
        if file.last.strip(b"\0"):
            raise tarfile.ReadError(f"no header where one should be, after {file.tell()} bytes")
        if any(data.strip(b"\0") for data in file.rest()):
            raise tarfile.ReadError("there is more data after its end mark")

    def _path(self, name: str) -> Path:
        parts = PurePosixPath(name)
        foreign = os.sep != "/" and (os.sep in name or ":" in name)
        if parts.is_absolute() or ".." in parts.parts or foreign or "\0" in name:
            raise errors.ArchiveError(f"its member {name!r} would be written outside of the target")
        return self._target / parts

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = self._path(member.name)
        if not (member.isdir() or member.isreg() or member.issym() or member.islnk()):
            raise errors.ArchiveError(f"its member {member.name!r} is neither file, directory nor link")
        try:
            self._links.pop(path, None)  # A later member of the same name replaces an earlier one.
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            if member.issym() or member.islnk():
                self._links[path] = member
                return
            with path.open("wb") as file:
                content = archive.extractfile(member)
                shutil.copyfileobj(content or io.BytesIO(), file, _CHUNK)
            path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
        except OSError as error:
            if isinstance(error, errors.HubError):
                raise
            raise _cannot_write(member, error) from error

    def _link(self, path: Path, member: tarfile.TarInfo) -> None:
        try:
            if member.issym():
                if PurePosixPath(member.linkname).is_absolute():
                    raise _points_outside(member)
                path.symlink_to(member.linkname)
                return
            # The name of a hard link's target counts from the root of the archive.
            source = self._path(member.linkname)
            if not source.is_file() or source.is_symlink():
                raise errors.ArchiveError(
                    f"its link {member.name!r} names {member.linkname!r}, no file of it"
                )
            self._check_inside(source)
            shutil.copyfile(source, path, follow_symlinks=False)
        except OSError as error:
            if isinstance(error, errors.HubError):
                raise
            raise _cannot_write(member, error) from error

    def _check_inside(self, path: Path) -> None:
        # Not Path.resolve, which raises for links that go in circles; those harm nobody.
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self._target)):
            raise _points_outside(self._links.get(path))


def _points_outside(member: tarfile.TarInfo | None) -> errors.ArchiveError:
    name = member.name if member else "?"
    target = member.linkname if member else "?"
    return errors.ArchiveError(f"its link {name!r} points outside of the target, to {target!r}")


def _cannot_write(member: tarfile.TarInfo, error: OSError) -> errors.ArchiveError:
    reason = error.strerror or str(error)
    return errors.ArchiveError(f"its member {member.name!r} cannot be written: {reason}")

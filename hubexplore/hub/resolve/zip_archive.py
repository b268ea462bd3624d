"""Unpacks a zip archive that a stranger made."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Callable
from typing import IO, Final

from hubexplore import errors
from hubexplore.hub.resolve.decompression import CHUNK
from hubexplore.hub.resolve.extraction_target import Target

_ENCRYPTED: Final = 1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
_LONGEST_LINK: Final = 4096
# The end of central directory record, its longest comment, and the record of zip64 before it (APPNOTE 4.3).
_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LONGEST_COMMENT: Final = 65_535
# Of an entry in the central directory, with an ordinary name.
_ENTRY_SIZE: Final = 46
_USUAL_ENTRY: Final = 512


Advance = Callable[[int], object]


def unpack(file: IO[bytes], target: Target, files: int, start: Callable[[int], Advance | None]) -> None:
    """Writes the members of the zip archive in a seekable file.

    Args:
      file: The archive.
      target: Where they go.
      files: How many there may be; more are refused before their list is read.
      start: Is told how many bytes there will be, and returns what is to be told of each piece, if anything.

    Raises:
      ArchiveError: It is damaged or encrypted, or a limit is passed.
      zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError: It is damaged.
    """
    _check_end(file, target, files)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > files:
            target.budget.count(len(members))
        _check_places(members, archive.start_dir)
        size = sum(member.file_size for member in members)
        target.budget.reserve(size)
        advance = start(size)
        for member in members:
            _write(archive, member, target, advance)
    target.finish()


def _check_end(file: IO[bytes], target: Target, files: int) -> None:
    """Refuses a list of members that alone would fill the memory: zipfile reads all of it."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _LONGEST_COMMENT - _END.size - _LOCATOR.size))
    tail = file.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise EOFError
    end = _END.unpack_from(tail, found)
    sizes = _sizes64(file, tail[:found], start + found) or [(end[4], end[5])]
    for count, length in sizes:
        if count > files or length > files * _USUAL_ENTRY:
            target.budget.count(max(count, length // _ENTRY_SIZE))
    file.seek(0)


def _sizes64(file: IO[bytes], tail: bytes, end: int) -> list[tuple[int, int]]:
    """Returns what the records of zip64 say of the list: its members and bytes.

    Versions of zipfile differ in which one they take. Without a locator before the `end` they look at none.
    """
    locator = tail[-_LOCATOR.size :]
    if not locator.startswith(b"PK\6\7") or len(locator) < _LOCATOR.size:
        return []
    sizes = []
    for place in (end - _LOCATOR.size - _END64.size, _LOCATOR.unpack(locator)[2]):
        if 0 <= place <= end - _END64.size:
            file.seek(place)
            record = _END64.unpack(file.read(_END64.size))
            sizes += [(record[7], record[8])] * (record[0] == b"PK\6\6")
    return sizes


def _check_places(members: list[zipfile.ZipInfo], end: int) -> None:
    """Refuses members that share bytes: few of them would unpack to any number of files."""
    for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
        header = 30 + len(member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437"))
        if member.header_offset < 0:
            raise zipfile.BadZipFile(f"the member {member.filename!r} is nowhere")
        if member.header_offset + header + member.compress_size > end:
            raise errors.ArchiveError(f"its member {member.filename!r} overlaps another; get it again")
        end = member.header_offset


def _write(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Target, advance: Advance | None
) -> None:
    name = member.filename
    if member.flag_bits & _ENCRYPTED:
        raise errors.ArchiveError(
            f"its member {name!r} is encrypted; extract it and give the directory instead"
        )
    if member.compress_type not in _METHODS:
        raise errors.ArchiveError(
            f"its member {name!r} is compressed by method {member.compress_type}, which is not read here; "
            "extract it and give the directory instead"
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.is_dir():
        target.directory(name)
    elif kind == stat.S_IFLNK:
        with archive.open(member) as content:
            to = content.read(_LONGEST_LINK)
        target.link(name, os.fsdecode(to), is_symbolic=True)
    elif kind not in (0, stat.S_IFREG):
        raise errors.ArchiveError(f"its member {name!r} is neither file, directory nor link")
    else:
        with archive.open(member) as content:
            target.file(name, member.file_size, lambda file: _copy(content, file, advance))
        target.budget.unpack(member.file_size)


def _copy(content: IO[bytes], file: IO[bytes], advance: Advance | None) -> None:
    while data := content.read(CHUNK):
        file.write(data)
        if advance:
            advance(len(data))

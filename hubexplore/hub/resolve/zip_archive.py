"""Unpacks a zip archive that a stranger made. `archive` says why zipfile alone is not enough."""

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
# PATH_MAX of Linux, beyond which symlink(2) fails.
_LONGEST_LINK: Final = 4096
# The end of central directory record, its longest comment, and the record of zip64 before it (APPNOTE 4.3).
_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LONGEST_COMMENT: Final = 65_535
# Least and usual bytes of an entry in the central directory.
_ENTRY_SIZE: Final = 46
_USUAL_ENTRY: Final = 512


Advance = Callable[[int], object]


def unpack(file: IO[bytes], target: Target, files: int, start: Callable[[int], Advance | None]) -> None:
    """Writes the members of the zip archive in a seekable file.

    Args:
      file: The archive.
      target: Where they go.
      files: Maximum number of members; more are refused before their list is read.
      start: Called with the total number of bytes; returns a function to call with the number of bytes of
        each piece that was written, or None.

    Raises:
      ArchiveError: It is damaged or encrypted, or a limit is passed.
      zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError: It is damaged.
    """
    _check_end(file, target, files)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        # The end record may claim fewer members than the list has.
        if len(members) > files:
            target.budget.count(len(members))
        _check_overlaps(members, archive.start_dir)
        size = sum(member.file_size for member in members)
        target.budget.reserve(size)
        advance = start(size)
        for member in members:
            _write(archive, member, target, advance)
    target.finish()


def _check_end(file: IO[bytes], target: Target, files: int) -> None:
    """Refuses a list of members that would fill the memory by itself, since zipfile reads all of it."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _LONGEST_COMMENT - _END.size - _LOCATOR.size))
    tail = file.read()
    record_start = tail.rfind(b"PK\5\6")
    if record_start < 0 or len(tail) - record_start < _END.size:
        raise EOFError
    end = _END.unpack_from(tail, record_start)
    sizes = _sizes64(file, tail[:record_start], start + record_start) or [(end[4], end[5])]
    for count, length in sizes:
        if count > files or length > files * _USUAL_ENTRY:
            target.budget.count(max(count, length // _ENTRY_SIZE))
    file.seek(0)


def _sizes64(file: IO[bytes], tail: bytes, end: int) -> list[tuple[int, int]]:
    """Returns number of members and bytes of the list, from each zip64 record that zipfile may take.

    Versions of zipfile differ in which record they take: the one before the locator, or the one it points to.
    Without a locator before `end` they take none.
    """
    locator = tail[-_LOCATOR.size :]
    if not locator.startswith(b"PK\6\7") or len(locator) < _LOCATOR.size:
        return []
    sizes = []
    for offset in (end - _LOCATOR.size - _END64.size, _LOCATOR.unpack(locator)[2]):
        if 0 <= offset <= end - _END64.size:
            file.seek(offset)
            record = _END64.unpack(file.read(_END64.size))
            sizes += [(record[7], record[8])] * (record[0] == b"PK\6\6")
    return sizes


def _check_overlaps(members: list[zipfile.ZipInfo], end: int) -> None:
    """Refuses members that share bytes: a few bytes could unpack to any number of files.

    From the last to the first, each member must end before the next one begins; n log n in the members.
    """
    for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
        # The fixed part of a local header and the name. An extra field may follow, so this is the least.
        header = 30 + len(member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437"))
        if member.header_offset < 0:
            raise zipfile.BadZipFile(f"the member {member.filename!r} has a negative position")
        if member.header_offset + header + member.compress_size > end:
            raise errors.ArchiveError(f"its member {member.filename!r} overlaps another; download it again")
        end = member.header_offset


def _write(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Target, advance: Advance | None
) -> None:
    name = member.filename
    if member.flag_bits & _ENCRYPTED:
        raise errors.ArchiveError(
            f"its member {name!r} is encrypted; extract the archive and give the directory instead"
        )
    if member.compress_type not in _METHODS:
        raise errors.ArchiveError(
            f"its member {name!r} is compressed by method {member.compress_type}, which is not supported; "
            "extract the archive and give the directory instead"
        )
    # The upper half of the external attributes is the Unix mode. It is 0 where the program set none.
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.is_dir():
        target.directory(name)
    elif kind == stat.S_IFLNK:
        with archive.open(member) as content:
            to = content.read(_LONGEST_LINK)
        target.link(name, os.fsdecode(to), is_symbolic=True)
    elif kind not in (0, stat.S_IFREG):
        raise errors.ArchiveError(f"its member {name!r} is not a file, directory or link")
    else:
        with archive.open(member) as content:
            target.file(name, member.file_size, lambda file: _copy(content, file, advance))
        # zipfile returns no more bytes than this, whatever the compressed data holds.
        target.budget.unpack(member.file_size)


def _copy(content: IO[bytes], file: IO[bytes], advance: Advance | None) -> None:
    while data := content.read(CHUNK):
        file.write(data)
        if advance:
            advance(len(data))

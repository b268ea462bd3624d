"""Where modules are read from: this machine's files, or any other file system with these few calls."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Final, Protocol

from hubexplore.errors import MSG_AGAIN, DamagedModuleError
from hubexplore.summary.files.paths import is_url

Mark = tuple[int, ...]
"""Tells whether a file is still what it was; empty where there is none."""
LARGEST_MESSAGE: Final = (1 << 31) - 1
"""Bytes of a protobuf message, and so of a graph: its format allows no more."""
# A file of this size or more, most of which was never written, was preallocated for a copy that broke off.
_SPARSE: Final = 1 << 28
_MOST_EXTENTS: Final = 10_000
_KINDS: Final = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

MSG_TOO_LONG: Final = "{path!r} has {size:,} bytes, but at most {limit:,} can be read. " + MSG_AGAIN
MSG_SPARSE: Final = (
    "{path!r} has {size:,} bytes, but only {stored:,} of them were ever written: a copy or download broke "
    "off. " + MSG_AGAIN
)


class SpecialFileError(OSError):
    """A pipe, socket or device where a file is expected: to read it may wait for ever, or never end."""

    def __init__(self, path: str, kind: str) -> None:
        super().__init__(errno.EINVAL, f"{path!r} is {kind}, not a file")


# A protocol rather than a base class: TensorFlow's file systems are wrapped above this layer, which must not
# import TensorFlow.
class Filesystem(Protocol):
    """Read access to directories and files.

    Paths are strings; below a directory they are joined with "/". What cannot be read raises OSError,
    a PermissionError where that is the reason.
    """

    def exists(self, path: str) -> bool:
        """Says whether a file or directory is at `path`."""

    def isdir(self, path: str) -> bool:
        """Says whether a directory is at `path`."""

    def listdir(self, path: str) -> list[str]:
        """Returns the names in the directory `path`, in any order, without slashes at their end."""

    def size(self, path: str) -> int:
        """Returns the length of the file `path` in bytes."""

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Returns the content of the file `path`, or only its first `limit` bytes."""

    def read_range(self, path: str, offset: int, size: int) -> bytes:
        """Returns `size` bytes of the file `path` from `offset` on, fewer where the file ends before."""

    def mark(self, path: str) -> Mark:
        """Returns numbers that differ once the file `path` has changed; none where there is no file."""


class LocalFilesystem:
    """The files of this machine."""

    def exists(self, path: str) -> bool:
        """Says whether a file or directory is at `path`; PermissionError if that cannot be seen."""
        try:
            os.stat(path)  # noqa: PTH116 - through a Path it takes three times as long
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return False
            raise
        return True

    def isdir(self, path: str) -> bool:
        """Says whether a directory is at `path`."""
        return Path(path).is_dir()

    def listdir(self, path: str) -> list[str]:
        """Returns the names in the directory `path`, in any order."""
        return [child.name for child in Path(path).iterdir()]

    def size(self, path: str) -> int:
        """Returns the length of the file `path` in bytes."""
        status = os.stat(path)  # noqa: PTH116 - through a Path it takes three times as long
        _check_regular(path, status)
        return status.st_size

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Returns the content of the file `path`, or only its first `limit` bytes."""
        with open_regular(path) as file:
            # Only up to the size at this moment: reading a file to which another process appends would not
            # end.
            size = os.fstat(file.fileno()).st_size
            return file.read(size if limit is None else min(size, limit))

    def read_range(self, path: str, offset: int, size: int) -> bytes:
        """Returns `size` bytes of the file `path` from `offset` on, fewer where the file ends before."""
        with open_regular(path) as file:
            file.seek(offset)
            return file.read(size)

    def mark(self, path: str) -> Mark:
        """Returns numbers that differ once the file `path`, or what it links to, has changed."""
        try:
            status = os.stat(path)  # noqa: PTH116 - through a Path it takes three times as long
        except OSError:
            return ()
        # The time of the last change of the inode cannot be set, as that of the content can.
        return (
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_dev,
            status.st_ino,
        )


def open_regular(path: str) -> BufferedReader:
    """Opens a file of this machine for reading, without waiting.

    Raises:
      SpecialFileError: (an OSError) it is a pipe, a socket or a device; it is not opened.
      OSError: it cannot be opened.
    """
    _check_regular(path, os.stat(path))  # noqa: PTH116 - through a Path it takes three times as long
    # Whatever it became since, opening it does not wait for a writer.
    # Each flag is missing on some system: Windows has only O_BINARY, the others only O_NONBLOCK.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        # Checked before, since opening a device can have effects, and again, since the path may have changed
        # in between.
        _check_regular(path, os.fstat(descriptor))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_regular(path: str, status: os.stat_result) -> None:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise SpecialFileError(path, next((kind for test, kind in _KINDS if test(mode)), "something else"))


def is_special(path: str) -> bool:
    """Says whether a pipe, socket or device is at a path; False for remote paths, and where nothing is."""
    if is_url(path):
        return False
    try:
        _check_regular(path, os.stat(path))  # noqa: PTH116 - through a Path it takes three times as long
    except SpecialFileError:
        return True
    except (OSError, ValueError):
        return False
    return False


def is_link(path: str) -> bool:
    """Says whether a path of this machine is a symbolic link."""
    return not is_url(path) and Path(path).is_symlink()


def read_message(filesystem: Filesystem, path: str, limit: int = LARGEST_MESSAGE) -> bytes:
    """Returns the content of a file that is one message.

    Raises:
      DamagedModuleError: it is longer than that can be, or most of it was never written.
      OSError: it cannot be read.
    """
    size = filesystem.size(path)
    if size > limit:
        raise DamagedModuleError(MSG_TOO_LONG.format(path=path, size=size, limit=limit))
    if size >= _SPARSE and isinstance(filesystem, LocalFilesystem):
        stored = sum(end - start for start, end in data_extents(path, 0, size))
        if stored < size // 2:
            raise DamagedModuleError(MSG_SPARSE.format(path=path, size=size, stored=stored))
    return filesystem.read(path)


def data_extents(path: str, start: int, end: int) -> list[tuple[int, int]]:
    """Returns where a file of this machine holds data, as (start, end) in bytes; the rest reads as zeros.

    Where the system does not say, or there are too many parts to ask for, all counts as data.
    """
    if not hasattr(os, "SEEK_DATA"):
        return [(start, end)]
    extents: list[tuple[int, int]] = []
    with open_regular(path) as file:
        descriptor, position = file.fileno(), start
        while position < end:
            try:
                begin = os.lseek(descriptor, position, os.SEEK_DATA)
                position = min(os.lseek(descriptor, begin, os.SEEK_HOLE), end)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole follows
                    break
                return [(start, end)]
            if begin >= end:
                break
            extents.append((begin, position))
            if len(extents) > _MOST_EXTENTS:
                return [(start, end)]
    return extents


def join(directory: str, name: str) -> str:
    """Returns the path of `name` in `directory`, on this machine and on remote file systems alike."""
    if is_url(directory):
        return f"{directory.rstrip('/')}/{name}"
    return str(Path(directory, name))

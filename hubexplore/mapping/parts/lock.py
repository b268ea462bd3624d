"""A lock on a folder of results, which ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hubexplore.errors import MapTargetError

if sys.platform != "win32":
    import fcntl

NAME: Final = "_lock"
_HELD: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES})


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from writing to a folder; on a file system without locks it does nothing.

    Raises:
      MapTargetError: (an OSError) another process, or another call in this one, writes there.
    """
    path = folder / NAME
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            _lock(lock, folder)
        except BaseException:
            os.close(lock)
            raise
        # Its last owner may have removed the file after it was opened here. Then this lock guards nothing.
        if _is_at(path, lock):
            break
        os.close(lock)
    try:
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        yield
    finally:
        # Removed while it is locked: whoever opened it meanwhile sees that it is gone.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(lock)


def _lock(descriptor: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            return
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace")
        who = f"process {owner}" if owner.isdecimal() else "another process"
        raise MapTargetError(
            f"{str(folder)!r} is being written by {who}. Wait for it, or choose another folder for this map."
        ) from None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False

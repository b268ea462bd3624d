"""Locks that decide which process builds an entry of the cache, and removal of what dead processes left.

While an entry `KEY` is built, two things lie beside it: the file `.KEY.hubexplore-lock`, which the builder
keeps locked, and its staging folder `.KEY.*.hubexplore-tmp`. The system unlocks the file when the process
ends, however it ends. So what lies beside an unlocked file was left behind, and the next use of the cache
removes it. On a file system without locks nobody waits: of two builders of one entry the first to finish
wins, and remains are removed when they are older than a day.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DAY_SECONDS: Final = 86_400
_PAUSE_SECONDS: Final = 0.05
_DELAY_SECONDS: Final = 1  # of waiting before a message says so
# Suffixes that no other program uses: the folder may hold files such as `.config.lock` and `config.json`.
_LOCK: Final = ".hubexplore-lock"
_STAGING: Final = ".hubexplore-tmp"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class _NoLocksError(Exception):
    """This file system has no locks."""


@contextlib.contextmanager
def held(entry: Path, handle: str) -> Iterator[None]:
    """Lets one process at a time build `entry`; the others wait, and after a second say for which process.

    Args:
      entry: Path of the entry, in an existing folder.
      handle: The handle of the entry, for that message; without a password.

    Raises:
      OSError: The folder cannot be written.
    """
    path = _lock_of(entry)
    try:
        lock = _try_lock(path)
        if lock is None:
            lock = _wait(path, handle)
    except _NoLocksError:
        yield
        return
    try:
        # The file of another user may not be writable; the lock holds all the same.
        with contextlib.suppress(OSError):
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()} {_machine()}\n".encode())
        yield
    finally:
        _release(path, lock)


def write(entry: Path, target: Path, text: str) -> None:
    """Writes a small file beside an entry in one step, if that is possible without waiting.

    If it is not, the content of the file is computed again when it is needed.
    """
    path = _lock_of(entry)
    lock = None
    try:
        with contextlib.suppress(_NoLocksError):
            lock = _try_lock(path)
            if lock is None:
                return
        # With the suffix of a staging folder, by which a sweep finds it if the process is killed here.
        scratch = entry.with_name(f".{entry.name}.{os.getpid()}{_STAGING}")
        scratch.write_text(text, encoding="utf-8")
        scratch.chmod(0o644)
        # rename(2): a reader finds the earlier content or the new one, never a part.
        scratch.replace(target)
    except OSError:
        return
    finally:
        if lock is not None:
            _release(path, lock)


def staging(entry: Path) -> Path:
    """Makes a new folder in which `entry` can be built; the caller holds the lock and removes it."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix=f".{entry.name}.", suffix=_STAGING, dir=entry.parent))


def sweep(folder: str) -> None:
    """Removes what dead processes left in the cache `folder`, as far as this user may.

    If nothing was left, this costs one listing of the folder.
    """
    try:
        names = [name for name in os.listdir(folder) if name.startswith(".")]  # noqa: PTH208 - fast
    except OSError:
        return
    if not names:
        return
    locked = {name[1 : -len(_LOCK)] for name in names if name.endswith(_LOCK)}
    for key in locked:
        _sweep_entry(Path(folder, key), names)
    for name in names:
        if name.endswith(_STAGING) and _key_of(name) not in locked:
            path = Path(folder, name)
            if _age(path) > DAY_SECONDS:
                remove(path)


def remove(path: Path) -> None:
    """Removes a file or folder, as far as that is possible."""
    with contextlib.suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            import shutil

            shutil.rmtree(path, ignore_errors=True)


def mark(entry: str) -> int | None:
    """Marks an entry as used until this process ends, or closes the descriptor that is returned.

    Returns None where that is impossible.
    """
    try:
        # flock takes a descriptor of a directory as well, and does not need the right to write.
        descriptor = os.open(entry, os.O_RDONLY)
    except OSError:
        return None
    try:
        _lock(descriptor, shared=True)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def is_marked(entry: str) -> bool:
    """Says whether a process uses the entry, see `mark`; without locks, whether it is less than a day old."""
    try:
        descriptor = os.open(entry, os.O_RDONLY)
    except OSError:
        return False
    try:
        # An exclusive lock is refused while any process has a shared one.
        _lock(descriptor)
    except BlockingIOError:
        return True
    except OSError:
        return _age(Path(entry)) < DAY_SECONDS
    finally:
        os.close(descriptor)
    return False


@dataclass(frozen=True)
class Remains:
    """A lock or staging folder beside the entries of a cache.

    Attributes:
      name: of the file or folder.
      is_lock: whether it is a lock.
      holder: "process 123", or "another process"; empty if no process holds the lock.
      age: seconds since the last change.
    """

    name: str
    is_lock: bool
    holder: str
    age: float


def remains(folder: str) -> list[Remains]:
    """Lists locks and staging folders; changes nothing."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith("."))  # noqa: PTH208 - as sweep
    except OSError:
        return []
    holders = {
        name[1 : -len(_LOCK)]: _holder(Path(folder, name)) if _is_held(Path(folder, name)) else ""
        for name in names
        if name.endswith(_LOCK)
    }
    found = []
    for name in names:
        is_lock = name.endswith(_LOCK)
        if is_lock or name.endswith(_STAGING):
            key = name[1 : -len(_LOCK)] if is_lock else _key_of(name)
            found.append(Remains(name, is_lock, holders.get(key, ""), _age(Path(folder, name))))
    return found


def _lock_of(entry: Path) -> Path:
    return entry.with_name(f".{entry.name}{_LOCK}")


def _key_of(staging_name: str) -> str:
    return staging_name[1:].rsplit(".", 2)[0]


def _sweep_entry(entry: Path, names: list[str]) -> None:
    """Removes what was left beside an entry with a lock file, unless a process holds the lock."""
    path = _lock_of(entry)
    if _is_of_another_machine(path) and _age(path) < DAY_SECONDS:
        return  # locks of a network file system may not be visible on other machines
    try:
        lock = _try_lock(path, create=False)
    except (OSError, _NoLocksError):
        if _age(path) > DAY_SECONDS:
            remove(path)
        return
    if lock is None:
        return
    try:
        for name in names:
            if name.endswith(_STAGING) and _key_of(name) == entry.name:
                remove(entry.with_name(name))
        # A record without a tree: the builder died after it had put the first in place and before the second.
        if not os.path.lexists(entry):
            remove(entry.with_name(f"{entry.name}.json"))
    finally:
        _release(path, lock)


def _try_lock(path: Path, create: bool = True) -> int | None:
    """Returns the descriptor of the locked file; None if another process (or thread) holds the lock."""
    while True:
        descriptor = _open(path, create)
        try:
            _lock(descriptor)
            # The former holder may have removed the file between `_open` and `_lock`: then this lock guards
            # nothing, and the file has to be made again.
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):  # noqa: PTH116 - as fstat
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            if not create:
                os.close(descriptor)
                raise
        except OSError as error:
            # Without locks the file has no use.
            _release(path, descriptor)
            raise _NoLocksError from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, shared: bool = False) -> None:
    """Locks an open file; raises BlockingIOError if it is locked, another OSError without lock support."""
    if sys.platform == "win32":
        raise OSError(errno.ENOLCK, "no locks of this kind")
    import fcntl

    # Without blocking, since the wait shows a message and the holder may remove the file.
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def _open(path: Path, create: bool) -> int:
    # O_NOFOLLOW: in a shared folder, another user may have put a link to a file of this user there.
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if create else 0)
    try:
        descriptor = os.open(path, flags, 0o644)
    except PermissionError:
        # The file of another user. A lock does not need the right to write.
        return os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    return descriptor


def _release(path: Path, lock: int) -> None:
    # Removed before it is unlocked: afterwards the file may be the lock of another process.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    os.close(lock)


def _wait(path: Path, handle: str) -> int:
    from tqdm.auto import tqdm

    description = f"Waiting for {_holder(path)}, which makes {handle}"
    with tqdm(desc=description, bar_format="{desc} [{elapsed}]", delay=_DELAY_SECONDS, leave=False) as bar:
        while True:
            _pause(_PAUSE_SECONDS)
            bar.update(0)
            lock = _try_lock(path)
            if lock is not None:
                return lock


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _holder(path: Path) -> str:
    words = _content(path).split()
    return f"process {words[0]}" if words and words[0].isdecimal() else "another process"


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")[:200]
    except OSError:
        return ""


def _machine() -> str:
    """Returns an identifier of this machine since its last start."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        import platform

        return platform.node() or "?"


def _is_of_another_machine(path: Path) -> bool:
    words = _content(path).split()
    return len(words) > 1 and words[1] != _machine()


def _is_held(path: Path) -> bool:
    """Says whether a process holds a lock, without taking it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        # A shared lock is refused while a process has the exclusive one; closing the file gives it back.
        _lock(descriptor, shared=True)
    except BlockingIOError:
        return True
    except OSError:
        return _is_of_another_machine(path) and _age(path) < DAY_SECONDS
    finally:
        os.close(descriptor)
    return False


def _age(path: Path) -> float:
    """Returns the seconds since the last change at `path`, or up to two levels below it."""
    try:
        # Writing to a file does not change the time of its directory, so the files count as well.
        changed = [path.lstat().st_mtime]
        if path.is_dir() and not path.is_symlink():
            changed += [
                child.lstat().st_mtime
                for below in (path, *path.iterdir())
                if below.is_dir()
                for child in below.iterdir()
            ]
    except OSError:
        # What vanished or cannot be seen counts as new, and so is not removed.
        return 0
    return time.time() - max(changed)

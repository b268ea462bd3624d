"""The folder beside a target in which a directory is written before it is put in its place.

`.NAME.0123456789ab.part/` holds

| entry | what it is |
| --- | --- |
| `lock` | JSON: the target's name in the folder that holds this one. Locked as long as its process lives |
| `new` | what is being written; after an exchange, what was at the target |
| `old` | what was at the target, where the system cannot exchange two directories |
| `moved` | JSON: the entries of `new` that are being moved into a directory that stays, and what marks each |

A lock of the operating system (flock) ends with its process, however that ends. Whoever gets the lock of such
a folder knows that its owner died, in whatever container or on whatever machine that was. `settle` then makes
the target whole and removes the folder; the living end with it, too.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.files.atomic_write import part_name

if sys.platform != "win32":
    import fcntl

_LOCK: Final = "lock"
_OLD: Final = "old"
_NEW: Final = "new"
_MOVED: Final = "moved"
# DOTALL, because a name may contain a line break on POSIX systems.
_NAME: Final = re.compile(r"\..{1,40}\.[0-9a-f]{12}\.part", re.DOTALL)
_ATTEMPTS: Final = 100  # to make a folder that others take for a leftover
# What cannot be locked is abandoned if nothing changed in it for so long.
_ABANDONED_SECONDS: Final = 24 * 3600
_HELD: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES})


class Scratch:
    """A folder for one target; `make` makes it, `settle` removes it.

    Args:
      target: absolute path of the directory that is to be.
      home: where to work: the target's parent, or the target itself if that directory stays.
    """

    def __init__(self, target: Path, home: Path) -> None:
        self.target = target
        self.is_inside = home == target
        self._home = home
        self._lock: int | None = None
        self._name()

    def _name(self) -> None:
        self._folder = self._home / part_name(self.target.name)
        self.new = self._folder / _NEW
        self.old = self._folder / _OLD

    def make(self) -> None:
        """Makes the folder, with the parents that it lacks, and locks it.

        Raises:
          OSError: it cannot be made.
        """
        label = os.curdir if self.is_inside else self.target.name
        self._home.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            # Until the folder is locked, others may take it for a leftover and remove it.
            with contextlib.suppress(FileNotFoundError):
                # For this user only: nobody else may read what is not published yet, or plant files.
                self._folder.mkdir(mode=0o700)
                lock = self._folder / _LOCK
                self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
                # None means that the file system has no locks; then age alone decides what is abandoned.
                if _try_lock(self._lock) is not False and _is_at(lock, self._lock):
                    os.write(self._lock, json.dumps(label).encode())
                    return
            self._unlock()
            self._name()
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(self._folder))

    def note_moves(self, names: Sequence[str]) -> None:
        """Notes which entries of `new` are about to be moved into the target.

        Until the last of them is there, `settle` takes back the others.
        """
        marks = {name: _mark(self.new / name) for name in names}
        (self._folder / _MOVED).write_text(json.dumps(marks), "utf-8")

    def settle(self) -> None:
        """Makes the target whole, as it was or as wanted, and removes the folder. May be repeated."""
        try:
            with contextlib.suppress(OSError):
                _settle(self._folder, self.target)
        finally:
            self._unlock()  # Interrupted, it is left to the next export, which may be of this process.

    def _unlock(self) -> None:
        # Forgotten before it is closed: its number may be another file's when this is repeated.
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def is_scratch(name: str) -> bool:
    """Whether a folder of this name is a scratch folder, or looks like one."""
    return _NAME.fullmatch(name) is not None


def leftovers(home: Path, name: str = "") -> Iterator[Path]:
    """Yields the scratch folders of this user in a folder: for the target `name`, or for any."""
    start = f".{name[:40]}." if name else "."
    with contextlib.suppress(OSError), os.scandir(home) as entries:
        for entry in entries:
            if entry.name.startswith(start) and is_scratch(entry.name) and _is_own(entry):
                yield Path(entry.path)


def settle_abandoned(folder: Path) -> bool:
    """Settles a scratch folder if its owner is dead.

    Returns:
      False if the owner lives, or the folder is not one that this can settle.
    """
    path = folder / _LOCK
    try:
        lock = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return _remove_unlocked(folder)
    except OSError:
        return False
    try:
        locked = _try_lock(lock)
        is_abandoned = _is_aged(folder) if locked is None else locked
        # The owner may have removed the lock file after it was opened here. Then this lock guards nothing.
        if not is_abandoned or not _is_at(path, lock):
            return False
        label = _read_json(path)
        # Without a name, which is written first, the folder has not been used.
        is_name = isinstance(label, str) and label == os.path.basename(label) not in ("", os.pardir)
        _settle(folder, folder.parent / label if is_name else folder)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def remove(path: Path) -> None:
    """Removes a file, a link (not what it leads to) or a whole directory.

    Raises:
      OSError: it is still there.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    with contextlib.suppress(OSError):
        path.chmod(stat.S_IRWXU)  # what must not be written cannot be emptied
    # POSIX does not say what readdir returns while entries are removed, so the list is read to its end first.
    for entry in list(path.iterdir()):
        remove(entry)
    path.rmdir()


def _settle(folder: Path, target: Path) -> None:
    """Brings back a target that was being replaced or filled, and removes the scratch folder.

    Raises:
      OSError: the target cannot be brought back; what it needs is still in the folder.
    """
    old = folder / _OLD
    # If something is at the target, the replacement has taken place, and `old` is out of date.
    if os.path.lexists(old) and not os.path.lexists(target):
        old.rename(target)
    _take_back(folder, target)
    for entry in list(folder.iterdir()):
        if entry.name != _LOCK:
            remove(entry)
    (folder / _LOCK).unlink(missing_ok=True)  # last: a folder without a lock is nobody's
    folder.rmdir()


def _take_back(folder: Path, target: Path) -> None:
    """Moves entries out of a target that lacks the one that would complete it."""
    noted = _read_json(folder / _MOVED)
    if not isinstance(noted, dict) or not noted:
        return
    # A name with a separator was not written by `note_moves`, and would lead to files elsewhere.
    names = [name for name in noted if os.path.basename(name) == name]
    moved = [name for name in names if _mark(target / name) == noted[name]]
    if list(noted)[-1] not in moved:
        for name in reversed(moved):
            (target / name).rename(folder / _NEW / name)


def _remove_unlocked(folder: Path) -> bool:
    """Removes a scratch folder without a lock: an empty one, or an old one of a file system without locks."""
    with contextlib.suppress(OSError):
        # rmdir(2) fails for a folder with content, so nothing can be lost here.
        folder.rmdir()
    with contextlib.suppress(OSError):
        if _is_aged(folder):
            remove(folder)
    return not os.path.lexists(folder)


def _is_aged(folder: Path) -> bool:
    return folder.lstat().st_mtime < time.time() - _ABANDONED_SECONDS


def _is_own(entry: os.DirEntry[str]) -> bool:
    """Whether a directory, not a link to one, was made by this user. Others must not have files moved."""
    status = entry.stat(follow_symlinks=False)
    return stat.S_ISDIR(status.st_mode) and (sys.platform == "win32" or status.st_uid == os.geteuid())


def _try_lock(descriptor: int) -> bool | None:
    """Locks a file for this process; False if another has it, None where there are no such locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # POSIX allows EACCES as well as EAGAIN for byte-range locks, by which Linux emulates flock on NFS.
        return False if error.errno in _HELD else None
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is still the one at its path."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _mark(path: Path) -> list[int]:
    """Returns what tells a file or directory from others, wherever it is moved; [] where nothing is."""
    try:
        status = path.lstat()
    except OSError:
        return []
    # An inode's number is used again once the file is removed.
    return [status.st_ino, *([] if stat.S_ISDIR(status.st_mode) else [status.st_size, status.st_mtime_ns])]


def _read_json(path: Path) -> Any:
    """Returns what a JSON file holds; None if it is absent or cut."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None

"""Creates or replaces a directory atomically, even if the process is killed.

It is written into a scratch folder beside its target, see `scratch`, and put in its place by one rename, or
by one exchange with what is there. Two cases have no such single step:

* This system, or file system, cannot exchange directories: the old one is moved to the scratch folder, then
  the new one to its place.
* The target is a directory that must stay (it has other files, is a mount point or the current directory):
  the entries are moved into it, and the one that makes it complete comes last.

If these are cut short, `scratch.settle` brings back what was there: in the process itself, or in the next one
that exports to the folder or finds nothing to load there. A remote file system is another case, see `remote`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hubexplore.hub.placement import rename
from hubexplore.hub.placement.scratch import Scratch, is_scratch, leftovers, remove, settle_abandoned
from hubexplore.summary.files.paths import is_url

__all__ = ["is_scratch", "place", "recover"]

_ATTEMPTS: Final = 100  # to put a directory in its place while others do; each costs microseconds
# Something is at the target by now.
_TAKEN: Final = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})
# How long another process may take from one rename to the next.
_WAIT_SECONDS: Final = 0.02
_WAITS: Final = 50


def place(path: str, write: Callable[[str], None], replaces: Callable[[], bool], last: str) -> None:
    """Writes a directory and puts it in its place.

    Args:
      path: absolute path of the directory, or an address of TensorFlow's file systems.
      write: makes a directory at the path it is given.
      replaces: says whether what is at `path` is to be replaced; otherwise what is there stays, and files are
        added. It raises where neither may be. It is asked before the writing and after it.
      last: name of the file without which the directory is not complete.

    Raises:
      OSError: it could not be written; what is at `path` is as before.
      BaseException: what the functions raise; what is at `path` is as before.
    """
    if is_url(path):
        from hubexplore.hub.placement import remote

        remote.place(path, write, replaces, last)
        return
    target = Path(path)
    # A process that died may have left its folder in either place, depending on whether its target had to
    # stay. It is settled before `replaces` looks at the target.
    for home in (target.parent, target):
        for folder in leftovers(home):
            settle_abandoned(folder)
    scratch = Scratch(target, target if not replaces() and _stays(target) else target.parent)
    # Noted before they are made. After a failure only these are removed, innermost first, and rmdir refuses
    # one that others have filled meanwhile.
    missing = [folder for folder in target.parents if not os.path.lexists(folder)]
    try:
        scratch.make()
        write(str(scratch.new))
        _put(scratch, replaces, last)
        scratch.settle()
    except BaseException:
        scratch.settle()
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def recover(path: str) -> bool:
    """Brings back a directory that a dead process had moved aside in order to replace it.

    Args:
      path: where nothing was found; only then folders are searched.

    Returns:
      Whether something is there now.
    """
    if is_url(path) or os.path.lexists(path):
        return False
    target = Path(path).absolute()
    # Without an exchange the target is absent between two renames, so its absence proves nothing.
    for _ in range(_WAITS):
        settled = [settle_abandoned(folder) for folder in leftovers(target.parent, target.name)]
        if all(settled) or os.path.lexists(target):
            break
        time.sleep(_WAIT_SECONDS)  # the owner of one lives, and may be about to put the new one there
    return os.path.lexists(target)


def _stays(target: Path) -> bool:
    """Whether a directory that gets files must remain the same one: somebody may be in it, or use it."""
    if not target.is_dir():
        return False
    return (
        any(target.iterdir())
        or target.is_symlink()
        or target.stat().st_dev != target.parent.stat().st_dev  # a mount point cannot be renamed
        or not _is_writable(target.parent)
        or _is_current(target)
    )


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _is_current(folder: Path) -> bool:
    try:
        return folder.samefile(os.curdir)
    except OSError:  # it was deleted
        return False


def _put(scratch: Scratch, replaces: Callable[[], bool], last: str) -> None:
    """Puts the new directory in its place.

    Raises:
      OSError: the target must not be changed, or others change it all the time.
    """
    for _ in range(_ATTEMPTS):
        # Asked on each attempt: other processes may have changed what is there, which decides how to go on.
        if replaces():
            done = _replaced(scratch)
        elif scratch.is_inside or _stays(scratch.target):
            done = _filled(scratch, last)
        else:
            done = _renamed(scratch)
        if done:
            return
    raise OSError(errno.EBUSY, "other programs keep changing it", str(scratch.target))


def _renamed(scratch: Scratch) -> bool:
    """Renames the new directory to its place; False if something is there that is no empty directory."""
    # rename(2) replaces an empty directory in one step. Its owner and rights must not be lost with it.
    if scratch.target.is_dir():
        _adopt(scratch)
    try:
        scratch.new.rename(scratch.target)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _replaced(scratch: Scratch) -> bool:
    """Exchanges the new directory and the old one; False if others put one there, or took it away."""
    try:
        # Before the exchange: the new directory must not be in place with other rights even for a moment.
        _adopt(scratch)
        if rename.exchange(scratch.new, scratch.target):
            return True
        scratch.target.rename(scratch.old)
    except FileNotFoundError:
        # Only a target that vanished can be dealt with. Without the new directory no attempt can succeed.
        if os.path.lexists(scratch.target) or not os.path.lexists(scratch.new):
            raise
        return False
    done = _renamed(scratch)
    if not done:
        remove(scratch.old)  # what another process put there meanwhile has replaced it
    return done


def _filled(scratch: Scratch, last: str) -> bool:
    """Moves the entries of the new directory into the target; False if the first of them is there by now."""
    names = sorted((entry.name for entry in scratch.new.iterdir()), key=lambda name: (name == last, name))
    # Before the first move: after a kill at any point, whoever settles the folder knows what to take back.
    scratch.note_moves(names)
    for name in names:
        try:
            rename.move(scratch.new / name, scratch.target / name)
        except FileExistsError:
            # Before the first move nothing has changed, so the attempt can be repeated. Later, the error
            # makes `settle` take back what was moved.
            if name != names[0]:
                raise
            return False
    return True


def _adopt(scratch: Scratch) -> None:
    """Gives the new directory the owner and the rights of the one that it replaces."""
    status = scratch.target.stat()
    with contextlib.suppress(OSError, AttributeError):  # a group that this user is not in; Windows
        os.chown(scratch.new, status.st_uid, status.st_gid)
    # POSIX lets chown clear the set-user-ID and set-group-ID bits, so the mode is set after it.
    scratch.new.chmod(status.st_mode & 0o7777)

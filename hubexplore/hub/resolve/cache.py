"""The cache folder for downloads, extracted archives and samples.

An entry is a directory `KEY` with a record beside it, the text file `KEY.json` (see `manifest`). It appears
whole or not at all: it is built in a staging folder and then renamed. If several processes need the same
entry, one builds it and the others wait (see `entry_lock`). On every use an entry is compared with its
record, cheaply; one that has lost or changed a file is built again.

`TFHUB_CACHE_DIR` may also be on a remote file system, such as `gs://`: see `remote_cache`.

Why no library: those on PyPI keep values or single files, not directories that appear as a whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hubexplore import errors
from hubexplore.hub.resolve import entry_lock, manifest, os_errors
from hubexplore.summary.files import paths
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.files.redaction import redacted

if TYPE_CHECKING:
    from hubexplore.hub.resolve.remote_cache import RemoteEntry

VARIABLE: Final = "TFHUB_CACHE_DIR"
_ATTEMPTS: Final = 100  # to publish an entry while others replace it; each costs microseconds

MSG_DAMAGED: Final = "The copy of %r in the cache, %r, is damaged: %s. It is rebuilt."

MSG_OF_ANOTHER: Final = (
    "The copy of {handle!r} in the cache, {path!r}, is damaged: {problem}. It belongs to another user. Ask "
    "its owner to run `hubexplore fetch --again {handle}`, or set TFHUB_CACHE_DIR to a folder of your "
    "own."
)

MSG_NO_HOME: Final = (
    "This user has no home directory, so there is no place for the cache. Set the environment variable "
    "TFHUB_CACHE_DIR to a folder that can be written."
)
MSG_REMOTE_CACHE: Final = (
    "`{action}` works on a local cache, but TFHUB_CACHE_DIR is {folder!r}. Use the program of that storage "
    "to copy or remove entries: an entry is a folder KEY with its record KEY.json beside it."
)
MSG_CANNOT_WRITE: Final = (
    "Cannot write to the cache folder {folder!r}: {reason}. Free some space or fix the permissions, or set "
    "the environment variable TFHUB_CACHE_DIR to a folder that can be written."
)

MSG_UNREADABLE: Final = (
    "Cannot read the cache folder {folder!r}: {reason}. Ask its owner for the right to read it (folders need "
    "'x' as well as 'r'), or set the environment variable TFHUB_CACHE_DIR to a folder of your own."
)


def directory() -> str:
    """Returns the absolute path or address of the cache: `TFHUB_CACHE_DIR`, else this user's cache folder.

    The folder need not exist yet. The variable is read on every call, so setting it takes effect at once.

    Raises:
      HandleError: `TFHUB_CACHE_DIR` is not set and this user has no home directory; a PathError if it is no
        path at all.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        try:
            return str(user_caches() / "hubexplore")
        except RuntimeError as error:  # a container whose user has neither HOME nor a name
            raise errors.HandleError(MSG_NO_HOME) from error
    folder = paths.to_write(chosen, f"The environment variable {VARIABLE}")
    return folder.rstrip("/") if paths.is_url(folder.rstrip("/")) else folder


def is_remote() -> bool:
    """Whether the cache is on a file system of TensorFlow; errors are those of `directory`."""
    return paths.is_url(directory())


def require_local(action: str) -> None:
    """Raises HandleError if the cache is remote.

    Args:
      action: what cannot be done there, such as "hubexplore cache prune".
    """
    if is_remote():
        raise errors.HandleError(MSG_REMOTE_CACHE.format(action=action, folder=redacted(directory())))


def path_of(key: str) -> str:
    """Returns the path or address of entry `key`, which need not exist."""
    folder = directory()
    return f"{folder}/{key}" if paths.is_url(folder) else str(Path(folder, key))


def user_caches() -> Path:
    """Returns the folder for caches of this operating system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification says to ignore relative paths.
    return Path(chosen) if chosen.startswith("/") else Path.home() / ".cache"


def key_of(text: str) -> str:
    """Returns the name of the entry for `text`.

    It is the SHA-1 of the handle, which other programs that use `TFHUB_CACHE_DIR` take as well: what they
    have downloaded there is found, and not downloaded again.
    """
    return hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def is_key(value: object) -> bool:
    """Whether `key_of` may have returned this: the name of an entry, not a path to somewhere else."""
    return isinstance(value, str) and manifest.KEY.fullmatch(value) is not None


def entry(key: str, handle: str, build: Callable[[str], str | None]) -> str:
    """Returns the directory of entry `key`, building it if it is absent or damaged.

    If several processes need it, one builds it while the others wait. An existing entry is used without a
    lock, so a cache that cannot be written will do.

    Args:
      key: Name of the entry, a plain file name. See `key_of`.
      handle: The user's handle, without a password; recorded beside the entry.
      build: Fills the empty directory at the path it gets. It may return a directory below that one, which
        then becomes the entry; None means the whole. It must hold a model: a `saved_model.pb`, a frozen
        graph, or a checkpoint with its graph.
        Whatever it raises is passed on, and nothing stays behind.

    Raises:
      DownloadError: The cache cannot be written.
      NotAModuleError: `build` made something without a `saved_model.pb`.
      UnreadableModuleError: The cache cannot be read.
      HandleError: The cache is remote, and TensorFlow has no such file system.
    """
    if is_remote():
        return _remote_entry(key, handle, build, thorough=False)
    path = Path(directory(), key)
    problem = _problem(path)
    entry_lock.sweep(str(path.parent))
    if problem is not None:
        _renew(path, handle, build, thorough=False)
    return str(path)


def existing(key: str) -> str | None:
    """Returns the directory of entry `key` if it can be used, else None; builds nothing.

    Raises:
      UnreadableModuleError: The cache cannot be read.
    """
    if is_remote():
        return path_of(key) if _remote(key).problem() is None else None
    path = Path(directory(), key)
    return str(path) if _problem(path) is None else None


def renew(key: str, handle: str, build: Callable[[str], str | None]) -> None:
    """Builds entry `key` again if its content is not what was recorded, or if nothing was recorded.

    For callers that found damage in an entry that looked whole. Arguments and errors are those of `entry`.
    """
    if is_remote():
        _remote_entry(key, handle, build, thorough=True)
    else:
        _renew(Path(directory(), key), handle, build, thorough=True)


def drop(key: str) -> bool:
    """Removes entry `key` unless a process uses it, see `entry_lock.mark`; says whether it is gone."""
    if is_remote():
        return _remote(key).drop()
    path = Path(directory(), key)
    try:
        if not manifest.is_own(path) or entry_lock.is_marked(str(path)):
            return False
        with entry_lock.held(path, key):
            scratch = entry_lock.staging(path)
            # Renamed first, so a reader sees the entry whole or not at all. The record goes second, since a
            # tree without one would count as the entry of another program, and be trusted.
            with contextlib.suppress(FileNotFoundError):
                path.rename(scratch / "old")
            manifest.path_of(path).unlink(missing_ok=True)
            entry_lock.remove(scratch)
    except OSError:
        return False
    return True


def _renew(path: Path, handle: str, build: Callable[[str], str | None], thorough: bool) -> None:
    with contextlib.ExitStack() as stack:
        with _writing(path.parent):
            make_folder(path.parent)
            stack.enter_context(entry_lock.held(path, handle))
        # Asked again under the lock: another process may have built the entry while this one waited.
        problem = _problem(path, thorough)
        if problem is None and thorough and not manifest.is_complete(path):
            problem = "it cannot be loaded"
        if problem is None:
            return
        if problem and not manifest.is_own(path):
            raise errors.UnreadableModuleError(
                MSG_OF_ANOTHER.format(handle=handle, path=str(path), problem=problem)
            )
        if problem:
            _say_damaged(path, handle, problem)
        with _writing(path.parent):
            scratch = entry_lock.staging(path)
            stack.callback(entry_lock.remove, scratch)
        _build(path, scratch, handle, build)


def _remote(key: str) -> RemoteEntry:
    from hubexplore.hub.resolve.remote_cache import RemoteEntry

    return RemoteEntry(path_of(key))


def _remote_entry(key: str, handle: str, build: Callable[[str], str | None], thorough: bool) -> str:
    """Returns the address of a remote entry, which is built if it is absent or damaged."""
    entry = _remote(key)
    problem = entry.problem(thorough)
    if problem is None and thorough and not entry.record():
        problem = "it cannot be loaded"
    if problem is not None:
        if problem:
            _say_damaged(entry.path, handle, problem)
        entry.store(handle, lambda target: _made(target, handle, build), replaces=bool(problem))
    return entry.path


def _say_damaged(path: Path | str, handle: str, problem: str) -> None:
    import logging  # the import takes longer than using an entry

    logging.getLogger("hubexplore").warning(MSG_DAMAGED, handle, str(path), problem)


def _build(path: Path, scratch: Path, handle: str, build: Callable[[str], str | None]) -> None:
    # The build may take minutes. If the inode differs afterwards, another process was faster.
    target, damaged = scratch / "made", _inode(path)
    with _writing(path.parent):
        target.mkdir()
    made = _made(target, handle, build)
    with _writing(path.parent):
        record = scratch / "record.json"
        manifest.make_readable(made)
        manifest.write(made, record, handle)
        _publish(made, record, path, scratch, damaged)


def _made(target: Path, handle: str, build: Callable[[str], str | None]) -> Path:
    """Returns the tree that `build` makes in the empty folder `target`, or below it."""
    made = Path(build(str(target)) or target)
    if not (made / manifest.PROOF).is_file() and not _is_other_model(made):
        raise errors.NotAModuleError(f"{handle!r} holds no {manifest.PROOF!r}, so it is not a module.")
    return made


def _is_other_model(made: Path) -> bool:
    """Whether a tree holds a frozen graph, or a checkpoint with its graph."""
    from hubexplore.summary.formats.graph_files import model_files

    return model_files.find(str(made), LocalFilesystem()) is not None


def _writing(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Turns an OSError into the DownloadError that names the cache."""
    return os_errors.translated(
        lambda reason: errors.DownloadError(MSG_CANNOT_WRITE.format(folder=str(folder), reason=reason))
    )


def _publish(made: Path, record: Path, path: Path, scratch: Path, damaged: int | None) -> None:
    """Moves a tree and its record into place; an entry that is there goes to `scratch`.

    Args:
      made: The tree.
      record: Its record.
      path: Of the entry.
      scratch: The staging folder.
      damaged: Inode of the entry that is replaced on purpose; None if there was none.
    """
    for attempt in range(_ATTEMPTS):
        if _inode(path) != damaged and _problem(path) is None:
            return  # another process was faster, on a file system without locks
        with contextlib.suppress(FileNotFoundError):
            path.rename(scratch / f"old{attempt}")
        if record.exists():
            # Before the tree: a tree without a record would count as one of another program, and be trusted.
            record.replace(manifest.path_of(path))
        try:
            made.rename(path)
        except OSError as error:
            # Windows reports EACCES for an existing target.
            if not (error.errno in {errno.ENOTEMPTY, errno.EEXIST} or path.is_dir()):
                raise
        else:
            return
    raise OSError(errno.EBUSY, "other programs keep changing the entry", str(path))


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def _problem(path: Path, thorough: bool = False) -> str | None:
    """Returns what is wrong with an entry: "" if it does not exist, None if it can be used."""
    try:
        if not path.is_symlink() and not os.path.lexists(path):
            _require_readable(path.parent)
            return ""
        return manifest.find_damage(path, thorough)
    except FileNotFoundError as error:
        return f"{error.filename!r} is missing"
    except OSError as error:
        message = MSG_UNREADABLE.format(folder=str(path.parent), reason=os_errors.reason_of(error))
        raise errors.UnreadableModuleError(message) from error


def _require_readable(folder: Path) -> None:
    """Raises OSError if a folder cannot be searched, since it must not pass for an empty one."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.stat(f"{folder}/.")  # noqa: PTH116 - pathlib drops the dot, which needs the right to enter


def make_folder(folder: Path) -> None:
    """Makes the cache folder. One that the user chose may be shared, so the umask does not apply to it."""
    chosen = bool(os.environ.get(VARIABLE))
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for parent in reversed(missing):
        # Another process may make the same folder at this moment.
        parent.mkdir(exist_ok=True)
        if chosen:
            # mkdir applies the umask, chmod does not.
            with contextlib.suppress(OSError):
                parent.chmod(0o755)

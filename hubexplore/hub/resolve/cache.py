"""The folder that downloads, extracted archives and samples are kept in.

An entry is a directory `KEY` with a text file `KEY.json` beside it, which records the handle, the
time and the files. It appears whole or not at all: it is built in a directory of its own and then
renamed. There are no locks. Of two that build one entry at the same time, the second to finish
drops its work and uses what the first made, so nobody waits for somebody who died.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.summary import paths

VARIABLE: Final = "TFHUB_CACHE_DIR"
_PROOF: Final = "saved_model.pb"
_ATTEMPTS: Final = 100  # to publish an entry while others replace it; each costs microseconds

MSG_REMOTE_CACHE: Final = (
    "The cache must be a local folder, but TFHUB_CACHE_DIR is {folder!r}. Set it to a local one, or unset it."
)
MSG_CANNOT_WRITE: Final = (
    "Cannot write to the cache folder {folder!r}: {reason}. Make room or rights there, or set "
    "the environment variable TFHUB_CACHE_DIR to a folder that can be written."
)


def directory() -> str:
    """Returns the absolute path of the cache: `TFHUB_CACHE_DIR`, else this user's own cache folder.

    The folder need not exist yet. The variable is read on every call, so setting it takes effect at once.

    Raises:
      HandleError: `TFHUB_CACHE_DIR` is not a local path; a PathError if it is no path at all.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return str(_user_caches() / "hubexplore")
    folder = paths.to_write(chosen, f"The environment variable {VARIABLE}")
    if paths.is_url(folder):
        raise errors.HandleError(MSG_REMOTE_CACHE.format(folder=chosen))
    return folder


def _user_caches() -> Path:
    """Returns where this operating system wants caches to be."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification says to ignore relative paths.
    return Path(chosen) if chosen.startswith("/") else Path.home() / ".cache"


def key_of(text: str) -> str:
    """Returns the name of the entry for `text`.

    It is the SHA-1 of the handle, which other readers of `TFHUB_CACHE_DIR` use too: what they have
    downloaded there is found, and not fetched again.
    """
    return hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def entry(key: str, handle: str, build: Callable[[str], str | None]) -> str:
    """Returns the directory of entry `key`, building it if it is absent or files of it are gone.

    Args:
      key: Name of the entry, a plain file name. See `key_of`.
      handle: What the user asked for; recorded beside the entry.
      build: Fills the empty directory it is given. It may return a directory below that one, which
        then becomes the entry; None means the whole. A module must be in it, that is a `saved_model.pb`.
        Whatever it raises is passed on, and nothing stays behind.

    Raises:
      DownloadError: The cache cannot be written.
      NotAModuleError: `build` made something without a `saved_model.pb`.
    """
    path = Path(directory(), key)
    if _is_whole(path):
        return str(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{key}.", suffix=".tmp", dir=path.parent))
    except OSError as error:
        raise _cannot_write(path.parent, error) from error
    try:
        made = Path(build(str(scratch)) or scratch)
        if not (made / _PROOF).is_file():
            raise errors.NotAModuleError(f"{handle!r} holds no {_PROOF!r}, so it is not a module.")
        try:
            _publish(made, path, handle)
        except OSError as error:
            raise _cannot_write(path.parent, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return str(path)


def _cannot_write(folder: Path, error: OSError) -> errors.DownloadError:
    reason = error.strerror or str(error)
    return errors.DownloadError(MSG_CANNOT_WRITE.format(folder=str(folder), reason=reason))


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _is_whole(path: Path) -> bool:
    """Says whether the entry exists with every file recorded for it.

    Programs that tidy up delete single old files out of caches, so the directory alone proves little.
    """
    if not (path / _PROOF).is_file():
        return False
    try:
        files = json.loads(_record(path).read_text("utf-8"))["files"]
        return all((path / name).is_file() for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return True  # Not recorded, for example put there by another program: the main file must do.


def _publish(made: Path, path: Path, handle: str) -> None:
    """Renames `made` to `path`, unless a whole entry is there by now."""
    # mkdtemp makes private directories, but several users may share a cache.
    made.chmod(0o755)
    files = _files(made)
    for _ in range(_ATTEMPTS):
        try:
            made.rename(path)
        except OSError as error:
            # Windows reports EACCES for an existing target.
            exists = error.errno in {errno.ENOTEMPTY, errno.EEXIST} or path.is_dir()
            if not exists:
                raise
        else:
            _write_record(path, handle, files)
            return
        with contextlib.suppress(FileNotFoundError):  # It was set aside by somebody else meanwhile.
            found = path.stat().st_ino
            if _is_whole(path):
                return
            _set_aside(path, found, handle)
    raise OSError(errno.EBUSY, "other programs keep changing the entry", str(path))


def _set_aside(path: Path, found: int, handle: str) -> None:
    """Removes the entry `found` (its inode), which has lost files, in one step for everybody else."""
    aside = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    old = Path(aside, "old")
    try:
        _record(path).unlink(missing_ok=True)
        path.rename(old)
        if old.stat().st_ino != found:
            # Somebody replaced it since we looked: what we hold is new, and goes back.
            with contextlib.suppress(OSError):
                files = _files(old)
                old.rename(path)
                _write_record(path, handle, files)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _write_record(path: Path, handle: str, files: list[str]) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    text = json.dumps({"handle": handle, "date": now, "files": files}, indent=1)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(name).replace(_record(path))
    except OSError:
        # The entry itself is whole and in place; the record only helps to notice losses later.
        Path(name).unlink(missing_ok=True)

"""Lists, verifies and removes entries of the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.hub.resolve import cache, manifest, os_errors
from hubexplore.summary.files.paths import is_url

_DAY_SECONDS: Final = 86_400

MSG_UNKNOWN: Final = (
    "The cache {folder!r} has no entry {name!r}.{closest} `hubexplore cache list` lists what it has."
)


@dataclass(frozen=True)
class Entry:
    """An entry of the cache.

    Attributes:
      key: its name, that of its folder.
      handle: of the model; "" if another program made the entry and left no handle.
      folder: its path.
      size: of its files, in bytes.
      used: when its files were last read or written, in seconds since 1970; when it was stored, in a remote
        cache, which does not know of reads.
    """

    key: str
    handle: str
    folder: str
    size: int
    used: float

    @property
    def days(self) -> float:
        """How many days ago it was used."""
        return max(0.0, (time.time() - self.used) / _DAY_SECONDS)


def entries() -> list[Entry]:
    """Returns all entries, ordered by handle.

    Raises:
      UnreadableModuleError: the cache cannot be read.
      HandleError: the cache is remote, and TensorFlow has no such file system.
    """
    if cache.is_remote():
        return sorted(_remote_entries(), key=lambda entry: (entry.handle, entry.key))
    folder = Path(cache.directory())
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names are what is needed
    except FileNotFoundError:
        return []
    except OSError as error:
        message = cache.MSG_UNREADABLE.format(folder=str(folder), reason=os_errors.reason_of(error))
        raise errors.UnreadableModuleError(message) from error
    keys = [name for name in names if _is_entry(folder / name)]
    return sorted((_entry(folder / key) for key in keys), key=lambda entry: (entry.handle, entry.key))


def chosen(names: Sequence[str]) -> list[Entry]:
    """Returns the entries of these handles or keys; all without names.

    Raises:
      HandleError: there is no such entry.
    """
    every = entries()
    if not names:
        return every
    picked: dict[str, Entry] = {}
    for name in names:
        found = [entry for entry in every if name in (entry.handle, entry.key)]
        if not found:
            known = [entry.handle or entry.key for entry in every]
            message = MSG_UNKNOWN.format(
                folder=cache.directory(), name=name, closest=errors.closest(name, known)
            )
            raise errors.HandleError(message)
        picked.update((entry.key, entry) for entry in found)
    return list(picked.values())


def damage(entry: Entry) -> str | None:
    """Returns what is wrong with an entry, all files compared with its record; None for a whole one."""
    if is_url(entry.folder):
        return _damage_of_remote(entry)
    try:
        return manifest.find_damage(Path(entry.folder), thorough=True)
    except OSError as error:
        return f"cannot be read: {os_errors.reason_of(error)}"


def is_recorded(entry: Entry) -> bool:
    """Says whether an entry has a record by which any damage would be found."""
    if is_url(entry.folder):
        from hubexplore.hub.resolve.remote_cache import RemoteEntry

        return bool(RemoteEntry(entry.folder).record())
    return manifest.is_complete(Path(entry.folder))


def to_prune(every: Iterable[Entry], days: float | None, size: int | None) -> list[Entry]:
    """Returns the entries to remove, those that were not used for the longest time first.

    Args:
      every: all entries.
      days: those that were not used for so many days.
      size: as many more as it takes to keep at most so many bytes.
    """
    oldest = sorted(every, key=lambda entry: (entry.used, entry.key))
    left = sum(entry.size for entry in oldest)
    pruned = []
    for entry in oldest:
        is_old = days is not None and entry.days >= days
        if is_old or (size is not None and left > size):
            pruned.append(entry)
            left -= entry.size
    return pruned


def _is_entry(path: Path) -> bool:
    # The cache may be any folder, such as a home directory: what is not an entry is left alone.
    if path.name.startswith(".") or path.is_symlink() or not path.is_dir():
        return False
    return manifest.is_complete(path) or (cache.is_key(path.name) and (path / manifest.PROOF).is_file())


def _entry(folder: Path) -> Entry:
    size, used = 0, 0.0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                status = Path(place, name).lstat()
            except OSError:
                continue
            size += status.st_size
            used = max(used, status.st_mtime, status.st_atime)
    return Entry(folder.name, manifest.handle_of(folder), str(folder), size, used)


def _remote_entries() -> Iterator[Entry]:
    from hubexplore.hub.resolve import remote_cache

    for entry in remote_cache.entries(cache.directory()):
        key, record = entry.path.rpartition("/")[2], entry.record()
        files = record.get("files")
        if not cache.is_key(key) and not isinstance(files, dict):
            continue  # the cache may be any folder: this is something of the user's
        # Sizes are those of the record: asking for each would be a request for each file.
        states = files.values() if isinstance(files, dict) else ()
        sizes = [state[0] for state in states if isinstance(state, list) and state]
        handle = record.get("handle")
        yield Entry(
            key,
            handle if isinstance(handle, str) else "",
            entry.path,
            sum(size for size in sizes if isinstance(size, int)),
            _seconds(record.get("date")),
        )


def _seconds(date: object) -> float:
    """Returns the time of a record in seconds since 1970; now, if it has none."""
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except (ValueError, OverflowError, OSError):
        return time.time()


def _damage_of_remote(entry: Entry) -> str | None:
    from hubexplore.hub.resolve.remote_cache import RemoteEntry

    try:
        problem = RemoteEntry(entry.folder).problem(thorough=True)
    except errors.UnreadableModuleError as error:
        return str(error)
    return "it was not stored completely" if problem == "" else problem

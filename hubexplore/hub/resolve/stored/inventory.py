"""Lists, verifies and removes entries of the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore import errors
from hubexplore.hub.resolve import cache, manifest, os_errors

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
      used: when its files were last read or written, in seconds since 1970.
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
    """
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
    try:
        return manifest.find_damage(Path(entry.folder), thorough=True)
    except OSError as error:
        return f"cannot be read: {os_errors.reason_of(error)}"


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

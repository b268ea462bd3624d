"""Which entry of the cache belongs to the archive at a path.

New content gets a new entry, since a graph may still read from the earlier one; a new time of change alone
does not. A file `KEY.archive` beside the entries, KEY standing for the path, records size and time of the
archive when it was last seen, a digest of its content, its entry, and earlier entries. Earlier entries are
removed when no process that has read from them is left.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore.hub.resolve import cache, entry_lock
from hubexplore.summary.files.filesystem import open_regular

# Marked entries of one archive in one process. A mark holds a descriptor, so the oldest is given up.
_MOST_USED: Final = 16

# What this process has read from, marked until the process ends: archive -> entry -> mark.
_marks: dict[str, dict[str, int]] = {}


@dataclass(frozen=True)
class Archived:
    """An archive whose content becomes an entry of the cache.

    Attributes:
      path: Its path.
      size: In bytes.
      modified: Time of the last change, in nanoseconds since 1970.
      is_local: Whether it is a local file, whose content can be compared quickly.
      build: See `cache.entry`.
    """

    path: str
    size: int
    modified: int
    is_local: bool
    build: Callable[[str], str]

    def directory(self) -> str:
        """Returns the directory of its entry."""
        if cache.is_remote():
            # Without KEY.archive: other machines use the cache too, and this archive is on one of them.
            return cache.entry(self._key(self._digest(), {}), self.path, self.build)
        record = self._read()
        key, earlier = record.get("key"), record.get("earlier", [])
        # Size and time come first, since a digest reads the whole archive.
        seen = (record.get("size"), record.get("modified")) == (self.size, self.modified)
        if not seen or key is None:
            digest = self._digest()
            new = self._key(digest, record)
            earlier = [known_key for known_key in (*earlier, key) if known_key not in (None, new)]
            record = {
                "path": self.path,
                "size": self.size,
                "modified": self.modified,
                "digest": digest,
                "key": new,
            }
            key = new
        entry = cache.entry(key, self.path, self.build)
        # At once: another process may replace the archive, and must not drop what is read here.
        _mark(self.path, entry)
        if not seen or earlier:
            # Recorded before anything is dropped: after a kill the next use still knows what is left over.
            self._write({**record, "earlier": earlier})
            left = [known_key for known_key in earlier if not cache.drop(known_key)]
            if left != earlier:
                self._write({**record, "earlier": left})
        return entry

    def renew(self) -> None:
        """See `cache.renew`."""
        key = self._key(self._digest(), {}) if cache.is_remote() else self._read().get("key")
        if key is not None:
            cache.renew(key, self.path, self.build)

    def _key(self, digest: str, record: dict[str, Any]) -> str:
        if record.get("digest") == digest and "key" in record:
            return str(record["key"])
        # The entry that version 0.1.0 made, which is still good.
        former = cache.key_of(f"{self.path}\n{self.size}\n{self.modified}")
        if not record and not cache.is_remote() and Path(cache.directory(), former).is_dir():
            return former
        return cache.key_of(f"{self.path}\n{digest}")

    def _digest(self) -> str:
        # Reading all of a remote archive costs as much as fetching it, so its size and time must do.
        if not self.is_local:
            return f"{self.size} {self.modified}"
        with open_regular(self.path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _record(self) -> Path:
        return Path(cache.directory(), f"{cache.key_of(self.path)}.archive")

    def _read(self) -> dict[str, Any]:
        """Returns the record. Only valid keys of it: other users may write to a shared cache."""
        try:
            record = json.loads(self._record().read_bytes())
        # json raises RecursionError for deep nesting, which a stranger may have written into a shared cache.
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(record, dict) or not cache.is_key(record.get("key")):
            return {}
        earlier = record.get("earlier")
        keys = [key for key in earlier if cache.is_key(key)] if isinstance(earlier, list) else []
        return {**record, "earlier": keys}

    def _write(self, record: dict[str, Any]) -> None:
        # In a cache that cannot be written, the archive is compared again each time.
        target = self._record()
        entry_lock.write(target.with_suffix(""), target, json.dumps(record, indent=1) + "\n")


def _mark(path: str, entry: str) -> None:
    """Marks an entry as read by this process."""
    marks = _marks.setdefault(path, {})
    if entry in marks:
        return
    mark = entry_lock.mark(entry)
    if mark is not None:
        marks[entry] = mark
    while len(marks) > _MOST_USED:
        os.close(marks.pop(next(iter(marks))))

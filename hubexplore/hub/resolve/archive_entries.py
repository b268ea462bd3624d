"""Which entry of the cache the archive at a path has.

Another content makes another entry, since a graph may still read from the earlier one; another time of change
does not. Beside the entries, `KEY.archive`, whose KEY stands for the path, records size and time of the
archive when it was last seen, a digest of its content, its entry, and earlier entries. Those are removed when
no process that has read from them is left.
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

# Of one archive in one process; what was read longest ago counts as not in use any more.
_MOST_USED: Final = 16

# What this process has read from, which stays marked until the process ends: archive -> entry -> mark.
_marks: dict[str, dict[str, int]] = {}


@dataclass(frozen=True)
class Archived:
    """An archive whose content becomes an entry of the cache.

    Attributes:
      path: Of the archive.
      size: In bytes.
      modified: Time of the last change, in nanoseconds since 1970.
      is_local: Whether it is a file of this machine, whose content can be compared quickly.
      build: See `cache.entry`.
    """

    path: str
    size: int
    modified: int
    is_local: bool
    build: Callable[[str], str]

    def directory(self) -> str:
        """Returns the directory of its entry."""
        record = self._read()
        key, earlier = record.get("key"), record.get("earlier", [])
        seen = (record.get("size"), record.get("modified")) == (self.size, self.modified)
        if not seen or key is None:
            digest = self._digest()
            new = self._key(digest, record)
            earlier = [each for each in (*earlier, key) if each not in (None, new)]
            record = {
                "path": self.path,
                "size": self.size,
                "modified": self.modified,
                "digest": digest,
                "key": new,
            }
            key = new
        found = cache.entry(key, self.path, self.build)
        _mark(self.path, found)
        if not seen or earlier:
            self._write({**record, "earlier": earlier})
            left = [each for each in earlier if not cache.drop(each)]
            if left != earlier:
                self._write({**record, "earlier": left})
        return found

    def renew(self) -> None:
        """See `cache.renew`."""
        key = self._read().get("key")
        if key is not None:
            cache.renew(key, self.path, self.build)

    def _key(self, digest: str, record: dict[str, Any]) -> str:
        if record.get("digest") == digest and "key" in record:
            return str(record["key"])
        # Where version 0.1.0 put it.
        former = cache.key_of(f"{self.path}\n{self.size}\n{self.modified}")
        if not record and Path(cache.directory(), former).is_dir():
            return former
        return cache.key_of(f"{self.path}\n{digest}")

    def _digest(self) -> str:
        if not self.is_local:
            return f"{self.size} {self.modified}"
        with open_regular(self.path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _record(self) -> Path:
        return Path(cache.directory(), f"{cache.key_of(self.path)}.archive")

    def _read(self) -> dict[str, Any]:
        """Returns the record; without keys that are none: others may write to a shared cache."""
        try:
            record = json.loads(self._record().read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(record, dict) or not cache.is_key(record.get("key")):
            return {}
        earlier = record.get("earlier")
        kept = [each for each in earlier if cache.is_key(each)] if isinstance(earlier, list) else []
        return {**record, "earlier": kept}

    def _write(self, record: dict[str, Any]) -> None:
        # In a cache that cannot be written, the archive is compared anew each time.
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

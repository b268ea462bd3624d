"""Which parts of a result are finished: one line of JSON each, appended when the part is in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

NAME: Final = "_journal.jsonl"
_END: Final = {"complete": True}
"""The last line, of a result that is complete."""


@dataclass(frozen=True)
class Part:
    """A finished part.

    Attributes:
      number: of the part, from 0.
      first: number of its first row in the data.
      read: number of rows of the data that it stands for.
      written: number of rows in its file: without those that failed.
      bytes: size of its file.
      failed_bytes: size of the file of its failed rows; 0 if there are none.
    """

    number: int
    first: int
    read: int
    written: int
    bytes: int
    failed_bytes: int = 0

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"part-{self.number:05}.parquet"


class Journal:
    """The journal in a folder.

    Args:
      folder: of the result.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.parts: list[Part] = []
        self.is_complete = False
        self._size = 0
        for line in self._lines():
            entry = _entry(line)
            if entry is None:
                break
            self._size += len(line)
            if entry.get("complete"):
                self.is_complete = True
                break
            self.parts.append(Part(**entry))

    @property
    def next_row(self) -> int:
        """The number of the first row that no finished part stands for."""
        return self.parts[-1].first + self.parts[-1].read if self.parts else 0

    def keep(self, count: int) -> None:
        """Forgets all but the first `count` parts, and what a kill left of a line."""
        for part in self.parts[count:]:
            self._size -= len(_line(asdict(part)))
        if count < len(self.parts) and self.is_complete:
            self._size -= len(_line(_END))
            self.is_complete = False
        self.parts = self.parts[:count]
        if self._path.exists():
            os.truncate(self._path, self._size)

    def add(self, part: Part, is_last: bool = False) -> None:
        """Notes a part whose files are in place, and whether the result is complete with it."""
        self._append(asdict(part), *([_END] if is_last else []))
        self.parts.append(part)
        self.is_complete = is_last

    def complete(self) -> None:
        """Notes that there are no further parts."""
        self._append(_END)
        self.is_complete = True

    def _append(self, *entries: Mapping[str, Any]) -> None:
        lines = b"".join(map(_line, entries))
        with self._path.open("ab") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._size += len(lines)

    def _lines(self) -> list[bytes]:
        return self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _entry(line: bytes) -> dict[str, Any] | None:
    """What a line says; None for one that a kill has cut."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return entry

"""Limits on downloads and archives, so that a stranger's cannot fill the disk.

| environment variable | default | what it bounds |
| --- | --- | --- |
| `HUBEXPLORE_MAX_SIZE` | `16GB` | a download, and what an archive unpacks to |
| `HUBEXPLORE_MAX_RATIO` | `100` | bytes that an archive unpacks to for each byte it has, beyond 128 MB |
| `HUBEXPLORE_MAX_FILES` | `10000` | files, directories and links in an archive; files of a hosted model |
| `HUBEXPLORE_MAX_DEPTH` | `64` | directories within each other in an archive |
| `HUBEXPLORE_MIN_RATE` | `1000` | bytes a second, over a minute, that a server must send; `0` for any |
"""

from __future__ import annotations

import math
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from hubexplore import errors

SIZE: Final = "HUBEXPLORE_MAX_SIZE"
RATIO: Final = "HUBEXPLORE_MAX_RATIO"
FILES: Final = "HUBEXPLORE_MAX_FILES"
DEPTH: Final = "HUBEXPLORE_MAX_DEPTH"
RATE: Final = "HUBEXPLORE_MIN_RATE"

_DEFAULTS: Final = {SIZE: 16 << 30, RATIO: 100, FILES: 10_000, DEPTH: 64, RATE: 1000}
# Bytes up to which the ratio is not checked: a small module with a variable of zeros is very dense.
_DENSE: Final = 128 << 20
# Levels of directories that the system and Python's own recursive functions can still handle.
_DEEPEST: Final = 500
# Both parts are bounded in length, so every number fits into a float.
_NUMBER: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)

MSG_SETTING: Final = (
    "The environment variable {name} must be a number, such as {example!r}; it is {value!r}. Correct it or "
    "unset it."
)
MSG_LIFT: Final = (
    "{finding}; the limit is {limit}. If you trust its source, set "
    "os.environ[{name!r}] = {example!r} and try again"
)
MSG_DISK: Final = (
    "it needs {needed}, but the disk of {what}, at {folder!r}, has only {free} left. Make room there, or "
    "set the environment variable {variable} to a folder on another disk"
)


def value(name: str) -> int:
    """Returns the limit that the environment variable `name` sets, else its default.

    Sizes may end with kB, MB, GB or TB, powers of 1024.

    Raises:
      SettingError: (a ValueError) It is not a number.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return _DEFAULTS[name]
    number = parsed(text)
    if number is None:
        example = "64GB" if name == SIZE else str(_DEFAULTS[name])
        raise errors.SettingError(MSG_SETTING.format(name=name, example=example, value=text))
    return number


def parsed(text: str) -> int | None:
    """Returns the number that a text such as "500MB" stands for; None if it is not a number."""
    match = _NUMBER.fullmatch(text.strip())
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")) if match else None


def binary_size_text(size: float) -> str:
    """Returns a number of bytes as text: "1.5 GB"."""
    if size < 1024:
        return f"{size:,.0f} bytes"
    units = ("kB", "MB", "GB", "TB")
    power = min(int(math.log(size, 1024)), len(units))
    size /= 1024**power
    return f"{size:,.0f} {units[power - 1]}" if size >= 100 else f"{size:.1f} {units[power - 1]}"


def lift(finding: str, name: str, limit: int, needed: int) -> str:
    """Returns the message that a limit is passed: the finding, the limit, and how to raise it.

    Args:
      finding: The beginning of the sentence.
      name: The environment variable.
      limit: The current limit.
      needed: A size or number that is already known to be too little.
    """
    is_size = name == SIZE
    example = f"{4 * max(limit, needed, 1 << 30) >> 30}GB" if is_size else str(max(limit * 10, needed * 2))
    text = binary_size_text(limit) if is_size else f"{limit:,}"
    return MSG_LIFT.format(finding=finding, limit=text, name=name, example=example)


class Packed(Protocol):
    """The size of an archive, as far as it is known."""

    @property
    def consumed(self) -> int:
        """Number of bytes that were read."""

    @property
    def total(self) -> int | None:
        """Number of bytes in all, if that is known."""


@dataclass
class Budget:
    """The limits for one archive, and what it has used of them. Methods raise ArchiveError at a limit.

    Attributes:
      folder: Where it is unpacked.
      packed: The size of the archive.
      unpacked: Bytes that came out of it.
      copied: Bytes that are written beyond these: copies of a file, and holes.
      members: Files, directories and links.
    """

    folder: Path
    packed: Packed
    unpacked: int = 0
    copied: int = 0
    members: int = 0
    _size: int = field(default_factory=lambda: value(SIZE))
    _ratio: int = field(default_factory=lambda: value(RATIO))
    _files: int = field(default_factory=lambda: value(FILES))
    _depth: int = field(default_factory=lambda: min(value(DEPTH), _DEEPEST))

    def count(self, members: int = 1) -> None:
        """Counts members of the archive."""
        self.members += members
        if self.members > self._files:
            raise errors.ArchiveError(
                lift(f"it holds more than {self._files:,} files", FILES, self._files, self.members)
            )

    def descend(self, name: str) -> None:
        """Checks how many directories deep a name is."""
        if name.count("/") > self._depth:
            finding = f"its member {name[:60]!r}... is {name.count('/'):,} directories deep"
            raise errors.ArchiveError(lift(finding, DEPTH, self._depth, name.count("/")))

    def unpack(self, size: int) -> None:
        """Counts bytes that came out of the archive, those of headers included."""
        self.unpacked += size
        # Without a known size, what was read so far is the measure: a dense part shows early.
        self._check(0, self.packed.total or self.packed.consumed)

    def copy(self, size: int) -> None:
        """Counts bytes that are written without coming out of the archive, before they are written."""
        self.reserve(size)
        self.copied += size

    def reserve(self, size: int) -> None:
        """Checks whether `size` more bytes may be written, and whether the disk has room for them."""
        self._check(size, self.packed.total)
        # Asked each time, since other programs write to the same disk.
        free = shutil.disk_usage(self.folder).free
        if size > free:
            from hubexplore.hub.resolve import cache

            # What a remote cache gets is unpacked in the folder for temporary files.
            is_remote = cache.is_remote()
            message = MSG_DISK.format(
                needed=binary_size_text(size),
                free=binary_size_text(free),
                folder=str(self.folder.parent),
                what="temporary files" if is_remote else "the cache",
                variable="TMPDIR" if is_remote else cache.VARIABLE,
            )
            raise errors.ArchiveError(message)

    def _check(self, size: int, packed: int | None) -> None:
        total = self.unpacked + self.copied + size
        if total > self._size:
            raise errors.ArchiveError(
                lift(f"it unpacks to {binary_size_text(total)} or more", SIZE, self._size, total)
            )
        if packed is not None and total > max(_DENSE, self._ratio * packed):
            finding = f"it has {binary_size_text(packed)} but unpacks to {binary_size_text(total)} or more"
            raise errors.ArchiveError(lift(finding, RATIO, self._ratio, total // max(packed, 1)))

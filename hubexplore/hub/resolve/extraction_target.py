"""The directory that an archive is unpacked into, and nothing outside of it.

Links are made last, so no file can be written through one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Final

from hubexplore import errors
from hubexplore.hub.resolve import os_errors
from hubexplore.hub.resolve.size_limits import Budget

# What the Finder of macOS adds to archives: folders and icons of its own.
_CLUTTER: Final = "__MACOSX"
# As Linux: what leads through more links cannot be opened.
_MOST_PASSED: Final = 40
# Directories on the ways of all links together.
_MOST_STEPS: Final = 200_000


@dataclass(frozen=True)
class _Link:
    name: str
    to: str
    is_symbolic: bool


@dataclass
class Target:
    """Writes the members of one archive.

    Attributes:
      folder: An existing empty directory.
      budget: What may be written.
    """

    folder: Path
    budget: Budget
    _links: dict[Path, _Link] = field(default_factory=dict)
    _steps: int = 0

    def path(self, name: str) -> Path | None:
        """Counts a member and returns where it goes; None for one that is left out."""
        self.budget.count()
        self.budget.descend(name)
        path = self._inside(name)
        if path.relative_to(self.folder).parts[:1] == (_CLUTTER,):
            return None
        self._links.pop(path, None)  # A later member of the same name replaces an earlier one.
        return path

    def directory(self, name: str) -> None:
        """Makes a directory."""
        path = self.path(name)
        if path:
            with _writing(name):
                path.mkdir(parents=True, exist_ok=True)

    def file(self, name: str, size: int, copy: Callable[[IO[bytes]], object]) -> None:
        """Makes a file of `size` bytes, which `copy` writes."""
        path = self.path(name)
        if not path:
            return
        self.budget.reserve(size)
        with _writing(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                copy(file)
            path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)

    def link(self, name: str, to: str, is_symbolic: bool) -> None:
        """Remembers a link for `finish`."""
        path = self.path(name)
        if path:
            with _writing(name):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._links[path] = _Link(name, to, is_symbolic)

    def finish(self) -> None:
        """Makes the links, and checks that each leads to something inside."""
        for path, link in self._links.items():
            with _writing(link.name):
                self._make(path, link)
        for path in self._links:
            self._check_inside(path)

    def _inside(self, name: str) -> Path:
        parts = PurePosixPath(name)
        foreign = os.sep != "/" and (os.sep in name or ":" in name)
        if parts.is_absolute() or ".." in parts.parts or foreign or "\0" in name:
            raise errors.ArchiveError(f"its member {name!r} would be written outside of the target")
        return self.folder / parts

    def _make(self, path: Path, link: _Link) -> None:
        if link.is_symbolic:
            if PurePosixPath(link.to).is_absolute():
                raise _points_outside(link)
            path.symlink_to(link.to)
            return
        # The name of a hard link's target counts from the root of the archive.
        source = self._inside(link.to)
        if not source.is_file() or source.is_symlink():
            raise errors.ArchiveError(f"its link {link.name!r} names {link.to!r}, which is not a file of it")
        self._check_inside(source)
        self.budget.copy(source.stat().st_size)
        shutil.copyfile(source, path, follow_symlinks=False)

    def _check_inside(self, path: Path) -> None:
        """Follows links as the system does, within bounds that os.path.realpath does not have."""
        place, left = self.folder, list(reversed(path.relative_to(self.folder).parts))
        passed: list[Path] = []
        while left:
            part = left.pop()
            self._steps += 1
            if part == "..":
                if place == self.folder:
                    raise _points_outside(self._links.get(path, _Link("?", "?", is_symbolic=True)))
                place = place.parent
                continue
            place /= part
            if not place.is_symlink():
                continue
            if place in passed:
                return  # They go in circles, which harms nobody.
            passed.append(place)
            if len(passed) > _MOST_PASSED or self._steps > _MOST_STEPS:
                name = path.relative_to(self.folder).as_posix()
                raise errors.ArchiveError(f"its link {name!r} leads through too many other links")
            place, to = place.parent, place.readlink()
            if to.is_absolute():
                raise _points_outside(self._links.get(path, _Link("?", "?", is_symbolic=True)))
            left.extend(reversed(to.parts))


def _points_outside(link: _Link) -> errors.ArchiveError:
    return errors.ArchiveError(f"its link {link.name!r} points outside of the target, to {link.to!r}")


def _writing(name: str) -> contextlib.AbstractContextManager[None]:
    """Turns an OSError into an ArchiveError that names the member."""
    return os_errors.translated(
        lambda reason: errors.ArchiveError(f"its member {name!r} cannot be written: {reason}")
    )

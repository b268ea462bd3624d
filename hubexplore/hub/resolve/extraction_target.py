"""The directory that an archive is unpacked into; nothing outside it is touched.

Invariant: while files are written, no link exists, so no file can be written through one. Links are made at
  the
end, and then each is followed, step by step, to see that it never leaves the directory.
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

# The folder that the Finder of macOS adds to archives, for its own icons and attributes.
_MACOS_FOLDER: Final = "__MACOSX"
# Linux refuses to open a path that leads through more links.
_MOST_LINKS_IN_PATH: Final = 40
# Directories on the paths of all links together: links to links could make this exponential.
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
        """Counts a member and returns its path; None for a member that is left out."""
        self.budget.count()
        self.budget.descend(name)
        path = self._inside(name)
        if path.relative_to(self.folder).parts[:1] == (_MACOS_FOLDER,):
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
            # A stranger chose the modes in the archive: no file may become executable or unreadable.
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
        # All links are made before any is checked: one may lead through a later one.
        for path, link in self._links.items():
            with _writing(link.name):
                self._make(path, link)
        for path in self._links:
            self._check_inside(path)

    def _inside(self, name: str) -> Path:
        parts = PurePosixPath(name)
        # On Windows a backslash separates directories, and a colon follows a drive or begins a stream.
        foreign = os.sep != "/" and (os.sep in name or ":" in name)
        if parts.is_absolute() or ".." in parts.parts or foreign or "\0" in name:
            raise errors.ArchiveError(f"its member {name!r} would be written outside the target")
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
            raise errors.ArchiveError(
                f"its link {link.name!r} names {link.to!r}, which is not a file in the archive"
            )
        # A directory on the way to the source may be a link that was made just before.
        self._check_inside(source)
        # A copy, since not every file system has hard links; it takes space, so it is counted.
        self.budget.copy(source.stat().st_size)
        shutil.copyfile(source, path, follow_symlinks=False)

    def _check_inside(self, path: Path) -> None:
        """Follows the links of a path as the system does, within bounds that os.path.realpath lacks.

        `place` is always inside `folder` and free of links; `parts_left` is what is still to be walked, last
        part first. At most `_MOST_STEPS` steps are taken for all links of an archive together.
        """
        place, parts_left = self.folder, list(reversed(path.relative_to(self.folder).parts))
        links_followed: list[Path] = []
        while parts_left:
            part = parts_left.pop()
            self._steps += 1
            if part == "..":
                if place == self.folder:
                    raise _points_outside(self._links.get(path, _Link("?", "?", is_symbolic=True)))
                place = place.parent
                continue
            place /= part
            if not place.is_symlink():
                continue
            if place in links_followed:
                return  # a circle of links, which cannot be opened and so does no harm
            links_followed.append(place)
            if len(links_followed) > _MOST_LINKS_IN_PATH or self._steps > _MOST_STEPS:
                name = path.relative_to(self.folder).as_posix()
                raise errors.ArchiveError(f"its link {name!r} leads through too many other links")
            place, to = place.parent, place.readlink()
            if to.is_absolute():
                raise _points_outside(self._links.get(path, _Link("?", "?", is_symbolic=True)))
            parts_left.extend(reversed(to.parts))


def _points_outside(link: _Link) -> errors.ArchiveError:
    return errors.ArchiveError(f"its link {link.name!r} points outside the target, to {link.to!r}")


def _writing(name: str) -> contextlib.AbstractContextManager[None]:
    """Turns an OSError into an ArchiveError that names the member."""
    return os_errors.translated(
        lambda reason: errors.ArchiveError(f"its member {name!r} cannot be written: {reason}")
    )

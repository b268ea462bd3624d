"""Limits on what the packages of services fetch, which they do not have themselves.

They write to a folder of their own. Its growth is checked when they have ended: what a server announces of
the size need not be what it sends.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from hubexplore.hub.resolve import size_limits

# kagglehub fetches an archive, and unpacks it beside.
_ARCHIVE: Final = ".archive"


class LimitError(Exception):
    """What is fetched passes a limit; the message is the rest of a sentence."""


def check(size: int, files: int) -> None:
    """Checks what a service announces, or has sent.

    Raises:
      LimitError: it is too much.
    """
    limit, most = size_limits.value(size_limits.SIZE), size_limits.value(size_limits.FILES)
    if size > limit:
        finding = f"it has {size_limits.binary_size_text(size)} or more"
        raise LimitError(size_limits.lift(finding, size_limits.SIZE, limit, size))
    if files > most:
        raise LimitError(size_limits.lift(f"it has more than {most:,} files", size_limits.FILES, most, files))


@contextlib.contextmanager
def within(folder: Path) -> Iterator[None]:
    """Removes what the `with` block wrote, if it passes a limit.

    The package is not stopped before it has ended: an exception from outside, in one of its threads, could
    leave its locks behind.

    Args:
      folder: where it writes; need not exist.

    Raises:
      LimitError: a limit was passed.
    """
    before = _files(folder)
    yield
    try:
        check(*_growth(before, _files(folder)))
    except LimitError:
        _remove_new(folder, before)
        raise


def _remove_new(folder: Path, before: Mapping[str, int | None]) -> None:
    """Removes the files that are new in a folder, and what is empty then."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = os.path.join(place, name)
            if path not in before:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - paths are strings here
        with contextlib.suppress(OSError):
            os.rmdir(place)  # noqa: PTH106 - as above


def _files(folder: Path) -> Mapping[str, int | None]:
    """Returns the paths of the files below a folder and their sizes; None for a link."""
    sizes: dict[str, int | None] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                sizes[path] = None if stat.S_ISLNK(status.st_mode) else status.st_size
    return sizes


def _growth(before: Mapping[str, int | None], now: Mapping[str, int | None]) -> tuple[int, int]:
    """Returns by how many bytes and files a folder has grown; links do not count."""
    sizes = {path: size - (before.get(path) or 0) for path, size in now.items() if size is not None}
    packed = sum(size for path, size in sizes.items() if path.endswith(_ARCHIVE))
    return max(packed, sum(sizes.values()) - packed), sum(path not in before for path in sizes)

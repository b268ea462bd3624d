"""Limits on what the packages of services fetch, which they do not have themselves.

They write to a folder of their own. While they do, a thread watches how it grows, and stops them: what a
server announces of the size need not be what it sends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hubexplore.hub.resolve import size_limits

if TYPE_CHECKING:
    from types import FrameType

PAUSE: float = 0.2
"""Seconds between two looks at the folder."""
# kagglehub fetches an archive, and unpacks it beside.
_ARCHIVE: Final = ".archive"


class LimitError(Exception):
    """What is fetched passes a limit; the message is the rest of a sentence."""


class _Stopped(BaseException):
    """Raised in the threads of a package. Not an Exception: packages repeat what failed with one."""


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
def within(package: str, folder: Path) -> Iterator[None]:
    """Stops what is in the `with` block, and removes what it wrote, once it passes a limit.

    Args:
      package: name of the package that fetches.
      folder: where it writes; need not exist.

    Raises:
      LimitError: a limit was passed.
    """
    watch = _Watch(package, folder)
    try:
        try:
            yield
        finally:
            watch.end()
    except _Stopped:
        pass
    except Exception:
        # A package may have made another error of what stopped it.
        if watch.finding is None:
            raise
    finally:
        # Again, since the first time may have been when this thread was stopped, which happens once only.
        watch.end()
    watch.look()
    if watch.finding is not None:
        watch.remove()
        raise watch.finding


class _Watch:
    """A thread that watches a folder, and stops the package that writes to it at a limit."""

    def __init__(self, package: str, folder: Path) -> None:
        self.finding: LimitError | None = None
        self._package, self._folder, self._before = package, folder, _files(folder)
        self._caller, self._is_caller_stopped = threading.get_ident(), False
        self._others = {thread.ident for thread in threading.enumerate()}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hubexplore-download-limits", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Sets `finding` if the folder has grown beyond a limit."""
        if self.finding is None:
            try:
                check(*_growth(self._before, _files(self._folder)))
            except LimitError as error:
                self.finding = error

    def end(self) -> None:
        """Ends the thread."""
        self._done.set()
        self._thread.join()

    def remove(self) -> None:
        """Removes the files that are new in the folder, and what is empty then."""
        for place, _, names in os.walk(self._folder, topdown=False):
            for name in names:
                path = os.path.join(place, name)
                if path not in self._before:
                    with contextlib.suppress(OSError):
                        os.unlink(path)  # noqa: PTH108 - paths are strings here
            with contextlib.suppress(OSError):
                os.rmdir(place)  # noqa: PTH106 - as above

    def _watch(self) -> None:
        while not self._done.wait(PAUSE):
            self.look()
            if self.finding is not None:
                self._stop()

    def _stop(self) -> None:
        """Raises in the threads that the package has started; in that of the caller if there are none."""
        running = {ident for ident, frame in sys._current_frames().items() if self._is_running(frame)}
        started = running - self._others
        for ident in started:
            _raise_in(ident)
        if not started and self._caller in running and not self._is_caller_stopped:
            self._is_caller_stopped = True
            _raise_in(self._caller)

    def _is_running(self, frame: FrameType | None) -> bool:
        """Whether the package is among those that have called a function which has not returned."""
        while frame is not None:
            if (frame.f_globals.get("__name__") or "").partition(".")[0] == self._package:
                return True
            frame = frame.f_back
        return False


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Stopped))


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

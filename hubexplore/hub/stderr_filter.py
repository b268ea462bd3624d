"""TensorFlow's start in the background without its log, while other threads go on writing to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Final

from hubexplore.hub.quiet_start import LOG_LEVEL, NOISE, STDERR_LOCK

_CHUNK: Final = 1 << 16
_LAST_LINES_SECONDS: Final = 1.0


@contextlib.contextmanager
def filtered_stderr() -> Iterator[None]:
    """Drops the lines of no consequence that native code writes to stderr inside, and passes the others on.

    `quiet_tensorflow` holds everything back until its end. Here processes may be started meanwhile that keep
    writing long after it: what goes to them is a pipe, which is read until the last of them has closed it.
    If the body raises, the lines that were dropped are written. A user who sets `TF_CPP_MIN_LOG_LEVEL` to 0
    sees everything.
    """
    if os.environ.setdefault(LOG_LEVEL, "1") == "0":
        yield
        return
    with STDERR_LOCK:
        try:
            stderr = os.dup(2)
        except OSError:  # the process has no stderr
            yield
            return
        source, target = os.pipe()
        os.dup2(target, 2)
        os.close(target)
        reader = _Reader(source, stderr)
        reader.start()
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            if failed:
                reader.show_dropped()
            os.dup2(stderr, 2)
            if failed:
                # The last lines are still in the pipe, which a process started meanwhile may hold open.
                reader.join(_LAST_LINES_SECONDS)


class _Reader(threading.Thread):
    """Passes lines on until nobody can write any more, then closes both ends.

    Args:
      source: what it reads from.
      target: what it writes to.
    """

    def __init__(self, source: int, target: int) -> None:
        super().__init__(daemon=True, name="hubexplore-stderr")
        self._source = source
        self._target = target
        self._dropped: list[bytes] = []
        self._drops = True
        self._lock = threading.Lock()

    def run(self) -> None:
        begun = b""
        while chunk := os.read(self._source, _CHUNK):
            *complete, begun = (begun + chunk).split(b"\n")
            self._pass_on([line + b"\n" for line in complete])
            # Native code writes each line of its log at once: what is not complete, such as a progress bar,
            # is passed on if it is none.
            if not NOISE.match(begun):
                self._pass_on([begun])
                begun = b""
        self._pass_on([begun])
        os.close(self._source)
        os.close(self._target)

    def _pass_on(self, lines: list[bytes]) -> None:
        with self._lock:
            for line in lines:
                if self._drops and NOISE.match(line):
                    self._dropped.append(line)
                else:
                    os.write(self._target, line)

    def show_dropped(self) -> None:
        """Writes what was dropped, and drops nothing any more."""
        with self._lock:
            self._drops = False
            for line in self._dropped:
                os.write(self._target, line)

"""Work that is put off for a moment, so that what the user waits for is on screen first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

INSTANT: Final = 0.1
"""Seconds in which what follows a click still seems immediate."""


class Later:
    """Calls a function after a pause; at once where no event loop is running.

    A function that is put off replaces the one that is due.

    Args:
      pause: in seconds.
    """

    def __init__(self, pause: float = INSTANT) -> None:
        self._pause = pause
        self._due: asyncio.TimerHandle | None = None
        self._work: Callable[[], object] | None = None

    def put_off(self, work: Callable[[], object]) -> None:
        """Calls a function after the pause, which begins now, in place of one that is due."""
        self.call_off()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            work()
            return
        self._work = work
        self._due = loop.call_later(self._pause, self.do_now)

    def do_now(self) -> None:
        """Calls the function that is due, if there is one."""
        work = self._work
        self.call_off()
        if work is not None:
            work()

    def call_off(self) -> None:
        """Forgets the function that is due."""
        if self._due is not None:
            self._due.cancel()
        self._due = self._work = None

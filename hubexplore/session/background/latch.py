"""Where threads wait until another opens the way once, and where an interrupt of the wait breaks nothing."""

from __future__ import annotations

import threading


class Latch:
    """Like an event that is set once, but an interrupt may come at any moment of a wait.

    An event shares one lock between those who wait and the one who sets it. An interrupt just after a wait
    has taken that lock leaves it taken, and whoever sets the event then waits for ever. Here each wait has a
    lock of its own.
    """

    def __init__(self) -> None:
        self._waiting: list[threading.Lock] = []
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """Whether nobody has to wait any more."""
        return self._is_open

    def open(self) -> None:
        """Lets all threads pass, from now on. Only one thread may do that."""
        self._is_open = True
        while self._waiting:
            self._waiting.pop().release()

    def wait(self) -> None:
        """Waits until it is open."""
        if self._is_open:  # as most are, again and again: nothing is to be kept of them
            return
        lock = threading.Lock()
        lock.acquire()
        # First in the list, then the question: who opens it answers first, and empties the list then.
        self._waiting.append(lock)
        if not self._is_open:
            lock.acquire()

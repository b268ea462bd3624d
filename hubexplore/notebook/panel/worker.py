"""Work beside the kernel's own thread, so that a form stays alive while TensorFlow runs."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from hubexplore.session.interruption import Stopper

Result = TypeVar("Result")
LEFT_BEHIND: Final = 2
"""So many pieces of work may still go on after they were cancelled."""


@dataclass(eq=False)
class Ticket:
    """A piece of work that goes on.

    Work of several steps asks `cancelled` before each of them. A run of a session is ended where that is
    possible, between two ops; until then it is left behind, and what it gives is dropped.
    """

    cancelled: bool = False
    ended: bool = False
    stopper: Stopper = field(default_factory=Stopper)
    at_end: Callable[[], None] | None = None


class Worker:
    """Does one piece of work at a time in another thread; results come back to the thread that asked."""

    def __init__(self) -> None:
        self._ticket: Ticket | None = None
        self._left: set[Ticket] = set()
        self._lock = threading.Lock()  # of what both threads change
        self._threads: set[threading.Thread] = set()

    @property
    def is_busy(self) -> bool:
        """Whether work goes on whose result is waited for."""
        return self._ticket is not None

    @property
    def left_behind(self) -> int:
        """How many cancelled pieces of work still go on."""
        return len(self._left)

    def start(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[BaseException], None],
        *,
        first: Callable[[], object] | None = None,
        then: Callable[[], None] | None = None,
        ticket: Ticket | None = None,
    ) -> bool:
        """Begins a piece of work; returns False, and begins nothing, while another one goes on.

        Args:
          work: what to do, in another thread.
          done: gets what `work` returned; runs in the kernel's own thread if there is one, between messages.
          failed: gets what it raised, as `done`.
          first: what to do before `work`, in the same thread.
          then: is called between the two, as `done`.
          ticket: a new one by which `work` sees that it is cancelled.
        """
        if self.is_busy or self.left_behind >= LEFT_BEHIND:
            return False
        ticket = self._ticket = ticket or Ticket()
        back = _way_back()

        def finish(deliver: Callable[[Any], None], what: Any) -> None:
            if not ticket.cancelled:
                self._ticket = None
                deliver(what)

        def between() -> None:
            if then is not None and not ticket.cancelled:
                then()

        def body() -> None:
            try:
                result = ticket.stopper.watch(lambda: _steps(first, lambda: back(between), work, ticket))
            except BaseException as error:  # noqa: BLE001 - shown by who asked
                back(finish, failed, error)
            else:
                back(finish, done, result)
            finally:
                with self._lock:
                    ticket.ended = True
                    self._left.discard(ticket)
                    self._threads.discard(threading.current_thread())
                if ticket.at_end is not None:
                    back(ticket.at_end)

        # A daemon: work that was left behind must not keep the kernel from ending.
        thread = threading.Thread(target=body, daemon=True, name="hubexplore-trial")
        self._threads.add(thread)
        thread.start()
        return True

    def cancel(self, at_end: Callable[[], None] | None = None) -> bool:
        """Ends the work that goes on if it can be ended, and waits no longer for it.

        Args:
          at_end: is called when it has ended, as `done` is.

        Returns:
          Whether there is something that has not ended yet; only then `at_end` follows.
        """
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return False
        with self._lock:
            ticket.cancelled = True
            goes_on = not ticket.ended
            if goes_on:
                self._left.add(ticket)
                ticket.at_end = at_end
        ticket.stopper.stop()
        return goes_on

    def wait(self) -> None:
        """Waits until all work is done; for who has no event loop, as a test or a script."""
        while threads := list(self._threads):
            for thread in threads:
                thread.join()


def _steps(
    first: Callable[[], object] | None,
    between: Callable[[], None],
    work: Callable[[], Result],
    ticket: Ticket,
) -> Result | None:
    """Does one after the other; nothing more, once it is cancelled."""
    if first is not None:
        first()
        if ticket.cancelled:
            return None
        between()
    return work()


def _way_back() -> Callable[..., None]:
    """How to call something in this thread later: by its event loop; without one it is called at once."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda function, *arguments: function(*arguments)
    # The kernel tells by the context which cell a message belongs to.
    context = contextvars.copy_context()

    def call(function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # a loop that is closed has nobody to tell
            loop.call_soon_threadsafe(lambda: context.run(function, *arguments))

    return call

"""Runs work in a thread of its own, so that the form stays responsive while TensorFlow runs."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from hubexplore.session.interruption import Stopper

Result = TypeVar("Result")
Step = tuple[Callable[[], object], Callable[[], None]]
MAX_LEFT_BEHIND: Final = 2
"""Maximum number of cancelled tasks that may still be running; each of them may occupy all processors."""


@dataclass(eq=False)
class Task:
    """A piece of work in progress.

    Work of several steps checks `cancelled` before each step. A run of a session is stopped at the next
    possible point, between two ops; until then it is left behind, and its result is dropped.
    """

    cancelled: bool = False
    ended: bool = False
    stopper: Stopper = field(default_factory=Stopper)
    at_end: Callable[[], None] | None = None


class Worker:
    """Does one piece of work at a time in another thread; results are delivered in the caller's thread.

    Invariant: a task is current (`_task`), or left behind (`_left_behind`), or ended; a cancelled one never
    delivers. `_lock` guards the transition from one to the other, which both threads may make at once.
    """

    def __init__(self) -> None:
        self._task: Task | None = None
        self._left_behind: set[Task] = set()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a task is in progress whose result is awaited."""
        return self._task is not None

    @property
    def left_behind(self) -> int:
        """Number of cancelled tasks that are still running."""
        return len(self._left_behind)

    def start(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[BaseException], None],
        *,
        before: Sequence[Step] = (),
        task: Task | None = None,
    ) -> bool:
        """Starts a task; returns False, and starts nothing, if one runs or too many are left behind.

        Args:
          work: what to do, in another thread.
          done: is called with what `work` returned: between messages in the thread of the kernel if that has
            an event loop, else in the worker's thread.
          failed: is called with what `work` raised, in the same place as `done`.
          before: what to do before `work`, in the worker's thread, each with what is called after it, in the
            same place as `done`.
          task: a new one, by which `work` sees that it is cancelled; by default one is made.
        """
        if self.is_busy or self.left_behind >= MAX_LEFT_BEHIND:
            return False
        task = self._task = task or Task()
        call_back = _caller_thread()

        def finish(deliver: Callable[[Any], None], outcome: Any) -> None:
            # Checked here, in the thread that cancels: a result that is on its way is dropped as well.
            if not task.cancelled:
                self._task = None
                deliver(outcome)

        def announce(then: Callable[[], None]) -> None:
            call_back(lambda: None if task.cancelled else then())

        def body() -> None:
            try:
                result = task.stopper.watch(lambda: _steps(before, work, announce, task))
            except BaseException as error:  # noqa: BLE001 - shown by the caller
                call_back(finish, failed, error)
            else:
                call_back(finish, done, result)
            finally:
                with self._lock:
                    # At once, so that `cancel` sees a task that has ended or one that will report its end.
                    task.ended = True
                    self._left_behind.discard(task)
                    self._threads.discard(threading.current_thread())
                if task.at_end is not None:
                    call_back(task.at_end)

        # A daemon: a task that was left behind must not keep the kernel from ending.
        thread = threading.Thread(target=body, daemon=True, name="hubexplore-explorer")
        self._threads.add(thread)
        thread.start()
        return True

    def cancel(self, at_end: Callable[[], None] | None = None) -> bool:
        """Stops the current task where that is possible, without waiting for its end.

        Args:
          at_end: is called when the task has ended, in the same place as `done`.

        Returns:
          Whether a task is still running; only then `at_end` is called.
        """
        task, self._task = self._task, None
        if task is None:
            return False
        with self._lock:
            task.cancelled = True
            is_running = not task.ended
            if is_running:
                self._left_behind.add(task)
                task.at_end = at_end
        task.stopper.stop()
        return is_running

    def wait(self) -> None:
        """Waits until all threads have ended; for callers without an event loop, as tests and scripts."""
        while threads := list(self._threads):
            for thread in threads:
                thread.join()


def _steps(
    before: Sequence[Step],
    work: Callable[[], Result],
    announce: Callable[[Callable[[], None]], None],
    task: Task,
) -> Result | None:
    """Does one after the other, and stops in between if the task has been cancelled."""
    for step, then in before:
        step()
        if task.cancelled:
            return None
        announce(then)
    return work()


def _caller_thread() -> Callable[..., None]:
    """Returns a function that calls another one in this thread, by its event loop; without one, at once."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda function, *arguments: function(*arguments)
    # ipykernel keeps the cell that an output belongs to in context variables.
    context = contextvars.copy_context()

    def call(function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the kernel is shutting down and has closed its loop
            loop.call_soon_threadsafe(lambda: context.run(function, *arguments))

    return call

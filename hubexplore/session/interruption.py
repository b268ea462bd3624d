"""Work that Ctrl-C and the kernel's stop button can interrupt at any moment.

Python handles a signal only between its own instructions: a thread that is inside TensorFlow handles it when
TensorFlow returns. How long a run takes is not known beforehand, since it may depend on a value. So the main
thread, which gets the signals, hands every run to another thread and waits.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

Result = TypeVar("Result")
Job = tuple[Callable[..., Any], tuple[Any, ...]]
MSG_GOES_ON: Final = (
    "Interrupted. What has begun may go on in the background for a while, and may still assign variables."
)
_POLL_SECONDS: Final = 0.2
"""Longest time that a signal which comes just before a wait begins stays unnoticed."""
_POLLS_PER_CHECK: Final = 5


@contextlib.contextmanager
def borrowed(idle: list[Result], make: Callable[[], Result]) -> Iterator[Result]:
    """Takes an item from the list `idle`, or makes one, and yields it for exclusive use.

    It is put back afterwards, unless an interrupt ended its use: what was stopped cannot run again. Threads
    may share the list, since `pop` and `append` of a list are atomic.
    """
    try:
        item = idle.pop()
    except IndexError:
        item = make()
    try:
        yield item
    except KeyboardInterrupt:
        raise
    except BaseException:
        idle.append(item)
        raise
    idle.append(item)


class Stopper:
    """Ends the work of another thread: its current run, and whatever it would run next.

    The thread works inside `watch`. Its runs go through `stoppable` or `Helper.run`, which know how to end
    each of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self._is_stopped = False

    def stop(self) -> None:
        """Ends the work, at the latest when the op that TensorFlow has begun is done."""
        with self._lock:
            self._is_stopped = True
            for stop_run in self._stops:
                # One stop that fails must not keep the others from being called.
                with contextlib.suppress(Exception):
                    stop_run()

    def watch(self, work: Callable[[], Result]) -> Result:
        """Returns what `work` returns; after `stop`, the next run in it raises KeyboardInterrupt."""
        outer = getattr(_WATCHED, "by", None)
        _WATCHED.by = self
        try:
            return work()
        finally:
            _WATCHED.by = outer

    def run(
        self, work: Callable[..., Result], arguments: tuple[Any, ...], stop: Callable[[], None] | None
    ) -> Result:
        """Runs `work`; the function `stop` ends it early."""
        stops = () if stop is None else (stop,)
        with self._lock:
            self._check()
            self._stops.extend(stops)
        try:
            return work(*arguments)
        finally:
            # `stop` works under the lock. So a run whose end and whose stop coincide is seen as stopped here,
            # and what ran it, which the stop has spoilt, is not used again.
            with self._lock:
                for stop_run in stops:
                    self._stops.remove(stop_run)
                self._check()

    def _check(self) -> None:
        if self._is_stopped:
            raise KeyboardInterrupt(MSG_GOES_ON)


_WATCHED: Final = threading.local()


def stoppable(work: Callable[..., Result], *arguments: Any, stop: Callable[[], None] | None = None) -> Result:
    """Calls `work`; the `Stopper` that watches this thread, if any, can end it by calling `stop`."""
    watcher: Stopper | None = getattr(_WATCHED, "by", None)
    return work(*arguments) if watcher is None else watcher.run(work, arguments, stop)


class Helper:
    """Runs the main thread's work in a thread that it keeps, so handing over takes microseconds.

    After an interrupt the work goes on in its thread and its result is dropped; the next work gets a new
    thread. Outside the main thread `run` simply calls the work, since signals do not arrive there.
    """

    def __init__(self) -> None:
        self._idle: deque[_WorkerThread] = deque()
        self._left: list[_WorkerThread] = []

    @property
    def left_behind(self) -> int:
        """Number of interrupted pieces of work that are still running."""
        return sum(worker.is_busy for worker in self._left)

    def wait_for_left_behind(self) -> None:
        """Waits until they have ended."""
        for worker in self._left:
            worker.wait()

    def run(
        self,
        work: Callable[..., Result],
        *arguments: Any,
        check: Callable[[], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        """Returns what `work` returns for the arguments.

        Args:
          work: the function to call.
          arguments: its arguments.
          check: called about once a second; raises if waiting has become pointless.
          stop: called at an interrupt; makes the work end early.

        Raises:
          KeyboardInterrupt: the user interrupted the wait; the message says what goes on.
          BaseException: whatever `work` or `check` raises.
        """
        # A check needs a thread that is free while TensorFlow waits, whichever thread this is.
        if check is None and threading.get_ident() != threading.main_thread().ident:
            return stoppable(work, *arguments, stop=stop)
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _WorkerThread()
        try:
            result, error = worker.do((work, arguments), check)
        except BaseException as stopped:
            self._leave(worker, stop)
            if isinstance(stopped, KeyboardInterrupt):
                raise KeyboardInterrupt(MSG_GOES_ON) from None
            raise
        self._idle.append(worker)
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback refers to this frame: a cycle that would keep the arrays
        return result  # type: ignore[no-any-return]  # the queue holds results of any kind

    def _leave(self, worker: _WorkerThread, stop: Callable[[], None] | None) -> None:
        """Ends the work of a thread if that is possible, even if the user interrupts again meanwhile."""
        # The next interrupt may come between any two of these steps, and each of them may be repeated: a
        # thread ends at the first None that it gets.
        while True:
            try:
                worker.dismiss()
                self._left = [
                    *(other for other in self._left if other.is_busy and other is not worker),
                    worker,
                ]
                if stop is not None:
                    with contextlib.suppress(Exception):
                        stop()
            except KeyboardInterrupt:
                continue
            return

    def close(self) -> None:
        """Ends the idle threads; a busy one ends when its work is done."""
        # Without a reference to it, a worker ends its thread in `__del__`.
        self._idle.clear()


class _WorkerThread:
    """A thread that does one job after another until it is dismissed."""

    def __init__(self) -> None:
        # `SimpleQueue.put` is reentrant, so `__del__` may call it wherever garbage is collected.
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        # A daemon: work that an interrupt left behind must not keep the process from ending. The thread knows
        # the queues but not this object, so that `__del__` runs, and ends it, when nothing else refers to it.
        self._thread = threading.Thread(
            target=_work, args=(self._jobs, self._results), daemon=True, name="hubexplore-run"
        )
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        return self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join()

    def do(self, job: Job, check: Callable[[], None] | None) -> tuple[Any, BaseException | None]:
        self._jobs.put(job)
        polls = 0
        while True:
            # A signal that arrives just before the wait begins is handled only when the wait ends.
            with contextlib.suppress(queue.Empty):
                return self._results.get(timeout=_POLL_SECONDS)
            polls += 1
            if check is not None and polls % _POLLS_PER_CHECK == 0:
                check()

    def dismiss(self) -> None:
        self._jobs.put(None)

    def __del__(self) -> None:
        self.dismiss()


def _work(
    jobs: queue.SimpleQueue[Job | None], results: queue.SimpleQueue[tuple[Any, BaseException | None]]
) -> None:
    while (job := jobs.get()) is not None:
        function, arguments = job
        try:
            answer: tuple[Any, BaseException | None] = function(*arguments), None
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            answer = None, error
        # Local names would keep these in memory until the next job.
        del job, function, arguments
        results.put(answer)
        del answer


def run_interruptibly(work: Callable[[], Result]) -> Result:
    """Runs `work` once, in its own thread; an interrupt ends what it runs. See `Helper.run`."""
    stopper = Stopper()
    with contextlib.closing(Helper()) as helper:
        result: Result = helper.run(stopper.watch, work, stop=stopper.stop)
        return result


def try_for(work: Callable[[], None], seconds: float) -> None:
    """Calls `work` and waits at most `seconds` for it; after that it goes on in the background."""
    if sys.is_finalizing():  # a thread started now would never run
        work()
        return
    done = threading.Event()
    errors: list[BaseException] = []

    def body() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)
        finally:
            done.set()

    try:
        threading.Thread(target=body, daemon=True, name="hubexplore-close").start()
    except RuntimeError:  # the interpreter is shutting down and starts no more threads
        work()
        return
    done.wait(seconds)
    if errors:
        raise errors[0]

"""Work that Ctrl-C and the kernel's stop button can leave at any moment.

Python handles a signal only between its own instructions: a thread that is inside of TensorFlow sees it when
TensorFlow comes back. How long a run takes is not known beforehand: it may depend on a value. So the main
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
_POLL: Final = 0.2  # seconds
_POLLS_PER_CHECK: Final = 5


@contextlib.contextmanager
def borrowed(free: list[Result], make: Callable[[], Result]) -> Iterator[Result]:
    """Yields one of `free`, which nobody else uses meanwhile, or a new one; threads may share the list.

    It is put back afterwards, unless an interrupt ended its use: what was stopped cannot run again.
    """
    try:
        one = free.pop()
    except IndexError:
        one = make()
    try:
        yield one
    except KeyboardInterrupt:
        raise
    except BaseException:
        free.append(one)
        raise
    free.append(one)


class Stopper:
    """Ends from elsewhere what a thread does: the run that goes on, and whatever it would run next.

    The thread works inside of `watch`; its runs say by `stoppable`, or `Helper.run`, how each is ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self._is_stopped = False

    def stop(self) -> None:
        """Ends it; at the latest at the end of the op that TensorFlow has begun."""
        with self._lock:
            self._is_stopped = True
            for each in self._stops:
                with contextlib.suppress(Exception):
                    each()

    def watch(self, work: Callable[[], Result]) -> Result:
        """Returns what `work` returns, or raises KeyboardInterrupt in it once it was stopped."""
        outer = getattr(_WATCHED, "by", None)
        _WATCHED.by = self
        try:
            return work()
        finally:
            _WATCHED.by = outer

    def run(
        self, work: Callable[..., Result], arguments: tuple[Any, ...], stop: Callable[[], None] | None
    ) -> Result:
        """Runs `work`, which `stop` ends."""
        stops = () if stop is None else (stop,)
        with self._lock:
            self._check()
            self._stops.extend(stops)
        try:
            return work(*arguments)
        finally:
            # Whoever stops holds the lock, so that a stop that was called is known here: what it ended, if
            # only after its end, is not to be used again.
            with self._lock:
                for each in stops:
                    self._stops.remove(each)
                self._check()

    def _check(self) -> None:
        if self._is_stopped:
            raise KeyboardInterrupt(MSG_GOES_ON)


_WATCHED: Final = threading.local()


def stoppable(work: Callable[..., Result], *arguments: Any, stop: Callable[[], None] | None = None) -> Result:
    """Calls `work`, in a way that the `Stopper` that watches this thread can end it by `stop`."""
    watcher: Stopper | None = getattr(_WATCHED, "by", None)
    return work(*arguments) if watcher is None else watcher.run(work, arguments, stop)


class Helper:
    """Runs what the main thread hands to it, in a thread that it keeps: handing over takes microseconds.

    After an interrupt the work goes on in its thread, its result is dropped, and the next one gets a new
    thread. In any other thread than the main one `run` just calls, since signals do not go there.
    """

    def __init__(self) -> None:
        self._idle: deque[_Hand] = deque()
        self._left: list[_Hand] = []

    @property
    def left_behind(self) -> int:
        """How many interrupted pieces of work are still running."""
        return sum(each.is_busy for each in self._left)

    def wait_for_left_behind(self) -> None:
        """Waits until they have ended."""
        for each in self._left:
            each.wait()

    def run(
        self,
        work: Callable[..., Result],
        *arguments: Any,
        check: Callable[[], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        """Returns what `work` returns for the arguments.

        Args:
          work: what to do.
          arguments: of it.
          check: raises if there is nothing to wait for any more; asked every second or so.
          stop: makes the work end early; called at an interrupt.

        Raises:
          KeyboardInterrupt: the user does not want to wait; the message says what goes on.
          BaseException: whatever `work` or `check` raises.
        """
        if check is None and threading.get_ident() != threading.main_thread().ident:
            return stoppable(work, *arguments, stop=stop)
        try:
            hand = self._idle.pop()
        except IndexError:
            hand = _Hand()
        try:
            result, error = hand.do((work, arguments), check)
        except BaseException as stopped:
            self._leave(hand, stop)
            if isinstance(stopped, KeyboardInterrupt):
                raise KeyboardInterrupt(MSG_GOES_ON) from None
            raise
        self._idle.append(hand)
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback refers to this frame
        return result  # type: ignore[no-any-return]  # the queue holds results of any kind

    def _leave(self, hand: _Hand, stop: Callable[[], None] | None) -> None:
        """Ends the work of a hand, if it can be, whatever further interrupts come meanwhile."""
        while True:
            try:
                hand.dismiss()
                self._left = [*(each for each in self._left if each.is_busy and each is not hand), hand]
                if stop is not None:
                    with contextlib.suppress(Exception):
                        stop()
            except KeyboardInterrupt:
                continue
            return

    def close(self) -> None:
        """Ends the threads that wait; those that work end after it."""
        self._idle.clear()


class _Hand:
    """A thread that does one job after the other until it is dismissed."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        # A daemon: work that an interrupt left behind must not keep the process from ending. It knows the
        # queues only, so that who forgets the hand, forgets the thread.
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
            # A signal that comes just before the wait begins is seen when it ends, so it is never long.
            with contextlib.suppress(queue.Empty):
                return self._results.get(timeout=_POLL)
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
        # What is kept here until the next job would stay in memory.
        del job, function, arguments
        results.put(answer)
        del answer


def run_interruptibly(work: Callable[[], Result]) -> Result:
    """Runs `work` once in a thread of its own; an interrupt ends what it runs. See `Helper.run`."""
    stopper = Stopper()
    with contextlib.closing(Helper()) as helper:
        result: Result = helper.run(stopper.watch, work, stop=stopper.stop)
        return result


def try_for(work: Callable[[], None], seconds: float) -> None:
    """Calls `work` and waits for it so many seconds at most; then it goes on in the background."""
    if sys.is_finalizing():  # a thread that starts now never begins
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
    except RuntimeError:  # the interpreter ends, and no thread begins any more
        work()
        return
    done.wait(seconds)
    if errors:
        raise errors[0]

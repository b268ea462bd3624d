"""Long work that Ctrl-C and the kernel's stop button can leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

Result = TypeVar("Result")
_POLL: Final = 0.2  # seconds
_POLLS_PER_CHECK: Final = 5


def run_interruptibly(work: Callable[[], Result], check: Callable[[], None] | None = None) -> Result:
    """Runs `work` in another thread and waits for it, so that an interrupt is seen while it runs.

    Python handles a signal only between its own instructions: a thread that is inside of TensorFlow sees it
    when TensorFlow comes back. After an interrupt `work` goes on behind, and its result is dropped.

    Args:
      work: what to do.
      check: raises if there is nothing to wait for any more; asked every second or so.

    Raises:
      KeyboardInterrupt: the user does not want to wait.
      BaseException: whatever `work` or `check` raises.
    """
    if check is None and threading.current_thread() is not threading.main_thread():
        return work()  # signals go to the main thread anyway
    results: list[Result] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)
        finally:
            done.set()

    done = threading.Event()
    # A daemon: work that an interrupt left behind must not keep the process from ending.
    threading.Thread(target=body, daemon=True).start()
    polls = 0
    while not done.wait(_POLL):
        polls += 1
        if check is not None and polls % _POLLS_PER_CHECK == 0:
            check()
    if errors:
        raise errors[0]
    return results[0]

"""Reads ahead in a thread, while TensorFlow runs what was read before."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from typing import Any, Final, TypeVar

Item = TypeVar("Item")
_DEPTH: Final = 2
"""Number of items that wait at most, which bounds the memory."""
_POLL_SECONDS: Final = 0.2
"""Longest time that an interrupt stays unnoticed."""
_END: Final = object()


@contextlib.contextmanager
def read_ahead(items: Iterator[Item], depth: int = _DEPTH) -> Iterator[Iterator[Item]]:
    """Yields an iterator over the same items, which are made in a thread that ends with the `with` block.

    What making an item raises is raised where the item is taken.

    Args:
      items: run in one thread only.
      depth: number of items that are made before the first of them is taken.
    """
    results: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
    slots = threading.Semaphore(depth)
    stopped = threading.Event()

    def read() -> None:
        try:
            # Before the next item is made, not after: else one more than `depth` would be in memory.
            while slots.acquire() and not stopped.is_set():
                item = next(items, _END)
                results.put((item, None))
                if item is _END:
                    return
                del item
        except BaseException as error:  # noqa: BLE001 - raised again where the item is taken
            results.put((_END, error))

    def take() -> Iterator[Item]:
        while True:
            try:
                item, error = results.get(timeout=_POLL_SECONDS)
            except queue.Empty:  # so that an interrupt that came just before the wait is noticed
                continue
            if error is not None:
                raise error
            if item is _END:
                return
            slots.release()
            yield item
            del item

    thread = threading.Thread(target=read, daemon=True, name="hubexplore-read")
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        slots.release()
        thread.join()

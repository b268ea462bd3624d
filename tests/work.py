"""How much work a function is: calls, the same on each machine however busy it is, and bytes."""

from __future__ import annotations

import contextlib
import sys
import tracemalloc
from collections.abc import Callable, Iterator


def calls(function: Callable[[], object]) -> int:
    """Returns how many functions, of Python and of C, `function` calls in this thread until it returns."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@contextlib.contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Asserts that Python and NumPy never hold `limit` bytes more than before, whatever is raised inside."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit

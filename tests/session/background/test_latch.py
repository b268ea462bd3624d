"""A latch beside interrupts, one at each moment of a wait."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from types import FrameType
from typing import Any

from hubexplore.session.background.latch import Latch


def wait_with_interrupt(latch: Any, moment: int) -> bool:
    """Waits, with an interrupt after so many of Python's operations; returns whether it ended the wait."""
    left = moment

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode" and "latch" in frame.f_code.co_filename:
            left -= 1
            if not left:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        latch.wait()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_moment_of_a_wait_leaves_it_usable() -> None:
    moments = 0
    while True:
        latch = Latch()
        moments += 1
        # A wait that no interrupt ended can end only if it is open by then.
        opens = threading.Timer(0.02, latch.open)
        opens.start()
        was_interrupted = wait_with_interrupt(latch, moments)
        opens.join(20)
        assert not opens.is_alive()
        assert latch.is_open
        thread = threading.Thread(target=latch.wait, daemon=True)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        if not was_interrupted:
            break
    assert moments > 20


def test_all_who_wait_pass_and_whoever_comes_later() -> None:
    latch = Latch()
    threads = [threading.Thread(target=latch.wait, daemon=True) for _ in range(5)]
    for thread in threads:
        thread.start()
    threads[0].join(0.05)
    assert not latch.is_open
    assert all(thread.is_alive() for thread in threads)
    latch.open()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    latch.wait()


def test_nothing_is_kept_of_those_who_pass_an_open_latch() -> None:
    latch = Latch()
    latch.open()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(1000):
            latch.wait()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1000

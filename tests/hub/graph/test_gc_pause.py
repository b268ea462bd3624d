"""The garbage collector passes over the ops of a module, but not over what is dropped."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from hubexplore.hub.graph import gc_pause
from hubexplore.hub.graph.gc_pause import MAX_UNCOUNTED, MIN_YOUNG, gc_paused


class Cycle:
    """An object that only the collector frees, with as many others as make it worth passing over."""

    def __init__(self) -> None:
        self.own = self
        self.others: list[list[int]] = [[] for _ in range(MIN_YOUNG)]


@pytest.fixture(autouse=True)
def _nothing_uncounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(gc_pause, "_uncounted", gc_pause._Budget())
    gc.collect()
    yield
    gc.collect()


def _collected() -> list[int]:
    return [generation["collections"] for generation in gc.get_stats()]


def test_what_stays_is_not_gone_through() -> None:
    before = _collected()
    with gc_paused():
        retained = Cycle()
    assert _collected() == before
    assert gc.get_count()[0] < MIN_YOUNG
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    assert retained.own is retained


def test_what_was_dropped_is_found_by_a_full_collection() -> None:
    with gc_paused():
        dropped = weakref.ref(Cycle())
    assert dropped() is not None
    gc.collect()
    assert dropped() is None


def test_what_is_dropped_in_a_loop_is_freed_by_itself() -> None:
    dropped = []
    for _ in range(20 * MAX_UNCOUNTED // MIN_YOUNG):
        with gc_paused():
            dropped.append(weakref.ref(Cycle()))
    alive = sum(reference() is not None for reference in dropped)
    assert alive <= 2 * MAX_UNCOUNTED // MIN_YOUNG + 2


@pytest.mark.parametrize(("share", "passes"), [(2, 0), (1, 1)])
def test_few_objects_are_left_to_the_collector(
    share: int, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[None] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(None))
    with gc_paused():
        retained = [list[int]() for _ in range(MIN_YOUNG // share)]
    assert len(frozen) == passes
    assert len(retained) == MIN_YOUNG // share


def test_a_program_without_collector_stays_without() -> None:
    gc.disable()
    try:
        with gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_a_program_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with gc_paused():
            retained = Cycle()
        assert gc.get_freeze_count()
        assert retained.own is retained
    finally:
        gc.unfreeze()

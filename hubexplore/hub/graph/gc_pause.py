"""Keeps Python's cyclic garbage collector out of the building of graphs.

An op of TensorFlow is about seven objects that the collector tracks. Creating thousands of them triggers
collections that free nothing, and later a full collection over all objects of the process. No library does
this; `gc.freeze` is the only call that moves objects to another generation without counting them.

For work whose objects are freed again without the collector, `summary.without_gc` is enough.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

# How many objects may be promoted between two full collections. They are about 30,000 ops; importing
# TensorFlow makes twice as many objects.
MAX_UNCOUNTED: Final = 200_000
# From how many young objects on a promotion pays: fewer are collected in no time. It also bounds the garbage
# of the program itself that is promoted with them.
MIN_YOUNG: Final = 10_000


class _Budget:
    """The number of objects promoted to the oldest generation since the last full collection."""

    def __init__(self) -> None:
        self._objects = 0
        self._full_collections = -1

    def has_room(self, objects: int) -> bool:
        """Adds `objects` and returns True, unless that would exceed `MAX_UNCOUNTED`."""
        # A full collection has seen all promoted objects, so the count starts again.
        full_collections = gc.get_stats()[-1]["collections"]
        if full_collections != self._full_collections:
            self._objects, self._full_collections = 0, full_collections
        if self._objects + objects > MAX_UNCOUNTED:
            return False
        self._objects += objects
        return True


_uncounted: Final = _Budget()


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Disables the collector while thousands of ops are created that all stay, then promotes them.

    Otherwise the collector would traverse them at the end of the block and, since they are many, soon all
    objects of the process: a few tenths of a second in whatever the program does next. Promoted objects are
    in the oldest generation at once, where every full collection finds them, but do not count towards the
    next one. If graphs are created and dropped in a loop, promotion stops at `MAX_UNCOUNTED` objects, so that
    memory stays bounded.

    Invariants: the collector is enabled afterwards exactly if it was before; nothing stays frozen.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        _promote_young()
        gc.enable()


def _promote_young() -> None:
    young = gc.get_count()[0]
    # gc.unfreeze moves everything that is frozen, so objects that the program froze itself must not exist.
    if young >= MIN_YOUNG and not gc.get_freeze_count() and _uncounted.has_room(young):
        gc.freeze()
        gc.unfreeze()

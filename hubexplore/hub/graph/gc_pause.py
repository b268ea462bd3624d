"""Keeps Python's cyclic garbage collector out of the building of graphs, whose objects stay.

For work whose objects are freed again without the collector, `summary.without_gc` is enough.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

# About 30,000 ops; importing TensorFlow makes twice as many objects.
MOST_UNCOUNTED: Final = 200_000
# Of fewer the collector makes short work. What else is young, a program's own garbage, is less than that.
WORTH_PASSING_OVER: Final = 10_000


class _Uncounted:
    """How many objects went to the oldest generation uncounted since the last full collection."""

    def __init__(self) -> None:
        self._objects = 0
        self._full_collections = -1

    def has_room(self, objects: int) -> bool:
        """Adds `objects`, if that does not make too many."""
        full_collections = gc.get_stats()[-1]["collections"]
        if full_collections != self._full_collections:
            self._objects, self._full_collections = 0, full_collections
        if self._objects + objects > MOST_UNCOUNTED:
            return False
        self._objects += objects
        return True


_uncounted: Final = _Uncounted()


@contextlib.contextmanager
def many_new_objects() -> Iterator[None]:
    """Holds off the collector while thousands of ops are made that all stay, and lets it pass over them.

    Left to itself, it would go through them on the way out and, since there are so many, soon through all
    objects of the process: a few tenths of a second in whatever the program does next. So they go to the
    oldest generation at once, uncounted, where every full collection finds them. If graphs are made and
    dropped in a loop, the collector does count, from the moment when there may be `MOST_UNCOUNTED` to free.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        _pass_over_the_young()
        gc.enable()


def _pass_over_the_young() -> None:
    young = gc.get_count()[0]
    # A program that froze objects itself keeps them frozen.
    if young >= WORTH_PASSING_OVER and not gc.get_freeze_count() and _uncounted.has_room(young):
        gc.freeze()
        gc.unfreeze()

"""A bar with rows per second and the remaining time, in a notebook or a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Update = Callable[[int], object]


@contextlib.contextmanager
def progress_bar(total: int | None, done: int, shown: bool | None) -> Iterator[Update]:
    """Shows how many rows are done; yields the function that takes the number of further rows.

    Args:
      total: number of rows; None where it is not known, which leaves the remaining time out.
      done: number of rows that an earlier run did, which do not count for the speed.
      shown: whether to show a bar; None shows one after a second.
    """
    if shown is False:
        yield lambda count: None
        return
    from tqdm.auto import tqdm

    bar = tqdm(total=total, initial=done, unit=" rows", unit_scale=True, leave=False, delay=0 if shown else 1)
    with bar:
        yield bar.update

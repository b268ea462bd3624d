"""The progress bar of weights that are read."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Final

MIN_PROGRESS_BYTES: Final = 200_000_000
"""Minimum size in bytes of weights that are read with a progress bar: less takes below a second."""


@contextlib.contextmanager
def reading_bar(total_bytes: int) -> Iterator[Callable[[int], object]]:
    """Yields a function that takes the number of bytes read: it moves a progress bar if there is one."""
    if total_bytes < MIN_PROGRESS_BYTES or not (_in_kernel() or sys.stderr.isatty()):
        yield lambda size: None
        return
    # Imported only for large weights: it loads ipywidgets in a notebook.
    from tqdm.auto import tqdm

    with tqdm(total=total_bytes, unit="B", unit_scale=True, desc="Reading weights", leave=False) as bar:
        yield bar.update


def _in_kernel() -> bool:
    """Returns whether this process runs a kernel; IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None

"""How long the threads of the kernel wait for that which imports TensorFlow."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Final

_SECONDS: Final = 0.0001


@contextlib.contextmanager
def frequent_switches() -> Iterator[None]:
    """Makes a busy thread give way to others after a tenth of a millisecond, and not after Python's five.

    The kernel waits for its turn a dozen times for each message of the browser, and an upload has many.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SECONDS))
    # Python rounds it.
    chosen = sys.getswitchinterval()
    try:
        yield
    finally:
        # Unless the user has set another one meanwhile.
        if sys.getswitchinterval() == chosen:
            sys.setswitchinterval(before)

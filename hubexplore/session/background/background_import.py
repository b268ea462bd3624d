"""An import of TensorFlow in a thread of its own, for which whatever needs TensorFlow waits."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from hubexplore.hub.stderr_filter import filtered_stderr
from hubexplore.session.background.import_time import remember
from hubexplore.session.background.importlib_bootstrap import ImportGate
from hubexplore.session.background.latch import Latch
from hubexplore.session.background.native_libraries import load_native_libraries
from hubexplore.session.background.thread_switches import frequent_switches
from hubexplore.summary.without_gc import without_gc

_BECOMES_ANOTHER_PROGRAM: Final = frozenset({"pty"})
"""Modules whose forks run another program at once, as `!ls` in a notebook does."""


class BackgroundImport:
    """Imports TensorFlow once per process, in the background.

    A cell that needs TensorFlow meanwhile waits for it, also by an `import tensorflow` of the user. An error
    is raised there, and not shown in the background.

    Args:
      rest: what to import after TensorFlow.
    """

    def __init__(self, rest: Callable[[], object]) -> None:
        self._rest = rest
        self._lock = threading.Lock()
        self._ended = Latch()
        self._ended.open()
        self._began = 0.0
        self._error: BaseException | None = None
        self._guards_forks = False

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not ended yet."""
        return not self._ended.is_open

    @property
    def elapsed(self) -> float:
        """Seconds since it began; 0 if it is not running."""
        return time.monotonic() - self._began if self.is_running else 0.0

    def start(self) -> None:
        """Begins, unless it is running, or an earlier one failed for good."""
        with self._lock:
            if self.is_running or self._error is not None:
                return
            self._began = time.monotonic()
            self._ended = Latch()
            if not self._guards_forks and hasattr(os, "register_at_fork"):
                self._guards_forks = True
                os.register_at_fork(before=self._before_fork)
        # A daemon: it must not keep the kernel from ending.
        thread = threading.Thread(target=self._run, daemon=True, name="hubexplore-import")
        try:
            thread.start()
        except RuntimeError:
            # The system has no more threads. The cell that needs TensorFlow imports it.
            self._ended.open()

    def wait(self) -> None:
        """Waits for its end, if it has begun.

        Raises:
          Exception: it failed and left parts of TensorFlow behind, with which no other import can succeed.
        """
        self._ended.wait()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            # The gate is for TensorFlow alone. What follows imports each module after those that it needs, so
            # that Python's own locks suffice; and other threads may hold some of them while they wait here.
            is_first = "tensorflow" not in sys.modules
            with frequent_switches():
                if is_first:
                    _import_alone()
                self._rest()
            if is_first:
                remember(self.elapsed)
        except Exception as error:  # noqa: BLE001 - raised where TensorFlow is needed
            # If nothing was left behind, the cell that needs it tries again, and shows its error.
            self._error = error if is_half_imported() else None
        finally:
            self._ended.open()

    def _before_fork(self) -> None:
        """Waits for its end: a child would inherit locks of modules that nobody opens any more."""
        caller = sys._getframe(1).f_globals.get("__name__")
        if caller not in _BECOMES_ANOTHER_PROGRAM:
            self._ended.wait()


def is_half_imported() -> bool:
    """Whether there are parts of TensorFlow without TensorFlow itself."""
    return "tensorflow" not in sys.modules and any(name.startswith("tensorflow.") for name in [*sys.modules])


def _import_alone() -> None:
    # The lock of stderr comes before the gate: who has it imports TensorFlow as well, and would wait here.
    with filtered_stderr():
        # By now another thread may have imported it, or be on the way, which the gate would stop half-way.
        if "tensorflow" in sys.modules:
            return
        gate, failed = ImportGate(), None
        try:
            load_native_libraries()
            # Cells that run meanwhile do without the collector as well, for a few seconds.
            with without_gc():
                import tensorflow  # noqa: F401 - what this is for
        except Exception as error:
            failed = error if is_half_imported() else None
            raise
        finally:
            gate.open(failed)

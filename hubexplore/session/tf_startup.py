"""Imports TensorFlow, and what a session needs of hubexplore, as a whole and quietly."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Final

from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.session.background.background_import import BackgroundImport
from hubexplore.session.background.import_time import expected_seconds, remember
from hubexplore.session.whole_imports import import_whole
from hubexplore.summary.without_gc import without_gc

_SESSION: Final = "hubexplore.session.session"


def _import_session() -> None:
    importlib.import_module(_SESSION)


IN_BACKGROUND: Final = BackgroundImport(_import_session)
"""The import of this process that notebooks begin before a cell needs TensorFlow."""


def is_tensorflow_imported() -> bool:
    """Whether the import of TensorFlow, and of what a session needs of hubexplore, is complete."""
    return hasattr(sys.modules.get(_SESSION), "NotebookSession")


def import_tensorflow() -> None:
    """Imports TensorFlow, and what a session needs, quietly; see `import_whole`.

    An import that has begun in the background is waited for; if it failed, its error is raised.
    """
    if is_tensorflow_imported():
        return
    if not IN_BACKGROUND.is_running:
        # Outside of `import_whole`, which would say only that an earlier import failed, not why.
        IN_BACKGROUND.wait()
    import_whole(_import)


def import_status() -> str:
    """Returns what is waited for, as in "importing TensorFlow, about 7 s"; "" if it is imported."""
    # Beside TensorFlow's own import, that of what a session needs takes no time worth mentioning.
    if is_tensorflow_imported() or ("tensorflow" in sys.modules and not IN_BACKGROUND.is_running):
        return ""
    seconds = round(expected_seconds() - IN_BACKGROUND.elapsed)
    return f"importing TensorFlow, {f'about {seconds} s' if seconds > 0 else 'a few more seconds'}"


def _import() -> None:
    IN_BACKGROUND.wait()
    if is_tensorflow_imported():
        return
    is_first, began = "tensorflow" not in sys.modules, time.monotonic()
    # Without the collector, which would take a quarter of the time.
    with quiet_tensorflow(), without_gc():
        _import_session()
    if is_first:
        remember(time.monotonic() - began)

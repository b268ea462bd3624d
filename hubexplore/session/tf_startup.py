"""Imports TensorFlow, and what a session needs of hubexplore, as a whole and quietly."""

from __future__ import annotations

import importlib
import sys
from typing import Final

from hubexplore.hub.quiet_start import quiet_tensorflow
from hubexplore.session.whole_imports import import_whole

_SESSION: Final = "hubexplore.session.session"


def is_tensorflow_imported() -> bool:
    """Whether the import of TensorFlow, and of what a session needs of hubexplore, is complete."""
    return hasattr(sys.modules.get(_SESSION), "NotebookSession")


def import_tensorflow() -> None:
    """Imports TensorFlow, and what a session needs, quietly; see `import_whole`."""
    if not is_tensorflow_imported():
        import_whole(_import)


def _import() -> None:
    with quiet_tensorflow():
        importlib.import_module(_SESSION)

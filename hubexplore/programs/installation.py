"""`hubexplore.install`: `import tensorflow_hub` means hubexplore, in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Self

from hubexplore.programs.importers import Importers
from hubexplore.programs.importlib_bootstrap import ImportFunction
from hubexplore.programs.old_tensorflow import OldTensorflow
from hubexplore.programs.peer_finder import PeerFinder
from hubexplore.programs.tensorflow_hints import TensorflowHints


class Installation(PeerFinder):
    """What `install` has changed in this process; `uninstall()`, or the end of a `with`, takes it back."""

    def __init__(self, importers: Importers | None) -> None:
        super().__init__()
        self._hints = TensorflowHints()
        self._tensorflow = self._imports = None
        if importers is not None:
            self._tensorflow = OldTensorflow()
            self._imports = ImportFunction(importers, self._tensorflow)

    def exec_module(self, module: ModuleType) -> None:
        """Turns v2 behaviour off: a program may use a module before it imports TensorFlow."""
        if self._tensorflow is not None:
            self._tensorflow.start()

    def uninstall(self) -> None:
        """Makes imports mean what they meant before. Names that a program has bound keep their values."""
        if self not in sys.meta_path:
            return
        self.remove()
        self._hints.remove()
        if self._imports is not None and self._tensorflow is not None:
            self._imports.remove()
            self._tensorflow.restore()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.uninstall()


def install(tf1: bool = False, *, tf1_packages: Iterable[str] = ()) -> Installation:
    """Lets programs written for tensorflow_hub run on hubexplore, in this process.

    ```python
    hubexplore.install(tf1=True)
    import tensorflow as tf  # tf.compat.v1, with v2 behaviour off
    import tensorflow_hub as hub  # hubexplore
    ```

    Only this process changes: nothing is written, and processes that it starts are as before. An earlier
    installation is replaced.

    Args:
      tf1: whether `import tensorflow` means TensorFlow 1, in the program only: in a notebook, and in modules
        that are not installed packages. Libraries, and TensorFlow itself, import what they always did. With
        tf_keras installed, Keras is Keras 2, provided that TensorFlow was not imported before.
      tf1_packages: installed packages that are written for TensorFlow 1, too.

    Returns:
      An object with `uninstall()`, which may also be used in a `with` statement.
    """
    uninstall()
    return Installation(Importers(tf1_packages) if tf1 else None)


def uninstall() -> None:
    """Takes back what `install` changed; does nothing without one.

    After `install(tf1=True)`, v2 behaviour is on again if it was on before, and a new default graph begins.
    """
    for finder in tuple(sys.meta_path):
        if isinstance(finder, Installation):
            finder.uninstall()

"""The import function that gives a program TensorFlow 1, and everyone else TensorFlow 2.

`import tensorflow` finds the module in `sys.modules`, where finders are not asked; only `builtins.__import__`
learns who imports. Python's warnings skip files whose path has "importlib" and "_bootstrap" in it, and so
attribute the warning of a module to the line that imports it. Hence the name of this file.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from hubexplore.programs.importers import Importers
from hubexplore.programs.old_tensorflow import OldTensorflow


class ImportFunction:
    """What `builtins.__import__` is while a program of TensorFlow 1 runs.

    Args:
      importers: which modules belong to the program.
      tensorflow: what `import tensorflow` means in them.
    """

    def __init__(self, importers: Importers, tensorflow: OldTensorflow) -> None:
        original = builtins.__import__

        def import_module(
            name: str,
            globals: Mapping[str, Any] | None = None,  # noqa: A002 - the name that Python gives it
            locals: Mapping[str, Any] | None = None,  # noqa: A002 - likewise
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> Any:
            # An importer without a name is code of `exec`; it gets what the program gets.
            if self._active and not level and tensorflow.answers(name) and importers.is_program(globals):
                return tensorflow.imported(name, fromlist or ())
            return original(name, globals, locals, fromlist, level)

        self._original = original
        self._function = import_module
        self._active = True
        builtins.__import__ = import_module

    def remove(self) -> None:
        """Makes imports mean what they meant before."""
        # Another library may have wrapped it meanwhile; then it stays, and does nothing.
        self._active = False
        if builtins.__import__ is self._function:
            builtins.__import__ = self._original

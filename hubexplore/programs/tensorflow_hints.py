"""Makes TensorFlow 2 say what to write instead of a name of TensorFlow 1."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, Final, NoReturn

from hubexplore.errors import RemovedImportError, RemovedNameError
from hubexplore.programs.removed_names import V1, entry

TENSORFLOW: Final = "tensorflow"
MSG_V1: Final = """\
tf.{name} is a name of TensorFlow 1. Run the whole program as one of TensorFlow 1:

    hubexplore run --tf1 SCRIPT  # in a notebook, before TensorFlow is used: hubexplore.install(tf1=True)

or write tf.compat.v1.{name}."""


class _HintingLoader(SourceFileLoader):
    """Loads TensorFlow and adds the hints."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs the code of the module."""
        super().exec_module(module)
        _add(module)


class TensorflowHints:
    """Hints for what is missing in TensorFlow; its own names, and what has them, stay as they are."""

    def __init__(self) -> None:
        self._imports = _MissingParts()
        # First, to load TensorFlow; last, since only what nobody else has is missing.
        sys.meta_path.insert(0, self)
        sys.meta_path.append(self._imports)
        if TENSORFLOW in sys.modules:
            _add(sys.modules[TENSORFLOW])

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of TensorFlow, and None for everything else."""
        spec = PathFinder.find_spec(name, path, target) if name == TENSORFLOW else None
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = _HintingLoader(spec.loader.name, spec.loader.path)
        return spec

    def remove(self) -> None:
        """Removes the hints."""
        for finder in (self, self._imports):
            if finder in sys.meta_path:
                sys.meta_path.remove(finder)
        module = sys.modules.get(TENSORFLOW)
        if module is not None and vars(module).get("__getattr__") is _explain:
            del vars(module)["__getattr__"]


class _MissingParts:
    """Refuses the import of a part of TensorFlow that no other finder has."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        package, _, part = name.partition(".")
        removed = entry(part) if package == TENSORFLOW else None
        if removed is not None:
            raise RemovedImportError(removed[1].message(part), name=name)


def _add(module: ModuleType) -> None:
    # PEP 562: asked only for names that the module does not have.
    vars(module).setdefault("__getattr__", _explain)


def _explain(name: str) -> NoReturn:
    """The `__getattr__` of TensorFlow."""
    text = None if name.startswith("__") else _text(name)
    if text is None:
        module: Any = sys.modules[TENSORFLOW]
        raise AttributeError(f"module {TENSORFLOW!r} has no attribute {name!r}", name=name, obj=module)
    # `from tensorflow import name` asks here first, and would forget what an AttributeError says.
    is_import = sys._getframe(1).f_code.co_name == "_handle_fromlist"
    if is_import and not _is_module(name):
        raise RemovedImportError(text, name=TENSORFLOW)
    raise RemovedNameError(text)


def _text(name: str) -> str | None:
    """What to write instead of `tf.NAME`, or None for a name that TensorFlow 1 did not have either."""
    if hasattr(importlib.import_module(V1), name):
        return MSG_V1.format(name=name)
    removed = entry(name)
    return removed[1].message(name) if removed else None


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(f"{TENSORFLOW}.{name}") is not None
    except ImportError:
        return False

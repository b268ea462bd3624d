"""Lets `import tensorflow_hub` find hubexplore."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from hubexplore.errors import NoSuchImportError
from hubexplore.missing_names import explain
from hubexplore.programs.peer_modules import PEER, PEER_MODULES, PEER_NAMES, PeerModule


class PeerFinder(Loader):
    """A finder of `sys.meta_path` for tensorflow_hub and its modules, and their loader.

    What had been imported as tensorflow_hub before is put aside and comes back when the finder is removed.
    """

    def __init__(self) -> None:
        self._others = {name: sys.modules.pop(name) for name in _imported()}
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of a module of tensorflow_hub, and None for all others.

        Raises:
          NoSuchImportError: (an ImportError) tensorflow_hub has a module of this name, hubexplore does not.
        """
        package, _, part = name.partition(".")
        if package != PEER:
            return None
        if part and part not in PEER_MODULES:
            raise NoSuchImportError(explain(part.rpartition(".")[2], PEER_NAMES), name=name)
        return ModuleSpec(name, self, origin="hubexplore", is_package=True)

    def create_module(self, spec: ModuleSpec) -> PeerModule:
        """Returns the module."""
        return PeerModule(spec.name.partition(".")[2])

    def exec_module(self, module: ModuleType) -> None:
        """Does nothing: the names of the module are imported when they are used."""

    def remove(self) -> None:
        """Makes `import tensorflow_hub` mean what it meant before."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in _imported():
            del sys.modules[name]
        sys.modules.update(self._others)


def _imported() -> list[str]:
    return [name for name in sys.modules if name == PEER or name.startswith(f"{PEER}.")]

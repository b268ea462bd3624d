"""Lets Keras find `KerasLayer` in a file that it reads, before anything has used the class.

Keras looks a class up by the name under which it was registered, and registers it when the file of the class
is imported. `import hubexplore` imports neither Keras nor TensorFlow, so it registers what stands for the
class: at once if Keras is there, or else as soon as it is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

_KERAS: Final = "keras"
_NAME: Final = "hubexplore>KerasLayer"


class RegisteredLayer:
    """Stands for the class among the custom objects of Keras, which only ask it to make a layer."""

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """Makes the layer; imports its class, which then takes this place by itself."""
        from hubexplore.hub.keras_layer.layer import KerasLayer

        return KerasLayer.from_config(config)


class KerasFinder:
    """A finder of `sys.meta_path` that registers the layer after the import of Keras, and then goes."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of Keras, and None for all other modules."""
        if name != _KERAS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader, self)  # type: ignore[assignment]  # by __getattr__
        return spec


class _RegisteringLoader:
    """The loader of Keras, and a registration after it; the module keeps the loader itself."""

    def __init__(self, loader: Any, finder: KerasFinder) -> None:
        self._loader = loader
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        # Not before: a first import may fail and be repeated.
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._finder]
        _register(module)


def register_when_imported() -> None:
    """Registers the layer now or after the import of Keras."""
    if _KERAS in sys.modules:
        _register(sys.modules[_KERAS])
    else:
        sys.meta_path.insert(0, KerasFinder())


def _register(keras: ModuleType) -> None:
    # Keras 2, and a Keras whose own import has not ended, have no such function.
    custom_objects = getattr(getattr(keras, "saving", None), "get_custom_objects", None)
    if custom_objects is not None:
        custom_objects().setdefault(_NAME, RegisteredLayer)

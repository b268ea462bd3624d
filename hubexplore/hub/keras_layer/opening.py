"""From the handle of a layer to its callee."""

from __future__ import annotations

from typing import Any, Final

from hubexplore.errors import LayerError
from hubexplore.hub import resolve
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.keras_layer.callee import Callee
from hubexplore.hub.keras_layer.module_callee import ModuleCallee
from hubexplore.hub.keras_layer.object_callee import ObjectCallee
from hubexplore.hub.keras_layer.options import Options
from hubexplore.hub.load import load
from hubexplore.hub.spec import ModuleSpec

MSG_LOADED: Final = (
    "{argument} says how a handle is loaded, but the handle is an object that is loaded already. Pass it to "
    "hub.load, or give the path instead of the object."
)


def opened(handle: Any, options: Options) -> Callee:
    """The callee of a handle.

    Args:
      handle: a path or URL, a ModuleSpec, or an object that was loaded.
      options: of the layer.

    Raises:
      HubError: that of `hub.load`, of the callee, or a LayerError (a ValueError) for `tags` or `load_options`
        of an object.
    """
    if not isinstance(handle, (str, ModuleSpec)):
        for argument, value in (("tags", options.tags), ("load_options", options.load_options)):
            if value is not None:
                raise LayerError(MSG_LOADED.format(argument=argument))
        return callee_of(handle, options, None)
    loaded = load(handle, options.tags, options.load_options)
    if isinstance(loaded, LoadedModule):
        return callee_of(loaded, options, None)
    return callee_of(loaded, options, resolve.resolve(str(handle)))


def callee_of(loaded: Any, options: Options, path: str | None) -> Callee:
    """The callee of an object that was loaded."""
    if isinstance(loaded, LoadedModule):
        return ModuleCallee(loaded, options)
    return ObjectCallee(loaded, options, path)

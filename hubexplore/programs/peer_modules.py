"""The modules of tensorflow_hub: which public names programs find in each."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, Final

from hubexplore.errors import NoSuchNameError, closest

PEER: Final = "tensorflow_hub"
VERSION: Final = "0.16.1"
"""What `tensorflow_hub.__version__` says: the last release, whose names are here."""

PEER_NAMES: Final = (
    "ImageModuleInfo", "KerasLayer", "LatestModuleExporter", "Module", "ModuleSpec", "add_signature",
    "attach_image_module_info", "attach_message", "create_module_spec",
    "create_module_spec_from_saved_model", "eval_function_for_module", "get_expected_image_size",
    "get_num_image_channels", "image_embedding_column", "load", "load_module_spec",
    "register_module_for_export", "resolve", "sparse_text_embedding_column", "text_embedding_column",
    "text_embedding_column_v2",
)  # fmt: skip
"""The public names at the top level of tensorflow_hub; `eval_function_for_module` is in its `module`."""

# Submodule -> the names in it. Those at the top level of hubexplore are these; others say where they are.
PEER_MODULES: Final[dict[str, dict[str, str]]] = {
    "estimator": dict.fromkeys(("LatestModuleExporter", "register_module_for_export"), ""),
    "feature_column": dict.fromkeys(
        ("image_embedding_column", "sparse_text_embedding_column", "text_embedding_column"), ""
    ),
    "feature_column_v2": {"text_embedding_column_v2": ""},
    "image_module_info_pb2": {"ImageModuleInfo": ""},
    "image_util": {
        **dict.fromkeys(
            (
                "ImageModuleInfo", "attach_image_module_info", "get_expected_image_size",
                "get_num_image_channels",
            ),
            "",
        ),
        "get_image_module_info": "hubexplore.hub.image",
    },
    "keras_layer": {"KerasLayer": ""},
    "module": {
        **dict.fromkeys(("Module", "eval_function_for_module", "load_module_spec"), ""),
    },
    "module_spec": {"ModuleSpec": ""},
    "module_v2": {"load": "", "resolve": ""},
    "native_module": dict.fromkeys(("add_signature", "attach_message", "create_module_spec"), ""),
    "saved_model_module": {"create_module_spec_from_saved_model": ""},
    "tf_v1": {},
    "version": {},
}  # fmt: skip


class PeerModule(ModuleType):
    """A module of tensorflow_hub as programs see it.

    Args:
      path: below tensorflow_hub; "" is tensorflow_hub itself.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{PEER}.{path}" if path else PEER, f"hubexplore, under the name {PEER!r}.")
        self.__version__ = VERSION
        # Only for a package Python asks the finder, which explains, for what an import does not find.
        self.__path__: list[str] = []
        self._path = path

    @property
    def __all__(self) -> list[str]:
        """What `from tensorflow_hub import *` binds: the names that exist."""
        return [name for name in dir(self) if not name.startswith("_") and hasattr(self, name)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = _member(self._path, name)
        vars(self)[name] = value
        return value

    def __dir__(self) -> list[str]:
        return ["__version__", *(PEER_MODULES[self._path] if self._path else PEER_NAMES)]


def _member(path: str, name: str) -> Any:
    if not path:
        return getattr(importlib.import_module("hubexplore"), name)
    if path == "tf_v1":
        return getattr(importlib.import_module("tensorflow.compat.v1"), name)
    names = PEER_MODULES[path]
    if name not in names:
        raise NoSuchNameError(
            f"tensorflow_hub.{path} is here with its public names only: {', '.join(names) or '__version__'}; "
            f"{name!r} is not among them.{closest(name, names)}"
        )
    return getattr(importlib.import_module(names[name] or "hubexplore"), name)

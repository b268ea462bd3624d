"""TensorFlow Hub modules (TF1 Hub format) on today's TensorFlow, in a notebook.

`import hubexplore as hub` is cheap: each name below is imported when it is first used (PEP 562),
so TensorFlow is loaded by the first call that needs it and not before.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from hubexplore.keras_registration import register_when_imported

if TYPE_CHECKING:
    from types import ModuleType

    from IPython.core.interactiveshell import InteractiveShell

    from hubexplore.checkup.examination import doctor as doctor
    from hubexplore.errors import HubError as HubError
    from hubexplore.errors import HubSecurityWarning as HubSecurityWarning
    from hubexplore.explorer.model_card.card import card as card
    from hubexplore.hub.authoring import add_signature as add_signature
    from hubexplore.hub.authoring import attach_message as attach_message
    from hubexplore.hub.authoring import create_module_spec as create_module_spec
    from hubexplore.hub.evaluate import eval_function_for_module as eval_function_for_module
    from hubexplore.hub.feature_columns import image_embedding_column as image_embedding_column
    from hubexplore.hub.feature_columns import sparse_text_embedding_column as sparse_text_embedding_column
    from hubexplore.hub.feature_columns import text_embedding_column as text_embedding_column
    from hubexplore.hub.feature_columns import text_embedding_column_v2 as text_embedding_column_v2
    from hubexplore.hub.image import ImageModuleInfo as ImageModuleInfo
    from hubexplore.hub.image import attach_image_module_info as attach_image_module_info
    from hubexplore.hub.image import get_expected_image_size as get_expected_image_size
    from hubexplore.hub.image import get_num_image_channels as get_num_image_channels
    from hubexplore.hub.keras_layer.layer import KerasLayer as KerasLayer
    from hubexplore.hub.load import load as load
    from hubexplore.hub.load import resolve as resolve
    from hubexplore.hub.loading import load_module_spec as load_module_spec
    from hubexplore.hub.module import Module as Module
    from hubexplore.hub.parts.chain import chain as chain
    from hubexplore.hub.parts.head import head as head
    from hubexplore.hub.saved_model import (
        create_module_spec_from_saved_model as create_module_spec_from_saved_model,
    )
    from hubexplore.hub.spec import ModuleSpec as ModuleSpec
    from hubexplore.hub.summarize import summarize as summarize
    from hubexplore.inputs.sounds import read_audio as read_audio
    from hubexplore.mapping.api import map as map  # noqa: A004 - hub.map, which nobody imports bare
    from hubexplore.mapping.predictor import Predictor as Predictor
    from hubexplore.notebook.panel.explorer import explore as explore
    from hubexplore.notebook.panel.lens.panel import lens as lens
    from hubexplore.programs.installation import install as install
    from hubexplore.programs.installation import uninstall as uninstall
    from hubexplore.session.conversion.convert import convert as convert
    from hubexplore.session.cutting.proof import check_cut as check_cut
    from hubexplore.session.export.save import save as save
    from hubexplore.session.session import NotebookSession as NotebookSession
    from hubexplore.summary.model import ModuleSummary as ModuleSummary

__version__ = "0.1.0"

# The table of contents: public name -> the module that defines it.
_WHERE = {
    "HubError": "hubexplore.errors",
    "HubSecurityWarning": "hubexplore.errors",
    "ImageModuleInfo": "hubexplore.hub.image",
    "KerasLayer": "hubexplore.hub.keras_layer.layer",
    "Module": "hubexplore.hub.module",
    "ModuleSpec": "hubexplore.hub.spec",
    "ModuleSummary": "hubexplore.summary.model",
    "NotebookSession": "hubexplore.session.session",
    "Predictor": "hubexplore.mapping.predictor",
    "add_signature": "hubexplore.hub.authoring",
    "attach_image_module_info": "hubexplore.hub.image",
    "attach_message": "hubexplore.hub.authoring",
    "card": "hubexplore.explorer.model_card.card",
    "chain": "hubexplore.hub.parts.chain",
    "check_cut": "hubexplore.session.cutting.proof",
    "convert": "hubexplore.session.conversion.convert",
    "create_module_spec": "hubexplore.hub.authoring",
    "create_module_spec_from_saved_model": "hubexplore.hub.saved_model",
    "doctor": "hubexplore.checkup.examination",
    "eval_function_for_module": "hubexplore.hub.evaluate",
    "explore": "hubexplore.notebook.panel.explorer",
    "get_expected_image_size": "hubexplore.hub.image",
    "get_num_image_channels": "hubexplore.hub.image",
    "head": "hubexplore.hub.parts.head",
    "image_embedding_column": "hubexplore.hub.feature_columns",
    "install": "hubexplore.programs.installation",
    "lens": "hubexplore.notebook.panel.lens.panel",
    "load": "hubexplore.hub.load",
    "load_module_spec": "hubexplore.hub.loading",
    "map": "hubexplore.mapping.api",
    "read_audio": "hubexplore.inputs.sounds",
    "resolve": "hubexplore.hub.load",
    "save": "hubexplore.session.export.save",
    "sparse_text_embedding_column": "hubexplore.hub.feature_columns",
    "summarize": "hubexplore.hub.summarize",
    "text_embedding_column": "hubexplore.hub.feature_columns",
    "text_embedding_column_v2": "hubexplore.hub.feature_columns",
    "uninstall": "hubexplore.programs.installation",
}

# Public names that are modules.
_MODULES = ("pictures", "samples", "sounds")

__all__ = ["__version__", *_WHERE, *_MODULES]  # noqa: PLE0604 - the names are the keys above


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(_imported(_WHERE[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"{__name__}.{name}")
    elif name.startswith("_"):
        # What Python and IPython look for; nobody reads what it says.
        raise AttributeError(f"module 'hubexplore' has no attribute {name!r}")
    else:
        # What tensorflow_hub has as modules: programs write hub.image_util.get_expected_image_size.
        peer_modules = importlib.import_module("hubexplore.programs.peer_modules")
        if name not in peer_modules.PEER_MODULES:
            raise _missing(name)
        value = peer_modules.PeerModule(name)
    globals()[name] = value
    return value


def _imported(module: str) -> ModuleType:
    """Imports a module that may bring TensorFlow along."""
    from hubexplore.summary.without_gc import without_gc

    # Python sets ps1 where people type commands: only there does a process go on after an interrupt.
    if not hasattr(sys, "ps1"):
        with without_gc():
            return importlib.import_module(module)
    from hubexplore.hub.quiet_start import quiet_tensorflow
    from hubexplore.session.whole_imports import import_whole

    def import_quietly() -> ModuleType:
        with quiet_tensorflow():
            return importlib.import_module(module)

    return import_whole(import_quietly)


def _missing(name: str) -> Exception:
    """What to raise for a public name that is not there."""
    from hubexplore.errors import NoSuchImportError, NoSuchNameError
    from hubexplore.missing_names import explain

    message = explain(name, __all__)
    # `from hubexplore import name` asks here first, and would forget what an AttributeError says.
    caller = sys._getframe(2)
    is_import = caller.f_code.co_name == "_handle_fromlist"
    if is_import and importlib.util.find_spec(f"{__name__}.{name}") is None:
        return NoSuchImportError(message, name=__name__)
    error = NoSuchNameError(message)
    if caller.f_globals.get("__name__") == "__main__":
        # IPython shows this instead of a traceback, which would show the code above, not that of the user.
        vars(error)["_render_traceback_"] = lambda: [f"{NoSuchNameError.__name__}: {message}"]
    return error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Registers the `%hub_*` magics; called by `%load_ext hubexplore`."""
    from hubexplore.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Removes the magics and closes the session; called by `%unload_ext hubexplore`."""
    from hubexplore.notebook.extension import unload

    unload(shell)


register_when_imported()

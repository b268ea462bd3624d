"""`load`: a module outside of graphs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.variants.graph_variant import as_tag_set


def load(handle: str | bytes | os.PathLike[str] | ModuleSpec, tags: Iterable[str] | None = None) -> Any:
    """Loads a module for use outside of graphs: eagerly, in `tf.function`, in `Dataset.map`.

    Args:
      handle: what `load_module_spec` takes, or a ModuleSpec.
      tags: of the graph variant that calls use; None means no tags, or the only variant there is.

    Returns:
      A `LoadedModule`.
    """
    spec = handle if isinstance(handle, ModuleSpec) else load_module_spec(handle)
    return LoadedModule(spec, as_tag_set(tags), "" if isinstance(handle, ModuleSpec) else str(handle))

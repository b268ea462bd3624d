"""The only place that touches Keras' private API; works with Keras 3.3 to 3.15."""

from __future__ import annotations

from keras.src import backend
from keras.src.backend.common import global_state


def in_stateless_scope() -> bool:
    """Whether Keras traces a call for the shapes of its outputs."""
    return bool(backend.in_stateless_scope())


def is_loading_archive() -> bool:
    """Whether layers are made for a `.keras` file whose other files will follow.

    Keras shares objects only then; elsewhere a config is all that there is.
    """
    return global_state.get_global_attribute("shared_objects/id_to_obj_map") is not None

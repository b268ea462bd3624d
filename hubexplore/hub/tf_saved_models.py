"""TensorFlow's private API that writing a SavedModel needs; works with TensorFlow 2.16 to 2.21.

What belongs to graphs is in `tf_internals.py`.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tensorflow.python.eager import context
from tensorflow.python.saved_model import fingerprinting_utils, nested_structure_coder


def encode_structure(structure: Any) -> Any:
    """StructuredValue of a nested structure of type specs and plain values."""
    return nested_structure_coder.encode_structure(structure)


def eagerly() -> contextlib.AbstractContextManager[Any]:
    """Leaves any graph: what is inside runs eagerly, also where TF2 behaviour is off."""
    mode: contextlib.AbstractContextManager[Any] = context.eager_mode()
    return mode


def write_fingerprint(folder: str) -> None:
    """Writes the file with the hashes of a SavedModel, as tf.saved_model.save does.

    Where it cannot be made there is none, and loaders do without.
    """
    with contextlib.suppress(ValueError):
        fingerprinting_utils.write_fingerprint(folder)

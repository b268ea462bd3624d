"""Names that the formats prescribe: files of a module or SavedModel, its special collections and signatures.

Sources: tensorflow/python/saved_model/constants.py, tag_constants.py and signature_constants.py; the TF1 Hub
format for `tfhub_module.pb`, the attachments, and the signature and the output `default`.
"""

from __future__ import annotations

from typing import Final

GRAPH_FILE: Final = "saved_model.pb"
"""File with the graphs of a module or SavedModel."""
GRAPH_TEXT_FILE: Final = "saved_model.pbtxt"
"""File with the graphs in protobuf's text form."""
# The chunked form, `saved_model.cpb`, is missing on purpose: `parse_saved_model` in TensorFlow 2.21 knows its
# name, but reads only these two, in this order.
GRAPH_FILES: Final = (GRAPH_FILE, GRAPH_TEXT_FILE)
"""Files that may hold the graphs; TensorFlow prefers the first."""
MODULE_FILE: Final = "tfhub_module.pb"
"""File that makes a SavedModel a TF1 Hub module."""
METADATA_FILE: Final = "keras_metadata.pb"
"""File that Keras 2 writes beside the graph; loading with Keras reads it."""
FINGERPRINT_FILE: Final = "fingerprint.pb"
"""File with hashes of a SavedModel."""
VARIABLES_FOLDER: Final = "variables"
"""Folder with the checkpoint."""
VARIABLES_PREFIX: Final = f"{VARIABLES_FOLDER}/variables"
"""What the paths of the checkpoint's files begin with."""
ASSETS_FOLDER: Final = "assets"
"""Folder with the files that the graphs read."""

MOST_VARIANTS: Final = 1_000
"""Maximum number of graphs that a file may hold; published modules have up to a dozen."""
MSG_VARIANTS: Final = f"it holds more than {MOST_VARIANTS:,} graphs"

ATTACHMENTS: Final = "hub_module_attachments"
"""Collection with the attached messages."""
MAIN_OPS: Final = ("saved_model_main_op", "legacy_init_op")
"""Collections with the op that loading runs after it has restored the checkpoint."""

DEFAULT_SIGNATURE: Final = "default"
"""Signature that a call without a name means."""
DEFAULT_SIGNATURES: Final = (DEFAULT_SIGNATURE, "serving_default")
"""Signatures that are meant where none is named: of a module, and of a SavedModel."""
DEFAULT_OUTPUT: Final = "default"
"""Output that a call without `as_dict` returns. A single tensor is declared under this name."""
# TensorFlow 2 declares the op both here and in the collection, for older loaders (`save.py`); its own loader
# looks here first (`loader_impl.get_init_op`).
INIT_OP: Final = "__saved_model_init_op"
"""Signature in which newer writers declare the op that loading runs, with or without a collection."""
INTERNAL_SIGNATURES: Final = frozenset({INIT_OP, "__saved_model_train_op"})
"""Signatures that are not functions of the model, so they are neither shown nor called."""

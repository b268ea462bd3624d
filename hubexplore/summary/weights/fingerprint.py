"""The fingerprint of a TF2 SavedModel: whether its weights are those that were saved with it.

`fingerprint.pb` holds the FarmHash of the checkpoint's index, which holds the checksums of all values. It
also holds hashes of `saved_model.pb` and of its nodes, signatures and functions. Those are not compared:
they are hashes of messages that C++ wrote again, with the entries of maps in an order of its own, so that a
field unknown here would make a good model look altered.
The hash of the nodes leaves out the functions, which hold what a TF2 model computes; a graph may be edited on
purpose; and a file that is cut does not parse. TensorFlow itself compares none of these hashes.

Source: tensorflow/core/protobuf/fingerprint.proto, tensorflow/cc/saved_model/fingerprinting.cc.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from hubexplore.summary.files.filesystem import Filesystem, join, read_message
from hubexplore.summary.graph.messages import FingerprintDef
from hubexplore.summary.module_format import FINGERPRINT_FILE, VARIABLES_PREFIX
from hubexplore.summary.weights.farm_hash import fingerprint

_LARGEST: Final = 1 << 20
"""Bytes of the fingerprint and of the index; hashing a larger one would be felt."""

MSG_OTHER_WEIGHTS: Final = (
    "The weights are not those that the model was saved with: '{index}' does not have the fingerprint in "
    "{file!r}. One of the two is from another model, or was altered. Copy or download the whole model again. "
    "If the weights were replaced on purpose, delete {file!r}."
)


def find_misfit(directory: str, filesystem: Filesystem) -> str | None:
    """Says that the weights of a SavedModel have another fingerprint; None if they fit, or nothing says so.

    Args:
      directory: of the model.
      filesystem: what reads it.
    """
    path, index = join(directory, FINGERPRINT_FILE), join(directory, f"{VARIABLES_PREFIX}.index")
    try:
        if not filesystem.exists(path) or not filesystem.exists(index) or filesystem.size(index) > _LARGEST:
            return None
        expected = FingerprintDef.FromString(read_message(filesystem, path, _LARGEST)).checkpoint_hash
        if not expected or fingerprint(filesystem.read(index)) == expected:
            return None
    except (OSError, DecodeError) as error:
        return f"{FINGERPRINT_FILE!r} is not readable: {error}. Copy or download the model again."
    return MSG_OTHER_WEIGHTS.format(index=f"{VARIABLES_PREFIX}.index", file=FINGERPRINT_FILE)

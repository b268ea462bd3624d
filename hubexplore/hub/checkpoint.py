"""What a checkpoint holds, on any filesystem that TensorFlow knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.checkpoint import read_index


class Held(NamedTuple):
    """A variable in a checkpoint; the whole of it where it is partitioned."""

    shape: tf.TensorShape
    dtype: tf.DType


def load_index(prefix: str) -> dict[str, Held]:
    """What the V2 checkpoint at `prefix` (path without `.index`) holds, by name; checksums verified.

    Raises:
      tf.errors.NotFoundError: there is none.
      DamagedModuleError: it is not readable.
    """
    path = f"{prefix}.index"
    with tf.io.gfile.GFile(path, "rb") as file:
        data = file.read()
    try:
        index = read_index(data)
        return {
            name: Held(tf.TensorShape(entry.shape), tf.as_dtype(entry.dtype))
            for name, entry in index.entries.items()
        }
    except (DamagedModuleError, TypeError) as error:
        raise DamagedModuleError(f"{path!r}: {error}") from error


def held_by(prefix: str) -> Mapping[str, Held]:
    """The same for a training checkpoint, which may also be of the older V1 format."""
    reader = tf.train.load_checkpoint(prefix)
    dtypes = reader.get_variable_to_dtype_map()
    return {
        name: Held(tf.TensorShape(shape), dtypes[name])
        for name, shape in reader.get_variable_to_shape_map().items()
    }

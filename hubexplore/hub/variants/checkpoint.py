"""The variables of a checkpoint, on any filesystem that TensorFlow knows."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import tensorflow as tf

from hubexplore.errors import MSG_AGAIN, CheckpointMismatchError, DamagedModuleError
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.summary.files.filesystem import is_special
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, check_shards, open_index


class StoredVariable(NamedTuple):
    """Shape and dtype of a variable in a checkpoint; of the whole variable if it is partitioned."""

    shape: tf.TensorShape
    dtype: tf.DType


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of a module.

    Attributes:
      prefix: its path without `.index`.
      variables: what it holds, by the key of the variable where that differs from the name in the checkpoint.
      names: key of a variable -> name in the checkpoint, where they differ.
      entries: what its index says, by name in the checkpoint.
    """

    prefix: str
    variables: Mapping[str, StoredVariable]
    names: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, CheckpointEntry] = field(default_factory=dict)

    def under(self, names: Mapping[str, str]) -> Checkpoint:
        """The same checkpoint for variables with other keys: key -> name in the checkpoint."""
        stored_names = set(names.values())
        variables = {name: stored for name, stored in self.variables.items() if name not in stored_names}
        for key, name in names.items():
            if name in self.variables:
                variables[key] = self.variables[name]
        return replace(self, variables=variables, names=names)

    def only(self, keys: Collection[str]) -> Checkpoint | None:
        """The same checkpoint for some of its variables; None for none."""
        variables = {key: stored for key, stored in self.variables.items() if key in keys}
        names = {key: name for key, name in self.names.items() if key in keys}
        stored_names = {names.get(key, key) for key in keys}
        entries = {name: entry for name, entry in self.entries.items() if name in stored_names}
        return Checkpoint(self.prefix, variables, names, entries) if keys else None


def open_checkpoint(prefix: str) -> Checkpoint:
    """Reads the index of a module's V2 checkpoint, checksums verified, and looks for its data files.

    Raises:
      DamagedModuleError: the index is missing or altered, a data file is missing or too short.
    """
    filesystem = filesystem_of(prefix)
    path = f"{prefix}.index"
    try:
        index = open_index(path, filesystem)
        variables = {
            name: StoredVariable(_shape(entry.shape), tf.as_dtype(entry.dtype))
            for name, entry in index.entries.items()
        }
    except FileNotFoundError as error:
        raise DamagedModuleError(
            f"The module has variables, but {path!r} is missing: the copy is incomplete. {MSG_AGAIN}"
        ) from error
    except (OSError, TypeError) as error:
        raise DamagedModuleError(f"{path!r} is not readable. {error} {MSG_AGAIN}") from error
    try:
        problem = check_shards(index, prefix, filesystem)
    except OSError as error:
        problem = f"Its data files cannot be read. {error}"
    if problem:
        raise DamagedModuleError(
            f"The module at {os.path.dirname(os.path.dirname(path))!r}: {problem} {MSG_AGAIN}"
        )
    return Checkpoint(prefix, variables, entries=index.entries)


@functools.lru_cache(maxsize=1024)
def _shape(sizes: tuple[int, ...]) -> tf.TensorShape:
    """A TensorShape, which is immutable, so it can be shared: most variables have one of a few shapes."""
    return tf.TensorShape(sizes)


def _check_regular(prefix: str) -> None:
    """Raises CheckpointMismatchError for a file that TensorFlow would wait for, or read without end."""
    # Any file that begins with the prefix may be opened by TensorFlow: index, data, or a V1 file.
    filesystem, (folder, base) = filesystem_of(prefix), os.path.split(prefix)
    if not filesystem.isdir(folder or "."):
        return
    for name in filesystem.listdir(folder or "."):
        path = os.path.join(folder, name)
        if name.startswith(base) and is_special(path):
            raise CheckpointMismatchError(
                f"The checkpoint {prefix!r} cannot be read: {path!r} is a pipe, socket or device, not a "
                f"file. Pass the path prefix of another one."
            )


def stored_variables(prefix: str) -> Mapping[str, StoredVariable]:
    """The variables of a training checkpoint by name; it may also be of the older V1 format."""
    _check_regular(prefix)
    reader = tf.train.load_checkpoint(prefix)
    dtypes = reader.get_variable_to_dtype_map()
    return {
        name: StoredVariable(tf.TensorShape(shape), dtypes[name])
        for name, shape in reader.get_variable_to_shape_map().items()
    }

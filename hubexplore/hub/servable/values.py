"""The values of variables, brought into the checkpoint of a SavedModel a group at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf

from hubexplore.errors import CheckpointMismatchError
from hubexplore.hub.servable.objects import OBJECT_GRAPH_KEY
from hubexplore.hub.servable.state import SavedVariable
from hubexplore.hub.storage.published_values import published_values
from hubexplore.hub.variants.checkpoint import Checkpoint
from hubexplore.hub.variants.restore import groups
from hubexplore.hub.variants.variable_specs import VariableSpec

Identity = tuple[str, tuple[int, ...]]
Reader = Callable[[list[VariableSpec]], Sequence[Any]]
"""Returns the values of some variables as NumPy arrays."""


def write_checkpoint(  # noqa: PLR0917 - one caller
    prefix: str,
    variables: Sequence[SavedVariable],
    checkpoint: Checkpoint | None,
    live: Collection[Identity],
    read: Reader,
    objects: bytes,
) -> None:
    """Writes a checkpoint; no more than one group of values is in memory at a time.

    Args:
      prefix: of the checkpoint; its folder exists.
      variables: to write.
      checkpoint: of the module; None if it was made in this process.
      live: the variables that `read` knows; the others are in the checkpoint.
      read: reads values of live variables.
      objects: what else the checkpoint holds.

    Raises:
      CheckpointMismatchError: (a ValueError) the checkpoint of the module lacks a value.
    """
    by_spec = {id(variable.spec): variable for variable in variables}
    parts = groups([variable.spec for variable in variables]) or [[]]
    prefixes = [prefix] if len(parts) == 1 else [f"{prefix}_part_{number}" for number in range(len(parts))]
    for number, (group, part) in enumerate(zip(parts, prefixes, strict=True)):
        members = [by_spec[id(spec)] for spec in group]
        alive = [variable for variable in members if variable.spec.identity in live]
        stored = [variable for variable in members if variable.spec.identity not in live]
        if stored and checkpoint is None:
            raise CheckpointMismatchError(
                f"The module has no value for the variable {stored[0].spec.key!r}. Nothing was written."
            )
        values = list(read([variable.spec for variable in alive])) if alive else []
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            fed = [tf.compat.v1.placeholder(variable.spec.dtype.base_dtype) for variable in alive]
            restored = (
                published_values(checkpoint, [variable.spec for variable in stored])
                if stored and checkpoint is not None
                else []
            )
            names = [variable.key for variable in (*alive, *stored)]
            tensors = [*fed, *restored]
            if number == 0:
                names.append(OBJECT_GRAPH_KEY)
                tensors.append(tf.constant(objects))
            save = tf.raw_ops.SaveV2(
                prefix=part, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
            )
            session.run(save, dict(zip(fed, values, strict=True)))
    if len(prefixes) > 1:
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            session.run(
                tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=prefixes, destination_prefix=prefix)
            )

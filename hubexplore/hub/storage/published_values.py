"""Reads the published values of a module's variables from its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from hubexplore.hub.storage.glob_paths import restorable
from hubexplore.hub.variants.checkpoint import Checkpoint
from hubexplore.hub.variants.restore import find_misfit
from hubexplore.hub.variants.variable_specs import VariableSpec


def published_values(checkpoint: Checkpoint, variables: Sequence[VariableSpec]) -> list[tf.Tensor]:
    """The values in a checkpoint, eager or in the default graph.

    Raises:
      CheckpointMismatchError: (a ValueError) it lacks one, or has another one.
    """
    misfit = find_misfit(checkpoint.variables, variables, checkpoint.prefix, {})
    if misfit is not None:
        raise misfit
    return list(
        tf.raw_ops.RestoreV2(
            prefix=restorable(checkpoint.prefix),
            tensor_names=[checkpoint.names.get(variable.key, variable.key) for variable in variables],
            shape_and_slices=[variable.slice_spec for variable in variables],
            dtypes=[variable.dtype.base_dtype for variable in variables],
        )
    )

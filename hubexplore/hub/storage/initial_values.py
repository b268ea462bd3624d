"""Writes the values that the variables of a module start from, as a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.state import build_state
from hubexplore.hub.quiet_start import start_devices

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec


def write_initial_values(spec: DefinedSpec, prefix: str) -> None:
    """Writes a V2 checkpoint at `prefix` with a value for each variable of any graph variant.

    A variable has the value that it starts from in the first variant that has it. Values that are restored
    from checkpoints are in memory once.
    """
    start_devices()
    names: list[str] = []
    slices: list[str] = []
    values: list[tf.Tensor] = []
    initializers: list[Any] = []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for number, variant in enumerate(spec.variants):
            scope = f"variant_{number}"
            state = build_state(spec.state_plan(variant.tags, False), scope, FunctionImporter(scope))
            known = set(names)
            for variable, live in state.variables:
                # All parts of a variable are those of one variant, as another may cut it differently.
                if variable.key not in known:
                    names.append(variable.key)
                    slices.append(variable.slice_spec)
                    initializers.append(live.initializer)
                    values.append(state.tensor(variable.proto.snapshot_name or variable.proto.variable_name))
        save = tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=values)
        session.run(initializers)
        session.run(save)

"""The variables of a module as eager variables, one set for all graph variants."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.hub.module import Module
from hubexplore.hub.storage.glob_paths import restorable
from hubexplore.hub.variants.checkpoint import Checkpoint
from hubexplore.hub.variants.restore import find_misfit, groups
from hubexplore.hub.variants.variable_specs import VariableSpec, build_map

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec


def make_variables(spec: DefinedSpec, trainable: bool) -> dict[tuple[str, tuple[int, ...]], Any]:
    """Makes the variables of all graph variants with their published values.

    Variables of different variants that share their values in the format, by name, are one variable. They
    are made under the current distribution strategy, if there is one.

    Args:
      spec: of the module.
      trainable: whether those that its author marked are trainable.

    Returns:
      `VariableSpec.identity` -> tf.Variable.

    Raises:
      CheckpointMismatchError: (a ValueError) the checkpoint lacks a variable, or has another one.
    """
    marked = {
        variable.identity
        for variables in spec.variables_by_variant.values()
        for variable in variables
        if trainable and variable.proto.trainable
    }
    checkpoint = spec.checkpoint
    values_of = _initial_values(spec) if checkpoint is None else functools.partial(_stored, checkpoint)
    made: dict[tuple[str, tuple[int, ...]], Any] = {}
    # Group by group, so that no more than one group of values exists beside the variables: a variable takes
    # over the memory of a value that nobody else holds.
    for group in groups(list(spec.all_variables)):
        for variable, value in zip(group, values_of(group), strict=True):
            made[variable.identity] = tf.Variable(
                value,
                trainable=variable.identity in marked,
                name=variable.handle,
                dtype=variable.dtype.base_dtype,
                shape=variable.shape,
            )
    return made


def in_order(spec: DefinedSpec) -> tuple[VariableSpec, ...]:
    """The variables of all graph variants in the order of `variable_map`: by name, then by offset."""
    return tuple(sorted(spec.all_variables, key=lambda variable: variable.identity))


def by_name(spec: DefinedSpec, made: Mapping[tuple[str, tuple[int, ...]], Any]) -> dict[str, Any]:
    """Name in the module -> variable, or the list of the parts of a partitioned one."""
    return build_map(tuple((variable, made[variable.identity]) for variable in spec.all_variables))


def _stored(checkpoint: Checkpoint, group: list[VariableSpec]) -> list[tf.Tensor]:
    misfit = find_misfit(checkpoint.variables, group, checkpoint.prefix, {})
    if misfit is not None:
        raise misfit
    values: list[tf.Tensor] = tf.raw_ops.RestoreV2(
        prefix=restorable(checkpoint.prefix),
        tensor_names=[checkpoint.names.get(variable.key, variable.key) for variable in group],
        shape_and_slices=[variable.slice_spec for variable in group],
        dtypes=[variable.dtype.base_dtype for variable in group],
    )
    return values


def _initial_values(spec: DefinedSpec) -> Any:
    """A function from a group of variables to their values, for a spec that was not saved yet."""
    values: dict[tuple[str, tuple[int, ...]], Any] = {}
    for variant in spec.variants:
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            module = Module(spec, tags=variant.tags)
            session.run(tf.compat.v1.global_variables_initializer())
            live = {
                variable.identity: member
                for variable, member in zip(
                    spec.variables_by_variant[variant.tags], tf.compat.v1.global_variables(), strict=True
                )
            }
            missing = {identity: member for identity, member in live.items() if identity not in values}
            values.update(session.run(missing))
        del module
    return lambda group: [values[variable.identity] for variable in group]

"""The variables of a module as eager variables, one set for all graph variants."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from hubexplore.errors import CheckpointMismatchError
from hubexplore.hub.module import Module
from hubexplore.hub.storage.published_values import published_values
from hubexplore.hub.variants.restore import find_misfit, groups
from hubexplore.hub.variants.variable_specs import VariableSpec, build_map

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec


Identity = tuple[str, tuple[int, ...]]

MSG_LACKING: Final = (
    "The graph variant with {tags} needs variables whose values the module does not have: {misfit} Use the "
    "other variant only, without training=True."
)
MSG_OTHER: Final = (
    "The variable {key!r} is {other} in the graph variant with {tags}, and {own} in the one that was loaded; "
    "one variable cannot be both. Load that variant by itself: hub.load(path, tags={listed})."
)


def make_variables(
    spec: DefinedSpec, trainable: bool, tags: frozenset[str] | None = None
) -> dict[Identity, Any]:
    """Makes the variables of all graph variants with their published values.

    Variables of different variants that share their values in the format, by name, are one variable. They
    are made under the current distribution strategy, if there is one.

    Args:
      spec: of the module.
      trainable: whether those that its author marked are trainable.
      tags: of the variant that must be complete; variables of others are left out if the checkpoint lacks
        them. None means that all must be.

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
    values_of = (
        _initial_values(spec, tags) if checkpoint is None else functools.partial(published_values, checkpoint)
    )
    made: dict[Identity, Any] = {}
    # Group by group, so that no more than one group of values exists beside the variables: a variable takes
    # over the memory of a value that nobody else holds.
    for group in groups(_wanted(spec, tags)):
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


def _wanted(spec: DefinedSpec, tags: frozenset[str] | None) -> list[VariableSpec]:
    checkpoint = spec.checkpoint
    if tags is None:
        return list(spec.all_variables)
    wanted = {variable.identity: variable for variable in spec.variables_by_variant[tags]}
    for variable in spec.all_variables:
        if variable.identity not in wanted and (
            checkpoint is None or find_misfit(checkpoint.variables, [variable], checkpoint.prefix, {}) is None
        ):
            wanted[variable.identity] = variable
    return list(wanted.values())


def by_name(spec: DefinedSpec, made: Mapping[Identity, Any]) -> dict[str, Any]:
    """Name in the module -> variable, or the list of the parts of a partitioned one."""
    variables = (variable for variable in spec.all_variables if variable.identity in made)
    return build_map(tuple((variable, made[variable.identity]) for variable in variables))


def by_node(spec: DefinedSpec, tags: frozenset[str], made: Mapping[Identity, Any]) -> dict[str, Any]:
    """Name of a node of a graph variant -> its variable.

    Raises:
      CheckpointMismatchError: (a ValueError) a variable was not made, or is another one in this variant.
    """
    variables = spec.variables_by_variant[tags]
    checkpoint = spec.checkpoint
    lacking = [variable for variable in variables if variable.identity not in made]
    if lacking and checkpoint is not None:
        misfit = find_misfit(checkpoint.variables, lacking, checkpoint.prefix, {})
        raise CheckpointMismatchError(MSG_LACKING.format(tags=sorted(tags), misfit=misfit))
    for variable in variables:
        own = made[variable.identity]
        if own.dtype.base_dtype != variable.dtype.base_dtype or not variable.shape.is_compatible_with(
            own.shape
        ):
            listed = sorted(tags)
            other, here = (f"{either.dtype.base_dtype.name} {either.shape}" for either in (variable, own))
            raise CheckpointMismatchError(
                MSG_OTHER.format(key=variable.key, other=other, own=here, tags=listed, listed=listed)
            )
    return {variable.handle: made[variable.identity] for variable in variables}


def _initial_values(spec: DefinedSpec, tags: frozenset[str] | None) -> Any:
    """A function from a group of variables to their values, for a spec that was not saved yet."""
    values: dict[Identity, Any] = {}
    # The variant that must be complete comes first: a variable may differ in another one.
    for variant in sorted(spec.variants, key=lambda variant: variant.tags != tags):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            module = Module(spec, tags=variant.tags)
            # The parts of a partitioned variable are in the order of their offsets.
            ordered = sorted(spec.variables_by_variant[variant.tags], key=lambda variable: variable.identity)
            parts: dict[str, Iterator[Any]] = {
                key: iter(member if isinstance(member, list) else [member])
                for key, member in module.variable_map.items()
            }
            live = {variable.identity: next(parts[variable.key]) for variable in ordered}
            missing = {identity: member for identity, member in live.items() if identity not in values}
            tables = tf.compat.v1.tables_initializer()
            session.run([tf.compat.v1.variables_initializer(list(live.values())), tables])
            values.update(session.run(missing))
    return lambda group: [values[variable.identity] for variable in group]

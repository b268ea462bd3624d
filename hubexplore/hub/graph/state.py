"""The state graph of a module: variables, tables, assets; built once per Module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import DamagedModuleError
from hubexplore.hub import tf_internals
from hubexplore.hub.graph.functions import FunctionImporter
from hubexplore.hub.graph.shared_names import prefix_shared_names
from hubexplore.hub.graph.slice import GraphSlice, check_complete, slice_graph
from hubexplore.hub.variants.graph_checks import check_names
from hubexplore.hub.variants.graph_variant import GraphVariant, node_list
from hubexplore.hub.variants.restore import add_restore
from hubexplore.hub.variants.variable_collections import local_variables
from hubexplore.hub.variants.variable_specs import (
    VARIABLE_COLLECTIONS,
    VariableSpec,
    build_map,
    members,
    read_variables,
)
from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.traversal import Cut, node_of, reach

_KEYS: Final = tf.compat.v1.GraphKeys
# Collections of names of nodes that belong to the state; those of variables hold protos.
_NODE_COLLECTIONS: Final = (_KEYS.TABLE_INITIALIZERS, _KEYS.ASSET_FILEPATHS)
IN_FUNCTIONS: Final = "initialized/by/functions"
"""Stands for the tables that functions make, where others have the name of their node."""


@dataclass(frozen=True)
class StatePlan:
    """What to import for the state of a variant; the same for each instance.

    Attributes:
      graph_slice: the nodes reached from the state, plus the restore of the checkpoint.
      variables: tensor name -> what it is; protos name the initialisers in `graph_slice`.
      collections: collection -> names of variables' tensors, tensors or ops.
      locals: as `variables`, for variables that no collection lists; they start from their initial values.
    """

    graph_slice: GraphSlice
    variables: Mapping[str, VariableSpec]
    collections: Mapping[str, tuple[str, ...]]
    locals: Mapping[str, VariableSpec]

    @property
    def needs_initialisation(self) -> bool:
        """Whether there are variables or tables, which have no values at first."""
        return bool(self.variables or self.collections.get(_KEYS.TABLE_INITIALIZERS))


@dataclass(frozen=True)
class State:
    """The state graph of one Module in a graph.

    Attributes:
      graph: where it lives.
      scope: its absolute name scope, without a trailing slash.
      variables: each VariableSpec with its live Variable.
      variable_map: key -> Variable or list of its partitions.
    """

    graph: tf.Graph
    scope: str
    variables: tuple[tuple[VariableSpec, Any], ...]
    variable_map: Mapping[str, Any]

    def tensor(self, name: str) -> tf.Tensor:
        """The state tensor that `name` in the module's own graph became."""
        return self.graph.get_tensor_by_name(f"{self.scope}/{name}")

    def value_for(self, graph: tf.Graph, name: str) -> tf.Tensor:
        """The state tensor for use in `graph`, which is the state's own or a function body inside of it.

        A function body cannot capture a reference to a variable, so there it is the variable's value.
        """
        tensor = self.tensor(name)
        # Reference variables (TF1 before resource variables) are tensors that ops write through; outside of
        # their graph only a copy of the value can be read.
        if graph is self.graph or not tensor.dtype._is_ref_dtype:
            return tensor
        with self.graph.as_default(), tf.control_dependencies(None):
            return tf.identity(tensor)


def plan_state(
    variant: GraphVariant, checkpoint: str | None, trainable: bool, names: Mapping[str, str] | None = None
) -> StatePlan:
    """Finds what the state of a variant consists of.

    The targets are the stateful nodes without inputs, the ops of variables, the initialisers of tables,
    assets and, if trainable, losses that depend on state only; the state is what they reach going back. With
    a checkpoint, the initialisers of the module's own graph are not among the targets: `add_restore` puts its
    own in their place, so neither they nor the constants that they read are imported. Linear in what is
    reached.

    Args:
      variant: the graph variant.
      checkpoint: path prefix of the checkpoint that initialises the variables; None leaves the
        initialisers of the module's own graph in place.
      trainable: whether trainable variables and regularization losses belong to it.
      names: key of a variable -> its name in the checkpoint, where they differ.
    """
    variables = read_variables_or_fail(variant)
    collections = _variable_collections(variant, trainable)
    for key in _NODE_COLLECTIONS:
        elements = node_list(variant.meta_graph, key)
        collections[key] = tuple(name for name in elements if not variant.needs_unknown(node_of(name)))
    if trainable:
        collections[_KEYS.REGULARIZATION_LOSSES] = variant.state_losses
    for key in (*_NODE_COLLECTIONS, _KEYS.REGULARIZATION_LOSSES):
        check_names(variant.nodes, collections.get(key, ()), f"The collection {key!r}", ops=True)
    targets = sorted(variant.state_nodes)
    for key in (*_NODE_COLLECTIONS, _KEYS.REGULARIZATION_LOSSES):
        targets.extend(collections.get(key, ()))
    unlisted = local_variables_or_fail(variant)
    for spec in variables.values():
        targets.extend(_targets(spec, with_initializer=checkpoint is None))
    for spec in unlisted.values():
        targets.extend(_targets(spec, with_initializer=True))
    region = reach(variant.nodes, targets)
    check_complete(region.missing)
    graph_slice = slice_graph(variant, region.nodes)
    if checkpoint is not None and variables:
        # A name of the module must not be changed, so the ops that are added make way.
        root = free_scope("checkpoint_initializer", region.nodes)
        initializers = add_restore(graph_slice.graph_def, root, checkpoint, list(variables.values()), names)
        for name, (initializer, value) in initializers.items():
            proto = variables[name].proto
            proto.initializer_name, proto.initial_value_name = initializer, value
    if unlisted:
        collections[_KEYS.LOCAL_VARIABLES] = tuple(unlisted)
        # The main op of a SavedModel initialised both tables and these, so tables_initializer() does as well,
        # except for those that start from the values of variables: users run it together with
        # global_variables_initializer(), in no order.
        collections[_KEYS.TABLE_INITIALIZERS] += tuple(
            spec.proto.initializer_name
            for spec in unlisted.values()
            if not reach(variant.nodes, [node_of(spec.proto.initial_value_name)]).nodes & variant.state_nodes
        )
    return StatePlan(graph_slice, variables, collections, unlisted)


def local_variables_or_fail(variant: GraphVariant) -> dict[str, VariableSpec]:
    """The variables that no collection lists; DamagedModuleError if a part of one is missing."""
    try:
        return local_variables(variant)
    except (KeyError, ValueError) as error:
        raise DamagedModuleError(f"A variable of the module cannot be initialised: {error}.") from error


def find_fillers(variant: GraphVariant, is_resource: Callable[[str], bool]) -> dict[str, list[str]]:
    """Name of a node of the state -> the ops that give it its content when the module is loaded.

    Args:
      variant: of the module.
      is_resource: of a node of the state, whether initialisers fill it: a table, and no variable or file.

    Returns:
      An op that fills several tables is listed with the first one only, as it is to run once. With
      `IN_FUNCTIONS` are those that fill tables which only functions know.
    """
    fillers: dict[str, list[str]] = {}
    state = variant.state_nodes
    for initializer in node_list(variant.meta_graph, _KEYS.TABLE_INITIALIZERS):
        if variant.needs_unknown(node_of(initializer)):
            continue
        needed = reach(variant.nodes, [initializer], Cut(nodes=state, controls=state))
        tables = sorted(filter(is_resource, map(node_of, needed.cut_tensors)))
        fillers.setdefault(tables[0] if tables else IN_FUNCTIONS, []).append(initializer)
    for variable in local_variables_or_fail(variant).values():
        fillers.setdefault(variable.handle, []).append(variable.proto.initializer_name)
    return fillers


def read_variables_or_fail(variant: GraphVariant) -> dict[str, VariableSpec]:
    """The variables of a variant; DamagedModuleError if the graph lacks one."""
    try:
        return read_variables(variant.meta_graph, variant.nodes)
    except (KeyError, ValueError) as error:
        raise DamagedModuleError(
            f"The module's graph and its list of variables do not match: {error}."
        ) from error


def _variable_collections(variant: GraphVariant, trainable: bool) -> dict[str, tuple[str, ...]]:
    return {
        key: tuple(members(variant.meta_graph, key))
        for key in VARIABLE_COLLECTIONS
        if trainable or key != _KEYS.TRAINABLE_VARIABLES
    }


def _targets(spec: VariableSpec, *, with_initializer: bool) -> list[str]:
    proto = spec.proto
    names = [proto.variable_name, proto.snapshot_name]
    if with_initializer:
        names += [proto.initializer_name, proto.initial_value_name]
    return [name for name in names if name]


def free_scope(name: str, nodes: set[str]) -> str:
    """`name`, or `name_1`, ... such that none of `nodes` is it or lies below it."""
    # TensorFlow compares names without regard to case.
    used = {node.partition("/")[0].lower() for node in nodes}
    return free_name(name, used, ignore_case=True)


def build_state(plan: StatePlan, scope: str, functions: FunctionImporter) -> State:
    """Imports a plan into the default graph under the absolute name scope `scope`.

    Control dependencies and control-flow contexts that are active do not attach to the state.
    """
    graph = tf.compat.v1.get_default_graph()
    graph_def = graph_pb2.GraphDef()
    graph_def.CopyFrom(plan.graph_slice.graph_def)
    # The plan is shared by all instances, so a copy gets the names of this one.
    prefix_shared_names(graph_def, scope)
    # Leaves the TF1 contexts as well: state inside of a cond could not be initialised from outside of it.
    with tf.control_dependencies(None):
        functions.import_graph_def(graph_def, plan.graph_slice.library, scope)
        variables = tuple(
            (spec, tf_internals.variable_from_proto(spec.proto, scope)) for spec in plan.variables.values()
        )
        unlisted = {
            name: tf_internals.variable_from_proto(spec.proto, scope) for name, spec in plan.locals.items()
        }
    # Collections hold Variable objects, not tensors; code that reads them (optimizers, savers) needs those.
    live = unlisted | {spec.proto.variable_name: variable for spec, variable in variables}
    for key, names in plan.collections.items():
        for name in names:
            element = live[name] if name in live else graph.as_graph_element(f"{scope}/{name}")
            graph.add_to_collection(key, element)
    return State(graph, scope, variables, build_map(variables))

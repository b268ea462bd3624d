"""TF1 control-flow contexts (`tf.cond` and `tf.while_loop` before TF2) across an import.

A context is Python-side knowledge about a cond or a loop: gradients need it. It is stored in the
collections `cond_context` and `while_context` and must be rebuilt for the nodes that were imported.

Invariants: a context is rebuilt only if all of its nodes are in the slice (`close_over_contexts`); all names
  in its
proto are then those of the target graph; it is rebuilt after the nodes, and after nothing else can fail.
Linear in the names in the protos. TensorFlow 2.16 to 2.21 do this in `import_meta_graph` only, which takes
whole graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import control_flow_pb2

from hubexplore.errors import reading
from hubexplore.hub import tf_internals
from hubexplore.hub.graph.slice import check_complete
from hubexplore.hub.variants.graph_checks import check_names
from hubexplore.summary.graph.traversal import node_of

COND_CONTEXT: Final = tf.compat.v1.GraphKeys.COND_CONTEXT
WHILE_CONTEXT: Final = tf.compat.v1.GraphKeys.WHILE_CONTEXT
_PROTOS: Final = {
    COND_CONTEXT: control_flow_pb2.CondContextDef,
    WHILE_CONTEXT: control_flow_pb2.WhileContextDef,
}
# Fields of the protos that hold one name each; the last of a loop may be empty.
_WHILE_NAMES: Final = ("pivot_name", "pivot_for_pred_name", "pivot_for_body_name", "maximum_iterations_name")
_ENTER_OPS: Final = frozenset({"Enter", "RefEnter"})
_COND_NAMES: Final = ("pred_name", "pivot_name")


@dataclass(frozen=True)
class ContextSpec:
    """An outermost context of a variant: its collection, proto and the nodes inside of it."""

    collection: str
    proto: Any
    nodes: frozenset[str]


def read_contexts(meta_graph: Any) -> list[ContextSpec]:
    """All contexts of a variant, conds first."""
    contexts = []
    for collection, proto_class in _PROTOS.items():
        if collection in meta_graph.collection_def:
            for serialized in meta_graph.collection_def[collection].bytes_list.value:
                with reading("The module's list of conds and loops", DecodeError):
                    proto = proto_class.FromString(serialized)
                contexts.append(ContextSpec(collection, proto, frozenset(_nodes(proto))))
    return contexts


def sort_contexts(meta_graph: Any) -> None:
    """Writes the contexts of a meta graph again with sorted maps, so that equal modules are equal files."""
    for collection, proto_class in _PROTOS.items():
        if collection in meta_graph.collection_def:
            values = meta_graph.collection_def[collection].bytes_list.value
            values[:] = [
                proto_class.FromString(value).SerializeToString(deterministic=True) for value in values
            ]


def _nodes(proto: Any) -> Iterator[str]:
    """Names of the nodes inside a context and the contexts nested in it."""
    external = set(proto.values_def.external_values)
    for value in proto.values_def.values:
        if value not in external:
            yield node_of(value)
    for name in [*getattr(proto, "loop_enter_names", ()), *getattr(proto, "loop_exit_names", ())]:
        yield node_of(name)
    for nested in _nested(proto):
        yield from _nodes(nested)


def _nested(proto: Any) -> Iterator[Any]:
    for wrapper in proto.nested_contexts:
        kind = wrapper.WhichOneof("ctxt")
        if kind:
            yield getattr(wrapper, kind)


def touched(contexts: Iterable[ContextSpec], nodes: set[str]) -> list[ContextSpec]:
    """The contexts that hold any of `nodes`."""
    return [context for context in contexts if not context.nodes.isdisjoint(nodes)]


def check_contexts(
    contexts: Iterable[ContextSpec], nodes: Mapping[str, Any], available: Container[str]
) -> None:
    """Checks that contexts can be rebuilt once their nodes are imported.

    Args:
      contexts: those of a slice.
      nodes: node name -> NodeDef, of the whole graph.
      available: names of the slice's nodes, and of those that others replace in it.

    Raises:
      DamagedModuleError: a context names tensors that do not exist, or belong to something else.
    """
    for context in contexts:
        _check_context(context.proto, nodes, available)


def _check_context(proto: Any, nodes: Mapping[str, Any], available: Container[str]) -> None:
    is_loop = isinstance(proto, control_flow_pb2.WhileContextDef)
    label = f"The {'loop' if is_loop else 'cond'} {proto.context_name!r}"
    needed = [getattr(proto, field) for field in (_WHILE_NAMES[:3] if is_loop else _COND_NAMES)]
    optional = [*proto.values_def.values, *proto.values_def.external_values.values()]
    if is_loop:
        optional += [*proto.loop_enter_names, *proto.loop_exit_names]
        optional += filter(None, [proto.maximum_iterations_name])
    # Without a needed name the context cannot be built, or takes another op for its predicate; a name of the
    # other kind that is missing is left out of the rebuilt context.
    check_names(nodes, needed, label)
    check_names(nodes, optional, label, ops=True)
    check_complete({name for name in map(node_of, needed) if name not in available})
    for nested in _nested(proto):
        _check_context(nested, nodes, available)


def rebuild(
    contexts: Iterable[ContextSpec], graph: tf.Graph, scope: str, rename: Callable[[str], str | None]
) -> None:
    """Rebuilds contexts in the default graph and adds the outermost ones to its collections.

    Args:
      contexts: those of the imported slice.
      graph: the default graph.
      scope: the absolute name scope of the import; loops are named below it.
      rename: name of a tensor or op in the module -> its name in `graph`; None if it is not in the graph.
    """
    for context in contexts:
        # The specs are shared by all calls of a plan, so each call renames a copy.
        proto = type(context.proto)()
        proto.CopyFrom(context.proto)
        _rename_context(proto, scope, rename)
        # TensorFlow builds the nested contexts with it, but adds none of them to a collection.
        live = tf_internals.context_from_proto(context.collection, proto)
        # The gradient of a loop builds its Enter ops under the name of the context; in another frame they
        # would never meet the values of the loop.
        _name_frames(proto, graph)
        if tf_internals.outer_context(live) is None:
            graph.add_to_collection(context.collection, live)


def _name_frames(proto: Any, graph: tf.Graph) -> None:
    """Gives the frame of each loop the name of its context, as gradients of the loop expect it."""
    if isinstance(proto, control_flow_pb2.WhileContextDef):
        for value in set(proto.values_def.values) - set(proto.values_def.external_values):
            op = graph.get_operation_by_name(node_of(value))
            if op.type in _ENTER_OPS:
                tf_internals.set_string_attr(op, "frame_name", proto.context_name)
    for nested in _nested(proto):
        _name_frames(nested, graph)


def _rename_context(proto: Any, scope: str, rename: Callable[[str], str | None]) -> None:
    proto.context_name = f"{scope}/{proto.context_name}"
    fields = _WHILE_NAMES if isinstance(proto, control_flow_pb2.WhileContextDef) else _COND_NAMES
    for field in fields:
        name = getattr(proto, field)
        if name:
            setattr(proto, field, rename(name) or "")
    if isinstance(proto, control_flow_pb2.WhileContextDef):
        for names in (proto.loop_exit_names, proto.loop_enter_names):
            names[:] = [new for name in names if (new := rename(name))]
    values = proto.values_def
    external = {
        new_key: new_value
        for key, value in values.external_values.items()
        if (new_key := rename(key)) and (new_value := rename(value))
    }
    renamed = [new for name in values.values if (new := rename(name))]
    # Two values of the module may have become one tensor of the caller, hence the dict against repetitions.
    values.external_values.clear()
    values.external_values.update(external)
    del values.values[:]
    values.values.extend(dict.fromkeys(renamed))
    for nested in _nested(proto):
        _rename_context(nested, scope, rename)

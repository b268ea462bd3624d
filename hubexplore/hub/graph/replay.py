"""Imports the same slice again, op by op, at a cost that does not grow with the graph.

`tf.import_graph_def` indexes every node of the graph it imports into (TensorFlow 2.16 to 2.21,
`GraphConstructor`), so n calls cost O(n^2) in all. It also undoes everything when TensorFlow refuses a node,
which creating ops one by one cannot. So the first call of a signature with certain static input shapes
imports; once TensorFlow has accepted the slice for them, later calls replay it from serialized attributes, in
O(nodes + edges) of the slice. The ops are the same either way.

Invariants of a replay: records are in topological order, so that every input exists when an op is created;
the tensors of a run are one list, in which the replaced ones come first and the outputs that are read follow
in the order of the records, so that an input is an index and no name is looked up; nothing that applies to
new ops (device scopes, control dependencies, the context) changes while it runs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import op_internals, tf_internals
from hubexplore.hub.graph.slice import GraphSlice, colocated_with
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.traversal import node_of, tensor_of

# Loops of TF1 have cycles, which no order of creation satisfies, and frames, which only the importer checks.
_IMPORT_ONLY: Final = frozenset(
    {
        "Enter",
        "RefEnter",
        "Exit",
        "RefExit",
        "NextIteration",
        "RefNextIteration",
        "LoopCond",
    }
)
# Not an attribute of the op: the importer consumes it, and no op in a graph has it.
_SHAPES: Final = "_output_shapes"

# Name of a tensor in the module's graph, and the dimensions it is known to have.
Refinement = tuple[str, tuple[int | None, ...]]


@dataclass(frozen=True)
class _Record:
    """One node of a slice: what `op_internals.OpMaker` needs, with names of the module's graph.

    Attributes:
      input_places: for each input of the op definition the place of its tensor in the list of a run; several
        places for an input that is a list.
      read_outputs: numbers of the outputs that other nodes of the slice read; each gets the next place.
    """

    name: str
    op_type: str
    input_places: tuple[int | tuple[int, ...], ...]
    read_outputs: tuple[int, ...]
    controls: tuple[str, ...]
    attrs: tuple[tuple[str, bytes], ...]
    colocated_with: tuple[str, ...]
    shapes: tuple[tuple[int, tuple[int | None, ...]], ...]


class Replay:
    """A slice as records in topological order.

    Args:
      records: the nodes.
      replaced_names: names of the replaced tensors that nodes read; these have the first places.
    """

    def __init__(self, records: tuple[_Record, ...], replaced_names: tuple[str, ...]) -> None:
        self._records = records
        self._replaced_names = replaced_names
        controllers = {name for record in records for name in record.controls}
        self._controllers = controllers & {record.name for record in records}

    def run(  # noqa: PLR0917 - one call site
        self,
        graph: tf.Graph,
        scope: str,
        replaced: Mapping[str, tf.Tensor],
        controls: Mapping[str, str],
        colocations: Mapping[str, list[str]],
        refinements: Iterable[Refinement] | None,
    ) -> tuple[Refinement, ...]:
        """Creates the ops below the absolute name scope `scope`, in O(nodes + edges) of the slice.

        Args:
          graph: the default graph.
          scope: unused name scope, without a trailing slash.
          replaced: tensor of the module -> tensor that replaces it.
          controls: node of the module -> the replaced tensor that stands for waiting for it.
          colocations: node -> names of ops outside of the slice that it shares a device with.
          refinements: what an earlier run with the same input shapes returned; None the first time.

        Returns:
          The static shapes that the module's author knew and shape inference does not find.
        """
        tensors = [replaced[name]._as_tf_output() for name in self._replaced_names]
        ops = {node: replaced[tensor].op for node, tensor in controls.items()}
        outer_names = {name for names in colocations.values() for name in names}
        # The device of a companion is asked once per run: each query crosses into C++.
        devices = {name: str(graph.get_operation_by_name(name).device) for name in outer_names}
        has_device_scope = not op_internals.can_import_light(graph)
        with op_internals.creating_ops(graph) as maker:
            for record in self._records:
                companions: tuple[str, ...] = ()
                if record.colocated_with or record.name in colocations:
                    companions = tuple(f"{scope}/{name}" for name in record.colocated_with)
                    companions += tuple(colocations.get(record.name, ()))
                op = maker.create(
                    record.op_type,
                    f"{scope}/{record.name}",
                    [
                        tensors[place] if isinstance(place, int) else [tensors[number] for number in place]
                        for place in record.input_places
                    ],
                    [ops[name] for name in record.controls],
                    record.attrs,
                    companions,
                    next((devices[name] for name in companions if devices.get(name)), ""),
                )
                # Without a device scope no op of the slice has a device, so there is nothing to remember.
                if has_device_scope:
                    devices[op.name] = op.device
                if record.name in self._controllers:
                    ops.setdefault(record.name, op)
                if record.read_outputs:
                    tensors += tf_internals.tf_outputs(op, record.read_outputs)
        # Shape inference in C++ does not know shapes that only the author of the module knew, such as those
        # that set_shape recorded; the importer takes them from _output_shapes, a replay from here.
        if refinements is None:
            # Most shapes that the module declares are inferred as well: only those that refined something are
            # looked at in later runs.
            return tuple(filter(functools.partial(_refine, graph, scope), self._known_shapes()))
        for refinement in refinements:
            _refine(graph, scope, refinement)
        return tuple(refinements)

    def _known_shapes(self) -> Iterator[Refinement]:
        for record in self._records:
            for number, dimensions in record.shapes:
                yield f"{record.name}:{number}", dimensions


def _refine(graph: tf.Graph, scope: str, refinement: Refinement) -> bool:
    """Merges a known shape into that of a tensor; False where it adds nothing or contradicts."""
    name, dimensions = refinement
    tensor = graph.get_tensor_by_name(f"{scope}/{name}")
    inferred = tensor.shape
    if inferred.rank == len(dimensions) and not any(
        size is not None and other is None for size, other in zip(dimensions, inferred.as_list(), strict=True)
    ):
        return False
    declared = tf.TensorShape(dimensions)
    # The importer ignores a contradiction as well: an author's shape function may have had a bug.
    if not inferred.is_compatible_with(declared):
        return False
    tensor.set_shape(declared)
    return True


def plan_replay(graph_slice: GraphSlice, replaced: Iterable[str]) -> Replay | None:
    """The records of a slice; None if only the importer can build it.

    Args:
      graph_slice: the slice.
      replaced: names of the tensors that are replaced in each call.
    """
    nodes = {node.name: node for node in graph_slice.graph_def.node}
    if not op_internals.can_create_ops() or not all(map(_is_plain, nodes.values())):
        return None
    order = _topological(nodes)
    if order is None:
        return None
    replaced_names = tuple(sorted(replaced))
    places = {name: place for place, name in enumerate(replaced_names)}
    inputs = {
        name: tuple(tensor_of(edge) for edge in node.input if edge[0] != "^") for name, node in nodes.items()
    }
    read_outputs: dict[str, set[int]] = {}
    # Only outputs that are read get a place; many ops have outputs that nothing reads.
    for edge in {*chain.from_iterable(inputs.values())}.difference(replaced_names):
        producer, _, output = edge.rpartition(":")
        read_outputs.setdefault(producer, set()).add(int(output))
    records = []
    for name in order:
        numbers = tuple(sorted(read_outputs.get(name, ())))
        records.append(_record(nodes[name], nodes, [places[edge] for edge in inputs[name]], numbers))
        for number in numbers:
            places[f"{name}:{number}"] = len(places)
    return Replay(tuple(records), replaced_names)


def _is_plain(node: Any) -> bool:
    """Whether a node can be created on its own.

    It is not part of a TF1 loop, does not call a function as an op, names no shared resource (the name
    differs in each call), and is not deprecated (only the importer knows the producer version of the graph).
    """
    op_def = tf_internals.op_def(node.op)
    return (
        op_def is not None
        and node.op not in _IMPORT_ONLY
        and not op_def.HasField("deprecation")
        and "shared_name" not in node.attr
    )


def _topological(nodes: Mapping[str, Any]) -> list[str] | None:
    """Node names, inputs first; None if there is a cycle. Depth first without recursion: graphs are deep."""
    order: list[str] = []
    entered: set[str] = set()
    done: set[str] = set()
    for start in nodes:
        stack = [start]
        while stack:
            name = stack[-1]
            if name in done:
                stack.pop()
            elif name in entered:
                done.add(name)
                order.append(name)
                stack.pop()
            else:
                entered.add(name)
                for edge in nodes[name].input:
                    producer = node_of(edge)
                    # Inputs from outside of the slice exist already. A node that is entered but not done is
                    # on the stack, so an edge to it closes a cycle.
                    if producer in nodes and producer not in done:
                        if producer in entered:
                            return None
                        stack.append(producer)
    return order


def _record(
    node: Any, nodes: Mapping[str, Any], input_places: list[int], read_outputs: tuple[int, ...]
) -> _Record:
    implied = _implied_attributes(node.op)
    return _Record(
        name=node.name,
        op_type=node.op,
        input_places=_grouped(node, input_places),
        read_outputs=read_outputs,
        controls=tuple(edge[1:] for edge in node.input if edge.startswith("^")),
        attrs=tuple((key, attr.SerializeToString()) for key, attr in node.attr.items() if key not in implied),
        colocated_with=tuple(name for name in colocated_with(node) if name in nodes),
        shapes=tuple(_known_shapes(node)),
    )


@functools.lru_cache(maxsize=1024)
def _implied_attributes(op_type: str) -> set[str]:
    """The attributes that need not be set: TensorFlow finds them from the inputs, or they are set apart."""
    names = {_SHAPES, "_class"}
    # Type and length attributes follow from the inputs in `TF_FinishOperation`; setting them as well is
    # waste.
    for argument in tf_internals.op_def(op_type).input_arg:
        names |= {argument.type_attr, argument.number_attr, argument.type_list_attr}
    return names


@functools.lru_cache(maxsize=1024)
def _input_lists(op_type: str) -> tuple[tuple[str, str], ...]:
    """Per input of an op definition the attributes that hold its length or its types, where it is a list."""
    arguments = tf_internals.op_def(op_type).input_arg
    pairs = tuple((argument.number_attr, argument.type_list_attr) for argument in arguments)
    return pairs if any(map(any, pairs)) else ()


def _grouped(node: Any, places: list[int]) -> tuple[int | tuple[int, ...], ...]:
    """Flat inputs as the op definition groups them: single ones and lists."""
    grouped: list[int | tuple[int, ...]] = []
    # Most ops have no list inputs, and then the flat inputs are the grouped ones.
    lists = _input_lists(node.op)
    if not lists:
        return tuple(places)
    position = 0
    for number_attr, type_list_attr in lists:
        if number_attr:
            count = node.attr[number_attr].i
        elif type_list_attr:
            count = len(node.attr[type_list_attr].list.type)
        else:
            grouped.append(places[position])
            position += 1
            continue
        grouped.append(tuple(places[position : position + count]))
        position += count
    return tuple(grouped)


def _known_shapes(node: Any) -> list[tuple[int, tuple[int | None, ...]]]:
    """Static shapes that the module's author set, where they say anything: output number -> dimensions."""
    shapes = node.attr[_SHAPES].list.shape if _SHAPES in node.attr else ()
    return [
        (number, shape_of(shape) or ())
        for number, shape in enumerate(shapes)
        if not shape.unknown_rank and (not shape.dim or any(dim.size >= 0 for dim in shape.dim))
    ]


def shapes_key(tensors: Mapping[str, tf.Tensor]) -> tuple[Any, ...] | None:
    """What TensorFlow's shape inference sees of inputs; None if it may look at their values as well.

    A constant of integers may be a shape, an axis or a size, so equal static shapes do not mean equal
    results.
    """
    key = []
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype.is_integer and tensor.op.type == "Const":
            return None
        shape = tensor.shape
        key.append((name, None if shape.rank is None else tuple(shape.as_list())))
    return tuple(key)

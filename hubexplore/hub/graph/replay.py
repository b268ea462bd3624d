"""Importing the same slice again, op by op, at a cost that does not grow with the graph.

`tf.import_graph_def` indexes every node of the graph it imports into, so its n-th call costs more than its
first. It also undoes everything when TensorFlow refuses a node, which creating ops one by one cannot.
So the first call of a signature with certain static input shapes imports; once TensorFlow has accepted the
slice for them, later calls replay it from serialized attributes. The ops are the same either way.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.graph.slice import GraphSlice, colocated_with
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.traversal import node_of, tensor_of

# Loops have cycles and frames; both belong to the importer.
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
_SHAPES: Final = "_output_shapes"

# Name of a tensor in the module's graph, and the dimensions it is known to have.
Refinement = tuple[str, tuple[int | None, ...]]


@dataclass(frozen=True)
class _Record:
    """One node of a slice: what `tf_internals.OpMaker` needs, with names of the module's graph.

    Attributes:
      inputs: per input of the op definition the place of a tensor among those that are made, or several.
      used: numbers of the outputs that other nodes of the slice read; each gets the next place.
    """

    name: str
    op_type: str
    inputs: tuple[int | tuple[int, ...], ...]
    used: tuple[int, ...]
    controls: tuple[str, ...]
    attrs: tuple[tuple[str, bytes], ...]
    colocated_with: tuple[str, ...]
    shapes: tuple[tuple[int, tuple[int | None, ...]], ...]


class Replay:
    """A slice as records in an order in which every input comes first.

    Args:
      records: the nodes.
      given: names of the replaced tensors that nodes read; these have the first places.
    """

    def __init__(self, records: tuple[_Record, ...], given: tuple[str, ...]) -> None:
        self._records = records
        self._given = given
        waited_for = {name for record in records for name in record.controls}
        self._waited_for = waited_for & {record.name for record in records}

    def run(  # noqa: PLR0917 - one call site
        self,
        graph: tf.Graph,
        scope: str,
        replaced: Mapping[str, tf.Tensor],
        controls: Mapping[str, str],
        colocations: Mapping[str, list[str]],
        refinements: Iterable[Refinement] | None,
    ) -> tuple[Refinement, ...]:
        """Creates the ops below the absolute name scope `scope`.

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
        places = [replaced[name]._as_tf_output() for name in self._given]
        ops = {node: replaced[tensor].op for node, tensor in controls.items()}
        outside = {other for others in colocations.values() for other in others}
        devices = {name: str(graph.get_operation_by_name(name).device) for name in outside}
        has_device_scope = not tf_internals.can_import_light(graph)
        with tf_internals.creating_ops(graph) as maker:
            for record in self._records:
                together: tuple[str, ...] = ()
                if record.colocated_with or record.name in colocations:
                    together = tuple(f"{scope}/{name}" for name in record.colocated_with)
                    together += tuple(colocations.get(record.name, ()))
                op = maker.create(
                    record.op_type,
                    f"{scope}/{record.name}",
                    [
                        places[place] if isinstance(place, int) else [places[each] for each in place]
                        for place in record.inputs
                    ],
                    [ops[name] for name in record.controls],
                    record.attrs,
                    together,
                    next((devices[other] for other in together if devices.get(other)), ""),
                )
                if has_device_scope:
                    devices[op.name] = op.device
                if record.name in self._waited_for:
                    ops.setdefault(record.name, op)
                if record.used:
                    places += tf_internals.tf_outputs(op, record.used)
        if refinements is None:
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
    found = tensor.shape
    if found.rank == len(dimensions) and not any(
        size is not None and there is None for size, there in zip(dimensions, found.as_list(), strict=True)
    ):
        return False
    known = tf.TensorShape(dimensions)
    # The importer ignores a contradiction as well: an author's shape function may have had a bug.
    if not found.is_compatible_with(known):
        return False
    tensor.set_shape(known)
    return True


def plan_replay(part: GraphSlice, replaced: Iterable[str]) -> Replay | None:
    """The records of a slice; None where only the importer can build it.

    Args:
      part: the slice.
      replaced: names of the tensors that are replaced in each call.
    """
    nodes = {node.name: node for node in part.graph_def.node}
    if not tf_internals.can_create_ops() or not all(map(_is_plain, nodes.values())):
        return None
    order = _topological(nodes)
    if order is None:
        return None
    given = tuple(sorted(replaced))
    places = {name: place for place, name in enumerate(given)}
    inputs = {
        name: tuple(tensor_of(edge) for edge in node.input if edge[0] != "^") for name, node in nodes.items()
    }
    used: dict[str, set[int]] = {}
    for edge in {*chain.from_iterable(inputs.values())}.difference(given):
        producer, _, number = edge.rpartition(":")
        used.setdefault(producer, set()).add(int(number))
    records = []
    for name in order:
        numbers = tuple(sorted(used.get(name, ())))
        records.append(_record(nodes[name], nodes, [places[edge] for edge in inputs[name]], numbers))
        for each in numbers:
            places[f"{name}:{each}"] = len(places)
    return Replay(tuple(records), given)


def _is_plain(node: Any) -> bool:
    """Whether a node can be created on its own: no loop, no function as op, no shared resource, no old op."""
    op_def = tf_internals.op_def(node.op)
    return (
        op_def is not None
        and node.op not in _IMPORT_ONLY
        and not op_def.HasField("deprecation")
        and "shared_name" not in node.attr
    )


def _topological(nodes: Mapping[str, Any]) -> list[str] | None:
    """Node names, inputs first; None where there is a cycle."""
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
                    if producer in nodes and producer not in done:
                        if producer in entered:
                            return None
                        stack.append(producer)
    return order


def _record(node: Any, nodes: Mapping[str, Any], inputs: list[int], used: tuple[int, ...]) -> _Record:
    implied = _implied_attributes(node.op)
    return _Record(
        name=node.name,
        op_type=node.op,
        inputs=_grouped(node, inputs),
        used=used,
        controls=tuple(edge[1:] for edge in node.input if edge.startswith("^")),
        attrs=tuple((key, attr.SerializeToString()) for key, attr in node.attr.items() if key not in implied),
        colocated_with=tuple(name for name in colocated_with(node) if name in nodes),
        shapes=tuple(_known_shapes(node)),
    )


@functools.lru_cache(maxsize=1024)
def _implied_attributes(op_type: str) -> set[str]:
    """The attributes that need not be set: TensorFlow finds them from the inputs, or they are set apart."""
    names = {_SHAPES, "_class"}
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
    """What TensorFlow's shape inference sees of inputs; None where it may look at their values as well."""
    key = []
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype.is_integer and tensor.op.type == "Const":
            return None
        shape = tensor.shape
        key.append((name, None if shape.rank is None else tuple(shape.as_list())))
    return tuple(key)

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
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.slicing import GraphSlice, colocated_with
from hubexplore.summary.graph import node_of, tensor_of

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
    """One node of a slice: what `tf_internals.create_op` needs, with names of the module's graph."""

    name: str
    op_type: str
    inputs: tuple[str | tuple[str, ...], ...]
    controls: tuple[str, ...]
    attrs: tuple[tuple[str, bytes], ...]
    colocated_with: tuple[str, ...]
    shapes: tuple[tuple[int, tuple[int | None, ...]], ...]


class Replay:
    """A slice as records in an order in which every input comes first."""

    def __init__(self, records: tuple[_Record, ...]) -> None:
        self._records = records

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
        outputs = {name: tensor._as_tf_output() for name, tensor in replaced.items()}
        ops = {node: replaced[tensor].op for node, tensor in controls.items()}
        outside = {other for others in colocations.values() for other in others}
        devices = {name: str(graph.get_operation_by_name(name).device) for name in outside}
        has_device_scope = not tf_internals.can_import_light(graph)
        with tf_internals.creating_ops(graph) as c_graph:
            for record in self._records:
                together = tuple(f"{scope}/{name}" for name in record.colocated_with)
                together += tuple(colocations.get(record.name, ()))
                op = tf_internals.create_op(
                    graph,
                    c_graph,
                    record.op_type,
                    f"{scope}/{record.name}",
                    [
                        outputs[name] if isinstance(name, str) else [outputs[each] for each in name]
                        for name in record.inputs
                    ],
                    [ops[name] for name in record.controls],
                    record.attrs,
                    together,
                    next((devices[other] for other in together if devices.get(other)), ""),
                )
                if has_device_scope:
                    devices[op.name] = op.device
                ops.setdefault(record.name, op)
                for number, tensor in enumerate(op.outputs):
                    outputs.setdefault(f"{record.name}:{number}", tensor._as_tf_output())
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


def plan_replay(part: GraphSlice) -> Replay | None:
    """The records of a slice; None where only the importer can build it."""
    nodes = {node.name: node for node in part.graph_def.node}
    if not tf_internals.can_create_ops() or not all(map(_is_plain, nodes.values())):
        return None
    order = _topological(nodes)
    return None if order is None else Replay(tuple(_record(nodes[name], nodes) for name in order))


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


def _record(node: Any, nodes: Mapping[str, Any]) -> _Record:
    return _Record(
        name=node.name,
        op_type=node.op,
        inputs=_grouped(node, [tensor_of(edge) for edge in node.input if not edge.startswith("^")]),
        controls=tuple(edge[1:] for edge in node.input if edge.startswith("^")),
        attrs=tuple(
            (key, attr.SerializeToString())
            for key, attr in node.attr.items()
            if key not in (_SHAPES, "_class")
        ),
        colocated_with=tuple(name for name in colocated_with(node) if name in nodes),
        shapes=tuple(_known_shapes(node)),
    )


def _grouped(node: Any, tensors: list[str]) -> tuple[str | tuple[str, ...], ...]:
    """Flat input names as the op definition groups them: single ones and lists."""
    grouped: list[str | tuple[str, ...]] = []
    position = 0
    for argument in tf_internals.op_def(node.op).input_arg:
        if argument.number_attr:
            count = node.attr[argument.number_attr].i
        elif argument.type_list_attr:
            count = len(node.attr[argument.type_list_attr].list.type)
        else:
            grouped.append(tensors[position])
            position += 1
            continue
        grouped.append(tuple(tensors[position : position + count]))
        position += count
    return tuple(grouped)


def _known_shapes(node: Any) -> list[tuple[int, tuple[int | None, ...]]]:
    """Static shapes that the module's author set, where they say anything: output number -> dimensions."""
    shapes = node.attr[_SHAPES].list.shape if _SHAPES in node.attr else ()
    return [
        (number, tuple(None if dim.size < 0 else dim.size for dim in shape.dim))
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

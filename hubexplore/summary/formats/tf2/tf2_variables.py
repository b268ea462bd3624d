"""The variables of a TF2 SavedModel: which are needed, what they are called, and how they are declared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.formats.new_nodes import node_name, set_empty, unused
from hubexplore.summary.formats.tf2 import object_graph
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import VariableDef, dtype_name
from hubexplore.summary.model import UNNEEDED, VariableSummary
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry

READ: Final = "ReadVariableOp"
ASSIGN: Final = "AssignVariableOp"
VARIABLE: Final = "VarHandleOp"
READ_NAME: Final = "Read/ReadVariableOp"
ASSIGN_NAME: Final = "Assign"
ZEROS_NAME: Final = "Initializer/zeros"
"""What the names of the nodes that are declared for a variable end with."""


@dataclass(frozen=True)
class Variable:
    """A variable that signatures need: its node in the file, its name, and its name in the checkpoint."""

    node: str
    name: str
    stored_as: str
    trainable: bool


def find_variables(
    objects: Any, nodes: Mapping[str, Any], needed: Collection[str], entries: Mapping[str, CheckpointEntry]
) -> tuple[list[Variable], tuple[VariableSummary, ...]]:
    """The variables that signatures need, and the others."""
    numbers = _numbers(objects, nodes, needed)
    stored_as = object_graph.checkpoint_paths(objects.nodes)
    names = object_graph.variable_names(objects.nodes, [number for number in numbers.values() if number >= 0])
    used: set[str] = set()
    variables = []
    for node, number in numbers.items():
        if number < 0:
            variables.append(Variable(node, unused(node_name(node), used), node, trainable=False))
            continue
        key = f"{stored_as.get(number, '')}{object_graph.VALUE}"
        trainable = objects.nodes[number].variable.trainable
        variables.append(Variable(node, unused(node_name(names[number]), used), key, trainable))
    _check_distinct(variables)
    return variables, tuple(_unneeded(objects.nodes, set(numbers.values()), used, stored_as, entries))


def _numbers(objects: Any, nodes: Mapping[str, Any], needed: Collection[str]) -> dict[str, int]:
    """Node of each variable that is needed -> number of its object, -1 where it has none; in object order."""
    numbers = object_graph.captured(nodes, objects)
    by_name: dict[str, list[int]] = {}
    for number, saved_object in enumerate(objects.nodes):
        if saved_object.WhichOneof("kind") == "variable":
            by_name.setdefault(saved_object.variable.name, []).append(number)
    found = {}
    for name, node in nodes.items():
        if node.op != VARIABLE or name not in needed:
            continue
        number = numbers.get(name, -1)
        if number < 0 or objects.nodes[number].WhichOneof("kind") != "variable":
            # Not captured by a function of the file: a name that one object has says which it is.
            candidates = by_name.get(node.attr["shared_name"].s.decode(errors="replace"), [])
            number = candidates[0] if len(candidates) == 1 else -1
        found[name] = number
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _check_distinct(variables: Iterable[Variable]) -> None:
    seen: dict[str, str] = {}
    for variable in variables:
        if variable.stored_as in seen:
            raise DamagedModuleError(
                f"The variables {seen[variable.stored_as]!r} and {variable.name!r} have one place in the "
                f"checkpoint, {variable.stored_as!r}. The model is altered; copy or download it again."
            )
        seen[variable.stored_as] = variable.name


def _unneeded(
    objects: Any,
    needed: Collection[int],
    used: Collection[str],
    stored_as: Mapping[int, str],
    entries: Mapping[str, CheckpointEntry],
) -> Iterator[VariableSummary]:
    numbers = [
        number
        for number, saved_object in enumerate(objects)
        if number not in needed and saved_object.WhichOneof("kind") == "variable"
    ]
    names = object_graph.variable_names(objects, numbers)
    for number in numbers:
        variable, key = objects[number].variable, f"{stored_as.get(number, '')}{object_graph.VALUE}"
        entry = entries.get(key)
        # Keras lists copies of its variables, which have the names of these.
        name = stored_as.get(number, names[number]) if names[number] in used else names[number]
        yield VariableSummary(
            name=name,
            dtype=dtype_name(variable.dtype),
            shape=shape_of(variable.shape),
            trainable=variable.trainable,
            key="" if entry is None else key,
            stored=None if entry is None else entry.size,
            kind=UNNEEDED,
        )


def declare(graph: Any, handle: Any, variable: Variable, entry: CheckpointEntry | None) -> Any:
    """Adds what reads and initialises a variable, and returns its VariableDef.

    The initial value is a constant without content, which TensorFlow takes for zeros; loading puts the value
    of the checkpoint in its place.
    """
    name, dtype = variable.name, handle.attr["dtype"].type
    read = graph.node.add(name=f"{name}/{READ_NAME}", op=READ)
    read.input.append(name)
    read.attr["dtype"].type = dtype
    zeros = graph.node.add(name=f"{name}/{ZEROS_NAME}", op="Const")
    declared = shape_of(handle.attr["shape"].shape)
    sizes = entry.shape if entry is not None and (declared is None or None in declared) else declared or ()
    set_empty(zeros, dtype, [size or 0 for size in sizes])
    assign = graph.node.add(name=f"{name}/{ASSIGN_NAME}", op=ASSIGN)
    assign.input.extend([name, zeros.name])
    assign.attr["dtype"].type = dtype
    return VariableDef(
        variable_name=f"{name}:0",
        initializer_name=assign.name,
        initial_value_name=f"{zeros.name}:0",
        snapshot_name=f"{read.name}:0",
        is_resource=True,
        trainable=variable.trainable,
    )

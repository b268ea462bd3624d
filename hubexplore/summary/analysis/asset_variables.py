"""Which variables of a graph hold the path of an asset, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hubexplore.summary.analysis.folding import PASSING
from hubexplore.summary.analysis.program import Program, data_inputs
from hubexplore.summary.analysis.values import Value
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of, tensor_of

_ASSIGN: Final = "AssignVariableOp"
_WRITING: Final = frozenset({
    _ASSIGN, "AssignVariableXlaConcatND", "ResourceScatterUpdate", "ResourceScatterNdUpdate",
    "ResourceStridedSliceAssign",
})  # fmt: skip
_TYPES: Final = ("dtype", "T")


def asset_variables(program: Program, known: Mapping[str, Value]) -> dict[str, Value]:
    """Node of a variable -> the path of the asset that it holds, where nothing else is written to it.

    None at all if it cannot be said which variable a string is written to.
    """
    if not any(value.parts for value in known.values()):
        return {}
    graph = program.graph.nodes
    assigned: dict[tuple[bytes, bytes], list[Value | None]] = {}
    for region in program.regions.values():
        for node in region.source:
            if node.op in _WRITING and _is_text(node):
                variable = _variable(graph, node) if region.function is None else None
                if variable is None or node.op != _ASSIGN or len(data_inputs(node)) < 2:
                    return {}
                assigned.setdefault(_resource(variable), []).append(known.get(tensor_of(node.input[1])))
    found = {}
    for node in graph.values():
        values = assigned.get(_resource(node), []) if node.op == "VarHandleOp" else []
        if len(values) == 1 and values[0] is not None and values[0].parts:
            found[node.name] = values[0]
    return found


def _is_text(node: Any) -> bool:
    types = [node.attr[name].type for name in _TYPES if name in node.attr]
    return not types or any(dtype_name(each) == "string" for each in types)


def _variable(graph: Mapping[str, Any], node: Any) -> Any | None:
    """The op that makes the handle of the variable that a node writes."""
    seen: set[str] = set()
    while True:
        edge = next(iter(data_inputs(node)), "")
        node = graph.get(node_of(edge))
        if node is None or edge in seen:
            return None
        if node.op == "VarHandleOp":
            return node
        if node.op not in PASSING:
            return None
        seen.add(edge)


def _resource(variable: Any) -> tuple[bytes, bytes]:
    """What variables share that are one: those of the same container and name."""
    names = [variable.attr[key].s if key in variable.attr else b"" for key in ("container", "shared_name")]
    return names[0], names[1] or variable.name.encode()

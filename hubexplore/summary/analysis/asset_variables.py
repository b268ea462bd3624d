"""Which variables of a graph hold the path of an asset, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.analysis.folding import PASSING
from hubexplore.summary.analysis.program import Program, Region, data_inputs
from hubexplore.summary.analysis.values import Value
from hubexplore.summary.graph.functions.bodies import passed_to
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
            if node.op not in _WRITING or not _is_text(node):
                continue
            edges = data_inputs(node)
            is_plain = node.op == _ASSIGN and region.function is None and len(edges) > 1
            value = known.get(tensor_of(edges[1])) if is_plain else None
            for variable in _variables(program, region, node):
                if variable is None:
                    return {}
                assigned.setdefault(_resource(variable), []).append(value)
    found = {}
    for node in graph.values():
        values = assigned.get(_resource(node), []) if node.op == "VarHandleOp" else []
        if len(values) == 1 and values[0] is not None and values[0].parts:
            found[node.name] = values[0]
    return found


def _is_text(node: Any) -> bool:
    types = [node.attr[name].type for name in _TYPES if name in node.attr]
    return not types or any(dtype_name(each) == "string" for each in types)


def _variables(program: Program, region: Region, node: Any) -> Iterator[Any | None]:
    """The ops that make the handles of the variables that a node may write; None for one that is not found.

    Who calls a function from outside of the graph passes variables of objects, which are others.
    """
    stack = [(region, next(iter(data_inputs(node)), ""))]
    seen: set[tuple[str, str]] = set()
    while stack:
        place, edge = stack.pop()
        name = node_of(edge)
        if (place.name, name) in seen:
            continue
        seen.add((place.name, name))
        made = place.nodes.get(name)
        if made is None and name in place.arguments:
            for site in program.call_sites.get(place.name, ()):
                passed = passed_to(site.node, site.body)
                stack.append((site.region, passed[place.arguments[name]] or ""))
        elif made is not None and made.op in PASSING:
            stack.append((place, next(iter(data_inputs(made)), "")))
        else:
            yield made if made is not None and made.op == "VarHandleOp" else None


def _resource(variable: Any) -> tuple[bytes, bytes]:
    """What variables share that are one: those of the same container and name."""
    names = [variable.attr[key].s if key in variable.attr else b"" for key in ("container", "shared_name")]
    return names[0], names[1] or variable.name.encode()

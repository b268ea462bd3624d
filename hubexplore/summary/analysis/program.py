"""A graph with its functions, indexed for the search for ops that can touch something outside."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.capabilities.op_effects import effect_of
from hubexplore.summary.graph.functions.bodies import Body as CalledBody
from hubexplore.summary.graph.functions.bodies import bodies_of, runs_functions
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import tensor_count
from hubexplore.summary.graph.traversal import calls_of_attr

GRAPH: Final = ""
"""Stands for the graph itself where others have the name of their function."""
_LOCAL_JOBS: Final = ("", "localhost")
# What an op type makes of its nodes.
_RISKY: Final = 1
_CALLING: Final = 2
_DISPATCHED: Final = "api_implements"
_GRADIENT_ATTRIBUTES: Final = ("backward_function_name", "forward_function_name")


@dataclass
class Region:
    """The nodes of the graph, or of the body of a function.

    Attributes:
      name: of the function; GRAPH for the graph.
      source: the NodeDef-shaped messages.
      function: FunctionDef-shaped message; None for the graph.
      risky: the nodes whose op type can touch something outside, and the first node on each remote device.
      calls: the nodes that run functions, with the names of these.
    """

    name: str
    source: Any
    function: Any = None
    risky: list[Any] = field(default_factory=list)
    calls: list[tuple[Any, tuple[str, ...]]] = field(default_factory=list)

    @functools.cached_property
    def nodes(self) -> dict[str, Any]:
        """Node name -> node; the last one where a name is repeated, as TensorFlow refuses such a graph."""
        return {node.name: node for node in self.source}

    @functools.cached_property
    def call_of(self) -> dict[str, tuple[Any, tuple[str, ...]]]:
        """Name of a node that runs functions -> the node and the names of these."""
        return {call[0].name: call for call in self.calls}

    @functools.cached_property
    def arguments(self) -> dict[str, int]:
        """Name of an argument of the function -> its position."""
        if self.function is None:
            return {}
        return {argument.name: index for index, argument in enumerate(self.function.signature.input_arg)}


@dataclass(frozen=True)
class CallSite:
    """Where a function is called: the region and node, and the function as an attribute of the node."""

    region: Region
    node: Any
    body: CalledBody


class Program:
    """A graph and its functions. Made in one pass over all nodes.

    Args:
      graph_def: GraphDef-shaped message; it is not changed.
      outer: program that runs this graph, whose functions it can call as well.
    """

    def __init__(self, graph_def: Any, outer: Program | None = None) -> None:
        library = graph_def.library
        self.functions: dict[str, Any] = dict(outer.functions) if outer is not None else {}
        self.functions.update((function.signature.name, function) for function in library.function)
        self.gradient_of = {item.function_name: item.gradient_func for item in library.gradient}
        self.registered_gradients = [item.gradient_func for item in library.registered_gradients]
        self._kinds: dict[str, int] = {}
        self._devices: set[str] = set()
        self.graph = self._region(GRAPH, graph_def.node)
        self.regions = {GRAPH: self.graph}
        for name, function in self.functions.items():
            self.regions[name] = self._region(name, function.node_def, function)
        self._dispatched = self._alternatives()

    def _region(self, name: str, nodes: Any, function: Any = None) -> Region:
        region = Region(name, nodes, function)
        kinds = self._kinds
        for node in nodes:  # the hot loop: once over what may be 100,000 nodes
            op = node.op
            kind = kinds.get(op)
            if kind is None:
                kind = kinds[op] = self._kind(op)
            if kind & _RISKY:
                region.risky.append(node)
            if kind & _CALLING:
                callees = self._callees(node)
                if callees:
                    region.calls.append((node, callees))
            if node.device and not kind & _RISKY and self._is_new_remote(node.device):
                region.risky.append(node)
        return region

    def _is_new_remote(self, device: str) -> bool:
        if device in self._devices:
            return False
        self._devices.add(device)
        return is_remote(device)

    def _kind(self, op: str) -> int:
        is_function = op in self.functions
        effect = effect_of(op)
        known = definition(op)
        kind = 0
        if (effect is None and not is_function) or (effect is not None and effect.capabilities):
            kind |= _RISKY
        if (
            is_function
            or known is None
            or any(spec.kind in ("func", "list(func)") for spec in known.attributes.values())
        ):
            kind |= _CALLING
        return kind

    def _callees(self, node: Any) -> tuple[str, ...]:
        names = dict.fromkeys(
            call.name
            for attr in node.attr.values()
            for call in calls_of_attr(attr)
            if call.name in self.functions
        )
        if node.op in self.functions:
            names[node.op] = None
        if node.op == "SymbolicGradient":
            for name in list(names):
                gradient = self.gradient_of.get(name, "")
                if gradient in self.functions:
                    names[gradient] = None
        return tuple(names)

    def _alternatives(self) -> dict[str, tuple[str, ...]]:
        """Function name -> the functions that TensorFlow may run in its place: of the same API."""
        groups: dict[bytes, list[str]] = {}
        for name, function in self.functions.items():
            if _DISPATCHED in function.attr:
                groups.setdefault(function.attr[_DISPATCHED].s, []).append(name)
        return {name: tuple(names) for names in groups.values() if len(names) > 1 for name in names}

    def runs(self, callee: str) -> tuple[str, ...]:
        """The functions that a call of one may run."""
        return self._dispatched.get(callee, (callee,))

    def gradients_of(self, name: str) -> Iterator[str]:
        """The functions that compute gradients of a function."""
        gradient = self.gradient_of.get(name)
        if gradient:
            yield gradient
        function = self.functions.get(name)
        for key in _GRADIENT_ATTRIBUTES:
            if function is not None and key in function.attr:
                yield function.attr[key].s.decode(errors="replace")

    @functools.cached_property
    def touching(self) -> set[str]:
        """Names of the functions that can touch something outside, themselves or through what they call."""
        callers: dict[str, list[str]] = {}
        for region in self.regions.values():
            if region.function is not None:
                for _, callees in region.calls:
                    for callee in callees:
                        for name in self.runs(callee):
                            callers.setdefault(name, []).append(region.name)
        found = {
            region.name for region in self.regions.values() if region.risky and region.function is not None
        }
        stack = list(found)
        while stack:
            for caller in callers.get(stack.pop(), ()):
                if caller not in found:
                    found.add(caller)
                    stack.append(caller)
        return found

    @functools.cached_property
    def call_sites(self) -> Mapping[str, list[CallSite]]:
        """Function name -> where it is called."""
        sites: dict[str, list[CallSite]] = {}
        for region in self.regions.values():
            for node, callees in region.calls:
                if runs_functions(node.op) or node.op in self.functions:
                    for body in bodies_of(node, self.functions):
                        sites.setdefault(body.function.signature.name, []).append(
                            CallSite(region, node, body)
                        )
                else:
                    for name in callees:
                        body = CalledBody("", "", self.functions[name])
                        sites.setdefault(name, []).append(CallSite(region, node, body))
        return sites

    @property
    def is_harmless(self) -> bool:
        """Whether no op of it can touch anything outside."""
        return not any(region.risky for region in self.regions.values())


def is_remote(device: str) -> bool:
    """Whether a device is one of another process: its job is not the local one."""
    for part in device.split("/"):
        key, _, value = part.partition(":")
        if key == "job":
            return value not in _LOCAL_JOBS
    return False


def data_inputs(node: Any) -> list[str]:
    """The data inputs of a node, without the control inputs."""
    return [edge for edge in node.input if not edge.startswith("^")]


def inputs_of(node: Any, name: str) -> list[str]:
    """The data inputs of a node that its op calls so; all of them where that is not known."""
    edges = data_inputs(node)
    op = definition(node.op)
    if op is None:
        return edges
    begin = 0
    for argument in op.inputs:
        count = tensor_count(op, node.attr, argument)
        if argument.name == name:
            return edges[begin : begin + count]
        begin += count
    return edges


def touching_calls(program: Program, region: Region) -> Iterable[tuple[Any, tuple[str, ...]]]:
    """The calls in a region that reach an op that can touch something, with the functions that do."""
    touching = program.touching
    for node, callees in region.calls:
        reached = tuple(name for callee in callees for name in program.runs(callee) if name in touching)
        if reached:
            yield node, reached

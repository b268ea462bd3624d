"""Which ops that can touch something outside run, for each thing that makes parts of a graph run."""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.analysis.entries import Entry
from hubexplore.summary.analysis.program import GRAPH, Program, Region, touching_calls
from hubexplore.summary.graph.traversal import consumers_of, follow, node_of, tensor_of

# Nodes that all walks together visit, each in full; later ones share what they have seen, so that an op is
# still found once.
_MOST_VISITS: Final = 1_000_000
# Aims for which each node has a bit mask: with more, the masks of a large graph would take gigabytes.
_MOST_BITS: Final = 2048
# Passes over all nodes until the masks of loops are complete; nested loops need a few.
_MOST_PASSES: Final = 8


@dataclass(frozen=True)
class Call:
    """How a function is reached: the call of it, in a region that is reached itself; None for an entry."""

    region: str
    node: str


@dataclass(frozen=True)
class Reached:
    """What one entry runs.

    Attributes:
      entry: what makes it run.
      nodes: (region, node) of the risky nodes that run.
      calls: name of a function -> how it is reached.
    """

    entry: Entry
    nodes: list[tuple[Region, Any]]
    calls: Mapping[str, Call | None]

    def way_to(self, region: Region) -> list[Call]:
        """The calls that lead to a region, the outermost first."""
        way: list[Call] = []
        call = self.calls.get(region.name)
        while call is not None:
            way.append(call)
            if call.region == GRAPH:
                break
            call = self.calls.get(call.region)
        return way[::-1]


class Reachability:
    """Finds what entries of a program run.

    Args:
      program: the graph with its functions.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._visits = 0
        self._shared: set[str] = set()
        self._calls: dict[str, list[tuple[Any, tuple[str, ...]]]] = {}

    @functools.cached_property
    def _aims(self) -> dict[str, tuple[Any, tuple[str, ...]]]:
        """Nodes of the graph that are risky or call a function that has such a node, with these functions."""
        graph = self._program.graph
        aims: dict[str, tuple[Any, tuple[str, ...]]] = {node.name: (node, ()) for node in graph.risky}
        for node, callees in touching_calls(self._program, graph):
            aims[node.name] = (node, callees)
        return aims

    @functools.cached_property
    def _masks(self) -> dict[str, int] | None:
        """Node of the graph -> the aims that it needs, a bit for each; None where that would take long.

        Found in one pass over a graph whose nodes come after their inputs, as TensorFlow writes them; loops
        need more. The answer for a signature is then at hand, however many signatures there are.
        """
        nodes = self._program.graph.nodes
        if len(self._aims) > _MOST_BITS:
            return None
        masks = {name: 1 << position for position, name in enumerate(self._aims)}
        for _ in range(_MOST_PASSES):
            passed: set[str] = set()
            has_changed = is_late = False
            for name, node in nodes.items():
                before = mask = masks.get(name, 0)
                for edge in node.input:
                    producer = node_of(edge)
                    mask |= masks.get(producer, 0)
                    is_late = is_late or producer not in passed
                passed.add(name)
                if mask != before:
                    masks[name] = mask
                    has_changed = True
            if not (is_late and has_changed):
                return masks
        return None

    @functools.cached_property
    def _between(self) -> Collection[str]:
        """The nodes of the graph that need such a node."""
        if not self._aims:
            return ()
        if self._masks is not None:
            return self._masks
        return follow(consumers_of(self._program.graph.nodes), self._aims)

    def of(self, entry: Entry) -> Reached:
        """What an entry runs."""
        graph = self._program.graph
        nodes: list[tuple[Region, Any]] = []
        calls: dict[str, Call | None] = {}
        queue = [name for name in entry.functions if name in self._program.touching]
        calls.update(dict.fromkeys(queue))
        risky = {node.name for node in graph.risky}
        for name in self._reached(entry):
            node, callees = self._aims[name]
            if name in risky:
                nodes.append((graph, node))
            for callee in callees:
                if callee not in calls:
                    calls[callee] = Call(GRAPH, name)
                    queue.append(callee)
        for name in queue:  # grows while it is walked
            region = self._program.regions[name]
            nodes.extend((region, node) for node in region.risky)
            for node, callees in self._calls_in(region):
                for callee in callees:
                    if callee not in calls:
                        calls[callee] = Call(name, node.name)
                        queue.append(callee)
        return Reached(entry, nodes, calls)

    def _calls_in(self, region: Region) -> list[tuple[Any, tuple[str, ...]]]:
        if region.name not in self._calls:
            self._calls[region.name] = list(touching_calls(self._program, region))
        return self._calls[region.name]

    def _reached(self, entry: Entry) -> Iterator[str]:
        """The aims in the graph that an entry needs."""
        between, aims, graph = self._between, self._aims, self._program.graph.nodes
        if not between:
            return
        masks = self._masks
        # What is fed need not run, so there the way to an aim counts.
        if masks is not None and not any(node_of(tensor) in masks for tensor in entry.fed):
            needed = functools.reduce(operator.or_, (masks.get(node_of(root), 0) for root in entry.roots), 0)
            yield from (name for position, name in enumerate(aims) if needed >> position & 1)
            return
        # Only along nodes that need an aim: a signature of a graph of 100,000 nodes with one print is quick.
        seen = self._shared if self._visits > _MOST_VISITS else set()
        stack = [node_of(root) for root in entry.roots if tensor_of(root) not in entry.fed or ":" not in root]
        while stack:
            name = stack.pop()
            if name in seen or name not in between:
                continue
            seen.add(name)
            self._visits += 1
            if name in aims:
                yield name
            for edge in graph[name].input:
                if edge.startswith("^"):
                    stack.append(edge[1:])
                elif tensor_of(edge) not in entry.fed:
                    stack.append(node_of(edge))

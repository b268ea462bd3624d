"""What the graph tab shows: which scopes of a signature are unfolded, and where things are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from hubexplore.display.diagram import Diagram
from hubexplore.display.rich.summaries import Summary
from hubexplore.errors import DiagramError
from hubexplore.summary.graph.op_definitions import definition
from hubexplore.summary.graph.op_outputs import output_dtypes
from hubexplore.summary.graph.traversal import index_nodes, node_of, reach
from hubexplore.summary.outline import Box, Outline
from hubexplore.summary.outline.data import (
    ALIKE,
    CONSTANT,
    FUNCTION,
    INPUT,
    MORE,
    OP,
    OUTPUT,
    SCOPE,
    SERIES,
    VARIABLE,
)

CACHED: Final = 64
"""So many layouts are kept: going back and forth is at once."""
MOST_FOUND: Final = 40
MOST_OUTPUTS: Final = 64
"""So many outputs of an op can be chosen."""
FOLDED: Final = frozenset({SCOPE, SERIES, ALIKE, FUNCTION, MORE})
"""Kinds of boxes that always stand for several things; inputs and outputs may."""


def is_folded(box: Box) -> bool:
    """Whether something can be unfolded from a box."""
    return box.kind in FOLDED or (box.kind in (INPUT, OUTPUT) and box.repeats > 1)


@dataclass(frozen=True)
class Drawn:
    """A laid-out diagram: the picture with numbers, or why there is none."""

    diagram: Diagram
    svg: str
    problem: str = ""

    @property
    def outline(self) -> Outline:
        """Its boxes and groups."""
        return self.diagram.outline


class GraphModel:
    """The diagram of one signature, as a person has unfolded it.

    Args:
      summary: of a module, with its graphs.
      signature: whose slice.
      tags: of the variant.
    """

    def __init__(self, summary: Summary, signature: str, tags: tuple[str, ...]) -> None:
        self.signature, self.tags = signature, tags
        self._summary = summary
        self._opened: frozenset[str] | None = None
        self._drawn: dict[frozenset[str] | None, Drawn] = {}
        self._reached: dict[str, Any] | None = None

    @property
    def drawn(self) -> Drawn:
        """The diagram as it is unfolded now.

        Raises:
          HubError: there is nothing to draw.
        """
        return self._draw(self._opened)

    def unfold(self, box: Box) -> None:
        """Shows what is inside of a box.

        Raises:
          HubError: nothing is; then all stays as it was.
        """
        self._open(self._now() | {box.name})

    def fold(self, name: str) -> None:
        """Makes a scope one box again, whatever is unfolded in it."""
        self._open(frozenset(each for each in self._now() if not f"{each}/".startswith(f"{name}/")))

    def fold_below(self, name: str) -> None:
        """Folds all inside of a scope, not itself; "" is the whole signature."""
        inside = f"{name}/" if name else ""
        self._open(frozenset(each for each in self._now() if not each.startswith(inside) or each == name))

    def reveal(self, node: str) -> None:
        """Unfolds what is around a node.

        Raises:
          HubError: the signature does not need it.
        """
        self._open(self._now() | {node})

    def place(self, name: str) -> tuple[str, int] | None:
        """Where a node or scope is: ("box", its number) or ("group", its number); None for nowhere."""
        outline = self.drawn.outline
        for number, box in enumerate(outline.boxes):
            if box.name == name and box.kind not in ("input", "output"):
                return "box", number
        for number, group in enumerate(outline.groups):
            if group.name == name:
                return "group", number
        around = [
            (len(box.name), number)
            for number, box in enumerate(outline.boxes)
            if f"{name}/".startswith(f"{box.name}/")
        ]
        return ("box", max(around)[1]) if around else None

    def search(self, words: str) -> list[tuple[str, str]]:
        """Nodes of the signature whose name or op holds these words, (name, op) each; a bounded number."""
        wanted = words.strip().lower()
        if not wanted:
            return []
        found = [
            (name, node.op)
            for name, node in self.nodes.items()
            if wanted in name.lower() or wanted in node.op.lower()
        ]
        # What is called so exactly comes first, then short names.
        found.sort(key=lambda each: (wanted not in (each[0].lower(), each[1].lower()), len(each[0]), each[0]))
        return found[:MOST_FOUND]

    @property
    def nodes(self) -> dict[str, Any]:
        """The nodes that the signature needs, by name."""
        if self._reached is None:
            source = self._summary.source
            graph = source.meta_graphs.get(self.tags) if source is not None else None
            if graph is None:
                raise DiagramError("This summary comes without its graph.")
            nodes = index_nodes(graph.graph_def.node)
            variant = self._summary.variant(self.tags)
            targets = [
                tensor
                for signature in variant.signatures
                if signature.name == self.signature
                for output in signature.outputs
                for tensor in output.tensors
            ]
            reached = reach(nodes, targets).nodes
            self._reached = {name: nodes[name] for name in nodes if name in reached}
        return self._reached

    def node(self, box: Box) -> Any:
        """The NodeDef of the op in a box; None where it is not one op of the graph itself."""
        return self.nodes.get(box.name) if box.kind not in (INPUT, OUTPUT) else None

    def fetched(self, box: Box, port: int) -> str | None:
        """What to fetch for the value of a box; None where it has no value that a run could give."""
        if box.kind == VARIABLE:
            return box.weights[0].name if len(box.weights) == 1 else None
        return f"{box.name}:{port}" if box.kind in (OP, CONSTANT) and box.name in self.nodes else None

    def gives(self, node: str) -> int:
        """How many outputs a node has, from 1 to a bounded number; of an unknown op, how many others use."""
        known = definition(self.nodes[node].op) if node in self.nodes else None
        if known is not None:
            dtypes = output_dtypes(known, self.nodes[node].attr)
            return max(sum(1 for _ in islice(dtypes, MOST_OUTPUTS)), 1)
        ports = [0]
        for other in self.nodes.values():
            for written in other.input:
                if node_of(written) == node and ":" in written and not written.startswith("^"):
                    port = written.rpartition(":")[2]
                    ports.append(int(port) if port.isdecimal() else 0)
        return min(max(ports) + 1, MOST_OUTPUTS)

    def _now(self) -> frozenset[str]:
        """The scopes that are unfolded: those asked for, or at first those that read well."""
        if self._opened is not None:
            return self._opened
        return frozenset(group.name for group in self.drawn.outline.groups)

    def _open(self, names: frozenset[str]) -> None:
        self._draw(names)
        self._opened = names

    def _draw(self, opened: frozenset[str] | None) -> Drawn:
        if opened not in self._drawn:
            if len(self._drawn) >= CACHED:
                self._drawn.pop(next(iter(self._drawn)))
            depth = None if opened is None else 1
            names = () if opened is None else sorted(opened)
            diagram = self._summary.graph(self.signature, self.tags, names, depth)
            try:
                self._drawn[opened] = Drawn(diagram, diagram.numbered_svg)
            except DiagramError as error:
                self._drawn[opened] = Drawn(diagram, "", str(error))
        return self._drawn[opened]

"""The state of the graph tab: which scopes of a signature are unfolded, and where its ops are drawn."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

from hubexplore.display.diagram import Diagram, Scale
from hubexplore.display.diagram.spare_dot import SpareDot
from hubexplore.display.rich.summaries import Summary
from hubexplore.errors import DiagramError, HubError
from hubexplore.summary.graph.functions.inner_tensors import InnerTensors, flat_view
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_dtypes
from hubexplore.summary.graph.traversal import index_nodes, node_of, reach, tensor_of
from hubexplore.summary.lookup import find_signature
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

MAX_CACHED: Final = 64
"""Maximum number of layouts in the cache, which makes folding and unfolding again instantaneous."""
MAX_MATCHES: Final = 40
"""Maximum number of results of a search."""
MAX_OUTPUTS: Final = 64
"""Maximum number of outputs of an op that can be chosen."""
MSG_IN_FUNCTION: Final = (
    "This op is in a function that TensorFlow runs as a whole, so the values of its ops cannot be shown."
)
FOLDED: Final = frozenset({SCOPE, SERIES, ALIKE, FUNCTION, MORE})
"""Kinds of boxes that always stand for several ops; inputs and outputs may do so too."""


def is_folded(box: Box) -> bool:
    """Whether a box can be unfolded."""
    return box.kind in FOLDED or (box.kind in (INPUT, OUTPUT) and box.repeats > 1)


@dataclass(frozen=True)
class GraphDrawing:
    """A diagram with its layout: an SVG with numbered boxes, or the problem that prevents one."""

    diagram: Diagram
    svg: str
    problem: str = ""

    @property
    def outline(self) -> Outline:
        """The boxes and groups of the diagram."""
        return self.diagram.outline


class GraphModel:
    """The diagram of one signature, with the scopes that the user has unfolded.

    Invariant: `_opened` is a set of scopes that has been drawn without an error, or None for the default
    selection. A change that cannot be drawn raises before `_opened` changes.

    Args:
      summary: of a module, with its graphs.
      signature: the signature whose slice of the graph is drawn.
      tags: of the variant.
      spare: a `dot` that may be running already.
    """

    def __init__(
        self, summary: Summary, signature: str, tags: tuple[str, ...], spare: SpareDot | None = None
    ) -> None:
        self.signature, self.tags = signature, tags
        self._summary = summary
        self._spare = spare
        self._opened: frozenset[str] | None = None
        self._scale: Scale | None = None
        self._drawn: dict[frozenset[str] | None, GraphDrawing] = {}
        self._nodes: dict[str, Any] | None = None
        self._inner: InnerTensors | None = None

    @property
    def drawn(self) -> GraphDrawing:
        """The diagram in its current state.

        Raises:
          HubError: there is nothing to draw.
        """
        return self._draw(self._opened)

    def colour(self, scale: Scale | None) -> None:
        """Colours the boxes by numbers; by their kinds for None.

        Raises:
          HubError: no number is of anything in the diagram; the colours stay as they were.
        """
        if scale is self._scale:
            return
        earlier, drawn = self._scale, self._drawn
        self._scale, self._drawn = scale, {}
        try:
            self._draw(self._opened)
        except HubError:
            self._scale, self._drawn = earlier, drawn
            raise

    def unfold(self, box: Box) -> None:
        """Shows the content of a box.

        Raises:
          HubError: the box has no content; the diagram stays as it was.
        """
        self._open(self._unfolded_scopes() | {box.name})

    def fold(self, name: str) -> None:
        """Folds a scope, with all scopes in it, into one box."""
        self._open(
            # With a slash at the end: folding "conv1" must not fold "conv10".
            frozenset(scope for scope in self._unfolded_scopes() if not f"{scope}/".startswith(f"{name}/"))
        )

    def fold_below(self, name: str) -> None:
        """Folds all scopes inside of a scope, but not the scope itself; "" is the whole signature."""
        inside = f"{name}/" if name else ""
        self._open(
            frozenset(
                scope for scope in self._unfolded_scopes() if not scope.startswith(inside) or scope == name
            )
        )

    def reveal(self, node: str) -> None:
        """Unfolds the scopes around a node.

        Raises:
          HubError: the signature does not need the node.
        """
        self._open(self._unfolded_scopes() | {node})

    def locate(self, name: str) -> tuple[str, int] | None:
        """Returns where a node or scope is drawn: ("box", number), ("group", number) or None."""
        outline = self.drawn.outline
        for number, box in enumerate(outline.boxes):
            # Inputs and outputs have names of the signature, which nodes may have too.
            if box.name == name and box.kind not in (INPUT, OUTPUT):
                return "box", number
        for number, group in enumerate(outline.groups):
            if group.name == name:
                return "group", number
        # Inside of a folded scope: the innermost box around it, which has the longest name.
        around = [
            (len(box.name), number)
            for number, box in enumerate(outline.boxes)
            if f"{name}/".startswith(f"{box.name}/")
        ]
        return ("box", max(around)[1]) if around else None

    def search(self, text: str) -> list[tuple[str, str]]:
        """Returns the first nodes, as (name, op), whose name or op contains a text, best first.

        Nodes inside of functions that stay functions, such as the body of a loop, are among them.
        """
        pattern = text.strip().lower()
        if not pattern:
            return []
        matches = [
            (name, node.op)
            for name, node in chain(self.nodes.items(), self._inner_ops)
            if pattern in name.lower() or pattern in node.op.lower()
        ]
        # Exact matches first, then short names: "conv1" is more likely meant than "conv1/weights/read".
        matches.sort(
            key=lambda match: (pattern not in (match[0].lower(), match[1].lower()), len(match[0]), match[0])
        )
        return matches[:MAX_MATCHES]

    @property
    def nodes(self) -> dict[str, Any]:
        """The nodes that the signature needs, by name; a call is replaced by the nodes of its function."""
        if self._nodes is None:
            source = self._summary.source
            graph = source.meta_graphs.get(self.tags) if source is not None else None
            if graph is None:
                raise DiagramError("This summary does not contain the graph of the module.")
            flat = flat_view(graph.graph_def)
            nodes = index_nodes(graph.graph_def.node if flat is None else flat.nodes)
            variant = self._summary.variant(self.tags)
            targets = [
                tensor if flat is None else flat.tensors.get(tensor_of(tensor), tensor)
                for signature in variant.signatures
                if signature.name == self.signature
                for output in signature.outputs
                for tensor in output.tensors
            ]
            reached = reach(nodes, targets).nodes
            self._nodes = {name: nodes[name] for name in nodes if name in reached}
            functions = graph.graph_def.library.function if flat is None else flat.functions
            self._inner = InnerTensors(self._nodes, functions)
        return self._nodes

    @functools.cached_property
    def _inner_ops(self) -> tuple[tuple[str, Any], ...]:
        return tuple(self._bodies.inner_ops())

    @property
    def _bodies(self) -> InnerTensors:
        """What is inside functions that stay functions; read with the nodes."""
        self.nodes  # noqa: B018  # sets it
        assert self._inner is not None  # noqa: S101 - set with the nodes
        return self._inner

    def node(self, box: Box) -> Any:
        """Returns the NodeDef of the op in a box; None if the box is not exactly one op of the graph."""
        return self.nodes.get(box.name) if box.kind not in (INPUT, OUTPUT) else None

    def fetch_name(self, box: Box, port: int) -> str | None:
        """Returns the name of the tensor or variable to fetch for a box; None if a run cannot fetch it."""
        if box.kind == VARIABLE:
            return box.weights[0].name if len(box.weights) == 1 else None
        if box.kind not in (OP, CONSTANT):
            return None
        tensor = f"{box.name}:{port}"
        # Inside a loop, the values that leave it; the module knows them by the same name.
        return tensor if box.name in self.nodes or self._bodies.after_loop(tensor) is not None else None

    def is_after_loop(self, tensor: str) -> bool:
        """Whether the value of a tensor is the one that it has after the last iteration of a loop."""
        return node_of(tensor) not in self.nodes and self._bodies.after_loop(tensor) is not None

    def why_not(self, box: Box) -> str:
        """Why a run cannot fetch the value of a box with an op in a function, and what it can fetch."""
        return self._bodies.why_not(f"{box.name}:0") or MSG_IN_FUNCTION

    def tensor_name(self, box: Box, port: int) -> str | None:
        """Returns the name of the tensor that a box stands for; inputs and outputs have one as well."""
        if box.kind in (INPUT, OUTPUT):
            entry = find_signature(self._summary.variant(self.tags), self.signature)
            values = (entry.inputs if box.kind == INPUT else entry.outputs) if entry is not None else ()
            names = [value.tensor for value in values if value.name == box.name]
            return names[0] if names and names[0] else None
        return self.fetch_name(box, port) if box.kind in (OP, CONSTANT) else None

    def output_count(self, node: str) -> int:
        """Returns the number of outputs of a node, from 1 to MAX_OUTPUTS; of an unknown op those in use."""
        op = definition(self.nodes[node].op) if node in self.nodes else None
        if op is not None:
            # A lazy count: an attribute, which a stranger wrote, may claim 2**31 outputs.
            dtypes = output_dtypes(op, self.nodes[node].attr)
            return max(sum(1 for _ in islice(dtypes, MAX_OUTPUTS)), 1)
        ports = [0]
        for other in self.nodes.values():
            for reference in other.input:
                if node_of(reference) == node and ":" in reference and not reference.startswith("^"):
                    port = reference.rpartition(":")[2]
                    ports.append(int(port) if port.isdecimal() else 0)
        return min(max(ports) + 1, MAX_OUTPUTS)

    def _unfolded_scopes(self) -> frozenset[str]:
        """Returns the unfolded scopes: the choice of the user, or at first the default selection."""
        if self._opened is not None:
            return self._opened
        return frozenset(group.name for group in self.drawn.outline.groups)

    def _open(self, names: frozenset[str]) -> None:
        self._draw(names)
        self._opened = names

    def _draw(self, opened: frozenset[str] | None) -> GraphDrawing:
        if opened not in self._drawn:
            # A layout runs the program `dot`, which takes up to seconds. The oldest one goes first: a dict
            # keeps the order of insertion.
            if len(self._drawn) >= MAX_CACHED:
                self._drawn.pop(next(iter(self._drawn)))
            depth = None if opened is None else 1
            names = () if opened is None else sorted(opened)
            diagram = self._summary.graph(self.signature, self.tags, names, depth, color=self._scale)
            diagram.spare = self._spare
            try:
                self._drawn[opened] = GraphDrawing(diagram, diagram.numbered_svg)
            except DiagramError as error:
                self._drawn[opened] = GraphDrawing(diagram, "", str(error))
        return self._drawn[opened]

"""A graph as few boxes: what a signature needs, grouped by name scope. Facts for diagrams and their tables.

The boxes are found without recursion and in time linear in the nodes, whatever the graph is: cycles, missing
nodes and names of any form are shown as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from hubexplore.errors import DiagramError, NoSuchScopeError, closest
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import named_signature
from hubexplore.summary.model import SignatureSummary, VariantSummary
from hubexplore.summary.outline.boxes.drawing import Drawing
from hubexplore.summary.outline.data import Box, Outline
from hubexplore.summary.outline.dataflow.flow import Flow
from hubexplore.summary.outline.dataflow.reader import read_flow
from hubexplore.summary.without_gc import without_gc

MAX_BOXES: Final = 150
MAX_EDGES: Final = 450
"""More edges than this are no picture: then fewer boxes are shown."""
CANDIDATES: Final = 3000
"""Among so many names the nearest one is looked for."""


@without_gc()
def outline(
    meta_graph: Any,
    variant: VariantSummary,
    signature: str | None = None,
    *,
    expand: Iterable[str] = (),
    depth: int | None = None,
    bound: int = MAX_BOXES,
) -> Outline:
    """Returns the boxes of a graph.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      variant: facts about it.
      signature: whose slice; None for all signatures, or the whole graph where there are none.
      expand: names of scopes, series, function calls, functions or ops to unfold. An op shows its constants.
      depth: so many levels of scopes at most, at least 1; None for as many as read well.
      bound: never more boxes than this; what does not fit folds.

    Raises:
      NoSuchSignatureError: for a signature that the variant lacks.
      NoSuchScopeError: for a name in `expand` that is nowhere in the graph, or not in this slice.
    """
    if depth is not None and depth < 1:
        raise DiagramError(
            f"depth counts levels of name scopes, from 1 on, and is {depth!r}. Leave it out for all."
        )
    chosen = _chosen(variant, signature)
    expand = tuple(expand)
    flow = read_flow(meta_graph, variant, chosen, frozenset(expand))
    drawing = Drawing(flow, variant, depth)
    for name in expand:
        _check_known(name, flow)
    drawn = drawing.draw(bound, MAX_EDGES)
    shown = sum(box.nodes for box in drawn.boxes if box.kind not in ("input", "output"))
    return Outline(
        signature,
        variant.tags,
        drawn.boxes,
        drawn.groups,
        drawn.edges,
        drawing.nodes,
        drawing.nodes - shown,
        (*_odd(meta_graph, chosen, flow, drawn.boxes), *drawn.warnings),
    )


def _odd(
    meta_graph: Any, signatures: Sequence[SignatureSummary], flow: Flow, boxes: Sequence[Box]
) -> Iterator[str]:
    """Yields what would otherwise be unexplained: no boxes, inputs that feed nothing in the graph."""
    functions = len(meta_graph.graph_def.library.function)
    if not boxes and signatures:
        yield "There is nothing to draw: the signature has neither inputs nor outputs."
    elif not boxes and flow.known:
        yield "There is nothing to draw: no node of the graph computes anything, and there is no signature."
    elif not boxes:
        held = f", only functions that nothing calls ({functions:,})" if functions else ""
        yield f"There is nothing to draw: the graph has no nodes{held}."
    lost = [
        tensor.name
        for signature in signatures
        for tensor in signature.inputs
        if any(node_of(name) not in flow.known for name in tensor.tensors)
    ]
    if lost:
        more = f" and {len(lost) - 1:,} more" if len(lost) > 1 else ""
        yield f"The graph lacks the node that is fed for the input {lost[0]!r}{more}."


def _chosen(variant: VariantSummary, name: str | None) -> Sequence[SignatureSummary]:
    if name is not None:
        return [named_signature(variant, name)]
    return variant.signatures


def _check_known(name: str, flow: Flow) -> None:
    """Refuses what is in `expand` and not in the slice; the name of a series is that of its first repeat."""
    begin = name.partition("..")[0]
    inside = any(f"/{begin}/" in f"{each}/" for each in flow.names)
    if inside or name in flow.named or _holds(flow.names, begin) or name in flow.opened.values():
        return
    scopes = {each[: each.find("/", len(begin))] if "/" in each else each for each in flow.names}
    near = closest(name, sorted(scopes | set(flow.opened.values()))[:CANDIDATES])
    if _holds(flow.known, begin):
        raise NoSuchScopeError(
            f"expand: {name!r} is in the graph, but the signature does not need it, so it is not shown. "
            f"Name another one, or another signature.{near}"
        )
    raise NoSuchScopeError(
        f"expand takes names of scopes, series, functions and ops; the graph has no {name!r}. "
        f"The table of the diagram has the names.{near}"
    )


def _holds(names: Collection[str], wanted: str) -> bool:
    return any(
        name.startswith(wanted) and name[len(wanted) : len(wanted) + 1] in ("", "/", "_") for name in names
    )

"""Builds the outline of a graph: a few boxes for what a signature needs, grouped by name scope.

    messages        MetaGraphDef: nodes, functions, signatures
       |            dataflow/reader.py: the slice of the signatures, function bodies inlined
       v
    data flow       numbered nodes and wires in topological order; constants, shapes and reads are hidden
       |            scopes/scope_tree.py: paths split at slashes, level by level, on demand
       v
    scopes          layer_0, layer_1, layer_2, head: repeats become layer_0..2, siblings one part
       |            scopes/unfolding.py: requested scopes first, then whole levels while they fit
       v
    unfolding       which scopes are boxes, and which are groups around boxes
       |            boxes/box_drawer.py: inputs, scopes, variables, tables, assets, outputs
       v
    boxes           in reading order, with the edges between them; fewer of them if edges are too many
       |
       v
    outline         frozen dataclasses of `data.py`, for diagrams and tables

All steps work without recursion and in time linear in the nodes (the order of boxes and scopes is sorted).
Cycles, missing nodes and names of any form are shown as they are: the graph may be damaged, and its names are
not trusted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hubexplore.errors import DiagramError, NoSuchScopeError, closest
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import named_signature
from hubexplore.summary.model import SignatureSummary, VariantSummary
from hubexplore.summary.outline.boxes.box_drawer import BoxDrawer
from hubexplore.summary.outline.data import Box, Outline
from hubexplore.summary.outline.dataflow.flow import DataFlow
from hubexplore.summary.outline.dataflow.reader import read_flow
from hubexplore.summary.outline.marks import marked
from hubexplore.summary.without_gc import without_gc

NO_DANGERS: Final[Mapping[str, str]] = {}
MAX_BOXES: Final = 150
"""Default maximum number of boxes of an outline."""
MAX_EDGES: Final = 450
"""Maximum number of edges of an outline; if there are more, fewer boxes are shown."""


@without_gc()
def outline(
    meta_graph: Any,
    variant: VariantSummary,
    signature: str | None = None,
    *,
    expand: Iterable[str] = (),
    depth: int | None = None,
    bound: int = MAX_BOXES,
    dangers: Mapping[str, str] = NO_DANGERS,
) -> Outline:
    """Returns the outline of a graph.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      variant: facts about it.
      signature: name of the signature whose slice is shown; None for all signatures, or the whole graph if
        there are none.
      expand: names of scopes, series, function calls, functions or ops to unfold. An op shows its constants.
      depth: maximum number of levels of scopes, at least 1; None for as many as read well.
      bound: maximum number of boxes; parts that do not fit are merged.
      dangers: path of an op -> what it can touch outside of the module; these ops are never hidden.

    Raises:
      DiagramError: if `depth` is less than 1.
      NoSuchSignatureError: if the variant lacks the signature.
      NoSuchScopeError: if a name in `expand` is not in the graph, or not in this slice.
    """
    if depth is not None and depth < 1:
        raise DiagramError(
            f"depth must be a number of levels of name scopes, at least 1, but is {depth!r}. "
            "Leave it out to show as many as read well."
        )
    signatures = _selected_signatures(variant, signature)
    expand = tuple(expand)
    flow = read_flow(meta_graph, variant, signatures, frozenset(expand), dangers.keys())
    drawer = BoxDrawer(flow, variant, depth)
    for name in expand:
        _check_expandable(name, flow)
    diagram = drawer.draw(bound, MAX_EDGES)
    visible = sum(box.nodes for box in diagram.boxes if box.kind not in ("input", "output"))
    whole = Outline(
        signature,
        variant.tags,
        diagram.boxes,
        diagram.groups,
        diagram.edges,
        drawer.nodes,
        drawer.nodes - visible,
        (*_warnings(meta_graph, signatures, flow, diagram.boxes), *diagram.warnings),
    )
    return marked(whole, dangers)


def _warnings(
    meta_graph: Any, signatures: Sequence[SignatureSummary], flow: DataFlow, boxes: Sequence[Box]
) -> Iterator[str]:
    """Yields warnings about what a diagram would not explain: no boxes, or inputs whose nodes are missing."""
    function_count = len(meta_graph.graph_def.library.function)
    if not boxes and signatures:
        yield "There is nothing to draw: the signature has neither inputs nor outputs."
    elif not boxes and flow.graph_names:
        yield "There is nothing to draw: no node of the graph computes anything, and there is no signature."
    elif not boxes:
        functions_note = f", only functions that nothing calls ({function_count:,})" if function_count else ""
        yield f"There is nothing to draw: the graph has no nodes{functions_note}."
    # Only the node must exist: an input that is in the graph and feeds nothing is marked in its box.
    unfed_inputs = [
        tensor.name
        for signature in signatures
        for tensor in signature.inputs
        if any(node_of(name) not in flow.graph_names for name in tensor.tensors)
    ]
    if unfed_inputs:
        others = f" and {len(unfed_inputs) - 1:,} more" if len(unfed_inputs) > 1 else ""
        yield f"The graph has no node for the input {unfed_inputs[0]!r}{others}."


def _selected_signatures(variant: VariantSummary, name: str | None) -> Sequence[SignatureSummary]:
    return variant.signatures if name is None else [named_signature(variant, name)]


def _check_expandable(name: str, flow: DataFlow) -> None:
    """Raises an error if a name to expand is not in the slice."""
    # The name of a series, `layer_0..11`, begins with the name of its first repeat.
    beginning = name.partition("..")[0]
    is_inside = any(f"/{beginning}/" in f"{path}/" for path in flow.names)
    if (
        is_inside
        or name in flow.endpoint_labels
        or _any_begins_with(flow.names, beginning)
        or name in flow.function_scopes.values()
    ):
        return
    scopes = {path[: path.find("/", len(beginning))] if "/" in path else path for path in flow.names}
    hint = closest(name, sorted(scopes | set(flow.function_scopes.values())))
    if _any_begins_with(flow.graph_names, beginning):
        raise NoSuchScopeError(
            f"expand: {name!r} is in the graph, but the signature does not need it, so it is not shown. "
            f"Expand another name, or show another signature.{hint}"
        )
    raise NoSuchScopeError(
        f"expand takes names of scopes, series, functions and ops; the graph has no {name!r}. "
        f"The table of the diagram lists the names.{hint}"
    )


def _any_begins_with(names: Collection[str], beginning: str) -> bool:
    return any(
        name.startswith(beginning) and name[len(beginning) : len(beginning) + 1] in ("", "/", "_")
        for name in names
    )

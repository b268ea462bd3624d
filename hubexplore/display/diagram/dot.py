"""An outline as DOT, the language of graphviz.

Names never become node ids, attributes or plain labels: `a:0` would be read as a port and `<b>` as markup.
They occur only as text in HTML-like labels, which `markup.tag` escapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hubexplore.display.diagram.labels import (
    KIND_NAMES,
    KINDS_SHOWN_BY_SHAPE,
    MAX_LABEL,
    edge_text,
    group_lines,
    heading,
    kind_text,
    lines,
    title_text,
)
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.palette import BOXES, DIM, EDGE, FAINT_EDGE, GROUP_FILLS, INK, PAPER
from hubexplore.display.wording import visible
from hubexplore.summary.outline import data
from hubexplore.summary.outline.data import Box, Edge, Group, Outline

if TYPE_CHECKING:
    from graphviz import Digraph

    from hubexplore.display.diagram.colouring import Colouring

FONT: Final = "Helvetica,Arial,sans-serif"
LINE_LENGTH: Final = 38
"""Maximum length in characters of a line in a box, if there is a comma to break it at."""
LABEL_PADDING: Final = "\u00a0\u00a0"
"""Space between an edge and its label. Not ordinary spaces, which `dot` strips at both ends."""
BOXES_PER_ROW: Final = 8
"""Number of inputs, or outputs, in a row, if there are more than twice as many."""
MAX_LABELLED: Final = 160
"""Maximum number of edges that have labels; in larger diagrams only the grid shows what they carry."""


def _style(colours: str, **form: str) -> dict[str, str]:
    fill, line = BOXES[colours]
    return {"fillcolor": fill, "color": line, **form}


# Kinds differ in shape and line as well as in colour, and the legend names them.
_STYLES: Final[dict[str, dict[str, str]]] = {
    data.INPUT: _style("green", style="rounded,filled"),
    data.OUTPUT: _style("blue", style="rounded,filled"),
    data.SCOPE: _style("grey", style="filled"),
    data.FUNCTION: _style("grey", shape="component"),
    data.SERIES: _style("violet", peripheries="2"),
    data.ALIKE: _style("violet", peripheries="2"),
    data.MORE: _style("pale", style="filled,dashed"),
    data.OP: _style("white", style="rounded,filled"),
    data.VARIABLE: _style("yellow", shape="cylinder"),
    data.TABLE: _style("pink", shape="tab"),
    data.ASSET: _style("pink", shape="note"),
    data.CONSTANT: _style("white", style="rounded,filled,dotted"),
    data.MISSING: _style("red", style="filled,dashed", penwidth="2"),
}


_DANGER_FILL, _DANGER_LINE = BOXES["red"]


def dot_source(outline: Outline, title: str, colouring: Colouring | None = None) -> str:
    """Returns the outline in DOT: node ids are `n0`, `n1`, ..., clusters are groups."""
    from graphviz import Digraph

    graph = Digraph(
        graph_attr={
            "bgcolor": PAPER, "rankdir": "TB", "fontname": FONT, "fontsize": "12", "fontcolor": INK,
            "pad": "0.25",
            "nodesep": "0.3", "ranksep": "0.38", "labelloc": "t", "labeljust": "l", "compound": "true",
            "label": _heading(outline, title, colouring),
            # Bounds on the rounds of the layout: a graph made to be hard takes no longer than others.
            "nslimit": "2", "nslimit1": "2", "mclimit": "0.6",
        },
        node_attr={
            "shape": "box", "style": "filled", "fontname": FONT, "fontsize": "11", "fontcolor": INK,
            "margin": "0.12,0.07", "height": "0.3", "penwidth": "1.1",
        },
        edge_attr={
            "fontname": FONT, "fontsize": "9", "fontcolor": DIM, "color": EDGE, "arrowsize": "0.6",
        },
    )  # fmt: skip
    _add_boxes(graph, outline, colouring)
    _add_rows(graph, outline)
    labelled = len(outline.edges) <= MAX_LABELLED
    for edge in outline.edges:
        _add_edge(graph, outline.boxes, edge, labelled)
    return str(graph.source)


def _heading(outline: Outline, title: str, colouring: Colouring | None) -> str:
    """Returns the title of the picture, and below it the colours that occur in it."""
    kinds = dict.fromkeys(box.kind for box in outline.boxes if box.kind != data.OP)
    legend = [
        join(
            tag("FONT", "\u25a0 ", COLOR=_STYLES[kind]["color"]),
            tag("FONT", KIND_NAMES[kind] + "   ", COLOR=DIM),
        )
        for kind in kinds
    ]
    if any(box.danger for box in outline.boxes):
        legend.append(join(tag("FONT", "\u25a0 ", COLOR=_DANGER_LINE), tag("FONT", "danger", COLOR=DIM)))
    left = {"ALIGN": "LEFT"}
    rows = [
        tag("TD", tag("B", heading(outline, title)), **left),
        tag("TD", tag("FONT", *legend, POINT_SIZE=9), **left),
    ]
    rows = rows[: 1 + bool(legend)]
    if colouring is not None:
        rows.append(tag("TD", _scale(colouring), **left))
    table = tag("TABLE", *(tag("TR", row) for row in rows), BORDER=0, CELLPADDING=1, CELLSPACING=0)
    return _label(table)


def _scale(colouring: Colouring) -> Markup:
    """Returns the legend of the colours: what they stand for, and squares from the lowest to the highest."""
    # Squares of text: the cells of a table would be as wide as the title.
    (_, low), *_, (_, high) = colouring.legend
    squares = [
        tag(
            "FONT",
            "\u25a1 " if colour == PAPER else "\u25a0 ",
            COLOR=FAINT_EDGE if colour == PAPER else colour,
        )
        for colour, _ in colouring.legend
    ]
    label = visible(colouring.scale.label, MAX_LABEL)
    return join(
        tag("FONT", f"{label}:   {low}  ", POINT_SIZE=9, COLOR=INK),
        tag("FONT", *squares, POINT_SIZE=14),
        tag("FONT", f" {high}", POINT_SIZE=9, COLOR=INK),
    )


def _add_boxes(graph: Digraph, outline: Outline, colouring: Colouring | None) -> None:
    """Adds boxes and clusters.

    A cluster is copied when it is added to its parent, so inner clusters must be complete first. A group
    comes after its parent in the outline, hence the reversed order.
    """
    from graphviz import Digraph

    clusters = []
    for index, group in enumerate(outline.groups):
        depth, parent = 0, group.parent
        while parent is not None:
            depth, parent = depth + 1, outline.groups[parent].parent
        clusters.append(
            Digraph(
                name=f"cluster{index}",
                graph_attr={
                    "label": _label(
                        _group_label(group, "" if colouring is None else colouring.group_text(index))
                    ),
                    "labeljust": "l",
                    "style": "rounded,filled",
                    "fillcolor": (colouring and colouring.group_fill(index)) or GROUP_FILLS[depth % 2],
                    "color": _DANGER_LINE if group.danger else FAINT_EDGE,
                    "fontsize": "11",
                    "margin": "10",
                },
            )
        )
    for index, box in enumerate(outline.boxes):
        (graph if box.group is None else clusters[box.group]).node(
            f"n{index}",
            _box_label(box, "" if colouring is None else colouring.text(index)),
            **{**_STYLES[box.kind], **_double_line(box), **_danger(box), **_fill(index, colouring)},
        )
    for index in reversed(range(len(clusters))):
        parent = outline.groups[index].parent
        (graph if parent is None else clusters[parent]).subgraph(clusters[index])


def _add_rows(graph: Digraph, outline: Outline) -> None:
    """Arranges many inputs, or outputs, in rows: an invisible edge keeps each box below another one."""
    for kind in (data.INPUT, data.OUTPUT):
        ends = [index for index, box in enumerate(outline.boxes) if box.kind == kind]
        rows = len(ends) > 2 * BOXES_PER_ROW
        for above, below in zip(ends, ends[BOXES_PER_ROW:], strict=False) if rows else ():
            graph.edge(f"n{above}", f"n{below}", style="invis", weight="20")


def _double_line(box: Box) -> dict[str, str]:
    """Returns a double line for a box of several inputs or outputs."""
    several = box.kind in (data.INPUT, data.OUTPUT) and box.repeats > 1
    return {"peripheries": "2"} if several else {}


def _danger(box: Box) -> dict[str, str]:
    """Returns the colours of a box with a danger. Only the line of a larger part: the rest is harmless."""
    if not box.danger:
        return {}
    line = {"color": _DANGER_LINE, "penwidth": "2.2"}
    return {**line, "fillcolor": _DANGER_FILL} if box.kind == data.OP else line


def _fill(box: int, colouring: Colouring | None) -> dict[str, str]:
    """Returns the fill of a box whose colour stands for a number; its line still shows the kind."""
    return {} if colouring is None else {"fillcolor": colouring.fill(box)}


def _add_edge(graph: Digraph, boxes: Sequence[Box], edge: Edge, labelled: bool) -> None:
    source, target = boxes[edge.source], boxes[edge.target]
    attributes = {}
    # The boxes of these kinds state dtype and shape themselves.
    repeats_an_end = (
        source.kind in (data.VARIABLE, data.INPUT, data.TABLE, data.ASSET) or target.kind == data.OUTPUT
    )
    if labelled and edge_text(edge) and not repeats_an_end:
        attributes["label"] = _label(tag("FONT", LABEL_PADDING + edge_text(edge) + LABEL_PADDING))
    if edge.tensors > 1:
        attributes["penwidth"] = "1.8"
    if source.kind in (data.VARIABLE, data.ASSET):
        attributes.update(color=_STYLES[source.kind]["color"], style="dashed")
    if edge.danger:
        attributes.update(color=_DANGER_LINE, penwidth="2.2")
    graph.edge(f"n{edge.source}", f"n{edge.target}", **attributes)


def _box_label(box: Box, amount: str) -> str:
    rows = []
    # On a colour the second ink would be too faint.
    ink = INK if amount else DIM
    if box.kind not in KINDS_SHOWN_BY_SHAPE and not title_text(box).endswith(f"{KIND_NAMES[box.kind]}s"):
        rows.append(tag("FONT", kind_text(box), POINT_SIZE=9, COLOR=ink))
    rows.append(tag("B", title_text(box)))
    rows.extend(tag("FONT", part, POINT_SIZE=9, COLOR=ink) for line in lines(box) for part in _wrapped(line))
    if amount:
        rows.append(tag("FONT", amount, POINT_SIZE=10, COLOR=INK))
    parts: list[Markup] = []
    for row in rows:
        # HTML-like labels have no paragraphs; a <BR/> separates lines and does not end the last one.
        parts.extend((row, tag("BR")))
    return _label(join(*parts[:-1]))


def _group_label(group: Group, amount: str) -> Markup:
    words = group_lines(group, amount)
    return join(
        tag("B", words[0]), *(tag("FONT", "  " + line, POINT_SIZE=9, COLOR=DIM) for line in words[1:])
    )


def _wrapped(line: str) -> Iterator[str]:
    """Breaks a line after commas; text without commas is not broken."""
    part = ""
    for word in line.split(", "):
        if part and len(part) + 2 + len(word) > LINE_LENGTH:
            yield part + ","
            part = word
        else:
            part = f"{part}, {word}" if part else word
    yield part


def _label(content: Markup) -> str:
    # `dot` interprets escapes such as \\N even in HTML-like labels; two backslashes stand for one.
    return "<" + content.replace("\\", "\\\\") + ">"

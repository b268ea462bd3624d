"""What is known of one op: its attributes, what goes in and comes out, and the variables behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from hubexplore.display.diagram.labels import kind_text, lines, type_text
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.grid import Column, Grid, grid_html
from hubexplore.display.wording import MAX_SENTENCE, counted, shape_text, visible
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.outline import Outline, Weight
from hubexplore.summary.outline.data import VARIABLE

MAX_LISTED: Final = 16
# Told as shapes, or of no use to who looks at a graph.
_UNTOLD: Final = frozenset({"_output_shapes", "_class", "_grappler_relu_layout"})


def box_words(outline: Outline, number: int) -> str:
    """A box in words, for who cannot see the picture."""
    box = outline.boxes[number]
    return "; ".join([f"{visible(box.name)} ({kind_text(box)})", *lines(box)])


def weights_of(outline: Outline, number: int) -> tuple[Weight, ...]:
    """The variables in a box and those that feed it."""
    feeding = [
        weight
        for edge in outline.edges
        if edge.target == number and outline.boxes[edge.source].kind == VARIABLE
        for weight in outline.boxes[edge.source].weights
    ]
    return tuple(dict.fromkeys([*outline.boxes[number].weights, *feeding]))


def details(outline: Outline, number: int, node: Any | None) -> Markup:
    """Returns all that is known of a box.

    Args:
      outline: that it is in.
      number: of the box.
      node: its NodeDef-shaped message, if it is one op of the graph.
    """
    box = outline.boxes[number]
    parts = [
        tag("p", tag("strong", visible(box.name)), " ", tag("span", kind_text(box), class_="note")),
        *(tag("p", line) for line in lines(box)),
        _edges(outline, number),
    ]
    if node is not None:
        rows = tuple(_attributes(node))
        if rows:
            columns = (Column("Attribute", code=True), Column("Value"))
            parts.append(grid_html(Grid(f"{visible(node.op)}: attributes", columns, rows)))
    found = weights_of(outline, number)
    if found:
        heads = (
            Column("Variable", code=True),
            Column("Type"),
            Column("Shape"),
            Column("Parameters", "right"),
        )
        listed = tuple(
            (each.name, each.dtype, shape_text(each.shape), f"{each.parameters or 0:,}")
            for each in found[:MAX_LISTED]
        )
        left = len(found) - len(listed)
        note = f"… and {counted(left, 'variable')} more" if left else ""
        parts.append(grid_html(Grid("Variables behind it", heads, listed, note)))
    return join(*parts)


def _edges(outline: Outline, number: int) -> Markup:
    """What goes in and comes out, with types and shapes."""
    into = [edge for edge in outline.edges if edge.target == number]
    out = [edge for edge in outline.edges if edge.source == number]
    rows = [
        *(("takes", outline.boxes[edge.source].name, type_text(edge.dtype, edge.shape)) for edge in into),
        *(("gives", outline.boxes[edge.target].name, type_text(edge.dtype, edge.shape)) for edge in out),
    ]
    if not rows:
        return Markup("")
    columns = (Column(""), Column("From or to", code=True), Column("Type and shape"))
    note = f"… and {len(rows) - MAX_LISTED} more" if len(rows) > MAX_LISTED else ""
    return grid_html(Grid("", columns, tuple(rows[:MAX_LISTED]), note), "Inputs and outputs")


def _attributes(node: Any) -> Iterator[tuple[str, str]]:
    for name in sorted(node.attr):
        if name not in _UNTOLD:
            yield name, visible(attribute_text(node.attr[name]), MAX_SENTENCE)


def attribute_text(value: Any) -> str:
    """An AttrValue in words; what is large is only described."""
    kind = value.WhichOneof("value")
    return _WORDS[kind](value) if kind in _WORDS else "nothing"


def _list_text(found: Any) -> str:
    items: Sequence[str] = [
        *(_bytes_text(each) for each in found.s[:MAX_LISTED]),
        *(str(each) for each in found.i[:MAX_LISTED]),
        *(f"{each:g}" for each in found.f[:MAX_LISTED]),
        *("true" if each else "false" for each in found.b[:MAX_LISTED]),
        *(dtype_name(each) for each in found.type[:MAX_LISTED]),
        *(shape_text(shape_of(each)) for each in found.shape[:MAX_LISTED]),
        *(each.name for each in found.func[:MAX_LISTED]),
    ]
    total = sum(len(getattr(found, name)) for name in ("s", "i", "f", "b", "type", "shape", "func"))
    more = [f"… {total - len(items)} more"] if total > len(items) else []
    return f"[{', '.join([*items, *more])}]"


def _bytes_text(value: bytes) -> str:
    if len(value) > MAX_SENTENCE:
        return f"{counted(len(value), 'byte')}"
    return value.decode("utf-8", "backslashreplace") or '""'


_WORDS: Final[dict[str, Callable[[Any], str]]] = {
    "s": lambda value: _bytes_text(value.s),
    "i": lambda value: str(value.i),
    "f": lambda value: f"{value.f:g}",
    "b": lambda value: "true" if value.b else "false",
    "type": lambda value: dtype_name(value.type),
    "shape": lambda value: shape_text(shape_of(value.shape)),
    "tensor": lambda value: (
        f"a constant: {dtype_name(value.tensor.dtype)} {shape_text(shape_of(value.tensor.tensor_shape))}"
    ),
    "func": lambda value: f"function {value.func.name}",
    "list": lambda value: _list_text(value.list),
    "placeholder": lambda value: f"placeholder {value.placeholder}",
}

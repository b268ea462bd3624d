"""Details of one box of the graph: attributes, inputs and outputs, and the variables that it uses."""

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
"""Maximum number of rows of a table and of items of a list."""
# Repeated by the shapes of the edges, or internal to TensorFlow's placement and layout of a graph.
_HIDDEN_ATTRIBUTES: Final = frozenset({"_output_shapes", "_class", "_grappler_relu_layout"})


def box_text(outline: Outline, number: int, amount: str = "") -> str:
    """Returns the text of a box for screen readers; `amount` is the number that its colour stands for."""
    box = outline.boxes[number]
    return "; ".join([f"{visible(box.name)} ({kind_text(box)})", *lines(box), *([amount] if amount else [])])


def weights_of(outline: Outline, number: int) -> tuple[Weight, ...]:
    """Returns the variables in a box and those that feed it, without repetitions."""
    feeding = [
        weight
        for edge in outline.edges
        if edge.target == number and outline.boxes[edge.source].kind == VARIABLE
        for weight in outline.boxes[edge.source].weights
    ]
    # A variable inside of the box may feed it as well.
    return tuple(dict.fromkeys([*outline.boxes[number].weights, *feeding]))


def details(outline: Outline, number: int, node: Any | None, amount: str = "") -> Markup:
    """Returns the details of a box.

    Args:
      outline: the outline that contains the box.
      number: of the box.
      node: NodeDef-shaped message of the op in the box; None if the box is not exactly one op of the graph.
      amount: the number that its colour stands for.
    """
    box = outline.boxes[number]
    parts = [
        tag("p", tag("strong", visible(box.name)), " ", tag("span", kind_text(box), class_="note")),
        *(tag("p", line) for line in (*lines(box), *([amount] if amount else []))),
        _edges(outline, number),
    ]
    if node is not None:
        rows = tuple(_attributes(node))
        if rows:
            heads = (Column("Attribute", code=True), Column("Value"))
            parts.append(grid_html(Grid(f"{visible(node.op)}: attributes", heads, rows)))
    weights = weights_of(outline, number)
    if weights:
        columns = (
            Column("Variable", code=True),
            Column("Type"),
            Column("Shape"),
            Column("Parameters", "right"),
        )
        weight_rows = tuple(
            (weight.name, weight.dtype, shape_text(weight.shape), f"{weight.parameters or 0:,}")
            for weight in weights[:MAX_LISTED]
        )
        left = len(weights) - len(weight_rows)
        note = f"… and {counted(left, 'variable')} more" if left else ""
        parts.append(grid_html(Grid("Variables", columns, weight_rows, note)))
    return join(*parts)


def _edges(outline: Outline, number: int) -> Markup:
    """Returns a table of the inputs and outputs of a box, with types and shapes."""
    inputs = [edge for edge in outline.edges if edge.target == number]
    outputs = [edge for edge in outline.edges if edge.source == number]
    rows = [
        *(("input", outline.boxes[edge.source].name, type_text(edge.dtype, edge.shape)) for edge in inputs),
        *(("output", outline.boxes[edge.target].name, type_text(edge.dtype, edge.shape)) for edge in outputs),
    ]
    if not rows:
        return Markup("")
    columns = (Column(""), Column("From or to", code=True), Column("Type and shape"))
    note = f"… and {len(rows) - MAX_LISTED} more" if len(rows) > MAX_LISTED else ""
    return grid_html(Grid("", columns, tuple(rows[:MAX_LISTED]), note), "Inputs and outputs")


def _attributes(node: Any) -> Iterator[tuple[str, str]]:
    for name in sorted(node.attr):
        if name not in _HIDDEN_ATTRIBUTES:
            yield name, visible(attribute_text(node.attr[name]), MAX_SENTENCE)


def attribute_text(value: Any) -> str:
    """Returns the text of an AttrValue; large values are only described."""
    # An attribute may be empty, or of a kind that a newer TensorFlow added.
    kind = value.WhichOneof("value")
    return _ATTRIBUTE_TEXTS[kind](value) if kind in _ATTRIBUTE_TEXTS else "no value"


def _list_text(values: Any) -> str:
    items: Sequence[str] = [
        *(_bytes_text(text) for text in values.s[:MAX_LISTED]),
        *(str(number) for number in values.i[:MAX_LISTED]),
        *(f"{number:g}" for number in values.f[:MAX_LISTED]),
        *("true" if flag else "false" for flag in values.b[:MAX_LISTED]),
        *(dtype_name(dtype) for dtype in values.type[:MAX_LISTED]),
        *(shape_text(shape_of(shape)) for shape in values.shape[:MAX_LISTED]),
        *(function.name for function in values.func[:MAX_LISTED]),
    ]
    # A ListValue has one field for each type, of which at most one is filled.
    total = sum(len(getattr(values, name)) for name in ("s", "i", "f", "b", "type", "shape", "func"))
    more = [f"… {total - len(items)} more"] if total > len(items) else []
    return f"[{', '.join([*items, *more])}]"


def _bytes_text(value: bytes) -> str:
    if len(value) > MAX_SENTENCE:
        return f"{counted(len(value), 'byte')}"
    return value.decode("utf-8", "backslashreplace") or '""'


_ATTRIBUTE_TEXTS: Final[dict[str, Callable[[Any], str]]] = {
    "s": lambda value: _bytes_text(value.s),
    "i": lambda value: str(value.i),
    # "g", since AttrValue holds a float32: `str` would show the digits of its conversion,
    # 0.10000000149011612.
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

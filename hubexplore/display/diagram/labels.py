"""What the boxes and edges of an outline say, in words: picture, list and table take them from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubexplore.display.wording import counted, shape_text, visible
from hubexplore.summary.outline import data
from hubexplore.summary.outline.data import Box, Edge, Group, Outline, Weight

MAX_LABEL: Final = 44
"""Maximum length in characters of a name in a box."""
MAX_OPS: Final = 4
"""Maximum number of op types that a box names."""
MAX_WEIGHTS: Final = 3
"""Maximum number of variables that a box names."""

KIND_NAMES: Final = {
    data.INPUT: "input",
    data.OUTPUT: "output",
    data.SCOPE: "scope",
    data.SERIES: "series",
    data.ALIKE: "alike",
    data.MORE: "folded",
    data.OP: "op",
    data.VARIABLE: "variable",
    data.TABLE: "table",
    data.ASSET: "asset",
    data.FUNCTION: "function",
    data.CONSTANT: "constant",
    data.MISSING: "missing",
}
KINDS_SHOWN_BY_SHAPE: Final = frozenset({data.OP, data.SCOPE, data.MORE, data.SERIES, data.ALIKE})
"""Kinds that the shape of a box or its title shows, so that it needs no label for the kind."""


def kind_text(box: Box) -> str:
    """Returns "input", "30 inputs", "series x12", "5 alike", "variables"."""
    if box.kind == data.SERIES:
        return f"series x{box.repeats}"
    if box.kind == data.ALIKE:
        return f"{box.repeats} alike"
    if box.kind in (data.INPUT, data.OUTPUT) and box.repeats > 1:
        return f"{box.repeats:,} {KIND_NAMES[box.kind]}s"
    return KIND_NAMES[box.kind] + ("s" if box.kind == data.VARIABLE and len(box.weights) > 1 else "")


def name_text(box: Box) -> str:
    """Returns the name of a box, relative to its group."""
    return visible(box.label or '""', MAX_LABEL)


def title_text(box: Box) -> str:
    """Returns the first line of a box: its name, with a count if it stands for several."""
    if box.kind == data.ALIKE:
        return f"{kind_text(box)}: {name_text(box)}"
    return name_text(box) + (f"  x{box.repeats}" if box.kind == data.SERIES else "")


def ops_text(ops: Sequence[tuple[str, int]], repeats: int = 1) -> str:
    """Returns "Conv2D, Relu x2, and 3 more types"; for a series the ops of one repeat."""
    shown = ops if len(ops) <= MAX_OPS else ops[: MAX_OPS - 1]
    words = []
    for op, count in shown:
        # Repeats may differ in a few ops; then the count of all is shown, which is right for the series.
        per_repeat = count // repeats if count % repeats == 0 else count
        words.append(visible(op, MAX_LABEL) + (f" x{per_repeat:,}" if per_repeat > 1 else ""))
    rest = len(ops) - len(shown)
    return ", ".join(words + ([f"and {rest} more types"] if rest else []))


def weight_text(weight: Weight, inside: str = "") -> str:
    """Returns "kernel (3, 3, 64)": the name without its scope, and the shape."""
    name = weight.name
    short = (
        name.removeprefix(f"{inside}/") if name.startswith(f"{inside}/") else name.rpartition("/")[2] or name
    )
    return f"{visible(short, MAX_LABEL)} {shape_text(weight.shape)}"


def type_text(dtype: str, shape: tuple[int | None, ...] | None) -> str:
    """Returns "float32 (?, 10)", or "float32" if the shape is unknown."""
    return " ".join(filter(None, (visible(dtype), "" if shape is None else shape_text(shape))))


def edge_text(edge: Edge) -> str:
    """Returns "float32 (?, 10)", or "3 tensors, float32"."""
    words = type_text(edge.dtype, edge.shape)
    return words if edge.tensors == 1 else ", ".join(filter(None, (f"{edge.tensors} tensors", words)))


def lines(box: Box) -> list[str]:
    """Returns the lines of a box below its title."""
    texts = []
    if box.kind == data.OP:
        # TensorFlow names an op after its type by default, and then a second line would repeat the title.
        type_ = box.ops[0][0] if box.ops else ""
        if not box.label.startswith(type_):
            texts.append(visible(type_, MAX_LABEL))
    elif box.ops:
        texts.append(ops_text(box.ops, box.repeats))
    # A box of one tensor states its dtype and shape, a box of several variables their names and shapes.
    if box.kind in (data.INPUT, data.OUTPUT) or (box.kind == data.VARIABLE and len(box.weights) == 1):
        texts.append(type_text(box.dtype, box.shape))
    elif box.weights:
        texts.extend(weight_lines(box))
    if box.function:
        texts.append("body of " + visible(box.function, MAX_LABEL))
    if box.note:
        texts.append(visible(box.note, 2 * MAX_LABEL))
    if box.danger:
        texts.append(f"DANGER: {box.danger}")
    return [line for line in texts if line]


def weight_lines(box: Box) -> list[str]:
    """Returns the variables of a box, by name if they are few, and their number of parameters."""
    texts = []
    if len(box.weights) <= MAX_WEIGHTS and box.kind != data.SERIES:
        texts.append(", ".join(weight_text(weight, box.name) for weight in box.weights))
        # One line for all variables if it is short enough, otherwise a line for each.
        if len(texts[0]) > 2 * MAX_LABEL:
            texts = [weight_text(weight, box.name) for weight in box.weights]
    else:
        texts.append(counted(len(box.weights), "variable"))
    if box.parameters:
        texts.append(counted(box.parameters, "parameter"))
    return texts


def group_lines(group: Group, amount: str = "") -> list[str]:
    """Returns the name of a group, the function it is the body of, an amount, and its parameters."""
    texts = [visible(group.label or '""', MAX_LABEL)]
    if group.function:
        texts.append("body of " + visible(group.function, MAX_LABEL))
    if amount:
        texts.append(amount)
    if group.parameters:
        texts.append(counted(group.parameters, "parameter"))
    return texts


def heading(outline: Outline, title: str) -> str:
    """Returns the heading of a diagram: module, tags, signature and sizes."""
    parameters = sum(box.parameters for box in outline.boxes)
    words = [visible(title)]
    if outline.tags:
        words.append("tags " + visible(", ".join(outline.tags)))
    if outline.signature is not None:
        words.append("signature " + visible(outline.signature))
    words.append(counted(outline.nodes, "node"))
    if parameters:
        words.append(counted(parameters, "parameter"))
    return " · ".join(words)

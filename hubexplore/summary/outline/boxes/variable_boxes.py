"""Decides where variables are shown: as lines in the box that reads them, or as boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hubexplore.summary.outline.boxes.canvas import Canvas
from hubexplore.summary.outline.boxes.source_nodes import surplus_box
from hubexplore.summary.outline.data import OP, VARIABLE, Box, Weight

OUTPUT_READER = -1
"""Position that stands for an output whose value is a variable as it is."""


def put_variables(canvas: Canvas, readable_boxes: int, max_boxes: int) -> None:
    """Makes a variable that one scope reads a line in its box, and gives others a box.

    Args:
      canvas: has all boxes except those of sources and outputs.
      readable_boxes: maximum number of boxes for variables; if there were more, variables that a single op
        reads become lines in its box.
      max_boxes: maximum number of boxes that are added.
    """
    # Linear in the readers of variables.
    sources, outputs = canvas.sources, set(canvas.flow.outputs)
    readers: dict[int, set[int]] = {}
    output_of: dict[int, int] = {}
    for first, parts in sources.parts.items():
        positions = readers[first] = set()
        for part in parts:
            for number in sources.readers.get(part, ()):
                position = canvas.box_of[number]
                if number in outputs:
                    positions.add(OUTPUT_READER)
                    output_of[first] = canvas.flow.bundle_heads.get(number, number)
                elif position >= 0:
                    positions.add(position)
    boxed = [first for first, boxes in readers.items() if boxes and not _is_in_scope(canvas, boxes)]
    if len(boxed) > readable_boxes:
        boxed = [first for first in boxed if len(readers[first]) > 1 or OUTPUT_READER in readers[first]]
    boxed_set = set(boxed)
    lines: dict[int, list[Weight]] = {}
    for first, positions in readers.items():
        if len(positions) == 1 and first not in boxed_set:
            lines.setdefault(next(iter(positions)), []).append(sources.weights[first])
    for position, weights in lines.items():
        canvas.boxes[position] = replace(canvas.boxes[position], weights=tuple(weights))
    _put_boxes(canvas, boxed, readers, output_of, max(max_boxes, 1))


def _is_in_scope(canvas: Canvas, positions: set[int]) -> bool:
    return (
        len(positions) == 1
        and OUTPUT_READER not in positions
        and canvas.boxes[next(iter(positions))].kind != OP
    )


def _put_boxes(
    canvas: Canvas,
    boxed: Sequence[int],
    readers: dict[int, set[int]],
    output_of: dict[int, int],
    max_boxes: int,
) -> None:
    sources = canvas.sources
    shared_sets: dict[object, list[int]] = {}
    for first in boxed:
        # Boxes that share a layer share its variables, as kernel and bias, so one box holds all of these.
        key: object = (frozenset(readers[first]), sources.weights[first].name.rpartition("/")[0])
        if len(readers[first]) == 1:
            # Variables whose values are outputs share a box if the outputs do.
            bundled = output_of.get(first) in canvas.flow.bundle_heads
            key = ("outputs", output_of[first]) if bundled else ("alone", first)
        shared_sets.setdefault(key, []).append(first)
    units = list(shared_sets.values())
    shown = units if len(units) <= max_boxes else units[: max_boxes - 1]
    for firsts in shown:
        group = canvas.common_group(readers[firsts[0]])
        group_prefix = canvas.groups[group].name + "/" if group is not None else ""
        numbers = [number for first in firsts for number in sources.parts[first]]
        weights = tuple(sources.weights[first] for first in firsts)
        name = weights[0].name
        box = Box(name, name.removeprefix(group_prefix), VARIABLE, group, nodes=len(numbers), weights=weights)
        if len(weights) == 1:
            box = replace(box, dtype=weights[0].dtype, shape=weights[0].shape)
        else:
            name = name.rpartition("/")[0] or f"{len(weights)} variables"
            box = replace(box, name=name, label=name.removeprefix(group_prefix))
        canvas.put(box, numbers)
    rest = [first for firsts in units[len(shown) :] for first in firsts]
    if rest:
        weights = tuple(sources.weights[first] for first in rest)
        box = replace(surplus_box(VARIABLE, len(rest), not shown), weights=weights)
        canvas.put(box, [number for first in rest for number in sources.parts[first]])

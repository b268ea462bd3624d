"""Where variables are shown: as lines in the box that reads them, or as boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hubexplore.summary.outline.boxes.canvas import Sheet
from hubexplore.summary.outline.boxes.sources import surplus
from hubexplore.summary.outline.data import OP, VARIABLE, Box, Weight

OUTSIDE = -1
"""Stands for an output that gives a variable's value as it is."""


def put_variables(sheet: Sheet, readable: int, bound: int) -> None:
    """A variable that one scope reads is a line in its box; others have boxes of their own.

    Args:
      sheet: with all boxes but for those of sources and outputs.
      readable: with more boxes than this, single ops keep the variables that only they read.
      bound: so many boxes may be added, all together.
    """
    stock, outputs = sheet.stock, set(sheet.flow.outputs)
    readers: dict[int, set[int]] = {}
    given: dict[int, int] = {}
    for first, parts in stock.parts.items():
        found = readers[first] = set()
        for part in parts:
            for number in stock.readers.get(part, ()):
                position = sheet.box_of[number]
                if number in outputs:
                    found.add(OUTSIDE)
                    given[first] = sheet.flow.bundle.get(number, number)
                elif position >= 0:
                    found.add(position)
    alone = [first for first, boxes in readers.items() if boxes and not _in_scope(sheet, boxes)]
    if len(alone) > readable:
        alone = [first for first in alone if len(readers[first]) > 1 or OUTSIDE in readers[first]]
    apart = set(alone)
    inside: dict[int, list[Weight]] = {}
    for first, boxes in readers.items():
        if len(boxes) == 1 and first not in apart:
            inside.setdefault(next(iter(boxes)), []).append(stock.weights[first])
    for position, weights in inside.items():
        sheet.boxes[position] = replace(sheet.boxes[position], weights=tuple(weights))
    _put_alone(sheet, alone, readers, given, max(bound, 1))


def _in_scope(sheet: Sheet, boxes: set[int]) -> bool:
    return len(boxes) == 1 and OUTSIDE not in boxes and sheet.boxes[next(iter(boxes))].kind != OP


def _put_alone(
    sheet: Sheet, alone: Sequence[int], readers: dict[int, set[int]], given: dict[int, int], room: int
) -> None:
    stock = sheet.stock
    sets: dict[object, list[int]] = {}
    for first in alone:
        # What several boxes share, they share layer by layer: kernel and bias.
        shared: object = (frozenset(readers[first]), stock.weights[first].name.rpartition("/")[0])
        if len(readers[first]) == 1:
            # Those that are outputs in one box are in one box as well.
            bundled = given.get(first) in sheet.flow.bundle
            shared = ("outputs", given[first]) if bundled else ("alone", first)
        sets.setdefault(shared, []).append(first)
    units = list(sets.values())
    shown = units if len(units) <= room else units[: room - 1]
    for together in shown:
        group = sheet.common_group(readers[together[0]])
        above = sheet.groups[group].name + "/" if group is not None else ""
        numbers = [number for first in together for number in stock.parts[first]]
        weights = tuple(stock.weights[first] for first in together)
        name = weights[0].name
        box = Box(name, name.removeprefix(above), VARIABLE, group, nodes=len(numbers), weights=weights)
        if len(weights) == 1:
            box = replace(box, dtype=weights[0].dtype, shape=weights[0].shape)
        else:
            name = name.rpartition("/")[0] or f"{len(weights)} variables"
            box = replace(box, name=name, label=name.removeprefix(above))
        sheet.put(box, numbers)
    rest = [first for together in units[len(shown) :] for first in together]
    if rest:
        weights = tuple(stock.weights[first] for first in rest)
        box = replace(surplus(VARIABLE, len(rest), not shown), weights=weights)
        sheet.put(box, [number for first in rest for number in stock.parts[first]])

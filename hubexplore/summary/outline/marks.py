"""Marks in an outline the ops that are dangers, what is around them, and the way from them to an output."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from hubexplore.summary.outline.data import INPUT, OUTPUT, Outline


def marked(outline: Outline, dangers: Mapping[str, str]) -> Outline:
    """Returns the outline with its boxes, groups and edges marked.

    Args:
      outline: of a graph.
      dangers: path of an op -> what it can do, in a few words.
    """
    words: dict[int, dict[str, None]] = {}
    for path, what in dangers.items():
        number = _box_of(outline, path)
        if number is not None:
            words.setdefault(number, {})[what] = None
    if not words:
        return outline
    groups = set()
    for number in words:
        group = outline.boxes[number].group
        while group is not None:
            groups.add(group)
            group = outline.groups[group].parent
    edges = {edge for number in words for edge in _way_to_output(outline, number)}
    return replace(
        outline,
        boxes=tuple(
            replace(box, danger=", ".join(words[number])) if number in words else box
            for number, box in enumerate(outline.boxes)
        ),
        groups=tuple(
            replace(group, danger=True) if number in groups else group
            for number, group in enumerate(outline.groups)
        ),
        edges=tuple(
            replace(edge, danger=True) if number in edges else edge
            for number, edge in enumerate(outline.edges)
        ),
    )


def _box_of(outline: Outline, path: str) -> int | None:
    """Returns the box of an op, or the innermost one around it; None if it is not in the outline."""
    around = [
        (len(box.name), number)
        for number, box in enumerate(outline.boxes)
        # Inputs and outputs have names of the signature, which ops may have as well.
        if box.kind not in (INPUT, OUTPUT) and f"{path}/".startswith(f"{box.name}/")
    ]
    return max(around)[1] if around else None


def _way_to_output(outline: Outline, start: int) -> list[int]:
    """Returns the edges of a shortest way from a box to an output; none if nothing leads there."""
    leaving: dict[int, list[int]] = {}
    for number, edge in enumerate(outline.edges):
        leaving.setdefault(edge.source, []).append(number)
    reached_by: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        box = waiting.popleft()
        if outline.boxes[box].kind == OUTPUT:
            way = []
            while box != start:
                way.append(reached_by[box])
                box = outline.edges[way[-1]].source
            return way
        for number in leaving.get(box, ()):
            target = outline.edges[number].target
            if target not in reached_by and target != start:
                reached_by[target] = number
                waiting.append(target)
    return []

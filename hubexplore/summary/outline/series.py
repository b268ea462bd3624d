"""Numbered repeats in a chain (`layer_0` .. `layer_11`) made into one part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hubexplore.summary.outline.flow import Flow
from hubexplore.summary.outline.scopes import WIDE, Scope, stem, structure

LEAST: Final = 3
"""So many repeats at least."""
LONGEST_PERIOD: Final = 6
"""So many parts at most make one repeat (convolution, normalisation, activation, ...)."""


def collapse(
    parts: Sequence[Scope], flow: Flow, sizes: dict[int, object], apart: frozenset[str]
) -> list[Scope]:
    """Returns the parts with each series as one.

    Repeats have equal names but for numbers, the same ops, and each feeds the next. They also read variables
    of the same shapes, unless there are too many parts to show each.

    Args:
      parts: of one scope, in the order in which values flow.
      flow: they are of.
      sizes: variable -> its shape.
      apart: names of parts that stay as they are, and of series that do.
    """
    result = _collapsed(parts, flow, sizes, apart)
    return _collapsed(parts, flow, None, apart) if len(result) > WIDE else result


def _collapsed(
    parts: Sequence[Scope], flow: Flow, sizes: dict[int, object] | None, apart: frozenset[str]
) -> list[Scope]:
    tokens = _tokens(parts, flow, sizes, apart)
    feeds = _feeds(parts, flow)
    result: list[Scope] = []
    start = 0
    while start < len(parts):
        length, period = max(_runs(tokens, feeds, start), default=(0, 0), key=lambda run: (run[0], -run[1]))
        # Single ops alone make a series only where there are too many to show.
        run = parts[start : start + length] if length else parts[start : start + 1]
        if length and (sizes is None or any(each.item is None for each in run[:period])):
            series = _series(run, period)
            result.extend(run if series.name in apart else [series])
        else:
            result.extend(run)
        start += len(run)
    return result


def _tokens(
    parts: Sequence[Scope], flow: Flow, sizes: dict[int, object] | None, apart: frozenset[str]
) -> list[object]:
    """One token per part, equal where parts are alike; a part that is like no other has its own."""
    alike: dict[str, int] = {}
    stems = [stem(each.label) for each in parts]
    for each in stems:
        alike[each] = alike.get(each, 0) + 1
    return [
        index
        if alike[name] < LEAST or part.name in apart or any(each.startswith(part.prefix) for each in apart)
        else (name, part.item is None, structure(part, flow, sizes))
        for index, (name, part) in enumerate(zip(stems, parts, strict=True))
    ]


def _feeds(parts: Sequence[Scope], flow: Flow) -> list[set[int]]:
    """For each part, the parts that feed it."""
    place = {number: index for index, part in enumerate(parts) for number in part.members}
    return [
        {place[source] for number in part.members for source, _ in flow.wires[number] if source in place}
        for part in parts
    ]


def _runs(tokens: Sequence[object], feeds: Sequence[set[int]], start: int) -> Iterator[tuple[int, int]]:
    """Yields (length, period) of each series that begins at `start`."""
    for period in range(1, LONGEST_PERIOD + 1):
        end = start + period
        if end >= len(tokens):
            return
        while end < len(tokens) and tokens[end] == tokens[end - period]:
            repeat = start + (end - start) // period * period
            if (end - start) % period == period - 1 and not _linked(feeds, repeat, period):
                break
            end += 1
        repeats = (end - start) // period
        if repeats >= LEAST:
            yield repeats * period, period


def _linked(feeds: Sequence[set[int]], repeat: int, period: int) -> bool:
    """Whether the repeat that begins at `repeat` is fed by the one before it."""
    return any(
        repeat - period <= source < repeat for each in feeds[repeat : repeat + period] for source in each
    )


def _series(run: Sequence[Scope], period: int) -> Scope:
    first, last = run[0], run[-period]
    label = last.label
    shared = 0
    while shared < min(len(first.label), len(label)) and first.label[shared] == label[shared]:
        shared += 1
    digits = len(label) - len(label.lstrip("0123456789")) if not shared else 0
    # Not into a number: `layer_9..11`, `unit_10..12`.
    while shared and not digits and label[shared - 1].isdecimal():
        shared -= 1
    name = f"{first.name}..{label[shared:] or label}"
    members = [number for each in run for number in each.members]
    return Scope(name, "", members, first.parent, first.level, None, tuple(run), period)

"""Numbered repeats in a chain (`layer_0` .. `layer_11`) made into one part."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hubexplore.summary.outline.dataflow.flow import Flow
from hubexplore.summary.outline.scopes.scope_tree import WIDE, Scope, ops_of, shapes_of, stem

LEAST: Final = 3
"""So many repeats at least."""
LONGEST_PERIOD: Final = 6
"""So many parts at most make one repeat (convolution, normalisation, activation, ...)."""


def collapse(
    parts: Sequence[Scope], flow: Flow, sizes: Mapping[int, object], apart: frozenset[str]
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
    if len(parts) < LEAST:
        return list(parts)
    row = _Row(parts, flow, apart)
    if all(part.item is not None for part in parts):
        return row.collapsed(None) if len(parts) > WIDE else list(parts)
    result = row.collapsed(sizes)
    return row.collapsed(None) if len(result) > WIDE else result


class _Row:
    """The parts of one scope, looked through for series."""

    def __init__(self, parts: Sequence[Scope], flow: Flow, apart: frozenset[str]) -> None:
        self.parts, self.flow, self.apart = parts, flow, apart
        self.stems = [stem(part.label) for part in parts]
        self.alike = Counter(self.stems)
        self.ops: dict[int, object] = {}

    def collapsed(self, sizes: Mapping[int, object] | None) -> list[Scope]:
        """The parts with each series as one; without `sizes`, whatever the shapes of variables."""
        parts, tokens = self.parts, self._tokens(sizes)
        often = Counter(tokens)
        result: list[Scope] = []
        start = 0
        while start < len(parts):
            length, period = 0, 0
            if often[tokens[start]] >= LEAST:
                found = self._runs(tokens, start)
                length, period = max(found, default=(0, 0), key=lambda run: (run[0], -run[1]))
            # Single ops alone make a series only where there are too many to show.
            run = parts[start : start + length] if length else parts[start : start + 1]
            if length and (sizes is None or any(each.item is None for each in run[:period])):
                whole = series(run, period)
                result.extend(run if whole.name in self.apart else [whole])
            else:
                result.extend(run)
            start += len(run)
        return result

    def _tokens(self, sizes: Mapping[int, object] | None) -> list[int]:
        """One number per part, equal where parts are alike; a part that is like no other has its own."""
        numbers: dict[object, int] = {}
        apart, tokens = self.apart, []
        for index, (name, part) in enumerate(zip(self.stems, self.parts, strict=True)):
            token: object = index
            if self.alike[name] >= LEAST and not (
                apart and (part.name in apart or any(each.startswith(part.prefix) for each in apart))
            ):
                if index not in self.ops:
                    self.ops[index] = ops_of(part, self.flow)
                shapes = shapes_of(part, self.flow, sizes) if sizes else None
                token = (name, part.item is None, self.ops[index], shapes)
            tokens.append(numbers.setdefault(token, len(numbers)))
        return tokens

    @functools.cached_property
    def _place(self) -> dict[int, int]:
        """Node -> position of the part it is in."""
        return {number: index for index, part in enumerate(self.parts) for number in part.members}

    @functools.cached_property
    def _near(self) -> list[tuple[int, ...]]:
        """For each part, those shortly before it that feed it."""
        place, wires = self._place, self.flow.wires
        near: list[tuple[int, ...]] = []
        for index, part in enumerate(self.parts):
            first = index - 2 * LONGEST_PERIOD
            found = {place.get(source, -1) for number in part.members for source, _ in wires[number]}
            near.append(tuple([source for source in found if first < source < index and source >= 0]))
        return near

    @functools.cached_property
    def _next_fed(self) -> list[int]:
        """For each part, the next one, itself included, that parts shortly before it feed."""
        following = len(self.parts)
        found = [following] * (following + 1)
        for index in range(following - 1, -1, -1):
            following = index if self._near[index] else following
            found[index] = following
        return found

    def _runs(self, tokens: Sequence[int], start: int) -> Iterator[tuple[int, int]]:
        """Yields (length, period) of each series that begins at `start`."""
        if self._next_fed[start + 1] >= start + 2 * LONGEST_PERIOD:
            return  # side by side
        total = len(tokens)
        for period in range(1, LONGEST_PERIOD + 1):
            end = start + period
            if start + LEAST * period > total:
                return
            if tokens[end] != tokens[start] or tokens[end + period] != tokens[start]:
                continue
            while end < total and tokens[end] == tokens[end - period]:
                repeat = start + (end - start) // period * period
                if (end - start) % period == period - 1 and not self._linked(repeat, period):
                    break
                end += 1
            repeats = (end - start) // period
            if repeats >= LEAST:
                yield repeats * period, period

    def _linked(self, repeat: int, period: int) -> bool:
        """Whether the repeat that begins at `repeat` is fed by the one before it."""
        near, before = self._near, repeat - period
        for index in range(repeat, repeat + period):
            for source in near[index]:
                if before <= source < repeat:
                    return True
        return False


def series(run: Sequence[Scope], period: int, alike: bool = False) -> Scope:
    """One part for parts that are `alike` side by side, or repeats of `period` parts one after the other."""
    first, last = run[0], run[-period]
    name = first.name + span(first.label, last.label).removeprefix(first.label)
    members = [number for each in run for number in each.members]
    return Scope(name, "", members, first.parent, first.level, None, tuple(run), period, alike)


def span(first: str, last: str) -> str:
    """Two names as one: `layer_9..11`, `block..block_5`."""
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    digits = len(last) - len(last.lstrip("0123456789")) if not shared else 0
    # Not into a number: `layer_9..11`, `unit_10..12`.
    while shared and not digits and last[shared - 1].isdecimal():
        shared -= 1
    # `block..block_5`, not `block.._5`.
    return f"{first}..{last[shared:] if last[shared:][:1].isdecimal() else last}"

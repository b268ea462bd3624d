"""Merges numbered repeats in a chain (`layer_0` to `layer_11`) into one part."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hubexplore.summary.outline.dataflow.flow import DataFlow
from hubexplore.summary.outline.scopes.scope_tree import MAX_PARTS, NameScope, ops_of, shapes_of, stem

MIN_REPEATS: Final = 3
"""Minimum number of repeats that are merged."""
LONGEST_PERIOD: Final = 6
"""Maximum number of parts that make one repeat (convolution, normalisation, activation, ...)."""


def collapse_repeats(
    parts: Sequence[NameScope], flow: DataFlow, variable_shapes: Mapping[int, object], expand: frozenset[str]
) -> list[NameScope]:
    """Returns the parts, each series merged into one.

    Repeats have equal names apart from numbers, the same ops, and each feeds the next. They also read
    variables of the same shapes, unless there would be too many parts to show.

    Args:
      parts: the parts of one scope, in the order in which values flow.
      flow: the flow that they are parts of.
      variable_shapes: number of a variable's node -> its shape.
      expand: names of parts that are not merged, and of series that are not made.
    """
    if len(parts) < MIN_REPEATS:
        return list(parts)
    finder = _RepeatFinder(parts, flow, expand)
    # A chain of single ops is worth reading as it is; it is merged only if it is too long for that.
    if all(part.node is not None for part in parts):
        return finder.collapsed(None) if len(parts) > MAX_PARTS else list(parts)
    collapsed = finder.collapsed(variable_shapes)
    return finder.collapsed(None) if len(collapsed) > MAX_PARTS else collapsed


class _RepeatFinder:
    """Finds series among the parts of one scope."""

    # Each part gets a token, a number that equal parts share; a series is then a repetition in a sequence of
    # numbers. Series are found greedily from the left, the longest first, for each period up to
    # `LONGEST_PERIOD`. A repeat counts only if the one before it feeds it, so parts side by side are no
    # series.
    # Cost: tokens and links are linear in the members of all parts. The scan extends each candidate once per
    # period and then jumps behind the series that it chose, so it is linear in the parts unless series are
    # refused again and again for a missing link; `_next_fed` rules out most of such starts at once.

    def __init__(self, parts: Sequence[NameScope], flow: DataFlow, expand: frozenset[str]) -> None:
        self.parts, self.flow, self.expand = parts, flow, expand
        self.stems = [stem(part.label) for part in parts]
        self.stem_counts = Counter(self.stems)
        self.ops: dict[int, object] = {}

    def collapsed(self, variable_shapes: Mapping[int, object] | None) -> list[NameScope]:
        """Returns the parts, each series merged; for None, whatever the shapes of variables."""
        parts, tokens = self.parts, self._tokens(variable_shapes)
        token_counts = Counter(tokens)
        result: list[NameScope] = []
        start = 0
        while start < len(parts):
            length, period = 0, 0
            if token_counts[tokens[start]] >= MIN_REPEATS:
                candidates = self._runs(tokens, start)
                # Of equally long series the one with the shortest period, which has the most repeats.
                length, period = max(candidates, default=(0, 0), key=lambda run: (run[0], -run[1]))
            # Single ops alone make a series only where there are too many to show.
            run = parts[start : start + length] if length else parts[start : start + 1]
            if length and (variable_shapes is None or any(part.node is None for part in run[:period])):
                whole = series(run, period)
                result.extend(run if whole.name in self.expand else [whole])
            else:
                result.extend(run)
            start += len(run)
        return result

    def _tokens(self, variable_shapes: Mapping[int, object] | None) -> list[int]:
        """Returns a number per part, equal for parts that can be repeats of each other."""
        # Ops and shapes are read only for parts whose stem occurs often enough: names are cheap, members are
        # not.
        numbers: dict[object, int] = {}
        expand, tokens = self.expand, []
        for index, (name, part) in enumerate(zip(self.stems, self.parts, strict=True)):
            token: object = index
            if self.stem_counts[name] >= MIN_REPEATS and not (
                expand and (part.name in expand or any(path.startswith(part.prefix) for path in expand))
            ):
                if index not in self.ops:
                    self.ops[index] = ops_of(part, self.flow)
                shapes = shapes_of(part, self.flow, variable_shapes) if variable_shapes else None
                token = (name, part.node is None, self.ops[index], shapes)
            tokens.append(numbers.setdefault(token, len(numbers)))
        return tokens

    @functools.cached_property
    def _part_of_node(self) -> dict[int, int]:
        """Node -> position of the part that it belongs to."""
        return {number: index for index, part in enumerate(self.parts) for number in part.members}

    @functools.cached_property
    def _nearby_sources(self) -> list[tuple[int, ...]]:
        """For each part, the positions of the parts shortly before it that feed it."""
        # "Shortly" is two repeats of the longest period: links that reach further cannot join adjacent
        # repeats.
        part_of_node, wires = self._part_of_node, self.flow.wires
        nearby: list[tuple[int, ...]] = []
        for index, part in enumerate(self.parts):
            first = index - 2 * LONGEST_PERIOD
            sources = {part_of_node.get(source, -1) for number in part.members for source, _ in wires[number]}
            nearby.append(tuple([source for source in sources if first < source < index and source >= 0]))
        return nearby

    @functools.cached_property
    def _next_fed(self) -> list[int]:
        """For each position, the first one from there on whose part is fed by parts shortly before it."""
        following = len(self.parts)
        next_fed = [following] * (following + 1)
        for index in range(following - 1, -1, -1):
            following = index if self._nearby_sources[index] else following
            next_fed[index] = following
        return next_fed

    def _runs(self, tokens: Sequence[int], start: int) -> Iterator[tuple[int, int]]:
        """Yields (length, period) of each series that begins at `start`; both in parts."""
        # Invariant: parts from `start` to `end` repeat with the period, and each complete repeat but the
        # first is fed by the one before it.
        if self._next_fed[start + 1] >= start + 2 * LONGEST_PERIOD:
            return  # the parts stand side by side; without this, n of them would cost n squared
        total = len(tokens)
        for period in range(1, LONGEST_PERIOD + 1):
            end = start + period
            if start + MIN_REPEATS * period > total:
                return
            if tokens[end] != tokens[start] or tokens[end + period] != tokens[start]:
                continue
            while end < total and tokens[end] == tokens[end - period]:
                repeat = start + (end - start) // period * period
                # A repeat is checked when its last part is reached: any part of it may be the one that is
                # fed.
                if (end - start) % period == period - 1 and not self._is_fed_by_previous(repeat, period):
                    break
                end += 1
            repeats = (end - start) // period
            if repeats >= MIN_REPEATS:
                yield repeats * period, period

    def _is_fed_by_previous(self, repeat: int, period: int) -> bool:
        """Returns whether the repeat that begins at `repeat` is fed by the one before it."""
        nearby, previous = self._nearby_sources, repeat - period
        for index in range(repeat, repeat + period):
            for source in nearby[index]:
                if previous <= source < repeat:
                    return True
        return False


def series(run: Sequence[NameScope], period: int, side_by_side: bool = False) -> NameScope:
    """Returns one part for a run of parts: repeats of `period` parts in a chain, or parts side by side."""
    first, last = run[0], run[-period]
    name = first.name + span_label(first.label, last.label).removeprefix(first.label)
    members = [number for part in run for number in part.members]
    return NameScope(name, "", members, first.parent, first.level, None, tuple(run), period, side_by_side)


def span_label(first: str, last: str) -> str:
    """Returns one label for the first and last name of a run: `layer_9..11`, `block..block_5`."""
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    digits = len(last) - len(last.lstrip("0123456789")) if not shared else 0
    # A number is not split: `unit_10..12`, not `unit_10..2`.
    while shared and not digits and last[shared - 1].isdecimal():
        shared -= 1
    # A rest that is not a number is written with the whole name: `block..block_5`, not `block.._5`.
    return f"{first}..{last[shared:] if last[shared:][:1].isdecimal() else last}"

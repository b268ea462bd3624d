"""Parts that stand side by side, with the same ops, sources and targets, made into one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hubexplore.summary.outline.dataflow.flow import CONSTANT, INPUT, MISSING, OP, OUTPUT, Flow
from hubexplore.summary.outline.scopes.repeats import series
from hubexplore.summary.outline.scopes.scope_tree import Scope, ops_of

LEAST: Final = 4
"""So many parts at least."""
_SEEN: Final = frozenset({OP, INPUT, OUTPUT, CONSTANT, MISSING})
"""Kinds of nodes that tell parts apart which draw from or feed them. Variables do not: each has its own."""


def gather(parts: Sequence[Scope], flow: Flow, apart: frozenset[str]) -> list[Scope]:
    """Returns the parts; those of the same ops, sources and targets as one.

    Args:
      parts: of one scope, in the order in which values flow.
      flow: they are of.
      apart: names of parts that stay as they are, and of what they would be gathered in.
    """
    single = {
        index: part
        for index, part in enumerate(parts)
        if not part.run
        and not (apart and (part.name in apart or any(each.startswith(part.prefix) for each in apart)))
    }
    groups = _several(single, {index: ops_of(part, flow) for index, part in single.items()})
    if not groups:
        return list(parts)
    around = _Around(parts, flow)
    found: list[list[int]] = []
    for group in groups:
        for fed in _several(group, {index: around.fed_by(index) for index in group}):
            found += _several(fed, {index: around.feeds(index) for index in fed})
    gathered = {group[0]: series([parts[index] for index in group], 1, alike=True) for group in found}
    gathered = {index: part for index, part in gathered.items() if part.name not in apart}
    taken = {index for group in found if group[0] in gathered for index in group[1:]}
    return [gathered.get(index, part) for index, part in enumerate(parts) if index not in taken]


def _several(indices: Iterable[int], keys: Mapping[int, object]) -> list[list[int]]:
    """Groups of at least so many with equal keys."""
    groups: dict[object, list[int]] = {}
    for index in indices:
        groups.setdefault(keys[index], []).append(index)
    return [group for group in groups.values() if len(group) >= LEAST]


class _Around:
    """What is around the parts of a scope: each other, and what stands beside the scopes that hold them."""

    def __init__(self, parts: Sequence[Scope], flow: Flow) -> None:
        self.parts, self.flow = parts, flow
        self.place = {number: index for index, part in enumerate(parts) for number in part.members}
        above = parts[0].parent
        self.prefix = above.inner or above.prefix if above else ""

    def fed_by(self, index: int) -> object:
        """What feeds a part: parts, and what stands beside them; whichever node in it."""
        kinds, place, wires = self.flow.kinds, self.place, self.flow.wires
        item = self.parts[index].item
        if item is not None and len(wires[item]) == 1 and wires[item][0][0] in place:
            return place[wires[item][0][0]]  # one op after the other, the common case of many
        numbers = {each for at in self.parts[index].members for each, _ in wires[at]}
        found = {
            place[each] if each in place else self._outside(each) for each in numbers if kinds[each] in _SEEN
        }
        return frozenset(found) - {index}

    def feeds(self, index: int) -> frozenset[int]:
        """The nodes that a part feeds: what goes different ways would not be seen in one box."""
        kinds, place, consumers = self.flow.kinds, self.place, self.flow.consumers
        numbers = {each for at in self.parts[index].members for each in consumers[at]}
        bundle = self.flow.bundle
        return frozenset(
            bundle.get(each, each) for each in numbers if kinds[each] in _SEEN and place.get(each) != index
        )

    def _outside(self, number: int) -> int | str:
        """The scope or op beside the parts, or beside what holds them, that a node is in."""
        if self.flow.kinds[number] in (INPUT, OUTPUT):
            return ~self.flow.bundle.get(number, number)
        name = self.flow.names[number]
        begin = 0
        while (
            name.startswith(scope := self.prefix[: self.prefix.find("/", begin) + 1]) and len(scope) > begin
        ):
            begin = len(scope)
        end = name.find("/", begin)
        return name if end < 0 else name[:end]

"""Parts that stand side by side, alike in what they are, draw from and feed, made into one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hubexplore.summary.outline.flow import CONSTANT, INPUT, MISSING, OP, OUTPUT, Flow
from hubexplore.summary.outline.scopes import Scope, ops_of, shapes_of
from hubexplore.summary.outline.series import series

LEAST: Final = 4
"""So many parts at least."""
_SEEN: Final = frozenset({OP, INPUT, OUTPUT, CONSTANT, MISSING})
"""Kinds of nodes that tell parts apart which draw from or feed them. Variables do not: each has its own."""


def gather(
    parts: Sequence[Scope], flow: Flow, sizes: Mapping[int, object], apart: frozenset[str]
) -> list[Scope]:
    """Returns the parts; those of the same ops and shapes of variables, sources and targets as one.

    Args:
      parts: of one scope, in the order in which values flow.
      flow: they are of.
      sizes: variable -> its shape.
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
    place = {number: index for index, part in enumerate(parts) for number in part.members}
    found: list[list[int]] = []
    for group in groups:
        facts = {
            index: (_fed_by(single[index], flow, place), shapes_of(single[index], flow, sizes))
            for index in group
        }
        for same in _several(group, facts):
            found += _several(same, {index: _feeds(single[index], flow, place) for index in same})
    gathered = {group[0]: series([parts[index] for index in group], 1, alike=True) for group in found}
    taken = {index for group in found if gathered[group[0]].name not in apart for index in group[1:]}
    return [
        gathered[index] if index in gathered and gathered[index].name not in apart else part
        for index, part in enumerate(parts)
        if index not in taken
    ]


def _several(indices: Iterable[int], keys: Mapping[int, object]) -> list[list[int]]:
    """Groups of at least so many with equal keys."""
    groups: dict[object, list[int]] = {}
    for index in indices:
        groups.setdefault(keys[index], []).append(index)
    return [group for group in groups.values() if len(group) >= LEAST]


def _fed_by(part: Scope, flow: Flow, place: Mapping[int, int]) -> frozenset[int]:
    """What feeds a part: parts by position, other nodes by a number below zero."""
    own, kinds = place[part.members[0]], flow.kinds
    sources = {source for number in part.members for source, _ in flow.wires[number]}
    return frozenset(place.get(each, ~each) for each in sources if kinds[each] in _SEEN) - {own}


def _feeds(part: Scope, flow: Flow, place: Mapping[int, int]) -> frozenset[int]:
    """What a part feeds, likewise."""
    own, kinds = place[part.members[0]], flow.kinds
    targets = {target for number in part.members for target in flow.consumers[number]}
    return frozenset(place.get(each, ~each) for each in targets if kinds[each] in _SEEN) - {own}

"""Name scopes as a tree that is made only where someone looks: splitting a scope costs its own nodes.

No recursion: a scope may be a thousand levels deep. A scope with nothing beside it is passed in one step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.outline.dataflow.flow import Flow

WIDE: Final = 16
"""A scope of more parts than this is grouped further, by the beginning of names such as `block_1_expand`."""
_BEGINNING: Final = re.compile(r"(.*?\d)[_.-]")
_NUMBER: Final = re.compile(r"[_.-]?\d+([a-z](?![A-Za-z0-9]))?")


@dataclass(eq=False, slots=True)
class Scope:
    """A part of the flow: a name scope, one node, or several of these.

    Attributes:
      name: the scope's path, or the node's.
      prefix: what all names in it begin with; "" at the root.
      members: its nodes that do not step aside, in the order in which values flow.
      parent: None at the root.
      level: how many scopes it lies in.
      item: the node, if it is one node and not a scope.
      inner: what all names of its parts begin with, known once it is split.
      run: the repeats, if it is a series; `period` of them make one repeat.
      alike: whether the repeats stand side by side.
    """

    name: str
    prefix: str
    members: list[int]
    parent: Scope | None = None
    level: int = 0
    item: int | None = None
    run: tuple[Scope, ...] = ()
    period: int = 1
    alike: bool = False
    inner: str = ""
    _parts: list[Scope] | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Its name, without what it shares with the scope it lies in."""
        above = self.parent.inner or self.parent.prefix if self.parent else ""
        return self.name.removeprefix(above) or self.name.rpartition("/")[2] or self.name

    @property
    def repeats(self) -> int:
        """How often it is there."""
        return len(self.run) // self.period or 1

    @property
    def can_unfold(self) -> bool:
        """Whether there is anything to unfold."""
        return self.item is None and not self.run and bool(self.members)

    def parts(self, flow: Flow) -> list[Scope]:
        """What the scope consists of, in the order in which values flow."""
        if self._parts is None:
            self._parts = self._split(flow) if self.can_unfold else []
        return self._parts

    def _split(self, flow: Flow) -> list[Scope]:
        names = flow.names
        prefix = self.inner = self._common(names)
        offset = len(prefix)
        buckets: dict[str, list[int]] = {}
        single: list[int] = []
        for number in self.members:
            name = names[number]
            if len(name) <= offset:
                single.append(number)  # the node that the scope is named after
                continue
            end = name.find("/", offset)
            buckets.setdefault(name[offset:end] if end >= 0 else name[offset:], []).append(number)
        found = [self._node(number, names) for number in single]
        groups = _grouped(buckets) if len(buckets) > WIDE else {key: [key] for key in buckets}
        for beginning, keys in groups.items():
            members = buckets[keys[0]]
            if len(keys) > 1:
                members = [number for key in keys for number in buckets[key]]
            if len(members) == 1:
                found.append(self._node(members[0], names))
            elif keys == [beginning]:
                path = prefix + beginning
                found.append(Scope(path, path + "/", members, self, self.level + 1))
            else:
                separator = keys[0][len(beginning)]
                path = prefix + beginning
                members.sort(key=flow.rank.__getitem__)
                found.append(Scope(path, path + separator, members, self, self.level + 1))
        rank = flow.rank
        # By the middle: a scope may hold a thing or two that come early or late.
        return sorted(found, key=lambda part: rank[part.members[len(part.members) // 2]])

    def _node(self, number: int, names: Sequence[str]) -> Scope:
        return Scope(names[number], names[number] + "/", [number], self, self.level + 1, number)

    def _common(self, names: Sequence[str]) -> str:
        """The longest scope that all members share: a scope in which there is only another one is no step."""
        low, high = min(map(names.__getitem__, self.members)), max(map(names.__getitem__, self.members))
        # `prefix/` itself names a node, which is outside of what it names.
        length = len(self.prefix)
        shared = 0
        for shared, (one, other) in enumerate(zip(low, high, strict=False)):  # noqa: B007
            if one != other:
                break
        else:
            shared = min(len(low), len(high))
        end = low.rfind("/", length, shared) + 1
        # The node that a scope is named after has a name shorter than the prefix.
        return low[:end] if end > length else self.prefix


def _grouped(buckets: dict[str, list[int]]) -> dict[str, list[str]]:
    """Groups parts by the beginning of their names up to the first number: `block_1` of `block_1_expand`."""
    groups: dict[str, list[str]] = {}
    for key in buckets:
        match = _BEGINNING.match(key)
        groups.setdefault(match[0] if match else key, []).append(key)
    found: dict[str, list[str]] = {}
    for beginning, keys in groups.items():
        if len(keys) > 1 and beginning not in buckets and beginning[:-1] not in buckets and len(groups) > 1:
            found[beginning[:-1]] = keys
        else:
            found.update((key, [key]) for key in keys)
    return found


def stem(label: str) -> str:
    """A name without its numbers: equal for `block`, `block_1`, `block_12` and `block_3b`."""
    return _NUMBER.sub("", label)


def ops_of(scope: Scope, flow: Flow) -> object:
    """What repeats have in common: their ops."""
    if scope.item is not None:
        return flow.ops[scope.item]
    return frozenset(Counter(map(flow.ops.__getitem__, scope.members)).items())


def shapes_of(scope: Scope, flow: Flow, sizes: Mapping[int, object]) -> object:
    """What repeats of equal size have in common: the shapes (in `sizes`) of the variables they read."""
    wires = flow.wires
    found = [sizes[source] for number in scope.members for source, _ in wires[number] if source in sizes]
    return frozenset(Counter(found).items()) if found else None

"""Name scopes as a lazy tree: a scope is split into parts on first use, at the cost of its own nodes.

Nothing here recurses, as scopes may be nested a thousand levels deep. A scope whose only part is another
scope is skipped: it would be a level without a choice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.outline.dataflow.flow import DataFlow

MAX_PARTS: Final = 16
"""Maximum number of parts of a scope; more are grouped by a numbered beginning, as of `block_1_expand`."""
_BEGINNING: Final = re.compile(r"(.*?\d)[_.-]")
_NUMBER: Final = re.compile(r"[_.-]?\d+([a-z](?![A-Za-z0-9]))?")


@dataclass(eq=False, slots=True)
class NameScope:
    """A part of the flow: a name scope, a single node, or several of these as one.

    Attributes:
      name: path of the scope or node.
      prefix: what the paths in it begin with; "" at the root.
      members: numbers of its visible nodes, in the order in which values flow; never empty below the root.
      parent: the scope around it; None at the root.
      level: number of scopes around it.
      node: number of the node, if it is a single node.
      run: the merged parts, if it stands for several.
      period: how many parts of `run` make one repeat.
      side_by_side: whether the parts of `run` stand side by side, not one after the other.
      inner_prefix: what the paths of all its parts begin with; set when it is split.
    """

    name: str
    prefix: str
    members: list[int]
    parent: NameScope | None = None
    level: int = 0
    node: int | None = None
    run: tuple[NameScope, ...] = ()
    period: int = 1
    side_by_side: bool = False
    inner_prefix: str = ""
    _parts: list[NameScope] | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """The name without the part that it shares with the scope around it."""
        parent_prefix = self.parent.inner_prefix or self.parent.prefix if self.parent else ""
        return self.name.removeprefix(parent_prefix) or self.name.rpartition("/")[2] or self.name

    @property
    def repeats(self) -> int:
        """Number of repeats in a series; 1 for others."""
        return len(self.run) // self.period or 1

    @property
    def can_unfold(self) -> bool:
        """Whether the scope has parts that can be shown in its place."""
        return self.node is None and not self.run and bool(self.members)

    def parts(self, flow: DataFlow) -> list[NameScope]:
        """Returns the parts of the scope, in the order in which values flow."""
        if self._parts is None:
            self._parts = self._split(flow) if self.can_unfold else []
        return self._parts

    def _split(self, flow: DataFlow) -> list[NameScope]:
        """Returns the parts of the scope, in time linear in its members (and n log n in its parts)."""
        # Invariant: each member is in exactly one part.
        names = flow.names
        prefix = self.inner_prefix = self._common_prefix(names)
        offset = len(prefix)
        buckets: dict[str, list[int]] = {}
        singles: list[int] = []
        for number in self.members:
            name = names[number]
            if len(name) <= offset:
                singles.append(number)  # the node that the scope is named after: `a/b` beside `a/b/c`
                continue
            end = name.find("/", offset)
            buckets.setdefault(name[offset:end] if end >= 0 else name[offset:], []).append(number)
        parts = [self._single_node(number, names) for number in singles]
        groups = (
            _by_numbered_beginning(buckets) if len(buckets) > MAX_PARTS else {key: [key] for key in buckets}
        )
        for beginning, keys in groups.items():
            members = buckets[keys[0]]
            if len(keys) > 1:
                members = [number for key in keys for number in buckets[key]]
            if len(members) == 1:
                parts.append(self._single_node(members[0], names))
            elif keys == [beginning]:
                path = prefix + beginning
                parts.append(NameScope(path, path + "/", members, self, self.level + 1))
            else:
                separator = keys[0][len(beginning)]
                path = prefix + beginning
                members.sort(key=flow.rank.__getitem__)
                parts.append(NameScope(path, path + separator, members, self, self.level + 1))
        rank = flow.rank
        # Sorted by the median member: a scope may hold one or two nodes that come much earlier or later.
        return sorted(parts, key=lambda part: rank[part.members[len(part.members) // 2]])

    def _single_node(self, number: int, names: Sequence[str]) -> NameScope:
        return NameScope(names[number], names[number] + "/", [number], self, self.level + 1, number)

    def _common_prefix(self, names: Sequence[str]) -> str:
        """Returns the longest scope prefix that all members share, at least the prefix of this scope."""
        # The smallest and the largest name have in common what all names between them have, so two
        # comparisons suffice where a prefix of n names would need n.
        low, high = min(map(names.__getitem__, self.members)), max(map(names.__getitem__, self.members))
        # The slash that ends `prefix` does not count: only a later one makes a longer scope.
        length = len(self.prefix)
        shared = 0
        for shared, (character, other_character) in enumerate(zip(low, high, strict=False)):  # noqa: B007
            if character != other_character:
                break
        else:
            shared = min(len(low), len(high))
        end = low.rfind("/", length, shared) + 1
        # `end` is 0 if the node that the scope is named after, whose name is shorter than the prefix, is a
        # member.
        return low[:end] if end > length else self.prefix


def _by_numbered_beginning(buckets: dict[str, list[int]]) -> dict[str, list[str]]:
    """Groups keys by their beginning up to the first number: `block_1` for `block_1_expand`."""
    # Keys stay alone if their beginning is the name of another part, as `block_1/` and `block_1_expand/` side
    # by side would otherwise be one, or if all keys share one beginning.
    groups: dict[str, list[str]] = {}
    for key in buckets:
        match = _BEGINNING.match(key)
        groups.setdefault(match[0] if match else key, []).append(key)
    merged: dict[str, list[str]] = {}
    for beginning, keys in groups.items():
        if len(keys) > 1 and beginning not in buckets and beginning[:-1] not in buckets and len(groups) > 1:
            merged[beginning[:-1]] = keys
        else:
            merged.update((key, [key]) for key in keys)
    return merged


def stem(label: str) -> str:
    """Returns a name without its numbers: equal for `block`, `block_1`, `block_12` and `block_3b`."""
    return _NUMBER.sub("", label)


def ops_of(scope: NameScope, flow: DataFlow) -> object:
    """Returns a hashable value that is equal for parts with the same ops, counted by type."""
    if scope.node is not None:
        return flow.ops[scope.node]
    return frozenset(Counter(map(flow.ops.__getitem__, scope.members)).items())


def shapes_of(scope: NameScope, flow: DataFlow, variable_shapes: Mapping[int, object]) -> object:
    """Returns a hashable value that is equal for parts that read variables of the same shapes, else None.

    Args:
      scope: the part.
      flow: the flow that it is a part of.
      variable_shapes: number of a variable's node -> its shape.
    """
    wires = flow.wires
    shapes = [
        variable_shapes[source]
        for number in scope.members
        for source, _ in wires[number]
        if source in variable_shapes
    ]
    return frozenset(Counter(shapes).items()) if shapes else None

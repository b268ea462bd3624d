"""Merges parts that stand side by side, with the same ops, sources and targets, into one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hubexplore.summary.outline.dataflow.flow import CONSTANT, INPUT, MISSING, OP, OUTPUT, DataFlow
from hubexplore.summary.outline.scopes.repeats import series
from hubexplore.summary.outline.scopes.scope_tree import NameScope, ops_of

MIN_SIBLINGS: Final = 4
"""Minimum number of parts that are merged."""
_DISTINGUISHING: Final = frozenset({OP, INPUT, OUTPUT, CONSTANT, MISSING})
"""Kinds of nodes that count as sources and targets. Variables do not count, since each part reads its own."""


def gather_siblings(parts: Sequence[NameScope], flow: DataFlow, expand: frozenset[str]) -> list[NameScope]:
    """Returns the parts; those with the same ops, sources and targets are merged, in the place of the first.

    The parts are divided by ops, then by sources, then by targets. A division is only refined if it is large
    enough to matter, so parts that are alone in their ops cost one pass over their members and no more.

    Args:
      parts: the parts of one scope, in the order in which values flow.
      flow: the flow that they are parts of.
      expand: names of parts that are not merged, and of merged parts that are not made.
    """
    singles = {
        index: part
        for index, part in enumerate(parts)
        if not part.run
        and not (expand and (part.name in expand or any(name.startswith(part.prefix) for name in expand)))
    }
    groups = _large_groups(singles, {index: ops_of(part, flow) for index, part in singles.items()})
    if not groups:
        return list(parts)
    neighbourhood = _Neighbourhood(parts, flow)
    siblings: list[list[int]] = []
    for group in groups:
        for same_sources in _large_groups(group, {index: neighbourhood.sources_of(index) for index in group}):
            siblings += _large_groups(
                same_sources, {index: neighbourhood.targets_of(index) for index in same_sources}
            )
    gathered = {
        group[0]: series([parts[index] for index in group], 1, side_by_side=True) for group in siblings
    }
    gathered = {index: part for index, part in gathered.items() if part.name not in expand}
    merged = {index for group in siblings if group[0] in gathered for index in group[1:]}
    return [gathered.get(index, part) for index, part in enumerate(parts) if index not in merged]


def _large_groups(indices: Iterable[int], keys: Mapping[int, object]) -> list[list[int]]:
    """Returns the groups of at least MIN_SIBLINGS indices with equal keys."""
    groups: dict[object, list[int]] = {}
    for index in indices:
        groups.setdefault(keys[index], []).append(index)
    return [group for group in groups.values() if len(group) >= MIN_SIBLINGS]


class _Neighbourhood:
    """What surrounds the parts of a scope: the other parts, and what stands beside the scopes around them."""

    def __init__(self, parts: Sequence[NameScope], flow: DataFlow) -> None:
        self.parts, self.flow = parts, flow
        self.part_of_node = {number: index for index, part in enumerate(parts) for number in part.members}
        parent = parts[0].parent
        self.prefix = parent.inner_prefix or parent.prefix if parent else ""

    def sources_of(self, index: int) -> object:
        """Returns a hashable value that is equal for parts with the same sources in and outside the scope."""
        kinds, part_of_node, wires = self.flow.kinds, self.part_of_node, self.flow.wires
        node = self.parts[index].node
        if node is not None and len(wires[node]) == 1 and wires[node][0][0] in part_of_node:
            return part_of_node[wires[node][0][0]]  # most parts of a long chain: no set is built
        numbers = {source for member in self.parts[index].members for source, _ in wires[member]}
        sources = {
            part_of_node[source] if source in part_of_node else self._outside_path(source)
            for source in numbers
            if kinds[source] in _DISTINGUISHING
        }
        return frozenset(sources) - {index}

    def targets_of(self, index: int) -> frozenset[int]:
        """Returns the nodes that a part feeds.

        These are nodes, not parts as for sources: if merged parts fed different nodes, the picture would hide
        that their results go different ways.
        """
        kinds, part_of_node, consumers = self.flow.kinds, self.part_of_node, self.flow.consumers
        numbers = {target for member in self.parts[index].members for target in consumers[member]}
        bundle = self.flow.bundle_heads
        return frozenset(
            bundle.get(target, target)
            for target in numbers
            if kinds[target] in _DISTINGUISHING and part_of_node.get(target) != index
        )

    def _outside_path(self, number: int) -> int | str:
        """Returns the outermost scope that holds a node and none of the parts, or the node's own path."""
        # Inputs and outputs have no scope; they are told from parts, whose positions are not negative, by the
        # complement of their number.
        if self.flow.kinds[number] in (INPUT, OUTPUT):
            return ~self.flow.bundle_heads.get(number, number)
        name = self.flow.names[number]
        begin = 0
        while (
            name.startswith(scope := self.prefix[: self.prefix.find("/", begin) + 1]) and len(scope) > begin
        ):
            begin = len(scope)
        end = name.find("/", begin)
        return name if end < 0 else name[:end]

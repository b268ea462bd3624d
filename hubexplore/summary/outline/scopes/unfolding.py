"""Which scopes are unfolded: as deep as fits, layer by layer, and what the reader asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.outline.dataflow.flow import CONSTANT, MISSING, OP, Flow
from hubexplore.summary.outline.dataflow.node_kinds import PLUMBING
from hubexplore.summary.outline.scopes.repeats import collapse
from hubexplore.summary.outline.scopes.scope_tree import Scope, stem
from hubexplore.summary.outline.scopes.siblings import gather

READABLE: Final = 36
"""So many boxes are taken in at a glance: scopes are unfolded by themselves up to here."""
LAYER: Final = 12
"""A scope of at most so many ops is a layer, which is one box unless someone asks."""
SPARSE: Final = 6
"""A picture of fewer boxes than this has room for what is inside of layers."""
MAX_LEVELS: Final = 16
"""So deep scopes are unfolded by themselves; those that are asked for lie as deep as they do."""


class Tree:
    """The scopes of a flow, split where someone looks, their numbered repeats collapsed.

    Attributes:
      flow: the slice.
      root: all of its nodes that do not step aside.
    """

    def __init__(self, flow: Flow, sizes: Mapping[int, object]) -> None:
        """Takes the shapes of variables (`sizes`) for the comparison of repeats."""
        self.flow, self._sizes = flow, sizes
        kinds, shown = flow.kinds, (OP, MISSING, CONSTANT)
        members = [number for number in flow.order if kinds[number] in shown]
        self.root = Scope("", "", members)
        self._parts: dict[Scope, list[Scope]] = {}

    def parts(self, scope: Scope) -> list[Scope]:
        """The parts of a scope, in the order in which values flow."""
        if scope not in self._parts:
            found = collapse(scope.parts(self.flow), self.flow, self._sizes, self.flow.expand)
            self._parts[scope] = gather(found, self.flow, self.flow.expand)
        return self._parts[scope]


@dataclass
class Folding:
    """Which scopes of a tree are unfolded.

    Attributes:
      tree: of the scopes.
      bound: never more boxes than this, variables, inputs and outputs included.
      fixed: boxes that are there in any case.
    """

    tree: Tree
    bound: int
    fixed: int
    unfolded: set[Scope] = field(default_factory=set)
    more: dict[Scope, Scope] = field(default_factory=dict)

    def parts(self, scope: Scope) -> list[Scope]:
        """The parts of a scope, series collapsed."""
        return self.tree.parts(scope)

    def frontier(self) -> list[Scope]:
        """The scopes and nodes that are boxes, in the order in which values flow."""
        found: list[Scope] = []
        stack = [self.tree.root]
        while stack:
            scope = stack.pop()
            if scope in self.unfolded:
                stack.extend(reversed(self._shown_parts(scope)))
            else:
                found.append(scope)
        return found

    def _shown_parts(self, scope: Scope) -> list[Scope]:
        parts = self.parts(scope)
        if scope not in self.more:
            return parts
        folded = set(self.more[scope].run)
        first = next(index for index, part in enumerate(parts) if part in folded)
        kept = [part for part in parts if part not in folded]
        return [*kept[:first], self.more[scope], *kept[first:]]

    def run(self, depth: int | None) -> None:
        """Unfolds: what was asked for, then `depth` levels or, for None, as deep as reads well."""
        self.unfolded.add(self.tree.root)
        self._unfold_asked()
        if depth is not None:
            self._unfold_levels(depth)
        else:
            self._unfold_readable()
        self._fold_surplus()

    def _unfold_asked(self) -> None:
        """Unfolds every scope that is asked for, and what it lies in."""
        stack = [self.tree.root] if self.tree.flow.expand else []
        while stack:
            scope = stack.pop()
            if not scope.can_unfold:
                continue
            inside = any(name.startswith(scope.prefix) for name in self.tree.flow.expand)
            if scope.name in self.tree.flow.expand or inside or scope is self.tree.root:
                self.unfolded.add(scope)
                stack.extend(self.parts(scope))

    def _unfold_levels(self, depth: int) -> None:
        level = [part for part in self.parts(self.tree.root) if part.can_unfold]
        for _ in range(depth - 1):
            if not level or len(self.frontier()) + self.fixed > self.bound:
                break
            self.unfolded.update(level)
            level = [part for scope in level for part in self.parts(scope) if part.can_unfold]

    def _unfold_readable(self) -> None:
        """Unfolds level by level; scopes that are repeats of each other together or not at all."""
        settled: set[Scope] = set()
        for _ in range(MAX_LEVELS):
            frontier = self.frontier()
            open_ = [each for each in frontier if each.can_unfold and each not in settled]
            if not open_:
                break
            count = self.fixed + len(frontier)
            if count > READABLE:
                break  # looking into scopes costs time
            shallowest = min(each.level for each in open_)
            for family in _families(each for each in open_ if each.level == shallowest):
                settled.update(family)
                if count >= SPARSE and all(len(each.members) <= LAYER for each in family):
                    continue
                if any(self._is_loop(each) for each in family):
                    continue
                grown = count + sum(len(self.parts(each)) - 1 for each in family)
                if grown <= READABLE:
                    self.unfolded.update(family)
                    count = grown

    def _is_loop(self, scope: Scope) -> bool:
        plumbing = sum(PLUMBING.match(self.tree.flow.ops[number]) is not None for number in scope.members)
        return 3 * plumbing > len(scope.members)

    def _fold_surplus(self) -> None:
        """Makes one part of the middle of the largest scopes, until all fits."""
        while True:
            frontier = self.frontier()
            surplus = len(frontier) + self.fixed - self.bound
            if surplus <= 0:
                return
            widest = max(
                (scope for scope in self.unfolded if scope not in self.more),
                key=lambda scope: sum(part not in self.unfolded for part in self.parts(scope)),
                default=None,
            )
            if widest is None:
                return
            self._fold_middle(widest, surplus)

    def _fold_middle(self, scope: Scope, surplus: int) -> None:
        parts = self.parts(scope)
        closed = [part for part in parts if part not in self.unfolded]
        count = min(surplus + 1, len(closed))
        first = (len(closed) - count) // 2
        folded = closed[first : first + count]
        if len(closed) == len(parts) == count:
            self.unfolded.discard(scope)
            self.more.pop(scope, None)
            if scope is not self.tree.root:
                return
            self.unfolded.add(scope)
        members = [number for part in folded for number in part.members]
        name = f"{scope.prefix}... and {len(folded):,} more"
        self.more[scope] = Scope(name, "", members, scope, scope.level + 1, None, tuple(folded))


def _families(scopes: Iterable[Scope]) -> Sequence[list[Scope]]:
    """Siblings whose names differ only in numbers, the largest family first."""
    families: dict[tuple[Scope | None, str], list[Scope]] = {}
    for scope in scopes:
        families.setdefault((scope.parent, stem(scope.label)), []).append(scope)
    return sorted(families.values(), key=lambda family: -sum(len(each.members) for each in family))

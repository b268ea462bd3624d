"""Chooses the scopes that are unfolded: requested ones first, then level by level as many as fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.outline.dataflow.flow import CONSTANT, MISSING, OP, DataFlow
from hubexplore.summary.outline.dataflow.node_kinds import LOOP_PLUMBING
from hubexplore.summary.outline.scopes.repeats import collapse_repeats
from hubexplore.summary.outline.scopes.scope_tree import NameScope, stem
from hubexplore.summary.outline.scopes.siblings import gather_siblings

READABLE_BOXES: Final = 36
"""Number of boxes that can be taken in at a glance; unrequested scopes are unfolded up to this number."""
LAYER_OPS: Final = 12
"""Maximum number of ops in a layer; a scope of this size stays one box unless it is requested."""
SPARSE_BOXES: Final = 6
"""Number of boxes below which a diagram has room for the inside of layers."""
MAX_LEVELS: Final = 16
"""Maximum number of levels that are unfolded without being requested."""


class ScopeTree:
    """The scopes of a flow, split on demand, with numbered repeats and siblings merged.

    Attributes:
      flow: the slice.
      root: the scope of all its visible nodes.
    """

    def __init__(self, flow: DataFlow, variable_shapes: Mapping[int, object]) -> None:
        """Takes the shape of each variable by the number of its node, for the comparison of repeats."""
        self.flow, self._variable_shapes = flow, variable_shapes
        kinds, shown = flow.kinds, (OP, MISSING, CONSTANT)
        members = [number for number in flow.order if kinds[number] in shown]
        self.root = NameScope("", "", members)
        self._parts: dict[NameScope, list[NameScope]] = {}

    def parts(self, scope: NameScope) -> list[NameScope]:
        """Returns the parts of a scope, in the order in which values flow."""
        # Remembered: splitting costs the members of the scope, and the choice below asks again and again.
        if scope not in self._parts:
            collapsed = collapse_repeats(
                scope.parts(self.flow), self.flow, self._variable_shapes, self.flow.expand
            )
            self._parts[scope] = gather_siblings(collapsed, self.flow, self.flow.expand)
        return self._parts[scope]


@dataclass
class Unfolding:
    """Which scopes of a tree are unfolded.

    Attributes:
      tree: the scopes.
      max_boxes: maximum number of boxes, variables, inputs and outputs included.
      fixed_boxes: number of boxes that are not scopes.
      unfolded: the scopes whose parts are shown in their place.
      overflow: unfolded scope -> the part that stands for those of its parts that do not fit.
    """

    # Invariant: if a scope is unfolded, so are all scopes around it; the boxes are therefore a cut through
    # the tree, and each visible node is in exactly one of them.

    tree: ScopeTree
    max_boxes: int
    fixed_boxes: int
    unfolded: set[NameScope] = field(default_factory=set)
    overflow: dict[NameScope, NameScope] = field(default_factory=dict)

    def parts(self, scope: NameScope) -> list[NameScope]:
        """Returns the parts of a scope, repeats and siblings merged."""
        return self.tree.parts(scope)

    def frontier(self) -> list[NameScope]:
        """Returns the scopes and nodes that are boxes, in the order in which values flow."""
        frontier: list[NameScope] = []
        stack = [self.tree.root]
        while stack:
            scope = stack.pop()
            if scope in self.unfolded:
                stack.extend(reversed(self._shown_parts(scope)))
            else:
                frontier.append(scope)
        return frontier

    def _shown_parts(self, scope: NameScope) -> list[NameScope]:
        parts = self.parts(scope)
        if scope not in self.overflow:
            return parts
        merged = set(self.overflow[scope].run)
        first = next(index for index, part in enumerate(parts) if part in merged)
        others = [part for part in parts if part not in merged]
        return [*others[:first], self.overflow[scope], *others[first:]]

    def unfold(self, depth: int | None) -> None:
        """Unfolds what was requested, then `depth` levels or, for None, as many as read well."""
        self.unfolded.add(self.tree.root)
        self._unfold_requested()
        if depth is not None:
            self._unfold_levels(depth)
        else:
            self._unfold_readable()
        self._merge_surplus()

    def _unfold_requested(self) -> None:
        """Unfolds each requested scope and the scopes around it."""
        stack = [self.tree.root] if self.tree.flow.expand else []
        while stack:
            scope = stack.pop()
            if not scope.can_unfold:
                continue
            holds_requested = any(name.startswith(scope.prefix) for name in self.tree.flow.expand)
            if scope.name in self.tree.flow.expand or holds_requested or scope is self.tree.root:
                self.unfolded.add(scope)
                stack.extend(self.parts(scope))

    def _unfold_levels(self, depth: int) -> None:
        level = [part for part in self.parts(self.tree.root) if part.can_unfold]
        for _ in range(depth - 1):
            if not level or len(self.frontier()) + self.fixed_boxes > self.max_boxes:
                break
            self.unfolded.update(level)
            level = [part for scope in level for part in self.parts(scope) if part.can_unfold]

    def _unfold_readable(self) -> None:
        """Unfolds level by level; scopes that are repeats of each other together or not at all."""
        # Invariant: `count` is the number of boxes. Each round settles the shallowest folded level, family by
        # family, the largest first; a family that does not fit stays folded for good, so the loop ends. Only
        # scopes that might be unfolded are split, as splitting is what costs.
        settled: set[NameScope] = set()
        for _ in range(MAX_LEVELS):
            frontier = self.frontier()
            candidates = [scope for scope in frontier if scope.can_unfold and scope not in settled]
            if not candidates:
                break
            count = self.fixed_boxes + len(frontier)
            if count > READABLE_BOXES:
                break  # nothing more can fit, and splitting scopes to find that out costs time
            shallowest = min(scope.level for scope in candidates)
            for family in _families(scope for scope in candidates if scope.level == shallowest):
                settled.update(family)
                if count >= SPARSE_BOXES and all(len(scope.members) <= LAYER_OPS for scope in family):
                    continue
                # The inside of a TF1 loop is Enter, Switch, Merge and Exit, which explains nothing.
                if any(self._is_loop(scope) for scope in family):
                    continue
                grown_count = count + sum(len(self.parts(scope)) - 1 for scope in family)
                if grown_count <= READABLE_BOXES:
                    self.unfolded.update(family)
                    count = grown_count

    def _is_loop(self, scope: NameScope) -> bool:
        plumbing = sum(
            LOOP_PLUMBING.match(self.tree.flow.ops[number]) is not None for number in scope.members
        )
        return 3 * plumbing > len(scope.members)

    def _merge_surplus(self) -> None:
        """Merges the middle parts of the widest scopes into one part each, until the boxes fit."""
        # Each round gives one scope an overflow part or folds it, so there are at most as many rounds as
        # unfolded scopes. The middle is merged because beginning and end tell most about a network.
        while True:
            frontier = self.frontier()
            surplus = len(frontier) + self.fixed_boxes - self.max_boxes
            if surplus <= 0:
                return
            widest = max(
                (scope for scope in self.unfolded if scope not in self.overflow),
                key=lambda scope: sum(part not in self.unfolded for part in self.parts(scope)),
                default=None,
            )
            if widest is None:
                return
            self._merge_middle(widest, surplus)

    def _merge_middle(self, scope: NameScope, surplus: int) -> None:
        parts = self.parts(scope)
        boxes = [part for part in parts if part not in self.unfolded]
        count = min(surplus + 1, len(boxes))
        first = (len(boxes) - count) // 2
        merged = boxes[first : first + count]
        # A scope of which nothing would be left is folded instead, except the root, which is no box.
        if len(boxes) == len(parts) == count:
            self.unfolded.discard(scope)
            self.overflow.pop(scope, None)
            if scope is not self.tree.root:
                return
            self.unfolded.add(scope)
        members = [number for part in merged for number in part.members]
        name = f"{scope.prefix}... and {len(merged):,} more"
        self.overflow[scope] = NameScope(name, "", members, scope, scope.level + 1, None, tuple(merged))


def _families(scopes: Iterable[NameScope]) -> Sequence[list[NameScope]]:
    """Returns groups of siblings whose names differ only in numbers, the group with the most nodes first."""
    families: dict[tuple[NameScope | None, str], list[NameScope]] = {}
    for scope in scopes:
        families.setdefault((scope.parent, stem(scope.label)), []).append(scope)
    return sorted(families.values(), key=lambda family: -sum(len(scope.members) for scope in family))

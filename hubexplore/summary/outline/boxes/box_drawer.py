"""Draws a flow: chooses how many boxes there are, and makes boxes, groups and edges of scopes and sources."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.summary.model import VariantSummary
from hubexplore.summary.outline import data
from hubexplore.summary.outline.boxes.canvas import Canvas
from hubexplore.summary.outline.boxes.endpoints import Bundle, bundles
from hubexplore.summary.outline.boxes.source_nodes import SourceNodes, surplus_box
from hubexplore.summary.outline.boxes.variable_boxes import put_variables
from hubexplore.summary.outline.data import Box, Edge, Group
from hubexplore.summary.outline.dataflow.flow import INPUT, MISSING, OUTPUT, DataFlow
from hubexplore.summary.outline.dataflow.node_kinds import LOOP_PLUMBING, MINOR_OPS, control_flow_of
from hubexplore.summary.outline.scopes.scope_tree import NameScope
from hubexplore.summary.outline.scopes.unfolding import READABLE_BOXES, ScopeTree, Unfolding

MAX_EDGES_PER_BOX: Final = 3
"""Maximum number of edges per box; a diagram with more is a tangle, and is drawn in fewer boxes."""
MIN_EDGES_ALLOWED: Final = 60
"""Number of edges that is always accepted, however few boxes there are."""
MAX_LISTED: Final = 5
"""Maximum number of names that a note lists."""


@dataclass(frozen=True)
class BoxDiagram:
    """The boxes, groups and edges of one way to draw a flow; edges refer to positions of boxes."""

    boxes: tuple[Box, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    warnings: tuple[str, ...]


class BoxDrawer:
    """Draws a flow with what the summary knows about it, in as many boxes as asked for or as read well."""

    def __init__(self, flow: DataFlow, variant: VariantSummary, depth: int | None) -> None:
        self.flow, self.depth = flow, depth
        self.has_several_signatures = (
            len({signature for names in flow.signature_names.values() for signature, _ in names}) > 1
        )
        self.nodes = sum(message is not None for message in flow.messages)
        self.sources = SourceNodes(flow, variant)
        self.inputs, self.outputs = bundles(flow, INPUT), bundles(flow, OUTPUT)
        shapes = {
            number: self.sources.weights[first].shape for number, first in self.sources.first_nodes.items()
        }
        self.tree = ScopeTree(flow, shapes)

    def draw(self, max_boxes: int, max_edges: int) -> BoxDiagram:
        """Returns a diagram of at most `max_boxes` boxes, or of fewer if these had too many edges."""
        # Fewer boxes have fewer edges between them. Four drafts at most; the tree of scopes serves all.
        for limit in (max_boxes, max_boxes // 2, max_boxes // 5, max_boxes // 15):
            builder = _DiagramBuilder(self, max(limit, 10))
            if len(builder.pairs) <= min(
                max(MAX_EDGES_PER_BOX * len(builder.canvas.boxes), MIN_EDGES_ALLOWED), max_edges
            ):
                break
        return builder.finish(max_edges)


class _DiagramBuilder:
    """One diagram while it is put together."""

    # Boxes are put in the order in which values flow: inputs, scopes, sources, outputs; `finish` moves the
    # sources to where they are read. How many scopes fit is known only when inputs, outputs and sources are
    # counted.

    def __init__(self, drawer: BoxDrawer, max_boxes: int) -> None:
        self.drawer, self.flow, self.tree = drawer, drawer.flow, drawer.tree
        self.canvas = Canvas(drawer.flow, drawer.sources)
        self.group_of: dict[NameScope, int | None] = {}
        self.warnings: list[str] = []
        limit = max(max_boxes // 6, 2)
        endpoint_limit = max(max_boxes // 3, 2) if self.flow.expand else limit
        inputs = self._endpoint_boxes(drawer.inputs, INPUT, endpoint_limit)
        outputs = self._endpoint_boxes(drawer.outputs, OUTPUT, endpoint_limit)
        source_boxes, tables_by_asset = drawer.sources.tables_and_assets(limit)
        fixed = len(inputs) + len(outputs) + len(source_boxes)
        self.unfolding = Unfolding(self.tree, max_boxes - bool(drawer.sources.weights), fixed)
        self.unfolding.unfold(drawer.depth)
        self.frontier = self.unfolding.frontier()
        for box, numbers in inputs:
            self.canvas.put(box, numbers)
        self._put_scopes()
        fixed_count = len(self.canvas.boxes) + len(source_boxes) + len(outputs)
        is_free = drawer.depth is None and not self.flow.expand
        put_variables(
            self.canvas, (READABLE_BOXES if is_free else max_boxes) - fixed_count, max_boxes - fixed_count
        )
        self._put_sources(source_boxes, tables_by_asset)
        for box, numbers in outputs:
            self.canvas.put(box, numbers)
        self.pairs = self.canvas.pairs()

    def _endpoint_boxes(
        self, bundles: Sequence[Bundle], kind: str, limit: int
    ) -> list[tuple[Box, list[int]]]:
        """Returns (box, nodes) of inputs or outputs; those beyond the limit share a box."""
        shown = bundles if len(bundles) <= limit else bundles[: limit - 1]
        boxes = [(self._endpoint_box(bundle, kind), list(bundle.numbers)) for bundle in shown]
        rest = [number for bundle in bundles[len(shown) :] for number in bundle.numbers]
        if rest:
            boxes.append((surplus_box(kind, len(rest)), rest))
        return boxes

    def _endpoint_box(self, bundle: Bundle, kind: str) -> Box:
        flow, first = self.flow, bundle.numbers[0]
        tensors = [flow.tensors[number] for number in bundle.numbers]
        tensor_types = {(tensor.dtype, tensor.shape, tensor.kind) for tensor in tensors}
        dtype, shape, tensor_kind = tensor_types.pop() if len(tensor_types) == 1 else ("", None, "dense")
        notes = [tensor_kind] if tensor_kind != "dense" else []
        if bundle.lists_members:
            notes.append(_listed([tensor.name for tensor in tensors]))
        elif bundle.unused:
            notes.append("unused")
        if self.drawer.has_several_signatures:
            names = dict.fromkeys(
                name for number in bundle.numbers for name, _ in flow.signature_names[number]
            )
            notes.append("of " + _listed(list(names)))
        count = len(bundle.numbers)
        return Box(
            bundle.name, bundle.name, kind, nodes=count if first in flow.bundle_heads else 1, dtype=dtype,
            shape=shape, note="; ".join(notes) if bundle.lists_members else " ".join(notes), repeats=count,
        )  # fmt: skip

    def _put_sources(
        self, source_boxes: list[tuple[Box, list[int]]], tables_by_asset: dict[str, list[int]]
    ) -> None:
        """Adds tables and assets, in the innermost group that holds all their readers."""
        canvas, readers = self.canvas, self.drawer.sources.readers
        asset_positions: dict[str, int] = {}
        for box, numbers in source_boxes:
            positions = {canvas.box_of[reader] for number in numbers for reader in readers.get(number, ())}
            group = canvas.common_group(position for position in positions if position >= 0)
            group_prefix = canvas.groups[group].name + "/" if group is not None else ""
            position = canvas.put(
                replace(box, group=group, label=box.name.removeprefix(group_prefix)), numbers
            )
            if box.kind == data.ASSET:
                asset_positions[box.name] = position
        for asset, tables in tables_by_asset.items():
            targets = {canvas.box_of[table] for table in tables}
            canvas.extra_pairs += [
                (asset_positions[asset], target) for target in sorted(targets) if asset in asset_positions
            ]

    def _put_scopes(self) -> None:
        counts = self._nodes_by_scope()
        for scope, hidden_nodes in zip(self.frontier, counts, strict=True):
            group = self._group_of(scope)
            group_prefix = (
                self.canvas.groups[group].name + "/" if group is not None else self.tree.root.inner_prefix
            )
            label = scope.name.removeprefix(group_prefix) or scope.name
            function = self.flow.function_scopes.get(scope.name, "")
            box = Box(
                scope.name, label, self._kind(scope), group, self._ops(scope),
                nodes=len(scope.members) + hidden_nodes, repeats=scope.repeats, function=function,
                paths=tuple(_paths(scope)),
            )  # fmt: skip
            if scope.node is not None:
                dtype, shape = self.flow.dtype_and_shape(scope.node)
                box = replace(box, dtype=dtype, shape=shape)
                if box.kind == MISSING:
                    self.warnings.append(
                        f"The graph refers to the node {scope.name!r}, but has no such node."
                    )
            elif scope.side_by_side:
                box = replace(box, note=_listed([part.label for part in scope.run]))
            elif scope.period > 1:
                box = replace(box, note=", ".join(part.label for part in scope.run[: scope.period]))
            elif control := control_flow_of(op for op, _ in box.ops):
                box = replace(box, note=control)
            self.canvas.put(box, scope.members)

    def _kind(self, scope: NameScope) -> str:
        if scope.node is not None:
            kind = self.flow.kinds[scope.node]
            return kind if kind in (MISSING, data.CONSTANT) else data.OP
        if scope.run:
            if scope in self.unfolding.overflow.values():
                return data.MORE
            return data.ALIKE if scope.side_by_side else data.SERIES
        return data.FUNCTION if scope.name in self.flow.function_scopes else data.SCOPE

    def _ops(self, scope: NameScope) -> tuple[tuple[str, int], ...]:
        """Returns op types with counts: a few in the order of the flow, many with weighted ones first."""
        flow, sources = self.flow, self.drawer.sources
        counts = Counter(map(flow.ops.__getitem__, scope.members))
        counts.pop("", None)
        if len(counts) <= 4:
            return tuple(counts.items())
        first_nodes, wires = sources.first_nodes, flow.wires
        weighted_ops = {
            flow.ops[number]
            for number in scope.members
            for source, _ in wires[number]
            if source in first_nodes
        }

        def rank(op_count: tuple[str, int]) -> tuple[bool, bool, bool, int]:
            op, count = op_count
            return bool(LOOP_PLUMBING.match(op)), op not in weighted_ops, bool(MINOR_OPS.match(op)), -count

        return tuple(sorted(counts.items(), key=rank))

    def _nodes_by_scope(self) -> list[int]:
        """Returns for each box of the frontier how many hidden nodes lie in its scope."""
        # Invariant: no prefix of the frontier begins with another one, as its scopes do not overlap. So the
        # only candidate for a path is the last prefix that sorts before it: one binary search per node.
        prefixes: list[tuple[str, int]] = []
        for index, scope in enumerate(self.frontier):
            parts = scope.run or (scope,)
            prefixes.extend((part.prefix, index) for part in parts if part.node is None and part.prefix)
        prefixes.sort()
        starts = [prefix for prefix, _ in prefixes]
        shown = {number for scope in self.frontier for number in scope.members}
        counts = [0] * len(self.frontier)
        for number, name in enumerate(self.flow.names) if starts else ():
            if number in shown or self.flow.messages[number] is None:
                continue
            last = bisect_right(starts, name) - 1
            if last >= 0 and name.startswith(starts[last]):
                counts[prefixes[last][1]] += 1
        return counts

    def _group_of(self, scope: NameScope) -> int | None:
        """Returns the position of the group around a scope; makes missing groups, outer ones first."""
        chain = []
        outer = scope.parent
        while outer is not None and outer.parent is not None and outer not in self.group_of:
            chain.append(outer)
            outer = outer.parent
        group = self.group_of.get(outer) if outer is not None else None
        groups = self.canvas.groups
        for inner in reversed(chain):
            # A group around a single box would be a frame without information.
            if len(self.tree.parts(inner)) > 1:
                group_prefix = groups[group].name + "/" if group is not None else self.tree.root.inner_prefix
                name = inner.inner_prefix.rstrip("/") if inner.inner_prefix.endswith("/") else inner.name
                function = self.flow.function_scopes.get(name) or self.flow.function_scopes.get(
                    inner.name, ""
                )
                groups.append(Group(name, name.removeprefix(group_prefix) or name, group, 0, 0, function))
                group = len(groups) - 1
            self.group_of[inner] = group
        return group

    def finish(self, max_edges: int) -> BoxDiagram:
        """Returns the diagram with its boxes in reading order, and at most `max_edges` edges."""
        canvas, left_out = self.canvas, self.canvas.left_out
        for position, count in left_out.items():
            self.warnings.append(f"{canvas.boxes[position].name!r} feeds {count} boxes and is left out.")
        order = [position for position in canvas.order(self.pairs) if position not in left_out]
        new_positions = {old: new for new, old in enumerate(order)}
        surplus = len(self.pairs) - max_edges
        if surplus > 0:
            self.warnings.append(f"{surplus:,} edge{' is' if surplus == 1 else 's are'} left out.")
        edges = [
            replace(edge, source=new_positions[edge.source], target=new_positions[edge.target])
            for edge in canvas.edges(self.pairs[:max_edges])
        ]
        return BoxDiagram(
            tuple(canvas.boxes[position] for position in order),
            canvas.filled_groups(),
            tuple(sorted(edges, key=lambda edge: (edge.source, edge.target))),
            tuple(self.warnings),
        )


def _paths(scope: NameScope) -> Iterator[str]:
    """Yields what the paths of the ops of a scope begin with; series of series are few and shallow."""
    if scope.run:
        for part in scope.run:
            yield from _paths(part)
    else:
        yield f"{scope.name}:" if scope.node is not None else scope.prefix


def _listed(names: Sequence[str]) -> str:
    shown = names if len(names) <= MAX_LISTED else names[: MAX_LISTED - 1]
    rest = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {rest} more"] if rest else [])])

"""From folded scopes to the boxes, groups and edges of an outline."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.summary.model import VariantSummary
from hubexplore.summary.outline import data
from hubexplore.summary.outline.boxes.canvas import Sheet
from hubexplore.summary.outline.boxes.endpoints import Bundle, bundles
from hubexplore.summary.outline.boxes.sources import Stock, surplus
from hubexplore.summary.outline.boxes.variable_boxes import put_variables
from hubexplore.summary.outline.data import Box, Edge, Group
from hubexplore.summary.outline.dataflow.flow import INPUT, MISSING, OUTPUT, Flow
from hubexplore.summary.outline.dataflow.node_kinds import MINOR, PLUMBING, control_of
from hubexplore.summary.outline.scopes.scope_tree import Scope
from hubexplore.summary.outline.scopes.unfolding import READABLE, Folding, Tree

DENSE: Final = 3
"""More edges a box than this are a tangle,"""
CLEAR: Final = 60
"""unless there are no more than this in all."""
NAMED: Final = 5
"""So many of those that are alike are named."""


@dataclass(frozen=True)
class Drawn:
    """One way to draw a flow."""

    boxes: tuple[Box, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    warnings: tuple[str, ...]


class Drawing:
    """A flow with what the summary knows of it; may be drawn in more or fewer boxes."""

    def __init__(self, flow: Flow, variant: VariantSummary, depth: int | None) -> None:
        self.flow, self.depth = flow, depth
        self.several = len({signature for ends in flow.ends.values() for signature, _ in ends}) > 1
        self.nodes = sum(message is not None for message in flow.messages)
        self.stock = Stock(flow, variant)
        self.inputs, self.outputs = bundles(flow, INPUT), bundles(flow, OUTPUT)
        shapes = {number: self.stock.weights[first].shape for number, first in self.stock.whole.items()}
        self.tree = Tree(flow, shapes)

    def draw(self, bound: int, edges: int) -> Drawn:
        """Returns the boxes, at most `bound`, or fewer if there were too many edges between them."""
        for limit in (bound, bound // 2, bound // 5, bound // 15):
            sketch = _Sketch(self, max(limit, 10))
            if len(sketch.pairs) <= min(max(DENSE * len(sketch.sheet.boxes), CLEAR), edges):
                break
        return sketch.finish(edges)


class _Sketch:
    """The boxes of one drawing while they are put together."""

    def __init__(self, drawing: Drawing, bound: int) -> None:
        self.drawing, self.flow, self.tree = drawing, drawing.flow, drawing.tree
        self.sheet = Sheet(drawing.flow, drawing.stock)
        self.position: dict[Scope, int | None] = {}
        self.warnings: list[str] = []
        limit = max(bound // 6, 2)
        ends = max(bound // 3, 2) if self.flow.expand else limit
        inputs = self._ends(drawing.inputs, INPUT, ends)
        outputs = self._ends(drawing.outputs, OUTPUT, ends)
        sources, filled = drawing.stock.tables_and_assets(limit)
        fixed = len(inputs) + len(outputs) + len(sources)
        self.folding = Folding(self.tree, bound - bool(drawing.stock.weights), fixed)
        self.folding.run(drawing.depth)
        self.frontier = self.folding.frontier()
        for box, numbers in inputs:
            self.sheet.put(box, numbers)
        self._put_scopes()
        taken = len(self.sheet.boxes) + len(sources) + len(outputs)
        free = drawing.depth is None and not self.flow.expand
        put_variables(self.sheet, (READABLE if free else bound) - taken, bound - taken)
        self._put_sources(sources, filled)
        for box, numbers in outputs:
            self.sheet.put(box, numbers)
        self.pairs = self.sheet.pairs()

    def _ends(self, ends: Sequence[Bundle], kind: str, limit: int) -> list[tuple[Box, list[int]]]:
        """(box, nodes) for inputs or outputs; what is beyond the limit shares one."""
        shown = ends if len(ends) <= limit else ends[: limit - 1]
        found = [(self._end(each, kind), list(each.numbers)) for each in shown]
        rest = [number for each in ends[len(shown) :] for number in each.numbers]
        if rest:
            found.append((surplus(kind, len(rest)), rest))
        return found

    def _end(self, bundle: Bundle, kind: str) -> Box:
        flow, first = self.flow, bundle.numbers[0]
        tensors = [flow.tensors[number] for number in bundle.numbers]
        facts = {(each.dtype, each.shape, each.kind) for each in tensors}
        dtype, shape, form = facts.pop() if len(facts) == 1 else ("", None, "dense")
        words = [form] if form != "dense" else []
        if bundle.listed:
            words.append(_some([each.name for each in tensors]))
        elif bundle.unused:
            words.append("unused")
        if self.drawing.several:
            names = dict.fromkeys(name for number in bundle.numbers for name, _ in flow.ends[number])
            words.append("of " + _some(list(names)))
        count = len(bundle.numbers)
        return Box(
            bundle.name, bundle.name, kind, nodes=count if first in flow.bundle else 1, dtype=dtype,
            shape=shape, note="; ".join(words) if bundle.listed else " ".join(words), repeats=count,
        )  # fmt: skip

    def _put_sources(self, sources: list[tuple[Box, list[int]]], filled: dict[str, list[int]]) -> None:
        """Adds tables and assets, near what reads them."""
        sheet, readers = self.sheet, self.drawing.stock.readers
        places: dict[str, int] = {}
        for box, numbers in sources:
            found = {sheet.box_of[reader] for number in numbers for reader in readers.get(number, ())}
            group = sheet.common_group(each for each in found if each >= 0)
            above = sheet.groups[group].name + "/" if group is not None else ""
            position = sheet.put(replace(box, group=group, label=box.name.removeprefix(above)), numbers)
            if box.kind == data.ASSET:
                places[box.name] = position
        for asset, tables in filled.items():
            targets = {sheet.box_of[table] for table in tables}
            sheet.extra += [(places[asset], each) for each in sorted(targets) if asset in places]

    def _put_scopes(self) -> None:
        counts = self._nodes_by_scope()
        for scope, beside in zip(self.frontier, counts, strict=True):
            group = self._group_of(scope)
            above = self.sheet.groups[group].name + "/" if group is not None else self.tree.root.inner
            label = scope.name.removeprefix(above) or scope.name
            function = self.flow.opened.get(scope.name, "")
            box = Box(
                scope.name, label, self._kind(scope), group, self._ops(scope), len(scope.members) + beside,
                repeats=scope.repeats, function=function,
            )  # fmt: skip
            if scope.item is not None:
                dtype, shape = self.flow.facts(scope.item)
                box = replace(box, dtype=dtype, shape=shape)
                if box.kind == MISSING:
                    self.warnings.append(f"The graph refers to a node {scope.name!r} that it does not hold.")
            elif scope.alike:
                box = replace(box, note=_some([part.label for part in scope.run]))
            elif scope.period > 1:
                box = replace(box, note=", ".join(part.label for part in scope.run[: scope.period]))
            elif control := control_of(op for op, _ in box.ops):
                box = replace(box, note=control)
            self.sheet.put(box, scope.members)

    def _kind(self, scope: Scope) -> str:
        if scope.item is not None:
            kind = self.flow.kinds[scope.item]
            return kind if kind in (MISSING, data.CONSTANT) else data.OP
        if scope.run:
            if scope in self.folding.more.values():
                return data.MORE
            return data.ALIKE if scope.alike else data.SERIES
        return data.FUNCTION if scope.name in self.flow.opened else data.SCOPE

    def _ops(self, scope: Scope) -> tuple[tuple[str, int], ...]:
        """Op types with counts: few as values flow; of many, those with weights first."""
        flow, stock = self.flow, self.drawing.stock
        counts = Counter(map(flow.ops.__getitem__, scope.members))
        counts.pop("", None)
        if len(counts) <= 4:
            return tuple(counts.items())
        whole, wires = stock.whole, flow.wires
        weighty = {
            flow.ops[number] for number in scope.members for source, _ in wires[number] if source in whole
        }

        def rank(counted: tuple[str, int]) -> tuple[bool, bool, bool, int]:
            op, count = counted
            return bool(PLUMBING.match(op)), op not in weighty, bool(MINOR.match(op)), -count

        return tuple(sorted(counts.items(), key=rank))

    def _nodes_by_scope(self) -> list[int]:
        """For each box, how many nodes lie in its scope that are not shown themselves."""
        prefixes: list[tuple[str, int]] = []
        for index, scope in enumerate(self.frontier):
            inside = scope.run or (scope,)
            prefixes.extend((each.prefix, index) for each in inside if each.item is None and each.prefix)
        prefixes.sort()
        starts = [prefix for prefix, _ in prefixes]
        shown = {number for scope in self.frontier for number in scope.members}
        counts = [0] * len(self.frontier)
        for number, name in enumerate(self.flow.names) if starts else ():
            if number in shown or self.flow.messages[number] is None:
                continue
            at = bisect_right(starts, name) - 1
            if at >= 0 and name.startswith(starts[at]):
                counts[prefixes[at][1]] += 1
        return counts

    def _group_of(self, scope: Scope) -> int | None:
        """The position of the group that a part lies in; makes the groups around it, outer ones first."""
        chain = []
        above = scope.parent
        while above is not None and above.parent is not None and above not in self.position:
            chain.append(above)
            above = above.parent
        group = self.position.get(above) if above is not None else None
        groups = self.sheet.groups
        for each in reversed(chain):
            if len(self.tree.parts(each)) > 1:
                outer = groups[group].name + "/" if group is not None else self.tree.root.inner
                name = each.inner.rstrip("/") if each.inner.endswith("/") else each.name
                function = self.flow.opened.get(name) or self.flow.opened.get(each.name, "")
                groups.append(Group(name, name.removeprefix(outer) or name, group, 0, 0, function))
                group = len(groups) - 1
            self.position[each] = group
        return group

    def finish(self, limit: int) -> Drawn:
        """Puts everything together, in the order of reading, with at most so many edges."""
        sheet, left_out = self.sheet, self.sheet.left_out
        for position, count in left_out.items():
            self.warnings.append(f"{sheet.boxes[position].name!r} feeds {count} boxes and is left out.")
        kept = [position for position in sheet.order(self.pairs) if position not in left_out]
        moved = {old: new for new, old in enumerate(kept)}
        if len(self.pairs) > limit:
            self.warnings.append(f"{len(self.pairs) - limit} edges are left out.")
        edges = [
            replace(edge, source=moved[edge.source], target=moved[edge.target])
            for edge in sheet.edges(self.pairs[:limit])
        ]
        return Drawn(
            tuple(sheet.boxes[position] for position in kept),
            sheet.filled_groups(),
            tuple(sorted(edges, key=lambda edge: (edge.source, edge.target))),
            tuple(self.warnings),
        )


def _some(names: Sequence[str]) -> str:
    shown = names if len(names) <= NAMED else names[: NAMED - 1]
    rest = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {rest} more"] if rest else [])])

"""From folded scopes to the boxes, groups and edges of an outline."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hubexplore.summary.graph import node_of
from hubexplore.summary.model import Shape, TensorSummary, VariantSummary
from hubexplore.summary.outline import data
from hubexplore.summary.outline.data import Box, Edge, Group, Weight
from hubexplore.summary.outline.flow import ASSET, INPUT, MISSING, OUTPUT, TABLE, VARIABLE, Flow, Wire
from hubexplore.summary.outline.fold import READABLE, Folding, Tree
from hubexplore.summary.outline.names import MINOR, PLUMBING, output_facts
from hubexplore.summary.outline.scopes import Scope

CROWDED: Final = 16
"""A single op that feeds more boxes than this steps aside: its edges would hide all others."""


@dataclass(frozen=True)
class Drawn:
    """One way to draw a flow."""

    boxes: tuple[Box, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    warnings: tuple[str, ...]


class Drawing:
    """A flow with what the summary knows of its variables, tables and assets."""

    def __init__(self, flow: Flow, variant: VariantSummary, depth: int | None) -> None:
        self.flow, self.variant, self.depth = flow, variant, depth
        self.several = len({signature for ends in flow.ends.values() for signature, _ in ends}) > 1
        self.nodes = sum(message is not None for message in flow.messages)
        self.weights: dict[int, Weight] = {}
        self.whole: dict[int, int] = {}
        self._read_weights()
        self.tree = Tree(flow, {number: self.weights[first].shape for number, first in self.whole.items()})

    def _read_weights(self) -> None:
        """Finds the variables: the summary's, and what else the graph has; parts of one are one."""
        known: dict[str, Weight] = {}
        for variable in self.variant.variables:
            weight = Weight(variable.name, variable.dtype, variable.shape, variable.parameters)
            known.update(
                (node, weight) for node in (variable.node, *(each.node for each in variable.partitions))
            )
        first: dict[str, int] = {}
        for number, kind in enumerate(self.flow.kinds):
            if kind != VARIABLE:
                continue
            name = self.flow.names[number]
            found = known.get(name) or self._weight_of_node(number)
            self.whole[number] = first.setdefault(found.name, number)
            self.weights.setdefault(self.whole[number], found)

    def _weight_of_node(self, number: int) -> Weight:
        message = self.flow.messages[number]
        dtype, shape = output_facts("", message, "")
        if message is not None and "shape" in message.attr:
            _, shape = output_facts("", _Only(message.attr, "shape"), "")
        count: int | None = None
        if shape is not None and None not in shape:
            count = 1
            for size in shape:
                count *= size or 0
        return Weight(self.flow.names[number], dtype, shape, count)

    def draw(self, bound: int) -> Drawn:
        """Returns the boxes, at most `bound`."""
        sketch = _Sketch(self, bound)
        return sketch.finish()


@dataclass(frozen=True)
class _Only:
    """A node of which only one attribute is asked."""

    all: Any
    name: str

    @property
    def attr(self) -> dict[str, Any]:
        return {self.name: self.all[self.name]}


class _Sketch:
    """The boxes of one drawing while they are put together; `box_of` maps nodes to positions of boxes."""

    def __init__(self, drawing: Drawing, bound: int) -> None:
        self.drawing, self.flow, self.bound = drawing, drawing.flow, bound
        self.boxes: list[Box] = []
        self.groups: list[Group] = []
        self.position: dict[Scope, int] = {}
        self.box_of: dict[int, int] = {}
        self.warnings: list[str] = []
        self.extra_edges: list[tuple[int, int, str]] = []
        limit = max(bound // 6, 2)
        self.inputs = self._ends(INPUT, limit)
        self.outputs = self._ends(OUTPUT, limit)
        self.sources = self._sources(limit)
        fixed = len(self.inputs) + len(self.outputs) + len(self.sources)
        self.tree = drawing.tree
        self.folding = Folding(self.tree, bound - bool(drawing.weights), fixed)
        self.folding.run(drawing.depth)
        self.frontier = self.folding.frontier() if self.tree.root.members else []

    # Inputs, outputs, tables and assets: (box, nodes it stands for).

    def _ends(self, kind: str, limit: int) -> list[tuple[Box, list[int]]]:
        """One box for each input or output; what is beyond the limit shares one."""
        numbers = [number for number, each in enumerate(self.flow.kinds) if each == kind]
        shown = numbers if len(numbers) <= limit else numbers[: limit - 1]
        ends = []
        for number in shown:
            tensor: TensorSummary = self.flow.tensors[number]
            named = self.flow.ends[number]
            name = " / ".join(dict.fromkeys(each for _, each in named))
            words = [tensor.kind] if tensor.kind != "dense" else []
            if self.drawing.several:
                words.append("of " + ", ".join(dict.fromkeys(each for each, _ in named)))
            box = Box(name, name, kind, dtype=tensor.dtype, shape=tensor.shape, note=" ".join(words))
            ends.append((box, [number]))
        rest = numbers[len(shown) :]
        if rest:
            ends.append((_surplus(kind, len(rest)), rest))
        return ends

    def _sources(self, limit: int) -> list[tuple[Box, list[int]]]:
        """Tables of the slice, and the assets that they or the slice read."""
        flow, variant = self.flow, self.drawing.variant
        read = {
            source
            for number, wires in enumerate(flow.wires)
            for source, _ in wires
            if flow.kinds[source] in (TABLE, ASSET)
        }
        facts = {each.node: each for each in variant.tables}
        assets = {node_of(tensor): each.name for each in variant.assets for tensor in each.tensors}
        tables = [number for number in sorted(read) if flow.kinds[number] == TABLE]
        found: list[tuple[Box, list[int]]] = []
        wanted: dict[str, list[int]] = {}
        for number in tables[:limit]:
            name = flow.names[number]
            table = facts.get(name)
            note = f"{table.key_dtype} to {table.value_dtype}" if table else ""
            found.append((Box(name, name, TABLE, ops=((flow.ops[number], 1),), note=note), [number]))
            for asset in table.assets if table else ():
                wanted.setdefault(asset, []).append(number)
        if tables[limit:]:
            found.append((_surplus(TABLE, len(tables) - limit), tables[limit:]))
        nodes = {
            assets[flow.names[number]]: number
            for number in sorted(read)
            if flow.kinds[number] == ASSET and flow.names[number] in assets
        }
        names = list(dict.fromkeys([*nodes, *wanted]))
        for name in names[:limit]:
            box = Box(name, name, ASSET, nodes=int(name in nodes), note=_size_note(variant, name))
            found.append((box, [nodes[name]] if name in nodes else []))
        if names[limit:]:
            found.append(
                (
                    _surplus(ASSET, len(names) - limit),
                    [nodes[name] for name in names[limit:] if name in nodes],
                )
            )
        self.readers_of_asset = wanted
        return found

    def finish(self) -> Drawn:
        """Puts everything together."""
        for box, numbers in self.inputs:
            self._put(box, numbers)
        self._put_scopes()
        self._put_variables()
        for box, numbers in self.sources:
            group = self._common_group(self._readers(numbers)) if numbers else None
            above = self.groups[group].name + "/" if group is not None else ""
            self._put(replace(box, group=group, label=box.name.removeprefix(above)), numbers)
        for box, numbers in self.outputs:
            self._put(box, numbers)
        edges = self._edges()
        return self._without_crowds(edges)

    def _put(self, box: Box, numbers: Iterable[int]) -> int:
        self.boxes.append(box)
        position = len(self.boxes) - 1
        for number in numbers:
            self.box_of[number] = position
        return position

    # Scopes and ops.

    def _put_scopes(self) -> None:
        counts = self._nodes_by_scope()
        for scope, beside in zip(self.frontier, counts, strict=True):
            group = self._group_of(scope)
            above = self.groups[group].name + "/" if group is not None else self.tree.root.inner
            label = scope.name.removeprefix(above) or scope.name
            function = self.flow.opened.get(scope.name, "")
            box = Box(
                scope.name, label, self._kind(scope), group, self._ops(scope), len(scope.members) + beside,
                repeats=scope.repeats, function=function,
            )  # fmt: skip
            if scope.item is not None:
                message = self.flow.messages[scope.item]
                dtype, shape = output_facts(self.flow.ops[scope.item], message, "")
                box = replace(box, dtype=dtype, shape=shape)
                if box.kind == MISSING:
                    self.warnings.append(f"The graph refers to a node {scope.name!r} that it does not hold.")
            elif any(op == "NextIteration" for op, _ in box.ops):
                box = replace(box, note="loop")
            elif scope.period > 1:
                box = replace(box, note=", ".join(part.label for part in scope.run[: scope.period]))
            self._put(box, scope.members)

    def _kind(self, scope: Scope) -> str:
        if scope.item is not None:
            kind = self.flow.kinds[scope.item]
            return kind if kind in (MISSING, data.CONSTANT) else data.OP
        if scope.run:
            return (
                data.MORE
                if scope.name.rpartition("/")[2].startswith("... and ")
                and not scope.prefix
                and scope in self.folding.more.values()
                else data.SERIES
            )
        return data.FUNCTION if scope.name in self.flow.opened else data.SCOPE

    def _ops(self, scope: Scope) -> tuple[tuple[str, int], ...]:
        """Op types with counts: few as values flow; of many, those with weights first."""
        flow = self.flow
        counts = Counter(flow.ops[number] for number in scope.members)
        counts.pop("", None)
        if len(counts) <= 4:
            return tuple(counts.items())
        weighty = {
            flow.ops[number]
            for number in scope.members
            if any(flow.kinds[source] == VARIABLE for source, _ in flow.wires[number])
        }

        def rank(counted: tuple[str, int]) -> tuple[bool, bool, int]:
            op, count = counted
            return op not in weighty, bool(PLUMBING.match(op) or MINOR.match(op)), -count

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
        for number, name in enumerate(self.flow.names):
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
        for each in reversed(chain):
            if len(self.tree.parts(each)) > 1:
                outer = self.groups[group].name + "/" if group is not None else self.tree.root.inner
                name = each.inner.rstrip("/") if each.inner.endswith("/") else each.name
                function = self.flow.opened.get(name) or self.flow.opened.get(each.name, "")
                self.groups.append(Group(name, name.removeprefix(outer) or name, group, 0, 0, function))
                group = len(self.groups) - 1
            if group is not None:
                self.position[each] = group
        return group

    # Variables.

    def _put_variables(self) -> None:
        """A variable that one scope reads is a line in its box; others have boxes of their own."""
        drawing = self.drawing
        readers: dict[int, set[int]] = {first: set() for first in drawing.weights}
        for number, position in list(self.box_of.items()):
            for source, _ in self.flow.wires[number]:
                if source in drawing.whole:
                    readers[drawing.whole[source]].add(position)
        for number in self.flow.outputs:
            for source, _ in self.flow.wires[number]:
                if source in drawing.whole:
                    readers[drawing.whole[source]].add(-1)
        alone = [first for first, boxes in readers.items() if boxes and not self._in_scope(boxes)]
        taken = len(self.boxes) + len(self.sources) + len(self.outputs)
        crowded = taken + len(alone) > (
            READABLE if drawing.depth is None and not self.flow.expand else self.bound
        )
        if crowded:
            alone = [first for first in alone if len(readers[first]) > 1 or -1 in readers[first]]
        inside: dict[int, list[Weight]] = {}
        for first, boxes in readers.items():
            if len(boxes) == 1 and first not in alone and -1 not in boxes:
                inside.setdefault(next(iter(boxes)), []).append(drawing.weights[first])
        for position, weights in inside.items():
            self.boxes[position] = replace(self.boxes[position], weights=tuple(weights))
        self._put_alone(alone, readers, max(self.bound - taken, 1))

    def _in_scope(self, boxes: set[int]) -> bool:
        return len(boxes) == 1 and -1 not in boxes and self.boxes[next(iter(boxes))].kind != data.OP

    def _put_alone(self, alone: Sequence[int], readers: dict[int, set[int]], room: int) -> None:
        sets: dict[object, list[int]] = {}
        for first in alone:
            # What several boxes share, they share layer by layer: kernel and bias.
            shared = (frozenset(readers[first]), self.drawing.weights[first].name.rpartition("/")[0])
            sets.setdefault(shared if len(readers[first]) > 1 else first, []).append(first)
        units = list(sets.values())
        shown = units if len(units) <= room else units[: room - 1]
        parts: dict[int, list[int]] = {}
        for number, first in self.drawing.whole.items():
            parts.setdefault(first, []).append(number)
        for together in shown:
            group = self._common_group(readers[together[0]])
            above = self.groups[group].name + "/" if group is not None else ""
            numbers = [number for first in together for number in parts[first]]
            weights = tuple(self.drawing.weights[first] for first in together)
            name = weights[0].name
            box = Box(name, name.removeprefix(above), VARIABLE, group, nodes=len(numbers), weights=weights)
            if len(weights) == 1:
                box = replace(box, dtype=weights[0].dtype, shape=weights[0].shape)
            else:
                name = name.rpartition("/")[0] or f"{len(weights)} variables"
                box = replace(box, name=name, label=name.removeprefix(above))
            self._put(box, numbers)
        rest = [first for together in units[len(shown) :] for first in together]
        if rest:
            weights = tuple(self.drawing.weights[first] for first in rest)
            box = replace(_surplus(VARIABLE, len(rest)), weights=weights)
            self._put(box, [number for first in rest for number in parts[first]])

    def _readers(self, numbers: Iterable[int]) -> set[int]:
        wanted = set(numbers)
        return {
            position
            for number, position in self.box_of.items()
            if any(source in wanted for source, _ in self.flow.wires[number])
        }

    def _common_group(self, boxes: Iterable[int]) -> int | None:
        """The innermost group that holds all the boxes."""
        paths = []
        for position in boxes:
            group = self.boxes[position].group if position >= 0 else None
            path = []
            while group is not None:
                path.append(group)
                group = self.groups[group].parent
            paths.append(path[::-1])
        common = None
        for groups in zip(*paths, strict=False):
            if len(set(groups)) > 1:
                break
            common = groups[0]
        return common

    # Edges.

    def _edges(self) -> list[Edge]:
        between: dict[tuple[int, int], set[Wire]] = {}
        box_of, wires = self.box_of, self.flow.wires
        for number, target in box_of.items():
            for wire in wires[number]:
                source = box_of.get(wire[0])
                if source is not None and source != target:
                    between.setdefault((source, target), set()).add(wire)
        edges = [
            self._edge(source, target, tensors)
            for (source, target), tensors in sorted(between.items(), key=lambda each: each[0])
        ]
        places = {box.name: position for position, box in enumerate(self.boxes) if box.kind == ASSET}
        for asset, tables in self.readers_of_asset.items():
            if asset in places:
                targets = sorted({self.box_of[table] for table in tables if table in self.box_of})
                edges.extend(Edge(places[asset], target, "", None) for target in targets)
        return edges

    def _edge(self, source: int, target: int, tensors: set[Wire]) -> Edge:
        facts = {self._facts(wire) for wire in sorted(tensors)[:50]}
        dtypes = {dtype for dtype, _ in facts}
        shapes = {shape for _, shape in facts}
        return Edge(
            source,
            target,
            dtypes.pop() if len(dtypes) == 1 else "",
            shapes.pop() if len(shapes) == 1 else None,
            len(tensors),
        )

    def _facts(self, wire: Wire) -> tuple[str, Shape]:
        number, port = wire
        flow = self.flow
        if number in flow.tensors:
            tensor = flow.tensors[number]
            return tensor.dtype, tensor.shape
        if number in self.drawing.whole:
            weight = self.drawing.weights[self.drawing.whole[number]]
            return weight.dtype, weight.shape
        if flow.kinds[number] == TABLE:
            return "", None
        return output_facts(flow.ops[number], flow.messages[number], port)

    def _without_crowds(self, edges: list[Edge]) -> Drawn:
        """Leaves out single ops that feed very many boxes, and fills in what groups hold."""
        fan = Counter(edge.source for edge in edges)
        crowds = {
            position
            for position, count in fan.items()
            if count > CROWDED and self.boxes[position].kind == data.OP and not self.boxes[position].weights
        }
        for position in sorted(crowds):
            box = self.boxes[position]
            self.warnings.append(f"{box.name!r} feeds {fan[position]} boxes and is left out.")
        kept = [position for position in range(len(self.boxes)) if position not in crowds]
        moved = {old: new for new, old in enumerate(kept)}
        return Drawn(
            tuple(self.boxes[position] for position in kept),
            self._filled_groups(),
            tuple(
                replace(edge, source=moved[edge.source], target=moved[edge.target])
                for edge in edges
                if edge.source in moved and edge.target in moved
            ),
            tuple(self.warnings),
        )

    def _filled_groups(self) -> tuple[Group, ...]:
        nodes, parameters = Counter[int](), Counter[int]()
        for box in self.boxes:
            group = box.group
            while group is not None:
                nodes[group] += box.nodes
                parameters[group] += box.parameters
                group = self.groups[group].parent
        return tuple(
            replace(group, nodes=nodes[index], parameters=parameters[index])
            for index, group in enumerate(self.groups)
        )


def _surplus(kind: str, count: int) -> Box:
    label = f"... and {count:,} more {kind}{'s' if count > 1 else ''}"
    return Box(label, label, kind, nodes=count)


def _size_note(variant: VariantSummary, name: str) -> str:
    size = next((each.size for each in variant.assets if each.name == name), None)
    return "" if size is None else f"{size:,} bytes"

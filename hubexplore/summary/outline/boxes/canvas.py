"""The boxes, groups and edges of a diagram while it is put together; all refer to boxes by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from hubexplore.summary.model import Shape
from hubexplore.summary.outline.boxes.source_nodes import SourceNodes
from hubexplore.summary.outline.data import ASSET, OP, TABLE, VARIABLE, Box, Edge, Group
from hubexplore.summary.outline.dataflow.flow import DataFlow, Wire

MAX_TARGETS: Final = 16
"""Maximum number of boxes that a single op feeds; one that feeds more is left out: its edges hide others."""
MAX_EDGE_TENSORS: Final = 20
"""Maximum number of tensors between two boxes whose dtype and shape are looked up for the edge."""

Pair = tuple[int, int]
"""(position of the box that an edge leaves, position of the box that it enters)."""


class Canvas:
    """A diagram under construction.

    Attributes:
      boxes: the boxes so far.
      groups: the groups so far; a group comes after the group around it.
      box_of: node -> position of its box; -1 if it is in none.
      extra_pairs: edges that carry no tensor of the flow, as from an asset to the table that it fills.
      left_out: position of a single op that feeds too many boxes -> how many; set by `pairs`.
    """

    def __init__(self, flow: DataFlow, sources: SourceNodes) -> None:
        self.flow, self.sources = flow, sources
        self.boxes: list[Box] = []
        self.groups: list[Group] = []
        self.box_of = [-1] * len(flow.names)
        self.extra_pairs: list[Pair] = []
        self.left_out: dict[int, int] = {}

    def put(self, box: Box, numbers: Iterable[int]) -> int:
        """Adds a box that stands for the nodes and returns its position."""
        self.boxes.append(box)
        position = len(self.boxes) - 1
        for number in numbers:
            self.box_of[number] = position
        return position

    def path(self, group: int | None) -> list[int]:
        """Returns the group and those around it, outer ones first."""
        path = []
        while group is not None:
            path.append(group)
            group = self.groups[group].parent
        return path[::-1]

    def common_group(self, positions: Iterable[int]) -> int | None:
        """Returns the innermost group that holds all boxes at the positions; -1 is outside of all groups."""
        paths = [self.path(self.boxes[position].group if position >= 0 else None) for position in positions]
        common = None
        for groups in zip(*paths, strict=False):
            if len(set(groups)) > 1:
                break
            common = groups[0]
        return common

    def pairs(self) -> list[Pair]:
        """Returns which boxes feed which, without single ops that feed too many."""
        # One int per pair, not a tuple: the loop sees each wire of the flow, hundreds of thousands of them.
        box_of, wires, size = self.box_of, self.flow.wires, len(self.boxes)
        codes = set()
        for number, target in enumerate(box_of):
            if target >= 0:
                for source, _ in wires[number]:
                    source_position = box_of[source]
                    if source_position != target and source_position >= 0:
                        codes.add(source_position * size + target)
        pairs = [divmod(code, size) for code in sorted(codes)] + self.extra_pairs
        target_counts = Counter(source for source, _ in pairs)
        self.left_out = {
            position: count
            for position, count in sorted(target_counts.items())
            if count > MAX_TARGETS and self.boxes[position].kind == OP and not self.boxes[position].weights
        }
        if not self.left_out:
            return pairs
        return [pair for pair in pairs if pair[0] not in self.left_out and pair[1] not in self.left_out]

    def edges(self, pairs: Sequence[Pair]) -> list[Edge]:
        """Returns the edges for the pairs, with the tensors that they carry."""
        box_of, wires = self.box_of, self.flow.wires
        between: dict[Pair, set[Wire]] = {pair: set() for pair in pairs}
        for number, target in enumerate(box_of):
            for wire in wires[number] if target >= 0 else ():
                tensors = between.get((box_of[wire[0]], target))
                if tensors is not None:
                    tensors.add(wire)
        return [self._edge(*pair, tensors) for pair, tensors in between.items()]

    def _edge(self, source: int, target: int, tensors: set[Wire]) -> Edge:
        tensor_types = {self._dtype_and_shape(wire) for wire in sorted(tensors)[:MAX_EDGE_TENSORS]}
        dtypes = {dtype for dtype, _ in tensor_types}
        shapes = {shape for _, shape in tensor_types}
        return Edge(
            source,
            target,
            dtypes.pop() if len(dtypes) == 1 else "",
            shapes.pop() if len(shapes) == 1 else None,
            len(tensors) or 1,
        )

    def _dtype_and_shape(self, wire: Wire) -> tuple[str, Shape]:
        number, port = wire
        sources = self.sources
        if number in sources.first_nodes:
            weight = sources.weights[sources.first_nodes[number]]
            return weight.dtype, weight.shape
        return self.flow.dtype_and_shape(number, port)

    def filled_groups(self) -> tuple[Group, ...]:
        """Returns the groups with the nodes and parameters of the boxes in them."""
        nodes, parameters = Counter[int](), Counter[int]()
        for box in self.boxes:
            for group in self.path(box.group):
                nodes[group] += box.nodes
                parameters[group] += box.parameters
        return tuple(
            replace(group, nodes=nodes[index], parameters=parameters[index])
            for index, group in enumerate(self.groups)
        )

    def order(self, pairs: Iterable[Pair]) -> list[int]:
        """Returns the positions in reading order.

        Boxes were put in the order in which values flow, except variables, tables and assets, whose readers
        are known only when all others are placed. These move to just before their first reader, and if it is
        in a group that they are not in, before the first box of that group, so that boxes of a group stay
        together.
        """
        # Invariant: `begin` is the place of a box in the order; ties go to sources, assets before tables. A
        # source is placed after the sources that it feeds, so one pass suffices. Linear in pairs times the
        # depth of groups, plus the sort.
        count = len(self.boxes)
        begin = {position: position for position in range(count)}
        first_of_group: dict[int, int] = {}
        for position, box in enumerate(self.boxes):
            if box.kind not in (VARIABLE, TABLE, ASSET):
                for group in self.path(box.group):
                    first_of_group.setdefault(group, position)
        # An asset moves before its table, so tables are placed before assets.
        rank = {VARIABLE: 0, TABLE: 0, ASSET: 1}
        source_pairs = [pair for pair in pairs if self.boxes[pair[0]].kind in rank]
        readers: dict[int, list[int]] = {}
        for source, target in source_pairs:
            readers.setdefault(source, []).append(target)
        for source in sorted(readers, key=lambda position: rank[self.boxes[position].kind]):
            depth = len(self.path(self.boxes[source].group))
            positions = []
            for target in readers[source]:
                path = self.path(self.boxes[target].group)
                inner_group = path[depth] if len(path) > depth else None
                positions.append(
                    begin[target] if inner_group is None else first_of_group.get(inner_group, begin[target])
                )
            begin[source] = min(positions)
        kinds = [box.kind for box in self.boxes]
        return sorted(
            range(count), key=lambda position: (begin[position], -rank.get(kinds[position], -1), position)
        )

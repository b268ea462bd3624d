"""Boxes, groups and edges while they are put together, by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from hubexplore.summary.model import Shape
from hubexplore.summary.outline.boxes.sources import Stock
from hubexplore.summary.outline.data import ASSET, OP, TABLE, VARIABLE, Box, Edge, Group
from hubexplore.summary.outline.dataflow.flow import Flow, Wire

CROWDED: Final = 16
"""A single op that feeds more boxes than this steps aside: its edges would hide all others."""
ASKED: Final = 20
"""So many of the tensors between two boxes are asked for their dtype and shape."""

Pair = tuple[int, int]
"""Positions of the box that gives and of the box that takes."""


class Sheet:
    """A drawing in the making.

    Attributes:
      boxes: so far.
      groups: so far, outer ones first.
      box_of: position of the box of each node; -1 where it is in none.
      extra: edges that are no tensors.
      left_out: position -> how many boxes it feeds, of single ops that feed a crowd.
    """

    def __init__(self, flow: Flow, stock: Stock) -> None:
        self.flow, self.stock = flow, stock
        self.boxes: list[Box] = []
        self.groups: list[Group] = []
        self.box_of = [-1] * len(flow.names)
        self.extra: list[Pair] = []
        self.left_out: dict[int, int] = {}

    def put(self, box: Box, numbers: Iterable[int]) -> int:
        """Adds a box that stands for nodes, and returns its position."""
        self.boxes.append(box)
        position = len(self.boxes) - 1
        for number in numbers:
            self.box_of[number] = position
        return position

    def path(self, group: int | None) -> list[int]:
        """The group and those around it, outer ones first."""
        path = []
        while group is not None:
            path.append(group)
            group = self.groups[group].parent
        return path[::-1]

    def common_group(self, positions: Iterable[int]) -> int | None:
        """The innermost group that holds all the boxes; -1 is outside of all."""
        paths = [self.path(self.boxes[each].group if each >= 0 else None) for each in positions]
        common = None
        for groups in zip(*paths, strict=False):
            if len(set(groups)) > 1:
                break
            common = groups[0]
        return common

    def pairs(self) -> list[Pair]:
        """Which boxes feed which, without single ops that feed a crowd."""
        box_of, wires, size = self.box_of, self.flow.wires, len(self.boxes)
        found = set()
        for number, target in enumerate(box_of):
            if target >= 0:
                for source, _ in wires[number]:
                    at = box_of[source]
                    if at != target and at >= 0:
                        found.add(at * size + target)
        pairs = [divmod(each, size) for each in sorted(found)] + self.extra
        fan = Counter(source for source, _ in pairs)
        self.left_out = {
            position: count
            for position, count in sorted(fan.items())
            if count > CROWDED and self.boxes[position].kind == OP and not self.boxes[position].weights
        }
        if not self.left_out:
            return pairs
        return [pair for pair in pairs if pair[0] not in self.left_out and pair[1] not in self.left_out]

    def edges(self, pairs: Sequence[Pair]) -> list[Edge]:
        """The edges between these boxes, with what they carry."""
        box_of, wires = self.box_of, self.flow.wires
        between: dict[Pair, set[Wire]] = {pair: set() for pair in pairs}
        for number, target in enumerate(box_of):
            for wire in wires[number] if target >= 0 else ():
                tensors = between.get((box_of[wire[0]], target))
                if tensors is not None:
                    tensors.add(wire)
        return [self._edge(*pair, tensors) for pair, tensors in between.items()]

    def _edge(self, source: int, target: int, tensors: set[Wire]) -> Edge:
        facts = {self._facts(wire) for wire in sorted(tensors)[:ASKED]}
        dtypes = {dtype for dtype, _ in facts}
        shapes = {shape for _, shape in facts}
        return Edge(
            source,
            target,
            dtypes.pop() if len(dtypes) == 1 else "",
            shapes.pop() if len(shapes) == 1 else None,
            len(tensors) or 1,
        )

    def _facts(self, wire: Wire) -> tuple[str, Shape]:
        number, port = wire
        stock = self.stock
        if number in stock.whole:
            weight = stock.weights[stock.whole[number]]
            return weight.dtype, weight.shape
        return self.flow.facts(number, port)

    def filled_groups(self) -> tuple[Group, ...]:
        """The groups, with what their boxes hold."""
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
        """Positions in the order of reading: what is drawn from stands before what first reads it.

        Boxes of one group stay together.
        """
        count = len(self.boxes)
        begin = {position: position for position in range(count)}
        first_in: dict[int, int] = {}
        for position, box in enumerate(self.boxes):
            if box.kind not in (VARIABLE, TABLE, ASSET):
                for group in self.path(box.group):
                    first_in.setdefault(group, position)
        # An asset stands before its table, so tables come first here.
        rank = {VARIABLE: 0, TABLE: 0, ASSET: 1}
        feeding = [pair for pair in pairs if self.boxes[pair[0]].kind in rank]
        readers: dict[int, list[int]] = {}
        for source, target in feeding:
            readers.setdefault(source, []).append(target)
        for source in sorted(readers, key=lambda each: rank[self.boxes[each].kind]):
            within = len(self.path(self.boxes[source].group))
            places = []
            for target in readers[source]:
                path = self.path(self.boxes[target].group)
                around = path[within] if len(path) > within else None
                places.append(first_in.get(around, begin[target]) if around is not None else begin[target])
            begin[source] = min(places)
        kinds = [box.kind for box in self.boxes]
        return sorted(range(count), key=lambda each: (begin[each], -rank.get(kinds[each], -1), each))

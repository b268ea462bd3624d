"""The sizes of the open dimensions of a signature's inputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of
from hubexplore.summary.model import Shape
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.rules import arrays, elements, layers, lists, parts
from hubexplore.summary.sizes.shape_inference import Notes, Scope
from hubexplore.summary.sizes.solver import Solver

RANKS: Final = (1, 0, 2, 3, 4, 5)
"""Numbers of dimensions that are tried, in this order, where it is not known."""
MOST: Final = 12
"""Solutions, where several inputs have unknown ranks."""
_RULES: Final = {**elements.RULES, **arrays.RULES, **parts.RULES, **lists.RULES, **layers.RULES}


@dataclass(frozen=True)
class Open:
    """An input.

    Attributes:
      name: in the signature.
      shape: as the signature states it; None for an unknown rank, a None in it for an unknown size.
      tensor: name in the graph of a dense input; of a sparse one the tensor with its dense shape.
      kind: "dense", "sparse" or "ragged".
      usual: sizes to take where any would do, by dimension.
    """

    name: str
    shape: Shape
    tensor: str
    kind: str = "dense"
    usual: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Solution:
    """Sizes that go together.

    Attributes:
      shapes: by input: sizes; unknowns stand for what is left open, some of them for numbers of rows.
      usual: sizes for those unknowns that are no numbers of rows.
      broken: how many things in the graph contradict them.
      decoded: by the name of a DecodeRaw: how many numbers it decodes from each string.
    """

    shapes: Mapping[str, tuple[Number, ...]]
    usual: Mapping[str, int]
    broken: int = 0
    decoded: Mapping[str, Number] = field(default_factory=dict)

    def shape(self, name: str, rows: int, size: int | None = None) -> tuple[int, ...]:
        """A full shape for an input.

        Args:
          name: of the input.
          rows: how many.
          size: for what is left open; None takes the usual sizes.
        """
        return self._filled(self.shapes[name], rows, size)

    def count(self, node: str, rows: int, size: int | None = None) -> int:
        """How many numbers a DecodeRaw decodes from each string; one that no output needs takes any."""
        found = self.decoded.get(node, polynomials.size(polynomials.decoded(node)))
        return max(1, *self._filled((found,), rows, size))

    def _filled(self, numbers: Sequence[Number], rows: int, size: int | None) -> tuple[int, ...]:
        names = {each for number in numbers for each in polynomials.unknowns(number)}
        values = {
            each: rows if polynomials.Unknown(each).is_rows else size or self.usual.get(each, 2)
            for each in names
        }
        return tuple(polynomials.at(each, values) for each in numbers)

    @property
    def is_open(self) -> bool:
        """Whether sizes other than the number of rows are left open."""
        sizes = [*itertools.chain.from_iterable(self.shapes.values()), *self.decoded.values()]
        return any(polynomials.without_rows(polynomials.unknowns(each)) for each in sizes)


def solutions(meta_graph: Any, inputs: Sequence[Open], outputs: Mapping[str, Shape]) -> tuple[Solution, ...]:
    """Sizes for the open dimensions of all inputs, the likeliest first.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed. Without one all sizes are left open.
      inputs: of a signature.
      outputs: its outputs: name of a tensor in the graph -> the shape that the signature states.
    """
    graph = _Graph(meta_graph, outputs)
    found = [graph.solution(shapes) for shapes in _ranked(graph, inputs)]
    return tuple(sorted(found, key=lambda each: each.broken))


def _ranked(graph: _Graph, inputs: Sequence[Open]) -> Iterator[Sequence[Open]]:
    """The inputs with each possible number of dimensions where that is not known."""
    options = []
    for number, each in enumerate(inputs):
        if each.shape is not None:
            options.append([each])
            continue
        ways = [Open(each.name, (None,) * rank, each.tensor, each.kind, each.usual) for rank in RANKS]
        ways = [way for way in ways if way.shape or each.kind == "dense"]
        if len(inputs) > 1:
            others = [other for place, other in enumerate(inputs) if place != number]
            broken = [graph.solution([way, *others]).broken for way in ways]
            ways = [way for way, count in zip(ways, broken, strict=True) if count == min(broken)]
        options.append(ways)
    # Small numbers of dimensions first, in all inputs alike.
    together = sorted(
        itertools.islice(itertools.product(*(enumerate(ways) for ways in options)), 1000),
        key=lambda chosen: sum(place for place, _ in chosen),
    )
    for chosen in together[:MOST]:
        yield [each for _, each in chosen]


class _Graph:
    """The graph of a signature, walked for several assumptions."""

    def __init__(self, meta_graph: Any, outputs: Mapping[str, Shape]) -> None:
        graph = None if meta_graph is None else meta_graph.graph_def
        self._nodes = index_nodes(graph.node if graph is not None else ())
        functions = graph.library.function if graph is not None else ()
        self._library = {each.signature.name: each for each in functions}
        self._outputs = {tensor_of(name): shape for name, shape in outputs.items() if name}

    def solution(self, inputs: Sequence[Open]) -> Solution:
        """The sizes that follow from the graph."""
        usual: dict[str, int] = {}
        shapes = {each.name: tuple(_dims(each, usual)) for each in inputs}
        notes = Notes()
        scope = Scope(self._nodes, self._library, notes)
        for each in inputs:
            if each.tensor:
                self._begin(scope, each, shapes[each.name])
        scope.walk(self._outputs, _RULES)
        for tensor, stated in self._outputs.items():
            self._end(scope, tensor, stated)
        solved = Solver(notes.equations, usual).solved()
        # A number of rows for which not all would hold is not left open.
        rows = {name: size for name, size in solved.usual.items() if polynomials.Unknown(name).is_rows}

        def known(number: Number) -> Number:
            return polynomials.within(polynomials.within(number, solved.put), rows)

        found = {name: tuple(map(known, dims)) for name, dims in shapes.items()}
        decoded = {name: known(count) for name, count in notes.decoded.items()}
        return Solution(found, usual | solved.usual, solved.broken, decoded)

    def _begin(self, scope: Scope, each: Open, dims: tuple[Number, ...]) -> None:
        tensor = tensor_of(each.tensor)
        if each.kind == "sparse":
            scope.values[tensor] = dims
            scope.shapes[tensor] = (len(dims),)
            return
        if each.kind != "dense":
            return
        scope.shapes[tensor] = dims
        # The placeholder itself may say more than the signature.
        node = self._nodes.get(node_of(tensor))
        for attribute in ("shape", "_output_shapes"):
            if node is not None and attribute in node.attr and tensor.endswith(":0"):
                shown = node.attr[attribute]
                said = shown.shape if attribute == "shape" else next(iter(shown.list.shape), None)
                _compare(scope.notes, dims, None if said is None else shape_of(said))

    @staticmethod
    def _end(scope: Scope, tensor: str, stated: Shape) -> None:
        _compare(scope.notes, scope.shapes.get(tensor), stated)


def _compare(notes: Notes, dims: tuple[Number | None, ...] | None, stated: Shape) -> None:
    if dims is None or stated is None:
        return
    if len(dims) != len(stated):
        notes.refuse()
        return
    for one, other in zip(dims, stated, strict=True):
        notes.equal(one, other)


def _dims(each: Open, usual: dict[str, int]) -> Iterator[Number]:
    """The sizes of an input; what is not known as an unknown."""
    for place, size in enumerate(each.shape or ()):
        if size is not None:
            yield size
        else:
            unknown = polynomials.dimension(each.name, place)
            usual[unknown.name] = each.usual.get(place, 2)
            yield polynomials.size(unknown)

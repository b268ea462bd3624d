"""Finds the sizes of the open dimensions of a signature's inputs."""

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
from hubexplore.summary.sizes.rules import arrays, elements, fused, layers, parts, records, tensor_lists
from hubexplore.summary.sizes.shape_inference import Constraints, ShapeScope
from hubexplore.summary.sizes.solver import Solver

CANDIDATE_RANKS: Final = (1, 0, 2, 3, 4, 5)
"""Ranks that are tried, in this order, for an input whose rank is not known."""
MAX_SOLUTIONS: Final = 12
"""Maximum number of solutions, if several inputs have unknown ranks."""
RULES: Final = {
    **elements.RULES,
    **arrays.RULES,
    **parts.RULES,
    **tensor_lists.RULES,
    **layers.RULES,
    **fused.RULES,
    **records.RULES,
}
"""The rules of all families of ops, by op type."""


@dataclass(frozen=True)
class OpenInput:
    """An input, whose shape may be open.

    Attributes:
      name: name in the signature.
      shape: shape by the signature; None for an unknown rank, a None in it for an unknown size.
      tensor: name of the tensor in the graph; for a sparse input, of the one that holds its dense shape.
      kind: "dense", "sparse" or "ragged".
      usual: dimension -> the size to take if any would do.
    """

    name: str
    shape: Shape
    tensor: str
    kind: str = "dense"
    usual: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Solution:
    """Sizes of all inputs that fit together.

    Attributes:
      shapes: input name -> sizes; unknowns stand for what is left open, among them numbers of rows.
      usual: unknown that is not a number of rows -> the size to take.
      broken: number of equations of the graph that contradict the sizes.
      decoded: name of a DecodeRaw op -> how many numbers it decodes from each string.
    """

    shapes: Mapping[str, tuple[Number, ...]]
    usual: Mapping[str, int]
    broken: int = 0
    decoded: Mapping[str, Number] = field(default_factory=dict)

    def shape(self, name: str, rows: int, size: int | None = None) -> tuple[int, ...]:
        """Returns a full shape for an input.

        Args:
          name: name of the input.
          rows: number of rows.
          size: size for what is left open; None takes the usual sizes.
        """
        return self._filled(self.shapes[name], rows, size)

    def count(self, node: str, rows: int, size: int | None = None) -> int:
        """Returns how many numbers a DecodeRaw op decodes from a string; any number if nothing needs it."""
        count = self.decoded.get(node, polynomials.size_of(polynomials.decoded_unknown(node)))
        # At least one, so that there is something to decode.
        return max(1, *self._filled((count,), rows, size))

    def _filled(self, numbers: Sequence[Number], rows: int, size: int | None) -> tuple[int, ...]:
        names = {name for number in numbers for name in polynomials.unknowns(number)}
        values = {
            name: rows if polynomials.Unknown(name).is_rows else size or self.usual.get(name, 2)
            for name in names
        }
        return tuple(polynomials.evaluate(number, values) for number in numbers)

    @property
    def is_open(self) -> bool:
        """Whether sizes other than the number of rows are left open."""
        sizes = [*itertools.chain.from_iterable(self.shapes.values()), *self.decoded.values()]
        return any(polynomials.without_rows(polynomials.unknowns(size)) for size in sizes)


def solutions(
    meta_graph: Any, inputs: Sequence[OpenInput], outputs: Mapping[str, Shape]
) -> tuple[Solution, ...]:
    """Returns sizes for the open dimensions of all inputs, the likeliest first.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed. None leaves all sizes open.
      inputs: inputs of a signature.
      outputs: outputs of the signature: name of the tensor in the graph -> shape by the signature.
    """
    graph = _Graph(meta_graph, outputs)
    candidates = [graph.solution(shapes) for shapes in _rank_assignments(graph, inputs)]
    return tuple(sorted(candidates, key=lambda solution: solution.broken))


def _rank_assignments(graph: _Graph, inputs: Sequence[OpenInput]) -> Iterator[Sequence[OpenInput]]:
    """Yields the inputs with each likely combination of ranks where these are not known."""
    # All combinations of n inputs would be 6 to the n walks. So ranks are first judged for each input alone,
    # the others left as they are, and only the best are combined.
    options = []
    for position, input_ in enumerate(inputs):
        if input_.shape is not None:
            options.append([input_])
            continue
        ranked = [
            OpenInput(input_.name, (None,) * rank, input_.tensor, input_.kind, input_.usual)
            for rank in CANDIDATE_RANKS
        ]
        ranked = [candidate for candidate in ranked if candidate.shape or input_.kind == "dense"]
        if len(inputs) > 1:
            others = [other for index, other in enumerate(inputs) if index != position]
            broken = [graph.solution([candidate, *others]).broken for candidate in ranked]
            ranked = [
                candidate for candidate, count in zip(ranked, broken, strict=True) if count == min(broken)
            ]
        options.append(ranked)
    # In the order of CANDIDATE_RANKS, the earlier ones first for all inputs together.
    combinations = sorted(
        itertools.islice(itertools.product(*(enumerate(ranked) for ranked in options)), 1000),
        key=lambda combination: sum(index for index, _ in combination),
    )
    for combination in combinations[:MAX_SOLUTIONS]:
        yield [candidate for _, candidate in combination]


class _Graph:
    """The graph of a signature, indexed once, for shape inference under several assumptions."""

    def __init__(self, meta_graph: Any, outputs: Mapping[str, Shape]) -> None:
        graph = None if meta_graph is None else meta_graph.graph_def
        self._nodes = index_nodes(graph.node if graph is not None else ())
        functions = graph.library.function if graph is not None else ()
        self._library = {function.signature.name: function for function in functions}
        self._outputs = {tensor_of(name): shape for name, shape in outputs.items() if name}

    def solution(self, inputs: Sequence[OpenInput]) -> Solution:
        """Returns the sizes that follow from the graph if the inputs have these ranks."""
        usual: dict[str, int] = {}
        shapes = {input_.name: tuple(_dims(input_, usual)) for input_ in inputs}
        constraints = Constraints()
        scope = ShapeScope(self._nodes, self._library, constraints)
        for input_ in inputs:
            if input_.tensor:
                self._set_input(scope, input_, shapes[input_.name])
        scope.infer(self._outputs, RULES)
        for tensor, declared in self._outputs.items():
            self._equate_output(scope, tensor, declared)
        assignment = Solver(constraints.equations, usual).solve()
        # A number of rows is left open only if any number will do.
        rows = {name: size for name, size in assignment.usual.items() if polynomials.Unknown(name).is_rows}

        def solved(number: Number) -> Number:
            return polynomials.substitute(polynomials.substitute(number, assignment.bindings), rows)

        sizes = {name: tuple(map(solved, dims)) for name, dims in shapes.items()}
        decoded = {name: solved(count) for name, count in constraints.decoded_counts.items()}
        return Solution(sizes, usual | assignment.usual, assignment.broken, decoded)

    def _set_input(self, scope: ShapeScope, input_: OpenInput, dims: tuple[Number, ...]) -> None:
        tensor = tensor_of(input_.tensor)
        if input_.kind == "sparse":
            # The dense shape of a sparse input is fed as a tensor, so the sizes are its content.
            scope.values[tensor] = dims
            scope.shapes[tensor] = (len(dims),)
            return
        # A ragged input is fed as flat values and row splits, whose sizes depend on the rows given.
        if input_.kind != "dense":
            return
        scope.shapes[tensor] = dims
        # The placeholder itself may know more than the signature.
        node = self._nodes.get(node_of(tensor))
        for attribute in ("shape", "_output_shapes"):
            if node is not None and attribute in node.attr and tensor.endswith(":0"):
                declared = node.attr[attribute]
                proto = declared.shape if attribute == "shape" else next(iter(declared.list.shape), None)
                _equate(scope.constraints, dims, None if proto is None else shape_of(proto))

    @staticmethod
    def _equate_output(scope: ShapeScope, tensor: str, declared: Shape) -> None:
        _equate(scope.constraints, scope.shapes.get(tensor), declared)


def _equate(constraints: Constraints, dims: tuple[Number | None, ...] | None, declared: Shape) -> None:
    if dims is None or declared is None:
        return
    if len(dims) != len(declared):
        constraints.refuse()
        return
    for size, declared_size in zip(dims, declared, strict=True):
        constraints.equal(size, declared_size)


def _dims(input_: OpenInput, usual: dict[str, int]) -> Iterator[Number]:
    """Yields the sizes of an input, an unknown for each that is open."""
    for axis, size in enumerate(input_.shape or ()):
        if size is not None:
            yield size
        else:
            unknown = polynomials.dimension(input_.name, axis)
            usual[unknown.name] = input_.usual.get(axis, 2)
            yield polynomials.size_of(unknown)

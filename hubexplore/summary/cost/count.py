"""Counts what a signature costs: shapes are followed through its graph, and each op is counted on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hubexplore.errors import DiagramError, SignatureError
from hubexplore.summary.cost.counter import CostCounter, Findings
from hubexplore.summary.cost.formulas import symbol_text
from hubexplore.summary.cost.given_shapes import given_shapes
from hubexplore.summary.cost.model import Cost, OpCost
from hubexplore.summary.graph.functions.inner_tensors import flat_view
from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of
from hubexplore.summary.lookup import default_signature, named_signature
from hubexplore.summary.model import (
    UNNEEDED,
    ModuleSummary,
    Shape,
    SignatureSummary,
    TensorSummary,
    VariantSummary,
)
from hubexplore.summary.sizes import OpenInput, polynomials, solutions
from hubexplore.summary.sizes.open_dimensions import RULES
from hubexplore.summary.sizes.polynomials import Number, TooComplexError
from hubexplore.summary.sizes.shape_inference import Constraints, ShapeScope
from hubexplore.summary.sizes.solver import Solver
from hubexplore.summary.without_gc import without_gc

MAX_NODES: Final = 2_000_000
"""Maximum number of nodes that are counted; those of a function count each time that it is called."""
MAX_EQUATIONS: Final = 2_000
"""Maximum number of equations between open sizes that are solved; with more, all of them stay open."""
MAX_NAMED: Final = 4
"""Maximum number of ops that a note names."""

MSG_NO_GRAPH: Final = (
    "The cost is counted in the graph, but this summary has none: it was not made by "
    "hubexplore.summarize(path or module). Summarise the module again."
)
MSG_CONFLICT: Final = (
    "These shapes do not fit signature {signature!r}: at op {op!r} ({type}) sizes differ that must be "
    "equal.{fitting}"
)
MSG_DECLARED_CONFLICT: Final = (
    "At op {op!r} ({type}) sizes differ that must be equal, so this signature may not run on these shapes."
)


def cost_of(
    summary: ModuleSummary,
    variant: VariantSummary,
    inputs: Any = None,
    signature: str | None = None,
    batch: int | None = 1,
) -> Cost:
    """Returns what a signature costs.

    Linear in the nodes that it needs; nothing is run, and TensorFlow is not imported.

    Args:
      summary: of a module, with its graphs.
      variant: one of its graph variants.
      inputs: shapes or values; see `given_shapes`.
      signature: its name; None for `default`, or `serving_default` of a SavedModel.
      batch: number of rows where the inputs leave it open; None counts with a symbol for it.

    Raises:
      DiagramError: (a ValueError) the summary has no graph.
      NoSuchSignatureError: (a KeyError and ValueError) the variant lacks the signature.
      SignatureError: (a TypeError and ValueError) a shape does not fit.
    """
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source else None
    if meta_graph is None:
        raise DiagramError(MSG_NO_GRAPH)
    names = [entry.name for entry in variant.signatures]
    if signature is None:
        signature = names[0] if len(names) == 1 else default_signature(names)
    chosen = named_signature(variant, signature)
    if not _is_batch(batch):
        raise SignatureError(
            f"batch is a number of rows, at least 1, or None for an open one, not {batch!r}."
        )
    shapes = given_shapes(chosen, inputs, batch)
    with without_gc():
        given = _Given(shapes, inputs is not None, batch)
        return _Count(meta_graph, variant, chosen, given).result(summary.title)


def _is_batch(batch: Any) -> bool:
    return batch is None or (isinstance(batch, int) and not isinstance(batch, bool) and batch >= 1)


class _Given(NamedTuple):
    """The shapes of the inputs, whether the user gave some of them, and the number of rows of the others."""

    shapes: Mapping[str, Shape]
    by_user: bool
    batch: int | None


class _Count:
    """One count: the graph, what is assumed for its inputs, and what is found."""

    def __init__(
        self, meta_graph: Any, variant: VariantSummary, signature: SignatureSummary, given: _Given
    ) -> None:
        self._meta_graph, self._variant, self._signature = meta_graph, variant, signature
        self._shapes, self._is_given, self._batch = dict(given.shapes), given.by_user, given.batch
        graph = meta_graph.graph_def
        flat = flat_view(graph)
        self._nodes = index_nodes(graph.node if flat is None else flat.nodes)
        functions = graph.library.function if flat is None else flat.functions
        self._library = {function.signature.name: function for function in functions}
        # Tensor of an inlined call -> the tensor that has its value.
        self._tensors: Mapping[str, str] = {} if flat is None else flat.tensors
        # Variables that no signature needs have nodes too; they are not read.
        self._weights = dict(_weights(variant))
        self._constraints = Constraints(budget=MAX_NODES)
        self._findings = Findings(self._weights, self._constraints.equations, functions=self._library.keys())

    def result(self, title: str) -> Cost:
        """Walks the graph and returns the cost."""
        counter = self._walked()
        entries, bindings = counter.finished(), self._bindings(counter)
        if bindings:
            entries = [_substituted(entry, bindings) for entry in entries]
        ops = tuple(entries)
        missing = tuple(_missing(ops))
        unused = sum(count for name, count in self._weights.items() if name not in self._findings.read)
        shapes = tuple((tensor.name, self._shown(tensor, bindings)) for tensor in self._signature.inputs)
        return Cost(
            title, self._signature.name, self._variant.tags, shapes, ops, unused, missing,
            tuple(self._notes(ops)), tuple(self._readers()),
        )  # fmt: skip

    def _walked(self) -> CostCounter:
        scope = ShapeScope(self._nodes, self._library, self._constraints)
        counter = CostCounter(self._findings, self._nodes, scope.values)
        scope.observer = counter
        self._settle_inputs()
        for tensor in self._signature.inputs:
            self._feed(scope, tensor)
        self._findings.rows = self._rows()
        self._findings.fed = {node_of(tensor) for tensor in (*scope.shapes, *scope.values)}
        outputs = [tensor for output in self._signature.outputs for tensor in output.tensors]
        scope.infer([self._name(tensor) for tensor in outputs], RULES)
        if self._findings.conflict is not None and self._is_given:
            raise SignatureError(self._conflict_message(*self._findings.conflict))
        return counter

    def _rows(self) -> Number | None:
        """Returns the number of rows: the first dimension of the first input that leaves it open."""
        for tensor in self._signature.inputs:
            shape = self._shapes[tensor.name]
            if shape and (not tensor.shape or tensor.shape[0] is None):
                return next(self._sizes(tensor.name, shape))
        return None

    def _name(self, tensor: str) -> str:
        full = tensor_of(tensor)
        return self._tensors.get(full, full)

    def _settle_inputs(self) -> None:
        """Takes the ranks and sizes that the graph suggests for inputs that leave them open."""
        if all(shape is not None and None not in shape[1:] for shape in self._shapes.values()):
            return
        # The solver counts in rows that stay open, by which it knows what one row must be.
        for name, dims in self._solved().items():
            shape = self._shapes[name]
            sizes = tuple(size if isinstance(size, int) else None for size in dims)
            if shape is None:
                self._shapes[name] = (self._batch, *sizes[1:]) if sizes[:1] == (None,) else sizes
            elif len(shape) == len(sizes):
                self._shapes[name] = tuple(
                    known if size is None else size for size, known in zip(shape, sizes, strict=True)
                )

    def _solved(self) -> Mapping[str, Sequence[Number]]:
        """Returns sizes of the declared inputs that fit together, as far as the graph tells."""
        inputs = [
            OpenInput(tensor.name, tensor.shape, _first_tensor(tensor), tensor.kind)
            for tensor in self._signature.inputs
        ]
        outputs = {output.tensor: output.shape for output in self._signature.outputs if output.tensor}
        found = solutions(self._meta_graph, inputs, outputs)
        return found[0].shapes if found else {}

    def _feed(self, scope: ShapeScope, tensor: TensorSummary) -> None:
        shape = self._shapes[tensor.name]
        dims = None if shape is None else tuple(self._sizes(tensor.name, shape))
        if tensor.kind == "dense":
            if tensor.tensor:
                scope.shapes[self._name(tensor.tensor)] = dims
            return
        for part in tensor.components:
            name = self._name(part.tensor)
            scope.shapes[name] = part.shape
            # The dense shape of a sparse input is fed as a tensor, so the sizes are its content.
            if tensor.kind == "sparse" and part.role == "dense_shape" and dims is not None:
                scope.values[name] = dims
                scope.shapes[name] = (len(dims),)

    @staticmethod
    def _sizes(name: str, shape: Sequence[int | None]) -> Iterator[Number]:
        for axis, size in enumerate(shape):
            yield polynomials.size_of(polynomials.dimension(name, axis)) if size is None else size

    def _bindings(self, counter: CostCounter) -> dict[str, Number]:
        """Returns the open sizes that follow from the graph."""
        equations = [
            equation for equation in self._constraints.equations if not isinstance(equation.difference, int)
        ]
        if not equations or len(equations) > MAX_EQUATIONS:
            return {}
        if not any(_symbols(entry) for entry in counter.entries):
            return {}
        return Solver(equations, {}).solve().bindings

    def _shown(self, tensor: TensorSummary, bindings: Mapping[str, Number]) -> Shape:
        shape = self._shapes[tensor.name]
        if shape is None:
            return None
        sizes = [polynomials.substitute(size, bindings) for size in self._sizes(tensor.name, shape)]
        return tuple(size if isinstance(size, int) else None for size in sizes)

    def _conflict_message(self, op: str, op_type: str) -> str:
        fitting = ""
        solved = self._solved()
        if solved:
            texts = [f"{name} {_shape_text(dims)}" for name, dims in list(solved.items())[:MAX_NAMED]]
            fitting = f" Shapes that fit: {', '.join(texts)}; ? stands for any size."
        return MSG_CONFLICT.format(signature=self._signature.name, op=op, type=op_type, fitting=fitting)

    def _readers(self) -> Iterator[tuple[str, str]]:
        """Yields (variable, op that is the first to read it, or its first part)."""
        read = self._findings.read
        for variable in self._variant.variables:
            node = variable.partitions[0].node if variable.partitions else variable.node
            if node in read:
                yield variable.name, read[node]

    def _notes(self, ops: Sequence[OpCost]) -> Iterator[str]:
        findings = self._findings
        if findings.conflict is not None:
            op, op_type = findings.conflict
            yield MSG_DECLARED_CONFLICT.format(op=op, type=op_type)
        if findings.assumed:
            yield (
                f"The first dimension of the outputs of {counted(findings.assumed)} is not known before the "
                f"graph runs. It is counted as the number of rows, which may be too few or too many."
            )
        if findings.empty:
            more = len(findings.empty) - 1
            others = f" and of {counted(more)} more" if more else ""
            yield (
                f"With these shapes of the inputs, the output of op {findings.empty[0]!r}{others} has no "
                f"elements, so that nothing is multiplied. Count again with the shapes of real inputs."
            )
        if findings.unsized:
            yield (
                f"Not counted, because a size in the graph is not known before it runs: "
                f"{_first_of(findings.unsized)}."
            )
        if findings.opaque:
            yield f"Not counted, because they run programs of their own: {_first_of(findings.opaque)}."
        if findings.endless:
            names = ", ".join(map(repr, findings.endless[:MAX_NAMED]))
            more = len(findings.endless) - MAX_NAMED
            yield (
                f"Counted for a single pass, because the number of passes of the loop depends on values: "
                f"{names}{f' and {more:,} more' if more > 0 else ''}."
            )
        if findings.branches:
            yield "Of the branches of a condition only the one that costs most is counted."
        if findings.switches:
            yield "Both sides of the conditions (Switch and Merge) are counted."
        if self._constraints.budget < 0:
            yield f"Only the first {MAX_NODES:,} ops are counted."
        unknown = sum(1 for op in ops if op.activation_bytes is None)
        if unknown:
            yield (
                f"The sizes of the outputs of {counted(unknown)} are not known; these are not in the sum of "
                f"bytes."
            )


def _weights(variant: VariantSummary) -> Iterator[tuple[str, int]]:
    """Yields (node, number of elements) of the variables that are needed; parts count by themselves."""
    for variable in variant.variables:
        if variable.kind == UNNEEDED:
            continue
        if variable.partitions:
            for part in variable.partitions:
                size = 1
                for extent in part.shape:
                    size *= extent
                yield part.node, size
        elif variable.node:
            yield variable.node, variable.parameters or 0


def _first_tensor(tensor: TensorSummary) -> str:
    if tensor.kind == "sparse":
        return next((part.tensor for part in tensor.components if part.role == "dense_shape"), "")
    return tensor.tensor


def _symbols(entry: OpCost) -> frozenset[str]:
    numbers = (entry.multiply_adds, entry.activation_bytes)
    return frozenset(
        name
        for number in numbers
        if number is not None and number.__class__ is not int
        for name in polynomials.unknowns(number)
    )


def _substituted(entry: OpCost, bindings: Mapping[str, Number]) -> OpCost:
    try:
        return entry._replace(
            multiply_adds=_bound(entry.multiply_adds, bindings),
            activation_bytes=_bound(entry.activation_bytes, bindings),
            passes=_bound(entry.passes, bindings),
        )
    except TooComplexError:
        return entry


def _bound(number: Number | None, bindings: Mapping[str, Number]) -> Number | None:
    return number if number is None or isinstance(number, int) else polynomials.substitute(number, bindings)


def _missing(ops: Iterable[OpCost]) -> Iterator[str]:
    """Yields the open sizes that costs depend on, as in "tokens[1]"."""
    # Most of many thousand ops have numbers only: no call for each of them.
    symbolic = (
        op for op in ops if op.multiply_adds.__class__ is not int or op.activation_bytes.__class__ is not int
    )
    names = sorted({name for op in symbolic for name in _symbols(op)})
    yield from map(symbol_text, names)


def counted(count: int) -> str:
    """Returns "1 op" or "1,234 ops"."""
    return f"{count:,} op{'' if count == 1 else 's'}"


def _first_of(ops: Mapping[str, str]) -> str:
    texts = [f"{op_type} ({path!r})" for op_type, path in list(ops.items())[:MAX_NAMED]]
    more = len(ops) - MAX_NAMED
    return ", ".join(texts) + (f" and {more:,} more types" if more > 0 else "")


def _shape_text(dims: Sequence[Number]) -> str:
    sizes = [str(size) if isinstance(size, int) else "?" for size in dims]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

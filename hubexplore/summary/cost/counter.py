"""Counts while shape inference walks the graph: an entry for each op, in the order in which ops run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from hubexplore.summary.cost.loops import passes_of_frame, passes_of_while
from hubexplore.summary.cost.memory import HANDS_ON, OutputBytes
from hubexplore.summary.cost.model import OpCost
from hubexplore.summary.cost.products import Count, count_of, is_opaque
from hubexplore.summary.graph.functions.bodies import bodies_of
from hubexplore.summary.sizes.polynomials import Number, TooComplexError
from hubexplore.summary.sizes.shape_inference import Dims, Equation, Op

_VARIABLES: Final = frozenset({"VarHandleOp", "Variable", "VariableV2"})
_READING: Final = frozenset(
    {"Identity", "ReadVariableOp", "Enter", "RefEnter", "Cast", "RefIdentity", "IdentityN"}
)
"""Ops that hand on a variable; the op behind them is the one that uses it."""
_JOINING: Final = frozenset({"Concat", "ConcatV2"})
_ENTERING: Final = frozenset({"Enter", "RefEnter"})
_LEAVING: Final = frozenset({"Exit", "RefExit"})
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_BRANCHES: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_SWITCHES: Final = frozenset({"Switch", "RefSwitch"})

Origin = tuple[str, ...]
"""Names of the nodes of variables, or of the parts of one, that a tensor is the value of."""


@dataclass
class Findings:
    """What all counters of a signature find together.

    Attributes:
      weights: name of the node of a variable, or of a constant that is a weight -> number of its elements.
      equations: between sizes, to which shape inference adds.
      read: node in `weights` that was read -> path of the op that was the first to read it.
      opaque: type of an op whose products cannot be counted -> path of the first one.
      unsized: types of ops whose products are unknown for lack of a size -> name of the first one.
      endless: names of loops whose number of passes is not known.
      branches: number of ops that choose between branches, of which the one that costs most is counted.
      switches: number of conditions of TF1 whose sides are both counted.
      conflict: (path, type) of the first op whose inputs do not fit.
      fed: names of the nodes of the graph that are fed, and so do not run.
      functions: names of the functions of the graph.
      rows: what a first dimension is counted as that the graph leaves open; None to leave it unknown.
      assumed: number of ops for which that was done.
      empty: paths of ops that multiply nothing, because their outputs have no elements.
    """

    weights: Mapping[str, int]
    equations: dict[Equation, None]
    read: dict[str, str] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    unsized: dict[str, str] = field(default_factory=dict)
    endless: list[str] = field(default_factory=list)
    branches: int = 0
    switches: int = 0
    conflict: tuple[str, str] | None = None
    fed: Collection[str] = frozenset()
    functions: Collection[str] = frozenset()
    rows: Number | None = None
    assumed: int = 0
    empty: list[str] = field(default_factory=list)


class _Kind(NamedTuple):
    """What follows from the type of an op: how its products are counted, and what else it does."""

    products: Count | None
    hands_on: bool
    enters: bool
    is_switch: bool


class CostCounter:
    """An observer of shape inference: counts the ops of a graph, or of the body of a function.

    Args:
      findings: what is shared by all bodies.
      nodes: of the graph by name; of a function those of its body.
      values: contents of small tensors, which shape inference fills.
      prefix: what the paths of the ops begin with: "" or "while/body/".
      origins: tensor -> the variables that it is the value of, for arguments of a function.
    """

    # Costs some microseconds per op: what follows from an op's type is looked up once for each type, and
    # each field of a message is read once.

    def __init__(
        self,
        findings: Findings,
        nodes: Mapping[str, Any],
        values: Mapping[str, Any],
        prefix: str = "",
        origins: dict[str, Origin] | None = None,
    ) -> None:
        self.entries: list[OpCost] = []
        self._findings, self._nodes, self._values, self._prefix = findings, nodes, values, prefix
        self._origins: dict[str, Origin] = {} if origins is None else origins
        self._bytes = OutputBytes(findings.functions)
        self._kinds: dict[str, _Kind] = {}
        self._inner: list[tuple[Op, CostCounter]] = []
        # Loops of TF1: node -> the frames that it is in, and frame -> its condition.
        self._frames: dict[str, tuple[str, ...]] = {}
        self._conditions: dict[str, Any] = {}
        self._equations = len(findings.equations)

    # ---- what shape inference calls

    def enter(self, op: Op, function: Any, values: Mapping[str, Any]) -> CostCounter:
        """Returns the counter of the body of a function that an op runs."""
        edges = op.edges[1:] if op.type in _BRANCHES else op.edges
        origins = {
            f"{argument.name}:0": self._origins[edge]
            for argument, edge in zip(function.signature.input_arg, edges, strict=False)
            if edge in self._origins
        }
        index = sum(1 for owner, _ in self._inner if owner is op)
        bodies = bodies_of(op.node, {function.signature.name: function})
        if op.type in _BRANCHES | _LOOPS:
            bodies = bodies_of(op.node, op.functions)
            if op.type in _LOOPS:
                bodies = [body for body in bodies if body.role == "body"]
        body = bodies[index] if index < len(bodies) else None
        path = self._prefix + (op.name if body is None else body.path(op.name))
        nodes = {node.name: node for node in function.node_def}
        inner = CostCounter(self._findings, nodes, values, f"{path}/", origins)
        self._inner.append((op, inner))
        return inner

    def see(self, op: Op, outputs: Sequence[Dims]) -> None:
        """Adds an op."""
        name, findings = op.name, self._findings
        if not self._prefix and name in findings.fed:
            return
        kind = self._kinds.get(op.type) or self._kind_of(op)
        if self._inner and self._inner[-1][0] is op:
            self._add_bodies(op)
        parameters = 0
        if findings.weights and not (op.edges and self._origins.keys().isdisjoint(op.edges)):
            parameters = self._read_weights(op)
        if self._frames or kind.enters:
            self._follow_frames(op, name)
        # What hands on its input costs nothing, and what shape inference computes is arithmetic of shapes.
        is_free = kind.products is None and (
            kind.hands_on or (not parameters and f"{name}:0" in self._values)
        )
        products, size = (0, 0) if is_free else self._counted(op, kind, outputs)
        if products is None or size is None:
            products, size = self._with_rows(op, kind, outputs)
        if kind.products is not None and products == 0 and any(dims and 0 in dims for dims in outputs):
            findings.empty.append(self._prefix + name)
        if parameters or products != 0 or size != 0:
            self.entries.append(OpCost(self._prefix + name, op.type, parameters, products, size))
        if kind.is_switch and not self._frames:
            findings.switches += 1
        if len(findings.equations) != self._equations:
            self._look_for_conflict(op)

    # ---- parts

    def _kind_of(self, op: Op) -> _Kind:
        """Returns what is to know about an op's type, and remembers it."""
        op_type, count = op.type, count_of(op.type)
        if count is None and is_opaque(op_type):
            self._findings.opaque.setdefault(op_type, self._prefix + op.name)
        kind = _Kind(count, op_type in HANDS_ON, op_type in _ENTERING, op_type in _SWITCHES)
        self._kinds[op_type] = kind
        return kind

    def _counted(self, op: Op, kind: _Kind, outputs: Sequence[Dims]) -> tuple[Number | None, Number | None]:
        """Returns the multiply-adds of an op and the bytes of its outputs; None for what is not known."""
        count = kind.products
        try:
            products = 0 if count is None else count(op, outputs)
            size = 0 if kind.hands_on else self._bytes.of(op.type, op.attr, outputs)
        except (TooComplexError, IndexError, KeyError, TypeError, ValueError):
            # A size is too complex, or the graph is not as TensorFlow writes it.
            return (0 if count is None else None), None
        return products, size

    def _with_rows(self, op: Op, kind: _Kind, outputs: Sequence[Dims]) -> tuple[Number | None, Number | None]:
        """Counts an op as if a first dimension that is not known were the number of rows."""
        findings = self._findings
        if findings.rows is not None:
            filled = [_with_first(dims, findings.rows) for dims in outputs]
            products, size = self._counted(_WithRows(op, findings.rows), kind, filled)
            if products is not None and size is not None:
                findings.assumed += 1
        else:
            products, size = self._counted(op, kind, outputs)
        if products is None:
            findings.unsized.setdefault(op.type, self._prefix + op.name)
        return products, size

    def _look_for_conflict(self, op: Op) -> None:
        """Remembers the first op whose inputs have sizes that cannot be equal."""
        equations = self._findings.equations
        added = len(equations) - self._equations
        self._equations = len(equations)
        if self._findings.conflict is None and any(map(cannot_hold, islice(reversed(equations), added))):
            self._findings.conflict = (self._prefix + op.name, op.type)

    def _read_weights(self, op: Op) -> int:
        """Returns how many elements of variables an op is the first to read."""
        origins, weights, name, op_type = self._origins, self._findings.weights, op.name, op.type
        if not op.edges:
            if name in weights and not self._prefix:
                origins[f"{name}:0"] = (name,)
            return 0
        sources = [origins[edge] for edge in op.edges if edge in origins]
        if op_type in _READING and len(sources) == 1:
            origins[f"{name}:0"] = sources[0]
            return 0
        # The parts of a partitioned variable are joined before they are used; the axis has no origin.
        if op_type in _JOINING and len(sources) == len(op.edges) - 1:
            origins[f"{name}:0"] = tuple(part for source in sources for part in source)
            return 0
        if op_type in _LOOPS | _BRANCHES or op_type in op.functions:
            return 0  # its body reads them
        read = self._findings.read
        count = 0
        for source in sources:
            for part in source:
                if part not in read:
                    read[part] = self._prefix + name
                    count += weights[part]
        return count

    def _follow_frames(self, op: Op, name: str) -> None:
        """Notes in which loops of TF1 an op is."""
        op_type = op.type
        frames = max((self._frames.get(edge.partition(":")[0], ()) for edge in op.edges), key=len, default=())
        if op_type in _ENTERING:
            frames = (*frames, op.text("frame_name", name))
        elif op_type in _LEAVING:
            frames = frames[:-1]
        if frames:
            self._frames[name] = frames
            if op_type == "LoopCond":
                self._conditions[frames[-1]] = op.node

    def _add_bodies(self, op: Op) -> None:
        """Adds what the bodies that an op runs cost."""
        bodies = []
        while self._inner and self._inner[-1][0] is op:
            bodies.append(self._inner.pop()[1].finished())
        bodies.reverse()
        if op.type in _LOOPS:
            passes = passes_of_while(op)
            if passes is None:
                self._findings.endless.append(self._prefix + op.name)
            self.entries += [repeated(entry, passes) for entry in bodies[0]]
        elif op.type in _BRANCHES and len(bodies) > 1:
            self._findings.branches += 1
            costliest = max(range(len(bodies)), key=lambda index: _weight(bodies[index]))
            for index, entries in enumerate(bodies):
                self.entries += entries if index == costliest else [repeated(entry, 0) for entry in entries]
        else:
            self.entries += [entry for entries in bodies for entry in entries]

    def finished(self) -> list[OpCost]:
        """Returns the entries, those in loops of TF1 multiplied by the passes."""
        if not self._frames:
            return self.entries
        passes: dict[str, Number | None] = {}
        for name, condition in self._conditions.items():
            passes[name] = passes_of_frame(self._nodes, self._values, condition)
            if passes[name] is None:
                self._findings.endless.append(self._prefix + condition.name)
        start = len(self._prefix)
        entries = []
        for entry in self.entries:
            for frame in self._frames.get(entry.name[start:], ()):
                entry = repeated(entry, passes.get(frame))  # noqa: PLW2901 - once for each loop around it
            entries.append(entry)
        return entries


class _WithRows(Op):
    """An op as rules see it, whose inputs have a number of rows where their first dimension is not known."""

    __slots__ = ("_rows",)

    def __init__(self, op: Op, rows: Number) -> None:
        for name in Op.__slots__:
            setattr(self, name, getattr(op, name))
        self._rows = rows

    def shape(self, index: int) -> Dims:
        return _with_first(super().shape(index), self._rows)


def _with_first(dims: Dims, rows: Number) -> Dims:
    return (rows, *dims[1:]) if dims and dims[0] is None else dims


def cannot_hold(equation: Equation) -> bool:
    """Whether an equation between known sizes is wrong, and TensorFlow refuses such sizes."""
    difference = equation.difference
    if not isinstance(difference, int) or not equation.firm:
        return False
    return difference < 0 or (difference != 0 and not equation.is_inequality)


def repeated(entry: OpCost, passes: Number | None) -> OpCost:
    """Returns the cost of an op in a loop; for an unknown number of passes that of one of them."""
    if passes is None:
        return entry._replace(passes=None)
    return entry._replace(
        multiply_adds=None if entry.multiply_adds is None else entry.multiply_adds * passes,
        activation_bytes=None if entry.activation_bytes is None else entry.activation_bytes * passes,
        passes=None if entry.passes is None else entry.passes * passes,
    )


def _weight(entries: Sequence[OpCost]) -> tuple[int, int]:
    """Returns by what branches are compared: products, then bytes; a formula counts as one."""
    return (
        sum(entry.multiply_adds if isinstance(entry.multiply_adds, int) else 1 for entry in entries),
        sum(entry.activation_bytes if isinstance(entry.activation_bytes, int) else 1 for entry in entries),
    )

"""Follows shapes from the inputs of a signature to its outputs, and collects what has to be equal on the way.

TensorFlow's own shape inference cannot do this: it knows an open dimension only as "unknown", so a product or
quotient of it is unknown too, and a conflict is an error instead of an equation to solve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of, tensor_of
from hubexplore.summary.model import elements
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number

Dims = tuple[Number | None, ...] | None
"""A shape; None is an unknown rank, a None in it a size of which nothing is known."""
Value = tuple[Number | None, ...] | Number
"""The content of a small tensor of integers: a number for a scalar, else its entries row by row."""
Rule = Callable[["Op"], Sequence[Dims] | Dims | None]
"""Returns the shapes of the outputs of an op, a list unless there is one output; adds equations."""

MAX_NODES: Final = 100_000
"""Maximum number of nodes that are visited; those of functions count at each call."""
MAX_ENTRIES: Final = 4096
"""Maximum number of entries of a constant whose content is followed."""
_MAX_DEPTH: Final = 8
"""Maximum depth of functions that call functions."""
_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "SymbolicGradient"})
_BRANCHES: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_CALLING: Final = _CALLS | _BRANCHES | _LOOPS
_HANDING_ON: Final = _CALLING | {"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch"}
"""Ops that may hand on the handle of a variable."""
_INTEGERS: Final[dict[int, np.dtype[Any]]] = {3: np.dtype("<i4"), 9: np.dtype("<i8")}
"""DataType number of int32 and int64 -> NumPy dtype; shapes are computed in no other one."""
_LOOP_END: Final = None
"""Stands in a stack for the ends of the loops that were entered."""
# In a function an edge names the output argument of its op; the ones here are not the first.
_SECOND_OUTPUTS: Final = frozenset({
    "output_true", "value_index", "indices", "idx", "batch_mean",
})  # fmt: skip


class Observer(Protocol):
    """Follows what shape inference finds out."""

    def see(self, op: Op, outputs: Sequence[Dims]) -> None:
        """Takes an op, and the shapes of its outputs."""

    def enter(self, op: Op, function: Any, values: Mapping[str, Value]) -> Observer | None:
        """Returns the observer of the body of a function that an op runs; None to follow nothing there.

        `values` will be the contents of its small tensors of integers.
        """


@dataclass(frozen=True)
class Equation:
    """A condition that sizes have to meet.

    Attributes:
      difference: the size that has to be 0.
      is_inequality: whether the difference only must not be negative.
      firm: whether TensorFlow refuses other sizes; else they are only unusual.
    """

    difference: Number
    is_inequality: bool = False
    firm: bool = True


@dataclass
class Constraints:
    """What shape inference finds out; shared by the graph and the functions that it calls."""

    equations: dict[Equation, None] = field(default_factory=dict)
    budget: int = MAX_NODES
    element_shapes: dict[str, Dims] = field(default_factory=dict)
    """Name of the op that makes a TensorArray, or of a list tensor -> shape of its elements."""
    decoded_counts: dict[str, Number] = field(default_factory=dict)
    """Name of a DecodeRaw op -> how many numbers it decodes from each string."""

    def equal(self, size: Number | None, other_size: Number | None, firm: bool = True) -> Number | None:
        """Requires two sizes to be equal; returns the one that is known better."""
        if size is None or other_size is None:
            return other_size if size is None else size
        if size != other_size:
            self.equations[Equation(size - other_size, firm=firm)] = None
        # A number is worth more than an unknown; between two unknowns the solver decides.
        return other_size if isinstance(other_size, int) else size

    def at_least(self, size: Number | None, minimum: int, firm: bool = True) -> None:
        """Requires a size not to be less than a number."""
        if size is not None and not (isinstance(size, int) and size >= minimum):
            self.equations[Equation(size - minimum, is_inequality=True, firm=firm)] = None

    def equal_shapes(self, shapes: Sequence[tuple[Number | None, ...]]) -> Dims:
        """Requires shapes to be equal; returns what is known of all together, None if the ranks differ."""
        if any(len(dims) != len(shapes[0]) for dims in shapes):
            self.refuse()
            return None
        merged = shapes[0]
        for dims in shapes[1:]:
            merged = tuple(
                self.equal(size, other_size) for size, other_size in zip(merged, dims, strict=True)
            )
        return merged

    def refuse(self) -> None:
        """Adds an equation that no sizes meet."""
        self.equations[Equation(1)] = None


@dataclass
class ShapeScope:
    """The shapes and contents of the tensors of a graph, or of a function that is called.

    Attributes:
      nodes: name -> NodeDef-shaped message.
      library: function name -> FunctionDef-shaped message.
      constraints: where equations go.
      depth: number of calls that the scope is nested in.
      shapes: full tensor name -> shape; those of the inputs are set before `infer`.
      values: full tensor name -> content, for small tensors of integers.
      observer: gets each op with the shapes of its outputs; None for no one.
    """

    nodes: Mapping[str, Any]
    library: Mapping[str, Any]
    constraints: Constraints
    depth: int = 0
    shapes: dict[str, Dims] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    observer: Observer | None = None

    def infer(self, targets: Iterable[str], rules: Mapping[str, Rule]) -> None:
        """Infers the shapes of the named tensors, from tensors that have a shape already."""
        # Linear in the nodes between them and in those of functions that are called, each time they are
        # called; beyond `MAX_NODES` the rest stays unknown. Invariant: each node is visited once, after its
        # inputs, except where a loop of TF1 closes: that input is unknown when its Merge is visited, see
        # `Op._merged_shape`.
        constraints, shapes, observer = self.constraints, self.shapes, self.observer
        for op in self._inputs_first(targets, rules):
            constraints.budget -= 1
            if constraints.budget < 0:
                return
            outputs = op.outputs()
            # The shape that is assumed for an input stays.
            if len(outputs) == 1:
                shapes.setdefault(f"{op.name}:0", outputs[0])
            else:
                for index, dims in enumerate(outputs):
                    shapes.setdefault(f"{op.name}:{index}", dims)
            if observer is not None:
                observer.see(op, outputs)

    def _inputs_first(self, targets: Iterable[str], rules: Mapping[str, Rule]) -> Iterator[Op]:
        """Yields the ops that the targets need, each after its inputs, unless an edge closes a cycle."""
        # Some hundred nanoseconds for each node: reading a field of a message is what costs, so that each is
        # read once, and an op that waits for its inputs is itself what stands in the stack.
        nodes = self.nodes
        stops = {node_of(tensor) for tensor in self.shapes}
        seen: set[str] = set()
        # Invariant: the inputs of an op in the stack are above it, or were visited.
        stack: list[str | Op | None] = [node_of(target) for target in targets]
        # The body of a loop of TF1 comes after its Merge and Switch, which begin it, and before its Exit.
        loop_ends: list[str] = []
        while stack or loop_ends:
            item = stack.pop() if stack else _LOOP_END
            if isinstance(item, Op):
                yield item
            elif item is None:  # _LOOP_END
                stack += loop_ends
                loop_ends.clear()
            elif item not in seen and item in nodes:
                seen.add(item)
                node = nodes[item]
                inputs = node.input[:]
                # Most nodes have one input, which is a plain name and needs no parsing. A name of a damaged
                # graph may look like another kind of input.
                if len(inputs) == 1 and (edge := inputs[0]) in nodes and edge[:1] != "^" and ":" not in edge:
                    sources, edges = inputs, [f"{edge}:0"]
                else:
                    sources, edges = _data_inputs(inputs, nodes)
                op = Op(self, item, node, rules, edges)
                if not sources or item in stops:
                    yield op
                    continue
                stack.append(op)
                if op.type == "Merge":
                    ends = [end for end in sources if end in nodes and nodes[end].op == "NextIteration"]
                    loop_ends += reversed(ends)
                    sources = [source for source in sources if source not in ends]
                elif op.type == "Exit":
                    stack.append(_LOOP_END)
                sources.reverse()
                stack += sources


class Op:
    """A node as the rules see it."""

    # One is made for each node: without a dict that takes half the time.
    __slots__ = ("_rules", "_scope", "attr", "edges", "name", "node", "type")

    def __init__(
        self, scope: ShapeScope, name: str, node: Any, rules: Mapping[str, Rule], edges: Sequence[str]
    ) -> None:
        self._scope = scope
        self._rules = rules
        self.name = name
        self.node = node
        self.type: str = node.op
        self.edges = edges

    def outputs(self) -> Sequence[Dims]:
        """Returns the shapes of the outputs, as far as they are known."""
        # Not read earlier: in a deep graph all ops wait for their inputs, each with what was read of it.
        self.attr = self.node.attr
        # For a handle the declared shape is that of the handle, a scalar; its rule returns the variable's.
        is_declared = "_output_shapes" in self.attr and self.type != "VarHandleOp"
        declared = self._declared_shapes() if is_declared else []
        try:
            rule = self._rules.get(self.type)
            if rule is None:
                inferred = self._call_results(self._called_functions())
            else:
                result = rule(self)
                inferred = result if isinstance(result, list) else [result]  # type: ignore[list-item]  # one shape
            if not declared and inferred:
                return inferred
            # Rules and exporters may know a different number of outputs; what one of them lacks is unknown.
            count = max(len(inferred), len(declared), 1)
            pairs = zip((*inferred, *[None] * count), (*declared, *[None] * count), strict=False)
            return [self._merged_shape(dims, stated) for dims, stated in list(pairs)[:count]]
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            return declared  # a size is too complex, or the graph is not as TensorFlow writes it

    @property
    def constraints(self) -> Constraints:
        """Where equations go."""
        return self._scope.constraints

    # ---- for rules

    def shape(self, index: int) -> Dims:
        """Returns the shape of an input."""
        return self._scope.shapes.get(self.edges[index]) if index < len(self.edges) else None

    def ranked(self, index: int, rank: int) -> tuple[Number | None, ...]:
        """Returns the shape of an input that must have this rank."""
        dims = self.shape(index)
        if dims is not None and len(dims) != rank:
            self.constraints.refuse()
            return (None,) * rank
        return (None,) * rank if dims is None else dims

    def value(self, index: int) -> Value | None:
        """Returns the content of an input, if it is a small tensor of integers."""
        return self._scope.values.get(self.edges[index]) if index < len(self.edges) else None

    def vector(self, index: int) -> tuple[Number | None, ...] | None:
        """Returns the content of an input, if it is a vector."""
        value = self.value(index)
        dims = self.shape(index)
        return value if isinstance(value, tuple) and (dims is None or len(dims) == 1) else None

    def number(self, index: int) -> int | None:
        """Returns the content of an input, if it is a known scalar, or a vector of one known entry."""
        value = self.value(index)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return value if isinstance(value, int) else None

    def numbers(self, index: int) -> list[int] | None:
        """Returns the content of an input as a list, if all its entries are known."""
        value = self.value(index)
        entries = value if isinstance(value, tuple) else (value,)
        numbers = [entry for entry in entries if isinstance(entry, int)]
        return numbers if len(numbers) == len(entries) else None

    def array(self, index: int) -> np.ndarray[Any, Any] | None:
        """Returns the content of an input, if it is a small constant of integers."""
        if index >= len(self.edges):
            return None
        node = self._producer(index, ("Identity", "Enter"))
        return constant(node) if node is not None and node.op == "Const" else None

    def set_value(self, value: Value | None, index: int = 0) -> None:
        """Sets the content of an output."""
        if value is not None:
            self._scope.values[f"{self.name}:{index}"] = value

    def integer(self, name: str, default: int = 0) -> int:
        """Returns an integer attribute."""
        return int(self.attr[name].i) if name in self.attr else default

    def count(self, name: str) -> int:
        """Returns an attribute that is the number of outputs."""
        count = self.integer(name)
        # The number is the author's: a damaged graph must not make a list of a billion shapes.
        if not 0 <= count <= MAX_ENTRIES:
            raise ValueError(f"{count} outputs")
        return count

    def integers(self, name: str) -> list[int]:
        """Returns an attribute that is a list of integers."""
        return list(self.attr[name].list.i) if name in self.attr else []

    def text(self, name: str, default: str = "") -> str:
        """Returns a string attribute."""
        return self.attr[name].s.decode("utf-8", "replace") if name in self.attr else default

    def flag(self, name: str) -> bool:
        """Returns a boolean attribute."""
        return name in self.attr and bool(self.attr[name].b)

    def source(self, index: int) -> Any:
        """Returns the node that makes an input, behind ops that hand it on unchanged."""
        return self._producer(index, ("Enter", "Identity", "Switch", "Merge"))

    def values_behind(self, index: int) -> list[Value | None]:
        """Returns the contents of the inputs of the node that makes an input."""
        node = self.source(index)
        edges = () if node is None else [edge for edge in node.input if edge[:1] != "^"]
        return [self._scope.values.get(full_name(edge)) for edge in edges]

    def _producer(self, index: int, pass_through: tuple[str, ...]) -> Any:
        """Returns the node that makes an input, behind pass-through ops; None if it is not in the graph."""
        node = self._scope.nodes.get(node_of(self.edges[index]))
        seen = set()
        # A loop of TF1, or a damaged graph, may lead back to the same node.
        while node is not None and node.op in pass_through and node.input and node.name not in seen:
            seen.add(node.name)
            node = self._scope.nodes.get(node_of(node.input[0]))
        return node

    # ---- without a rule

    def _declared_shapes(self) -> list[Dims]:
        """Returns the static shapes that the exporter wrote into the node."""
        return [shape_of(shape) for shape in self.attr["_output_shapes"].list.shape]

    def _merged_shape(self, dims: Dims, declared: Dims) -> Dims:
        """Returns the shape that agrees with an inferred and a declared one; equates their sizes."""
        if dims is None or declared is None:
            return declared if dims is None else dims
        if len(dims) != len(declared):
            if not declared and self.type in _HANDING_ON:
                return dims  # the declared shape is that of a handle, and the other that of its variable
            self.constraints.refuse()
            return declared
        if self.type == "Merge":
            # Only the value before the first iteration is known here. A size that the exporter does not
            # declare may change in the loop.
            return tuple(
                size if isinstance(size, polynomials.Polynomial) or declared_size is not None else None
                for size, declared_size in zip(dims, declared, strict=True)
            )
        return tuple(
            self.constraints.equal(size, declared_size)
            for size, declared_size in zip(dims, declared, strict=True)
        )

    # ---- functions

    def _called_functions(self) -> list[Any]:
        """Returns the functions that this op runs on its inputs."""
        library = self._scope.library
        if self.type in library:
            return [library[self.type]]
        if self.type not in _CALLING:
            return []
        calls = [
            (name, call.name)
            for name, attr in sorted(self.attr.items())
            for call in calls_of_attr(attr)
            if call.name in library
        ]
        attribute = "body" if self.type in _LOOPS else ""
        return [library[name] for key, name in calls if key == attribute or not attribute]

    def _call_results(self, functions: Sequence[Any]) -> Sequence[Dims]:
        if not functions:
            return ()
        # The first input of a branch is its condition, or its index; bodies take the others.
        edges = self.edges[1:] if self.type in _BRANCHES else self.edges
        if self.type in _BRANCHES:
            self.ranked(0, 0)
        # All branches are followed, since equations of each must hold; the shapes are those of the first.
        results = [self._body_results(function, edges) for function in functions]
        if self.type in _LOOPS:
            # A While returns its loop variables, which keep their shapes unless it declares others.
            return [self._scope.shapes.get(edge) for edge in edges]
        return results[0]

    def _body_results(self, function: Any, edges: Sequence[str]) -> list[Dims]:
        """Infers the shapes in a function's body; returns those of its results."""
        if self._scope.depth >= _MAX_DEPTH:
            return []
        inner_scope = self._inner_scope(function, edges)
        if self._scope.observer is not None:
            inner_scope.observer = self._scope.observer.enter(self, function, inner_scope.values)
        results = [full_name(function.ret[argument.name]) for argument in function.signature.output_arg]
        inner_scope.infer(results, self._rules)
        for index, name in enumerate(results):
            if name in inner_scope.values:
                self.set_value(inner_scope.values[name], index)
        return [inner_scope.shapes.get(name) for name in results]

    @property
    def functions(self) -> Mapping[str, Any]:
        """Function name -> FunctionDef-shaped message."""
        return self._scope.library

    def called(self, attribute: str) -> Any:
        """Returns the function that an attribute names, FunctionDef-shaped; None if there is none."""
        name = self.attr[attribute].func.name if attribute in self.attr else ""
        return self._scope.library.get(name)

    def values_inside(self, function: Any, tensors: Sequence[str]) -> list[Value | None]:
        """Returns the contents of tensors of a function that takes the inputs of this op."""
        scope = self._inner_scope(function, self.edges)
        scope.infer(tensors, self._rules)
        return [scope.values.get(tensor) for tensor in tensors]

    def _inner_scope(self, function: Any, edges: Sequence[str]) -> ShapeScope:
        """Returns the scope of a function's body, with its arguments."""
        outer_scope = self._scope
        nodes = index_nodes(function.node_def)
        inner_scope = ShapeScope(nodes, outer_scope.library, self.constraints, outer_scope.depth + 1)
        for argument, edge in zip(function.signature.input_arg, edges, strict=False):
            name = f"{argument.name}:0"
            inner_scope.shapes[name] = outer_scope.shapes.get(edge)
            if edge in outer_scope.values:
                inner_scope.values[name] = outer_scope.values[edge]
            # A list of tensors keeps the shape of its elements across the call.
            self.constraints.element_shapes[name] = self.constraints.element_shapes.get(edge)
        return inner_scope


def _data_inputs(inputs: Iterable[str], nodes: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Returns the nodes that a node takes data from, and the full names of the tensors."""
    data = [edge for edge in inputs if edge[:1] != "^"]
    sources = [edge if edge in nodes else node_of(edge) for edge in data]
    return sources, [full_name(edge) if ":" in edge else f"{edge}:0" for edge in data]


def constant(node: Any) -> np.ndarray[Any, Any] | None:
    """Returns the content of a small constant of integers; None for others."""
    tensor = node.attr["value"].tensor
    dtype: np.dtype[Any] | None = _INTEGERS.get(tensor.dtype)
    dims = shape_of(tensor.tensor_shape)
    if dtype is None or dims is None or None in dims:
        return None
    sizes = [size for size in dims if size is not None]
    count = elements(dims)
    if count is None or count > MAX_ENTRIES:
        return None
    if tensor.tensor_content:
        if len(tensor.tensor_content) != count * dtype.itemsize:
            return None
        content: np.ndarray[Any, Any] = np.frombuffer(tensor.tensor_content, dtype)
        return content.astype(np.int64).reshape(sizes)
    values = list(tensor.int_val if dtype.itemsize == 4 else tensor.int64_val)
    # TensorProto writes equal values at the end once.
    values = (values + [values[-1] if values else 0] * (count - len(values)))[:count]
    return np.array(values, np.int64).reshape(sizes)


def full_name(edge: str) -> str:
    """Returns the full name of a tensor: "node:1", also for "node:output:1" in a function body."""
    parts = edge.split(":")
    if len(parts) < 3:
        return tensor_of(edge)
    index = int(parts[2]) if parts[2].isdecimal() else 0
    return f"{parts[0]}:{index + (parts[1] in _SECOND_OUTPUTS)}"

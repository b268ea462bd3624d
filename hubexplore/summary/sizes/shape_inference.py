"""Follows shapes from the inputs of a signature to its outputs, and notes what has to be equal on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of, tensor_of
from hubexplore.summary.model import elements
from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number, TooComplexError

Dims = tuple[Number | None, ...] | None
"""A shape: None is an unknown rank, a None in it a size of which nothing is known."""
Value = tuple[Number | None, ...] | Number
"""The content of a small tensor of integers: of a vector, or of a scalar."""
Rule = Callable[["Op"], Sequence[Dims] | Dims | None]

MOST_NODES: Final = 100_000
"""Nodes that are walked, those of called functions each time they are called."""
MOST_VALUES: Final = 4096
"""Entries of a constant whose content is looked at."""
_DEPTH: Final = 8  # of functions that call functions
_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "SymbolicGradient"})
_BRANCHES: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_INTEGERS: Final[dict[int, np.dtype[Any]]] = {3: np.dtype("<i4"), 9: np.dtype("<i8")}
# In a function an output has the name of its argument; these are not the first ones.
_SECOND: Final = frozenset({
    "output_true", "value_index", "indices", "idx", "batch_mean",
})  # fmt: skip


@dataclass(frozen=True)
class Equation:
    """What holds where the sizes are right.

    Attributes:
      difference: is 0.
      at_least: it need not be 0, but is not negative.
      firm: whether TensorFlow refuses other sizes, or they are only unusual.
    """

    difference: Number
    at_least: bool = False
    firm: bool = True


@dataclass
class Notes:
    """What a walk found out; shared by the graph and the functions that it calls."""

    equations: dict[Equation, None] = field(default_factory=dict)
    left: int = MOST_NODES
    elements: dict[str, Dims] = field(default_factory=dict)
    """Shape of the elements of TensorArrays, by the name of the op that makes one."""
    decoded: dict[str, Number] = field(default_factory=dict)
    """How many numbers are decoded from each string, by the name of the op."""

    def equal(self, one: Number | None, other: Number | None, firm: bool = True) -> Number | None:
        """Notes that two sizes are equal; returns the one that is known better."""
        if one is None or other is None:
            return other if one is None else one
        if one != other:
            self.equations[Equation(one - other, firm=firm)] = None
        return other if isinstance(other, int) else one

    def at_least(self, one: Number | None, least: int) -> None:
        """Notes that a size is not less than a number."""
        if one is not None and not (isinstance(one, int) and one >= least):
            self.equations[Equation(one - least, at_least=True)] = None

    def refuse(self) -> None:
        """Notes that it cannot be so, whatever the sizes."""
        self.equations[Equation(1)] = None


@dataclass
class Scope:
    """Shapes and contents of the tensors of a graph or of a function that is called."""

    nodes: Mapping[str, Any]
    library: Mapping[str, Any]
    notes: Notes
    depth: int = 0
    shapes: dict[str, Dims] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def walk(self, ends: Iterable[str], rules: Mapping[str, Rule]) -> None:
        """Follows what the named tensors need, from what has a shape already."""
        for name in self._sorted(ends):
            self.notes.left -= 1
            if self.notes.left < 0:
                return
            op = Op(self, self.nodes[name], rules)
            for index, dims in enumerate(op.outputs()):
                # The shape that was given for an input stays.
                self.shapes.setdefault(f"{name}:{index}", dims)

    def _sorted(self, ends: Iterable[str]) -> Iterator[str]:
        """Names of nodes, each after its inputs; of a loop one is before an input of it."""
        stops = {node_of(tensor) for tensor in self.shapes}
        seen: set[str] = set()
        stack = [(node_of(each), False) for each in ends]
        while stack:
            name, done = stack.pop()
            if done:
                yield name
            elif name not in seen and name in self.nodes:
                seen.add(name)
                stack.append((name, True))
                if name not in stops:
                    edges = [each for each in self.nodes[name].input if each[:1] != "^"]
                    stack += [(node_of(each), False) for each in reversed(edges)]


class Op:
    """A node that is walked over, as the rules see it."""

    def __init__(self, scope: Scope, node: Any, rules: Mapping[str, Rule]) -> None:
        self._scope = scope
        self._rules = rules
        self.node = node
        self.type: str = node.op
        self.attr = node.attr
        self.notes = scope.notes
        self.edges = [_tensor(each) for each in node.input if each[:1] != "^"]

    def outputs(self) -> Sequence[Dims]:
        """The shapes of the outputs, as far as they are known."""
        stated = self._stated()
        try:
            found = self._by_rule()
            count = max(len(found), len(stated), 1)
            both = zip((*found, *[None] * count), (*stated, *[None] * count), strict=False)
            return [self._merged(dims, known) for dims, known in list(both)[:count]]
        except (TooComplexError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            return stated  # too much to follow, or a graph that is not as TensorFlow writes it

    def _by_rule(self) -> Sequence[Dims]:
        """What follows from the inputs."""
        if self.type in self._rules:
            result = self._rules[self.type](self)
            return result if isinstance(result, list) else [result]  # type: ignore[list-item]  # one shape
        calls = self._calls()
        return self._called(calls) if calls else ()

    # ---- what a rule asks

    def shape(self, index: int) -> Dims:
        """The shape of an input."""
        return self._scope.shapes.get(self.edges[index]) if index < len(self.edges) else None

    def ranked(self, index: int, rank: int) -> tuple[Number | None, ...]:
        """The shape of an input that has so many dimensions."""
        dims = self.shape(index)
        if dims is not None and len(dims) != rank:
            self.notes.refuse()
            return (None,) * rank
        return (None,) * rank if dims is None else dims

    def value(self, index: int) -> Value | None:
        """The content of an input, if it is a small tensor of integers."""
        return self._scope.values.get(self.edges[index]) if index < len(self.edges) else None

    def vector(self, index: int) -> tuple[Number | None, ...] | None:
        """The content of an input that is a vector."""
        value = self.value(index)
        return value if isinstance(value, tuple) else None

    def number(self, index: int) -> int | None:
        """The content of an input that is a known scalar, or a vector of one."""
        value = self.value(index)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return value if isinstance(value, int) else None

    def numbers(self, index: int) -> list[int] | None:
        """The content of an input whose entries are all known."""
        value = self.value(index)
        entries = value if isinstance(value, tuple) else (value,)
        found = [each for each in entries if isinstance(each, int)]
        return found if len(found) == len(entries) else None

    def array(self, index: int) -> np.ndarray[Any, Any] | None:
        """The content of an input that is a constant."""
        if index >= len(self.edges):
            return None
        node = self._through(index, ("Identity", "Enter"))
        return constant(node) if node is not None and node.op == "Const" else None

    def put(self, value: Value | None, index: int = 0) -> None:
        """Notes the content of an output."""
        if value is not None:
            self._scope.values[f"{self.node.name}:{index}"] = value

    def integer(self, name: str, default: int = 0) -> int:
        """An attribute."""
        return int(self.attr[name].i) if name in self.attr else default

    def count(self, name: str) -> int:
        """An attribute that says how many outputs there are."""
        found = self.integer(name)
        if not 0 <= found <= MOST_VALUES:
            raise ValueError(f"{found} outputs")
        return found

    def integers(self, name: str) -> list[int]:
        """An attribute that is a list."""
        return list(self.attr[name].list.i) if name in self.attr else []

    def text(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attr[name].s.decode("utf-8", "replace") if name in self.attr else default

    def flag(self, name: str) -> bool:
        """An attribute."""
        return name in self.attr and bool(self.attr[name].b)

    def source(self, index: int) -> Any:
        """The node that makes an input, seen through what gives it on unchanged."""
        return self._through(index, ("Enter", "Identity", "Switch", "Merge"))

    def _through(self, index: int, passing: tuple[str, ...]) -> Any:
        """The node that makes an input, behind those that give it on; None if it is not in the graph."""
        node = self._scope.nodes.get(node_of(self.edges[index]))
        seen = set()
        # A damaged graph may go round in a circle.
        while node is not None and node.op in passing and node.input and node.name not in seen:
            seen.add(node.name)
            node = self._scope.nodes.get(node_of(node.input[0]))
        return node

    # ---- what is known without a rule

    def _stated(self) -> list[Dims]:
        """The static shapes that whoever wrote the graph noted."""
        # The shape of a handle here is that of its variable.
        if "_output_shapes" in self.attr and self.type != "VarHandleOp":
            return [shape_of(each) for each in self.attr["_output_shapes"].list.shape]
        return []

    def _merged(self, dims: Dims, known: Dims) -> Dims:
        """A shape that follows from the inputs and one that is stated."""
        if dims is None or known is None:
            return known if dims is None else dims
        if len(dims) != len(known):
            self.notes.refuse()
            return known
        if self.type == "Merge":
            # Of a loop only the beginning is known here: what is not stated may change in it.
            return tuple(
                one if isinstance(one, polynomials.Size) or other is not None else None
                for one, other in zip(dims, known, strict=True)
            )
        return tuple(self.notes.equal(one, other) for one, other in zip(dims, known, strict=True))

    # ---- functions

    def _calls(self) -> list[Any]:
        """The bodies of functions that this op runs on its inputs."""
        library = self._scope.library
        if self.type in library:
            return [library[self.type]]
        if self.type not in _CALLS | _BRANCHES | _LOOPS:
            return []
        called = [
            (name, call.name)
            for name, attr in sorted(self.attr.items())
            for call in calls_of_attr(attr)
            if call.name in library
        ]
        wanted = "body" if self.type in _LOOPS else ""
        return [library[name] for key, name in called if key == wanted or not wanted]

    def _called(self, functions: Sequence[Any]) -> Sequence[Dims]:
        edges = self.edges[1:] if self.type in _BRANCHES else self.edges
        if self.type in _BRANCHES:
            self.ranked(0, 0)
        results = [self._inside(function, edges) for function in functions]
        if self.type in _LOOPS:
            return [self._scope.shapes.get(edge) for edge in edges]
        return results[0] if results else ()

    def _inside(self, function: Any, edges: Sequence[str]) -> list[Dims]:
        """Walks a function's body; returns the shapes of its results."""
        outer = self._scope
        if outer.depth >= _DEPTH:
            return []
        nodes = index_nodes(function.node_def)
        inner = Scope(nodes, outer.library, self.notes, outer.depth + 1)
        for argument, edge in zip(function.signature.input_arg, edges, strict=False):
            name = f"{argument.name}:0"
            inner.shapes[name] = outer.shapes.get(edge)
            if edge in outer.values:
                inner.values[name] = outer.values[edge]
            self.notes.elements[name] = self.notes.elements.get(edge)
        results = [_tensor(function.ret[argument.name]) for argument in function.signature.output_arg]
        inner.walk(results, self._rules)
        for index, name in enumerate(results):
            if name in inner.values:
                self.put(inner.values[name], index)
        return [inner.shapes.get(name) for name in results]


def constant(node: Any) -> np.ndarray[Any, Any] | None:
    """The content of a small constant of integers; None for others."""
    tensor = node.attr["value"].tensor
    dtype: np.dtype[Any] | None = _INTEGERS.get(tensor.dtype)
    dims = shape_of(tensor.tensor_shape)
    if dtype is None or dims is None or None in dims:
        return None
    sizes = [each for each in dims if each is not None]
    count = elements(dims)
    if count is None or count > MOST_VALUES:
        return None
    if tensor.tensor_content:
        if len(tensor.tensor_content) != count * dtype.itemsize:
            return None
        content: np.ndarray[Any, Any] = np.frombuffer(tensor.tensor_content, dtype)
        return content.astype(np.int64).reshape(sizes)
    values = list(tensor.int_val if dtype.itemsize == 4 else tensor.int64_val)
    # Equal values at the end are written once.
    values = (values + [values[-1] if values else 0] * (count - len(values)))[:count]
    return np.array(values, np.int64).reshape(sizes)


def _tensor(edge: str) -> str:
    """The full name of a tensor: "node:1", also for what is "node:argument:1" in a function."""
    parts = edge.split(":")
    if len(parts) < 3:
        return tensor_of(edge)
    index = int(parts[2]) if parts[2].isdecimal() else 0
    return f"{parts[0]}:{index + (parts[1] in _SECOND)}"

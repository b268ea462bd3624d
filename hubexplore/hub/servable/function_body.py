"""A slice of a graph as a function: nodes in place, tensors from elsewhere as arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import function_pb2

from hubexplore.errors import DamagedModuleError
from hubexplore.hub import tf_internals
from hubexplore.hub.graph.slice import GraphSlice
from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.traversal import node_of, tensor_of

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9_]+")
_STATIC: Final = frozenset({"_class", "_output_shapes"})
"""Attributes of nodes that mean nothing in a function: places next to others, and shapes of one graph."""


@dataclass(frozen=True)
class Argument:
    """One dense argument of a function.

    Attributes:
      tensor: name in the graph of the tensor that it takes the place of; any unique text where there is none.
      dtype: of its elements.
      shape: static shape; None if it is a handle.
      handle: for the handle of a variable: dtype and shape of its value.
    """

    tensor: str
    dtype: tf.DType
    shape: tf.TensorShape | None = None
    handle: tuple[tf.DType, tf.TensorShape] | None = None


@dataclass(frozen=True)
class Result:
    """One dense result of a function.

    Attributes:
      tensor: name in the graph.
      dtype: of its elements.
    """

    tensor: str
    dtype: tf.DType


@dataclass(frozen=True)
class Body:
    """What a function computes.

    Attributes:
      graph_slice: the nodes, with the functions that they call.
      arguments: in order.
      results: in order.
      effects: names of nodes that run although no result needs them.
    """

    graph_slice: GraphSlice
    arguments: Sequence[Argument]
    results: Sequence[Result]
    effects: Sequence[str] = field(default=())


def function_of(name: str, body: Body) -> function_pb2.FunctionDef:
    """The function of a body; linear in its nodes.

    Raises:
      DamagedModuleError: a node uses an output that its producer does not have.
    """
    function = function_pb2.FunctionDef()
    function.signature.name = name
    names = {node.name for node in body.graph_slice.graph_def.node}
    replaced = add_arguments(function, body.arguments, names)
    ports = Ports(body.graph_slice)

    def value(tensor: str) -> str:
        return replaced[tensor] if tensor in replaced else ports.port(tensor)

    for node in body.graph_slice.graph_def.node:
        function.node_def.append(node)
        copied = function.node_def[-1]
        edges = list(_edges(node.input, value, names))
        if edges != list(node.input):
            del copied.input[:]
            copied.input.extend(edges)
        for key in _STATIC.intersection(copied.attr):
            del copied.attr[key]
        # A node that has effects runs whether or not a result needs it, as it does in a tf.function.
    for node_name in dict.fromkeys(body.effects):
        function.control_ret[node_name] = node_name
    function.signature.control_output.extend(dict.fromkeys(body.effects))
    function.signature.is_stateful = True
    _add_results(function, body, value, names)
    return function


def add_arguments(
    function: function_pb2.FunctionDef, arguments: Iterable[Argument], taken: Iterable[str]
) -> dict[str, str]:
    """Declares arguments; returns the tensors that they take the place of -> their names in the function.

    Args:
      function: changed.
      arguments: in order.
      taken: names that no argument can have.
    """
    used = {name.lower() for name in taken}
    names: dict[str, str] = {}
    for position, argument in enumerate(arguments):
        # The name that TensorFlow shows, so it should remind of the one in the module.
        name = unused(_plain(node_of(argument.tensor)), used)
        used.add(name)
        names[argument.tensor] = name
        declared = function.signature.input_arg.add(name=name, type=argument.dtype.as_datatype_enum)
        if argument.handle is not None:
            dtype, shape = argument.handle
            declared.handle_data.add(dtype=dtype.as_datatype_enum, shape=shape.as_proto())
        if argument.shape is not None:
            shapes = function.arg_attr[position].attr["_output_shapes"].list.shape
            shapes.append(argument.shape.as_proto())
    return names


def unused(name: str, used: set[str]) -> str:
    """`name`, or `name_1`, ... such that it is not in use; case does not count."""
    return free_name(name, used, ignore_case=True)


def _plain(name: str) -> str:
    text = _NOT_IN_NAMES.sub("_", name.lower()).strip("_")
    return text if text[:1].isalpha() else f"arg_{text}".rstrip("_")


def _edges(edges: Iterable[str], value: Callable[[str], str], names: set[str]) -> Iterator[str]:
    for edge in edges:
        if edge[:1] != "^":
            yield value(tensor_of(edge))
        elif edge[1:] in names:
            # What waits for an argument or for state waits for the call.
            yield edge


class Ports:
    """Names of tensors in a function body: node, argument of its op, and number."""

    def __init__(self, graph_slice: GraphSlice) -> None:
        self._nodes = {node.name: node for node in graph_slice.graph_def.node}
        self._signatures = {
            function.signature.name: function.signature for function in graph_slice.library.function
        }
        self._first: dict[str, tuple[tuple[str, int], ...]] = {}

    def port(self, tensor: str) -> str:
        """The name of "node:2" in a function body."""
        name, _, number = tensor.rpartition(":")
        if name not in self._first:
            self._first[name] = tuple(self._outputs(name))
        rest = int(number)
        for argument, count in self._first[name]:
            if rest < count:
                return f"{name}:{argument}:{rest}"
            rest -= count
        raise DamagedModuleError(f"The module's graph uses {tensor!r}, an output that its op does not have.")

    def _outputs(self, name: str) -> Iterator[tuple[str, int]]:
        node = self._nodes.get(name)
        definition = None if node is None else self._signatures.get(node.op) or tf_internals.op_def(node.op)
        if node is None or definition is None:
            raise DamagedModuleError(f"The module's graph has no node {name!r} of an op that is known.")
        defaults = {attr.name: attr.default_value for attr in definition.attr}
        for argument in definition.output_arg:
            key = argument.number_attr or argument.type_list_attr
            if not key:
                yield argument.name, 1
                continue
            attr = node.attr[key] if key in node.attr else defaults[key]
            yield argument.name, attr.i if argument.number_attr else len(attr.list.type)


def _add_results(
    function: function_pb2.FunctionDef, body: Body, value: Callable[[str], str], names: set[str]
) -> None:
    used = {name.lower() for name in (*names, *(each.name for each in function.signature.input_arg))}
    for position, result in enumerate(body.results):
        node = function.node_def.add(name=unused(f"result_{position}", used), op="Identity")
        used.add(node.name.lower())
        node.attr["T"].type = result.dtype.as_datatype_enum
        # Its effects have ended when a call returns.
        node.input.extend([value(result.tensor), *(f"^{name}" for name in dict.fromkeys(body.effects))])
        add_result(function, f"output_{position}", result.dtype, f"{node.name}:output:0")


def add_result(function: function_pb2.FunctionDef, name: str, dtype: tf.DType, tensor: str) -> None:
    """Declares one result."""
    function.signature.output_arg.add(name=name, type=dtype.as_datatype_enum)
    function.ret[name] = tensor


def guarded(function: function_pb2.FunctionDef, name: str, refusals: Mapping[int, str]) -> Any:
    """A function that calls another one, and has no gradient for some of its results.

    They are refused out here: TensorFlow looks at the TF1 loops of a function, which it cannot differentiate,
    before it computes the first gradient.

    Args:
      function: to call.
      name: of the new one.
      refusals: number of a result -> why it has no gradient.
    """
    outer = function_pb2.FunctionDef()
    outer.signature.CopyFrom(function.signature)
    outer.signature.name = name
    del outer.signature.control_output[:]
    for position, attributes in function.arg_attr.items():
        outer.arg_attr[position].CopyFrom(attributes)
    call = "guarded_call"
    outer.node_def.append(
        call_of(function, call, [argument.name for argument in function.signature.input_arg])
    )
    outer.signature.control_output.append(call)
    outer.control_ret[call] = call
    for number, result in enumerate(function.signature.output_arg):
        node = outer.node_def.add(name=f"guarded_result_{number}", op="Identity")
        node.attr["T"].type = result.type
        if number in refusals:
            node.op = "PreventGradient"
            node.attr["message"].s = refusals[number].encode()
        node.input.append(f"{call}:output:{number}")
        outer.ret[result.name] = f"{node.name}:output:0"
    return outer


def call_of(
    function: function_pb2.FunctionDef,
    name: str,
    inputs: Iterable[str],
    outputs: Mapping[int, tf.TensorShape] | None = None,
) -> Any:
    """A node that calls a function.

    Args:
      function: to call.
      name: of the node.
      inputs: edges, one for each argument.
      outputs: number of a result -> its static shape, where that is known.
    """
    node = tf.compat.v1.NodeDef(name=name, op="StatefulPartitionedCall")
    node.input.extend(inputs)
    signature = function.signature
    node.attr["f"].func.name = signature.name
    node.attr["Tin"].list.type.extend(argument.type for argument in signature.input_arg)
    node.attr["Tout"].list.type.extend(result.type for result in signature.output_arg)
    if outputs is not None:
        shapes = node.attr["_output_shapes"].list.shape
        for number in range(len(signature.output_arg)):
            shapes.append(outputs.get(number, tf.TensorShape(None)).as_proto())
    return node

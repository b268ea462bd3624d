"""The edges in the body of a function, which are written in another form than those of a graph.

In a body an argument is "x" ("x:1" of a list), and an output of a node "node:name:1": the second tensor of
the output that its op calls `name`. Source: tensorflow/core/framework/function.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.ops.op_definitions import OpDefinition, definition, definition_of
from hubexplore.summary.graph.ops.op_outputs import output_of, tensor_count

MSG_UNKNOWN: Final = (
    "The function {function!r} cannot be used: it refers to {edge!r}, which it does not hold."
)


@dataclass(frozen=True)
class BodySource:
    """What an edge of a body comes from: output `position` of a node; an argument if `node` is empty."""

    node: str
    position: int


class FunctionBody:
    """A function for given values of its attributes, which say how many tensors a list of arguments has.

    Args:
      function: FunctionDef-shaped message.
      functions: all of its library, by name.
      values: of its attributes.
    """

    def __init__(self, function: Any, functions: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self.function = function
        self._name = function.signature.name
        self._functions = functions
        self._values = values
        self.nodes = {node.name: node for node in function.node_def}
        signature = definition_of(function.signature)
        self._arguments: dict[str, int] = {}
        self.argument_count = 0
        for argument in signature.inputs:
            count = tensor_count(signature, values, argument)
            for index in range(count):
                self._arguments[f"{argument.name}:{index}"] = self.argument_count + index
            self._arguments[argument.name] = self.argument_count
            self.argument_count += count
        self._signature = signature
        # A function is often called many times, and edges are used by several nodes.
        self._sources: dict[str, BodySource] = {}

    def source(self, edge: str) -> BodySource:
        """What a data input of a node comes from.

        Raises:
          DamagedModuleError: (a ValueError) the body does not hold it.
        """
        known = self._sources.get(edge)
        if known is None:
            known = self._sources[edge] = self._find(edge)
        return known

    def _find(self, edge: str) -> BodySource:
        if edge in self._arguments:
            return BodySource("", self._arguments[edge])
        name, _, port = edge.partition(":")
        node = self.nodes.get(name)
        position = None if node is None else self._position(node, port if ":" in port else f"{port}:0")
        if position is None:
            raise DamagedModuleError(MSG_UNKNOWN.format(function=self._name, edge=edge))
        return BodySource(name, position)

    def control(self, edge: str) -> BodySource:
        """What a control input of a node waits for."""
        name = edge[1:]
        if name in self.nodes:
            return BodySource(name, -1)
        return self.source(name)

    def results(self) -> Iterator[BodySource]:
        """Yields what each output of the function is."""
        for argument in self._signature.outputs:
            edge = self.function.ret.get(argument.name, "")
            count = tensor_count(self._signature, self._values, argument)
            if count == 1:
                yield self.source(edge)
            else:
                yield from (self.source(f"{edge}:{index}") for index in range(count))

    def output_dtypes(self) -> list[int]:
        """Returns the number of the dtype of each output, in the order of `results`."""
        numbers: list[int] = []
        for argument in self.function.signature.output_arg:
            if argument.type_list_attr:
                numbers.extend(self._values[argument.type_list_attr].list.type)
                continue
            number = self._values[argument.type_attr].type if argument.type_attr else argument.type
            numbers.extend([number] * (self._values[argument.number_attr].i if argument.number_attr else 1))
        return numbers

    def attributes(self, node: Any) -> Mapping[str, Any]:
        """The attributes of a node, those of the function filled in."""
        if not self._values:
            return node.attr  # type: ignore[no-any-return]  # messages are untyped
        return {key: self._filled(value) for key, value in node.attr.items()}

    def _filled(self, value: Any) -> Any:
        is_placeholder = value.WhichOneof("value") == "placeholder"
        return self._values.get(value.placeholder, value) if is_placeholder else value

    def _position(self, node: Any, port: str) -> int | None:
        op = self._definition(node.op)
        if op is None:
            # How many tensors the outputs of an op have that TensorFlow lacks is unknown; most have one.
            digits = port.rpartition(":")[2]
            return int(digits) if digits.isdecimal() and len(digits) < 9 else None
        return output_of(op, self.attributes(node), port)[0]

    def _definition(self, op: str) -> OpDefinition | None:
        if op in self._functions:
            return definition_of(self._functions[op].signature)
        return definition(op)

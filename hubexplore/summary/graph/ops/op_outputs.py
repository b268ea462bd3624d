"""What an output of a node is: its position among the outputs, and its dtype, from the op's definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.ops.op_definitions import Argument, OpDefinition


def output_of(op: OpDefinition, attributes: Mapping[str, Any], port: str) -> tuple[int | None, str]:
    """Returns (position among all outputs, dtype) of one output of a node.

    Args:
      op: the definition of the node's type.
      attributes: of the node, AttrValue-shaped; those that it lacks have their defaults.
      port: which output: "" or "2" in a graph, "values:2" in a function body.

    Returns:
      None and "" where the node has no such output. The dtype is "" if the attribute that determines it
      is missing; that of a reference ends in "_ref".
    """
    name, _, digits = port.rpartition(":")
    # More digits than any output number has: `int` of a made-up name could take seconds.
    number = int(digits) if digits.isdecimal() and len(digits) < 9 else 0
    begin = 0
    for argument in op.outputs:
        count = tensor_count(op, attributes, argument)
        if name and argument.name == name:
            return (
                (begin + number, _dtype(op, attributes, argument, number)) if number < count else (None, "")
            )
        if not name and number < begin + count:
            return number, _dtype(op, attributes, argument, number - begin)
        begin += count
    return None, ""


def output_dtypes(op: OpDefinition, attributes: Mapping[str, Any]) -> Iterable[str]:
    """Yields the dtype of each output of a node; see `output_of`."""
    for argument in op.outputs:
        for index in range(tensor_count(op, attributes, argument)):
            yield _dtype(op, attributes, argument, index)


def input_dtypes(op: OpDefinition, attributes: Mapping[str, Any]) -> Iterable[str]:
    """Yields the dtype of each data input of a node; see `output_of`."""
    for argument in op.inputs:
        for index in range(tensor_count(op, attributes, argument)):
            yield _dtype(op, attributes, argument, index)


def _value(op: OpDefinition, attributes: Mapping[str, Any], name: str) -> Any | None:
    """The attribute, or its default."""
    if name in attributes:
        return attributes[name]
    attribute = op.attributes.get(name)
    return attribute.default if attribute is not None else None


def tensor_count(op: OpDefinition, attributes: Mapping[str, Any], argument: Argument) -> int:
    """Returns the number of tensors of an argument; 0 where the node does not say."""
    if argument.count:
        value = _value(op, attributes, argument.count)
        # The number comes from a file and may be negative.
        return max(value.i, 0) if value is not None else 0
    if _is_list(op, argument):
        value = _value(op, attributes, argument.attribute)
        return len(value.list.type) if value is not None else 0
    return 1


def _dtype(op: OpDefinition, attributes: Mapping[str, Any], argument: Argument, index: int) -> str:
    dtype = argument.dtype
    if not dtype:
        value = _value(op, attributes, argument.attribute)
        if value is None:
            return ""
        number = value.list.type[index] if _is_list(op, argument) else value.type
        dtype = dtype_name(number) if number else ""
    # An attribute may hold the number of a reference dtype already, so the ending is not added twice.
    return f"{dtype}_ref" if dtype and argument.reference and not dtype.endswith("_ref") else dtype


def _is_list(op: OpDefinition, argument: Argument) -> bool:
    attribute = op.attributes.get(argument.attribute)
    return attribute is not None and attribute.kind == "list(type)"

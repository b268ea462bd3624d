"""The definitions of TensorFlow's ops, without TensorFlow: arguments, results, attributes and their defaults.

`op_definitions.txt` holds one line for each op of TensorFlow 2.21, made by tools/list_ops.py:

    name <tab> inputs <tab> outputs <tab> "stateful" or nothing (<tab> attribute)*
    argument: [&]name:[count*]type    & a reference; count an attribute; type a dtype or an attribute
    attribute: name:kind[=default]    the default in protobuf's text form of AttrValue

The file is read when an op is first asked for, and a line is parsed when its op is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.graph.messages import AttrValue, dtype_name

FILE: Final = Path(__file__).with_name("op_definitions.txt")


@dataclass(frozen=True)
class Argument:
    """An input or output of an op: one tensor, several of one dtype, or a list of several dtypes.

    Attributes:
      name: in the definition.
      dtype: as TensorFlow names it ("int64"); empty where an attribute says it.
      attribute: the attribute that holds the dtype, or the list of dtypes; empty where `dtype` says it.
      count: the attribute that holds how many tensors it is; empty for one tensor, and for a list of dtypes.
      reference: whether the tensors are references to TF1 variables.
    """

    name: str
    dtype: str = ""
    attribute: str = ""
    count: str = ""
    reference: bool = False


@dataclass(frozen=True)
class Attribute:
    """An attribute of an op.

    Attributes:
      kind: "type", "int", "list(type)", "string", "shape", "tensor", "func", ...
      default_text: the default in protobuf's text form of AttrValue ("type: DT_INT32"); None without one.
    """

    kind: str
    default_text: str | None = None

    @functools.cached_property
    def default(self) -> Any | None:
        """The default as an AttrValue-shaped message, not to be changed; None without one.

        A node that lacks the attribute, because its writer stripped defaults, means this value.
        """
        if self.default_text is None:
            return None
        from google.protobuf import text_format

        return text_format.Parse(self.default_text, AttrValue())


@dataclass(frozen=True)
class OpDefinition:
    """What TensorFlow knows of an op type, or of a function that is called like one.

    Attributes:
      name: the op type.
      inputs: in order.
      outputs: in order.
      attributes: by name.
      stateful: whether it reads or changes more than its inputs and outputs.
    """

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    stateful: bool = False


@functools.cache
def _lines() -> dict[str, str]:
    """Op type -> its line."""
    # The dict holds 1,910 lines as text: a graph uses a few dozen op types, and only these are parsed.
    return {line.partition("\t")[0]: line for line in FILE.read_text("ascii").splitlines()}


def known_ops() -> Set[str]:
    """The op types that TensorFlow itself registers."""
    return _lines().keys()


@functools.cache
def _parsed(op: str) -> OpDefinition:
    return parse_line(_lines()[op])


def definition(op: str) -> OpDefinition | None:
    """The definition of an op of TensorFlow; None for an op of another package."""
    # Not cached here but in `_parsed`, which gets only known ops: names in files may be any, and a cache
    # would keep all of them.
    return _parsed(op) if op in _lines() else None


def attribute(node: Any, name: str) -> Any | None:
    """The AttrValue-shaped message of a node's attribute; the op's default where the node lacks it.

    None where there is neither.
    """
    # Asked first: reading a missing key of a protobuf map of messages would add an empty one to the graph.
    if name in node.attr:
        return node.attr[name]
    known = definition(node.op)
    described = known.attributes.get(name) if known is not None else None
    return described.default if described is not None else None


def definition_of(op_def: Any) -> OpDefinition:
    """The definition in an OpDef-shaped message, such as the signature of a FunctionDef."""
    from google.protobuf import text_format

    attributes = {}
    for attr_def in op_def.attr:
        default = None
        if attr_def.HasField("default_value"):
            default = text_format.MessageToString(attr_def.default_value, as_one_line=True)
        attributes[attr_def.name] = Attribute(attr_def.type, default)
    return OpDefinition(
        op_def.name,
        tuple(map(_argument_of, op_def.input_arg)),
        tuple(map(_argument_of, op_def.output_arg)),
        attributes,
        op_def.is_stateful,
    )


def _argument_of(arg_def: Any) -> Argument:
    return Argument(
        arg_def.name,
        dtype_name(arg_def.type) if arg_def.type else "",
        arg_def.type_attr or arg_def.type_list_attr,
        arg_def.number_attr,
        arg_def.is_ref,
    )


def line_of(op: OpDefinition) -> str:
    """The line of the file for an op."""
    attributes = [
        f"{name}:{spec.kind}" + ("" if spec.default_text is None else f"={spec.default_text}")
        for name, spec in op.attributes.items()
    ]
    arguments = (" ".join(map(_argument_text, side)) for side in (op.inputs, op.outputs))
    return "\t".join([op.name, *arguments, "stateful" if op.stateful else "", *attributes])


def _argument_text(argument: Argument) -> str:
    count = f"{argument.count}*" if argument.count else ""
    return f"{'&' if argument.reference else ''}{argument.name}:{count}{argument.dtype or argument.attribute}"


def parse_line(line: str) -> OpDefinition:
    """The op of a line of the file."""
    name, inputs, outputs, stateful, *rest = line.split("\t")
    attributes = {}
    for text in rest:
        key, _, value = text.partition(":")
        # The first "=" separates: a default may contain more of them, a kind none.
        kind, equals, default = value.partition("=")
        attributes[key] = Attribute(kind, default if equals else None)
    return OpDefinition(
        name,
        _parse_arguments(inputs.split(), attributes),
        _parse_arguments(outputs.split(), attributes),
        attributes,
        stateful == "stateful",
    )


def _parse_arguments(texts: Iterable[str], attributes: Mapping[str, Attribute]) -> tuple[Argument, ...]:
    arguments = []
    for text in texts:
        name, _, value = text.partition(":")
        count, _, dtype = value.rpartition("*")
        # The file does not mark which of the two it is; no op has an attribute with the name of a dtype.
        by_attribute = dtype in attributes
        arguments.append(
            Argument(
                name.removeprefix("&"),
                "" if by_attribute else dtype,
                dtype if by_attribute else "",
                count,
                name.startswith("&"),
            )
        )
    return tuple(arguments)

"""The attributes of a node in a form that can be compared; those that only name something do not count."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from hubexplore.summary.compare.replacement import shape_text
from hubexplore.summary.compare.structure import constants
from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.ops.op_defaults import defaults_of

_NAMING_ATTRIBUTES: Final = frozenset(
    {
        "shared_name", "container", "use_node_name_sharing", "debug_name", "allowed_devices", "frame_name",
        "tensor_array_name", "stack_name", "config_proto", "executor_type",
    }
)  # fmt: skip
"""Attributes that name something or state where it runs; graphs that differ in these compute the same."""
_GRADIENT_ATTRIBUTE: Final = "_gradient_op_type"
"""Attribute of nodes with a gradient of their own, registered under the value."""
_PROCESS_NUMBER: Final = re.compile(r".*[-_]\d+")
"""Values of it that TensorFlow makes up with a counter of the process: "CustomGradient-42"."""
_MAX_TEXT: Final = 200
"""Maximum number of characters of an attribute that are shown."""

FunctionIdentity = Callable[[str], Hashable]
"""Function name -> identity of what it computes."""


def relevant(node: Any) -> Iterator[str]:
    """Yields the names of the attributes of a node, without those that only name or place it.

    Attributes that begin with an underscore are hints of the exporter (shapes, colocation, devices), except
    the one that tells which gradient the node has. Its value does not count if TensorFlow made it up in the
    process.
    """
    for name in node.attr:
        if name == _GRADIENT_ATTRIBUTE:
            if not _PROCESS_NUMBER.fullmatch(node.attr[name].s.decode(errors="replace")):
                yield name
        elif not name.startswith("_") and name not in _NAMING_ATTRIBUTES:
            yield name


def canonical(node: Any, function: FunctionIdentity) -> tuple[tuple[str, Hashable], ...]:
    """Returns (name, value) of the attributes that differ from the op definition's defaults, sorted."""
    # Exporters of some versions strip default values and others keep them, so defaults must not count.
    canonical_attributes = []
    defaults = _canonical_defaults(node.op)
    attributes = node.attr
    for name in relevant(node):
        value = value_of(attributes[name], function)
        if name not in defaults or defaults[name] != value:
            canonical_attributes.append((name, value))
    canonical_attributes.sort(key=_name_of)
    return tuple(canonical_attributes)


def _name_of(item: tuple[str, Hashable]) -> str:
    return item[0]


# Op definitions are constant, so this is the one cache that a process shares.
_DEFAULTS_CACHE: dict[str, Mapping[str, Hashable]] = {}


def _canonical_defaults(op: str) -> Mapping[str, Hashable]:
    if op not in _DEFAULTS_CACHE:
        _DEFAULTS_CACHE[op] = {
            name: value_of(attr, lambda name: name) for name, attr in defaults_of(op).items()
        }
    return _DEFAULTS_CACHE[op]


def value_of_node(node: Any, name: str, function: FunctionIdentity) -> Hashable:
    """Returns the value of an attribute, else its default, else None."""
    if name in node.attr:
        return value_of(node.attr[name], function)
    return _canonical_defaults(node.op).get(name)


def value_of(attr: Any, function: FunctionIdentity) -> Hashable:  # noqa: PLR0911  # one return per kind
    """Returns a value that is equal for two AttrValues exactly if they mean the same."""
    kind = attr.WhichOneof("value")
    match kind:
        case "type" | "b" | "i" | "s" | "placeholder":
            return kind, getattr(attr, kind)
        case "f":
            # By bits: NaN equals itself, and 0.0 is not -0.0.
            return kind, struct.pack("<f", attr.f)
        case "shape":
            return kind, shape_of(attr.shape)
        case "tensor":
            return constants.canonical(attr.tensor)
        case "func":
            return _call_value(attr.func, function)
        case "list":
            return _list_value(attr.list, function)
        case _:
            return kind, attr.SerializeToString(deterministic=True)  # a field that this package does not know


def _list_value(values: Any, function: FunctionIdentity) -> Hashable:
    return (
        "list", tuple(values.s), tuple(values.i), tuple(struct.pack("<f", number) for number in values.f),
        tuple(values.b), tuple(values.type), tuple(shape_of(shape) for shape in values.shape),
        tuple(constants.canonical(tensor) for tensor in values.tensor),
        tuple(_call_value(call, function) for call in values.func),
    )  # fmt: skip


def _call_value(call: Any, function: FunctionIdentity) -> Hashable:
    # Attributes of a call bind type parameters of the function; those with an underscore are hints, as on
    # nodes.
    attributes = sorted((name, value_of(call.attr[name], function)) for name in call.attr if name[:1] != "_")
    return "func", function(call.name), tuple(attributes)


def text(node: Any, name: str, other: Any | None = None) -> str:
    """Returns the value of an attribute as text; the default if the node does not set it.

    Args:
      node: NodeDef-shaped message.
      name: name of the attribute.
      other: the node that it is compared with; of a long constant, the text shows where the two differ.
    """
    attr = node.attr[name] if name in node.attr else defaults_of(node.op).get(name)
    if attr is None:
        return "not set"
    if attr.WhichOneof("value") == "tensor":
        has_tensor = other is not None and name in other.attr and other.attr[name].HasField("tensor")
        return constants.describe(attr.tensor, other.attr[name].tensor if other and has_tensor else None)
    value_text = _value_text(attr)
    return value_text if len(value_text) <= _MAX_TEXT else f"{value_text[:_MAX_TEXT]}..."


def _value_text(attr: Any) -> str:  # noqa: PLR0911  # one return per kind
    kind = attr.WhichOneof("value")
    match kind:
        case "type":
            return dtype_name(attr.type)
        case "b":
            return str(attr.b)
        case "i" | "f" | "placeholder":
            # NumPy prints a float32 in the fewest digits that identify it; Python would print a float64.
            return str(np.float32(attr.f)) if kind == "f" else str(getattr(attr, kind))
        case "s":
            return repr(attr.s.decode(errors="backslashreplace"))
        case "shape":
            return shape_text(shape_of(attr.shape))
        case "func":
            return f"function {attr.func.name}"
        case "list":
            return f"[{', '.join(_item_texts(attr.list))}]"
        case _:
            return "not set"


def _item_texts(values: Any) -> Iterator[str]:
    yield from (repr(content.decode(errors="backslashreplace")) for content in values.s)
    yield from map(str, values.i)
    yield from (str(np.float32(number)) for number in values.f)
    yield from map(str, values.b)
    yield from map(dtype_name, values.type)
    yield from (shape_text(shape_of(shape)) for shape in values.shape)
    yield from (constants.describe(tensor) for tensor in values.tensor)
    yield from (f"function {call.name}" for call in values.func)

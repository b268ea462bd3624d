"""What the attributes of a node say, in a form that can be compared; names of things do not count."""

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
from hubexplore.summary.graph.op_defaults import defaults_of

_NAMES: Final = frozenset(
    {
        "shared_name", "container", "use_node_name_sharing", "debug_name", "allowed_devices", "frame_name",
        "tensor_array_name", "stack_name", "config_proto", "executor_type",
    }
)  # fmt: skip
"""Attributes that name something, or say where it runs: two graphs that differ in these compute the same."""
_GRADIENT: Final = "_gradient_op_type"
_NUMBERED: Final = re.compile(r".*[-_]\d+")
_LONGEST: Final = 200

FunctionIdentity = Callable[[str], Hashable]
"""What a function does, by its name."""


def relevant(node: Any) -> Iterator[str]:
    """Yields the names of the attributes that a node has, those left out that only name or place it.

    Attributes that begin with an underscore are hints of a writer (shapes, colocation, devices). One of them
    says which gradient the node has; TensorFlow's own numbers for these are of one process.
    """
    for name in node.attr:
        if name == _GRADIENT:
            if not _NUMBERED.fullmatch(node.attr[name].s.decode(errors="replace")):
                yield name
        elif not name.startswith("_") and name not in _NAMES:
            yield name


def canonical(node: Any, function: FunctionIdentity) -> tuple[tuple[str, Hashable], ...]:
    """Returns (name, value) of the attributes that are not as the op's definition has them, sorted."""
    found = []
    defaults = _plain_defaults(node.op)
    attributes = node.attr
    for name in relevant(node):
        value = value_of(attributes[name], function)
        if name not in defaults or defaults[name] != value:
            found.append((name, value))
    found.sort(key=_name)
    return tuple(found)


def _name(item: tuple[str, Hashable]) -> str:
    return item[0]


_PLAIN: dict[str, Mapping[str, Hashable]] = {}


def _plain_defaults(op: str) -> Mapping[str, Hashable]:
    if op not in _PLAIN:
        _PLAIN[op] = {name: value_of(each, lambda name: name) for name, each in defaults_of(op).items()}
    return _PLAIN[op]


def value_of_node(node: Any, name: str, function: FunctionIdentity) -> Hashable:
    """Returns the value of one attribute, the default where it is left out; None where there is none."""
    if name in node.attr:
        return value_of(node.attr[name], function)
    return _plain_defaults(node.op).get(name)


def value_of(attr: Any, function: FunctionIdentity) -> Hashable:  # noqa: PLR0911  # one return per kind
    """Returns a value that is equal for two AttrValues exactly if they say the same."""
    kind = attr.WhichOneof("value")
    match kind:
        case "type" | "b" | "i" | "s" | "placeholder":
            return kind, getattr(attr, kind)
        case "f":
            return kind, struct.pack("<f", attr.f)
        case "shape":
            return kind, shape_of(attr.shape)
        case "tensor":
            return constants.canonical(attr.tensor)
        case "func":
            return _call(attr.func, function)
        case "list":
            return _list(attr.list, function)
        case _:
            return kind, attr.SerializeToString(deterministic=True)


def _list(values: Any, function: FunctionIdentity) -> Hashable:
    return (
        "list", tuple(values.s), tuple(values.i), tuple(struct.pack("<f", each) for each in values.f),
        tuple(values.b), tuple(values.type), tuple(shape_of(each) for each in values.shape),
        tuple(constants.canonical(each) for each in values.tensor),
        tuple(_call(each, function) for each in values.func),
    )  # fmt: skip


def _call(call: Any, function: FunctionIdentity) -> Hashable:
    bound = sorted((name, value_of(call.attr[name], function)) for name in call.attr if name[:1] != "_")
    return "func", function(call.name), tuple(bound)


def text(node: Any, name: str, other: Any | None = None) -> str:
    """Returns the value of an attribute as text, the default where it is left out.

    Args:
      node: that has the attribute.
      name: of the attribute.
      other: the node that it is compared with; long constants are shown where they differ.
    """
    attr = node.attr[name] if name in node.attr else defaults_of(node.op).get(name)
    if attr is None:
        return "not set"
    if attr.WhichOneof("value") == "tensor":
        has_tensor = other is not None and name in other.attr and other.attr[name].HasField("tensor")
        return constants.describe(attr.tensor, other.attr[name].tensor if other and has_tensor else None)
    shown = _value_text(attr)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _value_text(attr: Any) -> str:  # noqa: PLR0911  # one return per kind
    kind = attr.WhichOneof("value")
    match kind:
        case "type":
            return dtype_name(attr.type)
        case "b":
            return str(attr.b)
        case "i" | "f" | "placeholder":
            # A float32 in the fewest digits that still mean it.
            return str(np.float32(attr.f)) if kind == "f" else str(getattr(attr, kind))
        case "s":
            return repr(attr.s.decode(errors="backslashreplace"))
        case "shape":
            return shape_text(shape_of(attr.shape))
        case "func":
            return f"function {attr.func.name}"
        case "list":
            return f"[{', '.join(_items(attr.list))}]"
        case _:
            return "not set"


def _items(values: Any) -> Iterator[str]:
    yield from (repr(each.decode(errors="backslashreplace")) for each in values.s)
    yield from map(str, values.i)
    yield from (str(np.float32(each)) for each in values.f)
    yield from map(str, values.b)
    yield from map(dtype_name, values.type)
    yield from (shape_text(shape_of(each)) for each in values.shape)
    yield from (constants.describe(each) for each in values.tensor)
    yield from (f"function {each.name}" for each in values.func)

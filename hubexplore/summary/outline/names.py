"""What kinds of ops mean for a picture, and what their attributes say of their outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.graph_protos import dtype_name
from hubexplore.summary.model import Shape

VARIABLE_OPS: Final = frozenset(
    {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable"}
)
TABLE_OPS: Final = re.compile(r"HashTable(OfTensors)?(V\d+)?$")
PASSING_OPS: Final = frozenset({"Identity", "ReadVariableOp", "Snapshot", "PreventGradient"})
"""Ops that hand on what they get: edges run through them."""
SHAPE_OPS: Final = frozenset({"Shape", "ShapeN", "Size", "Rank"})
UNSTABLE_OPS: Final = re.compile(
    r"Random|Truncated|Normal|Uniform|Gamma|Poisson|Multinomial|TensorArray|Stack|Queue|Barrier|Dataset"
    r"|Iterator|Table|Reader|ReadFile|PyFunc|Placeholder|Var|Call|^_?Arg|^If$|While|Case"
)
"""Ops whose results do not follow from their inputs alone, or that read the world outside of the graph."""
PLUMBING: Final = re.compile(r"^(Ref)?(Enter|Exit|Switch|Merge|NextIteration|LoopCond)$|^TensorArray")
"""What a loop consists of, besides what it is for."""
CONTROL_OPS: Final[dict[str, str]] = {
    "If": "branches", "StatelessIf": "branches", "Case": "branches", "StatelessCase": "branches",
    "Merge": "branches", "While": "loop", "StatelessWhile": "loop", "NextIteration": "loop",
}  # fmt: skip
"""Ops that choose what is computed, or how often."""
MINOR: Final = re.compile(
    r"^(Reshape|Pack|Unpack|StridedSlice|Slice|Cast|ExpandDims|Squeeze|Shape|Size|Rank|Range|Fill|Tile|Identity|IdentityN|"
    r"PlaceholderWithDefault|ZerosLike|OnesLike|Where|NotEqual|Equal|GreaterEqual|Less|Greater|LessEqual)$"
)
"""Ops that say little of what a scope does."""
BOOLEAN_OPS: Final = re.compile(
    r"^(Equal|NotEqual|Less|Greater|LessEqual|GreaterEqual|Logical\w+|Is[A-Z]\w+)$"
)

_FIXED: Final = re.compile(
    r"^((?P<string>StringLower|StringUpper|StringJoin|StringStrip|StringFormat|AsString|Substr|ReduceJoin|ReadFile"
    r"|(Static)?RegexReplace|(De|En)codeBase64|Encode(Jpeg|Png)|SerializeTensor)"
    r"|(?P<int64>StringToHashBucket\w*|LookupTableSize\w*))$"
)
"""Ops that give one dtype only, and so do not name it."""
_TYPE_ATTRS: Final = (
    "dtype", "DstT", "out_type", "output_type", "out_dtype", "value_dtype", "Tout", "output_types", "Toutput",
    "T", "Tparams", "value_dtypes", "output_dtypes", "dtypes", "component_types", "type", "TensorType",
)  # fmt: skip


def output_facts(op: str, message: Any, port: str) -> tuple[str, Shape]:
    """Returns dtype ("" where the node does not say) and static shape of one output of a node.

    Args:
      op: type of the node.
      message: NodeDef-shaped, or None.
      port: which output: "" or "2" in a graph, "output:2" in a function body.
    """
    if message is None:
        return "", None
    attributes = message.attr
    name, _, number = port.rpartition(":")
    index = int(number) if number.isdecimal() and len(number) < 9 else 0
    return _dtype(op, attributes, index), _shape(attributes, name, index)


def _dtype(op: str, attributes: Any, index: int) -> str:
    if BOOLEAN_OPS.match(op):
        return "bool"
    if fixed := _FIXED.match(op):
        return "string" if fixed["string"] else "int64"
    for name in _TYPE_ATTRS:
        if name in attributes:
            value = attributes[name]
            kind = value.WhichOneof("value")
            if kind == "type":
                return dtype_name(value.type)
            if kind == "list" and index < len(value.list.type):
                return dtype_name(value.list.type[index])
    return ""


def _shape(attributes: Any, argument: str, index: int) -> Shape:
    """Reads `_output_shapes`; the position of a named output in a body is only known for some names."""
    key = next((key for key in ("_output_shapes", "shape") if key in attributes), "")
    if not key:
        return None
    value = attributes[key]
    if key == "shape":
        return dimensions(value.shape) if value.WhichOneof("value") == "shape" else None
    shapes = value.list.shape
    if argument not in ("", "output", "outputs", "y", "z") and len(shapes) > 1:
        return None
    return dimensions(shapes[index]) if index < len(shapes) else None


def control_of(ops: Iterable[str]) -> str:
    """Returns "loop", "branches", or "" for what holds neither."""
    found = {CONTROL_OPS[op] for op in ops if op in CONTROL_OPS}
    return "loop" if "loop" in found else "".join(found)


def dimensions(shape: Any) -> Shape:
    """The shape in a TensorShapeProto-shaped message."""
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)

"""What kinds of ops mean for a picture, and what nodes say of their outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.op_definitions import definition, definition_of
from hubexplore.summary.graph.op_outputs import output_of
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
SHAPED_OPS: Final = frozenset(
    {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "Variable", "VariableV2", "TemporaryVariable",
     "EnsureShape", "FakeParam", "ImmutableConst", "ParallelConcat", "AccumulateNV2", "InfeedDequeue"}
)  # fmt: skip
"""Ops whose attribute `shape` is that of what they give; in others it may describe what a handle leads to."""


def output_facts(message: Any, port: str, functions: Mapping[str, Any]) -> tuple[str, Shape]:
    """Returns dtype and static shape of one output of a node, as far as node and definition say.

    Args:
      message: NodeDef-shaped, or None.
      port: which output: "" or "2" in a graph, "output:2" in a function body.
      functions: FunctionDef-shaped messages by name, for nodes whose type is a function.

    Returns:
      "" and None where they are unknown, as they are for ops of other packages.
    """
    if message is None:
        return "", None
    op = definition(message.op)
    if op is None and message.op in functions:
        op = definition_of(functions[message.op].signature)
    if op is None:
        position, dtype = (int(port or 0) if len(port) < 9 and (port or "0").isdecimal() else None), ""
    else:
        position, dtype = output_of(op, message.attr, port)
    return dtype, None if position is None else _shape(message, position)


def _shape(message: Any, position: int) -> Shape:
    attributes = message.attr
    if "_output_shapes" in attributes:
        shapes = attributes["_output_shapes"].list.shape
        return shape_of(shapes[position]) if position < len(shapes) else None
    if message.op == "Const" and "value" in attributes:
        return shape_of(attributes["value"].tensor.tensor_shape)
    if message.op in SHAPED_OPS and attribute_kind(message, "shape") == "shape":
        # TensorFlow before 1.3 wrote an empty shape for an unknown one.
        return shape_of(attributes["shape"].shape) or None
    return None


def attribute_kind(message: Any, name: str) -> str:
    """Which field of AttrValue an attribute of a node uses; "" where the node lacks it."""
    return (message.attr[name].WhichOneof("value") or "") if name in message.attr else ""


def control_of(ops: Iterable[str]) -> str:
    """Returns "loop", "branches", or "" for what holds neither."""
    found = {CONTROL_OPS[op] for op in ops if op in CONTROL_OPS}
    return "loop" if "loop" in found else "".join(found)

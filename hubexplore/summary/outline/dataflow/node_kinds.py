"""What op types mean for a diagram, and what nodes state about their outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.ops.op_definitions import definition, definition_of
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.model import Shape

VARIABLE_OPS: Final = frozenset(
    {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable"}
)
"""Ops that stand for a variable; needed for function bodies, whose variables the summary does not list."""
TABLE_OPS: Final = re.compile(r"HashTable(OfTensors)?(V\d+)?$")
"""Ops that make a lookup table: HashTable, MutableHashTableV2, MutableHashTableOfTensorsV2, ..."""
PASS_THROUGH_OPS: Final = frozenset({"Identity", "ReadVariableOp", "Snapshot", "PreventGradient"})
"""Ops that hand on their input unchanged: edges run through them."""
SHAPE_OPS: Final = frozenset({"Shape", "ShapeN", "Size", "Rank"})
"""Ops whose value is a shape, whatever feeds them."""
IMPURE_OPS: Final = re.compile(
    r"Random|Truncated|Normal|Uniform|Gamma|Poisson|Multinomial|TensorArray|Stack|Queue|Barrier|Dataset"
    r"|Iterator|Table|Reader|ReadFile|PyFunc|Placeholder|Var|Call|^_?Arg|^If$|While|Case"
)
"""Ops that draw random numbers, keep state or read files: their inputs alone do not decide the result."""
LOOP_PLUMBING: Final = re.compile(r"^(Ref)?(Enter|Exit|Switch|Merge|NextIteration|LoopCond)$|^TensorArray")
"""Ops that TF1 loops and branches are built of, apart from what they compute."""
CONTROL_OPS: Final[dict[str, str]] = {
    "If": "branches", "StatelessIf": "branches", "Case": "branches", "StatelessCase": "branches",
    "Merge": "branches", "While": "loop", "StatelessWhile": "loop", "NextIteration": "loop",
}  # fmt: skip
"""Op -> note for its box, for ops that choose what is computed, or how often."""
MINOR_OPS: Final = re.compile(
    r"^(Reshape|Pack|Unpack|StridedSlice|Slice|Cast|ExpandDims|Squeeze|Shape|Size|Rank|Range|Fill|Tile|Identity|IdentityN|"
    r"PlaceholderWithDefault|ZerosLike|OnesLike|Where|NotEqual|Equal|GreaterEqual|Less|Greater|LessEqual)$"
)
"""Ops that say little about what a scope does; they are listed last."""
OUTPUT_SHAPE_OPS: Final = frozenset(
    {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "Variable", "VariableV2", "TemporaryVariable",
     "EnsureShape", "FakeParam", "ImmutableConst", "ParallelConcat", "AccumulateNV2", "InfeedDequeue"}
)  # fmt: skip
"""Ops whose attribute `shape` describes their output; in other ops it may describe a resource."""


def output_dtype_and_shape(message: Any, port: str, functions: Mapping[str, Any]) -> tuple[str, Shape]:
    """Returns the dtype and static shape of one output of a node, by its attributes and the op's definition.

    Args:
      message: NodeDef-shaped, or None.
      port: which output: "" or "2" in a graph, "output:2" in a function body.
      functions: FunctionDef-shaped messages by name, for nodes whose op type is a function.

    Returns:
      "" for an unknown dtype, None for an unknown shape; both for ops that TensorFlow does not define.
    """
    if message is None:
        return "", None
    op = definition(message.op)
    if op is None and message.op in functions:
        op = definition_of(functions[message.op].signature)
    if op is None:
        # Without a definition the number of an output is all there is; int() refuses very long numerals.
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
    if message.op in OUTPUT_SHAPE_OPS and attribute_kind(message, "shape") == "shape":
        # TensorFlow before 1.3 wrote an empty shape for an unknown one.
        return shape_of(attributes["shape"].shape) or None
    return None


def attribute_kind(message: Any, name: str) -> str:
    """Returns the name of the AttrValue field that an attribute of a node sets; "" if the node lacks it."""
    return (message.attr[name].WhichOneof("value") or "") if name in message.attr else ""


def control_flow_of(ops: Iterable[str]) -> str:
    """Returns "loop" if there is a loop among the ops, else "branches" if there is a branch, else ""."""
    notes = {CONTROL_OPS[op] for op in ops if op in CONTROL_OPS}
    return "loop" if "loop" in notes else "".join(notes)

"""The ops that tf2onnx converts.

`onnx_ops.txt` holds their names, made by tools/list_onnx_ops.py: what it has a handler for at its default
opset without extensions of ONNX Runtime, and what its rewriters look for.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.graph.traversal import tensor_of

OPS_FILE: Final = Path(__file__).with_name("onnx_ops.txt")
REASON: Final = "tf2onnx has no such op"
NO_LOOKUP: Final = "tf2onnx knows the size of a table only beside a lookup in the same table"
# What TensorFlow itself takes out of the graph before tf2onnx sees it: functions are inlined, variables
# become constants, checks of values are dropped.
REMOVED: Final = frozenset({
    "Assert", "ControlTrigger", "DebugGradientIdentity", "NoOp", "PartitionedCall", "PreventGradient",
    "ReadVariableOp", "RefIdentity", "ResourceGather", "ResourceGatherNd", "Snapshot",
    "StatefulPartitionedCall", "VarHandleOp", "VarIsInitializedOp", "Variable", "VariableShape",
    "VariableV2", "Case", "StatelessCase", "Rank", "ShapeN", "BroadcastArgs", "BroadcastGradientArgs",
    "Print", "PrintV2", "StringFormat",
})  # fmt: skip
# Control flow of TF1, which its rewriters replace as a whole.
_CONTROL_FLOW: Final = frozenset({
    "Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch", "RefEnter", "RefExit", "RefMerge",
    "RefNextIteration", "RefSwitch", "TensorArrayGatherV3", "TensorArrayReadV3", "TensorArrayScatterV3",
    "TensorArraySizeV3", "TensorArrayV3", "TensorArrayWriteV3",
})  # fmt: skip


@functools.cache
def listed() -> frozenset[str]:
    """The ops of the file."""
    return frozenset(OPS_FILE.read_text("ascii").split())


def reason(node: Any) -> str:
    """Why a node cannot be converted; empty if it may be."""
    known = node.op in listed() or node.op in REMOVED or node.op in _CONTROL_FLOW
    return "" if known else REASON


def sizes_without_lookup(nodes: Mapping[str, Any], kept: Collection[str]) -> list[str]:
    """Names of the nodes with the size of a table in which none of the kept nodes looks anything up.

    tf2onnx reads the content of a table through the lookups in it.

    Args:
      nodes: name -> node, without calls of functions.
      kept: names of those that are converted.
    """
    read = {tensor_of(nodes[name].input[0]) for name in kept if nodes[name].op == "LookupTableFindV2"}
    return [
        name
        for name in kept
        if nodes[name].op == "LookupTableSizeV2" and tensor_of(nodes[name].input[0]) not in read
    ]

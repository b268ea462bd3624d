"""The ops that tf2onnx converts.

`onnx_ops.txt` holds their names, made by tools/list_onnx_ops.py: what it has a handler for at its default
opset without extensions of ONNX Runtime, and what its rewriters look for.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

OPS_FILE: Final = Path(__file__).with_name("onnx_ops.txt")
REASON: Final = "tf2onnx has no such op"
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

"""Compares op_effects.txt in hubexplore/summary/capabilities with the ops of the installed TensorFlow."""

from __future__ import annotations

import re
import sys

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

from hubexplore.summary.capabilities.op_effects import classed_ops, unregistered_ops
from hubexplore.summary.graph.ops.op_definitions import OpDefinition, definition_of, line_of

# Names of arguments that may lead out of the process.
SUSPICIOUS = re.compile(
    "addr|callback|ckpt|code|dir|driver|file|graph_def|host(?!_)|library|memory_region|mlir|module|path|pattern|port$"
    "|prefix|program|query|serialized_(graph|segment)|server|target|token|uri|url|(^|_)db"
)


def registered() -> dict[str, OpDefinition]:
    """Returns the definitions of all ops that the installed TensorFlow registers, by name."""
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    return {op.name: definition_of(op) for op in op_def_pb2.OpList.FromString(data).op}


def suspicious(op: OpDefinition) -> list[str]:
    """Returns the string arguments of an op whose names sound like a path, an address or a program."""
    inputs = [each.name for each in op.inputs if each.dtype == "string"]
    attributes = [name for name, spec in op.attributes.items() if spec.kind in {"string", "list(string)"}]
    return [name for name in inputs + attributes if SUSPICIOUS.search(name)]


def main() -> int:
    ops = registered()
    missing = sorted(ops.keys() - classed_ops() - unregistered_ops())
    for name in missing:
        marks = ", ".join(suspicious(ops[name]))
        print(f"not in the table: {line_of(ops[name])}" + (f"  <- {marks}" if marks else ""))
    for name in sorted(classed_ops() - ops.keys()):
        print(f"not in this TensorFlow: {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

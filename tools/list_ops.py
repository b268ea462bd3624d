"""Writes the definitions of all ops of TensorFlow to hubexplore/summary/graph/ops/op_definitions.txt."""

from __future__ import annotations

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

from hubexplore.summary.graph.ops.op_definitions import FILE, definition_of, line_of


def main() -> None:
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    ops = sorted(op_def_pb2.OpList.FromString(data).op, key=lambda op: op.name)
    FILE.write_text("".join(f"{line_of(definition_of(op))}\n" for op in ops), "ascii")
    print(f"{len(ops)} ops in {FILE}")


if __name__ == "__main__":
    main()

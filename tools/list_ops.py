"""Writes the names of all ops that the installed TensorFlow registers to hubexplore/summary/ops.txt."""

from __future__ import annotations

from pathlib import Path

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = Path(__file__).parents[1] / "hubexplore" / "summary" / "ops.txt"


def main() -> None:
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    names = sorted(op.name for op in op_def_pb2.OpList.FromString(data).op)
    TARGET.write_text("".join(f"{name}\n" for name in names), "ascii")
    print(f"{len(names)} ops in {TARGET}")


if __name__ == "__main__":
    main()

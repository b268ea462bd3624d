"""Writes the ops that TensorFlow defines but cannot run on a CPU to hubexplore/summary/graph/op_kernels.txt.

A line per op: its name, and after a tab "GPU" where only a GPU runs it. Run it with the newest TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import kernels

TARGET = Path(__file__).parents[1] / "hubexplore" / "summary" / "graph" / "op_kernels.txt"
REWRITTEN = frozenset({"AccumulateNV2"})
"""Graph passes put other ops in their place before anything runs."""


def lacking() -> dict[str, str]:
    """Op -> "GPU", or "" where no device of today has it."""
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    devices: dict[str, set[str]] = {}
    for kernel in kernels.get_all_registered_kernels().kernel:
        devices.setdefault(kernel.op, set()).add(kernel.device_type)
    found = {}
    for op in sorted(each.name for each in op_def_pb2.OpList.FromString(data).op):
        has = devices.get(op, set())
        if op not in REWRITTEN and not has & {"CPU", "DEFAULT"}:
            found[op] = "GPU" if "GPU" in has else ""
    return found


def main() -> None:
    found = lacking()
    TARGET.write_text("".join(f"{op}\t{device}".rstrip("\t") + "\n" for op, device in found.items()), "ascii")
    print(f"{len(found)} ops in {TARGET}")


if __name__ == "__main__":
    main()

"""Writes hubexplore/summary/graph/ops/op_kernels.txt: ops that TensorFlow defines but cannot run on a CPU.

Each line is the name of an op, followed by a tab and "GPU" if only a GPU can run it. Run it with the newest
TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import kernels

TARGET = Path(__file__).parents[1] / "hubexplore" / "summary" / "graph" / "ops" / "op_kernels.txt"
REWRITTEN = frozenset({"AccumulateNV2"})
"""Ops without a kernel that graph passes replace before anything runs."""


def without_cpu_kernel() -> dict[str, str]:
    """Returns op -> "GPU", or "" if no device has a kernel."""
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    # A kernel registered for DEFAULT runs on any device.
    devices: dict[str, set[str]] = {}
    for kernel in kernels.get_all_registered_kernels().kernel:
        devices.setdefault(kernel.op, set()).add(kernel.device_type)
    ops = {}
    for name in sorted(op.name for op in op_def_pb2.OpList.FromString(data).op):
        available = devices.get(name, set())
        if name not in REWRITTEN and not available & {"CPU", "DEFAULT"}:
            ops[name] = "GPU" if "GPU" in available else ""
    return ops


def main() -> None:
    ops = without_cpu_kernel()
    TARGET.write_text("".join(f"{op}\t{device}".rstrip("\t") + "\n" for op, device in ops.items()), "ascii")
    print(f"{len(ops)} ops in {TARGET}")


if __name__ == "__main__":
    main()

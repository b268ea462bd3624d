"""Writes the ops of TensorFlow that tf2onnx converts to hubexplore/summary/portability/onnx_ops.txt.

build/converters/bin/python -m tools.list_onnx_ops
"""

from __future__ import annotations

import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from hubexplore.summary.graph.ops.op_definitions import known_ops
from hubexplore.summary.portability.onnx import OPS_FILE


def converted_ops() -> set[str]:
    """What tf2onnx has a handler for at its default opset, and what its rewriters look for."""
    import tf2onnx
    import tf2onnx.tfonnx
    from tf2onnx import constants
    from tf2onnx.handler import tf_op

    handled = tf_op.create_mapping(constants.PREFERRED_OPSET, [])
    mapping = handled[0] if isinstance(handled, tuple) else handled
    folder = Path(tf2onnx.__file__).parent
    sources = [*folder.glob("rewriter/*.py"), folder / "tf_utils.py", folder / "tf_loader.py"]
    quoted = {
        word
        for source in sources
        for text in re.findall(r"""["']([A-Za-z][A-Za-z0-9|_]*)["']""", source.read_text("utf-8"))
        for word in text.split("|")
    }
    return {op for op in {*mapping, *quoted} if op in known_ops()}


if __name__ == "__main__":
    ops = sorted(converted_ops())
    OPS_FILE.write_text("".join(f"{op}\n" for op in ops), "ascii")
    print(f"{len(ops)} ops in {OPS_FILE}")

"""Writes the attribute defaults of TensorFlow's ops to hubexplore/summary/graph/ops/op_defaults.txt.

Each line is an op that is stateful or has attributes with default values, in columns separated by tabs: the
op, "stateful" or "", then pairs of attribute and default value (in protobuf's text form). Run it with the
newest TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = Path(__file__).parents[1] / "hubexplore" / "summary" / "graph" / "ops" / "op_defaults.txt"


def lines() -> Iterator[str]:
    # All ops that are registered in C++; Python's op_def_registry knows only those that were asked for.
    data = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    for op in sorted(op_def_pb2.OpList.FromString(data).op, key=lambda op: str(op.name)):
        defaults = [attribute for attribute in op.attr if attribute.HasField("default_value")]
        if op.is_stateful or defaults:
            columns = [op.name, "stateful" if op.is_stateful else ""]
            for attribute in defaults:
                columns += [attribute.name, _text(attribute.default_value)]
            yield "\t".join(columns)


def _text(value: Any) -> str:
    return str(text_format.MessageToString(value, as_one_line=True)).strip()


def main() -> None:
    ops = list(lines())
    TARGET.write_text("".join(f"{line}\n" for line in ops), "ascii")
    print(f"{len(ops)} ops in {TARGET}")


if __name__ == "__main__":
    main()

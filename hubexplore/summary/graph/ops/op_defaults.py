"""Default values of attributes, and which ops are stateful, from the op definitions of TensorFlow 2.21."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf import text_format

from hubexplore.summary.graph.messages import AttrValue

# Made by tools/list_op_defaults.py, which says how it is written.
_TABLE: Final = Path(__file__).with_name("op_defaults.txt")


@functools.cache
def _rows() -> Mapping[str, tuple[str, ...]]:
    lines = _TABLE.read_text("ascii").splitlines()
    return {op: tuple(columns) for op, *columns in (line.split("\t") for line in lines)}


def is_stateful(op: str) -> bool:
    """Whether an op may give other values when it runs again, or changes something; False if not known."""
    row = _rows().get(op)
    return row is not None and row[0] == "stateful"


@functools.cache
def defaults_of(op: str) -> Mapping[str, Any]:
    """Returns the attributes of an op that may be left out, with their values as AttrValue messages."""
    _, *columns = _rows().get(op, ("",))
    pool = AttrValue.DESCRIPTOR.file.pool
    return {
        name: text_format.Parse(text, AttrValue(), descriptor_pool=pool)
        for name, text in zip(columns[::2], columns[1::2], strict=True)
    }

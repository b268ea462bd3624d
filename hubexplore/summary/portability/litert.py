"""The ops that the LiteRT converter lacks.

It has no list of what it can convert. `litert_lacks.txt` holds the ops that it refused when they were tried
one by one by tools/list_litert_ops.py; the rules here cover what cannot be tried in this way. What neither
says is left to the converter.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.capabilities.op_effects import effect_of
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import input_dtypes, output_dtypes

LACKS_FILE: Final = Path(__file__).with_name("litert_lacks.txt")
TABLES: Final = "LiteRT has no lookup tables of TensorFlow"
STRINGS: Final = "LiteRT does not compute with texts"
REFUSED: Final = "the LiteRT converter has no such op"
OUTSIDE: Final = "LiteRT does not touch anything outside of the model"
_TABLE_OP: Final = re.compile(r"(Mutable)?(Dense)?HashTable|LookupTable|AnonymousHashTable|InitializeTable")
# What hands texts on, or asks for their shape.
_PASSES_TEXTS: Final = frozenset({
    "Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "Identity", "IdentityN", "Reshape",
    "ExpandDims", "Squeeze", "Shape", "Gather", "GatherV2", "Equal", "NotEqual", "Slice", "StridedSlice",
    "Pack", "Concat", "ConcatV2", "StopGradient", "PartitionedCall", "StatefulPartitionedCall", "NoOp",
    "Assert", "Size", "Rank", "If", "StatelessIf", "While", "StatelessWhile", "Print", "PrintV2",
    "StringFormat",
})  # fmt: skip


@functools.cache
def lacking() -> frozenset[str]:
    """The ops of the file."""
    return frozenset(LACKS_FILE.read_text("ascii").split())


def is_refused_by_rule(op: str) -> bool:
    """Whether an op type is refused whatever its attributes are, by a rule and not by the file."""
    described = definition(op)
    if described is None:
        return True
    arguments = (*described.inputs, *described.outputs)
    has_texts = any(argument.dtype == "string" for argument in arguments) and op not in _PASSES_TEXTS
    return has_texts or _TABLE_OP.match(op) is not None


def reason(node: Any) -> str:
    """Why a node cannot be converted; empty if it may be."""
    if _TABLE_OP.match(node.op):
        return TABLES
    described = definition(node.op)
    if described is None:
        return REFUSED
    if node.op not in _PASSES_TEXTS:
        dtypes = {*input_dtypes(described, node.attr), *output_dtypes(described, node.attr)}
        if "string" in dtypes:
            return STRINGS
        effect = effect_of(node.op)
        if effect is not None and effect.capabilities:
            return OUTSIDE
    return REFUSED if node.op in lacking() else ""

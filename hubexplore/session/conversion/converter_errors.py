"""What a converter says of the ops that it refuses, read from the text of its error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from hubexplore.summary.graph.ops.op_definitions import known_ops

_MOST_WORDS: Final = 1_500
"""Maximum number of characters of a converter's message that are repeated."""
# What tf2onnx and the LiteRT converter write of ops that they lack.
_OPS: Final = re.compile(r": (\w+)\] is not supported|'tf\.(\w+)' op is|legalize operation 'tf\.(\w+)'")
_LISTED: Final = re.compile(r"(?:Select|Custom) ops: (\w+(?:, \w+)*)")
# What they write of the nodes: the LiteRT converter in the location of an error, tf2onnx in its text.
_LOCATED: Final = re.compile(r'error: loc\([^"\n]*"\w+:", "([^"@\n]+)')
_OF_NODE: Final = re.compile(r"for node (\S+?)[,.;]?(?:\s|$)")

# tf2onnx says this of a loop of TF1 that it cannot take apart, but not which. Each is left by these ops, and
# what it collects is of use to nothing but these.
_LOOP_FAILED: Final = "rewrite failed, so just fast fail it"
_OF_LOOP: Final = re.compile(r"(Ref)?Exit|TensorArray(Concat|Gather|Read|Scatter|Size|Split|Write)V[23]")


def refused_nodes(errors: Iterable[str], graph_def: Any) -> dict[str, set[str]]:
    """Returns the types of the ops that a converter refused, each with those nodes of a graph that it named.

    A converter names nodes as they are in the SavedModel, where called functions have names of their own. An
    op none of whose nodes is known has an empty set: all of its nodes are meant.

    Args:
      errors: texts.
      graph_def: GraphDef-shaped message of the module.
    """
    types = {node.name: node.op for node in graph_def.node}
    refused: dict[str, set[str]] = {}
    wholly: set[str] = set()
    for error in errors:
        nodes = _named_nodes(error)
        for op in _named_ops(error):
            known = {name for name in nodes if types.get(name) == op}
            refused.setdefault(op, set()).update(known)
            if not known:
                wholly.add(op)
        for match in _OF_NODE.finditer(error):
            if match[1] in types:
                refused.setdefault(types[match[1]], set()).add(match[1])
        if _LOOP_FAILED in error:
            wholly.update(op for op in types.values() if _OF_LOOP.fullmatch(op))
    # One error that names an op without its nodes means all of them, whatever others name.
    return {**refused, **{op: set() for op in sorted(wholly)}}


def _named_nodes(error: str) -> set[str]:
    return {match[1] for match in _LOCATED.finditer(error)}


def _named_ops(error: str) -> set[str]:
    named = {name for match in _OPS.finditer(error) for name in match.groups() if name}
    for match in _LISTED.finditer(error):
        named.update(match[1].split(", "))
    return {name for name in named if name in known_ops()}


def shortened(error: str) -> str:
    """Returns the message of a converter on one line, ending with a period, or cut."""
    text = " ".join(error.split())
    return f"{text[:_MOST_WORDS]}…" if len(text) > _MOST_WORDS else f"{text.rstrip('.')}."

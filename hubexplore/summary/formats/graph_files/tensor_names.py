"""Names for the inputs and outputs of a signature, made from those of nodes."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hubexplore.summary.free_names import free_name
from hubexplore.summary.graph.ops.op_definitions import OpDefinition, definition
from hubexplore.summary.graph.traversal import node_of


def argument_names(tensors: Iterable[str], nodes: Mapping[str, Any]) -> dict[str, str]:
    """A name for each tensor ("scope/x:0"): the last parts of its node's name that no other of them has.

    The names can be typed in Python as keyword arguments: "x", "scope_x", "top_k_indices".
    """
    distinct = list(dict.fromkeys(tensors))
    paths = {tensor: _path(tensor, nodes.get(node_of(tensor))) for tensor in distinct}
    names: dict[str, str] = {}
    length = 0
    while len(names) < len(distinct):
        length += 1
        tails = {tensor: _identifier(paths[tensor][-length:]) for tensor in distinct if tensor not in names}
        counts = Counter([*tails.values(), *names.values()])
        for tensor, tail in tails.items():
            if counts[tail] == 1:
                names[tensor] = tail
            elif length >= len(paths[tensor]):
                names[tensor] = free_name(tail, {*names.values(), *tails.values()}, first=2)
    return {tensor: names[tensor] for tensor in distinct}


def _path(tensor: str, node: Any) -> list[str]:
    """The parts of a node's name; the last one also says which output of several it is."""
    parts = [part for part in node_of(tensor).split("/") if part] or ["tensor"]
    number = int(tensor.rpartition(":")[2])
    op = definition(node.op) if node is not None else None
    suffix = _output_name(op, number) if op is not None else (f"_{number}" if number else "")
    return [*parts[:-1], parts[-1] + suffix]


def _output_name(op: OpDefinition, number: int) -> str:
    outputs: Sequence[Any] = op.outputs
    if len(outputs) == 1 and not outputs[0].count and not _is_list(op, outputs[0]):
        return ""
    if any(output.count or _is_list(op, output) for output in outputs) or number >= len(outputs):
        return f"_{number}"
    return f"_{outputs[number].name}"


def _is_list(op: OpDefinition, argument: Any) -> bool:
    attribute = op.attributes.get(argument.attribute)
    return attribute is not None and attribute.kind == "list(type)"


def _identifier(parts: Sequence[str]) -> str:
    text = re.sub(r"\W", "_", "_".join(parts), flags=re.ASCII)
    if not text or text[0].isdigit():
        text = f"_{text}"
    return f"{text}_" if keyword.iskeyword(text) else text

"""Which ops TensorFlow defines but cannot run, and which signatures need them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.graph.traversal import Cut, index_nodes, reach, reached_functions, tensor_of
from hubexplore.summary.model import SignatureSummary

# Made by tools/list_op_kernels.py from TensorFlow 2.21 for CPUs.
_TABLE: Final = Path(__file__).with_name("op_kernels.txt")


@functools.cache
def without_kernel() -> Mapping[str, str]:
    """Returns the ops that have no kernel for a CPU -> "GPU" where a GPU runs them, else ""."""
    lines = (line.partition("\t") for line in _TABLE.read_text("ascii").splitlines())
    return {op: device for op, _, device in lines}


def reason(op: str) -> str:
    """Returns why an op without a kernel for a CPU cannot run, as a clause."""
    if without_kernel().get(op) == "GPU":
        return "TensorFlow has a kernel for it on GPUs only"
    return "today's TensorFlow defines it, but has no kernel for it on a CPU or GPU"


def ops_of(signature: SignatureSummary, meta_graph: Any, wanted: Iterable[str]) -> frozenset[str]:
    """Returns which of some op types a signature runs, itself or in a function that it calls."""
    ops = frozenset(wanted)
    if not ops:
        return ops
    nodes = index_nodes(meta_graph.graph_def.node)
    fed = frozenset(tensor_of(tensor) for each in signature.inputs for tensor in each.tensors)
    targets = [tensor_of(tensor) for each in signature.outputs for tensor in each.tensors]
    needed = [nodes[name] for name in reach(nodes, targets, Cut(tensors=fed)).nodes]
    found = {node.op for node in needed}
    for function in reached_functions(needed, meta_graph.graph_def.library):
        found.update(node.op for node in function.node_def)
    return frozenset(found & ops)


def who_needs(
    ops: Iterable[str], signatures: Iterable[SignatureSummary], meta_graph: Any
) -> Mapping[str, list[str]]:
    """Returns the op types -> the names of the signatures that run them."""
    wanted = list(ops)
    needs: dict[str, list[str]] = {op: [] for op in wanted}
    known: dict[tuple[frozenset[str], ...], frozenset[str]] = {}
    for signature in signatures:
        # Many signatures of one graph are often of the same tensors.
        ends = tuple(
            frozenset(tensor for each in side for tensor in each.tensors)
            for side in (signature.inputs, signature.outputs)
        )
        if ends not in known:
            known[ends] = ops_of(signature, meta_graph, wanted)
        for op in known[ends]:
            needs[op].append(signature.name)
    return needs

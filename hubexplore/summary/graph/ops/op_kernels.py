"""Which ops TensorFlow defines but cannot run, and which signatures need them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hubexplore.summary.graph.traversal import (
    MOST_WALKED,
    Cut,
    index_nodes,
    reach,
    reached_functions,
    tensor_of,
)
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


def ops_of(signature: SignatureSummary, meta_graph: Any, op_types: Iterable[str]) -> frozenset[str]:
    """Returns which of some op types a signature runs, itself or in a function that it calls."""
    ops = frozenset(op_types)
    if not ops:
        return ops
    # The index goes over all nodes of the graph, so it is made only where an op is in question.
    nodes = index_nodes(meta_graph.graph_def.node)
    return ops.intersection(node.op for node in _run_by(signature, nodes, meta_graph.graph_def.library))


def _run_by(signature: SignatureSummary, nodes: Mapping[str, Any], library: Any) -> list[Any]:
    """Returns the nodes that a signature runs, those of functions included."""
    fed = frozenset(tensor_of(tensor) for info in signature.inputs for tensor in info.tensors)
    targets = [tensor_of(tensor) for info in signature.outputs for tensor in info.tensors]
    needed = [nodes[name] for name in reach(nodes, targets, Cut(tensors=fed)).nodes]
    inside = (function.node_def for function in reached_functions(needed, library))
    return [*needed, *itertools.chain.from_iterable(inside)]


def who_needs(
    ops: Iterable[str], signatures: Iterable[SignatureSummary], meta_graph: Any
) -> Mapping[str, list[str]]:
    """Returns the op types -> the names of the signatures that run them.

    Each signature is walked by itself. Where that takes more than `MOST_WALKED` nodes together, nothing is
    known of any op and the result is empty.
    """
    needs: dict[str, list[str]] = {op: [] for op in ops}
    nodes, library = index_nodes(meta_graph.graph_def.node), meta_graph.graph_def.library
    ops_by_ends: dict[tuple[frozenset[str], ...], frozenset[str]] = {}
    walked = 0
    for signature in signatures:
        # Many signatures of one graph are often of the same tensors.
        ends = tuple(
            frozenset(name for tensor in side for name in tensor.tensors)
            for side in (signature.inputs, signature.outputs)
        )
        if ends not in ops_by_ends:
            run = _run_by(signature, nodes, library)
            walked += len(run) + len(library.function)
            # All or nothing: of a partial result a reader would take the missing signatures for unaffected.
            if walked > MOST_WALKED:
                return {}
            ops_by_ends[ends] = frozenset(node.op for node in run).intersection(needs)
        for op in ops_by_ends[ends]:
            needs[op].append(signature.name)
    return needs

"""Local variables: a signature reads them, and they start from a value of the graph, not of the checkpoint.

Writers of SavedModels leave them to the main op, which loading runs after it has restored the checkpoint:
accumulators of metrics, counters, other local variables. No collection of a module lists them.

Messages are MetaGraphDef- and NodeDef-shaped, this package's own or TensorFlow's; they are not changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.traversal import PLACEHOLDERS, node_of, reach
from hubexplore.summary.module_format import INIT_OP, INTERNAL_SIGNATURES, MAIN_OPS

VARIABLE_OPS: Final = frozenset({"VariableV2", "Variable", "VarHandleOp"})
ASSIGN_OPS: Final = frozenset({"Assign", "AssignVariableOp"})

_Nodes = Mapping[str, Any]


def main_op_values(meta_graph: Any, nodes: _Nodes) -> dict[str, str]:
    """What the main op of a SavedModel assigns: variable's node -> the input with its value."""
    # Older writers name the op in a collection, newer ones as the output of a signature; some do both.
    ran = [
        name
        for key in MAIN_OPS
        if key in meta_graph.collection_def
        for name in meta_graph.collection_def[key].node_list.value
    ]
    if INIT_OP in meta_graph.signature_def:
        ran += [info.name for info in meta_graph.signature_def[INIT_OP].outputs.values()]
    reached = reach(nodes, map(node_of, ran)).nodes if ran else set()
    # Sorted, so that of several assignments to one variable the same one counts in every process: Python
    # orders sets of strings differently in each.
    assigns = [nodes[name] for name in sorted(reached) if nodes[name].op in ASSIGN_OPS]
    return {node_of(node.input[0]): node.input[1] for node in assigns}


def read_by_signatures(meta_graph: Any, nodes: _Nodes, variables: Collection[str]) -> set[str]:
    """Those of these nodes that an output of a signature depends on."""
    if not variables:
        return set()
    outputs = (
        tensor
        for name, signature in meta_graph.signature_def.items()
        if name not in INTERNAL_SIGNATURES
        for info in signature.outputs.values()
        for tensor in component_names(info)
    )
    return reach(nodes, map(node_of, outputs)).nodes.intersection(variables)


def unlisted(meta_graph: Any, nodes: _Nodes, variables: Iterable[str], listed: Collection[str]) -> set[str]:
    """Nodes of the variables that a signature reads and that are not listed.

    Args:
      meta_graph: whose signatures count.
      nodes: its index, node name -> node.
      variables: all nodes whose op is in `VARIABLE_OPS`.
      listed: nodes of the variables in the collections of a module.
    """
    return read_by_signatures(meta_graph, nodes, set(variables).difference(listed))


def starting(
    meta_graph: Any, nodes: _Nodes, started: Mapping[str, str], stored: Collection[str]
) -> dict[str, str]:
    """The variables of a SavedModel that start from what its main op assigns: node -> input with the value.

    Those are all that the checkpoint lacks, and of the others what a signature reads: TensorFlow restores the
    checkpoint first and then runs the main op. A value that is computed from the variable itself is left out,
    since no initial value can be.

    Args:
      meta_graph: whose signatures count.
      nodes: its index, node name -> node.
      started: see `main_op_values`.
      stored: names in the checkpoint.
    """
    both = read_by_signatures(meta_graph, nodes, {name for name in started if name in stored})
    return {
        name: value
        for name, value in started.items()
        if name not in stored or (name in both and can_start(nodes, name, value))
    }


def can_start(nodes: _Nodes, variable: str, value: str) -> bool:
    """Whether a value can be that which a variable starts from: it needs no input and not the variable."""
    needed = reach(nodes, [node_of(value)]).nodes
    return variable not in needed and not any(nodes[name].op in PLACEHOLDERS for name in needed)

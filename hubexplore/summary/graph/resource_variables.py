"""Rewrites the references of a TF1 graph as resources: its variables from before `use_resource`, and tables.

A reference is a tensor that ops write through, and that others read whenever they run. TensorFlow can hold it
in a graph only, neither in a function nor eagerly. A resource is a handle instead, and each read is an op of
its own. The rewritten graph computes the same:

* the node of a variable becomes a `VarHandleOp` of the same name, that of a table the `V2` of its op;
* an op that takes a reference takes the handle: `Assign` becomes `AssignVariableOp`, `ScatterAdd` becomes
  `ResourceScatterAdd`, `LookupTableFind` becomes `LookupTableFindV2`; `RefSwitch`, `RefEnter` and others
  become the ops for any tensor, here for handles;
* where a value is needed, the handle is read. A node that only reads (`Identity` of a reference) becomes the
  `ReadVariableOp`; another one gets a `ReadVariableOp` of its own, which waits for what the node waits for,
  so a read after a write stays behind it. The result of a write is a read that waits for the write.

Whether a tensor is a reference is in the definition of its op, so nodes may come in any order and nothing is
walked: the cost is linear in nodes and edges. Definitions: tensorflow/core/ops/state_ops.cc,
resource_variable_ops.cc, training_ops.cc, lookup_ops.cc and data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import UnsupportedFormatError
from hubexplore.summary.graph.ops.op_definitions import Argument, OpDefinition, definition
from hubexplore.summary.graph.ops.op_outputs import tensor_count
from hubexplore.summary.graph.traversal import index_nodes, node_of, tensor_of

VARIABLES: Final = frozenset({"Variable", "VariableV2"})
_RESOURCE: Final = 20  # DT_RESOURCE in tensorflow/core/framework/types.proto
_DTYPE: Final = "dtype"
# An op on a reference -> the op on a handle whose attribute for the dtype is called "dtype", not "T". All
# other ops on variables have "Resource" before their name, those on tables and queues "V2" behind it.
_WRITES: Final[Mapping[str, str]] = {
    "Assign": "AssignVariableOp",
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    **{
        f"Scatter{kind}": f"ResourceScatter{kind}"
        for kind in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max")
    },
}
_IS_INITIALIZED: Final = "IsVariableInitialized"
# These pass a reference on, and do the same with any tensor under another name.
_CARRIERS: Final[Mapping[str, str]] = {
    "RefIdentity": "Identity", "RefSwitch": "Switch", "RefMerge": "Merge", "RefEnter": "Enter",
    "RefExit": "Exit", "RefNextIteration": "NextIteration",
}  # fmt: skip

MSG_NO_RESOURCE_OP: Final = (
    "The node {name!r} ({op}) works on a reference to a variable, table or queue of TF1, and TensorFlow has "
    "no such op for resources. In a graph it can be used: hub.Module(path)."
)


@dataclass(frozen=True)
class Rewritten:
    """A graph without references.

    Attributes:
      nodes: in the order of the graph; those that did not change are the same objects.
      values: names of the tensors that were asked for -> the tensors that have their values now.
    """

    nodes: list[Any]
    values: Mapping[str, str]


def has_references(nodes: Iterable[Any]) -> bool:
    """Whether a graph has reference variables, or tables of the same age."""
    return any(_makes_reference(node.op) for node in nodes)


def as_resources(nodes: Iterable[Any], outputs: Iterable[str] = ()) -> Rewritten:
    """Rewrites a graph.

    Args:
      nodes: NodeDef-shaped messages, which are not changed. Names are unique.
      outputs: names of tensors whose values are needed outside of the graph, such as a signature's outputs.

    Raises:
      UnsupportedFormatError: (a ValueError) a node works on a reference in a way that resources lack.
    """
    return _Rewriting(index_nodes(nodes)).result(outputs)


def _makes_reference(op: str) -> bool:
    known = definition(op)
    # A source of references has none among its inputs; what has is found by its inputs.
    return (
        known is not None
        and any(argument.reference for argument in known.outputs)
        and not any(argument.reference for argument in known.inputs)
    )


class _Rewriting:
    def __init__(self, nodes: Mapping[str, Any]) -> None:
        self._nodes = nodes
        self._added: dict[str, Any] = {}

    def result(self, outputs: Iterable[str]) -> Rewritten:
        rewritten = [self._node(node) for node in self._nodes.values()]
        values = {}
        for name in outputs:
            tensor = tensor_of(name)
            if self._is_reference(tensor):
                source = self._nodes[node_of(tensor)]
                values[name] = self._read(f"{source.name}/ReadVariableOp", type(source), tensor, [])
            else:
                values[name] = name
        return Rewritten([*rewritten, *self._added.values()], values)

    def _node(self, node: Any) -> Any:
        known = definition(node.op)
        if known is None:
            return node
        if node.op in VARIABLES:
            return _variable(node)
        is_source = _makes_reference(node.op)
        arguments = list(_input_arguments(known, node))
        uses = [self._is_reference(tensor_of(edge)) for edge, _ in zip(node.input, arguments, strict=False)]
        if not is_source and not any(uses):
            return node
        changed = type(node)()
        changed.CopyFrom(node)
        by_reference = any(
            argument.reference and is_use for argument, is_use in zip(arguments, uses, strict=False)
        )
        if is_source or by_reference:
            _change_op(changed, node, known)
        elif node.op == "Identity":
            _change_to_read(changed)
        self._change_inputs(changed, arguments, uses)
        return changed

    def _change_inputs(self, node: Any, arguments: list[Argument], uses: list[bool]) -> None:
        controls = [edge for edge in node.input if edge[:1] == "^"]
        edges, waits = [], []
        # Data inputs come first in a NodeDef, in the order of the arguments.
        data = [edge for edge in node.input if edge[:1] != "^"]
        for position, (edge, argument, is_use) in enumerate(zip(data, arguments, uses, strict=False)):
            if not is_use:
                edges.append(edge)
            elif argument.reference or node.op == "ReadVariableOp":
                handle, writers = self._handle(tensor_of(edge))
                edges.append(handle)
                waits.extend(writers)
            else:
                name = f"{node.name}/ReadVariableOp_{position}"
                edges.append(self._read(name, type(node), tensor_of(edge), controls))
        del node.input[:]
        node.input.extend([*edges, *controls, *(wait for wait in waits if wait not in controls)])

    def _handle(self, tensor: str) -> tuple[str, list[str]]:
        """The tensor with the handle of a reference, and control inputs for the writes it went through."""
        writers = []
        node = self._nodes[node_of(tensor)]
        # A chain of writes, as in assign_add(assign(v, x), y); it ends at a variable or a carrier.
        while node.op not in _CARRIERS and not _makes_reference(node.op):
            writers.append(f"^{node.name}")
            tensor = tensor_of(node.input[0])
            node = self._nodes[node_of(tensor)]
        return tensor, writers

    def _read(self, name: str, node_class: type[Any], tensor: str, controls: list[str]) -> str:
        while name in self._nodes or name in self._added:
            name += "_1"
        handle, writers = self._handle(tensor)
        node = node_class(name=name, op="ReadVariableOp")
        node.input.extend([handle, *controls, *writers])
        node.attr[_DTYPE].type = self._dtype(handle)
        self._added[name] = node
        return f"{name}:0"

    def _dtype(self, tensor: str) -> int:
        """The number of the dtype of a variable, by the node that hands out the reference."""
        node = self._nodes[node_of(tensor)]
        return int(node.attr[_DTYPE if node.op in VARIABLES else "T"].type)

    def _is_reference(self, tensor: str) -> bool:
        node = self._nodes.get(node_of(tensor))
        known = None if node is None else definition(node.op)
        if node is None or known is None or not any(argument.reference for argument in known.outputs):
            return False
        position = int(tensor.rpartition(":")[2])
        for argument in known.outputs:
            position -= tensor_count(known, node.attr, argument)
            if position < 0:
                return argument.reference
        return False


def _input_arguments(known: OpDefinition, node: Any) -> Iterator[Argument]:
    """The argument that each data input of a node belongs to."""
    for argument in known.inputs:
        for _ in range(tensor_count(known, node.attr, argument)):
            yield argument


def _variable(node: Any) -> Any:
    handle = type(node)(name=node.name, op="VarHandleOp")
    handle.input.extend(node.input)
    for key, value in node.attr.items():
        handle.attr[key].CopyFrom(value)
    # A variable without a shared name has that of its node; handles without one would all be the same.
    if not handle.attr["shared_name"].s:
        handle.attr["shared_name"].s = node.name.encode(errors="surrogateescape")
    return handle


def _change_to_read(node: Any) -> None:
    node.op = "ReadVariableOp"
    dtype = node.attr["T"].type
    del node.attr["T"]
    node.attr[_DTYPE].type = dtype


def _change_op(changed: Any, node: Any, known: OpDefinition) -> None:
    """Gives a node that makes or takes references the op for handles.

    Raises:
      UnsupportedFormatError: there is none.
    """
    if node.op in _CARRIERS:
        changed.op = _CARRIERS[node.op]
        changed.attr["T"].type = _RESOURCE
        return
    if node.op == _IS_INITIALIZED:
        changed.op = "VarIsInitializedOp"
        changed.attr.pop(_DTYPE, None)
        return
    names = (_WRITES.get(node.op, ""), f"Resource{node.op}", f"{node.op}V2")
    twins = (twin for twin in map(definition, names) if twin is not None)
    twin = next((twin for twin in twins if len(twin.inputs) == len(known.inputs)), None)
    if twin is None:
        raise UnsupportedFormatError(MSG_NO_RESOURCE_OP.format(name=node.name, op=node.op))
    changed.op = twin.name
    if node.op in _WRITES and "T" in changed.attr:
        changed.attr[_DTYPE].CopyFrom(node.attr["T"])
    for key in node.attr:
        # Names that begin with an underscore belong to no op, and are for all of them.
        if key not in twin.attributes and key[:1] != "_":
            del changed.attr[key]

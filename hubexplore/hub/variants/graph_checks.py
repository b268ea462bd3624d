"""Checks of a module's graph that TensorFlow makes too late, or only by aborting the process.

The importer refuses a damaged graph as a whole and adds nothing. What it does not look at is what names
the graph from outside (signatures, collections, lists of variables) and the bodies of functions: a mistake
there would surface when half of the ops are in the user's graph or, worse, when a session runs them.
All checks are linear in what they look at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tensorflow.core.framework import types_pb2

from hubexplore.display.wording import counted
from hubexplore.errors import DamagedModuleError
from hubexplore.hub import tf_internals
from hubexplore.summary.graph.functions.function_nesting import find_endless
from hubexplore.summary.graph.traversal import node_of

_DTYPES: Final = frozenset(types_pb2.DataType.values()) - {types_pb2.DT_INVALID}
_BRANCHES: Final = ("then_branch", "else_branch")
# Op -> attribute with the function(s) it calls, attributes with the dtypes of their inputs and outputs;
# None for the condition of a loop, whose one output may be of any dtype.
_CALLS: Final[Mapping[str, tuple[tuple[str, str, str | None], ...]]] = {
    **dict.fromkeys(("If", "StatelessIf"), tuple((name, "Tin", "Tout") for name in _BRANCHES)),
    **dict.fromkeys(("Case", "StatelessCase"), (("branches", "Tin", "Tout"),)),
    **dict.fromkeys(("While", "StatelessWhile"), (("cond", "T", None), ("body", "T", "T"))),
    **dict.fromkeys(("PartitionedCall", "StatefulPartitionedCall"), (("f", "Tin", "Tout"),)),
}
_MERGE_OPS: Final = frozenset({"Merge", "RefMerge"})
_BACK_OPS: Final = frozenset({"NextIteration", "RefNextIteration"})
# At most nine digits, so that the number of an output fits into 32 bits.
_TENSOR: Final = re.compile(r"[^:^]+:\d{1,9}")


def check_names(nodes: Mapping[str, Any], names: Iterable[str], label: str, *, ops: bool = False) -> None:
    """Checks names of tensors (`"node:0"`).

    A node that is not there is not reported here: the walk over the graph names all of those at once.

    Args:
      nodes: node name -> NodeDef.
      names: to check.
      label: where the names are from, for the message.
      ops: whether they may also be names of nodes.

    Raises:
      DamagedModuleError: a name is not that of a tensor, or the node has no such output.
    """
    for name in names:
        # The name of an op needs no check of an output; whether the op exists is found by the walk over the
        # graph.
        if ops and name and ":" not in name and name[0] != "^":
            continue
        if not _TENSOR.fullmatch(name):
            raise DamagedModuleError(f"{label} names {name!r}, which is not the name of a tensor.")
        node = nodes.get(node_of(name))
        if node is None:
            continue
        count = output_count(node)
        if count is not None and int(name.rpartition(":")[2]) >= count:
            raise DamagedModuleError(
                f"{label} names {name!r}, but that node ({node.op}) has {counted(count, 'output')}."
            )


def check_loops(nodes: Mapping[str, Any]) -> None:
    """Checks that a TF1 loop is entered by one value for each that it carries.

    With more than one the importer aborts the process (TensorFlow 2.21, `GraphConstructor`).

    Raises:
      DamagedModuleError: names the node at which a loop begins.
    """
    for node in nodes.values():
        if node.op not in _MERGE_OPS:
            continue
        # A Merge of a loop has one value from outside and one from the back edge; more of the former is the
        # damage.
        data = [nodes.get(node_of(name)) for name in node.input if not name.startswith("^")]
        back = [producer is not None and producer.op in _BACK_OPS for producer in data]
        if any(back) and len(data) - sum(back) > 1:
            raise _altered("The module's graph", f"has a loop that begins twice at {node.name!r}")


def check_functions(nodes: Collection[Any], library: Any) -> None:
    """Checks the functions of a graph, and the branches, bodies and functions that its nodes call.

    The importer adds functions after the nodes, and looks into neither their nodes nor their calls. There a
    Const without a value aborts the process when it runs, and a branch with an output too few is read
    beyond its end (TensorFlow 2.21). For functions that call themselves see `function_nesting`.

    Raises:
      DamagedModuleError: names the function and what is wrong with it.
    """
    if not library.function:
        return
    signatures = {function.signature.name: function.signature for function in library.function}
    if len(signatures) < len(library.function) or "" in signatures:
        raise _altered("The module", "has two functions of one name, or one without a name")
    required: dict[str, list[str]] = {}
    for function in library.function:
        where = f"Function {function.signature.name!r}"
        _check_signature(function, where)
        for node in function.node_def:
            _check_node(node, required, where)
        _check_calls(function.node_def, signatures, where)
    _check_calls(nodes, signatures, "The module's graph")
    endless = find_endless(nodes, library)
    if endless:
        raise DamagedModuleError(endless)


def _altered(where: str, finding: str) -> DamagedModuleError:
    return DamagedModuleError(f"{where} {finding}. The module is altered; copy or download it again.")


def _check_signature(function: Any, where: str) -> None:
    signature = function.signature
    for argument in (*signature.input_arg, *signature.output_arg):
        if argument.type and argument.type not in _DTYPES:
            raise _altered(where, f"has the argument {argument.name!r} of the unknown dtype {argument.type}")
        if not (argument.type or argument.type_attr or argument.type_list_attr):
            raise _altered(where, f"has the argument {argument.name!r} without a dtype")
    names = [argument.name for argument in signature.input_arg] + [node.name for node in function.node_def]
    if len(set(names)) < len(names):
        raise _altered(where, "has two nodes or arguments of one name")
    if set(function.ret) != {argument.name for argument in signature.output_arg}:
        raise _altered(where, "does not say for each output where it comes from")


def _check_node(node: Any, required: dict[str, list[str]], where: str) -> None:
    """Checks that a node has the attributes its op needs; `required` remembers them by op."""
    # Thousands of nodes share a few dozen op types: their definitions are looked at once each.
    if node.op not in required:
        definition = tf_internals.op_def(node.op)
        attrs = definition.attr if definition else ()
        required[node.op] = [attr.name for attr in attrs if not attr.HasField("default_value")]
    wrong = next((name for name in required[node.op] if name not in node.attr), None)
    if node.op == "Const" and not wrong:
        dtype = node.attr["dtype"].type
        wrong = "dtype" if dtype and node.attr["value"].tensor.dtype != dtype else None
    if wrong:
        raise _altered(where, f"has no valid {wrong!r} on {node.name!r}, which its op {node.op!r} needs")


def _check_calls(nodes: Iterable[Any], signatures: Mapping[str, Any], where: str) -> None:
    for node in nodes:
        for attr, inputs, outputs in _CALLS.get(node.op, ()):
            value = node.attr[attr]
            for call in value.list.func if value.HasField("list") else (value.func,):
                if call.name not in signatures:
                    raise _altered(where, f"calls {call.name!r} in {node.name!r}, which does not exist")
                signature = signatures[call.name]
                fits = _fits(node, inputs, signature.input_arg) and _fits(node, outputs, signature.output_arg)
                if not fits:
                    call_of_node = f"calls {call.name!r} in {node.name!r}"
                    raise _altered(where, f"{call_of_node} with arguments or results that it does not have")


def _fits(node: Any, types: str | None, arguments: Any) -> bool:
    """Whether the arguments of a function have the dtypes in an attribute of the node that calls it."""
    types_of_function = [argument.type for argument in arguments]
    if types is None:
        return len(types_of_function) == 1
    # An argument whose dtype depends on the call has 0 here; the runtime matches it.
    return 0 in types_of_function or types_of_function == list(node.attr[types].list.type)


def output_count(node: Any) -> int | None:
    """How many outputs a node has; None where TensorFlow does not know its op, as for a function."""
    definition = tf_internals.op_def(node.op)
    if definition is None:
        return None
    count = 0
    for argument in definition.output_arg:
        if argument.number_attr:
            count += int(_attr(node, definition, argument.number_attr).i)
        elif argument.type_list_attr:
            count += len(_attr(node, definition, argument.type_list_attr).list.type)
        else:
            count += 1
    return count


def _attr(node: Any, definition: Any, name: str) -> Any:
    """The value of an attribute, else its default."""
    if name in node.attr:
        return node.attr[name]
    return next(attr.default_value for attr in definition.attr if attr.name == name)

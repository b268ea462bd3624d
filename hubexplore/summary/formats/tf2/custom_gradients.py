"""Gradients that the author of a TF2 model wrote, made part of the graph.

`tf.custom_gradient` makes an IdentityN whose attribute names a gradient that only the author's process knows.
A file holds these gradients as functions, lists which is whose, and describes what each captures: tensors of
the function that the IdentityN is in, by their names there.

Here the captures become further inputs of the IdentityN, whose attributes then say all that is needed to
compute its gradient wherever the node ends up: the function, and which inputs it has gradients for. An export
keeps them. `hub/graph/custom_gradients.py` computes it.

Sources: tensorflow/python/saved_model/save.py and function_deserialization.py, ops/custom_gradient.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_dtypes
from hubexplore.summary.graph.traversal import index_nodes

GRADIENT_TYPE: Final = "_gradient_op_type"
"""Attribute with the name under which TensorFlow looks up the gradient of an op."""
FUNCTION: Final = "_hub_gradient"
"""Attribute with the function that computes the gradient."""
INPUTS: Final = "_hub_gradient_inputs"
"""Attribute with the numbers of the inputs that the function has gradients for."""
COUNT: Final = "_hub_gradient_count"
"""Attribute with the number of inputs that the node had in the file; captures follow."""
SAVED: Final = "HubSavedGradient"
"""Name of the gradient of nodes that have both."""
UNSAVED: Final = "HubUnsavedGradient"
"""Name of the gradient of nodes whose gradient the file lacks."""
_CUSTOM: Final = b"CustomGradient-"
_NODE: Final = "IdentityN"
_SHAPES: Final = "_output_shapes"


def attach(functions: Iterable[Any], registered: Iterable[Any], object_graph: Any) -> None:
    """Attaches the custom gradients of a file to the nodes in these functions, which are changed.

    Args:
      functions: FunctionDef-shaped messages: bodies, and the gradients themselves.
      registered: RegisteredGradient-shaped messages.
      object_graph: SavedObjectGraph-shaped message, which says what functions capture.
    """
    by_name = {function.signature.name: function for function in functions}
    gradients = {item.registered_op_type.encode(): item.gradient_func for item in registered}
    for body in by_name.values():
        for node in body.node_def:
            if node.op != _NODE or GRADIENT_TYPE not in node.attr:
                continue
            name = node.attr[GRADIENT_TYPE].s
            if name.startswith(_CUSTOM):
                gradient = by_name.get(gradients.get(name, ""))
                found = None if gradient is None else _captures(body, gradient, object_graph)
                _attach(node, gradient, found, object_graph)


def _attach(node: Any, gradient: Any, captures: Sequence[tuple[str, int]] | None, object_graph: Any) -> None:
    """Makes a node say what its gradient is; `captures` is None where the file does not say it."""
    count = len(node.attr["T"].list.type)
    if gradient is None or captures is None or len(gradient.signature.input_arg) != count + len(captures):
        node.attr[GRADIENT_TYPE].s = UNSAVED.encode()
        return
    name = gradient.signature.name
    node.attr[GRADIENT_TYPE].s = SAVED.encode()
    node.attr[FUNCTION].func.name = name
    inputs = _with_gradient(object_graph.concrete_functions[name], count, len(gradient.signature.output_arg))
    node.attr[INPUTS].list.i.extend(inputs)
    node.attr[COUNT].i = count
    controls = [edge for edge in node.input if edge.startswith("^")]
    data = [edge for edge in node.input if not edge.startswith("^")]
    del node.input[:]
    node.input.extend([*data, *(edge for edge, _ in captures), *controls])
    node.attr["T"].list.type.extend(dtype for _, dtype in captures)
    if _SHAPES in node.attr:
        for _ in captures:
            node.attr[_SHAPES].list.shape.add(unknown_rank=True)


def _with_gradient(function: Any, count: int, outputs: int) -> list[int]:
    """The numbers of those of `count` inputs that a function returns gradients for."""
    kind = function.output_signature.WhichOneof("kind")
    values = getattr(function.output_signature, kind).values if kind in ("tuple_value", "list_value") else ()
    numbers = [number for number, value in enumerate(values) if value.WhichOneof("kind") != "none_value"]
    # Without a description: what comes last, since the first inputs are the results themselves.
    return (
        numbers if len(values) == count and len(numbers) == outputs else list(range(count - outputs, count))
    )


def _captures(body: Any, gradient: Any, object_graph: Any) -> list[tuple[str, int]] | None:
    """What a gradient captures, as edges and dtypes of the body; None if some of it is not there."""
    concrete = object_graph.concrete_functions
    name = gradient.signature.name
    if name not in concrete:
        return None
    bound = list(concrete[name].bound_inputs)
    if not bound:
        return []
    if len(bound) > len(gradient.signature.input_arg) or not all(
        0 <= number < len(object_graph.nodes) for number in bound
    ):
        return None
    arguments = {argument.name: argument.type for argument in body.signature.input_arg}
    state = _state(body, concrete)
    nodes: Mapping[str, Any] = index_nodes(body.node_def)
    captures = []
    # The last arguments of the gradient are its captures, so they have their dtypes.
    for number, argument in zip(bound, gradient.signature.input_arg[-len(bound) :], strict=True):
        captured = object_graph.nodes[number].captured_tensor
        if object_graph.nodes[number].WhichOneof("kind") != "captured_tensor":
            edge = state.get(number)
        elif captured.concrete_function != body.signature.name:
            edge = None
        else:
            producer, _, port = captured.name.partition(":")
            edge = producer if producer in arguments else _port(nodes.get(producer), port)
        if edge is None:
            return None
        captures.append((edge, argument.type))
    return captures


def _state(body: Any, concrete: Any) -> dict[int, str]:
    """Number of an object that a body captures -> the argument that has it."""
    name = body.signature.name
    bound = list(concrete[name].bound_inputs) if name in concrete else []
    arguments = [argument.name for argument in body.signature.input_arg]
    return dict(zip(bound, arguments[len(arguments) - len(bound) :], strict=False))


def _port(node: Any, port: str) -> str | None:
    """The edge of a body ("node:values:2") to an output of a node by its number in a graph ("5")."""
    op = None if node is None else definition(node.op)
    if op is None or not port.isdecimal() or len(port) > 6:
        return None
    for number, name in enumerate(_names(op, node)):
        if number == int(port):
            return f"{node.name}:{name}"
    return None


def _names(op: Any, node: Any) -> Iterator[str]:
    """The names of all outputs of a node in a body: "values:0", "values:1", "indices:0"."""
    for argument in op.outputs:
        only = replace(op, outputs=(argument,))
        for index, _ in enumerate(output_dtypes(only, node.attr)):
            yield f"{argument.name}:{index}"

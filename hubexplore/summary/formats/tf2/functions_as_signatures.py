"""The functions of a TF2 model that declares no signatures, made its signatures.

`tf.saved_model.save(model, path)` writes signatures only where it is told which, or where one function is
all there is. Many published models have none: `model(x)` after `tf.saved_model.load` calls a function that
was restored by the name of its attribute. Here a call of each such function, on placeholders, is added to
the graph, as TensorFlow does it for signatures. The function `__call__` is the signature `default`.

Sources: tensorflow/core/protobuf/saved_object_graph.proto; function_deserialization.py for the arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.formats.new_nodes import node_name, unused
from hubexplore.summary.formats.tf2 import object_graph
from hubexplore.summary.formats.tf2.function_structure import Leaf, arguments, leaves, one_name_each
from hubexplore.summary.graph.traversal import index_nodes, node_of
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE, INTERNAL_SIGNATURES

_CALL: Final = "__call__"
_MOST: Final = 50
"""Maximum number of functions that become signatures; each is a copy of what it computes."""
_KERAS: Final = ("_tf_keras", "call_and_return_")
_RESOURCE: Final = 20
_CREATOR: Final = "_create_resource"
MSG_ADDED: Final = (
    "The model declares no signatures, so its functions are its signatures: {names}.{more} "
    "A call of the model itself is the signature 'default'."
)
MSG_ADDED_WITHOUT_CALL: Final = (
    "The model declares no signatures, so its functions are its signatures: {names}.{more}"
)


@dataclass(frozen=True)
class _Function:
    """A function of a model with fixed arguments, under the name of its signature."""

    signature: str
    body: Any
    inputs: tuple[Leaf, ...]
    outputs: tuple[Leaf, ...]
    captures: tuple[int, ...]


def has_signatures(meta_graph: Any) -> bool:
    """Whether a graph declares signatures that are functions of the model."""
    return any(name not in INTERNAL_SIGNATURES for name in meta_graph.signature_def)


def with_signatures(meta_graph: Any) -> tuple[Any, tuple[str, ...]]:
    """A graph of a TF2 SavedModel with its functions as signatures, and a note that says so.

    Functions of the root object count, and the calls of its attributes which are not layers of Keras.

    Args:
      meta_graph: MetaGraphDef-shaped message without signatures; it is not changed. It is returned as it is
        if no function can be one, such as those that take objects.
    """
    functions = list(_functions(meta_graph))
    if not functions:
        return meta_graph, ()
    new = type(meta_graph)()
    new.CopyFrom(meta_graph)
    added = _Additions(new)
    names = [function.signature for function in functions[:_MOST] if added.add(function)]
    if not names:
        return meta_graph, ()
    more = f" {len(functions) - _MOST:,} further functions are left out." if len(functions) > _MOST else ""
    message = MSG_ADDED if DEFAULT_SIGNATURE in names else MSG_ADDED_WITHOUT_CALL
    return new, (message.format(names=", ".join(map(repr, names)), more=more),)


# ---- which functions there are


def _functions(meta_graph: Any) -> Iterator[_Function]:
    objects = meta_graph.object_graph_def
    bodies = {body.signature.name: body for body in meta_graph.graph_def.library.function}
    used: set[str] = set()
    for name, function in _named(objects.nodes):
        concrete = list(_concrete(name, function, objects, bodies))
        concrete.sort(key=lambda item: _is_training(item[1]))
        for index, (found, constants) in enumerate(concrete):
            ending = _difference(constants, concrete[0][1]) if index else ""
            signature = unused(f"{name}{ending}", used)
            yield _Function(signature, found.body, found.inputs, found.outputs, found.captures)


def _named(objects: Any) -> Iterator[tuple[str, Any]]:
    """The functions of the root object and of its attributes, by the names of their signatures."""
    if not objects:
        return
    children = [child for child in objects[0].children if 0 <= child.node_id < len(objects)]
    # The call of the model itself comes first, so no other gets its name.
    for child in sorted(children, key=lambda child: child.local_name != _CALL):
        name, item = child.local_name, objects[child.node_id]
        if name == _CALL:
            yield DEFAULT_SIGNATURE, item
        elif object_graph.is_bookkeeping(name) or name.startswith(_KERAS):
            continue
        elif item.WhichOneof("kind") != "user_object":
            yield name, item
        elif not item.user_object.identifier.startswith(_KERAS):
            calls = [
                inner.node_id for inner in item.children if inner.local_name == _CALL and inner.node_id > 0
            ]
            yield from ((name, objects[number]) for number in calls[:1] if number < len(objects))


def _concrete(
    name: str, function: Any, objects: Any, bodies: Mapping[str, Any]
) -> Iterator[tuple[_Function, dict[str, str]]]:
    """What a function was traced for, with the arguments that are not tensors."""
    match function.WhichOneof("kind"):
        case "function":
            traced, keywords = function.function.concrete_functions, None
            specification = function.function.function_spec
        case "bare_concrete_function":
            bare = function.bare_concrete_function
            traced, keywords = [bare.concrete_function_name], list(bare.argument_keywords)
            specification = bare.function_spec
        case _:
            return
    for key in traced:
        concrete, body = objects.concrete_functions.get(key), bodies.get(key)
        if concrete is None or body is None:
            continue
        inputs, constants = arguments(concrete.canonicalized_input_signature, specification, keywords)
        outputs = leaves(concrete.output_signature, "output")
        captures = tuple(concrete.bound_inputs)
        if inputs is None or outputs is None or not outputs or not _fits(body, inputs, outputs, captures):
            continue
        single = len(outputs) == 1 and outputs[0].is_unnamed
        named = [(DEFAULT_OUTPUT,)] if single else [leaf.path for leaf in outputs]
        results = tuple(leaf.called(text) for leaf, text in zip(outputs, one_name_each(named), strict=True))
        yield _Function(name, body, tuple(inputs), results, captures), constants


def _fits(body: Any, inputs: Iterable[Leaf], outputs: Iterable[Leaf], captures: tuple[int, ...]) -> bool:
    """Whether a body has the arguments that the file says, all of which can be passed and returned."""
    taken, returned = body.signature.input_arg, body.signature.output_arg
    count = sum(leaf.size for leaf in inputs)
    return (
        count + len(captures) == len(taken)
        and sum(leaf.size for leaf in outputs) == len(returned)
        and all(argument.type != _RESOURCE for argument in [*taken[:count], *returned])
    )


def _is_training(constants: Mapping[str, str]) -> bool:
    return constants.get("training") == "True" or constants.get("is_training") == "True"


def _difference(constants: Mapping[str, str], first: Mapping[str, str]) -> str:
    """What the name of a function ends with: the arguments by which it differs from the first one."""
    changed = [(name, value) for name, value in constants.items() if first.get(name) != value]
    return "".join(
        f"_{name}" if value == "True" else f"_{name}_{node_name(value).replace('/', '_')}"
        for name, value in changed
    )


# ---- what is added to the graph


class _Additions:
    """Adds calls of functions to a graph, on placeholders and what the functions capture."""

    def __init__(self, meta_graph: Any) -> None:
        self.meta_graph = meta_graph
        self.graph = meta_graph.graph_def
        self.objects = meta_graph.object_graph_def
        self.nodes = index_nodes(self.graph.node)
        self.bodies = {body.signature.name: body for body in self.graph.library.function}
        self.used = {name.lower() for name in self.nodes}
        # Tables are captured by what initialises them, which the graph calls.
        self.edges = {
            number: name for name, number in object_graph.captured(self.nodes, self.objects).items()
        }

    def add(self, function: _Function) -> bool:
        """Adds a function as a signature; False if it captures what cannot be made again."""
        captures = [self._captured(number) for number in function.captures]
        edges = [edge for edge in captures if edge is not None]
        if len(edges) != len(captures):
            return False
        signature = self.meta_graph.signature_def[function.signature]
        arguments, results = iter(function.body.signature.input_arg), function.body.signature.output_arg
        inputs = []
        for leaf in function.inputs:
            nodes = [self._placeholder(function.signature, leaf, next(arguments)) for _ in range(leaf.size)]
            inputs += [node.name for node in nodes]
            leaf.declare(
                signature.inputs[leaf.name], [(f"{node.name}:0", node.attr["dtype"].type) for node in nodes]
            )
        call = self._call(function.body, [*inputs, *edges])
        returned = iter([(f"{call}:{index}", result.type) for index, result in enumerate(results)])
        for leaf in function.outputs:
            leaf.declare(signature.outputs[leaf.name], [next(returned) for _ in range(leaf.size)])
        return True

    def _placeholder(self, signature: str, leaf: Leaf, argument: Any) -> Any:
        name = unused(node_name(f"{signature}_{leaf.name}".replace("/", "_")), self.used)
        node = self.graph.node.add(name=name, op="Placeholder")
        node.attr["dtype"].type = argument.type
        leaf.set_shape(node.attr["shape"].shape)
        return node

    def _call(self, body: Any, inputs: Iterable[str]) -> str:
        name = unused("StatefulPartitionedCall", self.used)
        node = self.graph.node.add(name=name, op="StatefulPartitionedCall")
        node.input.extend(inputs)
        node.attr["f"].func.name = body.signature.name
        node.attr["Tin"].list.type.extend(argument.type for argument in body.signature.input_arg)
        node.attr["Tout"].list.type.extend(argument.type for argument in body.signature.output_arg)
        return name

    def _captured(self, number: int) -> str | None:
        """The edge with an object that a function captures."""
        if not 0 <= number < len(self.objects.nodes):
            return None
        if number not in self.edges:
            edge = self._made(self.objects.nodes[number])
            if edge is None:
                return None
            self.edges[number] = edge
        return self.edges[number]

    def _made(self, item: Any) -> str | None:
        """The edge with an object that the graph does not pass on yet."""
        match item.WhichOneof("kind"):
            case "variable":
                name = unused("variable", self.used)
                node = self.graph.node.add(name=name, op="VarHandleOp")
                node.attr["dtype"].type = item.variable.dtype
                node.attr["shape"].shape.CopyFrom(item.variable.shape)
                return name
            case "constant":
                return item.constant.operation if item.constant.operation in self.nodes else None
            case "asset":
                index, files = item.asset.asset_file_def_index, self.meta_graph.asset_file_def
                return node_of(files[index].tensor_info.name) if 0 <= index < len(files) else None
            case _:
                return self._created(item)

    def _created(self, item: Any) -> str | None:
        """A call of the function that makes a resource, such as a table that is not initialised."""
        objects = self.objects.nodes
        for child in item.children:
            if child.local_name != _CREATOR or not 0 < child.node_id < len(objects):
                continue
            for key in objects[child.node_id].function.concrete_functions:
                body = self.bodies.get(key)
                if body and not body.signature.input_arg and len(body.signature.output_arg) == 1:
                    return self._call(body, ())
        return None

"""Finds the tensors that a cut is asked for: in the graph, in functions, among arguments of a signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.errors import CutError, NoSuchTensorError, closest
from hubexplore.hub.cutting.wishes import Wish
from hubexplore.hub.graph.inlined_calls import Interior
from hubexplore.hub.graph.state import read_variables_or_fail
from hubexplore.hub.variants.graph_checks import output_count
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.dtypes import DTYPES, REFERENCE
from hubexplore.summary.formats.graph_files.module_graph import function_definitions
from hubexplore.summary.formats.graph_files.tensor_names import argument_names
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.ops.op_definitions import definition
from hubexplore.summary.graph.ops.op_outputs import output_of
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import named
from hubexplore.summary.module_format import INTERNAL_SIGNATURES
from hubexplore.summary.reading.local_variables import VARIABLE_OPS

_HANDLES: Final = frozenset({tf.resource.as_datatype_enum, tf.variant.as_datatype_enum})
_NUMBERS: Final = {dtype.name: number for number, dtype in enumerate(DTYPES)}
_MOST_NAMED: Final = 4
_LONGEST_COMPARED: Final = 200  # characters of a name

MSG_HANDLE: Final = (
    "{text!r} is a handle ({dtype}), not a tensor of values, so it cannot be an {kind} of a signature. Name "
    "a tensor that is computed with it."
)
MSG_VARIABLE_INPUT: Final = (
    "{text!r} is a variable, which holds its value in the module, so it cannot be an input. Name a tensor "
    "that is computed from it: {readers}."
)
MSG_REFERENCE: Final = (
    "{text!r} is a reference to a variable, which ops write through, so it cannot be an input. Name a tensor "
    "that is computed from it."
)
MSG_SIGNATURE: Final = " {name!r} is a signature. Name its {outputs} instead, with of={name!r} (--of {name})."
MSG_OTHER_SIGNATURE: Final = (
    " Signature {signature!r} has an {kind} of that name: add of={signature!r} (--of {signature})."
)
MSG_FEWER_OUTPUTS: Final = "{text!r} does not exist: {node!r} ({op}) has {outputs}."


@dataclass(frozen=True)
class Found:
    """A tensor, or a sparse or ragged one, in the graph of a variant.

    Attributes:
      wish: what was asked for.
      info: TensorInfo message. It says no dtype and no shape if no signature does.
      argument: the name of the argument of a signature that it was found as; "" if it was not.
      parts: a partitioned variable, whose value the graph does not have as one tensor.
    """

    wish: Wish
    info: Any
    argument: str = ""
    parts: tuple[VariableSpec, ...] = ()

    @property
    def tensors(self) -> tuple[str, ...]:
        """The names of its dense tensors."""
        return tuple(component_names(self.info))

    def renamed(self, new_name: Callable[[str], str]) -> Found:
        """The same with other names of tensors."""
        return replace(self, info=with_names(self.info, new_name))


def with_names(info: Any, new_name: Callable[[str], str]) -> Any:
    """A copy of a TensorInfo message in which each tensor has a new name."""
    copy = type(info)()
    copy.CopyFrom(info)
    match copy.WhichOneof("encoding"):
        case "coo_sparse":
            for field in ("indices_tensor_name", "values_tensor_name", "dense_shape_tensor_name"):
                setattr(copy.coo_sparse, field, new_name(getattr(copy.coo_sparse, field)))
        case "composite_tensor":
            for component in copy.composite_tensor.components:
                component.CopyFrom(with_names(component, new_name))
        case _:
            copy.name = new_name(copy.name)
    return copy


class Tensors:
    """Looks up tensors of a graph variant by what users call them.

    Args:
      variant: the graph variant.
      signature: SignatureDef message whose arguments count as names too.
    """

    def __init__(self, variant: GraphVariant, signature: Any) -> None:
        self._variant = variant
        self._signature = signature
        self.interior = Interior(variant)
        self._variables: Mapping[str, list[VariableSpec]] | None = None

    def find(self, side: str, wish: Wish) -> Found:
        """The tensor of a name.

        Args:
          side: "inputs" or "outputs".
          wish: the name of an op or tensor ("conv1/Relu", "conv1/Relu:0"), also inside of a called function;
            of a variable; or of an input or output of the signature.

        Raises:
          NoSuchTensorError: (a KeyError) there is none, with the nearest; or it has no single value.
          CutError: (a ValueError) it holds no values, or is a variable that cannot be an input.
        """
        text = wish.text.strip()
        node = self._variant.nodes.get(text.partition(":")[0])
        if node is not None and node.op in VARIABLE_OPS:
            return self._variable(side, wish, [self._spec_of(node.name)])
        if node is not None:
            return self._dense(side, wish, self._checked(text, self._variant.nodes))
        argument = self._argument(text)
        if argument is not None:
            return Found(wish, argument, text)
        if text in self._by_key:
            return self._variable(side, wish, self._by_key[text])
        try:
            located = self.interior.locate(text)
        except NoSuchTensorError as error:
            raise self._not_there(wish, error) from error
        if side == "inputs" and node_of(located) != node_of(text):
            raise CutError(self._in_loop(text, located))
        nodes = self._variant.nodes if node_of(located) in self._variant.nodes else self.interior.nodes
        return self._dense(side, wish, self._checked(located, nodes))

    def _not_there(self, wish: Wish, error: NoSuchTensorError) -> NoSuchTensorError:
        text = wish.text.strip()
        if "has no op" not in str(error):
            return error  # it is there, and the message says why it has no single value
        tail = text.partition(":")[0].rpartition("/")[2]
        same = [name for name in self.interior.nodes if name.rpartition("/")[2] == tail][:_MOST_NAMED]
        arguments = [*self._signature.inputs, *self._signature.outputs]
        if same:
            nearest = f" Did you mean {' or '.join(map(repr, same))}?"
        else:
            name = text.partition(":")[0][:_LONGEST_COMPARED]
            nearest = (
                self._of_signature(name) or closest(name, arguments) or closest(name, self.interior.nodes)
            )
        return NoSuchTensorError(f"The module has no tensor {text!r}.{nearest}")

    def _of_signature(self, name: str) -> str:
        """What to write for the name of a signature, or of an argument of another one; "" for other names."""
        signatures = self._variant.meta_graph.signature_def
        if name in signatures and name not in INTERNAL_SIGNATURES and signatures[name].outputs:
            return MSG_SIGNATURE.format(name=name, outputs=named("output", sorted(signatures[name].outputs)))
        for signature in self._variant.signature_names:
            found = signatures[signature]
            if name in found.outputs or name in found.inputs:
                kind = "output" if name in found.outputs else "input"
                return MSG_OTHER_SIGNATURE.format(kind=kind, signature=signature)
        return ""

    def _argument(self, name: str) -> Any | None:
        for side in (self._signature.outputs, self._signature.inputs):
            if name in side:
                return side[name]
        return None

    @property
    def _by_key(self) -> Mapping[str, list[VariableSpec]]:
        if self._variables is None:
            variables: dict[str, list[VariableSpec]] = {}
            for spec in read_variables_or_fail(self._variant).values():
                variables.setdefault(spec.key, []).append(spec)
            self._variables = variables
        return self._variables

    def _spec_of(self, node: str) -> VariableSpec | str:
        specs = (spec for specs in self._by_key.values() for spec in specs if spec.handle == node)
        return next(specs, node)

    def _variable(self, side: str, wish: Wish, specs: list[Any]) -> Found:
        """The value of a variable."""
        names = [spec if isinstance(spec, str) else spec.handle for spec in specs]
        readers = self._readers(names)
        if side == "inputs":
            shown = ", ".join(map(repr, readers[:_MOST_NAMED])) or "none is"
            raise CutError(MSG_VARIABLE_INPUT.format(text=wish.text, readers=shown))
        if len(specs) > 1 or (not isinstance(specs[0], str) and specs[0].is_partition):
            by_offset = tuple(sorted(specs, key=lambda spec: spec.offset))
            return Found(wish, meta_graph_pb2.TensorInfo(), parts=by_offset)
        spec = specs[0]
        if not isinstance(spec, str):
            return self._dense(side, wish, spec.proto.snapshot_name)
        if self._variant.nodes[spec].op != "VarHandleOp":
            return self._dense(side, wish, f"{spec}:0")
        reads = [name for name in readers if self._variant.nodes[name].op == "ReadVariableOp"]
        if not reads:
            raise CutError(MSG_HANDLE.format(text=wish.text, dtype="resource", kind="output"))
        return self._dense(side, wish, f"{reads[0]}:0")

    def _readers(self, variables: Iterable[str]) -> list[str]:
        wanted = set(variables)
        return [
            name
            for name, node in self._variant.nodes.items()
            if any(node_of(edge) in wanted for edge in node.input if edge[:1] != "^")
        ]

    def _in_loop(self, text: str, located: str) -> str:
        return (
            f"{text!r} is inside of a loop, which computes it in each pass, so it cannot be an input. Name a "
            f"tensor outside of the loop, such as {located!r}, which the loop returns."
        )

    def _checked(self, text: str, nodes: Mapping[str, Any]) -> str:
        """The full name of a tensor that the graph has."""
        name, _, number = text.partition(":")
        node = nodes[name]
        number = number or "0"
        count = self._outputs(node)
        if not number.isdecimal() or len(number) > 9 or (count is not None and int(number) >= count):
            outputs = (
                "no outputs"
                if not count
                else f"one output, {name + ':0'!r}"
                if count == 1
                else f"the outputs {name + ':0'!r} to {f'{name}:{count - 1}'!r}"
            )
            raise NoSuchTensorError(
                MSG_FEWER_OUTPUTS.format(text=text, node=name, op=node.op, outputs=outputs)
            )
        return f"{name}:{int(number)}"

    def _outputs(self, node: Any) -> int | None:
        called = function_definitions(self._variant.library, [node.op])
        return len(called[node.op].outputs) if node.op in called else output_count(node)

    def _dense(self, side: str, wish: Wish, tensor: str) -> Found:
        nodes = self._variant.nodes if node_of(tensor) in self._variant.nodes else self.interior.nodes
        dtype = dtype_of(tensor, nodes, self._variant.library)
        kind = side.removesuffix("s")
        if dtype % REFERENCE in _HANDLES:
            name = dtype_name(dtype % REFERENCE)
            raise CutError(MSG_HANDLE.format(text=wish.text, dtype=name, kind=kind))
        if dtype > REFERENCE and side == "inputs":
            raise CutError(MSG_REFERENCE.format(text=wish.text))
        # What a signature says of the tensor is kept: its shape is known there.
        for arguments in (self._signature.inputs, self._signature.outputs):
            for name in sorted(arguments):
                info = arguments[name]
                if info.WhichOneof("encoding") == "name" and info.name == tensor:
                    return Found(wish, info, name)
        return Found(wish, meta_graph_pb2.TensorInfo(name=tensor, dtype=dtype % REFERENCE))


def dtype_of(tensor: str, nodes: Mapping[str, Any], library: Any) -> int:
    """The number of the dtype of a tensor, by its op; 0 where that does not say."""
    node, number = nodes[node_of(tensor)], tensor.partition(":")[2]
    op = function_definitions(library, [node.op]).get(node.op) or definition(node.op)
    name = "" if op is None else output_of(op, node.attr, number)[1]
    if not name:
        return 0
    base = _NUMBERS.get(name.removesuffix("_ref"), 0)
    return base + REFERENCE if base and name.endswith("_ref") else base


def names_of(found: Iterable[Found], nodes: Mapping[str, Any]) -> list[str]:
    """A name for each input or output: as wished, that of the argument that it is, or made from its tensor.

    Raises:
      CutError: (a ValueError) two get one name.
    """
    items = list(found)
    given = [item.wish.argument or item.argument for item in items]
    unnamed = [item.tensors[0] for item, name in zip(items, given, strict=True) if not name]
    made = argument_names(unnamed, nodes)
    names = [name or made[item.tensors[0]] for item, name in zip(items, given, strict=True)]
    seen: dict[str, str] = {}
    for name, item in zip(names, items, strict=True):
        if name in seen:
            raise CutError(
                f"{seen[name]!r} and {item.wish.text!r} would both be called {name!r}. Name them yourself, "
                f"as in {{'first': {seen[name]!r}, 'second': {item.wish.text!r}}}."
            )
        seen[name] = item.wish.text
    return names

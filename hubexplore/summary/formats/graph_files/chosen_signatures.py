"""Signatures that a user defines on the tensors of a graph: `{"default": (inputs, outputs)}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import NoSuchTensorError, SignatureError, closest
from hubexplore.summary.formats.graph_files import graph_parts as parts
from hubexplore.summary.formats.graph_files.graph_interface import inputs_of, reached_before
from hubexplore.summary.formats.graph_files.graph_parts import Nodes
from hubexplore.summary.formats.graph_files.tensor_names import argument_names
from hubexplore.summary.graph.ops.op_definitions import OpDefinition
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.lookup import first_names
from hubexplore.summary.module_format import DEFAULT_OUTPUT

_MOST_COMPARED: Final = 20_000
_MOST_NAMED: Final = 5
MSG_FORM: Final = (
    "signatures= maps the name of each signature to a pair (inputs, outputs), each a tensor's name, "
    "a list of "
    "them, or a dict from names to tensors, as in signatures={{'default': ('x:0', ['scores:0'])}}; {finding}."
)
MSG_UNFED: Final = (
    "Signature {signature!r}: the output {output!r} ({tensor!r}) depends on {what} {missing}, which "
    "{verb} not among its inputs {inputs}. Add {pronoun} to the inputs, or choose a tensor in front "
    "of {pronoun}."
)


@dataclass(frozen=True)
class ChosenSignature:
    """A signature by names: input or output -> tensor ("x:0")."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def read_signatures(
    signatures: Any, nodes: Nodes, functions: Mapping[str, OpDefinition]
) -> dict[str, ChosenSignature]:
    """The signatures that a user defined, checked against a graph.

    Args:
      signatures: as the user wrote them, in the form `Signatures`. "x" and "x:0" are the same
        tensor. A tensor without a name gets one that is made of that of its node; an output that is a single
        str is called `default`.
      nodes: of the graph, node name -> node.
      functions: the definitions of the functions that nodes call by their type.

    Raises:
      SignatureError: (a TypeError and ValueError) it is not in this form, or an output depends on a
        placeholder that is not among the inputs.
      NoSuchTensorError: (a KeyError) the graph has no such tensor; the message names the nearest.
    """
    if not isinstance(signatures, Mapping) or not signatures:
        raise SignatureError(MSG_FORM.format(finding=f"got {signatures!r}"))
    result = {}
    for name, pair in signatures.items():
        if not isinstance(name, str) or not name:
            raise SignatureError(MSG_FORM.format(finding=f"got the name {name!r}"))
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise SignatureError(MSG_FORM.format(finding=f"{name!r} is {pair!r}"))
        lookup = _Lookup(name, nodes, functions)
        outputs = lookup.side("outputs", pair[1])
        needed = inputs_of(nodes, outputs.values()) if pair[0] is None else pair[0]
        inputs = lookup.side("inputs", needed)
        if not outputs:
            raise SignatureError(f"Signature {name!r} has no outputs. Name at least one tensor.")
        if isinstance(pair[1], str):
            outputs = {DEFAULT_OUTPUT: next(iter(outputs.values()))}
        _check_fed(name, inputs, outputs, nodes)
        result[name] = ChosenSignature(inputs, outputs)
    return result


@dataclass(frozen=True)
class _Lookup:
    """Finds the tensors of one signature in a graph."""

    signature: str
    nodes: Nodes
    functions: Mapping[str, OpDefinition]

    def side(self, label: str, typed: Any) -> dict[str, str]:
        """The inputs or outputs by name."""
        if isinstance(typed, Mapping):
            for name in typed:
                if not isinstance(name, str) or not name:
                    raise SignatureError(MSG_FORM.format(finding=f"{self.signature!r} has the name {name!r}"))
            return {name: self.tensor(label, tensor) for name, tensor in typed.items()}
        if typed is not None and (isinstance(typed, bytes) or not isinstance(typed, Iterable)):
            finding = f"the {label} of {self.signature!r} are {typed!r}"
            raise SignatureError(MSG_FORM.format(finding=finding))
        listed = [typed] if isinstance(typed, str) else list(typed or ())
        tensors = [self.tensor(label, tensor) for tensor in listed]
        twice = next((tensor for tensor in tensors if tensors.count(tensor) > 1), None)
        if twice is not None:
            raise SignatureError(f"Signature {self.signature!r} names {twice!r} twice among its {label}.")
        return {name: tensor for tensor, name in argument_names(tensors, self.nodes).items()}

    def tensor(self, label: str, typed: Any) -> str:
        """The full name ("x:0") of a tensor that holds values."""
        if not isinstance(typed, str):
            finding = f"the {label} of {self.signature!r} hold {typed!r}, which is not the name of a tensor"
            raise SignatureError(MSG_FORM.format(finding=finding))
        name, colon, digits = typed.strip().rpartition(":")
        if not colon:
            name, digits = digits, "0"
        node = self.nodes.get(name)
        if node is None or not digits.isdecimal() or len(digits) > 9:
            raise NoSuchTensorError(
                f"Signature {self.signature!r}: the graph has no tensor {typed!r}.{self._nearest(name)}"
            )
        tensor, number = f"{name}:{int(digits)}", int(digits)
        dtypes = parts.dtypes_of(node, self.functions)
        if dtypes is None:
            return tensor
        if number >= len(dtypes):
            count = len(dtypes)
            outputs = "no outputs" if not count else "1 output" if count == 1 else f"{count} outputs"
            raise NoSuchTensorError(
                f"Signature {self.signature!r}: the graph has no tensor {typed!r}; {name!r} is an op "
                f"{node.op!r} with {outputs}."
            )
        if not parts.is_value(dtypes[number]):
            raise SignatureError(
                f"Signature {self.signature!r}: {typed!r} is a handle of dtype {dtypes[number]!r}, "
                f"which can be "
                f"neither passed nor returned. Choose a tensor of numbers or strings."
            )
        return tensor

    def _nearest(self, name: str) -> str:
        tail = name.rpartition("/")[2]
        same = [node for node in self.nodes if node.rpartition("/")[2] == tail][:_MOST_NAMED]
        if same:
            return f" Did you mean {' or '.join(repr(f'{node}:0') for node in same)}?"
        # To compare with every name of a large graph takes seconds.
        near = [node for node in self.nodes if abs(len(node) - len(name)) <= 3][:_MOST_COMPARED]
        return closest(name, near or self.nodes)


def _check_fed(signature: str, inputs: Mapping[str, str], outputs: Mapping[str, str], nodes: Nodes) -> None:
    """Raises SignatureError if an output needs a placeholder that is not among the inputs."""
    for output, tensor in outputs.items():
        if tensor in inputs.values():
            continue
        missing = unfed(nodes, tensor, inputs.values())
        if missing:
            several = len(missing) > 1
            raise SignatureError(
                MSG_UNFED.format(
                    signature=signature,
                    output=output,
                    tensor=tensor,
                    what="the placeholders" if several else "the placeholder",
                    missing=first_names(missing, _MOST_NAMED),
                    verb="are" if several else "is",
                    inputs=sorted(inputs.values()),
                    pronoun="them" if several else "it",
                )
            )


def unfed(nodes: Nodes, tensor: str, inputs: Iterable[str]) -> list[str]:
    """The placeholders without a default that a tensor needs, where `inputs` have values."""
    ends = {node_of(name) for name in inputs}
    needed = reached_before(nodes, [node_of(tensor)], ends)
    return [
        f"{name}:0"
        for name in nodes
        if name in needed and name not in ends and nodes[name].op in ("Placeholder", "PlaceholderV2")
    ]

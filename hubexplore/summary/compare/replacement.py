"""Decides whether one module can replace another.

It can if every program that builds and runs with the first also builds and runs with the second. Signatures
are therefore compared as types are: the second may accept more and promise more, never less.

* Inputs: the second takes exactly the first's inputs by name, with the same dtype and kind, and at least
  every shape that the first takes. An unknown size accepts all sizes, a known size only itself.
* Outputs: the second returns at least the first's outputs by name, with the same dtype and kind, and a shape
  that promises at least as much. A size that only the first knows is an obstacle: a dense layer on top needs
  the last size when the graph is built, long before there are values. Additional outputs do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hubexplore import errors
from hubexplore.summary.model import Shape, SignatureSummary, TensorSummary, VariantSummary

MAX_HINTS: Final = 50
"""Maximum number of missing names of a comparison for which the nearest existing name is looked up."""


def obstacles(first: VariantSummary, second: VariantSummary) -> Iterator[str]:
    """Yields why `second` cannot replace `first`, as sentences without a full stop; nothing if it can."""
    others = {signature.name: signature for signature in second.signatures}
    hints = _Hints()
    for signature in first.signatures:
        if signature.name not in others:
            yield f"there is no signature {signature.name!r}{hints.for_name(signature.name, others)}"
        else:
            for reason in _signature_obstacles(signature, others[signature.name], hints):
                yield f"signature {signature.name!r}: {reason}"


def tags_text(tags: Iterable[str]) -> str:
    """Returns "train, tpu", or "no tags"."""
    return ", ".join(tags) or "no tags"


def shape_text(shape: Shape) -> str:
    """Returns "(?, 3)", "scalar", or "any shape" if the rank is not known."""
    if shape is None:
        return "any shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})" if sizes else "scalar"


def _signature_obstacles(first: SignatureSummary, second: SignatureSummary, hints: _Hints) -> Iterator[str]:
    inputs, other_inputs = ({tensor.name: tensor for tensor in side.inputs} for side in (first, second))
    for name, tensor in inputs.items():
        if name not in other_inputs:
            yield f"the input {name!r} is not accepted{hints.for_name(name, other_inputs)}"
            continue
        yield from _type_obstacles("input", tensor, other_inputs[name])
        if not covers(other_inputs[name].shape, tensor.shape):
            required, actual = shape_text(tensor.shape), shape_text(other_inputs[name].shape)
            yield f"the input {name!r} must accept {required}, but accepts {actual}"
    yield from (f"the further input {name!r} is required" for name in other_inputs if name not in inputs)
    outputs = {tensor.name: tensor for tensor in second.outputs}
    for tensor in first.outputs:
        if tensor.name not in outputs:
            yield f"there is no output {tensor.name!r}{hints.for_name(tensor.name, outputs)}"
            continue
        yield from _type_obstacles("output", tensor, outputs[tensor.name])
        if not covers(tensor.shape, outputs[tensor.name].shape):
            required, actual = shape_text(tensor.shape), shape_text(outputs[tensor.name].shape)
            yield f"the output {tensor.name!r} must be {required}, but is {actual}"


def covers(general: Shape, special: Shape) -> bool:
    """Returns whether every tensor of the shape `special` also has the shape `general`."""
    # The shape of a type is a set of shapes: covering means being a superset.
    if general is None:
        return True
    if special is None or len(general) != len(special):
        return False
    return all(
        general_size in (None, special_size)
        for general_size, special_size in zip(general, special, strict=True)
    )


def _type_obstacles(side: str, first: TensorSummary, second: TensorSummary) -> Iterator[str]:
    if first.kind != second.kind:
        yield f"the {side} {first.name!r} must be {first.kind}, but is {second.kind}"
    elif _dtypes(first) != _dtypes(second):
        required, actual = (", ".join(_dtypes(tensor)) for tensor in (first, second))
        yield f"the {side} {first.name!r} must be {required}, but is {actual}"


def _dtypes(tensor: TensorSummary) -> tuple[str, ...]:
    """Returns the dtype and those of the components: ragged tensors have int32 or int64 splits."""
    parts = (f"{part.role} {_value_dtype(part.dtype)}" for part in tensor.components)
    return (_value_dtype(tensor.dtype), *sorted(parts))


def _value_dtype(dtype: str) -> str:
    return dtype.removesuffix("_ref")  # TF1 reads a reference where a value is expected


class _Hints:
    """Suggests existing names; a limited number, because each lookup goes through all of them."""

    def __init__(self) -> None:
        self._left = MAX_HINTS

    def for_name(self, name: str, existing: dict[str, SignatureSummary] | dict[str, TensorSummary]) -> str:
        """Returns " (nearest: 'x')", or "" if nothing is similar or enough names were suggested."""
        if not self._left:
            return ""
        self._left -= 1
        # The question of `errors.closest` would end the clause, so only the name that it suggests is taken.
        hint = errors.closest(name, existing).strip().rstrip("?").removeprefix("Did you mean ")
        return f" (nearest: {hint})" if hint else ""

"""Can one module stand in for another?

It can if whatever was built for the first also builds and runs with the second. So signatures are compared
as types are: the second may accept more and promise more, never less.

* Inputs: the second takes exactly the first's inputs by name, with the same dtype and kind, and in at least
  every shape that the first takes. An unknown size accepts all sizes, a known one only itself.
* Outputs: the second gives at least the first's outputs by name, with the same dtype and kind, and a shape
  that promises at least as much. A size that the first knows and the second does not is a refusal: a dense
  layer on top needs the last size when the graph is built, long before there are values. Further outputs do
  no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hubexplore import errors
from hubexplore.summary.model import Shape, SignatureSummary, TensorSummary, VariantSummary


def obstacles(first: VariantSummary, second: VariantSummary) -> Iterator[str]:
    """Yields, as sentences without a full stop, why `second` cannot replace `first`; nothing if it can."""
    there = {each.name: each for each in second.signatures}
    for signature in first.signatures:
        if signature.name not in there:
            yield f"there is no signature {signature.name!r}{_hint(signature.name, there)}"
        else:
            for reason in _of_signature(signature, there[signature.name]):
                yield f"signature {signature.name!r}: {reason}"


def tags_text(tags: Iterable[str]) -> str:
    """Returns "train, tpu", or "no tags"."""
    return ", ".join(tags) or "no tags"


def shape_text(shape: Shape) -> str:
    """Returns "(?, 3)", "scalar", or "any shape" where the rank is not known."""
    if shape is None:
        return "any shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})" if sizes else "scalar"


def _of_signature(first: SignatureSummary, second: SignatureSummary) -> Iterator[str]:
    given, taken = ({each.name: each for each in side.inputs} for side in (first, second))
    for name, tensor in given.items():
        if name not in taken:
            yield f"the input {name!r} is not accepted{_hint(name, taken)}"
            continue
        yield from _type_reasons("input", tensor, taken[name])
        if not covers(taken[name].shape, tensor.shape):
            wanted, found = shape_text(tensor.shape), shape_text(taken[name].shape)
            yield f"the input {name!r} must accept {wanted}, and accepts {found}"
    yield from (f"the further input {name!r} is required" for name in taken if name not in given)
    results = {each.name: each for each in second.outputs}
    for tensor in first.outputs:
        if tensor.name not in results:
            yield f"there is no output {tensor.name!r}{_hint(tensor.name, results)}"
            continue
        yield from _type_reasons("output", tensor, results[tensor.name])
        if not covers(tensor.shape, results[tensor.name].shape):
            wanted, found = shape_text(tensor.shape), shape_text(results[tensor.name].shape)
            yield f"the output {tensor.name!r} must be {wanted}, and is {found}"


def covers(general: Shape, special: Shape) -> bool:
    """Says whether each tensor of the shape `special` also has the shape `general`."""
    if general is None:
        return True
    if special is None or len(general) != len(special):
        return False
    return all(wide in (None, narrow) for wide, narrow in zip(general, special, strict=True))


def _type_reasons(side: str, first: TensorSummary, second: TensorSummary) -> Iterator[str]:
    if first.kind != second.kind:
        yield f"the {side} {first.name!r} must be {first.kind}, and is {second.kind}"
    elif _dtypes(first) != _dtypes(second):
        wanted, found = (", ".join(_dtypes(each)) for each in (first, second))
        yield f"the {side} {first.name!r} must be {wanted}, and is {found}"


def _dtypes(tensor: TensorSummary) -> tuple[str, ...]:
    """Returns its dtype and those of its parts, as in ragged tensors with int32 or int64 splits."""
    parts = (f"{part.role} {_plain(part.dtype)}" for part in tensor.components)
    return (_plain(tensor.dtype), *sorted(parts))


def _plain(dtype: str) -> str:
    return dtype.removesuffix("_ref")  # a value read from a reference is a value


def _hint(name: str, existing: dict[str, SignatureSummary] | dict[str, TensorSummary]) -> str:
    hint = errors.closest(name, existing).strip().rstrip("?").removeprefix("Did you mean ")
    return f" (nearest: {hint})" if hint else ""

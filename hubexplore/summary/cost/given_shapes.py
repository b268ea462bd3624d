"""The shapes of inputs that a cost is counted for: as the caller gives them, else as declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hubexplore.errors import SignatureError, closest
from hubexplore.summary.model import Shape, SignatureSummary

MSG_NAMES: Final = "Signature {signature!r} has no input {name!r}; it has {names}.{hint}"
MSG_SINGLE: Final = (
    "Signature {signature!r} has {count} inputs ({names}), so that shapes are given by name: "
    "{{{first!r}: (1, 224, 224, 3)}}."
)
MSG_SHAPE: Final = (
    "The shape of input {name!r} must be a tuple of sizes such as (1, 224, 224, 3), not {shape!r}."
)
MSG_MISFIT: Final = (
    "Input {name!r} has the shape {declared}, so the shape {given} does not fit: {finding}. "
    "? stands for any size.{hint}"
)
MSG_LIST: Final = " A list is a value. To give a shape, write it as a tuple: {shape}."
MOST: Final = 1 << 40
"""Maximum size of a dimension."""


def given_shapes(signature: SignatureSummary, inputs: Any, batch: int | None) -> dict[str, Shape]:
    """Returns the shape of each input: as given, else as declared with `batch` rows.

    Args:
      signature: whose inputs they are.
      inputs: name -> a shape, as a tuple of sizes (None is an open one), or a value with the attribute
        `shape` or of nested lists; for a single input also its shape or value alone; None for the declared
        shapes.
      batch: number of rows of inputs that are not given and whose first dimension is open; None leaves it
        open.

    Raises:
      SignatureError: (a TypeError and ValueError) an input has another name, or a shape does not fit.
    """
    by_name = _by_name(signature, inputs)
    shapes: dict[str, Shape] = {}
    for tensor in signature.inputs:
        declared = tensor.shape
        if tensor.name in by_name:
            shapes[tensor.name] = _fitting(tensor.name, declared, by_name[tensor.name])
        elif declared and declared[0] is None:
            shapes[tensor.name] = (batch, *declared[1:])
        else:
            shapes[tensor.name] = declared
    return shapes


def _by_name(signature: SignatureSummary, inputs: Any) -> Mapping[str, Any]:
    names = [tensor.name for tensor in signature.inputs]
    if inputs is None:
        return {}
    # A DataFrame is no Mapping, but has a column for each input.
    if hasattr(inputs, "columns") and hasattr(inputs, "__getitem__"):
        inputs = {str(column): inputs[column] for column in inputs.columns}
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise SignatureError(
                MSG_SINGLE.format(
                    signature=signature.name,
                    count=len(names),
                    names=_listed(names),
                    first=(names or ["x"])[0],
                )
                if names
                else f"Signature {signature.name!r} has no inputs, so it takes no shapes."
            )
        return {names[0]: inputs}
    for name in inputs:
        if name not in names:
            raise SignatureError(
                MSG_NAMES.format(
                    signature=signature.name,
                    name=name,
                    names=_listed(names) or "no inputs",
                    hint=closest(str(name), names),
                )
            )
    return inputs


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:12]))
    return f"{shown} and {len(names) - 12:,} more" if len(names) > 12 else shown


def _shape_of(name: str, given: Any) -> Shape:
    """Returns a shape that was given, or the shape of a value; sparse values have a dense shape."""
    if is_shape(given):
        return tuple(None if size is None else int(size) for size in given)
    if isinstance(given, tuple) and not hasattr(given, "_fields"):
        raise SignatureError(MSG_SHAPE.format(name=name, shape=given))
    shape = getattr(given, "dense_shape", None)
    if shape is None:
        shape = getattr(given, "shape", None)
    if shape is None:
        return _nested_shape(given)
    sizes = tuple(shape.as_list() if hasattr(shape, "as_list") else shape)
    return tuple(None if size is None else int(size) for size in sizes)


def is_shape(given: Any) -> bool:
    """Whether an input is given by its shape: a tuple of sizes, None for an open one."""
    return isinstance(given, tuple) and not hasattr(given, "_fields") and all(map(_is_size, given))


def _is_size(size: Any) -> bool:
    if size is None:
        return True
    is_number = hasattr(size, "__index__") and not isinstance(size, bool)
    return bool(is_number and 0 <= int(size) <= MOST)


def _nested_shape(value: Any) -> Shape:
    """Returns the shape of nested lists, by their first entries; texts are scalars."""
    sizes: list[int] = []
    while isinstance(value, (list, tuple)):
        sizes.append(len(value))
        value = value[0] if value else None
    return tuple(sizes)


def _fitting(name: str, declared: Shape, value: Any) -> Shape:
    """Returns the sizes that are declared or given, by a shape or by a value."""
    given = _shape_of(name, value)
    if given is None or declared is None:
        return declared if given is None else given
    finding = ""
    if len(given) != len(declared):
        finding = f"it has {_dimensions(len(given))}, not {len(declared)}"
    for axis, (size, known) in enumerate(zip(given, declared, strict=False)):
        if not finding and size is not None and known is not None and size != known:
            finding = f"dimension {axis} is {known}, not {size}"
    if finding:
        texts = {"declared": _text(declared), "given": _text(given), "finding": finding}
        raise SignatureError(MSG_MISFIT.format(name=name, hint=_list_hint(value, declared), **texts))
    return tuple(known if size is None else size for size, known in zip(given, declared, strict=True))


def _list_hint(value: Any, declared: Sequence[int | None]) -> str:
    """Returns what to write instead of a list that looks like the shape that was meant."""
    if not isinstance(value, list) or len(value) != len(declared) or not is_shape(tuple(value)):
        return ""
    return MSG_LIST.format(shape=tuple(value))


def _dimensions(count: int) -> str:
    return f"{count} dimension{'' if count == 1 else 's'}"


def _text(shape: Shape) -> str:
    sizes = ["?" if size is None else str(size) for size in shape or ()]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

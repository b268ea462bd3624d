"""What a function of a TF2 model takes and returns: its nested structure as a list of named tensors.

Source: tensorflow/core/protobuf/struct.proto; tensorflow/python/util/nest.py for the order of the parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hubexplore.summary.formats.new_nodes import unused

_SPARSE: Final = 1
_RAGGED: Final = 3
_DEEPEST: Final = 100
_CONSTANTS: Final = ("bool_value", "int64_value", "float64_value", "string_value")


@dataclass(frozen=True)
class Leaf:
    """A tensor, sparse tensor or ragged tensor that a function takes or returns.

    Attributes:
      path: its place in the structure, from the outside in.
      spec: TensorSpecProto- or TypeSpecProto-shaped message.
      size: number of plain tensors that it consists of.
      name: of the input or output.
      is_unnamed: whether its place has only numbers.
    """

    path: tuple[str, ...]
    spec: Any
    size: int
    name: str = ""
    is_unnamed: bool = False

    def called(self, name: str) -> Leaf:
        """The same under this name."""
        return replace(self, name=name)

    @property
    def _shape(self) -> Any:
        """The declared shape of the whole; None if it is not declared."""
        if self.size == 1:
            return self.spec.shape
        for value in self.spec.type_state.tuple_value.values:
            if value.WhichOneof("kind") == "tensor_shape_value":
                return value.tensor_shape_value
        return None

    def set_shape(self, shape: Any) -> None:
        """Fills the shape of a placeholder; those of parts of a composite are left open."""
        if self.size == 1 and self._shape is not None:
            shape.CopyFrom(self._shape)
        else:
            shape.unknown_rank = True

    def declare(self, info: Any, tensors: Sequence[tuple[str, int]]) -> None:
        """Fills a TensorInfo-shaped message.

        Args:
          info: the message.
          tensors: (name, dtype) of the plain tensors, in the order of `nest.flatten`.
        """
        if self._shape is not None:
            info.tensor_shape.CopyFrom(self._shape)
        else:
            info.tensor_shape.unknown_rank = True
        if self.size == 1:
            info.name, info.dtype = tensors[0]
        elif self.spec.type_spec_class == _SPARSE:
            indices, values, dense_shape = tensors
            info.coo_sparse.indices_tensor_name = indices[0]
            info.coo_sparse.values_tensor_name, info.dtype = values
            info.coo_sparse.dense_shape_tensor_name = dense_shape[0]
        else:
            # A composite says its shape and dtype in its type.
            info.ClearField("tensor_shape")
            info.composite_tensor.type_spec.CopyFrom(self.spec)
            for number, (name, dtype) in enumerate(tensors):
                part = info.composite_tensor.components.add(name=name, dtype=dtype)
                _set_part(part.tensor_shape, number, self._shape, self.size)


def _set_part(shape: Any, number: int, whole: Any, size: int) -> None:
    """The shape of a part of a ragged tensor: of its flat values first, then of its row splits."""
    if number == 0 and (whole is None or whole.unknown_rank):
        shape.unknown_rank = True
        return
    shape.dim.add(size=-1)
    for dimension in whole.dim[size:] if number == 0 else ():
        shape.dim.add(size=dimension.size)


def leaves(value: Any, name: str) -> list[Leaf] | None:
    """The tensors of a structure, in the order of `nest.flatten`; None if it holds what is no tensor.

    Args:
      value: StructuredValue-shaped message.
      name: of a tensor that is the whole structure; of items of a list with their numbers.
    """
    found = list(_walk(value, (), name, is_result=True, depth=0))
    return None if any(isinstance(item, str) for _, item in found) else _named(found, name)


def _named(found: Sequence[tuple[tuple[str, ...], Any]], name: str) -> list[Leaf]:
    return [
        replace(leaf, path=path or (name,), is_unnamed=not path or path == (f"{name}_0",))
        for path, leaf in found
        if leaf is not None
    ]


def _walk(
    value: Any, path: tuple[str, ...], name: str, *, is_result: bool, depth: int
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, leaf) of each tensor, (path, text) of each other value; None stands for nothing returned."""
    kind = value.WhichOneof("kind")
    match kind:
        case "tensor_spec_value" | "bounded_tensor_spec_value":
            yield path, Leaf(path, getattr(value, kind), 1)
        case "type_spec_value":
            size = _parts(value.type_spec_value)
            yield path, Leaf(path, value.type_spec_value, size) if size else "an object"
        case "none_value":
            yield path, None if is_result else "None"
        case "list_value" | "tuple_value" | "dict_value" | "named_tuple_value" if depth < _DEEPEST:
            for key, item in _items(value, path[-1] if path else name):
                inner = (*path[:-1], key) if kind in ("list_value", "tuple_value") else (*path, key)
                yield from _walk(item, inner, name, is_result=is_result, depth=depth + 1)
        case _ if kind in _CONSTANTS:
            yield path, str(getattr(value, kind))
        case _:
            yield path, "a value"


def _items(value: Any, above: str) -> list[tuple[str, Any]]:
    match value.WhichOneof("kind"):
        case "dict_value":
            return sorted(value.dict_value.fields.items())
        case "named_tuple_value":
            return [(pair.key, pair.value) for pair in value.named_tuple_value.values]
        case kind:
            return [(f"{above}_{number}", item) for number, item in enumerate(getattr(value, kind).values)]


def _parts(spec: Any) -> int:
    """The number of tensors that a composite consists of; 0 for those that are no values."""
    if spec.type_spec_class == _SPARSE:
        return 3
    if spec.type_spec_class != _RAGGED:
        return 0
    ranks = [
        value.int64_value
        for value in spec.type_state.tuple_value.values
        if value.WhichOneof("kind") == "int64_value"
    ]
    return ranks[0] + 1 if ranks and 1 <= ranks[0] < _DEEPEST else 0


def arguments(
    signature: Any, specification: Any, keywords: Sequence[str] | None
) -> tuple[list[Leaf] | None, dict[str, str]]:
    """The tensors that a function takes, by distinct names, and its other arguments as texts.

    Args:
      signature: StructuredValue-shaped message: a pair of positional arguments and those by name.
      specification: FunctionSpec-shaped message, which has the names of the arguments.
      keywords: names of the tensors, for a function whose arguments have no others.

    Returns:
      (tensors, constants); no tensors, but None, if it takes objects.
    """
    sides = signature.tuple_value.values
    if len(sides) != 2:
        return None, {}
    names = _argument_names(specification)
    values = [
        (names[number] if number < len(names) else f"input_{number}", value)
        for number, value in enumerate(sides[0].tuple_value.values)
    ]
    values += sorted(sides[1].dict_value.fields.items())
    tensors: list[Leaf] = []
    constants: dict[str, str] = {}
    for name, value in values:
        for path, item in _walk(value, (name,), name, is_result=False, depth=0):
            if isinstance(item, Leaf):
                tensors.append(item)
            elif item in ("an object", "a value"):
                return None, {}
            else:
                constants["_".join(path)] = item
    listed = keywords is not None and len(keywords) == len(tensors)
    paths = [(name,) for name in keywords or ()] if listed else [leaf.path for leaf in tensors]
    return [leaf.called(name) for leaf, name in zip(tensors, one_name_each(paths), strict=True)], constants


def _argument_names(specification: Any) -> list[str]:
    for pair in specification.fullargspec.named_tuple_value.values:
        if pair.key == "args":
            names = [item.string_value for item in pair.value.list_value.values]
            return names[1:] if names[:1] == ["self"] or specification.is_method else names
    return []


def one_name_each(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """The last part of each path, or the whole one where several end alike."""
    ends = Counter(path[-1] for path in paths)
    used: set[str] = set()
    return [unused(path[-1] if ends[path[-1]] == 1 else "_".join(path), used) for path in paths]

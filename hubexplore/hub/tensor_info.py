"""Inputs and outputs of signatures: what they are, how values fit them, where their tensors are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.display.safe_display import automatic
from hubexplore.errors import AuthoringError, DamagedModuleError, SignatureError, closest
from hubexplore.hub import tf_internals
from hubexplore.summary.confusables import quoted
from hubexplore.summary.graph.declared_tensors import Declared, sparse_shape
from hubexplore.summary.model import TensorSummary

DEFAULT_OUTPUT: Final = "default"
SUPPORTED_TYPES: Final = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)


@dataclass(frozen=True, repr=False)
class TensorInfo:
    """One input or output of a signature: a dense, sparse or ragged tensor.

    Attributes:
      type_spec: the `tf.TypeSpec` of the value.
      component_names: names in the module's graph of its dense components, in the order of
        `tf.nest.flatten(..., expand_composites=True)`: one for a dense tensor; indices, values and
        dense shape for a sparse one.
    """

    type_spec: tf.TypeSpec
    component_names: tuple[str, ...]

    @property
    def dtype(self) -> tf.DType:
        """dtype of the elements."""
        return self.type_spec.dtype

    def get_shape(self) -> tf.TensorShape:
        """The dense shape; unknown dimensions are None."""
        return self.type_spec.shape

    @property
    def is_sparse(self) -> bool:
        """Whether it is a SparseTensor."""
        return isinstance(self.type_spec, tf.SparseTensorSpec)

    @property
    def is_composite(self) -> bool:
        """Whether it is made of several dense tensors: sparse and ragged ones."""
        return not isinstance(self.type_spec, tf.TensorSpec)

    @property
    def kind(self) -> str:
        """`dense`, `sparse` or `ragged`."""
        if self.is_sparse:
            return "sparse"
        return "ragged" if isinstance(self.type_spec, tf.RaggedTensorSpec) else "dense"

    def __repr__(self) -> str:
        return f"<TensorInfo shape={self.get_shape()} dtype={self.dtype.name} kind={self.kind}>"

    def summary(self, name: str) -> TensorSummary:
        """The same facts without TensorFlow."""
        shape = self.get_shape()
        dimensions = None if shape.rank is None else tuple(shape.as_list())
        tensor = "" if self.is_composite else self.component_names[0]
        return TensorSummary(name, self.dtype.name, dimensions, kind=self.kind, tensor=tensor)


class InfoDict(dict[str, TensorInfo]):
    """The inputs or outputs of a signature: an ordinary dict, shown as a table in a notebook.

    `tf.nest.map_structure` and the like make dicts of the same type that hold something else; those are
    shown as any dict.
    """

    def __init__(
        self, infos: Mapping[str, TensorInfo] | Iterable[tuple[str, TensorInfo]] = (), caption: str = ""
    ) -> None:
        super().__init__(infos)
        self._caption = caption

    @automatic
    def _repr_html_(self) -> str | None:
        if not all(isinstance(info, TensorInfo) for info in self.values()):
            return None
        from hubexplore.display.card import html

        return html.tensor_table([info.summary(name) for name, info in self.items()], self._caption)


def parse(caption: str, protomap: Mapping[str, Any], declared: Declared) -> InfoDict:
    """Reads the `inputs` or `outputs` of a SignatureDef, sorted by name.

    Args:
      caption: heads the table that a notebook shows.
      protomap: name -> TensorInfo message.
      declared: what the graph says of the tensors; it counts where it contradicts the messages.
    """
    return InfoDict(
        ((name, _parse_one(name, protomap[name], declared)) for name in sorted(protomap)), caption
    )


def _parse_one(name: str, proto: Any, declared: Declared) -> TensorInfo:
    try:
        match proto.WhichOneof("encoding"):
            case "name":
                dtype = tf.as_dtype(declared.dtype(proto.dtype, proto.name)).base_dtype
                return TensorInfo(tf.TensorSpec(declared.shape(proto), dtype), (proto.name,))
            case "coo_sparse":
                coo = proto.coo_sparse
                names = (coo.indices_tensor_name, coo.values_tensor_name, coo.dense_shape_tensor_name)
                dtype = tf.as_dtype(declared.dtype(proto.dtype, coo.values_tensor_name)).base_dtype
                return TensorInfo(tf.SparseTensorSpec(sparse_shape(proto), dtype), names)
            case "composite_tensor":
                return _parse_composite(name, proto.composite_tensor)
    except (TypeError, ValueError) as error:
        raise DamagedModuleError(f"The description of tensor {name!r} is not readable: {error}") from error
    raise DamagedModuleError(f"The description of tensor {name!r} names no tensor.")


def _parse_composite(name: str, proto: Any) -> TensorInfo:
    """A tensor whose type says all; most writers leave the dtype and shape beside it empty."""
    spec = tf_internals.decode_type_spec(proto.type_spec)
    names = tuple(component.name for component in proto.components)
    if not isinstance(spec, (tf.SparseTensorSpec, tf.RaggedTensorSpec)):
        raise DamagedModuleError(
            f"{name!r} is a {spec.value_type.__name__}; signatures hold Tensor, SparseTensor "
            f"and RaggedTensor."
        )
    needed = 3 if isinstance(spec, tf.SparseTensorSpec) else 1 + spec.ragged_rank
    if len(names) != needed:
        raise DamagedModuleError(
            f"The description of tensor {name!r} names {len(names)} components; its type has {needed}."
        )
    return TensorInfo(spec, names)


def encode(value: Any) -> Any:
    """TensorInfo proto of a Tensor, SparseTensor or RaggedTensor."""
    proto = meta_graph_pb2.TensorInfo(dtype=value.dtype.base_dtype.as_datatype_enum)
    proto.tensor_shape.CopyFrom(value.shape.as_proto())
    if isinstance(value, tf.SparseTensor):
        proto.coo_sparse.values_tensor_name = value.values.name
        proto.coo_sparse.indices_tensor_name = value.indices.name
        proto.coo_sparse.dense_shape_tensor_name = value.dense_shape.name
    elif isinstance(value, tf.RaggedTensor):
        proto.composite_tensor.type_spec.CopyFrom(
            tf_internals.encode_type_spec(tf.type_spec_from_value(value))
        )
        for component in tf.nest.flatten(value, expand_composites=True):
            proto.composite_tensor.components.add().CopyFrom(encode(component))
    else:
        proto.name = value.name
    return proto


def check_supported(values: Mapping[Any, Any], what: str) -> None:
    """Raises AuthoringError listing the values that are not Tensor, SparseTensor or RaggedTensor."""
    nameless = [key for key in values if not isinstance(key, str)]
    if nameless:
        raise AuthoringError(f"{what} of a signature must have str names; got {nameless[0]!r}.")
    wrong = [
        f"{name!r} is a {type(value).__name__}"
        for name, value in values.items()
        if not isinstance(value, SUPPORTED_TYPES)
    ]
    if wrong:
        raise AuthoringError(
            f"{what} of a signature must be Tensor, SparseTensor or RaggedTensor: {', '.join(wrong)}. "
            f"Convert with tf.convert_to_tensor first."
        )


def normalize_inputs(inputs: Any, infos: Mapping[str, TensorInfo], signature: str) -> dict[str, Any]:
    """The inputs of a call as a dict with exactly the names of the signature.

    Raises:
      SignatureError: (a TypeError) missing or extra names, one value for several inputs, a value for
        a signature without inputs.
    """
    if isinstance(inputs, Mapping):
        values = dict(inputs)
    elif inputs is None:
        values = {}
    elif len(infos) == 1:
        values = {next(iter(infos)): inputs}
    else:
        wanted = "none" if not infos else f"a dict with the keys {sorted(infos)}"
        raise SignatureError(
            f"Signature {signature!r} takes {len(infos)} inputs, but got one value. Pass {wanted}."
        )
    missing = sorted(set(infos) - set(values))
    extra = sorted(set(values) - set(infos), key=str)
    if missing or extra:
        parts = [f"missing: {_listed(missing, (*infos, *extra))}"] if missing else []
        parts += [f"unknown: {_listed(extra, infos)}"] if extra else []
        hint = closest(str(extra[0]), infos) if extra else ""
        wanted = _listed(sorted(infos), extra)
        raise SignatureError(f"Signature {signature!r} has the inputs {wanted}; {', '.join(parts)}.{hint}")
    return values


def _listed(names: Iterable[Any], among: Iterable[Any]) -> str:
    """Names in brackets; those that read like another one, of `among` too, are spelled out."""
    return f"[{', '.join(quoted(names, among))}]"


def shared_inputs(infos: Mapping[str, TensorInfo]) -> dict[str, str]:
    """Input -> the first input that is the same tensor of the module; only those that are not the first."""
    if len(infos) < 2:
        return {}
    first: dict[tuple[str, ...], str] = {}
    owners = {name: first.setdefault(infos[name].component_names, name) for name in sorted(infos)}
    return {name: owner for name, owner in owners.items() if name != owner}


def check_shared(
    values: Mapping[str, Any], infos: Mapping[str, TensorInfo], signature: str
) -> dict[str, Any]:
    """The inputs of a call, with one value for those that are the same tensor of the module.

    Raises:
      SignatureError: (a TypeError) they were given different values, of which only one could count.
    """
    found = dict(values)
    for name, owner in shared_inputs(infos).items():
        if not _is_same(values[name], values[owner]):
            raise SignatureError(
                f"The inputs {owner!r} and {name!r} of signature {signature!r} are one tensor of the module, "
                f"{infos[name].component_names[0]!r}, but got two values. Pass the same value for both."
            )
        found[name] = values[owner]
    return found


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same object, or equal and no tensors of a graph."""
    if one is other:
        return True
    if any(tf.is_tensor(each) or isinstance(each, SUPPORTED_TYPES) for each in (one, other)):
        return False
    if hasattr(one, "_fields") and hasattr(other, "_fields"):  # SparseTensorValue
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(np.array_equal(one, other))


def select_outputs(signature: str, outputs: Mapping[str, Any], as_dict: bool | None) -> Any:
    """What a call returns: all outputs as a dict, or the one called `default`.

    Raises:
      SignatureError: (a TypeError) there is no output `default` and `as_dict` is not True.
    """
    if as_dict:
        return dict(outputs)
    if DEFAULT_OUTPUT not in outputs:
        raise SignatureError(
            f"Signature {signature!r} has no output 'default' but {sorted(outputs)}; pass as_dict=True "
            f"(%hub_call: --as-dict)."
        )
    return outputs[DEFAULT_OUTPUT]


def convert_inputs(values: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Converts values to tensors that fit the signature; the graph gets all of them or none.

    Raises:
      SignatureError: (a TypeError) names the input, what was got and what was expected.
    """
    # Nothing can be taken out of a graph again, so values are tried in another one first.
    on_trial = [name for name in sorted(infos) if _needs_trial(values[name], infos[name])]
    if on_trial:
        with tf.Graph().as_default():
            for name in on_trial:
                _convert_one(name, values[name], infos[name])
    tensors_first = sorted(infos, key=lambda name: (not tf.is_tensor(values[name]), name))
    converted = {name: _convert_one(name, values[name], infos[name]) for name in tensors_first}
    return {name: converted[name] for name in sorted(infos)}


def _needs_trial(value: Any, info: TensorInfo) -> bool:
    """Whether a value may turn out not to fit only when it is converted, and holds no tensors of a graph."""
    if (
        isinstance(value, np.ndarray)
        and info.kind == "dense"
        and info.get_shape().is_compatible_with(value.shape)
    ):
        return bool(value.dtype != info.dtype.as_numpy_dtype)
    return not any(map(tf.is_tensor, tf.nest.flatten(value)))


def _convert_one(name: str, value: Any, info: TensorInfo) -> Any:
    converters: dict[str, Callable[[Any, TensorInfo], Any]] = {
        "dense": _to_dense,
        "sparse": _to_sparse,
        "ragged": _to_ragged,
    }
    try:
        tensor = converters[info.kind](value, info)
    except (TypeError, ValueError) as error:
        raise SignatureError(f"Input {name!r}: expected {info!r}. {error}") from error
    got = tf.type_spec_from_value(tensor)
    if type(got) is not type(info.type_spec):
        found = type(tensor).__name__
        raise SignatureError(f"Input {name!r}: expected a {info.kind} tensor, {info!r}; got a {found}.")
    if got.dtype.base_dtype != info.dtype or not tensor.shape.is_compatible_with(info.get_shape()):
        raise SignatureError(
            f"Input {name!r}: expected shape {info.get_shape()} and dtype {info.dtype.name}; got shape "
            f"{tensor.shape} and dtype {got.dtype.base_dtype.name}."
        )
    if info.kind == "ragged" and got.ragged_rank != info.type_spec.ragged_rank:
        raise SignatureError(
            f"Input {name!r}: expected {info.type_spec.ragged_rank} ragged dimensions; got {got.ragged_rank}."
        )
    return tensor


def _to_dense(value: Any, info: TensorInfo) -> Any:
    if isinstance(value, (tf.SparseTensor, tf.RaggedTensor)):
        return value
    return tf.convert_to_tensor(value, dtype=None if isinstance(value, tf.Tensor) else info.dtype)


def _to_sparse(value: Any, info: TensorInfo) -> Any:
    if isinstance(value, (tf.SparseTensor, tf.compat.v1.SparseTensorValue)):
        return tf.SparseTensor.from_value(value)
    return tf.convert_to_tensor(value, dtype=None if isinstance(value, tf.Tensor) else info.dtype)


def _to_ragged(value: Any, info: TensorInfo) -> Any:
    if isinstance(value, tf.RaggedTensor):
        return value.with_row_splits_dtype(info.type_spec.row_splits_dtype)
    if isinstance(value, tf.compat.v1.ragged.RaggedTensorValue):
        row_splits_dtype = info.type_spec.row_splits_dtype
        splits = [tf.cast(split, row_splits_dtype) for split in value.nested_row_splits]
        flat = tf.convert_to_tensor(value.flat_values, dtype=info.dtype)
        return tf.RaggedTensor.from_nested_row_splits(flat, splits)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tf.ragged.constant(
            value,
            dtype=info.dtype,
            ragged_rank=info.type_spec.ragged_rank,
            row_splits_dtype=info.type_spec.row_splits_dtype,
        )
    return tf.convert_to_tensor(value, dtype=None if isinstance(value, tf.Tensor) else info.dtype)


def components(value: Any) -> list[tf.Tensor]:
    """The dense tensors of a value in the order of `TensorInfo.component_names`."""
    if isinstance(value, tf.SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    return list(tf.nest.flatten(value, expand_composites=True))


def assemble(info: TensorInfo, tensors: Iterable[tf.Tensor]) -> Any:
    """The inverse of `components`: a Tensor, SparseTensor or RaggedTensor."""
    parts = list(tensors)
    if not info.is_composite:
        return parts[0]
    if info.is_sparse:
        return tf.SparseTensor(indices=parts[0], values=parts[1], dense_shape=parts[2])
    return tf.nest.pack_sequence_as(info.type_spec, parts, expand_composites=True)

"""Inputs and outputs of signatures: their types, and the tensors of the module that they consist of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from hubexplore.display.safe_display import automatic
from hubexplore.errors import AuthoringError, DamagedModuleError
from hubexplore.hub import tf_internals
from hubexplore.summary.graph.declared_tensors import Declared, sparse_shape
from hubexplore.summary.model import TensorSummary

SUPPORTED_TYPES: Final = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)


@dataclass(frozen=True, repr=False)
class TensorInfo:
    """One input or output of a signature: a dense, sparse or ragged tensor.

    Attributes:
      type_spec: the `tf.TypeSpec` of the value.
      component_names: names in the module's graph of its dense components, in the order of
        `tf.nest.flatten(..., expand_composites=True)`: one for a dense tensor; indices, values and
        dense shape for a sparse one.
      default: the TensorProto of the value that an input has where a call passes none: a constant of the
        module's graph behind a `placeholder_with_default`. None if a call has to pass a value.
    """

    type_spec: tf.TypeSpec
    component_names: tuple[str, ...]
    default: Any = field(default=None, compare=False)

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
      declared: dtypes and shapes in the graph, which take precedence over the messages.
    """
    return InfoDict(
        ((name, _parse_one(name, protomap[name], declared)) for name in sorted(protomap)), caption
    )


def _parse_one(name: str, proto: Any, declared: Declared) -> TensorInfo:
    try:
        match proto.WhichOneof("encoding"):
            case "name":
                dtype = tf.as_dtype(declared.dtype(proto.dtype, proto.name)).base_dtype
                shape, default = declared.shape(proto), declared.default(proto.name)
                return TensorInfo(tf.TensorSpec(shape, dtype), (proto.name,), default)
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
    """A tensor with a type spec; most writers leave the dtype and shape beside it empty."""
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


def check_supported(values: Mapping[Any, Any], label: str) -> None:
    """Raises AuthoringError listing the values that are not Tensor, SparseTensor or RaggedTensor."""
    bad_names = [key for key in values if not isinstance(key, str)]
    if bad_names:
        raise AuthoringError(f"{label} of a signature must have str names; got {bad_names[0]!r}.")
    unsupported = [
        f"{name!r} is a {type(value).__name__}"
        for name, value in values.items()
        if not isinstance(value, SUPPORTED_TYPES)
    ]
    if unsupported:
        raise AuthoringError(
            f"{label} of a signature must be Tensor, SparseTensor or RaggedTensor: {', '.join(unsupported)}. "
            f"Convert with tf.convert_to_tensor first."
        )


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

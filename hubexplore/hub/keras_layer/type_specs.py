"""Static descriptions of tensors: TensorFlow's, those of Keras, and those that fit into a config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, Final

import keras
import tensorflow as tf

from hubexplore.errors import LayerError

MSG_NO_RANK: Final = (
    "The number of dimensions of an output of this KerasLayer is unknown, and Keras builds a model from "
    "shapes. Pass output_shape=(...), the shape of one row without the batch dimension."
)
MSG_NO_SHAPE: Final = (
    "output_shape is the shape of one row of the output, such as [20], or a dict or list of shapes; it has "
    "{value!r}."
)
MSG_SHAPE: Final = (
    "output_shape={given} does not fit the output, whose shape is {known} with the batch dimension first."
)

_COMPOSITE: Final = (tf.SparseTensor, tf.RaggedTensor)


def of_values(values: Any) -> Any:
    """The TypeSpecs of tensors, in their structure."""
    return keras.tree.map_structure(tf.type_spec_from_value, values)


def of_keras(tensor: Any) -> Any:
    """The TypeSpec of a KerasTensor."""
    if getattr(tensor, "sparse", False):
        return tf.SparseTensorSpec(tensor.shape, tensor.dtype)
    if getattr(tensor, "ragged", False):
        rank = getattr(tensor, "ragged_rank", None) or 1
        splits = getattr(tensor, "row_splits_dtype", None) or "int64"
        return tf.RaggedTensorSpec(tensor.shape, tensor.dtype, rank, tf.as_dtype(splits))
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def to_keras(spec: Any) -> Any:
    """The KerasTensor of a TypeSpec.

    Raises:
      LayerError: (a ValueError) its rank is unknown.
    """
    if spec.shape.rank is None:
        raise LayerError(MSG_NO_RANK)
    shape = tuple(spec.shape.as_list())
    if isinstance(spec, tf.SparseTensorSpec):
        return keras.KerasTensor(shape, spec.dtype.name, sparse=True)
    if isinstance(spec, tf.RaggedTensorSpec):
        try:
            return keras.KerasTensor(shape, spec.dtype.name, ragged=True)
        except TypeError:
            # Before Keras 3.9, Keras describes ragged tensors as dense ones.
            return keras.KerasTensor(shape, spec.dtype.name)
    return keras.KerasTensor(shape, spec.dtype.name)


def to_json(specs: Any) -> Any:
    """Nested TypeSpecs as data for a config."""
    if isinstance(specs, Mapping):
        return {"dict": {name: to_json(spec) for name, spec in sorted(specs.items())}}
    if isinstance(specs, (list, tuple)):
        return {"list": [to_json(spec) for spec in specs]}
    shape = None if specs.shape.rank is None else specs.shape.as_list()
    data: dict[str, Any] = {"shape": shape, "dtype": specs.dtype.name}
    if isinstance(specs, tf.SparseTensorSpec):
        return data | {"kind": "sparse"}
    if isinstance(specs, tf.RaggedTensorSpec):
        return data | {
            "kind": "ragged",
            "ragged_rank": specs.ragged_rank,
            "row_splits_dtype": specs.row_splits_dtype.name,
        }
    return data | {"kind": "dense"}


def from_json(data: Any) -> Any:
    """What `to_json` made data of."""
    if "dict" in data:
        return {name: from_json(item) for name, item in data["dict"].items()}
    if "list" in data:
        return [from_json(item) for item in data["list"]]
    shape, dtype = data["shape"], tf.as_dtype(data["dtype"])
    if data["kind"] == "sparse":
        return tf.SparseTensorSpec(shape, dtype)
    if data["kind"] == "ragged":
        return tf.RaggedTensorSpec(shape, dtype, data["ragged_rank"], tf.as_dtype(data["row_splits_dtype"]))
    return tf.TensorSpec(shape, dtype)


def placeholder(spec: Any) -> Any:
    """A tensor without a value in the graph that is being built."""
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.compat.v1.sparse_placeholder(spec.dtype, spec.shape)
    if isinstance(spec, tf.RaggedTensorSpec):
        return tf.compat.v1.ragged.placeholder(
            spec.dtype, spec.ragged_rank, spec.shape[spec.ragged_rank + 1 :]
        )
    return tf.compat.v1.placeholder(spec.dtype, spec.shape)


def with_shapes(outputs: Any, shapes: Any) -> Any:
    """Outputs that know further static shapes: a nest of shapes in the structure of the outputs."""

    def refined(output: Any, shape: tf.TensorShape) -> Any:
        if isinstance(output, _COMPOSITE):
            return output
        return tf.ensure_shape(output, shape) if tf.executing_eagerly() else _with_shape(output, shape)

    if isinstance(outputs, Mapping):
        return {name: with_shapes(output, shapes[name]) for name, output in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return type(outputs)(with_shapes(*pair) for pair in zip(outputs, shapes, strict=True))
    return refined(outputs, shapes)


def _with_shape(output: Any, shape: tf.TensorShape) -> Any:
    # A tensor of its own: the shape of the original is what TensorFlow inferred.
    known = tf.identity(output)
    try:
        known.set_shape(shape)
    except ValueError as error:
        raise LayerError(MSG_SHAPE.format(given=tuple(shape[1:]), known=output.shape)) from error
    return known


def shapes_of(specs: Any) -> Any:
    """The shapes of nested TypeSpecs."""
    return keras.tree.map_structure(lambda spec: spec.shape, specs)


def with_batch(output_shape: Any) -> Any:
    """The argument `output_shape` as a nest of TensorShapes that begin with an unknown batch dimension.

    Raises:
      LayerError: (a ValueError) a part of it is no shape.
    """
    if isinstance(output_shape, Mapping):
        return {name: with_batch(shape) for name, shape in output_shape.items()}
    if isinstance(output_shape, Integral):
        # As TensorShape takes it: the only size.
        return tf.TensorShape([None, output_shape])
    if isinstance(output_shape, str) or not isinstance(output_shape, Iterable):
        raise LayerError(MSG_NO_SHAPE.format(value=output_shape))
    if isinstance(output_shape, tf.TensorShape) or all(
        size is None or isinstance(size, int) for size in output_shape
    ):
        return tf.TensorShape([None]).concatenate(tf.TensorShape(output_shape))
    return [with_batch(shape) for shape in output_shape]


def without_batch(shapes: Any) -> Any:
    """The argument `output_shape` that `with_batch` made these of, as plain data."""
    if shapes is None:
        return None
    if isinstance(shapes, Mapping):
        return {name: without_batch(shape) for name, shape in shapes.items()}
    if isinstance(shapes, list):
        return [without_batch(shape) for shape in shapes]
    return shapes.as_list()[1:]


def symbolic(shapes: Any, expected: Any, default: str) -> Any:
    """KerasTensors of nested shapes, with the dtypes that a module expects."""
    if isinstance(shapes, Mapping):
        specs = expected if isinstance(expected, Mapping) else {}
        return {name: symbolic(shape, specs.get(name), default) for name, shape in shapes.items()}
    if isinstance(expected, Mapping) and len(expected) == 1:
        expected = next(iter(expected.values()))
    if any(isinstance(size, (list, tuple)) for size in shapes):
        parts = expected if isinstance(expected, (list, tuple)) else [None] * len(shapes)
        return [symbolic(*pair, default) for pair in zip(shapes, parts, strict=False)]
    if not hasattr(expected, "dtype"):
        return keras.KerasTensor(tuple(shapes), default)
    return to_keras(_with_sizes(expected, shapes))


def _with_sizes(spec: Any, sizes: Any) -> Any:
    if isinstance(spec, tf.SparseTensorSpec):
        return tf.SparseTensorSpec(sizes, spec.dtype)
    if isinstance(spec, tf.RaggedTensorSpec):
        return tf.RaggedTensorSpec(sizes, spec.dtype, spec.ragged_rank, spec.row_splits_dtype)
    return tf.TensorSpec(sizes, spec.dtype)

"""`eval_function_for_module`: values in, values out, without a graph of one's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import GraphError, SignatureError
from hubexplore.hub.module import Module
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.tensor_info import TensorInfo, normalize_inputs


@contextlib.contextmanager
def eval_function_for_module(
    spec: ModuleSpec | str | os.PathLike[str], tags: Iterable[str] | None = None
) -> Iterator[Callable[..., Any]]:
    """A function that evaluates a module's signatures, in a graph and session of its own.

    ```python
    with hub.eval_function_for_module("sample:half-plus-two") as f:
        f([1.0, 2.0])  # array([2.5, 3. ], dtype=float32)
    ```

    Args:
      spec: a ModuleSpec, or what `load_module_spec` takes.
      tags: of the graph variant; None means no tags.

    Yields:
      `f(inputs=None, _sentinel=None, signature=None, as_dict=None)`, with arguments as `Module.__call__`
      takes them, but values in (arrays, lists, SparseTensorValue, RaggedTensorValue) and values out. It works
      until the `with` ends.
    """
    graph = tf.Graph()
    with graph.as_default():
        module = Module(spec, tags=tags)
        session = tf.compat.v1.Session(graph=graph)
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    runner = _Runner(module, session)
    try:
        yield runner
    finally:
        runner.close()


class _Runner:
    """Applies each signature once to placeholders, and runs it from then on."""

    def __init__(self, module: Module, session: tf.compat.v1.Session) -> None:
        self._module = module
        self._session: tf.compat.v1.Session | None = session
        self._applied: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def close(self) -> None:
        """Frees the session; further calls raise."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: Any = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        if _sentinel is not None:
            raise SignatureError("Pass signature= and as_dict= by keyword: f(inputs, signature='name').")
        if self._session is None:
            raise GraphError("The function works only inside of its `with` block.")
        name = "default" if signature is None else signature
        infos = self._module.get_input_info_dict(name)
        outputs_info = self._module.get_output_info_dict(name)
        if not as_dict and "default" not in outputs_info:
            raise SignatureError(
                f"Signature {name!r} has no output 'default' but {sorted(outputs_info)}; pass as_dict=True."
            )
        values = normalize_inputs(inputs, infos, name)
        feeds = {key: to_feed(key, values[key], infos[key]) for key in infos}
        placeholders, outputs = self._apply(name, infos)
        fetches = outputs if as_dict else outputs["default"]
        return self._session.run(fetches, {placeholders[key]: feed for key, feed in feeds.items()})

    def _apply(self, name: str, infos: Mapping[str, TensorInfo]) -> tuple[dict[str, Any], dict[str, Any]]:
        if name not in self._applied:
            with self._module.graph.as_default():
                placeholders = {key: placeholder(info) for key, info in infos.items()}
                outputs = self._module(placeholders, signature=name, as_dict=True)
            self._applied[name] = placeholders, outputs
        return self._applied[name]


def placeholder(info: TensorInfo) -> Any:
    """A placeholder for values of an input: dense, sparse or ragged."""
    match info.kind:
        case "sparse":
            return tf.compat.v1.sparse_placeholder(info.dtype, shape=info.get_shape())
        case "ragged":
            spec = info.type_spec
            # tf.compat.v1.ragged.placeholder knows int64 row splits only.
            inner = info.get_shape()[spec.ragged_rank + 1 :] if info.get_shape().rank is not None else None
            flat_shape = None if inner is None else tf.TensorShape([None]).concatenate(inner)
            return tf.RaggedTensor.from_nested_row_splits(
                tf.compat.v1.placeholder(info.dtype, flat_shape),
                [tf.compat.v1.placeholder(spec.row_splits_dtype, [None]) for _ in range(spec.ragged_rank)],
                validate=False,
            )
        case _:
            return tf.compat.v1.placeholder(info.dtype, shape=info.get_shape())


def to_feed(name: str, value: Any, info: TensorInfo) -> Any:
    """A value in the form that a session takes for the placeholder of an input.

    Raises:
      SignatureError: (a TypeError) names the input that does not fit, and what was expected.
    """
    try:
        match info.kind:
            case "sparse":
                return _to_sparse_value(value, info)
            case "ragged":
                return _to_ragged_value(value, info)
            case _:
                return _to_array(value, info)
    except (TypeError, ValueError) as error:
        raise SignatureError(f"Input {name!r}: expected {info!r}. {error}") from error


def _to_array(value: Any, info: TensorInfo) -> np.ndarray[Any, Any]:
    if isinstance(value, (tf.SparseTensor, tf.RaggedTensor)) or hasattr(value, "nested_row_splits"):
        raise TypeError(f"Got a {type(value).__name__}.")
    array = np.asarray(value)
    wanted = np.dtype(info.dtype.as_numpy_dtype)
    if info.dtype == tf.string:
        if array.size and array.dtype.kind not in "OSUT":
            raise TypeError(f"Got values of dtype {array.dtype.name}.")
        array = array.astype(object)
    elif not np.can_cast(array.dtype, wanted, casting="same_kind") and array.size:
        raise TypeError(f"Got values of dtype {array.dtype.name}.")
    else:
        array = array.astype(wanted)
    if not info.get_shape().is_compatible_with(array.shape):
        raise ValueError(f"Got an array of shape {array.shape}.")
    return array


def _to_sparse_value(value: Any, info: TensorInfo) -> Any:
    if not all(hasattr(value, part) for part in ("indices", "values", "dense_shape")):
        raise TypeError(f"Got a {type(value).__name__}; pass a tf.compat.v1.SparseTensorValue.")
    dense_shape = np.asarray(value.dense_shape, np.int64)
    if not info.get_shape().is_compatible_with(dense_shape):
        raise ValueError(f"Got a sparse tensor of dense shape {tuple(dense_shape)}.")
    values = np.asarray(value.values).astype(info.dtype.as_numpy_dtype, casting="same_kind")
    indices = np.asarray(value.indices, np.int64).reshape(-1, dense_shape.size)
    return tf.compat.v1.SparseTensorValue(indices, values, dense_shape)


def _to_ragged_value(value: Any, info: TensorInfo) -> Any:
    spec = info.type_spec
    if isinstance(value, tf.RaggedTensor):
        splits = [split.numpy() for split in value.nested_row_splits]
        value = _ragged_value(value.flat_values.numpy(), splits)
    if not hasattr(value, "nested_row_splits"):
        value = tf.compat.v1.ragged.constant_value(
            value, dtype=info.dtype.as_numpy_dtype, ragged_rank=spec.ragged_rank
        )
    if len(value.nested_row_splits) != spec.ragged_rank:
        raise TypeError(f"Got {len(value.nested_row_splits)} ragged dimensions.")
    splits = [np.asarray(split, spec.row_splits_dtype.as_numpy_dtype) for split in value.nested_row_splits]
    flat = np.asarray(value.flat_values)
    return _ragged_value(flat if info.dtype == tf.string else flat.astype(info.dtype.as_numpy_dtype), splits)


def _ragged_value(flat: Any, splits: list[Any]) -> Any:
    value = flat
    for split in reversed(splits):
        value = tf.compat.v1.ragged.RaggedTensorValue(value, split)
    return value

"""Values for the inputs of a signature as arrays, and the placeholders that take them.

`inputs.external.conversion` and `inputs.external.notebook_objects` also turn values into arrays, and are a
second engine on purpose; only `summary.confusables.columns` is common to both. A call has a signature with
TensorFlow's types, takes an array of the right dtype as it is, without a copy, in microseconds, accepts what
`Session.run` accepts, and keeps NumPy's objects; its errors name the TensorInfo. The explorer has a `Field`
without TensorFlow (that layer must not import it), copies, since the cell that made an array may change it
later, refuses what is too large to display, coerces text through the same literals as a text box, and its
errors are hints for a form. One engine with a switch for each of these would be slower for calls and no
shorter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import SignatureError, TooLargeError
from hubexplore.hub.call_arguments import check_shared, normalize_inputs
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.summary.confusables import columns
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse, kind_of

Conversion = Callable[[Any, "np.dtype[Any]"], Array]
# Indices, values and dense shape.
_SPARSE_PARTS: Final = 3
_HANDLE_DTYPES: Final = (tf.resource, tf.variant)
_LONGEST_CODE: Final = 60
"""Maximum length in characters of a value that an error repeats as code."""

MSG_HANDLE: Final = (
    "Input {name!r}: expected {info!r}. No array holds a {kind}: pass a tensor, in a call within a graph, "
    "as in module({{{name!r}: tensor, ...}})."
)

MSG_TOO_LARGE: Final = (
    "Input {name!r}: expected {info!r}. There is not enough memory to convert this value. Give "
    "fewer rows at a time."
)


def as_session_run(value: Any, dtype: np.dtype[Any]) -> Array:
    """`value` as an array of `dtype`, as `Session.run` of TensorFlow 2.21 converts what it is fed.

    NumPy's casts apply: fractions are cut off, integers wrap around, `["1"]` is a number. Only a single
    Python `int` that `dtype` cannot hold is refused.

    Raises:
      TypeError, ValueError, OverflowError: NumPy cannot convert it.
    """
    if tf.is_tensor(value):  # which Session.run refuses
        return exactly(value, dtype)
    # TensorFlow distinguishes these, which matters for strings as bool and int as bfloat16.
    if np.issubdtype(dtype, np.number):
        array = np.asarray(value).astype(dtype, copy=False)
    else:
        array = np.asarray(value, dtype)
    if isinstance(value, int) and array[()] != value:
        raise TypeError(f"Got {value}, which {dtype.name} cannot hold.")
    return array


def exactly(value: Any, dtype: np.dtype[Any]) -> Array:
    """`value` as an array of `dtype`, where no value changes by more than rounding.

    Raises:
      TypeError: a value would change, or the values are of mixed types.
    """
    return _numbers(np.asarray(value), dtype)


class Feeds:
    """Turns the values of a call into arrays, before anything is added to a graph.

    Args:
      signature: its name, for messages.
      infos: the inputs by name.
      numbers: how values that are not strings become arrays.
    """

    def __init__(
        self, signature: str, infos: Mapping[str, TensorInfo], numbers: Conversion = exactly
    ) -> None:
        self.infos = infos
        self._signature = signature
        self._feeds = {name: _InputFeed(name, info, numbers) for name, info in infos.items()}
        # One input is by far the most common case, and the one whose overhead is measured.
        self._only = next(iter(self._feeds.values())) if len(infos) == 1 else None

    def arrays(self, inputs: Any) -> list[Array]:
        """The arrays for the inputs of a call: one for each component of each placeholder, in order.

        Raises:
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
          TooLargeError: (a MemoryError) there is no memory for the array.
        """
        if self._only is not None and not isinstance(inputs, Mapping) and inputs is not None:
            return self._only.arrays(inputs)
        # A DataFrame: its columns are the inputs by name.
        if not isinstance(inputs, Mapping) and hasattr(inputs, "columns"):
            inputs = columns(inputs)
        values = normalize_inputs(inputs, self.infos, self._signature)
        values = check_shared(values, self.infos, self._signature)
        return [array for name, feed in self._feeds.items() for array in feed.arrays(values[name])]


class _InputFeed:
    """Turns values of one input into arrays: one if it is dense, else one for each of its components."""

    def __init__(self, name: str, info: TensorInfo, numbers: Conversion) -> None:
        self.name = name
        self.info = info
        self._numbers = numbers
        self._is_handle = info.dtype in _HANDLE_DTYPES
        self._dtype = np.dtype(object if self._is_handle else info.dtype.as_numpy_dtype)
        shape = info.get_shape()
        self._sizes = None if shape.rank is None else tuple(shape.as_list())
        self._is_dense = info.kind == "dense"

    def arrays(self, value: Any) -> list[Array]:
        if self._is_handle:
            kind = self.info.dtype.name
            raise SignatureError(MSG_HANDLE.format(name=self.name, info=self.info, kind=kind))
        # The path that is measured: an array of the right dtype and shape is passed on without a copy.
        if (
            type(value) is np.ndarray
            and self._is_dense
            and value.dtype is self._dtype
            and self._fits(value.shape)
        ):
            return [value]
        try:
            match self.info.kind:
                case "sparse":
                    return self._sparse_arrays(value)
                case "ragged":
                    return self._ragged_arrays(value)
                case _:
                    return [self._dense_array(value)]
        except (TypeError, ValueError, OverflowError) as error:
            raise SignatureError(f"Input {self.name!r}: expected {self.info!r}. {error}") from error
        except MemoryError as error:
            raise TooLargeError(MSG_TOO_LARGE.format(name=self.name, info=self.info)) from error

    def _fits(self, shape: tuple[int, ...]) -> bool:
        sizes = self._sizes
        return sizes is None or (
            len(shape) == len(sizes)
            and all(
                expected is None or expected == actual for expected, actual in zip(sizes, shape, strict=True)
            )
        )

    def _dense_array(self, value: Any) -> Array:
        if kind_of(value) != "dense":
            raise TypeError(f"Got a {type(value).__name__}.")
        array = self._flat(value)
        if not self.info.get_shape().is_compatible_with(array.shape):
            raise ValueError(f"Got an array of shape {array.shape}.{self._remedy(value, array)}")
        return array

    def _remedy(self, value: Any, array: Array) -> str:
        """What to write for one row without the dimension of rows; "" for any other value."""
        if not self.info.get_shape().is_compatible_with((1, *array.shape)):
            return ""
        text = repr(value) if array.ndim == 0 else ""
        code = f"[{text}]" if 0 < len(text) <= _LONGEST_CODE else "[value]"
        return f" The input is a list of rows: put a single row in a list, as in {code}."

    def _sparse_arrays(self, value: Any) -> list[Array]:
        value = _from_scipy(value)
        if isinstance(value, (tuple, list)) and not is_sparse(value) and len(value) == _SPARSE_PARTS:
            value = tf.compat.v1.SparseTensorValue(*value)
        if not is_sparse(value):
            raise TypeError(
                f"Got a {type(value).__name__}; pass a tf.compat.v1.SparseTensorValue, a tuple (indices, "
                f"values, dense_shape), a tf.SparseTensor or a matrix of scipy.sparse."
            )
        dense_shape = np.asarray(value.dense_shape, np.int64)
        if not self.info.get_shape().is_compatible_with(dense_shape):
            raise ValueError(f"Got a sparse tensor of dense shape {tuple(dense_shape)}.")
        values = self._flat(value.values)
        indices = np.asarray(value.indices, np.int64).reshape(-1, dense_shape.size)
        return [indices, values, dense_shape]

    def _ragged_arrays(self, value: Any) -> list[Array]:
        spec = self.info.type_spec
        if isinstance(value, tf.RaggedTensor):
            value = ragged_value(
                value.flat_values.numpy(), [split.numpy() for split in value.nested_row_splits]
            )
        if isinstance(value, np.ndarray) and value.dtype != object and value.ndim > spec.ragged_rank:
            value = _with_equal_rows(value, spec.ragged_rank)
        if not is_ragged(value):
            rows = value.tolist() if isinstance(value, np.ndarray) else value
            value = tf.compat.v1.ragged.constant_value(
                rows, dtype=self.info.dtype.as_numpy_dtype, ragged_rank=spec.ragged_rank
            )
        if len(value.nested_row_splits) != spec.ragged_rank:
            raise TypeError(f"Number of ragged dimensions: got {len(value.nested_row_splits)}.")
        splits = [
            np.asarray(split, spec.row_splits_dtype.as_numpy_dtype) for split in value.nested_row_splits
        ]
        flat = self._flat(value.flat_values)
        return [flat, *splits]

    def _flat(self, values: Any) -> Array:
        return _strings(values) if self.info.dtype == tf.string else self._numbers(values, self._dtype)


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


def _strings(value: Any) -> Array:
    # NumPy's own arrays of text lose zeros at the end, which serialized messages often have.
    array = np.asarray(value, object if isinstance(value, (list, tuple, str, bytes)) else None)
    if array.size and array.dtype.kind not in "OSUT":
        raise TypeError(f"Got values of dtype {array.dtype.name}.")
    array = array.astype(object)
    for text in array.flat:
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"Got {text!r} among the texts; its type is {type(text).__name__}.")
    return array


def _numbers(array: Array, dtype: np.dtype[Any]) -> Array:
    """`array` as `dtype`, where no value changes by more than rounding."""
    if array.dtype == dtype or not array.size:
        return array.astype(dtype, copy=False)
    if array.dtype.kind == "O":
        raise TypeError("Got values of mixed types, or rows of different lengths.")
    if array.dtype.kind in "iu" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise TypeError(
                f"Got values from {array.min()} to {array.max()}, which {dtype.name} cannot hold."
            )
    elif array.dtype.kind == "f" and dtype.kind in "iu":
        return _integral(array, dtype)
    elif not np.can_cast(array.dtype, dtype, casting="same_kind") and dtype.kind not in "Vf":
        raise TypeError(f"Got values of dtype {array.dtype.name}; convert them with .astype({dtype.name!r}).")
    elif array.dtype.kind not in "biufV" + dtype.kind:
        raise TypeError(f"Got values of dtype {array.dtype.name}.")
    return array.astype(dtype)


def _integral(array: Array, dtype: np.dtype[Any]) -> Array:
    """Floating-point numbers that are integers, as `dtype`."""
    limits, exact = np.iinfo(dtype), array.astype(np.float64)
    # The largest integer may round up to the next float; one past it is a power of two, which compares
    # exactly.
    fits = (
        (exact >= float(limits.min)) & (exact < float(limits.max // 2 + 1) * 2) & (np.trunc(exact) == exact)
    )
    if not fits.all():
        raise TypeError(
            f"Got {array[~fits].flat[0]!s} among values of dtype {array.dtype.name}, which {dtype.name} "
            f"cannot hold; to convert them anyway, use .astype({dtype.name!r})."
        )
    return array.astype(dtype)


def _with_equal_rows(array: Array, ragged_rank: int) -> Any:
    """An array as a RaggedTensorValue; a list of its entries would take thirty times its memory."""
    splits = [
        np.arange(math.prod(array.shape[: depth + 1]) + 1, dtype=np.int64) * array.shape[depth + 1]
        for depth in range(ragged_rank)
    ]
    count, inner = math.prod(array.shape[: ragged_rank + 1]), array.shape[ragged_rank + 1 :]
    return ragged_value(array.reshape(count, *inner), splits)


def _from_scipy(value: Any) -> Any:
    """A matrix or array of scipy.sparse as a SparseTensorValue; any other value unchanged."""
    if not hasattr(value, "tocoo"):
        return value
    coo = value.tocoo()
    # TensorFlow expects row-major order; scipy keeps duplicates, which stand for their sum.
    coo.sum_duplicates()
    order = np.lexsort((coo.col, coo.row))
    indices = np.stack([coo.row, coo.col], axis=1).astype(np.int64)[order]
    return tf.compat.v1.SparseTensorValue(indices, coo.data[order], coo.shape)


def ragged_value(flat: Any, splits: list[Any]) -> Any:
    """The RaggedTensorValue of flat values and nested row splits, outermost first."""
    value = flat
    for split in reversed(splits):
        value = tf.compat.v1.ragged.RaggedTensorValue(value, split)
    return value

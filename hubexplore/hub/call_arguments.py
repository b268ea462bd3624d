"""Fits the arguments of a call to its signature: names, types and shapes; selects the outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import SignatureError, closest
from hubexplore.hub.tensor_info import SUPPORTED_TYPES, TensorInfo
from hubexplore.summary.confusables import quoted
from hubexplore.summary.module_format import DEFAULT_OUTPUT


def normalize_inputs(inputs: Any, infos: Mapping[str, TensorInfo], signature: str) -> dict[str, Any]:
    """The inputs of a call as a dict with exactly the names of the signature.

    An input that has a default need not be passed.

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
    elif len(required := [name for name, info in infos.items() if info.default is None]) == 1:
        values = {required[0]: inputs}
    else:
        expected = "no inputs" if not infos else f"a dict with the keys {sorted(infos)}"
        raise SignatureError(
            f"Signature {signature!r} takes {len(infos)} inputs, but got one value. Pass {expected}."
        )
    missing = sorted(set(infos) - set(values))
    if missing:
        values |= {name: _default(infos[name]) for name in missing if infos[name].default is not None}
        missing = [name for name in missing if name not in values]
    extra = sorted(set(values) - set(infos), key=str)
    if missing or extra:
        parts = [f"missing: {_listed(missing, (*infos, *extra))}"] if missing else []
        parts += [f"unknown: {_listed(extra, infos)}"] if extra else []
        hint = closest(str(extra[0]), infos) if extra else ""
        expected = _listed(sorted(infos), extra)
        raise SignatureError(f"Signature {signature!r} has the inputs {expected}; {', '.join(parts)}.{hint}")
    return values


def _default(info: TensorInfo) -> Any:
    """The value of an input that a call does not pass."""
    return tf.make_ndarray(info.default)


def _listed(names: Iterable[Any], among: Iterable[Any]) -> str:
    """Names in brackets; look-alikes among them or in `among` are spelled out."""
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
    result = dict(values)
    for name, owner in shared_inputs(infos).items():
        if not _is_same(values[name], values[owner]):
            raise SignatureError(
                f"The inputs {owner!r} and {name!r} of signature {signature!r} are one tensor of the module, "
                f"{infos[name].component_names[0]!r}, but got two values. Pass the same value for both."
            )
        result[name] = values[owner]
    return result


def _is_same(first: Any, second: Any) -> bool:
    """Whether two values are the same object, or equal and no tensors of a graph."""
    if first is second:
        return True
    if any(tf.is_tensor(value) or isinstance(value, SUPPORTED_TYPES) for value in (first, second)):
        return False
    # Compared part by part, as NumPy cannot make one array of them.
    if hasattr(first, "_fields") and hasattr(second, "_fields"):  # SparseTensorValue
        return len(first) == len(second) and all(map(_is_same, first, second))
    return bool(np.array_equal(first, second))


def select_outputs(signature: str, outputs: Mapping[str, Any], as_dict: bool | None) -> Any:
    """What a call returns: all outputs as a dict, or the one called `default`.

    Raises:
      SignatureError: (a TypeError) there is no output `default` and `as_dict` is not True.
    """
    if as_dict:
        return dict(outputs)
    if DEFAULT_OUTPUT not in outputs:
        raise SignatureError(
            f"Signature {signature!r} has no output 'default'; it has {sorted(outputs)}. Pass as_dict=True "
            f"(%hub_call: --as-dict)."
        )
    return outputs[DEFAULT_OUTPUT]


def convert_inputs(values: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Converts values to tensors that fit the signature; the graph gets all of them or none.

    Raises:
      SignatureError: (a TypeError) names the input, what was got and what was expected.
    """
    # Nothing can be taken out of a graph again, so values that may not fit are converted in another one
    # first.
    uncertain = [name for name in sorted(infos) if _needs_trial(values[name], infos[name])]
    if uncertain:
        with tf.Graph().as_default():
            for name in uncertain:
                _convert_one(name, values[name], infos[name])
    return convert_each(values, infos)


def convert_each(values: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """What `convert_inputs` does where nothing stays behind, as in eager code.

    Raises:
      SignatureError: (a TypeError) names the input, what was got and what was expected.
    """
    # Tensors need no op, so what they do not fit is reported before constants are added for other inputs.
    tensors_first = sorted(infos, key=lambda name: (not tf.is_tensor(values[name]), name))
    converted = {name: _convert_one(name, values[name], infos[name]) for name in tensors_first}
    return {name: converted[name] for name in sorted(infos)}


def _needs_trial(value: Any, info: TensorInfo) -> bool:
    """Whether only the conversion of a value shows if it fits, and it contains no tensors of a graph."""
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
    actual_spec = tf.type_spec_from_value(tensor)
    if type(actual_spec) is not type(info.type_spec):
        actual = type(tensor).__name__
        raise SignatureError(f"Input {name!r}: expected a {info.kind} tensor, {info!r}; got a {actual}.")
    if actual_spec.dtype.base_dtype != info.dtype or not tensor.shape.is_compatible_with(info.get_shape()):
        raise SignatureError(
            f"Input {name!r}: expected shape {info.get_shape()} and dtype {info.dtype.name}; got shape "
            f"{tensor.shape} and dtype {actual_spec.dtype.base_dtype.name}."
        )
    if info.kind == "ragged" and actual_spec.ragged_rank != info.type_spec.ragged_rank:
        raise SignatureError(
            f"Input {name!r}: expected {info.type_spec.ragged_rank} ragged dimensions; got "
            f"{actual_spec.ragged_rank}."
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

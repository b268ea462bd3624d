"""Whether a module and its export give the same outputs, on inputs made up for each signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub.module import Module
from hubexplore.hub.running import SignatureRunner
from hubexplore.hub.tensor_info import TensorInfo
from hubexplore.notebook.reports import ComparedSignature

# Unknown dimensions get one of these sizes: the first that the signature takes. 224 and 299 are of images.
SIZES: Final = (2, 1, 3, 8, 16, 32, 64, 224, 299)
_TEXTS: Final = ("a sentence", "another one", "and a third")


def compare_with_export(
    module: Module, session: tf.compat.v1.Session, path: str
) -> tuple[ComparedSignature, ...]:
    """Runs every signature of `module` and of the module at `path` on the same inputs.

    Args:
      module: live.
      session: of its graph.
      path: of the export; loaded into a graph and session of its own.
    """
    before = SignatureRunner(module, session)
    with tf.Graph().as_default():
        again = Module(path, tags=module.tags)
        with tf.compat.v1.Session() as own:
            own.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
            after = SignatureRunner(again, own)
            return tuple(
                _compare(name, module, before, after) for name in sorted(module.get_signature_names())
            )


def _compare(name: str, module: Module, before: SignatureRunner, after: SignatureRunner) -> ComparedSignature:
    refused = "no inputs were found that it takes"
    for inputs in made_up(module.get_input_info_dict(name)):
        try:
            first = before(inputs, signature=name, as_dict=True)
            second = before(inputs, signature=name, as_dict=True)
        except (HubError, tf.errors.OpError) as error:
            refused = f"no inputs were found that it takes: {str(error).splitlines()[0]}"
            continue
        steady = [key for key in first if difference(first[key], second[key]) == 0]
        if not steady:
            return ComparedSignature(name, 0, None, "its outputs are other ones on each run")
        exported = after(inputs, signature=name, as_dict=True)
        return ComparedSignature(
            name, len(steady), max(difference(first[key], exported[key]) for key in steady)
        )
    return ComparedSignature(name, 0, None, refused)


def made_up(infos: Mapping[str, TensorInfo]) -> Iterator[dict[str, Any]]:
    """Values for the inputs of a signature, with one size after the other for the unknown dimensions."""
    open_ended = any(
        info.get_shape().rank is None or None in info.get_shape().as_list() for info in infos.values()
    )
    for size in SIZES if open_ended else SIZES[:1]:
        random = np.random.default_rng(0)
        yield {name: _value(info, size, random) for name, info in infos.items()}


def _value(info: TensorInfo, size: int, random: np.random.Generator) -> Any:
    shape = info.get_shape()
    sizes = [size] if shape.rank is None else [size if own is None else own for own in shape.as_list()]
    if info.kind == "sparse":
        rows = _array(info, [sizes[0] if sizes else 1], random)
        indices = np.zeros([len(rows), len(sizes)], np.int64)
        indices[:, 0] = np.arange(len(rows))
        return tf.compat.v1.SparseTensorValue(indices, rows, np.array(sizes, np.int64))
    if info.kind == "ragged":
        return _nested(_array(info, sizes, random).tolist(), info.type_spec.ragged_rank)
    return _array(info, sizes, random)


def _nested(rows: list[Any], depth: int) -> list[Any]:
    """Rows of which each is shorter than the one before, down to one entry."""
    if depth == 0:
        return rows
    return [_nested(row[: max(1, len(row) - number)], depth - 1) for number, row in enumerate(rows)]


def _array(info: TensorInfo, sizes: list[int], random: np.random.Generator) -> Any:
    dtype = np.dtype(info.dtype.as_numpy_dtype)
    if info.dtype == tf.string:
        return np.resize(np.array(_TEXTS, object), sizes)
    if dtype.kind == "b":
        return random.integers(0, 2, sizes).astype(bool)
    if dtype.kind in "iu":
        return random.integers(0, 2, sizes).astype(dtype)
    return random.uniform(0.0, 1.0, sizes).astype(dtype)


def difference(first: Any, second: Any) -> float:
    """The largest difference between two results: 0.0 if equal, infinite where shapes or texts differ."""
    if isinstance(first, tf.compat.v1.SparseTensorValue):
        return max(difference(own, other) for own, other in zip(first, second, strict=True))
    if hasattr(first, "nested_row_splits"):
        parts = zip(
            (first.flat_values, *first.nested_row_splits),
            (second.flat_values, *second.nested_row_splits),
            strict=True,
        )
        return max(difference(own, other) for own, other in parts)
    one, other = np.asarray(first), np.asarray(second)
    if one.shape != other.shape:
        return float("inf")
    if one.dtype.kind not in "biufcV":
        return 0.0 if np.array_equal(one, other) else float("inf")
    kind = np.complex128 if one.dtype.kind == "c" else np.float64
    numbers, others = one.astype(kind), other.astype(kind)
    # What is not a number before may be none after.
    same = (numbers == others) | (np.isnan(numbers) & np.isnan(others))
    return float(
        np.max(np.where(same, 0.0, np.nan_to_num(np.abs(numbers - others), nan=np.inf)), initial=0.0)
    )

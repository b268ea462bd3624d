"""Whether a module and its export give the same outputs, on inputs made up for each signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub.module import Module
from hubexplore.hub.running import SignatureRunner
from hubexplore.notebook.reports import ComparedSignature
from hubexplore.notebook.trial import examples
from hubexplore.notebook.trial.fields import fields


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
    for inputs in made_up(module, name):
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


def made_up(module: Module, name: str) -> Iterator[dict[str, Any]]:
    """Values for the inputs of a signature, one example after the other."""
    summary = module.summary()
    variant = next(each for each in summary.variants if each.tags == tuple(sorted(module.tags)))
    signature = next(each for each in variant.signatures if each.name == name)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    for given in examples.trials(fields(signature, variant, meta_graph)):
        yield {key: each.value for key, each in given.items()}


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

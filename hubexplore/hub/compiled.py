"""Tensors of a graph as a function of NumPy arrays that is compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.feeding import ragged_value
from hubexplore.hub.tensor_info import components


class CompiledCall:
    """Runs placeholders -> fetches; running it adds nothing to the graph.

    Args:
      session: of the graph.
      placeholders: dense ones, in the order of the arrays that `run` takes.
      fetches: what `results` returns, by name: Tensor, SparseTensor or RaggedTensor; no placeholders.
      timeout: seconds after which a run ends with `tf.errors.DeadlineExceededError`; None for no limit.
    """

    def __init__(
        self,
        session: tf.compat.v1.Session,
        placeholders: Iterable[tf.Tensor],
        fetches: Mapping[str, Any],
        timeout: float | None = None,
    ) -> None:
        self._fetches = dict(fetches)
        self._names = list(fetches)
        self._dense = all(isinstance(fetch, tf.Tensor) for fetch in fetches.values())
        flat = [tensor for fetch in fetches.values() for tensor in components(fetch)]
        self.run = tf_internals.compiled(session, flat, list(placeholders), timeout)
        """Takes one array per placeholder; gives the flat values that `results` takes."""

    def results(self, flat: Sequence[Any]) -> dict[str, Any]:
        """Values by the names of the fetches: arrays, SparseTensorValue, RaggedTensorValue."""
        if self._dense:
            return dict(zip(self._names, flat, strict=True))
        parts = iter(flat)
        return {name: _value(fetch, parts) for name, fetch in self._fetches.items()}


def _value(fetch: Any, parts: Iterator[Any]) -> Any:
    own = [next(parts) for _ in components(fetch)]
    if isinstance(fetch, tf.SparseTensor):
        return tf.compat.v1.SparseTensorValue(*own)
    if isinstance(fetch, tf.RaggedTensor):
        return ragged_value(own[0], own[1:])
    return own[0]

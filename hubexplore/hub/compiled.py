"""One signature, or any tensors of its call, as a function of NumPy arrays that is compiled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.feeding import Feed, ragged_value
from hubexplore.hub.tensor_info import components, normalize_inputs

Arrays = list[np.ndarray[Any, Any]]


class CompiledCall:
    """A call of a module that was applied to placeholders, with some of its tensors to fetch.

    Args:
      session: of the module's graph.
      signature: its name, for messages.
      feeds: the inputs, by name.
      fetches: what to return, by name: Tensor, SparseTensor or RaggedTensor.

    Running it adds nothing to the graph.
    """

    def __init__(
        self,
        session: tf.compat.v1.Session,
        signature: str,
        feeds: Mapping[str, Feed],
        fetches: Mapping[str, Any],
    ) -> None:
        self.signature = signature
        self.feeds = feeds
        self._infos = {name: feed.info for name, feed in feeds.items()}
        # One dense input is by far the most common case, and the one whose overhead is measured.
        self._only = next(iter(feeds.values())) if len(feeds) == 1 else None
        self._names = list(fetches)
        self._dense = all(isinstance(fetch, tf.Tensor) for fetch in fetches.values())
        self._fetches = dict(fetches)
        flat = [tensor for fetch in fetches.values() for tensor in components(fetch)]
        placeholders = [tensor for feed in feeds.values() for tensor in components(feed.placeholder)]
        self.run: Callable[..., Sequence[Any]] = tf_internals.compiled(session, flat, placeholders)
        """Takes the arrays that `feed` returns; gives the flat values that `results` takes."""

    def feed(self, inputs: Any) -> Arrays:
        """The arrays for the inputs of a call.

        Raises:
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
        """
        only = self._only
        if (
            only is not None
            and type(inputs) is not dict
            and not isinstance(inputs, Mapping)
            and inputs is not None
        ):
            return only.arrays(inputs)
        values = normalize_inputs(inputs, self._infos, self.signature)
        return [array for name, feed in self.feeds.items() for array in feed.arrays(values[name])]

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

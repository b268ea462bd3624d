"""Running the signatures of a live module on values, each compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.feeding import flatten_feed, placeholder, to_feed
from hubexplore.hub.module import Module
from hubexplore.hub.tensor_info import normalize_inputs, select_outputs
from hubexplore.hub.variant import DEFAULT_SIGNATURE


class SignatureRunner:
    """Values in, values out, for one module in one session.

    A signature is applied to placeholders and compiled when it is first run; after that a run adds nothing
    to the graph.

    Args:
      module: to run.
      session: of its graph; variables and tables initialised.
    """

    def __init__(self, module: Module, session: tf.compat.v1.Session) -> None:
        self._module = module
        self._session = session
        self._compiled: dict[str, Callable[..., Any]] = {}

    def __call__(
        self,
        inputs: Any = None,
        _sentinel: Any = None,
        signature: str | None = None,
        as_dict: bool | None = None,
    ) -> Any:
        """Evaluates a signature.

        Args:
          inputs: as for `Module.__call__`, but values: arrays, lists, SparseTensorValue, RaggedTensorValue.
          signature: its name; None means `default`. Give it by keyword.
          as_dict: whether to return all outputs by name.

        Returns:
          A NumPy array, SparseTensorValue or RaggedTensorValue; with `as_dict` a dict of them.

        Raises:
          NoSuchSignatureError: (a KeyError and ValueError) lists the signatures.
          SignatureError: (a TypeError) names the input that does not fit and what was expected.
        """
        if _sentinel is not None:
            raise SignatureError(
                "Pass signature= and as_dict= by keyword, as in f(inputs, signature='name')."
            )
        name = DEFAULT_SIGNATURE if signature is None else signature
        infos = self._module.get_input_info_dict(name)
        select_outputs(name, self._module.get_output_info_dict(name), as_dict)
        values = normalize_inputs(inputs, infos, name)
        feeds = [to_feed(key, values[key], info) for key, info in infos.items()]
        call = self._compile(name, infos)
        outputs = call(*(array for feed in feeds for array in flatten_feed(feed)))
        return select_outputs(name, outputs, as_dict)

    def _compile(self, name: str, infos: Any) -> Callable[..., Any]:
        if name not in self._compiled:
            with self._module.graph.as_default():
                placeholders = {key: placeholder(info) for key, info in infos.items()}
                outputs = self._module(placeholders, signature=name, as_dict=True)
            feed_list = tf.nest.flatten(list(placeholders.values()), expand_composites=True)
            self._compiled[name] = self._session.make_callable(outputs, feed_list=feed_list)
        return self._compiled[name]

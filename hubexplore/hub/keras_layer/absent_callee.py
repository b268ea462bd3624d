"""In place of a module whose files are not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import keras
import tensorflow as tf

from hubexplore.errors import HubError, LayerError
from hubexplore.hub.keras_layer import keras_internals, type_specs
from hubexplore.hub.keras_layer.callee import Result, Weight
from hubexplore.hub.keras_layer.records import CallRecords

MSG_ABSENT: Final = (
    "This KerasLayer was made from a config, and the files of its module{where} are not there. Load the "
    ".keras file that the model was saved to, or make the layer with hub.KerasLayer(handle)."
)


class AbsentCallee:
    """In place of a module whose files are not there yet; see `callee.Callee`.

    Args:
      weights: descriptions of the weights, as `records.recorded` makes them.
      calls: of the layer.
      handle: of the module, for the message.
      error: why the handle could not be opened, if that was tried.
    """

    def __init__(
        self, weights: Iterable[Mapping[str, Any]], calls: CallRecords, handle: Any, error: HubError | None
    ) -> None:
        self.root = None
        self.losses: list[Callable[[], Any]] = []
        self.weights = [
            Weight(
                item["name"],
                tf.Variable(tf.zeros(item["shape"], item["dtype"]), trainable=item["trainable"]),
                item["trainable"],
            )
            for item in weights
        ]
        self._calls = calls
        self._handle = handle
        self._error = error

    def call(self, inputs: Any, *, training: bool) -> Result:
        """Tensors without values where Keras asks for shapes.

        Raises:
          LayerError: (a ValueError) Keras asks for values.
        """
        outputs = self._calls.find(type_specs.of_values(inputs))
        if outputs is None or not keras_internals.in_stateless_scope():
            raise self._absent()
        return Result(keras.tree.map_structure(type_specs.placeholder, outputs), [])

    def arranged(self, inputs: Any) -> Any:
        """They stay as they are."""
        return inputs

    def expected(self) -> Any:
        """Nothing is known."""
        return None

    def type_specs(self, inputs: Any) -> Any:
        """What a call with such inputs returned when the layer was saved.

        Raises:
          LayerError: (a ValueError) there was no such call.
        """
        outputs = self._calls.find(inputs)
        if outputs is None:
            raise self._absent()
        return outputs

    def check_gradients(self) -> None:
        """They were checked when the layer was first made."""

    def save(self, folder: str) -> None:
        """Raises LayerError (a ValueError)."""
        raise self._absent()

    def _absent(self) -> HubError:
        where = f", {self._handle!r}," if self._handle else ""
        reason = f" {self._error}" if self._error else ""
        return LayerError(MSG_ABSENT.format(where=where) + reason)

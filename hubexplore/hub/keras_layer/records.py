"""What the config of a layer records, so that it can be made again before its files are there.

Keras loads a `.keras` file in this order: layers from their configs, calls with symbolic tensors, optimizers,
values of weights, and the files of layers last. Until then an `AbsentCallee` answers from the records.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import keras
import tensorflow as tf

from hubexplore.hub.keras_layer import type_specs
from hubexplore.hub.keras_layer.callee import Weight

_MOST_CALLS: Final = 16


class CallRecords:
    """The static types of the inputs and outputs of calls so far, each kind once."""

    def __init__(self, data: list[Any] | None = None) -> None:
        self._calls: dict[str, tuple[Any, Any]] = {}
        for item in data or []:
            self.add(type_specs.from_json(item["inputs"]), type_specs.from_json(item["outputs"]))

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, inputs: Any, outputs: Any) -> None:
        """Records a call, unless there are many already."""
        if len(self._calls) < _MOST_CALLS:
            self._calls.setdefault(str(type_specs.to_json(inputs)), (inputs, outputs))

    def find(self, inputs: Any) -> Any:
        """The TypeSpecs of the outputs for these inputs, or for some that they are a case of; or None."""
        exact = self._calls.get(str(type_specs.to_json(inputs)))
        if exact is not None:
            return exact[1]
        for recorded, outputs in self._calls.values():
            if _have_ranks(recorded, inputs):
                return keras.tree.map_structure(_of_any_batch, outputs)
        return None

    def data(self) -> list[Any]:
        """The records for a config."""
        return [
            {"inputs": type_specs.to_json(inputs), "outputs": type_specs.to_json(outputs)}
            for inputs, outputs in self._calls.values()
        ]


def _have_ranks(recorded: Any, inputs: Any) -> bool:
    """Whether inputs differ from recorded ones at most in their numbers of rows."""
    pairs = list(zip(tf.nest.flatten(recorded), tf.nest.flatten(inputs), strict=False))
    return len(tf.nest.flatten(recorded)) == len(tf.nest.flatten(inputs)) and all(
        spec.dtype == other.dtype
        and (spec.shape.rank is None or spec.shape[1:].is_compatible_with(other.shape[1:]))
        for spec, other in pairs
    )


def _of_any_batch(spec: Any) -> Any:
    if not spec.shape.rank or not isinstance(spec, tf.TensorSpec):
        return spec
    return tf.TensorSpec(tf.TensorShape([None]).concatenate(spec.shape[1:]), spec.dtype)


def recorded(weights: Iterable[Weight], calls: CallRecords) -> dict[str, Any]:
    """What a config says of a layer."""
    described = [
        {
            "name": weight.name,
            "shape": weight.variable.shape.as_list(),
            "dtype": weight.variable.dtype.name,
            "trainable": weight.trainable,
        }
        for weight in weights
    ]
    return {"weights": described, "calls": calls.data()}

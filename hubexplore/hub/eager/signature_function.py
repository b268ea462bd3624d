"""One signature of a graph variant as a function: traced once, called with what `hub.Module` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from hubexplore.hub.call_arguments import (
    check_shared,
    convert_each,
    convert_inputs,
    normalize_inputs,
    shared_inputs,
)
from hubexplore.hub.eager import eager_internals
from hubexplore.hub.eager.eager_internals import EAGER_TENSOR
from hubexplore.hub.tensor_info import TensorInfo, components


class SignatureFunction:
    """Calls a concrete function of a signature.

    All that depends on the signature alone is worked out here, once: a call converts its inputs, if they are
    no tensors, and runs.

    Args:
      name: of the signature.
      infos: its inputs.
      concrete: function of a list of them, in this order, that returns a dict of outputs and a list of
        losses.
    """

    def __init__(self, name: str, infos: Mapping[str, TensorInfo], concrete: Any) -> None:
        self._name = name
        self._infos = infos
        self._run = eager_internals.caller(concrete)
        self._has_shared = bool(shared_inputs(infos))
        self._dense = (
            {key: (info.dtype, _sizes(info.get_shape())) for key, info in infos.items()}
            if not self._has_shared and not any(info.is_composite for info in infos.values())
            else None
        )

    def __call__(self, inputs: Any) -> tuple[dict[str, Any], list[Any]]:
        """All outputs by name, and the losses of the call.

        Raises:
          SignatureError: (a TypeError) an input does not fit.
        """
        tensors = self._as_given(inputs)
        results: tuple[dict[str, Any], list[Any]] = self._run(
            self._converted(inputs) if tensors is None else tensors
        )
        return results

    def _as_given(self, inputs: Any) -> list[tf.Tensor] | None:
        """The inputs, if they are eager tensors that fit as they are."""
        if self._dense is None:
            return None
        if type(inputs) is EAGER_TENSOR and len(self._dense) == 1:
            tensors = [inputs]
        elif type(inputs) is dict and inputs.keys() == self._dense.keys():
            tensors = [inputs[name] for name in self._dense]
        else:
            return None
        for tensor, (dtype, sizes) in zip(tensors, self._dense.values(), strict=True):
            if type(tensor) is not EAGER_TENSOR or tensor.dtype is not dtype or not _fits(tensor, sizes):
                return None
        return tensors

    def _converted(self, inputs: Any) -> list[tf.Tensor]:
        values = normalize_inputs(inputs, self._infos, self._name)
        if self._has_shared:
            values = check_shared(values, self._infos, self._name)
        convert = convert_each if tf.executing_eagerly() else convert_inputs
        converted = convert(values, self._infos)
        return [tensor for name in self._infos for tensor in components(converted[name])]


def _sizes(shape: tf.TensorShape) -> tuple[int | None, ...] | None:
    return None if shape.rank is None else tuple(shape.as_list())


def _fits(tensor: tf.Tensor, sizes: tuple[int | None, ...] | None) -> bool:
    if sizes is None:
        return True
    given = tensor.shape.as_list()
    return len(given) == len(sizes) and all(
        size is None or size == actual for size, actual in zip(sizes, given, strict=True)
    )

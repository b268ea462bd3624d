"""A TF1 Hub module, as `hub.load` returns it, in a layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import LayerError
from hubexplore.hub.call_arguments import normalize_inputs
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.keras_layer.callee import Result, Weight, is_keras_weight
from hubexplore.hub.keras_layer.options import Options
from hubexplore.hub.storage.export import write_module
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE

MADE: Final = "variables.json"
"""File in a saved folder: identities of the variables; a variant may have others, which the module lacks."""
OTHER_STATE: Final = "other_variables"
"""Prefix, in a saved folder, of the checkpoint of variables that are not Keras variables."""

MSG_ARGUMENTS: Final = (
    "A TF1 Hub module takes no arguments beside its inputs, but got arguments={arguments!r}. Leave them out; "
    "the inputs of signature {signature!r} are {inputs}."
)


class ModuleCallee:
    """See `callee.Callee`.

    Args:
      module: what to call.
      options: checked here.

    Raises:
      NoSuchSignatureError: (a KeyError and ValueError) lists the signatures there are.
      SignatureError: (a TypeError and ValueError) no such output.
      LayerError: (a ValueError) `arguments`, which modules do not take.
    """

    def __init__(self, module: LoadedModule, options: Options) -> None:
        self.root = module
        self._options = options
        self._signature = options.signature or DEFAULT_SIGNATURE
        self._infos = module.spec.get_input_info_dict(self._signature, module.tags)
        self._outputs = module.spec.get_output_info_dict(self._signature, module.tags)
        if options.arguments:
            raise LayerError(
                MSG_ARGUMENTS.format(
                    arguments=dict(options.arguments), signature=self._signature, inputs=sorted(self._infos)
                )
            )
        options.check_outputs(self._signature, self._outputs, DEFAULT_OUTPUT)
        self.losses: list[Callable[[], Any]] = module.regularization_losses
        self.weights: list[Weight] = []
        self._others: dict[str, Any] = {}
        for name, variable in _named(module.variable_map):
            if is_keras_weight(variable.dtype, variable.shape):
                self.weights.append(Weight(name, variable, bool(variable.trainable)))
            else:
                self._others[name] = variable

    def call(self, inputs: Any, *, training: bool) -> Result:
        """See `callee.Callee`."""
        outputs, losses = self.root.call_with_losses(self._signature, inputs, training=training)
        return Result(self._options.select(outputs, DEFAULT_OUTPUT), losses)

    def arranged(self, inputs: Any) -> dict[str, Any]:
        """See `callee.Callee`."""
        return normalize_inputs(inputs, self._infos, self._signature)

    def expected(self) -> dict[str, Any]:
        """See `callee.Callee`."""
        return {name: info.type_spec for name, info in self._infos.items()}

    def type_specs(self, inputs: Any) -> Any:
        """See `callee.Callee`."""
        if not any(_is_open(info.get_shape()) for info in self._outputs.values()):
            return None
        outputs = self.root.output_specs(self._signature, inputs)
        return self._options.select(outputs, DEFAULT_OUTPUT)

    def check_gradients(self) -> None:
        """See `callee.Callee`."""
        self.root.check_gradients(self._signature)

    def save(self, folder: str) -> None:
        """See `callee.Callee`; without the values of `weights`."""
        write_module(folder, self.root.spec, None)
        Path(folder, MADE).write_text(json.dumps(sorted(self.root.variables_by_identity)), "utf-8")
        if self._others:
            # Numbers in place of names, which may hold anything.
            numbered = {str(number): value for number, value in enumerate(self._others.values())}
            tf.train.Checkpoint(**numbered).write(f"{folder}/{OTHER_STATE}")


def _named(variable_map: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each variable of a module with a name, in the order of `eager.variables.in_order`."""
    for name, variable in variable_map.items():
        if isinstance(variable, list):
            yield from ((f"{name}/part_{number}", part) for number, part in enumerate(variable))
        else:
            yield name, variable


def _is_open(shape: tf.TensorShape) -> bool:
    """Whether more than the first dimension is unknown."""
    return shape.rank is None or not shape[1:].is_fully_defined()

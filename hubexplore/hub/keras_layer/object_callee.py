"""A TF2 SavedModel, or any other callable, in a layer."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import ExportError, LayerError, SignatureError
from hubexplore.hub.keras_layer.callee import Result
from hubexplore.hub.keras_layer.object_weights import called, traces, weights_of
from hubexplore.hub.keras_layer.options import Options
from hubexplore.summary.lookup import no_such_signature
from hubexplore.summary.module_format import DEFAULT_OUTPUT

MSG_NOT_CALLABLE: Final = (
    "{what} is not callable, so a KerasLayer needs one of its signatures, which are {names}: "
    "hub.KerasLayer(..., signature={example!r}, signature_outputs_as_dict=True)."
)
MSG_NOTHING: Final = "{what} is not callable and has no signatures, so a KerasLayer cannot call it."
MSG_AS_DICT: Final = (
    "signature_outputs_as_dict is about the outputs of a signature, but no signature was chosen; there are "
    "{names}. Pass signature=..., or leave signature_outputs_as_dict out."
)
MSG_KEY: Final = (
    "output_key={key!r} chooses one of several named outputs, but the callable returned a {name}. Leave "
    "output_key out."
)
MSG_NO_KEY: Final = "The callable returned no output {key!r}; it returned {names}."
MSG_INPUTS: Final = "Signature {signature!r} has the inputs {names}; pass a dict with these names."
MSG_UNSAVED: Final = (
    "The callable of the layer cannot be written as a SavedModel: {error} Save it with tf.saved_model.save, "
    "and make the layer from the path."
)


class ObjectCallee:
    """See `callee.Callee`.

    Args:
      root: what to call, or what has the signature to call.
      options: checked here.
      path: directory that it was read from; None if it was not.

    Raises:
      NoSuchSignatureError: (a KeyError and ValueError) lists the signatures there are.
      SignatureError: (a TypeError and ValueError) no such output.
      LayerError: (a ValueError) it cannot be called in this way.
    """

    def __init__(self, root: Any, options: Options, path: str | None) -> None:
        self._object = root
        self.root = root if isinstance(root, tf.__internal__.tracking.Trackable) else None
        self._options = options
        self._path = path
        self._function = self._chosen(options, repr(path) if path else f"A {type(root).__name__}")
        self._specs = _input_specs(self._function, options.signature is not None)
        self._takes_training = options.signature is None and _takes_training(self._function)
        self.losses: list[Callable[[], Any]] = list(getattr(root, "regularization_losses", None) or [])
        self.weights = weights_of(root, self._function)

    def _chosen(self, options: Options, what: str) -> Any:
        signatures = getattr(self._object, "signatures", None) or {}
        names = sorted(signatures)
        if options.signature is not None:
            if options.signature not in names:
                raise no_such_signature(options.signature, names)
            function = signatures[options.signature]
            outputs = getattr(function, "structured_outputs", None)
            if isinstance(outputs, Mapping):
                options.check_outputs(options.signature, outputs, DEFAULT_OUTPUT)
            return function
        if not callable(self._object):
            if not names:
                raise LayerError(MSG_NOTHING.format(what=what))
            example = "serving_default" if "serving_default" in names else names[0]
            raise LayerError(MSG_NOT_CALLABLE.format(what=what, names=names, example=example))
        if options.as_dict:
            raise LayerError(MSG_AS_DICT.format(names=names))
        return self._object

    def call(self, inputs: Any, *, training: bool) -> Result:
        """See `callee.Callee`."""
        arguments = dict(self._options.arguments or {})
        if self._options.signature is not None:
            outputs = self._function(**inputs, **arguments)
            return Result(self._options.select(outputs, DEFAULT_OUTPUT), [])
        if self._takes_training:
            arguments.setdefault("training", training)
        return Result(self._one(self._function(inputs, **arguments)), [])

    def arranged(self, inputs: Any) -> Any:
        """See `callee.Callee`."""
        if self._options.signature is None:
            return inputs
        if isinstance(inputs, Mapping):
            return dict(inputs)
        names = [name for name in self._specs or {} if name not in (self._options.arguments or {})]
        if len(names) != 1:
            raise SignatureError(MSG_INPUTS.format(signature=self._options.signature, names=sorted(names)))
        return {names[0]: inputs}

    def _one(self, outputs: Any) -> Any:
        key = self._options.output_key
        if key is None:
            return outputs
        if not isinstance(outputs, Mapping):
            raise SignatureError(MSG_KEY.format(key=key, name=type(outputs).__name__))
        if key not in outputs:
            raise SignatureError(MSG_NO_KEY.format(key=key, names=sorted(outputs)))
        return outputs[key]

    def expected(self) -> Any:
        """See `callee.Callee`."""
        return self._specs

    def type_specs(self, inputs: Any) -> Any:
        """See `callee.Callee`; TensorFlow knows no more than a call does."""
        return None

    def check_gradients(self) -> None:
        """See `callee.Callee`; TF2 has gradients of everything."""

    def save(self, folder: str) -> None:
        """See `callee.Callee`; with the values that the weights had when it was read."""
        if self._path is not None:
            _copy(self._path, folder)
            return
        try:
            signatures = getattr(self._object, "signatures", None)
            tf.saved_model.save(self._object, folder, signatures=dict(signatures) if signatures else None)
        except (TypeError, ValueError, AssertionError) as error:
            raise ExportError(MSG_UNSAVED.format(error=error)) from error


def _input_specs(function: Any, is_signature: bool) -> Any:
    """The TypeSpecs of the inputs: those of the first trace for a callable; None if there is none."""
    if is_signature:
        structure = getattr(function, "structured_input_signature", None)
        return dict(structure[1]) if structure else None
    for traced in traces(function):
        arguments = traced.structured_input_signature[0]
        if arguments:
            return arguments[0]
    return None


def _takes_training(function: Any) -> bool:
    try:
        parameters = inspect.signature(called(function)).parameters
    except (TypeError, ValueError):
        return False
    return "training" in parameters


def _copy(source: str, target: str) -> None:
    """Copies a directory, from any filesystem TensorFlow knows."""
    for directory, _, names in tf.io.gfile.walk(source):
        relative = os.path.relpath(directory, source) if directory != source else ""
        tf.io.gfile.makedirs(os.path.join(target, relative))
        for name in names:
            tf.io.gfile.copy(
                os.path.join(directory, name), os.path.join(target, relative, name), overwrite=True
            )

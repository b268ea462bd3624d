"""`KerasLayer`: a module or SavedModel as a layer of Keras 3."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import keras
import tensorflow as tf

from hubexplore.errors import DownloadError, LayerError, MissingModuleError
from hubexplore.hub.keras_layer import archive, keras_internals, opening, precision, type_specs
from hubexplore.hub.keras_layer.absent_callee import AbsentCallee
from hubexplore.hub.keras_layer.call_values import AddedLosses, to_tensors
from hubexplore.hub.keras_layer.callee import Callee, Result
from hubexplore.hub.keras_layer.options import MSG_SENTINEL, Options, plain_handle
from hubexplore.hub.keras_layer.records import CallRecords, recorded
from hubexplore.hub.keras_layer.weights import ModuleVariable, is_replaced
from hubexplore.hub.spec import ModuleSpec

MSG_BACKEND: Final = (
    "hub.KerasLayer runs TensorFlow graphs, so it needs the TensorFlow backend of Keras; the backend of this "
    "process is {backend!r}. Set os.environ['KERAS_BACKEND'] = 'tensorflow' before keras is imported."
)
MSG_NOTHING_TO_TRAIN: Final = (
    "trainable=True, but {what} has no trainable variables among its {number} variables. Leave trainable out."
)
MSG_STATELESS: Final = (
    "stateless_call gives weights other values for one call, but the graph of a module reads its own "
    "variables. Assign the values with layer.set_weights, and call the layer."
)


@keras.saving.register_keras_serializable(package="hubexplore")
class KerasLayer(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """A TF1 Hub module, a TF2 SavedModel or a callable as a layer of Keras 3, on the TensorFlow backend.

    ```python
    model = keras.Sequential([hub.KerasLayer(path, trainable=True), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(sentences, targets)
    model.save("model.keras")  # with the files of the module
    ```

    Its weights are Keras variables that share their values with the module. With `training=True`, a
    trainable layer applies the variant of a TF1 module for training, with its update ops; a frozen one stays
    in inference mode, as BatchNormalization does. Regularization losses of the module are losses of a
    trainable layer.

    The inputs are those of the signature: one tensor, or a dict of tensors by name; dense, sparse or ragged.
    Floating point inputs get the dtype of the module, and outputs the compute dtype of the layer's policy.

    Args:
      handle: what `hub.load` takes, or an object that it returned, or another callable object.
      trainable: whether the variables that the module's author marked as trainable are.
      arguments: further keyword arguments for the calls of a TF2 SavedModel, or inputs of its signature.
      tags: of the graph variant; None for a module without tags or with one variant.
      signature: its name. None means `default` for a TF1 module, and the object itself for a TF2 SavedModel.
      signature_outputs_as_dict: whether calls return all outputs of the signature by name.
      output_key: the output that calls return; by default the one called `default`.
      output_shape: shape of one output row, without the batch dimension, where the module does not tell; for
        several outputs a nest of shapes in their structure.
      load_options: `tf.saved_model.LoadOptions` for a TF2 SavedModel.
      **kwargs: of `keras.layers.Layer`: `name`, `dtype`, ...

    Attributes:
      resolved_object: what is called: a `LoadedModule`, or what `tf.saved_model.load` returned.

    Raises:
      LayerError: (a ValueError) another backend; nothing to train; a dtype policy that the weights cannot
        have; arguments that do not go together.
      GraphError: (a RuntimeError) `trainable` with a TF1 loop whose gradients TensorFlow cannot compute.
      NoSuchSignatureError: (a KeyError and ValueError) lists the signatures there are.
      SignatureError: (a TypeError and ValueError) there is no such output, or no output `default`.
      HubError: as `hub.load` raises it.
    """

    def __init__(  # noqa: PLR0917 - the order of arguments is that of tensorflow_hub
        self,
        handle: Any,
        trainable: bool = False,
        arguments: Mapping[str, Any] | None = None,
        _sentinel: Any = None,
        tags: Iterable[str] | None = None,
        signature: str | None = None,
        signature_outputs_as_dict: bool | None = None,
        output_key: str | None = None,
        output_shape: Any = None,
        load_options: Any = None,
        **kwargs: Any,
    ) -> None:
        if keras.backend.backend() != "tensorflow":
            raise LayerError(MSG_BACKEND.format(backend=keras.backend.backend()))
        if _sentinel is not None:
            raise LayerError(MSG_SENTINEL)
        record = json.loads(kwargs.pop("recorded", "null"))
        options = Options.checked(
            tags=tags,
            signature=signature,
            as_dict=signature_outputs_as_dict,
            output_key=output_key,
            arguments=arguments,
            load_options=load_options,
        )
        calls = CallRecords(record["calls"] if record else [])
        handle = None if handle is None and record else plain_handle(handle)
        callee = _opened(handle, options, record, calls)
        if trainable:
            _check_trainable(callee, handle)
        inputs = callee.expected()
        kwargs["dtype"] = precision.chosen_dtype(kwargs.get("dtype"), callee.weights, inputs)
        kwargs.setdefault("autocast", False)
        if "input_shape" in kwargs and not precision.takes_floats(inputs):
            # Keras would make an input of floating point numbers of it.
            del kwargs["input_shape"]
        super().__init__(trainable=bool(trainable), **kwargs)
        precision.check_policy(self.dtype_policy, self.variable_dtype, callee.weights)
        # XLA has no strings, tables or tensors of unknown shape.
        self.supports_jit = False
        self._options = options
        self._handle = handle
        self._output_shape = None if output_shape is None else type_specs.with_batch(output_shape)
        self._calls = calls
        self._losses_so_far = AddedLosses()
        self._shapes: dict[str, Any] = {}
        self._callee = callee
        # An attribute, since checkpoints and exports follow those.
        self._module = callee.root
        is_own = handle is None or isinstance(handle, (str, ModuleSpec))
        # A tuple, whose variables Keras takes as weights; TensorFlow knows them by `_module`.
        self._own_weights = tuple(
            ModuleVariable(weight, self.name, is_own=is_own) for weight in callee.weights
        )
        for variable in self._own_weights:
            variable.trainable = variable.trainable and self.trainable
        self.built = True

    @property
    def resolved_object(self) -> Any:
        """What is called."""
        return self._module

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Applies the layer; also takes lists and arrays, which become tensors as the module expects them."""
        return super().__call__(to_tensors(inputs, self._callee.expected()), *args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Computes the outputs; see the class."""
        result = self._apply(inputs, training=bool(training) and self.trainable)
        if self.trainable:
            self._losses_so_far.add_to(self, result.losses, self._callee.losses)
        if not len(self._calls) or not tf.executing_eagerly():
            self._calls.add(type_specs.of_values(inputs), type_specs.of_values(result.outputs))
        return result.outputs

    def _apply(self, inputs: Any, *, training: bool) -> Result:
        callee = self._callee
        if isinstance(callee, AbsentCallee):
            return callee.call(inputs, training=training)
        if keras_internals.in_stateless_scope() and any(map(is_replaced, self._own_weights)):
            raise LayerError(MSG_STATELESS)
        values = precision.to_module(callee.arranged(inputs), callee.expected(), self.variable_dtype)
        outputs, losses = callee.call(values, training=training)
        outputs = precision.to_layer(outputs, self.compute_dtype)
        shapes = self._known_shapes(values)
        return Result(outputs if shapes is None else type_specs.with_shapes(outputs, shapes), losses)

    def _known_shapes(self, values: Any) -> Any:
        """Static shapes of the outputs that a call does not know, or None."""
        if self._output_shape is not None:
            return self._output_shape
        if tf.executing_eagerly():
            return None
        specs = type_specs.of_values(values)
        key = str(type_specs.to_json(specs))
        if key not in self._shapes:
            outputs = self._callee.type_specs(specs)
            self._shapes[key] = None if outputs is None else type_specs.shapes_of(outputs)
        return self._shapes[key]

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """The KerasTensors of the outputs, from the graph of the module; nothing runs.

        Raises:
          LayerError: (a ValueError) the rank of an output is unknown and there is no `output_shape`.
          SignatureError: (a TypeError and ValueError) an input does not fit the signature.
        """
        specs = keras.tree.map_structure(type_specs.of_keras, inputs)
        if isinstance(self._callee, AbsentCallee):
            outputs = self._callee.type_specs(specs)
        else:
            traced = tf.function(lambda values: self._apply(values, training=False).outputs, autograph=False)
            outputs = traced.get_concrete_function(specs).structured_outputs
        self._calls.add(specs, outputs)
        return keras.tree.map_structure(type_specs.to_keras, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for those of the inputs, in the structures of both."""
        inputs = type_specs.symbolic(input_shape, self._callee.expected(), self.variable_dtype)
        return keras.tree.map_structure(lambda output: output.shape, self.compute_output_spec(inputs))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, and `recorded`: the weights and the shapes of calls so far.

        A handle that is an object is None there: such a layer can be loaded from a `.keras` file only.
        """
        options = self._options
        config: dict[str, Any] = super().get_config()
        return config | {
            "handle": self._handle if isinstance(self._handle, str) else None,
            "arguments": dict(options.arguments) if options.arguments else None,
            "tags": None if options.tags is None else list(options.tags),
            "signature": options.signature,
            "signature_outputs_as_dict": options.as_dict,
            "output_key": options.output_key,
            "output_shape": type_specs.without_batch(self._output_shape),
            "recorded": json.dumps(recorded(self._callee.weights, self._calls)),
        }

    def save_assets(self, dir_path: Any) -> None:
        """Writes the files of the module into a `.keras` file; called by Keras."""
        archive.save(self._callee, str(dir_path))

    def load_assets(self, dir_path: Any) -> None:
        """Reads the files of the module from a `.keras` file, after the weights; called by Keras."""
        variables = [variable.module_variable for variable in self._own_weights]
        callee = archive.opened(str(dir_path), self._options, variables)
        for variable, weight in zip(self._own_weights, callee.weights, strict=True):
            variable.adopt(weight.variable)
        self._callee = callee
        self._module = callee.root
        self._shapes = {}


def _opened(handle: Any, options: Options, record: Any, calls: CallRecords) -> Callee:
    if record is None:
        return opening.opened(handle, options)
    if handle is None or keras_internals.is_loading_archive():
        return AbsentCallee(record["weights"], calls, handle, None)
    try:
        return opening.opened(handle, options)
    except (MissingModuleError, DownloadError) as error:
        return AbsentCallee(record["weights"], calls, handle, error)


def _check_trainable(callee: Callee, handle: Any) -> None:
    if not any(weight.trainable for weight in callee.weights):
        what = repr(handle) if isinstance(handle, str) else "the object"
        raise LayerError(MSG_NOTHING_TO_TRAIN.format(what=what, number=len(callee.weights)))
    callee.check_gradients()

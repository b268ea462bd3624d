"""Feature columns that embed texts and images by a module, for `tf.compat.v1.feature_column.input_layer`.

TensorFlow 2.16 to 2.21 has feature columns, but neither the estimators nor the Keras layer that most programs
used them with; `tf_keras.layers.DenseFeatures` of the package tf_keras still takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub import tf_internals
from hubexplore.hub.image import get_expected_image_size
from hubexplore.hub.load import load
from hubexplore.hub.loading import load_module_spec
from hubexplore.hub.module import Module
from hubexplore.hub.spec import ModuleSpec
from hubexplore.summary.module_format import DEFAULT_OUTPUT

_RESOURCE: Final = "module"
_IMAGES: Final = "images"
_COMBINERS: Final = ("mean", "sqrtn", "sum")
MSG_TEXT: Final = (
    "A text column needs a module whose signature 'default' maps one string input of shape [batch] to the "
    "output 'default', float32 of shape [batch, size]; this one maps {inputs} to {outputs}. Call such a "
    "module directly: hub.Module(handle)(features[key])."
)
MSG_IMAGE: Final = (
    "An image column needs a module whose signature 'default' maps one float32 input 'images' to the output "
    "'default', float32 of shape [batch, size]; this one maps {inputs} to {outputs}. Call such a module "
    "directly: hub.Module(handle)(features[key])."
)
MSG_CONFIG: Final = (
    "Only a column that was made from a handle has a config; this one was made from a ModuleSpec. Pass the "
    "path or handle of the module instead."
)


def text_embedding_column(key: Any, module_spec: Any, trainable: bool = False) -> Any:
    """A feature column that embeds one text per example.

    ```python
    column = hub.text_embedding_column("review", "path/to/module")
    with tf.Graph().as_default():
        vectors = tf.compat.v1.feature_column.input_layer({"review": ["good", "bad"]}, [column])
    ```

    Args:
      key: name of the feature, or a column that makes it; strings of shape [batch] or [batch, 1].
      module_spec: a ModuleSpec, or a path or handle; maps strings [batch] to float32 [batch, size].
      trainable: whether the variables of the module are trained, where the layer is trainable.

    Returns:
      A dense column of float32 [batch, size]. Each layer that uses it makes a Module of its own.

    Raises:
      SignatureError: (a ValueError) the signature of the module is another one.
    """
    spec = _as_spec(module_spec)
    _check_text(spec)
    return TextColumn(key, module_spec, bool(trainable), spec)


def sparse_text_embedding_column(
    key: Any, module_spec: Any, combiner: str, default_value: str | None, trainable: bool = False
) -> Any:
    """A feature column that embeds the tokens of each example and combines their vectors.

    Args:
      key: name of the feature, or a column that makes it; a SparseTensor of strings [batch, tokens].
      module_spec: as for `text_embedding_column`.
      combiner: "mean", "sum" or "sqrtn" (the sum, divided by the root of the number of tokens).
      default_value: the token of an example without tokens; None if every example has some.
      trainable: as for `text_embedding_column`.

    Returns:
      A dense column of float32 [batch, size].

    Raises:
      SignatureError: (a ValueError) the signature of the module is another one, or there is no such combiner.
    """
    spec = _as_spec(module_spec)
    _check_text(spec)
    if combiner not in _COMBINERS:
        raise SignatureError(f"combiner is one of {', '.join(map(repr, _COMBINERS))}; got {combiner!r}.")
    return SparseTextColumn(key, module_spec, combiner, default_value, bool(trainable), spec)


def image_embedding_column(key: Any, module_spec: Any, image_size: Sequence[int] | None = None) -> Any:
    """A feature column that embeds images.

    Args:
      key: name of the feature, or a column that makes it; float32 [batch, height, width, 3], values 0 to 1.
      module_spec: a ModuleSpec, or a path or handle; maps `images` to float32 [batch, size].
      image_size: (height, width) in pixels, if it is not `get_expected_image_size` of the module.

    Returns:
      A dense column of float32 [batch, size]. Its `module_spec` tells the image size.

    Raises:
      SignatureError: (a ValueError) the signature of the module is another one, or no image size is known.
    """
    spec = _as_spec(module_spec)
    inputs, outputs = spec.get_input_info_dict(), spec.get_output_info_dict()
    is_image = list(inputs) == [_IMAGES] and inputs[_IMAGES].dtype == tf.float32
    if not (is_image and _is_vector(outputs)):
        raise SignatureError(MSG_IMAGE.format(inputs=_described(inputs), outputs=_described(outputs)))
    height, width = image_size or get_expected_image_size(spec)
    return ImageColumn(key, module_spec, (int(height), int(width)), spec)


def text_embedding_column_v2(
    key: str, module_path: str, output_key: str | None = None, trainable: bool = False
) -> Any:
    """A feature column for TF2 that embeds one text per example, by what `hub.load` returns.

    Args:
      key: name of the feature, strings of shape [batch] or [batch, 1].
      module_path: path or handle of a TF2 SavedModel or a TF1 Hub module.
      output_key: which output, if the model returns a dict.
      trainable: whether its variables are trained, where the layer is trainable.

    Returns:
      A dense column of float32 [batch, size], for `tf_keras.layers.DenseFeatures`.
    """
    return TextColumnV2(key, module_path, output_key, bool(trainable))


def _as_spec(module_spec: Any) -> ModuleSpec:
    return module_spec if isinstance(module_spec, ModuleSpec) else load_module_spec(module_spec)


def _check_text(spec: ModuleSpec) -> None:
    inputs, outputs = spec.get_input_info_dict(), spec.get_output_info_dict()
    infos = list(inputs.values())
    is_text = len(infos) == 1 and infos[0].dtype == tf.string and infos[0].get_shape().as_list() == [None]
    if not (is_text and _is_vector(outputs)):
        raise SignatureError(MSG_TEXT.format(inputs=_described(inputs), outputs=_described(outputs)))


def _is_vector(outputs: Mapping[str, Any]) -> bool:
    """Whether the default output has one vector of known size for each example."""
    info = outputs.get(DEFAULT_OUTPUT)
    if info is None or info.dtype != tf.float32 or info.get_shape().rank != 2:
        return False
    return info.get_shape().as_list()[1] is not None


def _described(infos: Mapping[str, Any]) -> str:
    parts = [f"{name!r} ({info.dtype.name}, {info.get_shape()})" for name, info in sorted(infos.items())]
    return ", ".join(parts) or "nothing"


class _Column(*tf_internals.DENSE_COLUMN_CLASSES):  # type: ignore[misc]  # of TensorFlow, untyped
    """What all columns share. TensorFlow asks half of it with a leading underscore, for `input_layer`."""

    key: Any

    @property
    def _is_v2_column(self) -> bool:
        return True

    @property
    def name(self) -> str:
        """Names the variable scope."""
        return f"{getattr(self.key, 'name', self.key)}_hub_module_embedding"

    @property
    def parents(self) -> list[Any]:
        """What it is made of."""
        return [self.key]

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        """Returns the feature as it is."""
        return transformation_cache.get(self.key, state_manager)

    def _transform_feature(self, inputs: Any) -> Any:
        return inputs.get(self.key)

    @property
    def _parse_example_spec(self) -> dict[Any, Any]:
        return self.parse_example_spec  # type: ignore[no-any-return]  # of a subclass

    @property
    def _variable_shape(self) -> tf.TensorShape:
        return self.variable_shape

    def _config(self) -> dict[str, Any]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.compare}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make it again."""
        return self._config()

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Any = None,  # noqa: ARG003 - as TensorFlow calls it
        columns_by_name: Any = None,  # noqa: ARG003 - likewise
    ) -> Self:
        """Makes the column of a config."""
        return cls(**config, **cls._from_handles(config))

    @classmethod
    def _from_handles(cls, config: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG003 - for subclasses
        """Arguments that a config has no values of, but handles."""
        return {}


class _ModuleColumn(_Column):
    """A column that makes a Module."""

    module_spec_path: Any
    trainable: bool
    module_spec: ModuleSpec

    def _embedded(self, module: Module, value: Any) -> tf.Tensor:
        """Applies the module to the value of the feature."""
        raise NotImplementedError

    def _made(self, trainable: Any) -> Module:
        return Module(self.module_spec, trainable=self.trainable and bool(trainable))

    def create_state(self, state_manager: Any) -> None:
        """Makes the module for a layer."""
        # TensorFlow's state managers have no public word for whether their layer is trainable.
        state_manager.add_resource(self, _RESOURCE, self._made(getattr(state_manager, "_trainable", True)))

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> tf.Tensor:
        """Returns the vectors, for a layer."""
        module = state_manager.get_resource(self, _RESOURCE)
        return self._embedded(module, transformation_cache.get(self, state_manager))

    def _get_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> tf.Tensor:
        return self._embedded(self._made(trainable), inputs.get(self))

    @property
    def variable_shape(self) -> tf.TensorShape:
        """Shape of the vector of an example."""
        return self.module_spec.get_output_info_dict()[DEFAULT_OUTPUT].get_shape()[1:]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make it again.

        Raises:
          NotImplementedError: it was made from a ModuleSpec, which has no handle.
        """
        if isinstance(self.module_spec_path, ModuleSpec):
            raise NotImplementedError(MSG_CONFIG)
        return self._config()

    @classmethod
    def _from_handles(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        return {"module_spec": load_module_spec(config["module_spec_path"])}


@dataclass(frozen=True)
class TextColumn(_ModuleColumn):
    """What `text_embedding_column` returns."""

    key: Any
    module_spec_path: Any
    trainable: bool
    module_spec: ModuleSpec = field(compare=False, repr=False)

    @property
    def parse_example_spec(self) -> dict[Any, Any]:
        """How the feature is read from a `tf.Example`."""
        return {self.key: tf.io.FixedLenFeature([1], tf.string)}

    def _embedded(self, module: Module, value: Any) -> tf.Tensor:
        return module(tf.reshape(value, [-1]))


@dataclass(frozen=True)
class SparseTextColumn(_ModuleColumn):
    """What `sparse_text_embedding_column` returns."""

    key: Any
    module_spec_path: Any
    combiner: str
    default_value: str | None
    trainable: bool
    module_spec: ModuleSpec = field(compare=False, repr=False)

    @property
    def parse_example_spec(self) -> dict[Any, Any]:
        """How the feature is read from a `tf.Example`."""
        return {self.key: tf.io.VarLenFeature(tf.string)}

    def _embedded(self, module: Module, value: Any) -> tf.Tensor:
        if self.default_value is not None:
            value, _ = tf.sparse.fill_empty_rows(value, self.default_value)
        # Each token is an id of its own, so the lookup only combines the vectors of an example.
        ids = value.with_values(tf.range(tf.shape(value.values)[0]))
        return tf.nn.embedding_lookup_sparse(module(value.values), ids, None, combiner=self.combiner)


@dataclass(frozen=True)
class ImageColumn(_ModuleColumn):
    """What `image_embedding_column` returns."""

    key: Any
    module_spec_path: Any
    image_size: tuple[int, int]
    module_spec: ModuleSpec = field(compare=False, repr=False)
    trainable = False

    @property
    def parse_example_spec(self) -> dict[Any, Any]:
        """How the feature is read from a `tf.Example`."""
        return {self.key: tf.io.FixedLenFeature([*self.image_size, 3], tf.float32)}

    def _embedded(self, module: Module, value: Any) -> tf.Tensor:
        return module({_IMAGES: value})


@dataclass(frozen=True)
class TextColumnV2(_Column):
    """What `text_embedding_column_v2` returns."""

    key: str
    module_path: str
    output_key: str | None
    trainable: bool

    @property
    def parse_example_spec(self) -> dict[Any, Any]:
        """How the feature is read from a `tf.Example`."""
        return {self.key: tf.io.FixedLenFeature([1], tf.string)}

    @property
    def variable_shape(self) -> tf.TensorShape:
        """Shape of the vector of an example."""
        loaded = load(self.module_path)
        function = tf.function(lambda text: self._vectors(loaded, text))
        return function.get_concrete_function(tf.TensorSpec([None], tf.string)).output_shapes[1:]

    def create_state(self, state_manager: Any) -> None:
        """Loads the model for a layer."""
        trainable = self.trainable and bool(getattr(state_manager, "_trainable", True))
        state_manager.add_resource(self, _RESOURCE, _Loaded(load(self.module_path), trainable))

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> tf.Tensor:
        """Returns the vectors, for a layer."""
        text = transformation_cache.get(self, state_manager)
        return self._vectors(state_manager.get_resource(self, _RESOURCE).model, tf.reshape(text, [-1]))

    def _get_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> tf.Tensor:
        return self._vectors(load(self.module_path), tf.reshape(inputs.get(self), [-1]))

    def _vectors(self, model: Any, text: Any) -> tf.Tensor:
        outputs = model(text) if callable(model) else model.signatures["serving_default"](text)
        if not isinstance(outputs, Mapping):
            return outputs
        if self.output_key in outputs:
            return outputs[self.output_key]
        raise SignatureError(
            f"The model has the outputs {sorted(outputs)}; output_key={self.output_key!r} is none of them. "
            f"Pass one of these as output_key=."
        )


class _Loaded(tf.Module):  # type: ignore[misc]  # TensorFlow ships no type hints
    """A model in a layer; trains its variables or none."""

    def __init__(self, model: Any, trainable: bool) -> None:
        super().__init__()
        self.model = model
        self._trains = trainable

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """What a layer around it trains."""
        return tuple(getattr(self.model, "trainable_variables", ())) if self._trains else ()

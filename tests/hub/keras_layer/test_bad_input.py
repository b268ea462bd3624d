"""What a `hub.KerasLayer` refuses, and what it says."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import HubError, LayerError, NoSuchSignatureError, SignatureError
from tests.hub import modules

tf1 = tf.compat.v1

pytestmark = pytest.mark.usefixtures("needs_eager")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"arguments": {"scale": 2.0}}, LayerError, ["takes no arguments", "scale"]),
        ({"arguments": 3}, LayerError, ["dict", "int"]),
        ({"output_key": "defalt"}, SignatureError, ["defalt", "Did you mean 'default'", "output_key="]),
        ({"signature": "defalt"}, NoSuchSignatureError, ["defalt", "'default'"]),
        ({"tags": {"train"}}, ValueError, ["train"]),
        ({"tags": 3}, TypeError, ["3"]),
        ({"output_shape": "20"}, LayerError, ["'20'", "such as [20]"]),
        ({"output_shape": [2.5]}, LayerError, ["2.5", "such as [20]"]),
        ({"output_key": "default", "signature_outputs_as_dict": True}, LayerError, ["only one"]),
        ({"dtype": "float64"}, LayerError, ["float64", "dtype='float32'"]),
        ({"dtype": "float16"}, LayerError, ["float16", "dtype='mixed_float16'"]),
        ({"dtype": "int8_from_float32"}, LayerError, ["quantize", "dtype='float32'"]),
        ({"_sentinel": {"train"}}, LayerError, ["by keyword", "tags="]),
    ],
)
def test_arguments_that_a_module_cannot_follow(
    options: Any, error: type[Exception], words: list[str], affine_module: str
) -> None:
    with pytest.raises(error) as caught:
        hub.KerasLayer(affine_module, **options)
    assert isinstance(caught.value, HubError)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"signature": "serving"}, NoSuchSignatureError, ["serving_default"]),
        ({"signature": "serving_default", "output_key": "inputs"}, SignatureError, ["'input'"]),
        ({"signature_outputs_as_dict": True}, LayerError, ["signature=", "serving_default"]),
        ({"tags": {"train"}}, ValueError, ["train", "serve"]),
    ],
)
def test_arguments_that_a_saved_model_cannot_follow(
    options: Any, error: type[Exception], words: list[str], scale_model: str
) -> None:
    with pytest.raises(error) as caught:
        hub.KerasLayer(scale_model, **options)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_signature_without_a_default_output() -> None:
    with pytest.raises(SignatureError, match=r"\['difference', 'sum'\].*output_key='difference'"):
        hub.KerasLayer(hub.create_module_spec(modules.two_signatures), signature="sum")


def test_nothing_to_train(words_module: str) -> None:
    with pytest.raises(LayerError, match="no trainable variables"):
        hub.KerasLayer(words_module, trainable=True)


def test_a_model_that_is_not_callable(tmp_path: Any) -> None:
    model = tf.Module()
    model.f = tf.function(lambda x: {"y": x}, input_signature=[tf.TensorSpec([None], name="x")])
    tf.saved_model.save(model, str(tmp_path / "model"), signatures={"serving_default": model.f})
    with pytest.raises(LayerError, match=r"signature='serving_default'"):
        hub.KerasLayer(str(tmp_path / "model"))
    layer = hub.KerasLayer(str(tmp_path / "model"), signature="serving_default", output_key="y")
    np.testing.assert_array_equal(layer(np.array([1.0])), [1.0])


def test_loaded_objects_take_no_tags(affine_module: str) -> None:
    with pytest.raises(LayerError, match=r"hub\.load"):
        hub.KerasLayer(hub.load(affine_module), tags=set())
    with pytest.raises(ValueError, match="int"):
        hub.KerasLayer(3)


def noisy_loop() -> None:
    w = tf1.get_variable("w", initializer=3.0)
    x = tf1.placeholder(tf.float32, [None], name="x")
    y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * w * tf.random.uniform([])), [0, x])[1]
    hub.add_signature(inputs=x, outputs=y)


def test_a_loop_without_gradients_is_refused_before_training(v1_control_flow: None) -> None:
    spec = hub.create_module_spec(noisy_loop)
    with pytest.raises(HubError, match="while loop"):
        hub.KerasLayer(spec, trainable=True)
    frozen = hub.KerasLayer(spec)
    model = keras.Sequential([keras.Input(()), frozen, keras.layers.Reshape([1]), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones([2]), np.ones([2, 1]), verbose=0)


def test_importing_hubexplore_imports_neither_keras_nor_tensorflow() -> None:
    code = "import sys, hubexplore; print(hubexplore.__name__, {'keras', 'tensorflow'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "hubexplore set()\n"


def test_another_backend(affine_module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(LayerError, match=r"'jax'.*KERAS_BACKEND"):
        hub.KerasLayer(affine_module)

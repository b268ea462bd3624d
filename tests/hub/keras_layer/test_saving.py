"""Models with a `hub.KerasLayer` saved, and loaded where the module is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub

pytestmark = [
    pytest.mark.usefixtures("needs_eager"),
    # Keras 3.15 does not know an argument of NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

ROWS = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)

ELSEWHERE = """
import sys
# Before Keras is imported, which TensorFlow does: it is told of the layer then.
import hubexplore, tensorflow, keras, numpy as np
model = keras.models.load_model(sys.argv[1])
rows = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
before = model.predict(rows, verbose=0)
model.fit(rows, rows, verbose=0)
print(before.tolist(), (model.predict(rows, verbose=0) != before).any())
"""


def moved(path: str, tmp_path: Path) -> str:
    return str(shutil.copytree(path, tmp_path / "moved"))


def test_a_process_without_the_module(trained_path: str, tmp_path: Path) -> None:
    path = moved(trained_path, tmp_path)
    layer = hub.KerasLayer(path, trainable=True)
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile("adam", "mse")
    model.fit(ROWS, ROWS, verbose=0)
    expected = model.predict(ROWS, verbose=0)
    model.save(tmp_path / "model.keras")
    shutil.rmtree(path)
    result = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path / "model.keras"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split("\n")[-2] == f"{expected.tolist()} True"


def test_tables_travel_through_two_generations(words_module: str, tmp_path: Path) -> None:
    inputs = keras.Input((), dtype="string")
    model = keras.Model(inputs, hub.KerasLayer(words_module)(inputs))
    model.save(tmp_path / "first.keras")
    Path(words_module).rename(tmp_path / "elsewhere")
    (tmp_path / "words.txt").unlink()
    again = keras.models.load_model(tmp_path / "first.keras")
    again.save(tmp_path / "second.keras")
    del again
    last = keras.models.load_model(tmp_path / "second.keras")
    assert last(tf.constant(["c", "?"])).numpy().tolist() == [2, -1]


@keras.saving.register_keras_serializable(package="hubexplore_tests")
class Subclassed(keras.Model):  # type: ignore[misc]  # Keras is untyped
    """A model whose layers Keras knows by its attributes alone."""

    def __init__(self, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.where = path
        self.scale = hub.KerasLayer(path, trainable=True, output_key="scaled")
        self.head = keras.layers.Dense(1)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.head(self.scale(x, training=training))

    def get_config(self) -> dict[str, Any]:
        return {"path": self.where}


def test_a_saved_model_in_a_functional_model(scale_model: str, tmp_path: Path) -> None:
    path = moved(scale_model, tmp_path)
    inputs = keras.Input((2,))
    layer = hub.KerasLayer(path, trainable=True, output_key="scaled")
    model = keras.Model(inputs, layer(inputs))
    model.compile("adam", "mse")
    model.fit(ROWS, ROWS, verbose=0)
    model.save(tmp_path / "model.keras")
    expected = model.predict(ROWS, verbose=0)
    shutil.rmtree(path)
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(ROWS, verbose=0), expected)
    again.fit(ROWS, ROWS, verbose=0)
    model.fit(ROWS, ROWS, verbose=0)
    np.testing.assert_allclose(again.get_weights(), model.get_weights(), rtol=1e-6)


def test_a_subclassed_model(scale_model: str, tmp_path: Path) -> None:
    model = Subclassed(scale_model)
    expected = model(ROWS)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(ROWS), expected)
    model.save_weights(tmp_path / "model.weights.h5")
    again.scale.weights[0].assign(7.0)
    again.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(again(ROWS), expected)


def test_configs_make_the_layer_again(affine_module: str) -> None:
    layer = hub.KerasLayer(
        affine_module, trainable=True, name="hub", output_key="default", dtype="mixed_float16"
    )
    config = layer.get_config()
    assert config["handle"] == affine_module
    again = hub.KerasLayer.from_config(config)
    assert (again.name, again.trainable, again.dtype_policy.name) == ("hub", True, "mixed_float16")
    np.testing.assert_array_equal(again(ROWS), layer(ROWS))


def test_a_config_alone_where_the_module_is_not(affine_module: str, tmp_path: Path) -> None:
    path = moved(affine_module, tmp_path)
    config = hub.KerasLayer(path).get_config()
    shutil.rmtree(path)
    layer = hub.KerasLayer.from_config(config)
    with pytest.raises(hub.HubError, match="moved"):
        layer(ROWS)
    object_config = hub.KerasLayer(hub.load(affine_module)).get_config()
    with pytest.raises(hub.HubError, match=r"\.keras"):
        hub.KerasLayer.from_config(object_config)(ROWS)


SERVE = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
print(model.serve(tf.constant(["b", "?"])).numpy().tolist())
"""


def test_an_export_has_its_assets(words_module: str, tmp_path: Path) -> None:
    inputs = keras.Input((), dtype="string")
    model = keras.Model(inputs, hub.KerasLayer(words_module)(inputs))
    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 9):
        pytest.skip("before 3.9, Keras exports no tables but those of its own layers")
    model.export(str(tmp_path / "export"), verbose=False)
    Path(words_module).rename(tmp_path / "elsewhere")
    (tmp_path / "words.txt").unlink()
    result = subprocess.run(
        [sys.executable, "-c", SERVE, tmp_path / "export"], capture_output=True, text=True, check=True
    )
    assert result.stdout.split("\n")[-2] == "[1, -1]"

"""Models in other formats: what they are said to be is what they are, and what is printed runs."""

from __future__ import annotations

import importlib
import pickle
import re
import shlex
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore import errors
from hubexplore.summary.diagnosis import path_diagnosis
from hubexplore.summary.files.filesystem import LocalFilesystem

# Keras hands its variables to h5py in a way that NumPy deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras: Any = importlib.import_module("keras")  # it has no types
LOCAL = LocalFilesystem()
HOSTILE = 'it\'s "a" {model} $(x) %s'
ROWS = np.array([[1.0, 2.0, 3.0, 4.0]], np.float32)


def message(path: Path) -> str:
    error = path_diagnosis.explain(str(path), LOCAL)
    assert isinstance(error, errors.NotAModuleError)
    return str(error)


@pytest.fixture
def model() -> Any:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    made.compile("adam", "mse")
    return made


def _check_export(path: Path, model: Any) -> None:
    written = tf.saved_model.load(str(path)).signatures["serving_default"]
    (outputs,) = written(tf.constant(ROWS)).values()
    np.testing.assert_allclose(outputs, model(ROWS), rtol=1e-6)


@pytest.mark.parametrize("folder", ["plain", HOSTILE])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_keras_models(ending: str, folder: str, tmp_path: Path, model: Any) -> None:
    path = tmp_path / folder / f"m{ending}"
    path.parent.mkdir()
    model.save(path)
    text = message(path)
    assert "is a Keras model" in text
    code = re.search(r"keras\.saving\.load_model.*\Z", text)
    assert code
    eval(code[0], {"keras": keras})  # as a person would paste it
    _check_export(path.parent / "m_saved_model", model)
    # The folder that holds nothing else says the same.
    assert code[0] in message(path.parent) or (path.parent / "m_saved_model").exists()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_an_hdf5_file_under_another_name(tmp_path: Path, model: Any) -> None:
    """Keras 2 wrote HDF5 also where the name ends with '.keras', which today's Keras does not open."""
    model.save(tmp_path / "m.h5")
    path = (tmp_path / "m.h5").rename(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="keras"):
        keras.saving.load_model(path, compile=False)
    assert "Give it a name that ends with '.h5'" in message(path)


def test_a_folder_with_a_model_file(tmp_path: Path, model: Any) -> None:
    model.save(tmp_path / "m.keras")
    assert "'m.keras' is a Keras model. Keras may run Python code" in message(tmp_path)


def _old_weights(path: Path, model: Any) -> None:
    # As Keras 2 wrote them.
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.15.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{kind}:0" for kind in ("kernel", "bias")]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group.create_dataset(name, data=weight.numpy())


@pytest.mark.parametrize("name", ["m.weights.h5", "old.h5"])
def test_weights_of_keras(name: str, tmp_path: Path, model: Any) -> None:
    path = tmp_path / name
    if name == "old.h5":
        _old_weights(path, model)
    else:
        model.save_weights(path)
    text = message(path)
    assert "weights of a Keras model, without the model" in text
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    code = re.search(r"model\.load_weights.*\Z", text)
    assert code
    exec(code[0], {"model": other})
    _check_export(tmp_path / f"{name.partition('.')[0]}_saved_model", model)


def test_an_hdf5_file_of_something_else(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = ROWS
    text = message(tmp_path / "data.h5")
    code = re.search(r"list\(.*\Z", text)
    assert code
    assert eval(code[0], {"h5py": h5py}) == ["x"]


@pytest.mark.filterwarnings("ignore")  # tf.lite is deprecated, and all that TensorFlow has
def test_tensorflow_lite(tmp_path: Path, model: Any) -> None:
    function = tf.function(lambda x: x * 2.0, input_signature=[tf.TensorSpec([1, 4], tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    path = tmp_path / f"{HOSTILE}.tflite"
    path.write_bytes(converter.convert())
    text = message(path)
    assert "is a TensorFlow Lite model" in text
    code = re.search(r"tf\.lite\.Interpreter\(.*\)(?=\. It)", text)
    assert code
    assert eval(code[0], {"tf": tf}).get_input_details()[0]["shape"].tolist() == [1, 4]


def _onnx(version: int = 8, producer: bytes = b"pytorch") -> bytes:
    # ModelProto: ir_version, producer_name, then the graph.
    return bytes([8, version, 0x12, len(producer)]) + producer + b"\x3a\x05\x0a\x03\x0a\x01x"


def _safetensors() -> bytes:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)


def _pytorch(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model/data.pkl", b"x")
        file.writestr("model/version", b"3")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.onnx", _onnx(), r"is an ONNX model.*onnx2tf -i \S*m.onnx -o \S*m_saved_model\Z"),
        ("m", _onnx(13, b""), "is an ONNX model"),
        ("m", b"\x08\x07\x3a\x05\x0a\x03\x0a\x01x", "is an ONNX model"),
        ("m.mlmodel", b"\x08\x04\x12\x06\x0a\x04\x0a\x02xy", "is a Core ML model"),
        ("m.safetensors", _safetensors(), "is weights in the format safetensors"),
        ("m.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "is a PyTorch file"),
        ("m.pkl", pickle.dumps({"a": 1}), "is a Python pickle.*only if you trust"),
        ("model.json", b'{"format": "layers-model"}', "layers_model --output_format=keras"),
        ("model.json", b'{"format": "graph-model", "modelTopology": {"node": []}}', "tfjs_graph_converter"),
        ("m.onnx", b"\x08\x07\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "is a single file"),
        ("m.json", b'{"a": 1}', "is a single file"),
        ("m.safetensors", b"\x02\0\0\0\0\0\0\0", "is a single file"),
    ],
)  # fmt: skip
def test_others(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert re.search(says, message(tmp_path / name)), message(tmp_path / name)


def test_pytorch(tmp_path: Path) -> None:
    _pytorch(tmp_path / "m.pt")
    assert "is a PyTorch file" in message(tmp_path / "m.pt")


def test_a_keras_model_of_another_name(tmp_path: Path, model: Any) -> None:
    model.save(tmp_path / "m.keras")
    text = message((tmp_path / "m.keras").rename(tmp_path / "m.bin"))
    assert "name that ends with '.keras'" in text


def test_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / f"{HOSTILE}.npz", x=ROWS)
    code = re.search(r"np\.load\(.*\Z", message(tmp_path / f"{HOSTILE}.npz"))
    assert code
    with eval(code[0], {"np": np}) as arrays:
        assert list(arrays) == ["x"]
    np.save(tmp_path / "x.npy", ROWS)
    assert "is an array of NumPy" in message(tmp_path / "x.npy")


def test_paths_in_a_shell(tmp_path: Path) -> None:
    path = tmp_path / f"{HOSTILE}.onnx"
    path.write_bytes(_onnx())
    command = re.search(r"onnx2tf -i .*\Z", message(path))
    assert command
    assert shlex.split(command[0]) == [
        "onnx2tf", "-i", str(path), "-o", str(tmp_path / f"{HOSTILE}_saved_model"),
    ]  # fmt: skip

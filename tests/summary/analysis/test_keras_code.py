"""Python code in files of Keras; the files are made without Keras."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from hubexplore.summary.analysis import keras_code
from hubexplore.summary.capabilities.model import NOTHING, Capabilities, Capability, Severity, When
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.reading.directory import read_module
from tests.trust.modules import write_harmless

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2}}
FUNCTION = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}
LAMBDA = {"class_name": "Lambda", "config": {"name": "evil", "function": FUNCTION}}
SYSTEM = {"module": "os", "class_name": "system", "config": {}}
OWN = {"module": "their_package.layers", "class_name": "Fancy", "config": {"name": "fancy"}}


def model(*layers: Any) -> str:
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": layers}})


def keras_file(config: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
    return file.getvalue()


def hdf5(config: str) -> bytes:
    """Bytes among which the text of an attribute lies, as in HDF5."""
    return b"\x89HDF\r\n\x1a\n" + bytes(100) + b'model_config{"\0{"x' + config.encode() + b'\xff{"' * 50


def found(content: bytes) -> Capabilities | None:
    return keras_code.of_file(Path("m.keras"), io.BytesIO(content))


@pytest.mark.parametrize("pack", [keras_file, hdf5])
def test_the_code_of_a_lambda_is_a_danger(pack: Any) -> None:
    result = found(pack(model(DENSE, LAMBDA)))
    assert result is not None
    layer = next(one for one in result.dangers if one.op == "Lambda")
    assert (layer.capability, layer.trigger.when, layer.node) == (Capability.CODE, When.LOADED, "evil")
    assert layer.sentence == (
        "Loading it with Keras runs Python code of its author: the layer 'evil' is a Lambda."
    )


@pytest.mark.parametrize("pack", [keras_file, hdf5])
@pytest.mark.parametrize("layers", [(DENSE,), (DENSE, OWN)])
def test_a_harmless_model_has_no_findings(pack: Any, layers: tuple[Any, ...]) -> None:
    assert found(pack(model(*layers))) == NOTHING


def test_a_module_of_python_in_place_of_a_layer() -> None:
    result = found(keras_file(model(SYSTEM)))
    assert result is not None
    (danger,) = result.dangers
    assert danger.argument == "os"
    assert danger.sentence.endswith("imports the Python module 'os' and takes 'system' from it.")


def test_escapes_hide_nothing() -> None:
    text = model(LAMBDA).replace("Lambda", "\\u004cambda").replace("__lambda__", "\\u005f_lambda__")
    for pack in (keras_file, hdf5):
        result = found(pack(text))
        assert result is not None
        assert {one.op for one in result.dangers} == {"Lambda", "__lambda__"}


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"\x89HDF\r\n\x1a\nweights", b"text"])
def test_what_is_no_model_of_keras(content: bytes) -> None:
    assert found(content) is None


def test_an_archive_without_a_config_is_no_model() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.json", "{}")
    assert found(file.getvalue()) is None


def test_what_cannot_be_read_is_said() -> None:
    whole = keras_file(model(LAMBDA) * 50)
    damaged = whole[:120] + bytes(60) + whole[180:]
    deep = keras_file("[" * 3 + '{"a":' * 100_000)
    endless = hdf5('{"a":[' * 400 + "0," * 4_000)
    for content in (damaged, whole[:-30], deep, endless):
        result = found(content)
        assert result is not None
        assert "cannot be read to its end" in result.unread[0]


def test_metadata_beside_a_graph_is_a_note(tmp_path: Path) -> None:
    folder = write_harmless(tmp_path / "module")
    assert read_module(str(folder), LocalFilesystem()).capabilities == NOTHING
    (folder / "keras_metadata.pb").write_bytes(b"\n\x80\x01\x10\1\x22\x05layer*" + model(LAMBDA).encode())
    capabilities = read_module(str(folder), LocalFilesystem()).capabilities
    assert capabilities.dangers == ()
    assert {one.severity for one in capabilities.notes} == {Severity.NOTE}
    assert "hubexplore and tf.saved_model.load do not" in capabilities.notes[0].sentence

"""Pipes and devices in place of a module's files: TensorFlow would wait for ever, so it never sees them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import DamagedModuleError
from tests.hub import modules

tf1 = tf.compat.v1


def _with_state(vocabulary: str) -> None:
    x = tf1.placeholder(tf.string, [None], name="x")
    initializer = modules.line_numbers(vocabulary)
    entries = tf.lookup.StaticHashTable(initializer, -1).lookup(x)
    scale = tf1.get_variable("scale", initializer=2.0)
    hub.add_signature(inputs=x, outputs=tf.cast(entries, tf.float32) * scale)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("special")
    vocabulary = folder / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")
    spec = hub.create_module_spec(_with_state, [((), {"vocabulary": str(vocabulary)})])
    return Path(modules.export(spec, folder / "module"))


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_pipe, _device])
@pytest.mark.parametrize(
    "name",
    [
        "saved_model.pb",
        "tfhub_module.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets/vocabulary.txt",
    ],
)
def test_in_a_module(exported: Path, tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    (copy / name).unlink()
    make(copy / name)
    with pytest.raises(hub.HubError, match=r"not a file") as caught:
        hub.load_module_spec(str(copy))
    assert name.rpartition("/")[2] in str(caught.value)


@pytest.mark.parametrize("make", [_pipe, _device])
@pytest.mark.parametrize("name", ["module.tar.gz", "module.zip", "module"])
def test_as_a_module(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(hub.HubError, match=r"a (named pipe|device), not a file"):
        hub.load_module_spec(str(path))


def test_text_form(exported: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    (copy / "saved_model.pb").unlink()
    os.mkfifo(copy / "saved_model.pbtxt")
    with pytest.raises(hub.HubError, match="not a file"):
        hub.create_module_spec_from_saved_model(str(copy))


@pytest.mark.parametrize("name", ["ckpt", "ckpt.index", "ckpt.data-00000-of-00001"])
def test_as_a_checkpoint(tmp_path: Path, name: str) -> None:
    def module_fn() -> None:
        hub.add_signature(outputs=tf1.get_variable("scale", initializer=2.0) * 1.0)

    os.mkfifo(tmp_path / name)
    with pytest.raises(hub.HubError, match="not a file"):
        hub.create_module_spec(module_fn).export(
            str(tmp_path / "out"), checkpoint_path=str(tmp_path / "ckpt")
        )
    assert not (tmp_path / "out").exists()


def test_a_truncated_module_still_says_so(exported: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    (copy / "variables/variables.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(DamagedModuleError, match="is truncated"):
        hub.load_module_spec(str(copy))

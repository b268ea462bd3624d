"""`hubexplore.install` in this process, and `hubexplore run --tf1` in another."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.programs.importers import Importers, script_folder
from hubexplore.programs.removed_names import REMOVED, Removed


@pytest.fixture
def installed() -> Iterator[None]:
    before = (list(sys.meta_path), builtins.__import__, os.environ.get("TF_USE_LEGACY_KERAS"))
    with hub.install():
        yield
    assert (list(sys.meta_path), builtins.__import__, os.environ.get("TF_USE_LEGACY_KERAS")) == before
    assert "__getattr__" not in vars(tf)
    assert not [name for name in sys.modules if name.startswith("tensorflow_hub")]


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(code, names)
    return names


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("import tensorflow_hub as x; x = x.Module", "Module"),
        ("import tensorflow_hub; x = tensorflow_hub.load_module_spec", "load_module_spec"),
        ("from tensorflow_hub import Module as x", "Module"),
        ("from tensorflow_hub import *; x = create_module_spec", "create_module_spec"),
        ("import tensorflow_hub.module as x; x = x.Module", "Module"),
        ("from tensorflow_hub.native_module import add_signature as x", "add_signature"),
        (
            "from tensorflow_hub import image_util as x; x = x.get_expected_image_size",
            "get_expected_image_size",
        ),
        ("import tensorflow_hub as h; x = h.image_util.ImageModuleInfo", "ImageModuleInfo"),
        ("import hubexplore as h; x = h.module_v2.load", "load"),
        ("x = __import__('importlib').import_module('tensorflow_hub').ModuleSpec", "ModuleSpec"),
    ],
)
def test_the_modules_of_tensorflow_hub(code: str, value: str, installed: None) -> None:
    assert run(code)["x"] is getattr(hub, value)


def test_the_version_and_the_rest_of_a_module(installed: None) -> None:
    peer = importlib.import_module("tensorflow_hub")
    assert peer.__version__ == "0.16.1"
    assert peer.tf_v1.placeholder is tf.compat.v1.placeholder
    assert peer.image_util.get_image_module_info(hub.load_module_spec("sample:half-plus-two")) is None
    assert importlib.util.find_spec("tensorflow_hub") is not None
    with pytest.raises(AttributeError, match=r"Did you mean 'Module'\?"):
        _ = peer.module.Modul
    with pytest.raises(KeyError):
        peer.image_util.get_image_module_info(hub.load_module_spec("sample:half-plus-two"), required=True)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from tensorflow_hub import LatestModuleExporter", "checkpoint_path=tf.train.latest_checkpoint"),
        ("from tensorflow_hub.estimator import register_module_for_export", r"module\.export"),
        ("import tensorflow_hub.tools.make_image_classifier", "command line tools"),
        ("from tensorflow_hub import registry", "internal part"),
        ("from tensorflow_hub import Modul", "Did you mean 'Module'"),
        ("import tensorflow.contrib.slim as slim", "pip install tf_slim"),
        ("from tensorflow.contrib import slim", "pip install tf_slim"),
        ("from tensorflow.examples.tutorials.mnist import input_data", r"datasets\.mnist"),
        ("from tensorflow import placeholder", r"run --tf1 SCRIPT"),
    ],
)
def test_imports_of_what_is_gone(code: str, message: str, installed: None) -> None:
    with pytest.raises(ImportError, match=message) as caught:
        run(code)
    assert isinstance(caught.value, hub.HubError)


def test_names_that_tensorflow_2_does_not_have(installed: None) -> None:
    with pytest.raises(AttributeError, match=r"install\(tf1=True\)(.|\n)*or write tf\.compat\.v1\.Session\."):
        _ = tf.Session
    with pytest.raises(AttributeError, match=r"tf\.contrib is a part of TensorFlow 1"):
        _ = tf.contrib
    assert not hasattr(tf, "nonsense")
    assert hasattr(tf, "function")


def test_what_was_imported_before_comes_back() -> None:
    sys.modules["tensorflow_hub"] = other = type(sys)("tensorflow_hub")
    try:
        with hub.install(), hub.install() as second:
            assert run("import tensorflow_hub as x")["x"].Module is hub.Module
            second.uninstall()
            second.uninstall()
        assert run("import tensorflow_hub as x")["x"] is other
        hub.uninstall()
    finally:
        del sys.modules["tensorflow_hub"]


def test_which_modules_are_the_program() -> None:
    packages = os.path.dirname(os.path.dirname(tf.__file__))
    importers = Importers(["old_library"], script_folder(f"{packages}/script"))
    for module, expected in (
        ({"__name__": "__main__"}, True),
        ({}, True),
        ({"__name__": "program", "__file__": "/home/me/program.py"}, True),
        ({"__name__": "__main__", "__file__": f"{packages}/script/run.py"}, True),
        ({"__name__": "old_library.part", "__file__": f"{packages}/old_library/part.py"}, True),
        ({"__name__": "library", "__file__": f"{packages}/library/__init__.py"}, False),
        ({"__name__": "keras.layers", "__file__": "/home/me/keras/layers.py"}, False),
        ({"__name__": "json", "__file__": os.__file__}, False),
        ({"__name__": "wrappers of ops"}, False),
        (None, False),
    ):
        assert importers.is_program(module) is expected, module
    assert script_folder(packages) is None


def test_the_table_is_sorted_and_names_no_package_twice() -> None:
    assert list(REMOVED) == sorted(REMOVED)
    assert "pip" not in Removed("code").message("x")
    assert "pip install no_such_package" in Removed("code", package="no_such_package").message("x")
    assert "pip" not in Removed("code", package="json").message("x")


PROGRAM = """
import tensorflow as tf
import tensorflow.compat.v1 as v1
import tensorflow_hub as hub
from tensorflow import flags
from tensorflow.compat.v1 import placeholder
from tensorflow.python.framework import ops
import tensorflow.python.platform.gfile
import helper

flags.DEFINE_float("factor", 2.0, "what to multiply by")

def message(code):
    try:
        exec(code, {})
    except (AttributeError, ImportError) as error:
        return str(error)

def main(arguments):
    x = tf.placeholder(tf.float32, [None])
    y = flags.FLAGS.factor * hub.Module("sample:half-plus-two")(x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        print(session.run(y, {x: [2.0]}).tolist(), arguments[1:])
    print(v1 is tf, tf.compat.v1 is tf, placeholder is tf.placeholder, helper.tf is tf, helper.eager)
    print(tf.python.platform.gfile.__name__, tf.contrib.lookup.index_table_from_tensor.__name__)
    print(tf.contrib.framework.nest.flatten([[1], 2]) if hasattr(tf, "contrib") else None)
    import keras
    print(hasattr(keras.src.utils.module_utils.tensorflow, "function"))
    for code in (
        "import tensorflow.contrib.slim", "from tensorflow.contrib import slim",
        "import tensorflow as tf; tf.contrib.layers.conv2d", "import tensorflow as tf; tf.estimator",
        "import tensorflow as tf; tf.plcaeholder", "from tensorflow.train import LatestExporter",
        "import tensorflow as tf; tf.contrib.training.HParams",
    ):
        print("|", " ".join(message(code).split()))

if __name__ == "__main__":
    tf.app.run()
"""


def test_a_program_of_tensorflow_1(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "helper.py").write_text("import tensorflow as tf\neager = tf.executing_eagerly()\n")
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "hubexplore", "run", "--tf1", "program.py", "--factor=4", "rest"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "[12.0] ['rest']"
    assert lines[1] == "True True True True False"
    assert lines[2] == "tensorflow.python.platform.gfile index_table_from_tensor"
    assert lines[3] == "[1, 2]"
    assert lines[4] == "True"
    for line, text in zip(
        lines[5:],
        [
            "pip install tf_slim", "pip install tf_slim", "tf.contrib.layers is a part of TensorFlow 1",
            "TensorFlow 2.16 removed estimators", "Did you mean tf.placeholder?",
            "has no tf.train.LatestExporter", "argparse.Namespace",
        ],
        strict=True,
    ):  # fmt: skip
        assert text in line
    assert not list(tmp_path.glob("*.json"))

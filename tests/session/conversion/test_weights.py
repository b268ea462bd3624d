"""`hub.convert` to safetensors and npz: the bytes of all variables, and what each is for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ExportExistsError
from hubexplore.session.conversion.report import ConversionReport
from hubexplore.summary.weight_files import stored_weights
from hubexplore.summary.weight_files.weight_map import keys
from tests.hub.modules import export
from tests.summary.weights.test_variable_values import MATRIX, VALUES, variables

tf1 = tf.compat.v1


def convert(*arguments: Any, **options: Any) -> ConversionReport:
    report = hub.convert(*arguments, **options)
    assert isinstance(report, ConversionReport)
    return report


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(export(hub.create_module_spec(variables), tmp_path_factory.mktemp("weights") / "module"))


def check(arrays: dict[str, Any]) -> None:
    for name, value in VALUES.items():
        expected = np.asarray(value)
        found = arrays[name]
        assert found.shape == expected.shape, name
        assert np.array_equal(found.astype(expected.dtype), expected), name
    assert np.array_equal(arrays["parts_0/parts"], MATRIX)
    assert np.array_equal(arrays["parts_1/parts"], MATRIX)


def test_npz(module: str, tmp_path: Path) -> None:
    report = convert(module, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as archive:
        arrays = dict(archive.items())
    check(arrays)
    assert arrays["bfloat"].dtype == np.float32
    assert arrays["bool"].dtype == np.bool_
    about = json.loads((tmp_path / "w.npz.json").read_text())
    by_name = {one["name"]: one for one in about["variables"]}
    assert (by_name["bfloat"]["dtype"], by_name["bfloat"]["stored_as"]) == ("bfloat16", "float32")
    assert about["left_out"] == [{"name": "text", "reason": "string is not a number"}]
    assert "Left out, because string is not a number: 'text'." in report.warnings
    assert about["scopes"]["parts_0/"] == {"parts": "parts_0/parts"}
    assert "numpy" in report.runtime
    assert "reads the same numbers" in repr(report)


def test_safetensors(converters: Path, module: str, tmp_path: Path) -> None:
    report = convert(module, tmp_path / "w.safetensors")
    from safetensors.numpy import load_file

    arrays = load_file(tmp_path / "w.safetensors")
    check(arrays)
    assert arrays["bfloat"].dtype == ml_dtypes.bfloat16
    assert report.largest_difference == 0
    assert report.compared[0].outputs == len(arrays)


def test_bfloat16_is_compared_in_a_process_without_tensorflow(
    converters: Path, module: str, tmp_path: Path
) -> None:
    arguments = ["convert", module, str(tmp_path / "w.safetensors")]
    done = subprocess.run(
        [sys.executable, "-m", "hubexplore", *arguments], capture_output=True, text=True, check=False
    )
    assert "reads the same numbers" in done.stdout, done.stdout + done.stderr


def test_small_pieces_give_the_same_file(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(module, tmp_path / "whole.safetensors", verify=False)
    monkeypatch.setattr(stored_weights, "PIECE", 48)
    convert(module, tmp_path / "parts.safetensors", verify=False)
    whole, parts = (tmp_path / f"{name}.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def large() -> None:
        x = tf1.placeholder(tf.float32, [None])
        w = tf1.get_variable("w", [10_000_000], initializer=tf1.zeros_initializer())
        hub.add_signature(inputs=x, outputs=x + w[0])

    path = export(hub.create_module_spec(large), tmp_path / "module")
    monkeypatch.setattr(stored_weights, "PIECE", 1 << 16)
    tracemalloc.start()
    convert(path, tmp_path / "w.npz", verify=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "w.npz").stat().st_size > 40_000_000
    assert peak < 25_000_000


def test_the_file_says_which_op_uses_a_variable_and_how(tmp_path: Path) -> None:
    convert("sample:digits", tmp_path / "w.npz")
    about = json.loads((tmp_path / "w.npz.json").read_text())
    by_name = {one["name"]: one for one in about["variables"]}
    kernel = by_name["conv2/kernel"]
    assert kernel["layout"] == "HWIO"
    assert kernel["pytorch"] == {"parameter": "Conv2d.weight", "permute": [3, 2, 0, 1]}
    use = kernel["used_by"][0]
    assert (use["op"], use["as"], use["attributes"]["padding"]) == ("Conv2D", "kernel", "SAME")
    assert by_name["logits/kernel"]["layout"] == "IO"
    assert by_name["logits/kernel"]["pytorch"]["permute"] == [1, 0]
    assert by_name["conv1/moving_mean"]["pytorch"]["parameter"] == "BatchNorm.running_mean"
    assert by_name["conv1/moving_mean"]["used_by"][0]["attributes"]["epsilon"] == pytest.approx(1e-3)


def test_the_values_of_a_session_are_written(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        live = hub.Module("sample:half-plus-two", trainable=True)
        session.run(tf1.global_variables_initializer())
        ((name, variable),) = list(live.variable_map.items())[:1]
        session.run(tf1.assign(variable, tf.fill(variable.shape, 7.0)))
        convert(live, tmp_path / "w.npz", session=session)
    with np.load(tmp_path / "w.npz") as archive:
        assert np.all(archive[name] == 7)


def test_names_cannot_lead_out_of_a_folder() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.variable = self
            self.name = name

    hostile: Any = [
        Named(name) for name in ("../../etc/x", "/abs", "a\\b:c", "a//b", "__metadata__", "a", "a")
    ]
    assert keys(hostile, ["__metadata__"]) == [
        "_/_/etc/x",
        "_/abs",
        "a_b_c",
        "a/_/b",
        "__metadata___2",
        "a",
        "a_2",
    ]


def test_what_is_there_stays(tmp_path: Path) -> None:
    for there in ("w.npz", "w.npz.json"):
        (tmp_path / there).write_text("mine")
        with pytest.raises(ExportExistsError, match="exists"):
            convert("sample:half-plus-two", tmp_path / "w.npz")
        assert (tmp_path / there).read_text() == "mine"
        (tmp_path / there).unlink()
    convert("sample:half-plus-two", tmp_path / "w.npz")
    before = (tmp_path / "w.npz").read_bytes()
    convert("sample:half-plus-two", tmp_path / "w.npz", overwrite=True)
    assert (tmp_path / "w.npz").read_bytes() == before


def test_tensorflow_is_not_imported(module: str, tmp_path: Path) -> None:
    code = (
        "import sys, hubexplore; "
        f"hubexplore.convert({module!r}, {str(tmp_path / 'w.npz')!r}); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0

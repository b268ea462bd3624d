"""The parts of the benchmark work. Nothing here is timed, and nothing needs the peer or a network."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore
from benchmarks import (
    child,
    cuts,
    keras_models,
    large,
    map_memory,
    models,
    peer,
    report,
    rounds,
    subjects,
    tensorflow_floor,
    weight_changes,
)
from benchmarks.albert import albert
from benchmarks.inception import inception
from benchmarks.report import Row
from benchmarks.subjects import Subject

v1 = tf.compat.v1


class Recorder:
    """Stands in for either library if only the graph matters."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add_signature(self, name: str = "default", inputs: Any = None, outputs: Any = None) -> None:
        self.names.append(name)


def test_the_image_model_has_the_promised_size() -> None:
    for training in (False, True):
        with tf.Graph().as_default() as graph, v1.variable_scope("", use_resource=True):
            recorder = Recorder()
            models.cnn(recorder, subjects.BLOCKS, training)
            assert recorder.names == ["default", "feature_vector", "stages"]
            assert len(v1.global_variables()) >= 350
            assert len(graph.get_operations()) >= 4000
            assert v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES)
            assert bool(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == training


def test_the_text_model_has_the_promised_size(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")
    with tf.Graph().as_default() as graph, v1.variable_scope("", use_resource=True):
        models.text(Recorder(), subjects.LAYERS, vocabulary)
        assert 2500 <= len(graph.get_operations()) <= 3500
        assert v1.get_collection(v1.GraphKeys.TABLE_INITIALIZERS)
        assert v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32"])
def test_weights_are_read_and_compared(tmp_path: Path, dtype: str) -> None:
    prefixes = [tmp_path / name for name in ("first", "second")]
    for prefix, changed in zip(prefixes, (0.0, 0.01), strict=True):
        weight_changes.write(prefix, 1, changed, dtype)
    figures = weight_changes.measure(str(prefixes[0]), str(prefixes[1]), 1, from_disk=True)
    assert figures["share"] > (0.99 if dtype == "float32" else 0.3)
    assert figures["read"] > 0
    assert figures["compare"] > 0


def test_a_large_module_is_cut_and_its_shapes_are_known(tmp_path: Path) -> None:
    large.write(tmp_path / "module", 200, 2, complete=True)
    assert set(cuts.measure(str(tmp_path / "module"), "1")) == {"whole", "first", "second", "shapes"}


def test_graphs_of_calls_are_inlined_in_turns() -> None:
    assert set(keras_models.inlining("200", "400")) == {"200", "400"}


def test_the_partitioned_model_has_the_promised_size() -> None:
    with tf.Graph().as_default(), v1.variable_scope("", use_resource=True):
        models.partitioned(Recorder(), 20, 8)
        assert len(v1.global_variables()) == 20 * 8


def test_the_heavy_model_has_the_promised_size() -> None:
    with tf.Graph().as_default(), v1.variable_scope("", use_resource=True):
        models.heavy(Recorder(), 8)
        variables = v1.global_variables()
        assert len(variables) == 4 + 8
        assert sum(variable.shape.num_elements() * 4 for variable in variables) == 8 * 2**20


@pytest.mark.parametrize("training", [False, True])
def test_the_model_in_the_form_of_inception_has_its_size(training: bool) -> None:
    with tf.Graph().as_default() as graph, v1.variable_scope("", use_resource=True):
        recorder = Recorder()
        inception(recorder, subjects.CELLS, training)
        assert recorder.names == ["default", "image_feature_vector", "image_classification"]
        assert len(v1.global_variables()) == 378  # as the published one has
        assert len(v1.trainable_variables()) == 378 - 2 * 94
        assert len(v1.get_collection(v1.GraphKeys.REGULARIZATION_LOSSES)) == 95
        assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == 2 * 94 * training
        assert 3500 <= len(graph.get_operations()) <= 6000


@pytest.mark.parametrize("training", [False, True])
def test_the_model_in_the_form_of_albert_shares_its_layers(training: bool, tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")
    with tf.Graph().as_default() as graph, v1.variable_scope("", use_resource=True):
        recorder = Recorder()
        albert(recorder, subjects.SHARED_LAYERS, vocabulary, training)
        assert recorder.names == ["tokens", "mlm", "tokenization_info"]
        assert len(v1.global_variables()) == 30
        assert 3000 <= len(graph.get_operations()) <= 5000
        layers = {
            op.name.split("/layer_")[1].split("/")[0] for op in graph.get_operations() if "/layer_" in op.name
        }
        assert len(layers) == subjects.SHARED_LAYERS


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    """A small image model written by hubexplore."""
    path = tmp_path / "cnn"
    models.author(hubexplore, path, partial(models.cnn, hubexplore, 1), subjects.VARIANTS)
    return Subject("image", path, ("train",), trainable=True)


@pytest.mark.usefixtures("measuring_folder")
def test_a_round_measures_every_operation(subject: Subject) -> None:
    took, failed = rounds.alternate(subject, {"one": hubexplore, "two": hubexplore}, 1)
    assert failed == {}
    assert set(took["one"]) == set(took["two"]) == set(rounds.OPERATIONS)
    assert set(took["floor"]) == set(rounds.OPERATIONS) - {rounds.LOAD}
    assert took["one"][rounds.ADDED] == took["floor"][rounds.ADDED]


@pytest.mark.usefixtures("measuring_folder")
def test_a_library_that_fails_is_named_and_the_other_measured(subject: Subject) -> None:
    took, failed = rounds.alternate(subject, {"good": hubexplore, "bad": None}, 1)
    assert "AttributeError" in failed["bad"]
    assert set(took) == {"good", "floor"}


@pytest.fixture
def measuring_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "BENCH", tmp_path)


def test_the_floor_computes_what_the_module_computes(tmp_path: Path) -> None:
    path = tmp_path / "parts"
    models.author(hubexplore, path, partial(models.partitioned, hubexplore, 2, 2))
    floor = tensorflow_floor.plan(Subject("parts", path))
    with tf.Graph().as_default() as graph:
        tensorflow_floor.build_state(floor)
        tensorflow_floor.build_apply(floor)
        _, session = tensorflow_floor.initialise(floor)
        with session:
            (fed,) = [op for op in graph.get_operations() if op.type == "Placeholder"]
            (last,) = [op for op in graph.get_operations() if op.name == "apply/Tanh_1"] or [
                op for op in graph.get_operations() if op.type == "Tanh" and not op.outputs[0].consumers()
            ]
            got = session.run(last.outputs[0], {fed.outputs[0]: np.ones([1, 64], np.float32)})
    with hubexplore.eval_function_for_module(str(path)) as module:
        np.testing.assert_allclose(got, module(np.ones([1, 64], np.float32)), rtol=1e-5)


def test_the_floor_has_the_gradients_of_the_module(subject: Subject) -> None:
    with tf.Graph().as_default():
        outputs, handles = tensorflow_floor.differentiable(tensorflow_floor.plan(subject))
        gradients = tf.gradients(outputs, handles)
    with tf.Graph().as_default():
        module = hubexplore.Module(str(subject.path), trainable=True, tags={"train"})
        images = v1.placeholder(tf.float32, [None, 32, 32, 3])
        expected = tf.gradients(module(images), v1.trainable_variables())
    assert [gradient.shape for gradient in gradients] == [gradient.shape for gradient in expected]


def test_reach_stops_at_the_given_nodes() -> None:
    graph = v1.GraphDef()
    for name, edges in {
        "state": [],
        "read": ["state"],
        "late": [],
        "sum": ["read", "x:0", "^late"],
        "x": [],
    }.items():
        graph.node.add(name=name, input=edges)
    nodes = {node.name: node for node in graph.node}
    assert tensorflow_floor.reached(nodes, ["sum:0"], {"state", "x"}) == {"sum", "read", "late"}


def test_values_are_the_same_each_time_and_survive_json(subject: Subject) -> None:
    infos = subject.spec(hubexplore).get_input_info_dict(tags={"train"})
    made = subjects.values(infos)
    assert made["default"].shape == (2, 32, 32, 3)
    np.testing.assert_array_equal(made["default"], subjects.values(infos)["default"])
    read = json.loads(child.describe(subject, made, infos))
    assert read["path"] == str(subject.path)
    values, dtype = read["values"]["default"]
    np.testing.assert_allclose(np.asarray(values, dtype), made["default"])


def test_peak_memory_is_of_this_process() -> None:
    assert child.peak_memory() > 50 * 2**20


def test_memory_of_a_map_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_memory, "ROWS", 256)
    taken = map_memory.measure("0.001")
    assert taken["base"] > 0
    assert 0 <= taken["first"] <= taken["whole"] <= taken["of_100"]


def test_verdicts() -> None:
    met = Row("s", "o", peer=6.0, ours=1.0, floor=0.9, at_least=6, at_most=1.3)
    assert met.verdict == "met"
    assert met.target == ">=6x <=1.3x floor"
    missed = Row("s", "o", peer=5.0, ours=1.0, floor=0.5, at_least=6, at_most=1.3)
    assert missed.verdict == "missed: 5.00x of 6x; 2.00 over 1.3"
    assert Row("s", "o", None, 1.5, unit="x", at_most=1.2).verdict == "missed: 1.50 over 1.2"
    assert Row("s", "o", 1.0, None, at_least=2, note="broken").verdict == "missed: not measured  broken"
    assert Row("s", "o", 2.0, 1.0).verdict == ""


def test_the_table_lines_up() -> None:
    lines = report.table([Row("s", "Module(spec)", 1.5, 0.015, 0.01, at_least=6)], "s").splitlines()
    assert lines[0] == "s"
    assert lines[1].split() == [
        "operation",
        "peer",
        "hubexplore",
        "ratio",
        "target",
        "floor",
        "x",
        "floor",
        "verdict",
    ]
    assert lines[2].split() == [
        "Module(spec)",
        "1.50",
        "s",
        "15",
        "ms",
        "100.0x",
        ">=6x",
        "10",
        "ms",
        "1.50x",
        "met",
    ]
    assert lines[1].index("verdict") == lines[2].index("met")


def test_the_peer_is_imported_beside_a_setuptools_without_pkg_resources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "tensorflow_hub"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from pkg_resources import parse_version\n"
        "import tensorflow.compat.v1 as v1\n"
        "NEWER = parse_version('2.16.0') > parse_version('2.9.1')\n"
        "EXPORTER = v1.estimator.Exporter\n"
    )
    monkeypatch.setattr(peer, "PEER", tmp_path)
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.delitem(sys.modules, "pkg_resources", raising=False)
    monkeypatch.delitem(sys.modules, "tensorflow_hub", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    loaded = peer.load()
    assert loaded.NEWER
    assert loaded.EXPORTER
    assert "pkg_resources" not in sys.modules
    del sys.modules["tensorflow_hub"]


def test_nothing_may_be_left_if_the_target_is_nothing() -> None:
    left = Row("hours", "widgets left", None, 2.0, unit="widgets", within=0)
    assert left.misses == ["2 widgets of 0 widgets"]
    assert left.target == "<=0 widgets"
    assert Row("hours", "widgets left", None, 0.0, unit="widgets", within=0).verdict == "met"

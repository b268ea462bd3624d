"""`hub.chain`: several modules as one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import HubSecurityWarning, UntrustedModuleError
from hubexplore.hub.definition import DefinedSpec
from hubexplore.session.session import NotebookSession
from tests.hub import modules
from tests.hub.parts.models import VARIANTS, assert_equal, count_words, made, values, weigh, widen
from tests.trust.modules import write_hostile

tf1 = tf.compat.v1
X = np.array([1.0, -2.5, 3.25], np.float32)


@pytest.fixture
def wide(tmp_path: Path) -> str:
    return made(widen, tmp_path / "wide", VARIANTS)


@pytest.fixture
def weighing(tmp_path: Path) -> str:
    return made(weigh, tmp_path / "weighing", VARIANTS)


def test_a_chain_gives_what_its_modules_give_one_after_the_other(
    wide: str, weighing: str, tmp_path: Path
) -> None:
    spec = hub.chain(wide, weighing, connect={"values": "default"})
    between = values(wide, {"x": X})["default"]
    expected = values(weighing, {"values": between, "scale": 0.5})
    assert_equal(values(spec, {"x": X, "scale": 0.5}), expected)
    spec.export(tmp_path / "both")
    loaded = hub.load_module_spec(tmp_path / "both")
    assert_equal(values(loaded, {"x": X, "scale": 0.5}), expected)
    assert sorted(loaded.summary().variables.df["name"]) == ["weighing/seen", "weighing/weights", "wide/row"]
    assert loaded.summary().compare(spec.summary()).replaceable
    # The files of the parts are no longer needed, and nothing says that they are read.
    assert loaded.summary().capabilities.findings == ()
    assert "RestoreV2" not in {op.op for op in loaded.summary().ops}
    loaded.export(tmp_path / "again")
    assert_equal(values(str(tmp_path / "again"), {"x": X, "scale": 0.5}), expected)


@pytest.mark.usefixtures("needs_eager")
def test_tensorflow_loads_what_is_written(wide: str, tmp_path: Path) -> None:
    spec = hub.chain(hub.create_module_spec(modules.double), wide)
    spec.export(tmp_path / "both")
    loaded = tf.saved_model.load(str(tmp_path / "both"), tags=[])
    outputs = loaded.signatures["default"](default=tf.constant(X))
    assert_equal(outputs["default"].numpy(), values(spec, X)["default"])


def test_variants_of_equal_tags_are_joined(wide: str, weighing: str) -> None:
    spec = hub.chain(wide, weighing, connect={"values": "default"})
    assert spec.get_tags() == [frozenset(), frozenset({"train"})]
    usual = values(spec, {"x": X, "scale": 1.0})["default"]
    assert_equal(values(spec, {"x": X, "scale": 1.0}, tags={"train"})["default"], usual * 2)


def test_a_single_variant_goes_with_every_variant(weighing: str) -> None:
    alone = hub.create_module_spec(widen, [({"serve"}, {})])
    spec = hub.chain(alone, weighing, connect={"values": "default"})
    assert spec.get_tags() == [frozenset(), frozenset({"train"})]
    double = hub.create_module_spec(modules.double)
    assert hub.chain(double, alone).get_tags() == [frozenset()]
    serving = hub.create_module_spec(modules.double, [({"serve"}, {})])
    assert hub.chain(serving, alone).get_tags() == [frozenset({"serve"})]


def test_what_could_be_trained_still_can(wide: str, weighing: str) -> None:
    spec = hub.chain(wide, weighing, connect={"values": "default"})
    with tf.Graph().as_default():
        module = hub.Module(spec, trainable=True, tags={"train"})
        total = module({"x": X, "scale": 1.0}, as_dict=True)["default"]
        assert sorted(variable.op.name for variable in tf1.trainable_variables()) == [
            "module/weighing/weights",
            "module/wide/row",
        ]
        assert len(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)) == 1
        by_name = {variable.op.name: variable for variable in tf1.trainable_variables()}
        gradients = dict(zip(by_name, tf.gradients(total, list(by_name.values())), strict=True))
        found = modules.run(gradients)
    row, weights = np.array([1.0, 2.0, 4.0]), np.array([10.0, 1.0, 0.1])
    np.testing.assert_allclose(found["module/wide/row"], 2 * X.sum() * weights, rtol=1e-6)
    np.testing.assert_allclose(found["module/weighing/weights"], 2 * X.sum() * row, rtol=1e-6)


def test_the_weights_are_those_of_now(tmp_path: Path) -> None:
    def random() -> None:
        x = tf1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs=x * tf1.get_variable("w", initializer=tf1.random_normal([])))

    spec = hub.chain(hub.create_module_spec(random), hub.create_module_spec(modules.double))
    first = values(spec, [1.0])
    assert first["default"][0] != 0
    assert_equal(values(spec, [1.0]), first)
    spec.export(tmp_path / "kept")
    assert_equal(values(str(tmp_path / "kept"), [1.0]), first)


def test_three_modules(weighing: str) -> None:
    double = hub.create_module_spec(modules.double)
    wide = hub.create_module_spec(widen)
    spec = hub.chain(double, wide, weighing, connect=[None, {"values": "default"}], signature="total")
    assert spec.get_signature_names() == ["total"]
    expected = values(weighing, {"values": values(wide, X * 2)["default"], "scale": 3.0})
    assert_equal(values(spec, {"default": X, "scale": 3.0}, signature="total"), expected)


def test_one_module_twice_has_its_weights_twice(tmp_path: Path) -> None:
    path = made(modules.scaled, tmp_path / "scaled")
    spec = hub.chain(path, path)
    assert_equal(values(spec, X)["default"], X * 3 * 3)
    assert sorted(spec.summary().variables.df["name"]) == ["scaled/w", "scaled_1/w"]


def test_inputs_of_one_name_stay_apart() -> None:
    def add() -> None:
        x, y = (tf1.placeholder(tf.float32, [None], name=name) for name in "xy")
        hub.add_signature(inputs={"x": x, "y": y}, outputs=x + 10 * y)

    spec = hub.create_module_spec(add)
    both = hub.chain(spec, spec, connect={"x": "default"}, names=("one", "two"))
    assert sorted(both.get_input_info_dict()) == ["two_y", "x", "y"]
    given = {"x": X, "y": X + 1, "two_y": X + 2}
    assert_equal(values(both, given)["default"], (X + 10 * (X + 1)) + 10 * (X + 2))


def test_an_input_with_a_default_keeps_it() -> None:
    def power() -> None:
        x = tf1.placeholder(tf.float32, [None])
        exponent = tf1.placeholder_with_default(2.0, [])
        hub.add_signature(inputs={"x": x, "exponent": exponent}, outputs=tf.pow(x, exponent))

    spec = hub.chain(
        hub.create_module_spec(modules.double), hub.create_module_spec(power), connect={"x": "default"}
    )
    assert_equal(values(spec, {"default": X})["default"], (2 * X) ** 2)
    assert_equal(values(spec, {"default": X, "exponent": 1.0})["default"], 2 * X)


def test_tables_and_assets_come_along(tmp_path: Path, vocabulary: str) -> None:
    words = made(count_words, tmp_path / "words", vocabulary=vocabulary)
    spec = hub.chain(words, hub.create_module_spec(modules.double), cast=True)
    Path(vocabulary).unlink()
    assert_equal(values(spec, ["b", "a", "x"])["default"], np.array([2.0, 0.0, -2.0], np.float32))
    spec.export(tmp_path / "both")
    assert [path.name for path in (tmp_path / "both" / "assets").iterdir()] == ["words.txt"]
    assert_equal(values(str(tmp_path / "both"), ["b"])["default"], np.array([2.0], np.float32))


def test_attached_messages_come_along() -> None:
    def pictures() -> None:
        size = hub.ImageModuleInfo()
        size.default_image_size.height = size.default_image_size.width = 8
        hub.attach_image_module_info(size)
        modules.double()

    spec = hub.chain(hub.create_module_spec(pictures), hub.create_module_spec(modules.double))
    assert hub.get_expected_image_size(spec) == [8, 8]


def test_ragged_and_sparse_values_go_through(tmp_path: Path, vocabulary: str) -> None:
    def lengths() -> None:
        rows = tf.RaggedTensor.from_row_splits(
            tf1.placeholder(tf.string, [None]), tf1.placeholder(tf.int64, [None]), validate=False
        )
        hub.add_signature(inputs={"rows": rows}, outputs={"lengths": rows.row_lengths(), "rows": rows})

    words = made(count_words, tmp_path / "words", vocabulary=vocabulary)
    spec = hub.chain((words, "ragged"), hub.create_module_spec(lengths))
    outputs = values(spec, ["one two three", "", "four"])
    assert outputs["lengths"].tolist() == [3, 0, 1]
    assert outputs["rows"].to_list() == [[b"one", b"two", b"three"], [], [b"four"]]


@pytest.mark.usefixtures("needs_eager")
def test_it_loads_eagerly_and_as_a_layer(wide: str, weighing: str) -> None:
    spec = hub.chain(wide, weighing, connect={"values": "default"})
    expected = values(spec, {"x": X, "scale": 1.0})["default"]
    assert_equal(hub.load(spec)({"x": X, "scale": 1.0}).numpy(), expected)
    assert_equal(hub.load(spec)({"x": X, "scale": 1.0}).numpy(), expected)
    layer = hub.KerasLayer(spec)
    assert_equal(layer({"x": tf.constant(X), "scale": tf.constant(1.0)}).numpy(), expected)


def test_it_shows_its_weights_like_one_that_was_loaded(wide: str) -> None:
    spec = hub.chain(hub.create_module_spec(modules.double), wide)
    summary = spec.summary()
    assert spec.title == "module_made_by_double + wide"
    assert summary.variables.stats().df["maximum"].tolist() == [4.0]
    assert summary.digest
    assert "wide/row" in repr(spec)
    with NotebookSession() as session:
        module = session.load(spec, "both")
        assert_equal(session.call(module, X), values(wide, 2 * X)["default"])


def test_its_files_last_as_long_as_the_process(tmp_path: Path) -> None:
    program = """
import os, sys
import hubexplore as hub
spec = hub.chain("sample:half-plus-two", "sample:half-plus-two")
folder = spec.place.directory
if os.fork() == 0:
    sys.exit()  # runs what is to be done at the end of a process
os.wait()
print(os.path.isdir(folder), folder)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    was_there, folder = done.stdout.split()
    assert was_there == "True"
    assert folder.startswith(str(tmp_path))
    assert list(tmp_path.glob("hubexplore-*")) == []


def test_a_module_with_dangers_makes_a_module_with_dangers(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hostile = str(write_hostile(tmp_path / "hostile", canary))
    with pytest.warns(HubSecurityWarning):
        spec = hub.chain(hub.create_module_spec(modules.double), hostile)
    assert [finding.op for finding in spec.dangers] == ["WriteFile"]
    assert not canary.exists()
    with NotebookSession() as session, pytest.raises(UntrustedModuleError, match="WriteFile"):
        session.load(spec, "both")
    assert not canary.exists()


def test_a_chain_of_trusted_modules_is_trusted(tmp_path: Path) -> None:
    hostile = write_hostile(tmp_path / "hostile", tmp_path / "canary")
    with NotebookSession() as session:
        session.load(hostile, "part", trust=True)
        spec = hub.chain(hub.create_module_spec(modules.double), hub.load_module_spec(hostile))
        session.load(spec, "both")
        assert session.call("both", [1.0]).tolist() == [4.0]


def test_weights_that_a_stranger_would_compute_are_not_computed(tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None])
        with tf.control_dependencies([tf.io.write_file(str(canary), "boo")]):
            start = tf.constant(1.0) + 1.0
        hub.add_signature(inputs=x, outputs=x * tf1.get_variable("w", initializer=start))

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    with modules.edited(path) as model:  # or it would be trusted, as it was made here
        model.meta_graphs[0].meta_info_def.tensorflow_version = "9.9"
    canary.unlink()
    spec, double = hub.load_module_spec(path), hub.create_module_spec(modules.double)
    # With a checkpoint the values are only read.
    with pytest.warns(HubSecurityWarning):
        chained = hub.chain(double, spec)
    assert_equal(values(chained, [1.0])["default"], np.array([4.0], np.float32))
    assert not canary.exists()
    shutil.rmtree(tmp_path / "module" / "variables")
    bare = DefinedSpec(spec.variants, "bare", None, place=spec.place)
    with pytest.raises(UntrustedModuleError):
        hub.chain(double, bare)
    assert not canary.exists()

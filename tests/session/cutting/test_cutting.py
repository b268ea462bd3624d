"""Cuts of loaded modules have the values of the session, and the check finds what differs."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import CutError, NoSuchTensorError, UntrustedModuleError
from hubexplore.session.cutting.report import ComparedOutput, CutReport
from hubexplore.trust import gate
from tests.hub.cutting import cut_models
from tests.session import modules

tf1 = tf.compat.v1
X = np.linspace(-1, 2, 6).reshape(2, 3).astype(np.float32)


@pytest.fixture
def tower(session: hub.NotebookSession) -> hub.Module:
    """A module with four layers, loaded."""
    return session.load(hub.create_module_spec(cut_models.tower), "tower", trainable=True)


def test_a_loaded_module_is_cut_with_its_values(session: hub.NotebookSession, tower: hub.Module) -> None:
    with session.building():
        session.session.run(tf1.assign(tower.variable_map["layer_0/bias"], [9.0, 8.0, 7.0, 6.0]))
    _, fetched = session.call(tower, X, "doubled", fetch=["layer_1/activation"])
    part = session.cut("tower", outputs="layer_1/activation", of="doubled")
    assert session.names == ["tower", "tower_cut"]
    assert part.trainable
    np.testing.assert_array_equal(session.call(part, X), fetched["layer_1/activation"])
    assert "Checked on an example: 1 output equals" in part.summary().notes[-1]
    # The module itself is what it was.
    np.testing.assert_array_equal(session.variables("tower")["layer_0/bias"], [9.0, 8.0, 7.0, 6.0])


def test_exported_as_any_module(session: hub.NotebookSession, tower: hub.Module, tmp_path: Path) -> None:
    part = session.cut(tower, {"h": "layer_0/activation"}, {"out": "layer_2/activation"}, signature="part")
    report = session.export(part, tmp_path / "part", verify=True)
    assert report.largest_difference == 0
    assert hub.load_module_spec(tmp_path / "part").get_signature_names() == ["part"]


def test_tensors_of_the_graph_are_taken(session: hub.NotebookSession, tower: hub.Module) -> None:
    session.call(tower, X, "doubled", as_dict=True)
    inner = tower.tensor("layer_0/activation")
    part = session.cut(tower, outputs={"a": inner, "b": inner.name}, of="doubled", check=False)
    assert sorted(part.get_output_info_dict()) == ["a", "b"]


def test_it_can_replace_the_module(session: hub.NotebookSession) -> None:
    whole = session.load(hub.create_module_spec(cut_models.tower), "m")
    part = session.cut(whole, outputs="layer_0/activation", of="doubled", name="m")
    assert session.names == ["m"]
    assert session.call("m", X).shape == (2, 4)
    assert part is session.module("m")


def test_nothing_changes_where_it_cannot_be_cut(session: hub.NotebookSession, tower: hub.Module) -> None:
    ops = len(session.graph.get_operations())
    with pytest.raises(NoSuchTensorError):
        session.cut(tower, outputs="nothing")
    assert session.names == ["tower"]
    assert len(session.graph.get_operations()) == ops


def test_partitioned_variables_keep_their_values(session: hub.NotebookSession) -> None:
    whole = session.load(hub.create_module_spec(cut_models.partitioned), "parts")
    first, _ = whole.variable_map["table"]
    with session.building():
        session.session.run(tf1.assign(first, np.ones([4, 3], np.float32)))
    part = session.cut(whole, outputs={"hidden": "hidden"})
    np.testing.assert_array_equal(session.call(part, np.eye(4, dtype=np.float32))[:, :3], np.ones([4, 3]))


def test_a_report_shows_each_output() -> None:
    spec = hub.create_module_spec(cut_models.tower)
    cut = spec.cut(outputs={"<b>": "layer_1/activation", "x": "layer_2/activation"}, check=True)
    report = cut.checked
    assert report.largest_difference == 0
    assert "2 outputs equal what the module computes, bit for bit" in repr(report)
    assert "layer_1/activation:0" in repr(report)
    assert "&lt;b&gt;" in report._repr_html_()
    assert "<b>" not in report._repr_html_()
    late = np.zeros([2, 2], np.float32)
    assert hub.check_cut(cut, {"x": X, "late": late}).largest_difference == 0


def test_a_cut_that_differs_is_an_error() -> None:
    report = CutReport("m", (ComparedOutput("y", "add:0", (), 0.5), ComparedOutput("z", "mul:0", (), 0.0)))
    with pytest.raises(CutError, match=r"1 of 2 outputs differs from .*'y' by up to 0.5"):
        report.require()
    broken = CutReport("m", (ComparedOutput("y", "add:0", (), math.inf, "the cut fails: no"),))
    with pytest.raises(CutError, match=r"The output differs from .* in more than numbers"):
        broken.require()
    unknown = CutReport("m", (ComparedOutput("y", "add:0", (), None, "different on each run"),))
    assert unknown.require() is unknown
    assert unknown.sentence == "Not checked: different on each run."


def test_a_changed_cut_is_found() -> None:
    spec = hub.create_module_spec(cut_models.tower)
    cut: Any = spec.cut(outputs="layer_1/activation")
    next(node for node in cut.variant(()).nodes.values() if node.name == "layer_1/BiasAdd").op = "BiasAddV1"
    cut.variant(()).nodes["layer_1/activation"].op = "Relu6"
    cut.variant(()).nodes["layer_0/activation"].op = "Softplus"
    assert hub.check_cut(cut).largest_difference


def test_random_outputs_are_not_compared() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [3], name="x")
        noise = tf.identity(x + tf.random.normal([3]), name="noise")
        hub.add_signature(inputs=x, outputs=tf.multiply(noise, 2.0, name="twice"))

    spec = hub.create_module_spec(module_fn)
    report = hub.check_cut(spec.cut(outputs="noise"))
    assert report.largest_difference is None
    assert "different on each run" in report.sentence
    # What follows the noise is not random, once it is given.
    assert hub.check_cut(spec.cut(["noise"], "twice")).largest_difference == 0


def test_what_reaches_outside_is_not_run(tmp_path: Path) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.string, [], name="x")
        with tf.control_dependencies([tf.io.write_file(str(tmp_path / "file"), x)]):
            hub.add_signature(inputs=x, outputs=tf.strings.join([x, "!"], name="joined"))

    spec = hub.create_module_spec(module_fn)
    report = hub.check_cut(spec.cut(outputs="joined"))
    assert "writes files" in report.sentence
    assert not (tmp_path / "file").exists()


def test_only_cuts_are_compared() -> None:
    with pytest.raises(CutError, match=r"spec\.cut"):
        hub.check_cut(hub.create_module_spec(modules.scale))


def test_the_cut_of_a_stranger_is_not_run_either(tmp_path: Path, own_settings: Path) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.string, [], name="x")
        text = tf.identity(tf.io.read_file(x), name="text")
        hub.add_signature(inputs=x, outputs=tf.strings.length(text, name="length"))

    path = tmp_path / "module"
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(module_fn))
        with tf1.Session() as running:
            module.export(str(path), running)
    # As on another machine, where nobody has said to trust it.
    shutil.rmtree(own_settings, ignore_errors=True)
    gate.forget_process()
    spec = hub.load_module_spec(path)
    cut = spec.cut(outputs="text")
    with pytest.raises(UntrustedModuleError):
        hub.check_cut(cut)
    with hub.NotebookSession() as session, pytest.raises(UntrustedModuleError):
        session.load(cut)
    harmless = spec.cut(inputs=["text"], outputs="length")
    with hub.NotebookSession() as session:
        assert session.call(session.load(harmless, "part"), b"abc") == 3

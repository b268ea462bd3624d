"""TF2 models compared: with each other, with a module that was made of them, with a module of TF1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import tf2_models
from tests.hub.tf2_models import numbers, save, spec
from tests.notebook.shells import Run

v1 = tf.compat.v1


def version(path: Path, bias: float, activated: bool = False) -> str:
    """A TF2 model with the signature `default`, x -> y."""
    model = tf.Module()
    model.kernel, model.bias = tf.Variable(numbers(2, 2)), tf.Variable([bias, bias])

    def f(x: Any) -> Any:
        y = tf.nn.bias_add(tf.matmul(x, model.kernel), model.bias)
        return {"y": tf.nn.relu(y) if activated else y}

    return save(model, path, default=tf2_models.function(f, spec(None, 2, name="x")))


def of_tf1(path: Path, bias: float) -> str:
    """The same as a module of TF1, whose variant has no tags."""

    def module_fn() -> None:
        x = v1.placeholder(tf.float32, [None, 2])
        kernel = v1.get_variable("kernel", initializer=numbers(2, 2), use_resource=True)
        bias_value = v1.get_variable("bias", initializer=[bias, bias], use_resource=True)
        hub.add_signature(inputs={"x": x}, outputs={"y": tf.nn.bias_add(tf.matmul(x, kernel), bias_value)})

    with hub.NotebookSession() as session:
        session.export(session.load(hub.create_module_spec(module_fn), "module"), path)
    return str(path)


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """Two versions of one model."""
    return version(tmp_path / "old", 0.5), version(tmp_path / "new", 1.5, activated=True)


def test_two_versions(two: tuple[str, str]) -> None:
    comparison = hub.summarize(two[0]).compare(hub.summarize(two[1]))
    found = {(item.section, item.name, item.first is None) for item in comparison.differences}
    assert found == {("weights", "bias", False), ("ops", "Relu", True), ("nodes", "Relu", True)}
    assert comparison.replaceable
    assert comparison.basis == "nodes"
    assert comparison.only_variants is None


def test_an_export_is_the_same(two: tuple[str, str], tmp_path: Path) -> None:
    with hub.NotebookSession() as session:
        session.export(session.load(two[0], "model"), tmp_path / "export")
    comparison = hub.summarize(two[0]).compare(hub.summarize(tmp_path / "export"))
    assert comparison.same
    assert comparison.basis == "nodes"


def test_the_only_variants_are_compared(two: tuple[str, str], run: Run, tmp_path: Path) -> None:
    module = of_tf1(tmp_path / "module", 0.5)
    comparison = run(f"%hub_compare {module} {two[1]}")
    assert comparison.only_variants == ((), ("serve",))
    assert comparison.reasons == ("there is no graph variant without tags, only: serve",)
    assert "these were compared: no tags with serve." in repr(comparison)
    assert "these were compared: no tags with serve." in comparison._repr_html_()
    names = {(item.section, item.name) for item in comparison.differences}
    assert {("weights", "bias"), ("ops", "Relu")} <= names
    assert ("weights", "kernel") not in names
    # A side without tags is the only variant of that side.
    assert run(f"%hub_compare {module}@ {two[0]}").replaceable
    assert run(f"%hub_compare {two[0]} {module}@").replaceable


def test_weights(two: tuple[str, str], run: Run) -> None:
    comparison = run(f"%hub_compare {two[0]} {two[1]} --weights")
    changes = {change.name: change for change in comparison.weights.variables}
    assert set(changes) == {"bias", "kernel"}
    # 0.5 to 1.5, twice.
    assert changes["bias"].relative == pytest.approx(2.0)
    assert changes["kernel"].changed == 0
    assert "1 of 2 variables changed" in repr(comparison)
    assert "1 of 2 variables changed" in comparison._repr_html_()
    assert run(f"%hub_compare {two[0]} {two[1]}").weights is None
    # What is the same, compared variant by variant.
    alone = run(f"%hub_compare {two[0]}@serve {two[1]}@serve --weights").weights
    assert alone.variables == comparison.weights.variables


def test_weights_of_a_module_that_was_made_of_a_model(two: tuple[str, str], run: Run, tmp_path: Path) -> None:
    module = of_tf1(tmp_path / "module", 0.5)
    changes = run(f"%hub_compare {module} {two[0]} --weights").weights
    assert changes.same
    assert [change.name for change in changes.variables] == ["bias", "kernel"]


def test_weights_of_a_frozen_graph(tmp_path: Path) -> None:
    paths = []
    for factor in (1.0, 3.0):
        with tf.Graph().as_default() as graph:
            x = v1.placeholder(tf.float32, [None, 64], name="x")
            tf.matmul(x, tf.constant(factor * numbers(64, 32), name="dense/kernel"), name="y")
        paths.append(tmp_path / f"{factor}.pb")
        paths[-1].write_bytes(graph.as_graph_def().SerializeToString())
    changes = hub.summarize(paths[0]).compare(hub.summarize(paths[1]), weights=True).weights
    assert changes is not None
    (change,) = changes.variables
    assert change.name == "dense/kernel"
    assert change.relative == pytest.approx(2.0)


def test_a_session_has_both(two: tuple[str, str], tmp_path: Path) -> None:
    x = numbers(3, 2)
    with hub.NotebookSession() as session:
        loaded = [session.load(two[0], "old"), session.load(two[1], "new")]
        loaded.append(session.load(of_tf1(tmp_path / "module", 0.5), "module"))
        old, new, module = (session.call(each, {"x": x}, as_dict=True)["y"] for each in loaded)
        np.testing.assert_allclose(
            old, tf.saved_model.load(two[0]).signatures["default"](tf.constant(x))["y"]
        )
        np.testing.assert_allclose(new, np.maximum(old + 1.0, 0.0), rtol=1e-6)
        np.testing.assert_allclose(module, old, rtol=1e-6)
        assert loaded[0].summary().compare(hub.summarize(two[0])).replaceable

"""Which models run without TensorFlow's graph optimizer, and what brings it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.hub import tf2_models
from tests.hub.graph_models import frozen, mlp
from tests.session import modules

tf1 = tf.compat.v1
ROWS = tf2_models.numbers(3, 2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A TF2 SavedModel with a table: `default` [n, 2] -> [n, 1]."""
    path = tmp_path_factory.mktemp("models") / "layers"
    tf2_models.layers(path)
    return str(path)


@pytest.fixture
def loaded(session: NotebookSession, model: str) -> hub.Module:
    """The model, in a session that runs without the optimizer."""
    module = session.load(model, "layers")
    assert not session._session.is_optimized
    return module


def counter(path: Path) -> str:
    """A TF2 SavedModel whose calls change a variable."""
    module = tf.Module()
    module.total = tf.Variable(0.0)
    module.f = tf2_models.function(
        lambda x: {"default": module.total.assign_add(tf.reduce_sum(x))}, tf2_models.spec(None, name="x")
    )
    return tf2_models.save(module, path, default=module.f)


def constant(path: Path) -> str:
    """A TF2 SavedModel whose weights are constants."""
    module = tf.Module()
    module.f = tf2_models.function(lambda x: {"default": x * 3.0}, tf2_models.spec(None, name="x"))
    return tf2_models.save(module, path, default=module.f)


def random(path: Path) -> str:
    """A TF2 SavedModel with a sequence of random numbers, which a new session begins again."""
    module = tf.Module()
    module.scale = tf.Variable(2.0)
    module.f = tf2_models.function(
        lambda x: {"default": x + module.scale * tf.random.uniform([], seed=3)},
        tf2_models.spec(None, name="x"),
    )
    return tf2_models.save(module, path, default=module.f)


@pytest.mark.parametrize("author", [counter, constant, random])
def test_models_that_need_it(author: Callable[[Path], str], session: NotebookSession, tmp_path: Path) -> None:
    session.load(author(tmp_path / "model"))
    assert session._session.is_optimized


def test_modules_frozen_graphs_and_training_need_it(
    session: NotebookSession, scale_path: Path, model: str, tmp_path: Path
) -> None:
    for handle, trainable in ((scale_path, False), (frozen(tmp_path, mlp).path, False), (model, True)):
        session.load(str(handle), "module", trainable=trainable)
        assert session._session.is_optimized


def test_outputs_are_those_of_tensorflow(session: NotebookSession, loaded: hub.Module, model: str) -> None:
    signature = tf.saved_model.load(model).signatures["default"]
    expected = signature(x=tf.constant(ROWS))["default"].numpy()
    np.testing.assert_allclose(session.call(loaded, ROWS, as_dict=True)["default"], expected, rtol=1e-5)


def test_a_module_that_joins_brings_it_back(
    session: NotebookSession, loaded: hub.Module, scale_path: Path
) -> None:
    before = session.call(loaded, ROWS)
    session.load(scale_path, "scale")
    assert session._session.is_optimized
    assert session.call("scale", [1.0, 2.0]).tolist() == [3.0, 6.0]
    assert session.call(loaded, ROWS).tolist() == before.tolist()
    assert session.log.replay(1).tolist() == before.tolist()


@pytest.mark.parametrize(
    "take",
    [
        lambda session, _: session.session,
        lambda session, _: session.graph,
        lambda session, _: session.initialize(),
        lambda session, module: session.call(
            module, ROWS, fetch=[module.graph.get_operations()[-1].outputs[0]]
        ),
    ],
)
def test_what_lets_the_user_write_brings_it_back(
    take: Callable[[NotebookSession, hub.Module], Any], session: NotebookSession, loaded: hub.Module
) -> None:
    before = session.call(loaded, ROWS)
    take(session, loaded)
    assert session._session.is_optimized
    assert session.call(loaded, ROWS).tolist() == before.tolist()


def test_variables_can_be_trained_in_building(session: NotebookSession, loaded: hub.Module) -> None:
    before = session.call(loaded, ROWS)
    with session.building():
        session.session.run([variable.assign(variable * 0.0) for variable in loaded.variables])
    assert not session.call(loaded, ROWS).any()
    assert before.any()


def test_nothing_changes_if_it_cannot_be_initialised(
    session: NotebookSession, loaded: hub.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = session.call(loaded, ROWS)

    def fail(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("hubexplore.session.tf_session.ManagedSession.initialize_new", fail)
        with pytest.raises(MemoryError):
            _ = session.session
    assert session.call(loaded, ROWS).tolist() == before.tolist()


def test_the_model_that_replaces_another_decides(
    session: NotebookSession, loaded: hub.Module, scale_path: Path, model: str
) -> None:
    session.load(scale_path, "layers")
    assert session._session.is_optimized
    session.load(model, "layers")
    assert not session._session.is_optimized


def test_a_closed_session_gives_its_graph(session: NotebookSession, loaded: hub.Module) -> None:
    session.close()
    assert session.graph is loaded.graph


def test_after_modules_it_stays(session: NotebookSession, model: str) -> None:
    session.load(hub.create_module_spec(modules.scale), "scale")
    session.load(model, "layers")
    assert session._session.is_optimized
    assert session.call("layers", ROWS).shape == (3, 1)

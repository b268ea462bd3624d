"""What users forget in training is told: update ops, regularization losses, trainable=True."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.inspection.training_checks import (
    losses_unused,
    module_index,
    not_trainable,
    update_ops_never_run,
)
from tests.hub import modules
from tests.hub.teaching import made, teaches

tf1 = tf.compat.v1
UPDATE_OPS = tf1.GraphKeys.UPDATE_OPS
VARIANTS: list[tuple[Any, dict[str, Any]]] = [((), {}), ({"train"}, {"training": True})]


def trained(path: str, module: hub.Module, updates: bool, weights: bool = True) -> str:
    """Trains a step, exports, and returns the path."""
    loss = tf.reduce_sum(module([[8.0], [12.0], [1.0]]) ** 3)
    step = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    with modules.initialized_session() as session:
        session.run([step] if weights else [])
        session.run(tf1.get_collection(UPDATE_OPS) if updates else [])
        module.export(path, session)
    return path


@pytest.mark.parametrize(("updates", "weights"), [(False, True), (True, True), (False, False)])
def test_update_ops_that_never_ran(graph: tf.Graph, tmp_path: Path, updates: bool, weights: bool) -> None:
    spec = hub.create_module_spec(modules.normalized, VARIANTS)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True, tags={"train"})
    path = trained(str(tmp_path / "new"), module, updates, weights)
    old, new = module_index(str(tmp_path / "old")), module_index(path)
    assert old is not None
    assert new is not None
    message = update_ops_never_run(module, old, new)
    if updates or not weights:
        assert message is None
    else:
        teaches(message, "its update ops never ran: 'moving_mean' kept", "tf.control_dependencies(")


@pytest.mark.usefixtures("control_flow")
def test_update_ops_in_a_cond(graph: tf.Graph, tmp_path: Path, use_resource: bool) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None, 1], name="x")
        is_training = tf1.placeholder_with_default(True, [], name="is_training")
        with tf1.variable_scope("", use_resource=use_resource):
            w = tf1.get_variable("w", initializer=[1.0])
            mean = tf1.get_variable("mean", initializer=[0.0], trainable=False)
        tf1.add_to_collection(tf1.GraphKeys.MODEL_VARIABLES, mean)

        def update() -> Any:
            return tf.identity(tf1.assign(mean, tf.reduce_mean(x, axis=0)))

        tf1.add_to_collection(UPDATE_OPS, tf1.cond(is_training, update, lambda: tf.zeros([1])))
        hub.add_signature(inputs={"x": x, "is_training": is_training}, outputs=(x - mean) * w)

    if not use_resource and tf1.control_flow_v2_enabled():
        pytest.skip("a function cannot assign a ref variable")
    spec = hub.create_module_spec(module_fn)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True)
    loss = tf.reduce_sum(module({"x": [[8.0], [12.0]], "is_training": True}))
    step = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    old = module_index(str(tmp_path / "old"))
    assert old is not None
    with modules.initialized_session() as session:
        session.run(step)
        module.export(str(tmp_path / "forgotten"), session)
        session.run(tf1.get_collection(UPDATE_OPS))
        module.export(str(tmp_path / "run"), session)
    forgotten, run = module_index(str(tmp_path / "forgotten")), module_index(str(tmp_path / "run"))
    assert forgotten is not None
    assert run is not None
    teaches(update_ops_never_run(module, old, forgotten), "'mean' kept", "UPDATE_OPS")
    assert update_ops_never_run(module, old, run) is None


def test_a_module_without_update_ops(graph: tf.Graph, tmp_path: Path) -> None:
    spec = hub.create_module_spec(modules.normalized, VARIANTS)
    module = hub.Module(modules.export(spec, tmp_path / "old"), trainable=True)
    old = module_index(str(tmp_path / "old"))
    new = module_index(trained(str(tmp_path / "new"), module, updates=False))
    assert old is not None
    assert new is not None
    assert update_ops_never_run(module, old, new) is None


def test_no_index_without_variables(tmp_path: Path) -> None:
    assert module_index(modules.export(hub.create_module_spec(modules.double), tmp_path / "m")) is None


@pytest.mark.parametrize("optimizer", ["apply", "by hand", "none"])
def test_regularization_losses_unused(graph: tf.Graph, optimizer: str) -> None:
    module = made(modules.regularized, trainable=True)
    loss = tf.reduce_sum(module([[1.0, 2.0]]))
    match optimizer:
        case "apply":
            tf1.train.AdamOptimizer().minimize(loss)
        case "by hand":
            (w,) = module.variables
            tf1.assign_sub(w, tf.gradients(loss, [w])[0])
    message = losses_unused(module)
    if optimizer == "none":
        assert message is None
    else:
        teaches(
            message, "its regularization losses (1) are not part of any loss", "get_regularization_loss()"
        )


def test_regularization_losses_used(graph: tf.Graph) -> None:
    module = made(modules.regularized, trainable=True)
    loss = tf.reduce_sum(module([[1.0, 2.0]])) + tf1.losses.get_regularization_loss()
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    assert losses_unused(module) is None


def test_without_trainable(graph: tf.Graph) -> None:
    module = made(modules.affine)
    loss = tf.reduce_sum(module([[1.0, 2.0]]))
    optimizer = tf1.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match="No variables") as caught:
        optimizer.minimize(loss)
    note, remedy = not_trainable(caught.value, [module]), "hub.Module(..., trainable=True)"
    teaches(note, "variables of module 'module' cannot be trained", remedy)
    tf1.get_variable("other", initializer=1.0)
    with pytest.raises(ValueError, match="No gradients") as caught:
        optimizer.minimize(loss)
    teaches(not_trainable(caught.value, [module]), "made without trainable=True", remedy)
    assert not_trainable(ValueError("something else"), [module]) is None
    assert not_trainable(caught.value, [made(modules.affine, trainable=True), made(modules.double)]) is None

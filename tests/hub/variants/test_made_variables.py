"""Variables of a module have what those of `get_variable` have: optimizers, savers and checkpoints use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


def two(use_resource: bool) -> None:
    """`whole` [4], and `cut` [4] in two parts."""
    with tf1.variable_scope("", use_resource=use_resource):
        whole = tf1.get_variable("whole", [4], initializer=tf1.ones_initializer())
        cut = tf1.get_variable(
            "cut", [4], initializer=tf1.ones_initializer(), partitioner=tf1.fixed_size_partitioner(2)
        )
    x = tf1.placeholder(tf.float32, [4])
    hub.add_signature(inputs=x, outputs=x * whole + tf.convert_to_tensor(cut))


@pytest.fixture
def module(spec_of: SpecOf, use_resource: bool, graph: tf.Graph) -> hub.Module:
    return hub.Module(spec_of(two, [((), {"use_resource": use_resource})]), trainable=True)


def test_attributes(module: hub.Module, use_resource: bool) -> None:
    two(use_resource)
    ordinary = {variable.op.name: variable for variable in tf1.global_variables()}
    # An op that only the constructor uses.
    others = {"_is_initialized_op"}
    for variable in module.variables:
        like = ordinary[variable.op.name.removeprefix("module/")]
        assert {*vars(like), *dir(like)} - others <= {*vars(variable), *dir(variable)}
        for name in ("_distribute_strategy", "_graph_key", "dtype", "shape", "trainable", "constraint"):
            assert getattr(variable, name) == getattr(like, name), name
        assert variable.initial_value.shape == variable.shape == like.initial_value.shape
        assert repr(variable) == repr(like).replace("'", "'module/", 1)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: tf1.train.GradientDescentOptimizer(1.0),
        lambda: tf1.train.AdamOptimizer(0.1),
        lambda: tf1.train.MomentumOptimizer(0.1, 0.9),
        lambda: tf1.train.FtrlOptimizer(0.1),
        lambda: tf1.mixed_precision.MixedPrecisionLossScaleOptimizer(tf1.train.AdagradOptimizer(0.1), 8.0),
    ],
)
def test_optimizers(optimizer: Callable[[], Any], module: hub.Module) -> None:
    trainer = optimizer()
    step = trainer.minimize(tf.reduce_sum(tf.square(module(tf.ones([4])))))
    with modules.initialized_session() as session:
        before = session.run(list(module.variables))
        session.run(step)
        after = session.run(list(module.variables))
    assert all((old != new).all() for old, new in zip(before, after, strict=True))
    assert all(isinstance(slot, tf.Variable) for slot in trainer.variables())


def test_moving_averages(module: hub.Module) -> None:
    average = tf1.train.ExponentialMovingAverage(0.5)
    first = module.variables[-1]
    update = average.apply([first])
    with tf1.Session() as session:
        # The average starts from the variable, which for reference variables must have its value by then.
        session.run(tf1.variables_initializer(module.variables))
        session.run(tf1.global_variables_initializer())
        session.run(first.assign([3.0] * 4))
        session.run(update)
        assert session.run(average.average(first)).tolist() == [2.0] * 4


def test_object_checkpoints(module: hub.Module, tmp_path: Path) -> None:
    holder = tf.Module()
    holder.parts = list(module.variables)
    assert len(holder.trainable_variables) == len(module.variables)
    optimizer = tf1.train.AdamOptimizer(0.1)
    optimizer.minimize(tf.reduce_sum(module(tf.ones([4]))))
    checkpoint = tf1.train.Checkpoint(holder=holder, optimizer=optimizer)
    first = module.variables[-1]
    with modules.initialized_session() as session, session.as_default():
        session.run(first.assign([5.0] * 4))
        path = checkpoint.save(str(tmp_path / "checkpoint"), session=session)
        session.run(first.assign([0.0] * 4))
        checkpoint.restore(path).assert_consumed().run_restore_ops(session)
        assert session.run(first).tolist() == [5.0] * 4

"""Update ops: batch normalisation and what resembles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
UPDATE_OPS = tf1.GraphKeys.UPDATE_OPS
SpecOf = Callable[..., hub.ModuleSpec]
VARIANTS: list[tuple[Any, dict[str, Any]]] = [((), {}), ({"train"}, {"training": True})]


def _updated(spec: hub.ModuleSpec, value: float) -> Any:
    """Values of the variables after a call with a value, and one run of the update ops that it added."""
    module = hub.Module(spec, trainable=True)
    module(value)
    with modules.initialized_session() as session:
        session.run(tf1.get_collection(UPDATE_OPS))
        return session.run(module.variables)


def test_once_per_call(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.normalized, VARIANTS), trainable=True, tags={"train"})
    assert tf1.get_collection(UPDATE_OPS) == []
    module([[1.0]])
    module([[1.0]])
    updates = tf1.get_collection(UPDATE_OPS)
    assert [update.name.rpartition("/")[0] for update in updates] == [
        "module_apply_default",
        "module_apply_default_1",
    ]


def test_they_work_on_the_shared_state_and_on_the_inputs_of_their_call(
    spec_of: SpecOf, graph: tf.Graph
) -> None:
    module = hub.Module(spec_of(modules.normalized, VARIANTS), trainable=True, tags={"train"})
    module([[8.0], [12.0]])
    (first,) = tf1.get_collection(UPDATE_OPS)
    module([[0.0], [2.0]])
    (_, second) = tf1.get_collection(UPDATE_OPS)
    mean = module.variable_map["moving_mean"]
    with modules.initialized_session() as session:
        session.run(first)
        assert session.run(mean) == [5.0]
        session.run(second)
        assert session.run(mean) == [3.0]


@pytest.mark.parametrize(("trainable", "tags"), [(False, {"train"}), (True, set()), (False, set())])
def test_none_without_trainable_or_in_a_variant_without(
    spec_of: SpecOf, graph: tf.Graph, trainable: bool, tags: set[str]
) -> None:
    hub.Module(spec_of(modules.normalized, VARIANTS), trainable=trainable, tags=tags)([[1.0]])
    assert tf1.get_collection(UPDATE_OPS) == []
    assert not [op for op in graph.get_operations() if "update_mean" in op.name]


def test_calls_alone_update_nothing(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.normalized, VARIANTS), trainable=True, tags={"train"})
    result = module([[8.0]])
    with modules.initialized_session() as session:
        session.run(result)
        assert session.run(module.variable_map["moving_mean"]) == [0.0]


def test_trained_with_update_ops_then_exported_for_evaluation(spec_of: SpecOf, tmp_path: Any) -> None:
    spec = spec_of(modules.normalized, VARIANTS)
    path = str(tmp_path / "trained")
    with tf.Graph().as_default():
        module = hub.Module(spec, trainable=True, tags={"train"})
        loss = tf.reduce_sum(module([[8.0], [12.0]]) ** 2)
        with tf.control_dependencies(tf1.get_collection(UPDATE_OPS)):
            step = tf1.train.GradientDescentOptimizer(0.01).minimize(loss)
        with modules.initialized_session() as session:
            session.run(step)
            module.export(path, session)
    # mean: 0 -> 5; gamma: 1 - 0.01 * 2 * (4 + 4) = 0.84
    assert modules.evaluate(path, [[6.0]])["default"] == pytest.approx(0.84)


def _of_two_signatures(use_resource: bool = True) -> None:
    with tf1.variable_scope("", use_resource=use_resource):
        seen = tf1.get_variable("seen", initializer=0.0, trainable=False)
    for name in ("first", "second"):
        x = tf1.placeholder(tf.float32, [], name=f"x_{name}")
        tf1.add_to_collection(UPDATE_OPS, tf1.assign_add(seen, x, name=f"update_{name}"))
        hub.add_signature(name, inputs=x, outputs=x + 0.0)


def test_only_those_of_the_signature(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    """An update op that depends on the input of another signature could never run."""
    spec = spec_of(_of_two_signatures, [((), {"use_resource": use_resource})])
    module = hub.Module(spec, trainable=True)
    module(7.0, signature="second")
    updates = tf1.get_collection(UPDATE_OPS)
    assert len(updates) == 1
    with modules.initialized_session() as session:
        session.run(updates)
        assert session.run(module.variables) == [7.0]


def test_an_update_that_waits_for_the_input(spec_of: SpecOf, graph: tf.Graph) -> None:
    """It depends on the input by a control edge only."""

    def module_fn() -> None:
        count = tf1.get_variable("count", initializer=0.0, trainable=False)
        x = tf1.placeholder(tf.float32, [], name="x")
        with tf.control_dependencies([x]):
            tf1.add_to_collection(UPDATE_OPS, tf1.assign_add(count, 1.0))
        hub.add_signature(inputs=x, outputs=x * 2.0)

    assert _updated(spec_of(module_fn), 1.0) == [1.0]


def test_a_group_of_updates(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        a = tf1.get_variable("a", initializer=0.0, trainable=False)
        b = tf1.get_variable("b", initializer=0.0, trainable=False)
        x = tf1.placeholder(tf.float32, [], name="x")
        tf1.add_to_collection(UPDATE_OPS, tf.group(tf1.assign_add(a, x), tf1.assign_sub(b, x)))
        hub.add_signature(inputs=x, outputs=x * 2.0)

    assert _updated(spec_of(module_fn), 3.0) == [3.0, -3.0]


def test_an_update_listed_twice_joins_once(graph: tf.Graph) -> None:
    def module_fn() -> None:
        modules.normalized(training=True)
        (update,) = tf1.get_collection(UPDATE_OPS)
        tf1.add_to_collection(UPDATE_OPS, update)

    hub.Module(hub.create_module_spec(module_fn), trainable=True)([[1.0]])
    assert len(tf1.get_collection(UPDATE_OPS)) == 1


def test_the_update_works_where_the_input_is_in_the_middle(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        total = tf1.get_variable("total", initializer=0.0, trainable=False)
        x = tf1.placeholder(tf.float32, [], name="x")
        hidden = tf.identity(x * 10.0, name="hidden")
        tf1.add_to_collection(UPDATE_OPS, tf1.assign_add(total, hidden))
        hub.add_signature(inputs=hidden, outputs=hidden + 1.0)

    assert _updated(spec_of(module_fn), 5.0) == [5.0]


def test_a_loss_that_depends_on_the_input_belongs_to_the_call(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        w = tf1.get_variable("w", initializer=2.0)
        x = tf1.placeholder(tf.float32, [], name="x")
        tf1.add_to_collection(tf1.GraphKeys.REGULARIZATION_LOSSES, tf.square(w * x, name="activity"))
        hub.add_signature(inputs=x, outputs=w * x)

    module = hub.Module(spec_of(module_fn), trainable=True)
    module(3.0)
    assert modules.run(tf1.losses.get_regularization_losses()) == [36.0]

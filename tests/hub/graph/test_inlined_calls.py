"""Tensors inside called functions: fetched by the path of calls, computed from the inputs of the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import called_functions
from tests.hub.called_functions import compiled, defun

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]
X = np.array([0.5, 1.0], np.float32)


def _run(tensor: tf.Tensor) -> Any:
    with tf1.Session(graph=tensor.graph) as session:
        session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
        return session.run(tensor)


def _called(spec: hub.ModuleSpec) -> hub.Module:
    module = hub.Module(spec)
    module(tf.constant(X))
    return module


FIRST = np.exp(2 * X) - 1
SECOND = np.exp(FIRST) - 1
MOVED = SECOND**2 + 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("first/twice", 2 * X),
        ("first/power", np.exp(2 * X)),
        ("first/power:0", np.exp(2 * X)),
        ("second/twice", FIRST),
        ("second/power", np.exp(FIRST)),
        ("head/squared", SECOND**2),
        ("head/moved", MOVED),
        ("head/root", np.sqrt(MOVED)),
    ],
)
def test_values_inside_calls(spec_of: SpecOf, graph: tf.Graph, name: str, expected: Any) -> None:
    assert _run(_called(spec_of(called_functions.layers)).tensor(name)) == pytest.approx(expected, rel=1e-5)


def test_a_later_call_takes_the_results_of_an_earlier_one(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = _called(spec_of(called_functions.layers))
    before = set(graph.get_operations())
    module.tensor("second/twice")
    added = [op.type for op in graph.get_operations() if op not in before]
    assert sorted(added) == ["Const", "Mul"]  # neither what `first` does nor a second call of it
    before = set(graph.get_operations())
    assert module.tensor("second/twice") is module.tensor("second/twice:0")
    assert set(graph.get_operations()) == before


def test_each_call_of_the_module_has_its_own(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(called_functions.layers))
    module(tf.constant(X))
    module(tf.constant(X + 1))
    assert _run(module.tensor("first/twice", call=0)) == pytest.approx(2 * X)
    assert _run(module.tensor("first/twice", call=1)) == pytest.approx(2 * X + 2)


def test_gradients_flow_through_an_inner_tensor(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(called_functions.layers), trainable=True)
    x = tf.constant(X)
    module(x)
    root = module.tensor("head/root")
    (gradient,) = tf1.gradients(root, [module.variable_map["scale"]])
    assert _run(gradient) == pytest.approx(np.sum(0.5 / np.sqrt(MOVED)), rel=1e-5)


def test_the_nearest_name_inside_a_call(spec_of: SpecOf, graph: tf.Graph) -> None:
    with pytest.raises(KeyError, match=r"no op 'first/twise'.*'first/twice'"):
        _called(spec_of(called_functions.layers)).tensor("first/twise")


def test_an_output_number_inside_a_call(spec_of: SpecOf, graph: tf.Graph) -> None:
    with pytest.raises(KeyError, match=r"outputs of that op are called first/twice:0"):
        _called(spec_of(called_functions.layers)).tensor("first/twice:1")


def test_an_inner_tensor_needs_the_inputs_of_a_call(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = _called(spec_of(called_functions.layers))
    inner = module.tensor(f"{module.scope}/first/twice")
    with tf1.Session() as session:
        fed = {module.tensor(f"{module.scope}/x:0"): [4.0]}
        assert session.run(inner, fed) == pytest.approx([8.0])


def test_what_an_effect_precedes_is_refused(spec_of: SpecOf, graph: tf.Graph) -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None])
        count = tf1.get_variable("count", initializer=0.0, use_resource=True)

        @compiled
        def counting(a: Any) -> Any:
            before = tf.multiply(a, 2.0, name="before")
            number = count.assign_add(1.0)
            return tf.add(before, number, name="after")

        hub.add_signature(inputs=x, outputs=counting(x) * 1.0)

    module = _called(spec_of(build))
    before = len(graph.get_operations())
    with pytest.raises(KeyError, match=r"'after:0'.*AssignAddVariableOp.*twice"):
        module.tensor("after")
    assert len(graph.get_operations()) == before
    assert _run(module.tensor("before")) == pytest.approx(2 * X)


def test_random_numbers_are_not_drawn_again(spec_of: SpecOf, graph: tf.Graph) -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None])

        @compiled
        def noisy(a: Any) -> Any:
            return tf.exp(tf.add(a, tf.random.uniform([2]), name="noised"))

        hub.add_signature(inputs=x, outputs=noisy(x) * 1.0)

    module = _called(spec_of(build))
    with pytest.raises(KeyError, match=r"'noised:0'.*RandomUniform.*Fetch a result of a call"):
        module.tensor("noised")


def test_what_a_loop_hands_on_has_its_last_value(spec_of: SpecOf, graph: tf.Graph) -> None:
    value = X
    for _ in range(3):
        value = value**2 * 0.5 + 1
    assert _run(_called(spec_of(called_functions.loop)).tensor("loop/body/grown")) == pytest.approx(
        value, rel=1e-5
    )


def test_what_a_loop_does_not_hand_on_is_refused(spec_of: SpecOf, graph: tf.Graph) -> None:
    message = r"'loop/body/squared:0' is inside the loop 'loop'.*'loop/body/grown:0'.*'loop:0' to 'loop:\d'"
    with pytest.raises(KeyError, match=message):
        _called(spec_of(called_functions.loop)).tensor("loop/body/squared")


def test_a_branch_is_refused(spec_of: SpecOf, graph: tf.Graph) -> None:
    with pytest.raises(KeyError, match=r"branch of .call_1/choice..*may not run.*.call_1/choice:0."):
        _called(spec_of(called_functions.loop)).tensor("call_1/choice/then_branch/power")


def test_tables_of_a_call_are_those_of_the_module(spec_of: SpecOf, graph: tf.Graph) -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None])
        keys = tf.constant(["0.5", "1"])
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, tf.constant([7, 8])), default_value=-1
        )
        tf1.add_to_collection(tf1.GraphKeys.TABLE_INITIALIZERS, table._initialize())

        @compiled
        def looking(a: Any) -> Any:
            return tf.identity(table.lookup(tf.strings.as_string(a, shortest=True)), name="found") + 1

        hub.add_signature(inputs=x, outputs=looking(x) * 1)

    module = _called(spec_of(build))
    assert list(_run(module.tensor("found"))) == [7, 8]


def test_a_call_in_a_tf1_loop_is_refused(v1_control_flow: None, spec_of: SpecOf, graph: tf.Graph) -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")

        @defun(tf.float32)
        def step(a: Any) -> Any:
            return tf.add(tf.multiply(a, 0.5, name="half"), 1.0)

        def body(v: Any) -> Any:
            return tf.ensure_shape(step(v, name="step"), [None])

        result = tf1.while_loop(lambda v: tf.reduce_sum(v) < 3.0, body, [x])
        hub.add_signature(inputs=x, outputs=result)

    module = _called(spec_of(build))
    before = len(graph.get_operations())
    with pytest.raises(KeyError, match="in a cond or loop"):
        module.tensor("while/step/half")
    assert len(graph.get_operations()) == before

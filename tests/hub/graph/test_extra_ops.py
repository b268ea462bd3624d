"""What a Module and a call cost the graph: the nodes reached and the conversion of inputs, nothing else."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


def _types(graph: tf.Graph, build: Callable[[], Any]) -> Counter[str]:
    return Counter(op.type for op in modules.new_ops(graph, build))


@pytest.fixture
def large(spec_of: SpecOf) -> hub.ModuleSpec:
    return spec_of(_large)


def _large() -> None:
    """Three signatures, two of them on one variable; none needs all of the graph."""
    w = tf1.get_variable("w", initializer=2.0, regularizer=tf.square)
    x = tf1.placeholder(tf.float32, [], name="x")
    hidden = tf.exp(tf.sin(x * w), name="hidden")
    hub.add_signature("hidden", inputs=x, outputs=hidden)
    hub.add_signature("all", inputs=x, outputs=tf.cos(tf.tanh(hidden)))
    tail = tf1.placeholder(tf.float32, [], name="tail")
    hub.add_signature("tail", inputs=tail, outputs=tf.cos(tf.tanh(tail)))
    tf.atan(hidden, name="never_used")


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("hidden", {"ReadVariableOp": 1, "Mul": 1, "Sin": 1, "Exp": 1}),
        ("all", {"ReadVariableOp": 1, "Mul": 1, "Sin": 1, "Exp": 1, "Tanh": 1, "Cos": 1}),
        ("tail", {"Tanh": 1, "Cos": 1}),
    ],
)
def test_a_call_adds_what_it_reaches(
    large: hub.ModuleSpec, graph: tf.Graph, signature: str, expected: dict[str, int]
) -> None:
    module = hub.Module(large)
    x = tf.constant(1.0)
    for _ in range(3):
        assert _types(graph, lambda: module(x, signature=signature)) == expected
    with_value = _types(graph, lambda: module(1.0, signature=signature))
    assert with_value == {**expected, "Const": 1}


def test_the_state_has_no_ops_of_the_signatures(large: hub.ModuleSpec, graph: tf.Graph) -> None:
    hub.Module(large)
    types = {op.type for op in graph.get_operations()}
    assert not types & {"Placeholder", "Sin", "Exp", "Tanh", "Cos", "Atan", "Mul", "Square"}


def test_the_state_of_a_loaded_module_has_no_initial_values(tmp_path: Any, graph: tf.Graph) -> None:
    path = modules.export(hub.create_module_spec(modules.affine), tmp_path / "module")
    hub.Module(path)
    types = Counter(op.type for op in graph.get_operations())
    assert types == {"VarHandleOp": 2, "ReadVariableOp": 2, "AssignVariableOp": 2, "RestoreV2": 1, "Const": 3}


def test_losses_only_if_trainable(large: hub.ModuleSpec) -> None:
    counts = []
    for trainable in (False, True):
        with tf.Graph().as_default() as graph:
            hub.Module(large, trainable=trainable)
            counts.append(Counter(op.type for op in graph.get_operations())["Square"])
    assert counts == [0, 1]


def test_update_ops_are_part_of_a_call_only_if_trainable(spec_of: SpecOf) -> None:
    spec = spec_of(modules.normalized, [({"train"}, {"training": True})])
    added = []
    for trainable in (False, True):
        with tf.Graph().as_default() as graph:
            module = hub.Module(spec, trainable=trainable, tags={"train"})
            x = tf.constant([[1.0]])
            added.append(_types(graph, functools.partial(module, x))["AssignSubVariableOp"])
    assert added == [0, 1]


def test_nothing_is_imported_for_an_input_passed_through(graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs=x, outputs=x)

    module = hub.Module(hub.create_module_spec(module_fn))
    x = tf.constant(1.0)
    assert _types(graph, lambda: module(x)) == {}


def test_a_failing_call_adds_no_node_of_the_module(large: hub.ModuleSpec, graph: tf.Graph) -> None:
    module = hub.Module(large)
    with pytest.raises(TypeError):
        module(tf.constant("text"), signature="tail")
    assert not [op for op in graph.get_operations() if "_apply_" in op.name]

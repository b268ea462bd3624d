"""Colocation constraints of applied nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


def _with(op: Any) -> list[bytes]:
    """The explicit constraints of an op."""
    return [group for group in op.colocation_groups() if group != f"loc:@{op.name}".encode()]


def _on_input() -> None:
    x = tf1.placeholder(tf.float32, [], name="x")
    with tf1.colocate_with(x):
        y = tf.add(x, 1.0, name="y")
    with tf1.colocate_with(y):
        z = tf.add(y, 1.0, name="z")
    hub.add_signature(inputs={"x": x}, outputs={"y": y, "z": z})


def test_a_constraint_on_an_input_follows_its_replacement(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_on_input))
    for name in ("first", "second"):
        outputs = module({"x": tf.constant(1.0, name=name)}, as_dict=True)
        assert _with(outputs["y"].op) == [f"loc:@{name}".encode()]
        assert modules.run(outputs) == {"y": 2.0, "z": 3.0}


def test_a_constraint_inside_is_kept_relative(graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf.add(x, 1.0, name="y")
        with tf1.colocate_with(y):
            z = tf.add(y, 1.0, name="z")
        hub.add_signature(inputs=x, outputs=z)

    module = hub.Module(hub.create_module_spec(module_fn))
    for scope in ("module_apply_default", "module_apply_default_1"):
        assert _with(module(1.0).op) == [f"loc:@{scope}/y".encode()]


def test_a_constraint_on_a_ref_variable_points_to_the_state(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=False):
            v = tf1.get_variable("v", initializer=1.0, trainable=False)
        x = tf1.placeholder(tf.float32, [], name="x")
        with tf1.colocate_with(v.op):
            y = tf.add(x, v, name="y")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    for _ in range(2):
        y = module(1.0)
        assert _with(y.op) == [b"loc:@module/v"]
    assert modules.run(y) == 2.0


def test_a_device_follows_the_constraint(graph: tf.Graph) -> None:
    module = hub.Module(hub.create_module_spec(_on_input))
    with tf1.device("/cpu:0"):
        x = tf.constant(1.0, name="pinned")
    for _ in range(2):
        assert "CPU:0" in module({"x": x}, as_dict=True)["y"].op.device.upper()


def test_a_replaced_middle_of_the_graph(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hidden = tf.multiply(x, 2.0, name="hidden")
        with tf1.colocate_with(hidden):
            y = tf.add(hidden, 1.0, name="y")
        hub.add_signature(inputs=hidden, outputs=y)
        hub.add_signature("whole", inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    assert _with(module(tf.constant(1.0, name="given")).op) == [b"loc:@given"]
    assert _with(module(1.0, signature="whole").op) == [b"loc:@module_apply_whole/hidden"]


def _on_a_split() -> None:
    first, second = tf.split(tf.constant([1.0, 2.0]), 2, name="split")
    with tf1.colocate_with(first):
        y = tf.add(first, second, name="y")
    hub.add_signature(inputs={"first": first, "second": second}, outputs=y)
    hub.add_signature("one", inputs={"first": first}, outputs=y)


def test_several_outputs_of_one_op_replaced_by_those_of_another(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_on_a_split))
    first, second = tf.split(tf.constant([10.0, 20.0]), 2, name="theirs")
    y = module({"first": first, "second": second})
    assert _with(y.op) == [b"loc:@theirs"]
    assert modules.run(y) == [30.0]


def test_several_outputs_of_one_op_replaced_by_different_ones(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_on_a_split))
    inputs = {"first": tf.constant([1.0], name="here"), "second": tf.constant([2.0], name="there")}
    before = len(graph.get_operations())
    with pytest.raises(ValueError, match="'y'") as caught:
        module(inputs)
    assert len(graph.get_operations()) == before
    for part in ("loc:@split", "'split:0'", "'split:1'", "'here'", "'there'"):
        assert part in str(caught.value)


def test_one_output_replaced_the_other_kept(spec_of: SpecOf, graph: tf.Graph) -> None:
    """The op is added for its other output and also replaced: where y belongs is not clear."""
    module = hub.Module(spec_of(_on_a_split))
    with pytest.raises(ValueError, match=r"'y'.*split"):
        module({"first": tf.constant([1.0], name="here")}, signature="one")


def test_without_a_constraint_different_replacements_are_fine(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        first, second = tf.split(tf.constant([1.0, 2.0]), 2, name="split")
        hub.add_signature(inputs={"first": first, "second": second}, outputs=first + second)

    module = hub.Module(spec_of(module_fn))
    assert modules.run(module({"first": [3.0], "second": [4.0]})) == [7.0]


def test_the_users_own_constraints_are_left_alone(graph: tf.Graph) -> None:
    anchor = tf.constant(1.0, name="anchor")
    with tf1.colocate_with(anchor):
        mine = tf.add(anchor, 1.0, name="mine")
    module = hub.Module(hub.create_module_spec(_on_input))
    module({"x": anchor}, as_dict=True)
    assert _with(mine.op) == [b"loc:@anchor"]


def test_called_under_colocate_with(spec_of: SpecOf, graph: tf.Graph) -> None:
    anchor = tf.constant(1.0, name="anchor")
    module = hub.Module(spec_of(modules.double))
    with tf1.colocate_with(anchor):
        results = [module([1.0]), module([1.0])]
    assert [value.tolist() for value in modules.run(results)] == [[2.0], [2.0]]


def test_a_replacement_that_is_colocated_itself_brings_its_group(spec_of: SpecOf, graph: tf.Graph) -> None:
    """As TensorFlow's own `colocate_with` does: the group of the companion, not the companion."""
    module = hub.Module(spec_of(_on_input))
    first, second = tf.constant(1, name="first"), tf.constant(2, name="second")
    with tf1.colocate_with(first), tf1.colocate_with(second):
        x = tf.constant(3.0, name="x")
    outputs = module({"x": x}, as_dict=True)
    assert sorted(_with(outputs["y"].op)) == [b"loc:@first", b"loc:@second"]
    assert modules.run(outputs) == {"y": 4.0, "z": 5.0}


def test_replacements_of_one_group_count_as_one(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_on_a_split))
    first = tf.constant([10.0], name="leader")
    with tf1.colocate_with(first):
        second = tf.constant([20.0], name="follower")
    y = module({"first": first, "second": second})
    assert _with(y.op) == [b"loc:@leader"]
    assert modules.run(y) == [30.0]


def test_a_split_given_from_outside_of_a_function(spec_of: SpecOf) -> None:
    """Devices of captured tensors are those of the caller: there is nothing to choose between."""
    with tf.Graph().as_default():
        module = hub.Module(spec_of(_on_a_split))
        inputs = {"first": tf.constant([10.0]), "second": tf.constant([20.0])}
        result = tf.function(lambda: module(inputs))()
        assert modules.run(result).tolist() == [30.0]


def test_a_replacement_whose_companion_is_outside_of_the_function(spec_of: SpecOf) -> None:
    with tf.Graph().as_default():
        module = hub.Module(spec_of(_on_input))
        anchor = tf.constant(1.0, name="anchor")

        def double(value: tf.Tensor) -> tf.Tensor:
            with tf1.colocate_with(anchor):
                here = tf.multiply(value, 2.0, name="here")
            return module({"x": here}, as_dict=True)["z"]

        assert modules.run(tf.map_fn(double, tf.constant([1.0, 2.0]))).tolist() == [4.0, 6.0]

"""Partitioned variables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]
VALUE = np.arange(24, dtype=np.float32).reshape(4, 6)


def _split(parts: int = 3, axis: int = 0, use_resource: bool = True) -> None:
    partitioner = tf1.fixed_size_partitioner(parts, axis=axis)
    with tf1.variable_scope("scope", use_resource=use_resource):
        s = tf1.get_variable("s", [4, 6], initializer=tf1.constant_initializer(0.0), partitioner=partitioner)
    x = tf1.placeholder(tf.int64, [None], name="x")
    hub.add_signature(inputs=x, outputs={"default": tf.gather(tf.convert_to_tensor(s), x)})
    hub.add_signature("parts", outputs={str(i): tf.identity(part) for i, part in enumerate(s)})


def _assign(module: Any, session: Any, value: Any, axis: int = 0) -> None:
    start = 0
    for part in module.variable_map["scope/s"]:
        stop = start + part.shape.as_list()[axis]
        session.run(part.assign(value[start:stop] if axis == 0 else value[:, start:stop]))
        start = stop


def test_the_map_holds_the_parts_in_order(spec_of: SpecOf, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(spec_of(_split, [((), {"use_resource": use_resource})]))
    assert list(module.variable_map) == ["scope/s"]
    parts = module.variable_map["scope/s"]
    assert [part.op.name for part in parts] == [f"module/scope/s/part_{i}" for i in range(3)]
    assert [part.shape.as_list() for part in parts] == [[2, 6], [1, 6], [1, 6]]
    assert [a is b for a, b in zip(module.variables, parts, strict=True)] == [True] * 3
    assert [len(tf1.global_variables()), len(tf1.trainable_variables())] == [3, 0]


def test_more_than_ten_parts_in_numeric_order(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        partitioner = tf1.fixed_size_partitioner(12)
        s = tf1.get_variable("s", [12], initializer=tf1.zeros_initializer(), partitioner=partitioner)
        hub.add_signature(outputs=tf.convert_to_tensor(s))

    module = hub.Module(spec_of(module_fn))
    names = [f"module/s/part_{i}" for i in range(12)]
    assert [part.op.name for part in module.variable_map["s"]] == names
    assert [part.op.name for part in module.variables] == names


@pytest.mark.parametrize("axis", [0, 1])
def test_exported_as_one_tensor_and_read_back(tmp_path: Path, use_resource: bool, axis: int) -> None:
    spec = hub.create_module_spec(_split, [((), {"axis": axis, "use_resource": use_resource})])
    path = str(tmp_path / "module")
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with modules.initialized_session() as session:
            _assign(module, session, VALUE, axis)
            module.export(path, session)
    assert tf.train.list_variables(f"{path}/variables/variables") == [("scope/s", [4, 6])]
    np.testing.assert_array_equal(modules.evaluate(path, [3, 0])["default"], VALUE[[3, 0]])


def test_slice_info_tells_where_a_part_belongs(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_split))
    infos = [part._get_save_slice_info() for part in module.variable_map["scope/s"]]
    assert [info.spec for info in infos] == ["4 6 0,2:0,6", "4 6 2,1:0,6", "4 6 3,1:0,6"]


def test_a_training_checkpoint_of_the_whole_graph(spec_of: SpecOf, tmp_path: Path) -> None:
    spec = spec_of(_split)
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with modules.initialized_session() as session:
            _assign(module, session, VALUE)
            prefix = tf1.train.Saver().save(session, str(tmp_path / "ck"))
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with modules.initialized_session() as session:
            tf1.train.Saver().restore(session, prefix)
            np.testing.assert_array_equal(session.run(module([0, 1, 2, 3])), VALUE)


def test_init_from_checkpoint_with_the_map(spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    with tf.Graph().as_default():
        tf1.get_variable("whole", initializer=VALUE)
        with modules.initialized_session() as session:
            prefix = tf1.train.Saver().save(session, str(tmp_path / "ck"))
    module = hub.Module(spec_of(_split))
    tf1.train.init_from_checkpoint(prefix, {"whole": module.variable_map["scope/s"]})
    np.testing.assert_array_equal(modules.run(module([0, 1, 2, 3])), VALUE)


def test_single_parts_can_be_initialised(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_split))
    with tf1.Session() as session:
        session.run(module.variables[1].initializer)
        np.testing.assert_array_equal(session.run(module.variables[1]), np.zeros([1, 6]))
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(module.variables[0])


def test_gradients_reach_all_parts(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_split), trainable=True)
    loss = tf.reduce_sum(module([0, 3, 3]))
    step = tf1.train.GradientDescentOptimizer(1.0).minimize(loss)
    with modules.initialized_session() as session:
        session.run(step)
        values = np.concatenate(session.run(module.variables))
    np.testing.assert_array_equal(values[:, 0], [-1.0, 0.0, 0.0, -2.0])


@pytest.mark.parametrize("exported", [(), ("two",)])
def test_variants_partitioned_differently_share_a_checkpoint(tmp_path: Path, exported: Any) -> None:
    """Each reads the slices it needs of the one tensor."""
    spec = hub.create_module_spec(_split, [((), {"parts": 3}), ({"two"}, {"parts": 2})])
    path = str(tmp_path / "module")
    with tf.Graph().as_default():
        module = hub.Module(spec, tags=exported)
        with modules.initialized_session() as session:
            _assign(module, session, VALUE)
            module.export(path, session)
    for tags in ((), ("two",)):
        result = modules.evaluate(path, [0, 1, 2, 3], tags=tags)["default"]
        np.testing.assert_array_equal(result, VALUE)


def test_nested_in_another_module(tmp_path: Path) -> None:
    inner = hub.create_module_spec(_split)

    def outer_fn() -> None:
        module = hub.Module(inner, name="inner")
        x = tf1.placeholder(tf.int64, [None], name="x")
        hub.add_signature(inputs=x, outputs=module(x) + 1.0)

    path = str(tmp_path / "outer")
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(outer_fn))
        assert list(module.variable_map) == ["inner/scope/s"]
        with modules.initialized_session() as session:
            module.export(path, session)
    assert tf.train.list_variables(f"{path}/variables/variables") == [("inner/scope/s", [4, 6])]
    np.testing.assert_array_equal(modules.evaluate(path, [0])["default"], np.ones([1, 6]))


def test_a_training_checkpoint_for_variants_partitioned_differently(tmp_path: Path) -> None:
    spec = hub.create_module_spec(_split, [((), {"parts": 3}), ({"two"}, {"parts": 2})])
    with tf.Graph().as_default():
        tf1.get_variable("scope/s", initializer=VALUE)
        with modules.initialized_session() as session:
            prefix = tf1.train.Saver().save(session, str(tmp_path / "ck"))
    path = str(tmp_path / "module")
    spec.export(path, checkpoint_path=prefix)
    for tags in ((), ("two",)):
        result = modules.evaluate(path, [0, 1, 2, 3], tags=tags)["default"]
        np.testing.assert_array_equal(result, VALUE)

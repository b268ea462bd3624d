"""Variables as earlier releases of TensorFlow described them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework import variable_pb2

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1


def _edit_variables(path: str, edit: Callable[[Any], None]) -> None:
    """Changes each VariableDef of a module, in all collections."""
    with modules.edited(path) as saved_model:
        for meta_graph in saved_model.meta_graphs:
            for name, collection in meta_graph.collection_def.items():
                if "variables" in name:
                    for number, data in enumerate(collection.bytes_list.value):
                        proto = variable_pb2.VariableDef.FromString(data)
                        edit(proto)
                        collection.bytes_list.value[number] = proto.SerializeToString()


def _without(*fields: str) -> Callable[[Any], None]:
    def edit(proto: Any) -> None:
        for field in fields:
            proto.ClearField(field)

    return edit


NOT_WRITTEN = {
    "1.8": ["trainable", "synchronization", "aggregation"],
    "1.3": ["trainable", "synchronization", "aggregation", "initial_value_name"],
    "1.0": [
        "trainable",
        "synchronization",
        "aggregation",
        "initial_value_name",
        "is_resource",
        "snapshot_name",
    ],
}


def _module(use_resource: bool) -> None:
    """x [2] * (v + frozen + both parts of p); all but `frozen` trainable."""
    with tf1.variable_scope("", use_resource=use_resource):
        v = tf1.get_variable("v", initializer=[1.0, 2.0])
        frozen = tf1.get_variable("frozen", initializer=[3.0, 4.0], trainable=False)
        p = tf1.get_variable(
            "p", initializer=tf.constant([5.0, 6.0]), partitioner=tf1.fixed_size_partitioner(2)
        )
    x = tf1.placeholder(tf.float32, [2], name="x")
    hub.add_signature(inputs=x, outputs=x * (v + frozen + tf.convert_to_tensor(p)))


@pytest.fixture(params=sorted(NOT_WRITTEN))
def old(request: pytest.FixtureRequest, tmp_path: Path, use_resource: bool) -> str:
    path = modules.export(hub.create_module_spec(lambda: _module(use_resource)), tmp_path / "module")
    _edit_variables(path, _without(*NOT_WRITTEN[request.param]))
    return path


@pytest.mark.parametrize("trainable", [False, True])
def test_trainable_is_as_the_author_made_it(old: str, graph: tf.Graph, trainable: bool) -> None:
    module = hub.Module(old, trainable=trainable)
    found = {variable.op.name: variable.trainable for variable in module.variables}
    assert found == {
        "module/frozen": False,
        "module/p/part_0": True,
        "module/p/part_1": True,
        "module/v": True,
    }
    collection = [variable.op.name for variable in tf1.trainable_variables()]
    assert sorted(collection) == (["module/p/part_0", "module/p/part_1", "module/v"] if trainable else [])
    y = module([1.0, 1.0])
    assert modules.run(y).tolist() == [9.0, 12.0]


def test_gradients_under_a_tape(old: str, use_resource: bool, needs_eager: None) -> None:
    if not use_resource:
        pytest.skip("a function cannot hold reference variables")
    initializers: list[Any] = []

    def call(x: Any) -> Any:
        module = hub.Module(old, trainable=True)
        initializers.append(tf1.global_variables_initializer())
        return module(x)

    wrapped = tf1.wrap_function(call, [tf.TensorSpec([2])])
    wrapped.prune([], initializers)()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(wrapped(tf.constant([7.0, 8.0])))
    gradients = dict(
        zip([v.name for v in wrapped.variables], tape.gradient(loss, wrapped.variables), strict=True)
    )
    values = {name: None if value is None else value.numpy().tolist() for name, value in gradients.items()}
    assert values == {
        "module/v:0": [7.0, 8.0],
        "module/frozen:0": None,
        "module/p/part_0:0": [7.0],
        "module/p/part_1:0": [8.0],
    }


def test_exported_again(old: str, tmp_path: Path) -> None:
    again = modules.export(hub.load_module_spec(old), tmp_path / "again")
    assert modules.evaluate(again, [1.0, 1.0])["default"].tolist() == [9.0, 12.0]
    with tf.Graph().as_default():
        hub.Module(again, trainable=True)
        assert [variable.trainable for variable in tf1.trainable_variables()] == [True] * 3


def test_an_old_saved_model(old: str, graph: tf.Graph) -> None:
    Path(old, "tfhub_module.pb").unlink()
    module = hub.Module(hub.create_module_spec_from_saved_model(old), trainable=True)
    assert [variable.trainable for variable in module.variables] == [False, True, True, True]


def test_a_read_by_another_name(tmp_path: Path) -> None:
    """Where the description names no read, any of the variable will do."""
    path = modules.export(hub.create_module_spec(modules.scaled), tmp_path / "module")
    _edit_variables(path, _without("snapshot_name"))
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            node.name = node.name.replace("w/Read/ReadVariableOp", "elsewhere")
            node.input[:] = [name.replace("w/Read/ReadVariableOp", "elsewhere") for name in node.input]
    assert modules.evaluate(path, [2.0])["default"].tolist() == [6.0]


@pytest.mark.parametrize("field", ["synchronization", "aggregation"])
def test_a_number_that_means_nothing(tmp_path: Path, graph: tf.Graph, field: str) -> None:
    path = modules.export(hub.create_module_spec(modules.scaled), tmp_path / "module")
    _edit_variables(path, lambda proto: setattr(proto, field, 77))
    with pytest.raises(hub.HubError, match="77"):
        hub.Module(path)
    assert graph.get_operations() == []

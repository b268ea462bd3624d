"""`Module.tensor`: what no output needs is added to a call when it is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]


def attending() -> None:
    """A layer that the output needs, and some that it does not."""
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    w = tf1.get_variable("w", initializer=[1.0, 2.0])
    hidden = tf.nn.relu(x * w, name="hidden")
    attention = tf.nn.softmax(hidden, name="attention")
    tf.reduce_max(attention, 1, name="largest")
    mask = tf1.placeholder(tf.float32, [], name="mask")
    tf.multiply(hidden, mask, name="masked")
    tf.square(w, name="squared")
    tf.split(hidden, 2, 1, name="halves")
    with tf.control_dependencies([tf.group(hidden, name="waited_for")]):
        tf.identity(hidden, name="waits")
    hub.add_signature(inputs={"x": x}, outputs=tf.reduce_sum(hidden, 1))
    hub.add_signature("masked", inputs={"x": x, "mask": mask}, outputs=tf.reduce_sum(hidden * mask, 1))


ROW = np.array([[1.0, 1.0]], np.float32)
SOFTMAX = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()


def names(graph: tf.Graph) -> set[str]:
    """Names of the ops of modules."""
    return {op.name for op in graph.get_operations() if op.name.startswith("module")}


@pytest.mark.parametrize(
    "name",
    ["attention", "attention:0", "module_apply_default/attention", "module_apply_default/attention:0"],
)
def test_what_no_output_needs(name: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    module({"x": ROW})
    before = names(graph)
    tensor = module.tensor(name)
    assert tensor.name == "module_apply_default/attention:0"
    assert names(graph) - before == {"module_apply_default/attention"}
    np.testing.assert_allclose(modules.run(tensor), [SOFTMAX], rtol=1e-6)
    assert module.tensor(name) is tensor
    largest = module.tensor("largest")
    assert names(graph) - before == {
        f"module_apply_default/{op}" for op in ("attention", "largest", "largest/reduction_indices")
    }
    np.testing.assert_allclose(modules.run(largest), [SOFTMAX[1]], rtol=1e-6)


def test_what_is_there_adds_nothing(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    x = tf.constant(ROW)
    output = module({"x": x})
    before = names(graph)
    assert module.tensor("hidden").name == "module_apply_default/hidden:0"
    assert module.tensor("module_apply_default/x:0") is x
    assert module.tensor("x") is x
    assert module.tensor(output.name) is output
    assert names(graph) == before


def test_what_depends_on_the_state_only(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    assert modules.run(module.tensor("module/squared:0")).tolist() == [1.0, 4.0]
    module({"x": ROW})
    for name in ("squared", "module/squared", "module_apply_default/squared:0"):
        assert modules.run(module.tensor(name)).tolist() == [1.0, 4.0]
    for name in ("w", "w:0", "module/w", "module/w:0"):
        assert modules.run(module.tensor(name)).tolist() == [1.0, 2.0]


def test_outside_of_any_call_placeholders_are_fed(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    masked, x, mask = (module.tensor(f"module/{name}:0") for name in ("masked", "x", "mask"))
    assert (masked.name, x.name, mask.name) == ("module/masked:0", "module/x:0", "module/mask:0")
    assert modules.run(masked, {x: [[1.0, 1.0]], mask: 3.0}).tolist() == [[3.0, 6.0]]
    # Even now a call has its own.
    module({"x": 2.0 * ROW})
    assert modules.run(module.tensor("hidden")).tolist() == [[2.0, 4.0]]
    assert modules.run(module.tensor("waits")).tolist() == [[2.0, 4.0]]


def test_the_call_that_is_meant(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    for factor in (1.0, 2.0, 3.0):
        module({"x": factor * ROW})
    for call, factor in ((0, 1.0), (module.applications[1], 2.0), (-1, 3.0), (None, 3.0)):
        assert modules.run(module.tensor("waits", call)).tolist() == [[factor, 2.0 * factor]]
    assert modules.run(module.tensor("module_apply_default_1/waits:0")).tolist() == [[2.0, 4.0]]


def test_scopes_and_several_modules(spec_of: SpecOf, graph: tf.Graph) -> None:
    spec = spec_of(attending)
    with tf1.variable_scope("outer"), tf1.name_scope("inner"):
        first, second = hub.Module(spec), hub.Module(spec)
        for module in (first, second):
            module({"x": ROW})
    with tf1.name_scope("elsewhere"), tf.device("/cpu:0"), tf.control_dependencies([tf.no_op()]):
        tensors = [module.tensor("attention") for module in (first, second)]
    for module, tensor in zip((first, second), tensors, strict=True):
        assert tensor.name == f"{module.applications[0].scope}/attention:0"
        assert module.tensor(tensor.name) is tensor
        assert not tensor.op.control_inputs
    with pytest.raises(KeyError, match="no op"):
        first.tensor(tensors[1].name)


def test_waits_for_what_is_there(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    module({"x": ROW})
    waits = module.tensor("waits")
    assert [op.name for op in waits.op.control_inputs] == ["module_apply_default/waited_for"]
    assert modules.run(waits).tolist() == [[1.0, 2.0]]


def test_control_edges_from_the_call_are_kept(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        v = tf1.get_variable("v", initializer=0.0, use_resource=True)
        with tf.control_dependencies([tf.group(v.assign_add(x), name="add")]):
            y = tf.identity(x, name="y")
            tf.identity(v.read_value(), name="after")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    y = module(5.0)
    after = module.tensor("after")
    assert modules.run([y, after]) == [5.0, 5.0]
    assert sum(op.type == "AssignAddVariableOp" for op in graph.get_operations()) == 1


def test_the_same_dropout_mask(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [100], name="x")
        dropped = tf.nn.dropout(x, rate=0.5, name="dropped")
        tf.identity(dropped + 0.0, name="same")
        hub.add_signature(inputs=x, outputs=dropped * 1.0)

    module = hub.Module(spec_of(module_fn))
    output = module(np.ones(100, np.float32))
    for value, same in (modules.run([output, module.tensor("same")]) for _ in range(2)):
        assert value.tolist() == same.tolist()
        assert 0 < (value == 0).sum() < 100
    assert sum(op.type == "RandomUniform" for op in graph.get_operations()) == 1


def test_update_ops_run_once(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        count = tf1.get_variable("count", initializer=0.0, use_resource=True)
        update = count.assign_add(1.0, name="update")
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf.identity(update + 0.0 * x, name="updated"))
        tf.identity(update + x, name="beside")
        hub.add_signature(inputs=x, outputs=x * 2.0)

    module = hub.Module(spec_of(module_fn), trainable=True)
    module(1.0)
    beside = module.tensor("beside")
    updates = tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)
    assert len(updates) == 1
    with modules.initialized_session() as session:
        assert session.run([*updates, beside]) == [1.0, 2.0]
        assert session.run(module.variable_map["count"]) == 1.0


@pytest.mark.parametrize("use_resource", [True, False])
def test_gradients(use_resource: bool, spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        with tf1.variable_scope("", use_resource=use_resource):
            w = tf1.get_variable("w", initializer=3.0)
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf.square(x, name="y")
        tf.multiply(y, w, name="loss")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn), trainable=True)
    x = tf.constant(2.0)
    module(x)
    loss = module.tensor("loss")
    gradients = tf1.gradients(loss, [x, module.tensor("y"), module.variable_map["w"]])
    assert modules.run([loss, *gradients]) == [12.0, 12.0, 3.0, 4.0]


def test_conds_and_loops(spec_of: SpecOf, graph: tf.Graph, control_flow: str) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf.identity(x * 2.0, name="y")
        chosen = tf1.cond(y > 3.0, lambda: y * 10.0, lambda: y)
        tf.identity(chosen, name="chosen")
        _, looped = tf1.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * y), [0, y])
        tf.identity(looped, name="looped")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    x = tf.constant(2.0)
    module(x)
    chosen, looped = module.tensor("chosen"), module.tensor("looped")
    gradients = tf1.gradients([chosen, looped], x)
    assert modules.run([chosen, looped, *gradients]) == [40.0, 256.0, 20.0 + 4 * 2.0 * 64.0]


def test_in_a_function(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))

    def function(x: Any) -> Any:
        module({"x": x})
        return module.tensor("attention"), module.tensor("squared")

    attention, squared = tf1.wrap_function(function, [tf.TensorSpec([None, 2], tf.float32)])(ROW)
    values = modules.run([attention, squared])
    np.testing.assert_allclose(values[0], [SOFTMAX], rtol=1e-6)
    assert values[1].tolist() == [1.0, 4.0]
    with pytest.raises(RuntimeError, match=r"made in the function '.*'.*module\.tensor"):
        module.tensor("largest")


def test_in_a_branch(spec_of: SpecOf, graph: tf.Graph, v1_control_flow: None) -> None:
    module = hub.Module(spec_of(attending))

    def branch() -> Any:
        module({"x": ROW})
        return module.tensor("attention")

    result = tf1.cond(tf1.placeholder_with_default(True, []), branch, lambda: tf.zeros([1, 2]))
    np.testing.assert_allclose(modules.run(result), [SOFTMAX], rtol=1e-6)
    with pytest.raises(RuntimeError, match="made in a cond or loop"):
        module.tensor("largest")
    module({"x": 0.0 * ROW})
    inside = tf1.cond(
        tf1.placeholder_with_default(True, []), lambda: module.tensor("attention"), lambda: result
    )
    assert modules.run(inside).tolist() == [[0.5, 0.5]]


def test_where_tensorflow_executes_eagerly(spec_of: SpecOf, needs_eager: None) -> None:
    with tf.Graph().as_default() as graph:
        module = hub.Module(spec_of(attending))
        module({"x": ROW})
    tensor = module.tensor("attention")
    with graph.as_default():
        np.testing.assert_allclose(modules.run(tensor), [SOFTMAX], rtol=1e-6)


def test_a_placeholder_that_is_no_input(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    module({"x": ROW})
    before = names(graph)
    message = (
        r"'masked:0' depends on the placeholder 'mask', which is not an input of signature 'default'.*"
        r"input of signature 'masked': call that one.*module\.tensor\('module/mask:0'\)"
    )
    with pytest.raises(KeyError, match=message):
        module.tensor("masked")
    assert names(graph) == before
    module({"x": ROW, "mask": 2.0}, signature="masked")
    assert modules.run(module.tensor("masked")).tolist() == [[2.0, 4.0]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("atention", "no op 'atention'. Did you mean 'attention'"),
        ("module/atention:0", "no op 'atention'. Did you mean 'attention'"),
        ("attention:1", "outputs of that op are called attention:0"),
        ("halves:2", "outputs of that op are called halves:0 to halves:1"),
        ("attention:x", "outputs of that op"),
        ("waited_for", "'waited_for' of the module has no outputs"),
        ("", "looks like 'op:0'"),
        (3, "looks like 'op:0'"),
        ("^attention", "no op"),
    ],
)
def test_names_that_are_not_there(name: Any, words: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(attending))
    module({"x": ROW})
    before = names(graph)
    with pytest.raises(KeyError, match=words) as caught:
        module.tensor(name)
    assert isinstance(caught.value, hub.HubError)
    assert names(graph) == before


def test_calls_that_are_not_there(spec_of: SpecOf, graph: tf.Graph) -> None:
    spec = spec_of(attending)
    module, other = hub.Module(spec), hub.Module(spec)
    with pytest.raises(KeyError, match=r"has not been called yet.*module\.tensor\('module/attention'\)"):
        module.tensor("attention")
    other({"x": ROW})
    module({"x": ROW})
    for call, words in (
        (1, "no call 1: it was called 1 times"),
        (other.applications[0], "not a call of module"),
    ):
        with pytest.raises(KeyError, match=words):
            module.tensor("attention", call)


def test_sparse_inputs(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        sparse = tf1.sparse_placeholder(tf.float32, [None, 2], name="sparse")
        total = tf.sparse.reduce_sum(sparse)
        tf.sparse.to_dense(sparse, name="dense")
        hub.add_signature(inputs=sparse, outputs=total)

    module = hub.Module(spec_of(module_fn))
    module(tf.SparseTensor([[0, 1]], [3.0], [1, 2]))
    assert modules.run(module.tensor("dense")).tolist() == [[0.0, 3.0]]


def test_colocation_with_what_is_there(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        v = tf1.get_variable("v", initializer=1.0)
        y = tf.identity(x + v, name="y")
        with tf1.colocate_with(y.op):
            tf.negative(y, name="beside_y")
        with tf1.colocate_with(v.op if not hasattr(v, "handle") else v.handle.op):
            tf.negative(v, name="beside_v")
        with tf1.colocate_with(x.op):
            tf.negative(x, name="beside_x")
        hub.add_signature(inputs=x, outputs=y)

    module = hub.Module(spec_of(module_fn))
    x = tf.constant(1.0, name="given")
    module(x)
    groups = {name: module.tensor(f"beside_{name}").op.colocation_groups() for name in ("y", "v", "x")}
    assert groups == {"y": [b"loc:@module_apply_default/y"], "v": [b"loc:@module/v"], "x": [b"loc:@given"]}


def test_training_and_export_go_on(spec_of: SpecOf, graph: tf.Graph, tmp_path: Any) -> None:
    module = hub.Module(spec_of(attending))
    module({"x": ROW})
    module.tensor("attention")
    module.tensor("module/masked:0")
    with modules.initialized_session() as session:
        module.export(str(tmp_path / "out"), session)
    assert modules.evaluate(hub.load_module_spec(str(tmp_path / "out")), {"x": ROW})["default"].tolist() == [
        3.0
    ]

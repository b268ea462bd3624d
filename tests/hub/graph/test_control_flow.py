"""Conds and loops: inside of modules, and around them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import control_flow_pb2

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
SpecOf = Callable[..., hub.ModuleSpec]
Body = Callable[[Any, Any], Any]

# Computations of a float x [] and a variable w [], in the words a module_fn or a user may use.


def _cond(x: Any, w: Any) -> Any:
    return tf1.cond(x > 0.0, lambda: x * w, lambda: x - w)


def _while(x: Any, w: Any) -> Any:
    """x * w ** 3."""
    return tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * w), [tf.constant(0), x])[1]


def _cond_in_while(x: Any, w: Any) -> Any:
    def body(i: Any, y: Any) -> Any:
        return i + 1, tf1.cond(i < 2, lambda: y * w, lambda: y + w * x)

    return tf1.while_loop(lambda i, _: i < 4, body, [tf.constant(0), x])[1]


def _while_in_cond(x: Any, w: Any) -> Any:
    return tf1.cond(x > 0.0, lambda: _while(x, w), lambda: _while(x + w, w) * 2.0)


def _while_in_while(x: Any, w: Any) -> Any:
    def body(i: Any, y: Any) -> Any:
        return i + 1, _while(y, w) + x

    return tf1.while_loop(lambda i, _: i < 2, body, [tf.constant(0), x])[1]


def _cond_in_cond(x: Any, w: Any) -> Any:
    return tf1.cond(x > 0.0, lambda: tf1.cond(x > 1.0, lambda: x * w, lambda: w), lambda: _cond(x + w, w))


def _tensor_array(x: Any, w: Any) -> Any:
    """A loop over a TensorArray, as dynamic RNNs are."""
    elements = tf.TensorArray(tf.float32, 3).unstack(tf.stack([x, x * 2.0, x * 3.0]))
    results = tf.TensorArray(tf.float32, 3)

    def body(i: Any, state: Any, done: Any) -> Any:
        state = state * w + elements.read(i)
        return i + 1, state, done.write(i, state)

    _, _, results = tf1.while_loop(lambda i, *_: i < 3, body, [tf.constant(0), tf.constant(1.0), results])
    return tf.reduce_sum(results.stack())


def _switch_case(x: Any, w: Any) -> Any:
    return tf1.case([(x > 1.0, lambda: x * w), (x > 0.0, lambda: x + w)], default=lambda: w * w)


COMPUTATIONS = [
    _cond,
    _while,
    _cond_in_while,
    _while_in_cond,
    _while_in_while,
    _cond_in_cond,
    _tensor_array,
    _switch_case,
]
POINTS = [-2.0, 0.5, 2.0]


@functools.cache
def _expected(compute: Body, x: float, w: float = 1.5) -> list[float]:
    """Value and gradients of a computation that has nothing to do with modules."""
    with tf.Graph().as_default():
        x_, w_ = tf.constant(x), tf1.get_variable("w", initializer=w, use_resource=True)
        y = compute(x_, w_)
        return [float(value) for value in modules.run([y, *_gradients(y, [x_, w_])])]


def _gradients(y: Any, sources: list[Any]) -> list[Any]:
    return [
        tf.zeros([]) if g is None else g
        for g in tf1.gradients(y, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    ]


def _module_fn(compute: Body, use_resource: bool = True) -> None:
    with tf1.variable_scope("", use_resource=use_resource):
        w = tf1.get_variable("w", initializer=1.5)
    x = tf1.placeholder(tf.float32, [], name="x")
    hub.add_signature(inputs=x, outputs=tf.identity(compute(x, w), name="y"))


@pytest.mark.parametrize("compute", COMPUTATIONS, ids=lambda f: f.__name__.strip("_"))
def test_inside_of_a_module(
    compute: Body, control_flow: str, use_resource: bool, tmp_path: Path, graph: tf.Graph
) -> None:
    spec = hub.create_module_spec(lambda: _module_fn(compute, use_resource))
    path = modules.export(spec, tmp_path / "module")
    module = hub.Module(path, trainable=True)
    x = tf1.placeholder(tf.float32, [])
    calls = []
    for _ in range(2):
        y = module(x)
        calls.append([y, *_gradients(y, [x, module.variables[0]])])
    with modules.initialized_session() as session:
        for point in POINTS:
            first, second = session.run(calls, {x: point})
            np.testing.assert_allclose(first, _expected(compute, point), rtol=1e-5)
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "compute", [_cond_in_while, _while_in_while], ids=["cond_in_while", "while_in_while"]
)
def test_a_spec_that_was_never_written(compute: Body, control_flow: str, graph: tf.Graph) -> None:
    module = hub.Module(hub.create_module_spec(lambda: _module_fn(compute)), trainable=True)
    x = tf.constant(2.0)
    y = module(x)
    np.testing.assert_allclose(
        modules.run([y, *_gradients(y, [x, module.variables[0]])]), _expected(compute, 2.0), rtol=1e-5
    )


def test_second_derivatives_of_a_cond(control_flow: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs=x, outputs=tf1.cond(x > 0.0, lambda: x**3.0, lambda: x))

    x = tf.constant(2.0)
    y = hub.Module(spec_of(module_fn))(x)
    (first,) = tf1.gradients(y, x)
    (second,) = tf1.gradients(first, x)
    assert modules.run([y, first, second]) == [8.0, 12.0, 12.0]


def test_contexts_join_the_collections_of_the_graph(
    v1_control_flow: None, spec_of: SpecOf, graph: tf.Graph
) -> None:
    module = hub.Module(spec_of(lambda: _module_fn(_while_in_cond)))
    assert not graph.get_collection("cond_context")
    module(1.0)
    once = [len(graph.get_collection(key)) for key in ("cond_context", "while_context")]
    module(1.0)
    assert [len(graph.get_collection(key)) for key in ("cond_context", "while_context")] == [
        2 * number for number in once
    ]
    assert once[0] >= 1


def test_a_module_of_modules_with_loops(control_flow: str, tmp_path: Path, graph: tf.Graph) -> None:
    """Contexts survive being written, loaded, wrapped, written and loaded again."""
    inner = modules.export(hub.create_module_spec(lambda: _module_fn(_cond_in_while)), tmp_path / "inner")

    def outer_fn() -> None:
        inside = hub.Module(inner, trainable=True)
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs=x, outputs=inside(x) * 2.0)

    outer = modules.export(hub.create_module_spec(outer_fn), tmp_path / "outer")
    module = hub.Module(outer, trainable=True)
    x = tf.constant(2.0)
    y = module(x)
    expected = [2.0 * value for value in _expected(_cond_in_while, 2.0)]
    np.testing.assert_allclose(
        modules.run([y, *_gradients(y, [x, module.variables[0]])]), expected, rtol=1e-5
    )


def test_contexts_as_old_tensorflow_wrote_them(
    v1_control_flow: None, tmp_path: Path, graph: tf.Graph
) -> None:
    """Before 1.9 each nested context stood in the collection by itself, and none held others."""
    path = modules.export(hub.create_module_spec(lambda: _module_fn(_cond_in_while)), tmp_path / "module")
    classes = {
        "cond_context": control_flow_pb2.CondContextDef,
        "while_context": control_flow_pb2.WhileContextDef,
    }
    with modules.edited(path) as saved_model:
        collections = saved_model.meta_graphs[0].collection_def
        flat: dict[str, list[bytes]] = {key: [] for key in classes}
        for key, proto_class in classes.items():
            for value in collections[key].bytes_list.value:
                _flatten(proto_class.FromString(value), flat)
        for key, values in flat.items():
            collections[key].bytes_list.value[:] = values
    assert len(flat["cond_context"]) == 2
    module = hub.Module(path, trainable=True)
    x = tf.constant(2.0)
    for _ in range(2):
        y = module(x)
        np.testing.assert_allclose(modules.run(y), _expected(_cond_in_while, 2.0)[0], rtol=1e-5)


def test_frames_that_are_not_named_after_their_contexts(
    v1_control_flow: None, tmp_path: Path, graph: tf.Graph
) -> None:
    """Gradients put their own nodes into the frame by the name of the context."""
    path = modules.export(hub.create_module_spec(lambda: _module_fn(_while)), tmp_path / "module")
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            if "frame_name" in node.attr:
                node.attr["frame_name"].s = b"another frame"
    module = hub.Module(path, trainable=True)
    x = tf.constant(2.0)
    for _ in range(2):
        y = module(x)
        values = modules.run([y, *_gradients(y, [x, module.variables[0]])])
        np.testing.assert_allclose(values, _expected(_while, 2.0), rtol=1e-5)


def _flatten(proto: Any, flat: dict[str, list[bytes]]) -> None:
    for wrapper in proto.nested_contexts:
        _flatten(getattr(wrapper, wrapper.WhichOneof("ctxt")), flat)
    del proto.nested_contexts[:]
    key = "while_context" if isinstance(proto, control_flow_pb2.WhileContextDef) else "cond_context"
    flat[key].append(proto.SerializeToString())


def test_only_the_loops_of_the_signature(v1_control_flow: None, spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        _module_fn(_while)
        hub.add_signature("plain", inputs=(x := tf1.placeholder(tf.float32, [], name="z")), outputs=x + 1.0)

    module = hub.Module(spec_of(module_fn))
    x = tf.constant(1.0)
    added = modules.new_ops(graph, lambda: module(x, signature="plain"))
    assert sorted(op.type for op in added) == ["AddV2", "Const"]
    assert not graph.get_collection("while_context")


def test_the_condition_itself_is_an_input(control_flow: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        w = tf1.get_variable("w", initializer=1.5)
        training = tf1.placeholder(tf.bool, [], name="training")
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf1.cond(training, lambda: x * w, lambda: x)
        hub.add_signature(inputs={"x": x, "training": training}, outputs=y)

    module = hub.Module(spec_of(module_fn), trainable=True)
    w = module.variables[0]
    x = tf.constant(2.0)
    results = []
    for training in (True, False, tf1.placeholder_with_default(True, [])):
        y = module({"x": x, "training": training})
        results.append([y, *_gradients(y, [x, w])])
    assert modules.run(results) == [[3.0, 1.5, 2.0], [2.0, 1.0, 0.0], [3.0, 1.5, 2.0]]


def test_update_ops_inside_of_a_cond(control_flow: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        mean = tf1.get_variable("mean", initializer=0.0, trainable=False)
        x = tf1.placeholder(tf.float32, [], name="x")
        update = tf1.cond(x > 0.0, lambda: mean.assign(x).read_value(), mean.read_value)
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update.op)
        hub.add_signature(inputs=x, outputs=x - mean)

    module = hub.Module(spec_of(module_fn), trainable=True)
    module(4.0)
    with modules.initialized_session() as session:
        session.run(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS))
        assert session.run(module.variables) == [4.0]


# A module applied inside of the user's conds and loops.


def _modules_for(use_resource: bool, inner: str, tmp_path: Path) -> str:
    compute: Body = {"plain": lambda x, w: x * w + 1.0, "cond": _cond, "while": _while}[inner]
    spec = hub.create_module_spec(lambda: _module_fn(compute, use_resource))
    return modules.export(spec, tmp_path / "module")


def _plain(inner: str) -> Body:
    bodies: dict[str, Body] = {"plain": lambda x, w: x * w + 1.0, "cond": _cond, "while": _while}
    return bodies[inner]


def _around(kind: str, apply: Callable[[Any], Any], x: Any) -> Any:
    """The user's control flow around something that is applied to a float."""
    if kind == "cond":
        return tf1.cond(x > 0.0, lambda: apply(x), lambda: apply(x * 2.0) - 1.0)
    if kind == "while":
        return tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, apply(y)), [tf.constant(0), x])[1]
    if kind == "cond_in_while":

        def body(i: Any, y: Any) -> Any:
            return i + 1, tf1.cond(i < 1, lambda: apply(y), lambda: y + apply(x))

        return tf1.while_loop(lambda i, _: i < 3, body, [tf.constant(0), x])[1]
    raise NotImplementedError(kind)


@pytest.mark.parametrize("inner", ["plain", "cond", "while"])
@pytest.mark.parametrize("kind", ["cond", "while", "cond_in_while"])
def test_applied_inside(  # noqa: PLR0917 - pytest passes them by name
    kind: str, inner: str, control_flow: str, use_resource: bool, tmp_path: Path, graph: tf.Graph
) -> None:
    module = hub.Module(_modules_for(use_resource, inner, tmp_path), trainable=True)
    x = tf1.placeholder(tf.float32, [])
    y = _around(kind, module, x)
    results = [y, *_gradients(y, [x, module.variables[0]])]
    with modules.initialized_session() as session:
        for point in (-0.5, 0.5):
            expected = _expected(lambda x, w: _around(kind, lambda y: _plain(inner)(y, w), x), point)
            np.testing.assert_allclose(session.run(results, {x: point}), expected, rtol=1e-4)


@pytest.mark.parametrize("kind", ["cond", "while"])
def test_built_inside(
    kind: str, use_resource: bool, v1_control_flow: None, tmp_path: Path, graph: tf.Graph
) -> None:
    """A Module made in a branch or body: its state stays outside."""
    path = _modules_for(use_resource, "plain", tmp_path)

    def apply(value: Any) -> Any:
        return hub.Module(path, trainable=True)(value)

    x = tf.constant(0.5)
    y = _around(kind, apply, x)
    assert modules.run(y) == _expected(lambda x, w: _around(kind, lambda y: y * w + 1.0, x), 0.5)[0]
    for variable in tf1.global_variables():
        assert tf1.gradients(y, variable)[0] is not None


def test_trained_inside_of_a_loop(
    control_flow: str, use_resource: bool, spec_of: SpecOf, graph: tf.Graph
) -> None:
    module = hub.Module(spec_of(lambda: _module_fn(_plain("plain"), use_resource)), trainable=True)
    y = _around("while", module, tf.constant(1.0))
    step = tf1.train.GradientDescentOptimizer(0.01).minimize(y)
    with modules.initialized_session() as session:
        before = session.run(y)
        session.run(step)
        assert session.run(y) < before


def test_tables_inside_of_a_loop(control_flow: str, spec_of: SpecOf, tmp_path: Path, graph: tf.Graph) -> None:
    file = tmp_path / "words.txt"
    file.write_text("a\nb\nc\n")
    module = hub.Module(spec_of(modules.lookup, [((), {"vocabulary": str(file)})]))
    total = tf1.while_loop(
        lambda i, _: i < 3,
        lambda i, t: (i + 1, t + tf.reduce_sum(module(tf.constant(["b", "c"])))),
        [tf.constant(0), tf.constant(0, tf.int64)],
    )[1]
    assert modules.run(total) == 9


def test_partitioned_variables_inside_of_a_cond(control_flow: str, spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(modules.partitioned), trainable=True)
    y = tf1.cond(
        tf1.placeholder_with_default(True, []),
        lambda: tf.reduce_sum(module(as_dict=True)["s"]),
        lambda: tf.constant(0.0),
    )
    gradients = tf1.gradients(y, module.variable_map["scope/s"])
    assert modules.run(y) == 56.0
    assert [value.tolist() for value in modules.run(gradients)] == [[[1.0, 1.0]] * 2] * 2


def test_colocation_inside_of_a_loop(v1_control_flow: None, spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(lambda: _module_fn(_plain("plain"), False)))
    constraints = []

    def body(i: Any, y: Any) -> Any:
        result = module(y)
        constraints.extend(result.op.inputs[0].op.colocation_groups())
        return i + 1, result

    y = tf1.while_loop(lambda i, _: i < 2, body, [tf.constant(0), tf.constant(1.0)])[1]
    assert modules.run(y) == 4.75
    assert all(group.decode()[5:] in {op.name for op in graph.get_operations()} for group in constraints)

"""Inlined graphs compute what TensorFlow computes with the calls in place: values, gradients, effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.inlining import CALLS, Inlined, inline
from hubexplore.summary.graph.messages import GraphDef
from tests.hub.called_functions import compiled, defun
from tests.summary.graph.functions.nested_functions import CALLS as WAYS
from tests.summary.graph.functions.nested_functions import FLOAT, Library, add

tf1 = tf.compat.v1
X = np.array([[0.5, 1.0], [2.0, -1.0]], np.float32)


def _graph(build: Callable[[tf.Tensor], Any]) -> tuple[Any, list[str]]:
    """The GraphDef of a function of one float32 [2, 2] placeholder `x`, and the names of its results."""
    with tf.Graph().as_default() as graph:
        results = build(tf1.placeholder(tf.float32, [2, 2], name="x"))
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        return graph.as_graph_def(), [result.name for result in results]


def _flat(graph_def: Any, **scopes: str) -> tuple[Inlined, Any]:
    """What was inlined, and as a GraphDef of TensorFlow; the original stays as it was."""
    before = graph_def.SerializeToString(deterministic=True)
    inlined = inline(graph_def, scopes or None)
    assert graph_def.SerializeToString(deterministic=True) == before
    flat = type(graph_def)()
    flat.versions.CopyFrom(graph_def.versions)
    flat.node.extend(inlined.nodes)
    flat.library.function.extend(inlined.functions)
    called = {function.signature.name for function in inlined.functions}
    assert not [node.name for node in flat.node if node.op in CALLS or node.op in called]
    assert len({node.name for node in flat.node}) == len(flat.node)
    return inlined, flat


def _run(graph_def: Any, names: list[str], runs: int = 1, gradients: bool = False) -> list[Any]:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        fetched: list[Any] = list(names)
        if gradients:
            sources = [graph.get_tensor_by_name(name) for name in names]
            fetched += tf1.gradients(sources, [graph.get_tensor_by_name("x:0")])
        with tf1.Session() as session:
            for name in ("init", "init_1"):
                if name in {op.name for op in graph.get_operations()}:
                    session.run(name)
            values: list[list[Any]] = [session.run(fetched, {"x:0": X}) for _ in range(runs)]
            return values[-1]


def _assert_equal(build: Callable[[tf.Tensor], Any], *, runs: int = 1, gradients: bool = False) -> Inlined:
    graph_def, names = _graph(build)
    inlined, flat = _flat(graph_def)
    expected = _run(graph_def, names, runs, gradients)
    found = _run(flat, [inlined.tensors.get(name, name) for name in names], runs, gradients)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    return inlined


def _nested(x: tf.Tensor) -> Any:
    @compiled
    def inner(a: Any, b: Any) -> Any:
        return tf.sin(a, name="wave") * b, a

    @compiled
    def outer(a: Any) -> Any:
        with tf.name_scope("head"):
            first, same = inner(a, a + 1.0)
        return inner(first, same)

    return [*outer(x), outer(x * 2.0)[0]]


def _by_name(x: tf.Tensor) -> Any:
    @defun(tf.float32, tf.float32)
    def both(a: Any, b: Any) -> Any:
        return tf.matmul(a, b, name="product"), tf.identity(a)

    first, second = both(x, x + 1.0, name="one")
    third, _ = both(first, second, name="two")
    return [third, second]


def _several_outputs(x: tf.Tensor) -> Any:
    @compiled
    def parts(a: Any) -> Any:
        values, indices = tf.nn.top_k(a, 2, name="best")
        left, right = tf.split(a, 2, axis=1)
        mean, variance = tf.nn.moments(a, [0])
        return values, tf.cast(indices, tf.float32), right - left, mean, variance

    return parts(x)


def _unchanged(x: tf.Tensor) -> Any:
    @compiled
    def swapped(a: Any, b: Any) -> Any:
        return b, a

    first, second = swapped(x, x * 2.0)
    return [*swapped(second, first)]


def _many(x: tf.Tensor) -> Any:
    @compiled
    def layer(a: Any) -> Any:
        return tf.tanh(a, name="act") + 0.5

    for _ in range(20):
        x = layer(x)
    return x


def _in_loops(x: tf.Tensor) -> Any:
    @compiled
    def step(a: Any) -> Any:
        return tf.square(a) * 0.25 + 1.0

    looped = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, step(v)), [tf.constant(0), x])[1]
    return tf.cond(tf.reduce_sum(looped) > 0.0, lambda: step(looped), lambda: looped)


def _in_functions_with_loops(x: tf.Tensor) -> Any:
    return compiled(_in_loops)(x)


@pytest.mark.parametrize(
    "build",
    [_nested, _by_name, _several_outputs, _unchanged, _many, _in_loops, _in_functions_with_loops],
    ids=lambda build: build.__name__,
)
def test_values(build: Callable[[tf.Tensor], Any]) -> None:
    _assert_equal(build)


@pytest.mark.parametrize("build", [_nested, _many, _unchanged], ids=lambda build: build.__name__)
def test_gradients(build: Callable[[tf.Tensor], Any]) -> None:
    _assert_equal(build, gradients=True)


def test_loops_and_conds_of_tf1() -> None:
    """Constants in a body run in the frame, or in the branch, of the call."""

    def build(x: tf.Tensor) -> Any:
        @defun(tf.float32)
        def step(a: Any) -> Any:
            return tf.add(tf.multiply(a, tf.constant(0.5)), tf.fill([2, 2], 1.0))

        def body(i: Any, v: Any) -> Any:
            return i + 1, tf.ensure_shape(step(v, name="step"), [2, 2])

        looped = tf1.while_loop(lambda i, _: i < 3, body, [tf.constant(0), x])[1]
        return tf1.cond(
            tf.reduce_sum(x) > 0.0, lambda: step(looped, name="yes"), lambda: step(x, name="no") * 3.0
        )

    was_v2 = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        graph_def, names = _graph(build)
    finally:
        if was_v2:
            tf1.enable_control_flow_v2()
    assert {"Enter", "Switch"} <= {node.op for node in graph_def.node}
    _, flat = _flat(graph_def)
    np.testing.assert_allclose(_run(flat, names), _run(graph_def, names), rtol=1e-6)


def test_effects_happen_in_order_and_once() -> None:
    """A variable that functions change: each run changes it as often as with the calls in place."""

    def build(x: tf.Tensor) -> Any:
        count = tf1.get_variable("count", initializer=1.0, use_resource=True)

        @compiled
        def inner() -> Any:
            count.assign(count * 2.0)
            return tf.constant(5.0)

        @compiled
        def changing(a: Any) -> Any:
            before = count.read_value()
            count.assign_add(3.0)
            unused = inner()
            del unused
            return a + before, count.read_value()

        moved, after = changing(x)
        with tf.control_dependencies([moved]):
            outside = count.read_value()
        tf1.global_variables_initializer()
        return moved, after, outside

    for runs in (1, 2, 3):
        _assert_equal(build, runs=runs)


def test_who_waits_for_a_call_waits_for_its_effects() -> None:
    def build(x: tf.Tensor) -> Any:
        count = tf1.get_variable("count", initializer=1.0, use_resource=True)

        @compiled
        def changing() -> Any:
            count.assign_add(3.0)

        with tf.control_dependencies([count.assign_add(10.0)]):
            call = changing()
        operations = tf1.get_default_graph().get_operations()
        call = next(op for op in operations if op.type in CALLS)
        with tf.control_dependencies([call]):
            result = count.read_value()
        tf1.global_variables_initializer()
        return result + tf.reduce_sum(x) * 0.0

    inlined = _assert_equal(build, runs=2)
    assert [len(nodes) for nodes in inlined.controls.values()] == [1]


def test_an_assertion_in_a_body_still_fails() -> None:
    def build(x: tf.Tensor) -> Any:
        @compiled
        def checked(a: Any) -> Any:
            tf.debugging.assert_less(a, 0.0, message="too large")
            return a * 2.0

        return checked(x)

    graph_def, names = _graph(build)
    inlined, flat = _flat(graph_def)
    for graph, name in ((graph_def, names[0]), (flat, inlined.tensors.get(names[0], names[0]))):
        with pytest.raises(tf.errors.InvalidArgumentError, match="too large"):
            _run(graph, [name])


def test_lists_and_attributes_of_a_function() -> None:
    """Types that the call says: "$T", and how many tensors a list of arguments has."""
    graph_def = tf1.GraphDef()
    body = graph_def.library.function.add()
    body.signature.name = "total"
    body.signature.attr.add(name="T", type="type")
    body.signature.attr.add(name="N", type="int")
    body.signature.input_arg.add(name="xs", type_attr="T", number_attr="N")
    body.signature.output_arg.add(name="y", type_attr="T")
    node = body.node_def.add(name="sum", op="AddN", input=["xs:0", "xs:1", "xs:0"])
    node.attr["T"].placeholder = "T"
    node.attr["N"].i = 3
    body.ret["y"] = "sum:sum:0"
    add(graph_def.node, "x", "Placeholder", [], dtype=FLOAT)
    add(graph_def.node, "two", "Add", ["x", "x"], T=FLOAT)
    call = graph_def.node.add(name="call", op="total", input=["x", "two"])
    call.attr["T"].type = FLOAT
    call.attr["N"].i = 2
    inlined, flat = _flat(graph_def)
    assert inlined.tensors == {"call:0": "call/sum:0"}
    np.testing.assert_allclose(_run(flat, ["call/sum:0"])[0], 4 * X)


def test_names() -> None:
    """Paths of calls, without what only says that it is a call; a number where names meet."""
    library = Library(GraphDef())
    add(library.function("inner"), "out", "Neg", ["x"], T=FLOAT)
    library.graph_def.library.function[0].ret["y"] = "out:y:0"
    outer = library.function("outer")
    library.call(outer, "dense/PartitionedCall", "x", "inner", "PartitionedCall")
    library.call(outer, "named", "dense/PartitionedCall:output:0", "inner", "name")
    add(outer, "out", "Identity", ["named:y:0"], T=FLOAT)
    nodes = library.graph_def.node
    add(nodes, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes, "PartitionedCall", "x", "outer", "PartitionedCall")
    library.call(nodes, "model/StatefulPartitionedCall_7", "x", "outer", "StatefulPartitionedCall")
    library.call(nodes, "PartitionedCall_1", "x", "outer", "PartitionedCall")
    inlined, _ = _flat(library.graph_def)
    names = {node.name for node in inlined.nodes}
    assert {"dense/out", "named/out", "out", "model/dense/out", "model/named/out", "model/out"} <= names
    assert inlined.scopes["model/dense"] == "inner"
    assert inlined.scopes["model"] == "outer"
    assert inlined.tensors["PartitionedCall:0"] == "out:0"
    assert len(inlined.nodes) == 1 + 3 * 3
    assert [node.name for node in inline(library.graph_def).nodes] == [node.name for node in inlined.nodes]


def test_given_scopes_and_what_is_not_changed() -> None:
    library = Library(GraphDef())
    add(library.function("f"), "out", "Identity", ["x"], T=FLOAT)
    nodes = library.graph_def.node
    add(nodes, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes, "call", "x", "f", "PartitionedCall")
    inlined, _ = _flat(library.graph_def, call="")
    assert [node.name for node in inlined.nodes] == ["x", "out"]
    assert inlined.nodes[0] is nodes[0] or inlined.nodes[0] == nodes[0]


@pytest.mark.parametrize("way", ["If", "While", "Case"])
def test_calls_inside_bodies_that_stay_are_calls(way: str) -> None:
    library = Library(GraphDef())
    add(library.function("inner"), "out", "Identity", ["x"], T=FLOAT)
    library.call(library.function("body"), "out", "x", "inner", "PartitionedCall")
    nodes = library.graph_def.node
    add(nodes, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes, "node", "x", "body", way)
    inlined = inline(library.graph_def)
    assert {"body", "inner"} <= {function.signature.name for function in inlined.functions}
    assert [node.op for node in inlined.nodes if node.name == "node"] == [way]


@pytest.mark.parametrize("way", [way for way in WAYS if way in CALLS])
def test_recursion_and_bombs_are_refused(way: str) -> None:
    library = Library(GraphDef())
    for number in range(30):
        body = library.function(f"f{number}")
        for name in ("left", "right"):
            library.call(body, name, "x", f"f{(number + 1) % 30 if number == 29 else number + 1}", way)
        add(body, "out", "Identity", ["left:output:0"], T=FLOAT)
    nodes = library.graph_def.node
    add(nodes, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes, "call", "x", "f0", way)
    with pytest.raises(DamagedModuleError, match="calls itself"):
        inline(library.graph_def)
    del library.graph_def.library.function[29].node_def[:]
    add(library.graph_def.library.function[29].node_def, "out", "Identity", ["x"], T=FLOAT)
    with pytest.raises(DamagedModuleError, match="unfolds to"):
        inline(library.graph_def)


def test_damaged_calls() -> None:
    library = Library(GraphDef())
    body = library.function("f", "x")
    del body[:]
    nodes = library.graph_def.node
    library.call(nodes, "one", "two", "f", "PartitionedCall")
    library.call(nodes, "two", "one", "f", "PartitionedCall")
    with pytest.raises(DamagedModuleError, match="own arguments"):
        inline(library.graph_def)
    del nodes[1].input[:]
    with pytest.raises(DamagedModuleError, match="'two'"):
        inline(library.graph_def)

"""Ops that a format lacks are named, and the cut past them leaves what computes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.summary.graph.messages import GraphDef
from hubexplore.summary.graph.ops.op_definitions import known_ops
from hubexplore.summary.portability import litert, onnx
from hubexplore.summary.portability.cut_advice import CutAdvice, advise, kept_nodes
from hubexplore.summary.portability.obstacles import (
    Obstacle,
    Reason,
    SignatureGraph,
    find_obstacles,
    signature_graph,
)

tf1 = tf.compat.v1


def found(
    build: Callable[[], None], reason: Reason, name: str = "default"
) -> tuple[tuple[Obstacle, ...], CutAdvice | None]:
    """The obstacles of a signature, and the cut past them."""
    graph = graph_of(build, name)
    obstacles, anchors = find_obstacles(graph, reason)
    return obstacles, advise(graph, anchors)


def graph_of(build: Callable[[], None], name: str = "default") -> SignatureGraph:
    summary = hub.create_module_spec(build).summary()
    (variant,) = summary.variants
    signature = next(one for one in variant.signatures if one.name == name)
    assert summary.source is not None
    graph = signature_graph(summary.source.meta_graphs[variant.tags], signature)
    assert graph is not None
    return graph


def dense(x: tf.Tensor, name: str, size: int = 4) -> tf.Tensor:
    w = tf1.get_variable(name, [x.shape[-1], size])
    return tf.nn.relu(tf.nn.bias_add(x @ w, tf.ones(size)), name=name)


def ids(words: tf.Tensor) -> tf.Tensor:
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(list("abc"), tf.range(3, dtype=tf.int64)), 0
    )
    return table.lookup(words)


def numbers_only() -> None:
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    hub.add_signature(inputs=x, outputs=dense(dense(x, "one"), "two"))


@pytest.mark.parametrize("reason", [onnx.reason, litert.reason])
def test_nothing_to_say(reason: Reason) -> None:
    assert found(numbers_only, reason)[0] == ()


def lookup_before() -> None:
    words = tf1.placeholder(tf.string, [None, 3], name="words")
    embedded = tf.gather(tf1.get_variable("table", [3, 4]), ids(words), name="embedded")
    flat = tf.reshape(embedded, [-1, 12])
    hub.add_signature(inputs=words, outputs=dense(dense(flat, "one"), "two"))


def test_the_lookup_goes_with_what_is_before_it() -> None:
    obstacles, cut = found(lookup_before, litert.reason)
    assert [(one.op, one.reason, one.count) for one in obstacles] == [("LookupTableFindV2", litert.TABLES, 1)]
    assert cut is not None
    assert list(cut.inputs.values()) == [f"{obstacles[0].nodes[0]}:0"]
    assert cut.outputs == {"default": "two_1:0"}
    assert cut.kept > cut.lost


def test_a_cut_does_not_keep_what_it_only_waits_for() -> None:
    def build() -> None:
        words = tf1.placeholder(tf.string, [None, 3], name="words")
        looked_up = ids(words)
        embedded = tf.gather(tf1.get_variable("table", [3, 4]), looked_up, name="embedded")
        with tf.control_dependencies([looked_up]):
            hub.add_signature(inputs=words, outputs=tf.tanh(embedded, name="out"))

    graph = graph_of(build)
    lookup = next(name for name, node in graph.nodes.items() if node.op == "LookupTableFindV2")
    advice = CutAdvice({"embedded": "embedded:0"}, {"default": "out:0"}, 1, 2)
    assert f"^{lookup}" in graph.nodes["out"].input
    assert kept_nodes(graph, advice) == {"out"}


def test_onnx_has_such_a_table() -> None:
    assert found(lookup_before, onnx.reason)[0] == ()


def test_names_of_classes_go_with_what_is_after_them() -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        scores = tf.nn.softmax(dense(dense(x, "one"), "two"), name="scores")
        label = tf.strings.as_string(tf.argmax(scores, 1, name="best"), name="label")
        hub.add_signature(inputs={"x": x}, outputs={"label": label, "scores": scores})

    obstacles, cut = found(build, litert.reason)
    assert [one.op for one in obstacles] == ["AsString"]
    assert cut is not None
    assert cut.inputs == {"x": "x:0"}
    assert cut.outputs == {"scores": "scores:0", "best": "best:0"}


def test_many_features_are_cut_where_they_are_one() -> None:
    def build() -> None:
        parts = {name: tf1.placeholder(tf.string, [None], name=name) for name in "abcde"}
        columns = [tf.strings.to_number(part, name=f"number_{name}") for name, part in parts.items()]
        together = tf.stack(columns, 1, name="together")
        hub.add_signature(inputs=parts, outputs=dense(dense(dense(together, "one"), "two"), "three"))

    obstacles, cut = found(build, litert.reason)
    assert [(one.op, one.count, one.reason) for one in obstacles] == [("StringToNumber", 5, litert.STRINGS)]
    assert cut is not None
    assert cut.inputs == {"together": "together:0"}


def test_a_loop_goes_as_a_whole() -> None:
    def build() -> None:
        x = tf1.placeholder(tf.string, [None], name="x")
        lengths = tf.map_fn(tf.strings.length, x, fn_output_signature=tf.int32)
        numbers = tf.reshape(tf.cast(lengths, tf.float32), [-1, 1], name="numbers")
        hub.add_signature(inputs=x, outputs=dense(dense(numbers, "one"), "two"))

    was_v2 = tf1.control_flow_v2_enabled()
    try:
        for set_control_flow in (tf1.disable_control_flow_v2, tf1.enable_control_flow_v2):
            set_control_flow()
            obstacles, cut = found(build, litert.reason)
            assert "StringLength" in [one.op for one in obstacles]
            assert cut is not None
            (tensor,) = cut.inputs.values()
            assert "while" not in tensor
            assert cut.outputs == {"default": "two_1:0"}
    finally:
        (tf1.enable_control_flow_v2 if was_v2 else tf1.disable_control_flow_v2)()


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_litert_has_no_embeddings_of_sparse_ids(combiner: str) -> None:
    def bags() -> None:
        ids = tf1.sparse_placeholder(tf.int64, [None, None])
        table = tf1.get_variable("table", [10, 4])
        hub.add_signature(
            inputs=ids, outputs=tf1.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner)
        )

    (obstacle,), _ = found(bags, litert.reason)
    assert obstacle.op.startswith("SparseSegment")


def test_a_lookup_before_a_loop_is_cut_before_the_loop() -> None:
    def recurrent() -> None:
        words = tf1.placeholder(tf.string, [None, None], name="words")
        embedded = tf.gather(tf1.get_variable("table", [3, 4]), ids(words), name="embedded")
        steps = tf.shape(words)[1]
        w = tf1.get_variable("w", [4, 4])

        def step(i: Any, h: Any) -> Any:
            return i + 1, tf.tanh(h @ w + embedded[:, i])

        _, state = tf1.while_loop(
            lambda i, _: i < steps,
            step,
            [0, tf.zeros([tf.shape(words)[0], 4])],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 4])],
        )
        # As of a language model, whose layers are outputs too: the front cannot move past the first.
        hub.add_signature(inputs=words, outputs={"default": state, "embedded": embedded})

    with tf.Graph().as_default():
        is_new = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        obstacles, advice = found(recurrent, litert.reason)
    finally:
        if is_new:
            tf1.enable_control_flow_v2()
    assert [one.op for one in obstacles] == ["LookupTableFindV2"]
    assert advice is not None
    assert set(advice.outputs) == {"default", "embedded"}
    assert not [tensor for tensor in advice.inputs.values() if tensor.startswith("while/")]


@pytest.fixture
def control_flow_v1() -> Iterator[None]:
    with tf.Graph().as_default():
        is_new = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    yield
    if is_new:
        tf1.enable_control_flow_v2()


def recurrent(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The last state [rows, 8] and all states of a cell over x [rows, steps, 8], in a loop of TF1."""
    steps, rows = tf.shape(x)[1], tf.shape(x)[0]
    taken = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    states = tf.TensorArray(tf.float32, steps, element_shape=[None, 8])
    w = tf1.get_variable("cell", [16, 8], initializer=tf1.constant_initializer(0.1))

    def step(i: Any, h: Any, states: Any) -> Any:
        h = tf.tanh(tf.concat([taken.read(i), h], 1) @ w)
        return i + 1, h, states.write(i, h)

    _, h, states = tf1.while_loop(lambda i, *_: i < steps, step, [0, tf.zeros([rows, 8]), states])
    every = tf.transpose(states.stack(), [1, 0, 2])
    every.set_shape([None, None, 8])
    return h, every


def wide(x: tf.Tensor, name: str, count: int) -> tf.Tensor:
    """Layers on each step."""
    for number in range(count):
        w = tf1.get_variable(f"{name}{number}", [8, 8], initializer=tf1.constant_initializer(0.1))
        x = tf.nn.relu(tf.tensordot(x, w, 1), name=f"{name}_{number}")
        x.set_shape([None, None, 8])
    return x


def of_lists(node: Any) -> str:
    return "no lists" if node.op.startswith("TensorArray") else litert.reason(node)


@pytest.mark.usefixtures("control_flow_v1")
@pytest.mark.parametrize(
    ("layers", "inputs", "outputs"),
    [
        ([0, 6], ["loop_1/TensorArrayStack/TensorArrayGatherV3:0"], ["default"]),
        # Not the sizes that the loop counts up to, nor the state that it begins with.
        ([6, 0], ["x:0"], ["transpose"]),
        ([6, 1], ["x:0"], ["transpose"]),
        # All outputs are worth twice as much.
        ([3, 2], ["loop_1/TensorArrayStack/TensorArrayGatherV3:0"], ["default"]),
        ([1, 6, 1], ["loop_1/TensorArrayStack/TensorArrayGatherV3:0"], ["transpose"]),
        # The second loop has less before than after it, but goes with what is after it.
        ([0, 6, 5, 2], ["loop_1/TensorArrayStack/TensorArrayGatherV3:0"], ["transpose"]),
        ([0, 0], None, None),
    ],
)
def test_the_cut_keeps_what_is_most(
    layers: list[int], inputs: list[str] | None, outputs: list[str] | None
) -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None, None, 8], name="x")
        y = wide(x, "layers_0", layers[0])
        for number, count in enumerate(layers[1:], 1):
            with tf1.variable_scope(f"loop_{number}"):
                _, y = recurrent(y)
            y = wide(y, f"layers_{number}", count)
        hub.add_signature(inputs=x, outputs=y)

    _, advice = found(build, of_lists)
    if inputs is None or outputs is None:
        assert advice is None
        return
    assert advice is not None
    assert (list(advice.inputs.values()), list(advice.outputs)) == (inputs, outputs)
    spec = hub.create_module_spec(build)
    cut = spec.cut(inputs=dict(advice.inputs), outputs=dict(advice.outputs), of="default", check=True)
    assert cut.checked.largest_difference == 0
    ops = {node.op for node in cut.variant(()).meta_graph.graph_def.node}
    assert not [op for op in ops if op.startswith("TensorArray")]


@pytest.mark.usefixtures("control_flow_v1")
def test_what_follows_a_loop_in_a_loop_is_no_place_for_a_cut() -> None:
    def build() -> None:
        x = tf1.placeholder(tf.float32, [None, 8], name="x")

        def step(i: Any, y: Any) -> Any:
            with tf1.variable_scope("cell", reuse=tf1.AUTO_REUSE):
                h, _ = recurrent(tf.tile(y[:, None], [1, 3, 1]))
            for _ in range(9):
                h = tf.sin(h)
            return i + 1, h

        invariants = [tf.TensorShape([]), tf.TensorShape([None, 8])]
        _, y = tf1.while_loop(lambda i, _: i < 2, step, [0, x], shape_invariants=invariants)
        hub.add_signature(inputs=x, outputs=tf.tanh(tf.exp(y)))

    _, advice = found(build, of_lists)
    assert advice is not None
    assert (list(advice.inputs.values()), list(advice.outputs)) == (["while/Exit_1:0"], ["default"])


def written(nodes: Mapping[str, tuple[str, ...]], outputs: dict[str, str]) -> SignatureGraph:
    """A graph of float ops, all of which compute, each with its inputs; "x" is the input."""
    graph = GraphDef()
    for name, inputs in nodes.items():
        node = graph.node.add(name=name, op="Relu" if len(inputs) == 1 else "AddN", input=inputs)
        node.attr["T"].type = tf.float32.as_datatype_enum
    named = {node.name: node for node in graph.node}
    placeholder = GraphDef().node.add(name="x", op="Placeholder")
    placeholder.attr["dtype"].type = tf.float32.as_datatype_enum
    return SignatureGraph(named, {"x": "x:0"}, outputs, set(named), graph.library, {"x": placeholder})


def test_another_tensor_with_the_name_of_an_output_is_not_that_output() -> None:
    names = ["x", *(f"before{number}" for number in range(5)), "net/scores", "obstacle"]
    names += [f"after{number}" for number in range(4)]
    nodes = {name: (earlier,) for earlier, name in itertools.pairwise(names)}
    cut = advise(written(nodes, {"scores": "after3:0"}), {"obstacle"})
    assert cut is not None
    assert (cut.inputs, cut.outputs) == ({"obstacle": "obstacle:0"}, {"scores": "after3:0"})


def chain(size: int) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """One op after the other, of which many are obstacles."""
    names = ["x", *(f"n{number}" for number in range(size))]
    return {name: (earlier,) for earlier, name in itertools.pairwise(names)}, names[1 :: size // 60]


def side_by_side(size: int) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Ops that wait for nothing, whose results are added."""
    names = tuple(f"n{number}" for number in range(size))
    return {**dict.fromkeys(names, ("x",)), "sum": names}, ["n0"]


@pytest.mark.parametrize("build", [chain, side_by_side])
def test_advice_takes_few_steps_for_each_node(
    build: Callable[[int], tuple[dict[str, tuple[str, ...]], list[str]]],
) -> None:
    size, calls = 600, 0
    nodes, anchors = build(size)
    last = next(reversed(nodes))
    graph = written({**nodes, "last": (last,), "end": ("last",)}, {"end": "end:0"})

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        assert advise(graph, anchors) is not None
    finally:
        sys.setprofile(before)
    assert calls < 300 * size


def test_nothing_is_left_of_a_lookup_alone() -> None:
    def build() -> None:
        words = tf1.placeholder(tf.string, [None])
        hub.add_signature(inputs=words, outputs=ids(words))

    obstacles, cut = found(build, litert.reason)
    assert [one.op for one in obstacles] == ["LookupTableFindV2"]
    assert cut is None


def test_what_is_computed_once_is_no_obstacle() -> None:
    """TensorFlow folds what depends on no input, whatever its ops are."""

    def build() -> None:
        x = tf1.placeholder(tf.float32, [None], name="x")
        hub.add_signature(inputs=x, outputs=x * tf.strings.to_number(tf.constant("2")))

    assert found(build, litert.reason)[0] == ()


def test_an_op_that_nobody_knows() -> None:
    class Node:
        op = "MyOwnOp"
        attr: Any = {}

    assert onnx.reason(Node()) == onnx.REASON
    assert litert.reason(Node()) == litert.REFUSED


@pytest.mark.parametrize("ops", [onnx.listed, litert.lacking])
def test_the_lists_name_ops_of_tensorflow_in_order(ops: Callable[[], frozenset[str]]) -> None:
    assert ops() <= known_ops()


def test_the_common_ops_are_not_said_to_be_lacking() -> None:
    common = {"Conv2D", "MatMul", "Add", "AddV2", "Relu", "Softmax", "FusedBatchNormV3", "MaxPool", "Erf"}
    assert common <= onnx.listed() | {"Erf"}
    assert not common & litert.lacking()

"""Graphs with references compute the same with resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import UnsupportedFormatError
from hubexplore.summary.graph.resource_variables import as_resources, has_references

v1 = tf.compat.v1
Built = tuple[Any, list[Any]]
"""What a run feeds (None if nothing), and what is run, one after the other."""


def reading_and_writing() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    weight = v1.get_variable("w", [2], initializer=tf.constant_initializer(3.0), use_resource=False)
    plain = weight * x
    # Not `weight` itself: its value outside of the scope is an alias of the memory that is written.
    with tf.control_dependencies([v1.assign_add(weight, x)]):
        behind = weight.read_value() + x
    return x, [v1.global_variables_initializer(), plain, behind, plain]


def chained_writes() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    weight = v1.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=False)
    twice = v1.assign_sub(v1.assign_add(weight, 2 * x), x)
    return x, [v1.global_variables_initializer(), twice, twice + 1, weight]


def scattered_writes() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    rows = v1.get_variable("rows", [4, 2], initializer=tf.zeros_initializer(), use_resource=False)
    steps = [
        v1.scatter_update(rows, [1, 2], [x, x]),
        v1.scatter_add(rows, [0], [x]),
        v1.scatter_nd_update(rows, [[3]], [x]),
        v1.scatter_mul(rows, [2], [x]),
    ]
    return x, [v1.global_variables_initializer(), *steps, tf.gather(rows, [2, 0]), rows]


def in_a_cond() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    weight = v1.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=False)
    value = v1.cond(x[0] > 0, lambda: v1.assign_add(weight, x) * 1.0, lambda: weight - x)
    return x, [v1.global_variables_initializer(), value, value, weight]


def in_a_loop() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    weight = v1.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=False)
    total = v1.while_loop(
        lambda i, _: i < 3, lambda i, total: (i + 1, total + weight * x), [0, tf.zeros([2])]
    )[1]
    return x, [v1.global_variables_initializer(), total]


def trained() -> Built:
    x = v1.placeholder(tf.float32, [2], name="x")
    weight = v1.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=False)
    loss = tf.reduce_sum(weight * weight * x)
    steps = [
        optimizer.minimize(loss)
        for optimizer in (
            v1.train.GradientDescentOptimizer(0.1),
            v1.train.AdamOptimizer(0.1),
            v1.train.MomentumOptimizer(0.1, 0.9),
        )
    ]
    return x, [v1.global_variables_initializer(), *steps, loss, v1.report_uninitialized_variables()]


def with_tables(folder: Path) -> Built:
    (folder / "words.txt").write_text("a\nb\nc\n")
    words = v1.placeholder(tf.string, [2], name="words")
    table = tf.raw_ops.HashTable(key_dtype=tf.string, value_dtype=tf.int64)
    filled = tf.raw_ops.InitializeTableFromTextFile(
        table_handle=table, filename=str(folder / "words.txt"), key_index=-2, value_index=-1
    )
    default = tf.constant(-1, tf.int64)
    found = tf.raw_ops.LookupTableFind(table_handle=table, keys=words, default_value=default)
    return words, [filled, found, tf.raw_ops.LookupTableSize(table_handle=table)]


@pytest.fixture(autouse=True)
def control_flow_of_tf1() -> Iterator[None]:
    # Functions, and so the branches of TF2 control flow, cannot hold references.
    was_v2 = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    yield
    if was_v2:
        v1.enable_control_flow_v2()


@pytest.mark.parametrize(
    "build", [reading_and_writing, chained_writes, scattered_writes, in_a_cond, in_a_loop, trained]
)
@pytest.mark.parametrize("values", [[1.0, 2.0], [-3.0, 0.5]])
def test_computes_the_same(build: Callable[[], Built], values: list[float]) -> None:
    _compare(build, values)


def test_tables(tmp_path: Path) -> None:
    _compare(lambda: with_tables(tmp_path), ["c", "d"])


def _compare(build: Callable[[], Built], values: list[Any]) -> None:
    with tf.Graph().as_default() as graph:
        fed, steps = build()
        names = [step.name for step in steps]
        graph_def = graph.as_graph_def()
        before = _run(graph, names, fed.name, values)
    tensors = [name for name in names if ":" in name]
    assert has_references(graph_def.node)
    written = graph_def.SerializeToString(deterministic=True)
    rewritten = as_resources(graph_def.node, tensors)
    assert graph_def.SerializeToString(deterministic=True) == written
    assert not has_references(rewritten.nodes)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.compat.v1.GraphDef(node=rewritten.nodes, versions=graph_def.versions), name="")
        for operation in graph.get_operations():
            assert not any(output.dtype._is_ref_dtype for output in operation.outputs), operation
        after = _run(graph, [rewritten.values.get(name, name) for name in names], fed.name, values)
    for one, other in zip(before, after, strict=True):
        if isinstance(one, np.ndarray) and one.dtype != object:
            np.testing.assert_allclose(one, other, rtol=1e-6)
        else:
            assert np.array_equal(one, other)


def _run(graph: Any, names: Iterable[str], fed: str, values: list[Any]) -> list[Any]:
    with v1.Session(graph=graph) as session:
        elements = [graph.as_graph_element(name) for name in names]
        return [session.run(element, {fed: values}) for element in elements]


def test_names_that_are_in_use() -> None:
    with tf.Graph().as_default() as graph:
        weight = v1.get_variable("w", [], initializer=tf.ones_initializer(), use_resource=False)
        tf.constant(0, name="sum/ReadVariableOp_0")
        total = tf.raw_ops.AddV2(x=weight._ref(), y=weight._ref(), name="sum")
        graph_def = graph.as_graph_def()
    nodes = as_resources(graph_def.node).nodes
    assert len({node.name for node in nodes}) == len(nodes)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(tf.compat.v1.GraphDef(node=nodes, versions=graph_def.versions), name="")
        session.run("w/Assign")
        assert session.run(total.name) == 2


def test_without_a_twin() -> None:
    with tf.Graph().as_default() as graph:
        temporary = tf.raw_ops.TemporaryVariable(shape=[2], dtype=tf.float32, name="t")
        tf.raw_ops.DestroyTemporaryVariable(ref=temporary, var_name="t")
    with pytest.raises(UnsupportedFormatError, match=r"The node 't' \(TemporaryVariable\) works on a ref"):
        as_resources(graph.as_graph_def().node)


def test_without_references_nothing_changes() -> None:
    with tf.Graph().as_default() as graph:
        tf.Variable(1.0) * 2.0
        nodes = list(graph.as_graph_def().node)
    assert all(old is new for old, new in zip(nodes, as_resources(nodes).nodes, strict=True))

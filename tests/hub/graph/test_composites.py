"""Sparse and ragged inputs and outputs."""

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
INDICES, VALUES, SHAPE = [[0, 1], [2, 0]], [3.0, 4.0], [3, 2]


def _sparse() -> None:
    x = tf1.sparse_placeholder(tf.float32, [None, 2], name="x")
    hub.add_signature(
        inputs={"x": x}, outputs={"default": tf.sparse.to_dense(x) * 2.0, "sparse": x, "halved": x * 0.5}
    )


def _ragged(splits: Any = tf.int64, rank: int = 1) -> None:
    flat = tf1.placeholder(tf.float32, [None])
    rows = [tf1.placeholder(splits, [None]) for _ in range(rank)]
    x = tf.RaggedTensor.from_nested_row_splits(flat, rows, validate=False)
    hub.add_signature(
        inputs={"x": x}, outputs={"default": tf.reduce_sum(x, axis=1), "ragged": x + 1.0, "same": x}
    )


def test_what_is_known_of_a_sparse_input(spec_of: SpecOf) -> None:
    spec = spec_of(_sparse)
    info = spec.get_input_info_dict()["x"]
    assert info.is_sparse
    assert info.is_composite
    assert info.dtype == tf.float32
    assert info.get_shape().as_list() == [None, 2]
    assert info.type_spec == tf.SparseTensorSpec([None, 2], tf.float32)
    assert "sparse" in repr(info)
    assert spec.get_output_info_dict()["sparse"].is_sparse
    assert not spec.get_output_info_dict()["default"].is_composite


@pytest.mark.parametrize("splits", [tf.int64, tf.int32])
@pytest.mark.parametrize("rank", [1, 2])
def test_what_is_known_of_a_ragged_input(spec_of: SpecOf, splits: Any, rank: int) -> None:
    info = spec_of(lambda: _ragged(splits, rank)).get_input_info_dict()["x"]
    assert info.is_composite
    assert not info.is_sparse
    assert info.dtype == tf.float32
    assert info.get_shape().as_list() == [None] * (rank + 1)
    assert isinstance(info.type_spec, tf.RaggedTensorSpec)
    assert info.type_spec.ragged_rank == rank
    assert info.type_spec.row_splits_dtype == splits
    assert "ragged" in repr(info).lower()


def test_sparse_values(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_sparse))
    x = tf.SparseTensor(INDICES, VALUES, SHAPE)
    for given in (x, tf1.SparseTensorValue(INDICES, VALUES, SHAPE)):
        outputs = module({"x": given}, as_dict=True)
        assert isinstance(outputs["sparse"], tf.SparseTensor)
        values = modules.run(outputs)
        np.testing.assert_array_equal(values["default"], [[0.0, 6.0], [0.0, 0.0], [8.0, 0.0]])
        np.testing.assert_array_equal(values["sparse"].indices, INDICES)
        np.testing.assert_array_equal(values["sparse"].dense_shape, SHAPE)
        np.testing.assert_array_equal(values["halved"].values, [1.5, 2.0])


def test_a_sparse_placeholder_of_unknown_shape(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_sparse))
    x = tf1.sparse_placeholder(tf.float32)
    result = module({"x": x})
    value = tf1.SparseTensorValue(INDICES, VALUES, SHAPE)
    np.testing.assert_array_equal(modules.run(result, {x: value})[2], [8.0, 0.0])


def test_an_indexed_part_keeps_its_order(spec_of: SpecOf, graph: tf.Graph) -> None:
    """Indices, values and dense shape are three int64 or float tensors that must not be mixed up."""

    def module_fn() -> None:
        x = tf1.sparse_placeholder(tf.int64, [None], name="x")
        hub.add_signature(
            inputs=x, outputs={"indices": x.indices, "values": x.values, "shape": x.dense_shape}
        )

    module = hub.Module(spec_of(module_fn))
    outputs = module(tf.SparseTensor([[4]], tf.constant([5], tf.int64), [6]), as_dict=True)
    assert {key: value.tolist() for key, value in modules.run(outputs).items()} == {
        "indices": [[4]],
        "values": [5],
        "shape": [6],
    }


@pytest.mark.parametrize("splits", [tf.int64, tf.int32])
def test_ragged_values(spec_of: SpecOf, graph: tf.Graph, splits: Any) -> None:
    module = hub.Module(spec_of(lambda: _ragged(splits)))
    rows = [[1.0, 2.0], [], [3.0]]
    for given in (
        tf.ragged.constant(rows, row_splits_dtype=splits),
        tf1.ragged.constant_value(rows, np.float32),
        rows,
    ):
        outputs = module({"x": given}, as_dict=True)
        assert isinstance(outputs["ragged"], tf.RaggedTensor)
        assert outputs["ragged"].row_splits.dtype == splits
        values = modules.run(outputs)
        assert values["default"].tolist() == [3.0, 0.0, 3.0]
        assert values["ragged"].to_list() == [[2.0, 3.0], [], [4.0]]
        assert values["same"].to_list() == rows


def test_two_ragged_dimensions(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(lambda: _ragged(rank=2)))
    rows = [[[1.0, 2.0], []], [[3.0]]]
    assert modules.run(module({"x": tf.ragged.constant(rows)}, as_dict=True))["same"].to_list() == rows


def test_other_row_splits_are_converted(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(lambda: _ragged(tf.int32)))
    x = tf.ragged.constant([[1.0], []], row_splits_dtype=tf.int64)
    assert modules.run(module({"x": x})).tolist() == [1.0, 0.0]


def test_ragged_strings(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        text = tf1.placeholder(tf.string, [None], name="text")
        hub.add_signature(inputs=text, outputs=tf.strings.split(text))

    result = modules.run(hub.Module(spec_of(module_fn))(["a b", "", "c"]))
    assert result.to_list() == [[b"a", b"b"], [], [b"c"]]


def test_ragged_with_dense_rows(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        flat = tf1.placeholder(tf.float32, [None, 2])
        x = tf.RaggedTensor.from_row_splits(flat, tf1.placeholder(tf.int64, [None]), validate=False)
        hub.add_signature(inputs=x, outputs=tf.reduce_sum(x, axis=1))

    module = hub.Module(spec_of(module_fn))
    x = tf.RaggedTensor.from_row_splits([[1.0, 2.0], [3.0, 4.0]], [0, 2, 2])
    assert modules.run(module(x)).tolist() == [[4.0, 6.0], [0.0, 0.0]]
    with pytest.raises(TypeError, match="default"):
        module(tf.RaggedTensor.from_row_splits([[1.0, 2.0, 3.0]], [0, 1]))


@pytest.mark.parametrize(
    ("module_fn", "make"),
    [
        (_sparse, lambda: tf.constant([[1.0, 2.0]])),
        (_sparse, lambda: [[1.0, 2.0]]),
        (_sparse, lambda: tf.ragged.constant([[1.0]])),
        (_sparse, lambda: tf.SparseTensor([[0, 0]], [1], [1, 2])),
        (_sparse, lambda: tf.SparseTensor([[0, 0]], [1.0], [1, 3])),
        (_sparse, lambda: tf.SparseTensor([[0]], [1.0], [1])),
        (_ragged, lambda: tf.constant([[1.0]])),
        (_ragged, lambda: tf.SparseTensor([[0, 0]], [1.0], [1, 1])),
        (_ragged, lambda: tf.ragged.constant([["a"]])),
        (_ragged, lambda: tf.ragged.constant([[[1.0]]])),
        (modules.double, lambda: tf.SparseTensor([[0]], [1.0], [1])),
        (modules.double, lambda: tf1.SparseTensorValue([[0]], [1.0], [1])),
        (modules.double, lambda: tf.ragged.constant([[1.0]])),
        (modules.double, lambda: tf1.ragged.constant_value([[1.0]])),
    ],
)
def test_the_wrong_kind(spec_of: SpecOf, graph: tf.Graph, module_fn: Any, make: Callable[[], Any]) -> None:
    module = hub.Module(spec_of(module_fn))
    (name,) = module.get_input_info_dict()
    with pytest.raises(TypeError, match=f"Input '{name}'.*expected"):
        module({name: make()}, as_dict=True)


def test_dense_sparse_and_ragged_together(spec_of: SpecOf, graph: tf.Graph) -> None:
    def module_fn() -> None:
        dense = tf1.placeholder(tf.float32, [2], name="dense")
        sparse = tf1.sparse_placeholder(tf.float32, [2, 2], name="sparse")
        ragged = tf.RaggedTensor.from_row_splits(
            tf1.placeholder(tf.float32, [None]), tf1.placeholder(tf.int64, [None]), validate=False
        )
        total = dense + tf.sparse.reduce_sum(sparse, 1) + tf.reduce_sum(ragged, 1)
        hub.add_signature(inputs={"d": dense, "s": sparse, "r": ragged}, outputs=total)

    module = hub.Module(spec_of(module_fn))
    inputs = {
        "d": [1.0, 2.0],
        "s": tf.SparseTensor([[0, 0], [1, 1]], [10.0, 20.0], [2, 2]),
        "r": tf.ragged.constant([[100.0, 200.0], [300.0]]),
    }
    assert modules.run([module(inputs), module(inputs)])[1].tolist() == [311.0, 322.0]


def test_gradients_reach_the_values_of_a_sparse_input(spec_of: SpecOf, graph: tf.Graph) -> None:
    module = hub.Module(spec_of(_sparse))
    values = tf.constant(VALUES)
    result = module({"x": tf.SparseTensor(INDICES, values, SHAPE)})
    assert modules.run(tf1.gradients(result, values)[0]).tolist() == [2.0, 2.0]

"""Signatures as other programs wrote them: without dtypes, without shapes, or at odds with the graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1


def _edit_infos(path: str, edit: Callable[[Any], None]) -> None:
    """Changes each TensorInfo of a module's signatures."""
    with modules.edited(path) as saved_model:
        for signature in saved_model.meta_graphs[0].signature_def.values():
            for infos in (signature.inputs, signature.outputs):
                for info in infos.values():
                    edit(info)


def _bare(info: Any) -> None:
    """What tensorflow_hub and `simple_save` leave out of a composite tensor."""
    info.ClearField("dtype")
    info.ClearField("tensor_shape")


def _bare_everywhere(info: Any) -> None:
    _bare(info)
    for component in info.composite_tensor.components:
        _bare(component)


def _ragged(ragged_rank: int, inner: tuple[int, ...], splits: tf.DType) -> None:
    shape = [None] * (ragged_rank + 1) + list(inner)
    x = tf1.ragged.placeholder(tf.float32, ragged_rank, inner)
    x = x.with_row_splits_dtype(splits) if splits == tf.int64 else _int32_placeholder(ragged_rank, inner)
    assert len(x.shape) == len(shape)
    hub.add_signature(inputs=x, outputs=x * 2.0)


def _int32_placeholder(ragged_rank: int, inner: tuple[int, ...]) -> tf.RaggedTensor:
    values = tf1.placeholder(tf.float32, [None, *inner])
    splits = [tf1.placeholder(tf.int32, [None]) for _ in range(ragged_rank)]
    return tf.RaggedTensor.from_nested_row_splits(values, splits, validate=False)


@pytest.mark.parametrize("edit", [_bare, _bare_everywhere])
@pytest.mark.parametrize("splits", [tf.int64, tf.int32])
@pytest.mark.parametrize(
    ("ragged_rank", "inner", "value"),
    [
        (1, (), [[1.0], [], [2.0, 3.0]]),
        (2, (), [[[1.0], []], [], [[2.0, 3.0]]]),
        (1, (2,), [[[1.0, 2.0]], []]),
        (2, (2, 1), [[[[[1.0], [2.0]]], []]]),
    ],
)
def test_ragged(  # noqa: PLR0917 - pytest passes them by name
    tmp_path: Path, ragged_rank: int, inner: tuple[int, ...], splits: tf.DType, value: Any, edit: Any
) -> None:
    spec = hub.create_module_spec(lambda: _ragged(ragged_rank, inner, splits))
    path = modules.export(spec, tmp_path / "module")
    _edit_infos(path, edit)
    info = hub.load_module_spec(path).get_input_info_dict()["default"]
    assert (info.dtype, info.kind, info.get_shape()[-len(inner) :].as_list() if inner else []) == (
        tf.float32,
        "ragged",
        list(inner),
    )
    with tf.Graph().as_default():
        x = tf.ragged.constant(value, tf.float32, ragged_rank, inner, row_splits_dtype=splits)
        y = hub.Module(path)(x)
        assert y.row_splits.dtype == splits
        assert modules.run(y).to_list() == modules.run(x * 2.0).to_list()


@pytest.mark.parametrize("edit", [_bare, lambda info: info.ClearField("tensor_shape")])
def test_sparse(tmp_path: Path, edit: Any) -> None:
    def module_fn() -> None:
        x = tf1.sparse_placeholder(tf.float32, [None, 3])
        hub.add_signature(inputs=x, outputs=tf.sparse.to_dense(x) * 2.0)

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    _edit_infos(path, edit)
    with tf.Graph().as_default():
        x = tf.SparseTensor([[0, 1]], [5.0], [1, 3])
        assert modules.run(hub.Module(path)(x)).tolist() == [[0.0, 10.0, 0.0]]
    summary = hub.summarize(path).variants[0].signatures[0]
    assert summary.inputs[0].dtype == "float32"


def _dense() -> None:
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    any_shape = tf1.placeholder(tf.float32, name="any")
    hub.add_signature(inputs={"x": x, "any": any_shape}, outputs=tf.identity(x * 2.0 + any_shape, name="y"))


def _scalar(info: Any) -> None:
    info.tensor_shape.Clear()
    info.tensor_shape.SetInParent()


def _wrong_size(info: Any) -> None:
    info.tensor_shape.Clear()
    for size in (7, 9):
        info.tensor_shape.dim.add(size=size)


def _wrong_dtype(info: Any) -> None:
    info.dtype = tf.int64.as_datatype_enum


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda info: info.ClearField("tensor_shape"),
            "is declared without a shape; that of the graph is used: ",
        ),
        (_scalar, "is declared with the shape (), but in the graph it has (?, 2); the latter is used"),
        (
            _wrong_size,
            "is declared with the shape (7, 9), but in the graph it has (?, 2); the latter is used",
        ),
        (_wrong_dtype, "is declared as int64, but in the graph it is float32; the latter is used"),
        (lambda info: info.ClearField("dtype"), None),
    ],
    ids=["no-shape", "scalar", "other-shape", "other-dtype", "no-dtype"],
)
def test_the_graph_counts(tmp_path: Path, edit: Any, message: str | None) -> None:
    """In info dicts, in calls, on the card; and the card says so."""
    path = modules.export(hub.create_module_spec(_dense), tmp_path / "module")

    def edit_inputs(info: Any) -> None:
        if info.name in {"x:0", "any:0"} and not (info.name == "any:0" and edit in {_scalar, _wrong_size}):
            edit(info)

    _edit_infos(path, edit_inputs)
    infos = hub.load_module_spec(path).get_input_info_dict()
    assert infos["x"].get_shape().as_list() == [None, 2]
    assert infos["any"].get_shape().rank is None
    assert {info.dtype for info in infos.values()} == {tf.float32}
    inputs = {"x": [[1.0, 2.0], [3.0, 4.0]], "any": [1.0, 0.0]}
    assert modules.evaluate(path, inputs)["default"].tolist() == [[3.0, 4.0], [7.0, 8.0]]
    summary = hub.summarize(path)
    (x,) = (each for each in summary.variants[0].signatures[0].inputs if each.name == "x")
    assert (x.dtype, x.shape) == ("float32", (None, 2))
    warnings = [warning for warning in summary.warnings if "input 'x'" in warning]
    assert (len(warnings) == 1 and message in warnings[0]) if message else not warnings


def test_no_shapes_at_all(tmp_path: Path) -> None:
    """As TensorFlow 1.0 wrote them: what no placeholder tells is unknown, and no scalar."""
    path = modules.export(hub.create_module_spec(_dense), tmp_path / "module")
    _edit_infos(path, lambda info: info.ClearField("tensor_shape"))
    spec = hub.load_module_spec(path)
    assert spec.get_output_info_dict()["default"].get_shape().rank is None
    assert hub.summarize(path).variants[0].signatures[0].outputs[0].shape is None


def test_a_sound_module_has_nothing_to_tell(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(_dense), tmp_path / "module")
    assert hub.summarize(path).warnings == ()


@pytest.mark.parametrize(("version", "rank"), [(17, None), (21, None), (22, 0), (24, 0)])
def test_an_empty_shape_of_an_old_graph(tmp_path: Path, version: int, rank: int | None) -> None:
    """Up to version 21 it was how a placeholder of any shape was written."""

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        hub.add_signature(inputs=x, outputs=x * 2.0)

    path = modules.export(hub.create_module_spec(module_fn), tmp_path / "module")
    _edit_infos(path, lambda info: info.ClearField("tensor_shape"))
    with modules.edited(path) as saved_model:
        saved_model.meta_graphs[0].graph_def.versions.producer = version
    assert hub.load_module_spec(path).get_input_info_dict()["default"].get_shape().rank == rank
    assert modules.evaluate(path, 1.0)["default"].tolist() == 2.0

"""TF2 SavedModels without signatures: what `model(x)` and `model.name(x)` call are their signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.hub.tf2_models import numbers, spec

pytestmark = pytest.mark.usefixtures("needs_eager")
tf1 = tf.compat.v1


class Layered(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A model as those of TensorFlow Hub: called with `training`, with further functions."""

    def __init__(self) -> None:
        super().__init__()
        # Two variables of one name, which only their places among the objects tell apart.
        self.kernel = tf.Variable(numbers(3, 2), name="w")
        self.bias = tf.Variable([1.0, -1.0], name="w", trainable=False)

    @tf.function  # type: ignore[untyped-decorator]
    def __call__(self, x: Any, training: bool = False) -> Any:
        y = x @ self.kernel + self.bias
        return {"out": y * 10.0 if training else y, "parts": [x * 2.0, (x + 1.0,)]}

    @tf.function  # type: ignore[untyped-decorator]
    def scale(self, x: Any, by: Any) -> Any:
        return x * by


def _layered() -> Any:
    model = Layered()
    for training in (True, False):
        model.__call__.get_concrete_function(spec(None, 3, name="x"), training=training)
    for dtype in (tf.float32, tf.int32):
        model.scale.get_concrete_function(spec(None, dtype=dtype), spec(dtype=dtype, name="by"))
    return model


def _run(path: Path, signature: str, inputs: Any) -> dict[str, Any]:
    with NotebookSession() as session:
        values: dict[str, Any] = session.call(session.load(path, "m"), inputs, signature, as_dict=True)
    return values


def test_each_traced_function_is_a_signature(tmp_path: Path) -> None:
    tf.saved_model.save(_layered(), str(tmp_path))
    model = tf.saved_model.load(str(tmp_path))
    assert not model.signatures
    x = numbers(4, 3)
    for signature, training in (("default", False), ("default_training", True)):
        expected = model(tf.constant(x), training=training)
        values = _run(tmp_path, signature, {"x": x})
        assert values.keys() == {"out", "parts_0", "parts_1_0"}
        np.testing.assert_allclose(values["out"], expected["out"], rtol=1e-5)
        np.testing.assert_allclose(values["parts_0"], expected["parts"][0])
        np.testing.assert_allclose(values["parts_1_0"], expected["parts"][1][0])
    results = {
        value.dtype.kind: value.tolist()
        for signature, dtype in (("scale", np.float32), ("scale_1", np.int32))
        for value in _run(tmp_path, signature, {"x": np.array([2, 3]), "by": 4}).values()
    }
    assert results == {"f": [8.0, 12.0], "i": [8, 12]}
    summary = hub.summarize(tmp_path)
    assert [item.name for item in summary.variants[0].signatures] == [
        "default", "default_training", "scale", "scale_1",
    ]  # fmt: skip
    assert [(item.name, item.trainable) for item in summary.variants[0].variables] == [
        ("bias", False), ("kernel", True),
    ]  # fmt: skip
    assert "declares no signatures" in summary.notes[0]


def test_it_is_trained_and_exported(tmp_path: Path) -> None:
    tf.saved_model.save(_layered(), str(tmp_path / "model"))
    x = numbers(4, 3)
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(str(tmp_path / "model"), tags={"serve"}, trainable=True)
        out = module(x, as_dict=True)["out"]
        (kernel,) = tf1.trainable_variables()
        (gradient,) = tf.gradients(out, [kernel])
        session.run(tf1.global_variables_initializer())
        np.testing.assert_allclose(session.run(gradient), np.tile(x.sum(0)[:, None], 2), rtol=1e-5)
        session.run(kernel.assign(kernel * 2.0))
        expected = session.run(out)
        module.export(str(tmp_path / "module"), session)
    np.testing.assert_allclose(_run(tmp_path / "module", "default", x)["out"], expected, rtol=1e-5)


def test_structures_are_taken_apart(tmp_path: Path) -> None:
    """A dict, a ragged and a sparse tensor, as they are passed."""
    model = tf.Module()
    model.__call__ = tf.function(
        lambda features: features["ids"] - features["mask"],
        input_signature=[{"mask": spec(None, 2, name="a"), "ids": spec(None, 2, name="b")}],
    )
    model.rows = tf.function(
        lambda r: (tf.reduce_sum(r, 1), r * 2.0),
        input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)],
    )
    model.dense = tf.function(
        tf.sparse.to_dense, input_signature=[tf.SparseTensorSpec([None, 3], tf.float32)]
    )
    tf.saved_model.save(model, str(tmp_path))
    ids, mask = numbers(2, 2), np.ones((2, 2), np.float32)
    np.testing.assert_allclose(_run(tmp_path, "default", {"ids": ids, "mask": mask})["default"], ids - mask)
    values = _run(tmp_path, "rows", [[1.0, 2.0], [], [3.0]])
    assert values["output_0"].tolist() == [3.0, 0.0, 3.0]
    assert values["output_1"].to_list() == [[2.0, 4.0], [], [6.0]]
    sparse = tf1.SparseTensorValue([[0, 1], [1, 2]], [5.0, 6.0], [2, 3])
    assert _run(tmp_path, "dense", sparse)["default"].tolist() == [[0, 5, 0], [0, 0, 6]]


def test_tables_and_files_are_there(tmp_path: Path) -> None:
    """A preprocessor: a table from a file, one that can change, and an attribute that is called."""
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("cat\ndog\n")
    model, model.tokenizer = tf.Module(), tf.Module()
    line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    words = tf.lookup.TextFileInitializer(str(vocabulary), tf.string, line, tf.int64, number)
    model.tokenizer.table = tf.lookup.StaticHashTable(words, -1)
    model.tokenizer.__call__ = tf.function(
        model.tokenizer.table.lookup, input_signature=[spec(None, dtype=tf.string, name="words")]
    )
    model.counts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)
    model.counts.insert(["cat"], [7])
    dense = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, 0.0, empty_key=-1, deleted_key=-2)
    dense.insert([1, 2], [0.5, 0.25])
    model.dense = dense
    model.weigh = tf.function(dense.lookup, input_signature=[spec(None, dtype=tf.int64, name="i")])
    model.file = tf.saved_model.Asset(str(vocabulary))
    model.read = tf.function(lambda: tf.io.read_file(model.file.asset_path), input_signature=[])
    model.count = tf.function(model.counts.lookup, input_signature=[spec(None, dtype=tf.string, name="w")])
    tf.saved_model.save(model, str(tmp_path / "model"))
    vocabulary.unlink()
    with NotebookSession() as session:
        module = session.load(tmp_path / "model")
        assert not session.export(module, tmp_path / "module", verify=True).warnings
    for path in (tmp_path / "model", tmp_path / "module"):
        names = hub.load_module_spec(path).get_signature_names({"serve"})
        assert names == ["count", "read", "tokenizer", "weigh"]
        assert _run(path, "weigh", [2, 9])["default"].tolist() == [0.25, 0.0]
        assert _run(path, "tokenizer", ["dog", "?"])["default"].tolist() == [1, -1]
        assert _run(path, "count", ["cat", "?"])["default"].tolist() == [7, 0]
        assert _run(path, "read", None)["default"] == b"cat\ndog\n"


def test_declared_signatures_are_all_there_are(tmp_path: Path) -> None:
    model = _layered()
    function = model.scale.get_concrete_function(spec(None), spec(name="by"))
    tf.saved_model.save(model, str(tmp_path), signatures={"scaled": function})
    assert hub.load_module_spec(tmp_path).get_signature_names({"serve"}) == ["scaled"]
    assert not hub.summarize(tmp_path).notes


def test_a_function_that_takes_an_object_is_left_out(tmp_path: Path) -> None:
    model = tf.Module()
    model.good = tf.function(lambda x: x + 1.0, input_signature=[spec(None, name="x")])
    model.bad = tf.function(
        lambda rows: rows.reduce(0.0, lambda total, row: total + row),
        input_signature=[tf.data.DatasetSpec(spec())],
    )
    tf.saved_model.save(model, str(tmp_path))
    assert hub.load_module_spec(tmp_path).get_signature_names({"serve"}) == ["good"]

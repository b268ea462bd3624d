"""TF2 SavedModels that are damaged, strange or hold what a module lacks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import hubexplore as hub
from tests.hub import graph_models, tf2_models
from tests.hub.tf2_models import function, numbers, save, spec

pytestmark = pytest.mark.usefixtures("needs_eager")
tf1 = tf.compat.v1


def edited(path: str | Path) -> tuple[Any, Path]:
    """The graphs of a model, to be changed and written back."""
    file = Path(path, "saved_model.pb")
    # Its fingerprint is of the weights only, so that an edit does not matter.
    return saved_model_pb2.SavedModel.FromString(file.read_bytes()), file


def call(path: str | Path, signature: str, *runs: Any, trainable: bool = False) -> list[Any]:
    """The default outputs of a signature for some inputs, all in one session."""
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(str(path), tags={"serve"}, trainable=trainable)
        outputs = [module(inputs, signature=signature, as_dict=True) for inputs in runs]
        session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
        return [session.run(each) for each in outputs]


def test_tables_that_can_change_keep_their_content(tmp_path: Path) -> None:
    """Their keys and values are in the checkpoint; an export has them in the graph."""
    model, tables = tf.Module(), tf.lookup.experimental
    model.words = tables.MutableHashTable(tf.string, tf.int64, -1)
    model.words.insert(["a", "b"], [5, 6])
    model.dense = tables.DenseHashTable(tf.int64, tf.float32, -1.0, empty_key=-1, deleted_key=-2)
    model.dense.insert([1, 2], [0.5, 0.25])
    model.look = function(
        lambda x, i: {"words": model.words.lookup(x), "dense": model.dense.lookup(i)},
        spec(None, dtype=tf.string, name="x"),
        spec(None, dtype=tf.int64, name="i"),
    )
    path = save(model, tmp_path / "model", serving_default=model.look)
    inputs = {"x": np.array(["b", "?"], object), "i": np.array([2, 7], np.int64)}
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(path, tags={"serve"})
        session.run(tf1.tables_initializer())
        module.export(str(tmp_path / "module"), session)
    for place in (path, tmp_path / "module"):
        (outputs,) = call(place, "serving_default", inputs)
        assert outputs["words"].tolist() == [6, -1]
        assert outputs["dense"].tolist() == [0.25, -1.0]


@pytest.mark.parametrize("saved", [True, False])
def test_gradients_that_the_author_wrote(saved: bool, tmp_path: Path) -> None:
    model = tf.Module()
    model.w = tf.Variable([2.0, 3.0])

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def scaled(x: Any) -> Any:
        y = tf.exp(x)
        return y, lambda gradient: gradient * y * 5.0

    model.f = function(lambda x: {"y": scaled(x * model.w)}, spec(2, name="x"))
    path = str(tmp_path / "model")
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=saved)
    tf.saved_model.save(model, path, signatures={"serving_default": model.f}, options=options)
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(path, tags={"serve"}, trainable=True)
        x = tf.constant(numbers(2))
        y = module(x, signature="serving_default", as_dict=True)["y"]
        if not saved:
            with pytest.raises(hub.HubError, match="experimental_custom_gradients=True"):
                tf.gradients(y, x)
            return
        gradients = tf.gradients(y, [x, *tf1.trainable_variables()])
        session.run(tf1.global_variables_initializer())
        by_x, by_w = session.run(gradients)
    weights = np.array([2.0, 3.0], np.float32)
    expected = np.exp(numbers(2) * weights) * 5
    np.testing.assert_allclose(by_x, expected * weights, rtol=1e-5)
    np.testing.assert_allclose(by_w, expected * numbers(2), rtol=1e-5)


@pytest.mark.usefixtures("needs_eager")
def test_gradients_that_the_author_wrote_are_not_saved_by_tensorflow(tmp_path: Path) -> None:
    model = tf.Module()
    model.f = function(lambda x: {"y": tf.grad_pass_through(tf.round)(x)}, spec(2, name="x"))
    path = str(tmp_path / "model")
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    tf.saved_model.save(model, path, signatures={"serving_default": model.f}, options=options)
    loaded = hub.load(hub.load_module_spec(path))
    serve = tf.function(
        lambda x: loaded(x, signature="serving_default", as_dict=True), input_signature=[spec(2, name="x")]
    )
    serve.get_concrete_function()
    with pytest.raises(ValueError, match="gradients") as caught:
        tf.saved_model.save(loaded, str(tmp_path / "saved"), signatures=serve)
    assert "experimental_custom_gradients=False" in str(caught.value.__cause__)


def _two(folder: Path) -> str:
    model = tf.Module()
    model.w = tf.Variable(2.0)
    model.good = function(lambda x: {"y": x * model.w}, spec(None, name="x"))
    model.bad = function(lambda x: {"y": tf.tanh(x * model.w)}, spec(None, name="x"))
    return save(model, folder / "model", good=model.good, bad=model.bad)


def test_an_op_that_tensorflow_lacks_stops_one_signature(tmp_path: Path) -> None:
    path = _two(tmp_path)
    saved_model, file = edited(path)
    for body in saved_model.meta_graphs[0].graph_def.library.function:
        for node in body.node_def:
            if node.op == "Tanh":
                node.op = "SentencepieceOp"
    file.write_bytes(saved_model.SerializeToString())
    (outputs,) = call(path, "good", numbers(2))
    np.testing.assert_allclose(outputs["y"], numbers(2) * 2)
    with pytest.raises(tf.errors.NotFoundError, match=r"no op 'SentencepieceOp'.*tensorflow.text.*bad"):
        call(path, "bad", numbers(2))
    assert any("SentencepieceOp" in warning for warning in hub.summarize(path).warnings)


def test_functions_that_call_themselves(tmp_path: Path) -> None:
    path = _two(tmp_path)
    saved_model, file = edited(path)
    for body in saved_model.meta_graphs[0].graph_def.library.function:
        for node in body.node_def:
            if node.op in ("PartitionedCall", "StatefulPartitionedCall"):
                node.attr["f"].func.name = body.signature.name
    file.write_bytes(saved_model.SerializeToString())
    with pytest.raises(hub.HubError, match="calls itself"):
        hub.load_module_spec(path)
    assert any("calls itself" in warning for warning in hub.summarize(path).warnings)


def test_weights_of_another_model(tmp_path: Path) -> None:
    """The fingerprint tells; without it, that a variable is missing."""
    path = Path(_two(tmp_path))
    tf2_models.layers(tmp_path / "other")
    shutil.rmtree(path / "variables")
    shutil.copytree(tmp_path / "other" / "variables", path / "variables")
    with pytest.raises(ValueError, match=r"variables\.index' does not have the fingerprint"):
        hub.load_module_spec(path)
    assert any("fingerprint" in warning for warning in hub.summarize(path).warnings)
    (path / "fingerprint.pb").unlink()
    with tf.Graph().as_default(), pytest.raises(tf.errors.NotFoundError, match="holds no variable named 'w'"):
        hub.Module(str(path), tags={"serve"})


def test_two_variables_with_one_place_in_the_checkpoint(tmp_path: Path) -> None:
    tf2_models.sharing(tmp_path / "model")
    saved_model, file = edited(tmp_path / "model")
    for saved_object in saved_model.meta_graphs[0].object_graph_def.nodes:
        for child in saved_object.children:
            if child.local_name == "bias":
                child.local_name = "kernel"
    file.write_bytes(saved_model.SerializeToString())
    with pytest.raises(ValueError, match="have one place in the checkpoint"):
        hub.load_module_spec(tmp_path / "model")


def test_without_signatures_there_is_nothing_to_call(tmp_path: Path) -> None:
    model = tf.Module()
    model.weight = tf.Variable(1.0)
    tf.saved_model.save(model, str(tmp_path / "model"))
    with pytest.raises(hub.HubError, match=re.escape("signatures={'serving_default': call}")):
        hub.load_module_spec(tmp_path / "model")


def test_a_variable_of_keras_has_the_name_of_its_layer(tmp_path: Path) -> None:
    """Variables that only numbered lists lead to have the names that they were made with."""
    model = tf.Module()

    model._all = [
        tf.Variable(1.0, name="dense/kernel"),
        tf.Variable(2.0, name="dense/kernel"),
        tf.Variable(3.0),
    ]
    model.f = function(lambda x: {"y": x * tf.add_n(model._all)}, spec(None, name="x"))
    path = save(model, tmp_path / "model", serving_default=model.f)
    with tf.Graph().as_default():
        names = list(hub.Module(path, tags={"serve"}).variable_map)
    assert names == ["all/2", "dense/kernel", "dense/kernel_1"]


@pytest.mark.parametrize("where", ["body", "call"])
def test_nodes_in_a_cycle(where: str, tmp_path: Path) -> None:
    path = _two(tmp_path)
    saved_model, file = edited(path)
    graph = saved_model.meta_graphs[0].graph_def
    if where == "body":
        for body in graph.library.function:
            for node in body.node_def:
                if node.op == "Mul":
                    node.input[0] = f"{node.name}:z:0"
    else:
        for node in graph.node:
            if node.op == "StatefulPartitionedCall" and any(
                "serving" in edge or "good" in edge for edge in node.input
            ):
                node.input[0] = node.name
    file.write_bytes(saved_model.SerializeToString())
    with pytest.raises(
        hub.HubError, match=r"its nodes form a cycle.*'mul' <- 'mul'|are its own arguments|form a cycle"
    ):
        hub.load_module_spec(path)
    assert any("form a cycle" in warning for warning in hub.summarize(path).warnings)


def test_a_fingerprint_that_is_none_of_the_model(tmp_path: Path) -> None:
    """A SavedModel is never taken for the frozen graph that a file beside it may look like."""
    path = Path(_two(tmp_path))
    (path / "fingerprint.pb").write_bytes(b"\x28\x05")  # the hash 5 of the checkpoint
    with pytest.raises(ValueError, match=r"variables\.index' does not have the fingerprint"):
        hub.load_module_spec(path)
    (path / "fingerprint.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(ValueError, match=r"'fingerprint\.pb' is not readable"):
        hub.load_module_spec(path)
    (path / "fingerprint.pb").unlink()
    shutil.copy(graph_models.frozen(tmp_path, graph_models.mlp).path, path / "frozen.pb")
    assert hub.load_module_spec(path).get_signature_names(["serve"]) == ["bad", "good"]

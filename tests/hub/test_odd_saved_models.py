"""TF1 SavedModels as programs of all kinds left them: each opens by its path, with the outputs it had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from hubexplore import errors
from hubexplore.session.session import NotebookSession
from tests.hub import modules

tf1 = tf.compat.v1
HOSTILE = "a'\"{}<b>/\\\n$x"
Write = Callable[[Path], None]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """TensorFlow's own writer of SavedModels logs that it is deprecated."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


def _signature(x: Any, y: Any) -> Any:
    return tf1.saved_model.predict_signature_def({"x": x}, {"y": y})


def _x() -> Any:
    return tf1.placeholder(tf.float32, [None, 2], name="x")


def _save(path: Path, build: Callable[[], Any], tags: tuple[str, ...] = ("serve",), **options: Any) -> None:
    """Writes the graph of `build`, which returns signatures."""
    with tf.Graph().as_default():
        signatures = build()
        builder = tf1.saved_model.Builder(str(path))
        with modules.initialized_session() as session:
            builder.add_meta_graph_and_variables(session, list(tags), signatures, **options)
        builder.save()


def _plain() -> Any:
    x = _x()
    w = tf1.get_variable("w", initializer=[[2.0, 1.0], [0.0, 3.0]], use_resource=False)
    return {"serving_default": _signature(x, tf.matmul(x, w, name="y"))}


def plain(path: Path) -> None:
    """Writes ref variables, as `simple_save` did."""
    _save(path, _plain)


def resource_variables(path: Path) -> None:
    """Writes resource variables."""

    def build() -> Any:
        x = _x()
        w = tf1.get_variable("w", initializer=[[2.0, 1.0], [0.0, 3.0]], use_resource=True)
        return {"serving_default": _signature(x, tf.matmul(x, w))}

    _save(path, build)


def _rows(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
    rows = tf.constant([[2.0, 1.0], [0.0, 3.0], [0.0, 0.0], [0.0, 0.0]], dtype)
    return tf.slice(rows, partition_info.var_offset, shape)


def partitioned(path: Path) -> None:
    """Writes a variable in two parts."""

    def build() -> Any:
        x = _x()
        with tf1.variable_scope("part", partitioner=tf1.fixed_size_partitioner(2)):
            w = tf1.get_variable("w", [4, 2], initializer=_rows)
        return {"serving_default": _signature(x, tf.matmul(x, tf.convert_to_tensor(w)[:2]))}

    _save(path, build)


def training_graph(path: Path) -> None:
    """Writes losses, an optimizer with its slots, summaries, a global step and its own collections."""

    def build() -> Any:
        signatures = _plain()
        graph = tf1.get_default_graph()
        loss = tf.reduce_sum(graph.get_tensor_by_name("y:0"))
        tf1.losses.add_loss(loss)
        tf1.summary.scalar("loss", loss)
        train = tf1.train.AdamOptimizer().minimize(loss, tf1.train.get_or_create_global_step())
        tf1.add_to_collection("train_op", train)
        tf1.add_to_collection(HOSTILE, loss)
        graph.add_to_collection("numbers", 5)
        return signatures

    _save(path, build)


def queue_runners(path: Path) -> None:
    """Writes an input queue beside the signature, with its runner."""

    def build() -> Any:
        queue = tf1.FIFOQueue(10, [tf.float32], shapes=[[2]])
        tf1.train.add_queue_runner(tf1.train.QueueRunner(queue, [queue.enqueue([[1.0, 2.0]])]))
        rows = tf1.placeholder_with_default(queue.dequeue_many(2), [None, 2], name="rows")
        w = tf1.get_variable("w", initializer=[[2.0, 1.0], [0.0, 3.0]])
        return {"serving_default": _signature(rows, tf.matmul(rows, w))}

    _save(path, build)


def vocabulary(path: Path) -> None:
    """Writes a table that the main op fills from an asset."""
    words = path.with_suffix(".txt")
    words.write_text("x\ny\n")

    def build() -> Any:
        signatures = _plain()
        table = tf.lookup.StaticHashTable(modules.line_numbers(str(words)), -1)
        word = tf1.placeholder(tf.string, [None], name="word")
        signatures["lookup"] = tf1.saved_model.predict_signature_def(
            {"word": word}, {"id": table.lookup(word)}
        )
        return signatures

    with tf.Graph().as_default():
        signatures = build()
        builder = tf1.saved_model.Builder(str(path))
        with modules.initialized_session() as session:
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                signatures,
                assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
                main_op=tf1.tables_initializer(),
            )
        builder.save()
    words.unlink()


def local_variable(path: Path) -> None:
    """Writes a local variable that the signature reads and the main op sets."""

    def build() -> Any:
        x = _x()
        scale = tf1.get_variable(
            "scale", initializer=[[2.0, 1.0], [0.0, 3.0]], collections=[tf1.GraphKeys.LOCAL_VARIABLES]
        )
        return {"serving_default": _signature(x, tf.matmul(x, scale))}

    with tf.Graph().as_default():
        signatures = build()
        builder = tf1.saved_model.Builder(str(path))
        with tf1.Session() as session:
            session.run(tf1.local_variables_initializer())
            main = tf1.local_variables_initializer()
            builder.add_meta_graph_and_variables(session, ["serve"], signatures, main_op=main)
        builder.save()


def text_form(path: Path) -> None:
    """Writes protobuf's text form."""
    plain(path)
    message = modules.read_graphs(path)
    (path / "saved_model.pb").unlink()
    (path / "saved_model.pbtxt").write_text(text_format.MessageToString(message))


def hostile_names(path: Path) -> None:
    """Writes hostile names of a tag, signature, input and output."""

    def build() -> Any:
        signatures = _plain()
        return {"serving_default": signatures["serving_default"], HOSTILE: signatures["serving_default"]}

    _save(path, build, (HOSTILE,))


def without_variables(path: Path) -> None:
    """Writes constants only."""

    def build() -> Any:
        x = _x()
        return {"serving_default": _signature(x, tf.matmul(x, [[2.0, 1.0], [0.0, 3.0]]))}

    _save(path, build)


def old_control_flow(path: Path) -> None:
    """Writes a loop and a condition of TF1, with their contexts."""

    def build() -> Any:
        x = _x()
        w = tf1.get_variable("w", initializer=[[2.0, 1.0], [0.0, 3.0]])
        tf1.disable_control_flow_v2()
        try:
            _, y = tf1.while_loop(
                lambda i, _: i < 1, lambda i, y: (i + 1, tf.matmul(y, w)), [tf.constant(0), x]
            )
            y = tf1.cond(tf.reduce_sum(y) > -1e9, lambda: y, lambda: -y)
        finally:
            tf1.enable_control_flow_v2()
        return {"serving_default": _signature(x, y)}

    _save(path, build)


def unlisted_variables(path: Path) -> None:
    """Writes variables that no collection names, as rewritten graphs have them."""
    plain(path)
    with modules.edited(path) as saved_model:
        for key in ("variables", "trainable_variables"):
            saved_model.meta_graphs[0].collection_def.pop(key, None)


def with_devices(path: Path) -> None:
    """Writes devices of a machine that is not there."""

    plain(path)
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            node.device = "/job:worker/task:3/device:GPU:7"


KINDS = [
    plain,
    resource_variables,
    partitioned,
    training_graph,
    queue_runners,
    vocabulary,
    local_variable,
    text_form,
    hostile_names,
    without_variables,
    old_control_flow,
    unlisted_variables,
    with_devices,
]


@pytest.mark.parametrize("write", KINDS)
def test_each_opens_by_its_path(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "saved"
    write(path)
    rows = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    expected = [[2.0, 7.0], [6.0, 15.0]]
    with NotebookSession() as session:
        module = session.load(path)
        values = session.call(module, {"x": rows}, "serving_default", as_dict=True)
        np.testing.assert_allclose(values["y"], expected)
        for name in module.get_signature_names():
            if name == "lookup":
                assert session.call(module, ["y", "?"], name, as_dict=True)["id"].tolist() == [1, -1]
        session.export(module, tmp_path / "module")
    with NotebookSession() as session:
        again = session.load(tmp_path / "module")
        values = session.call(again, {"x": rows}, "serving_default", as_dict=True)
        np.testing.assert_allclose(values["y"], expected)


def test_without_signatures(tmp_path: Path) -> None:
    def build() -> Any:
        _plain()
        return {}

    _save(tmp_path / "saved", build)
    with NotebookSession() as session:
        module = session.load(tmp_path / "saved")
        assert module.get_signature_names() == []
        assert session.variables(module)["w"].tolist() == [[2.0, 1.0], [0.0, 3.0]]


def test_one_of_several_variants_has_to_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    plain(path)
    with modules.edited(path) as saved_model:
        other = saved_model.meta_graphs.add()
        other.CopyFrom(saved_model.meta_graphs[0])
        other.meta_info_def.tags[:] = ["serve", "tpu"]
    with NotebookSession() as session:
        with pytest.raises(errors.NoSuchVariantError, match=r"2 graph variants.*as in tags=\['serve'\]"):
            session.load(path)
        assert session.names == []
        assert session.load(path, tags=["tpu", "serve"]).tags == {"serve", "tpu"}


def test_the_only_variant_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plain(tmp_path / "saved")
    with caplog.at_level(logging.INFO, "hubexplore"), NotebookSession() as session:
        session.load(tmp_path / "saved")
        assert caplog.messages == ["saved: the graph variant ['serve'], the only one"]
        # No tags is an answer.
        with pytest.raises(errors.NoSuchVariantError):
            session.load(tmp_path / "saved", tags=[])

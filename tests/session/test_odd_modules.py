"""Modules with inputs that no array holds, and with strings that are no text: errors with a message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.session.session import NotebookSession
from tests.hub import modules

tf1 = tf.compat.v1
NO_TEXT = b"\xff\xfe"


def _two_inputs() -> None:
    x, more = tf1.placeholder(tf.float32, [None], name="x"), tf1.placeholder(tf.float32, [], name="more")
    hub.add_signature(inputs={"x": x, "more": more}, outputs=tf.identity(x, name="y"))


def _module(tmp_path: Path, change: Callable[[Any], None]) -> str:
    path = modules.export(hub.create_module_spec(_two_inputs), tmp_path / "module")
    with modules.edited(path) as saved_model:
        change(saved_model.meta_graphs[0])
    return path


def _node(graph: Any, name: str) -> Any:
    return next(node for node in graph.graph_def.node if node.name == name)


def _constant(graph: Any, name: str, value: Any) -> str:
    node = graph.graph_def.node.add(name=name, op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    node.attr["dtype"].type = node.attr["value"].tensor.dtype
    return name


@pytest.mark.parametrize("dtype", [tf.resource, tf.variant])
@pytest.mark.parametrize("value", [1.0, np.zeros(3), "text", None, object()])
def test_an_input_that_no_array_holds(tmp_path: Path, dtype: tf.DType, value: Any) -> None:
    def change(graph: Any) -> None:
        number = dtype.as_datatype_enum
        graph.signature_def["default"].inputs["more"].dtype = number
        _node(graph, "more").attr["dtype"].type = number

    path = _module(tmp_path, change)
    with NotebookSession() as session:
        session.load(path, "m")
        with pytest.raises(hub.HubError, match=f"'more'.*{dtype.name}|'more'") as caught:
            session.call("m", {"x": [1.0], "more": value})
    assert isinstance(caught.value, TypeError)


def _asserts(graph: Any) -> None:
    node = graph.graph_def.node.add(name="check", op="Assert")
    node.input.extend([_constant(graph, "no", False), _constant(graph, "why", NO_TEXT)])
    node.attr["T"].list.type.append(7)
    _node(graph, "y").input.append("^check")


def _reads_a_variable(graph: Any) -> None:
    node = graph.graph_def.node.add(name="v", op="VarHandleOp")
    node.attr["dtype"].type = 1
    node.attr["shape"].shape.SetInParent()
    node.attr["shared_name"].s = NO_TEXT
    read = graph.graph_def.node.add(name="read", op="ReadVariableOp", input=["v"])
    read.attr["dtype"].type = 1
    total = graph.graph_def.node.add(name="total", op="AddV2", input=["x", "read"])
    total.attr["T"].type = 1
    _node(graph, "y").input[0] = "total"


@pytest.mark.parametrize("change", [_asserts, _reads_a_variable])
def test_tensorflow_quotes_what_is_no_text(tmp_path: Path, change: Callable[[Any], None]) -> None:
    path = _module(tmp_path, change)
    with NotebookSession() as session:
        session.load(path, "m")
        with pytest.raises(tf.errors.OpError, match=r"\\xff\\xfe|\ufffd"):
            session.call("m", {"x": [1.0], "more": 1.0})


def test_an_initialiser_quotes_what_is_no_text(tmp_path: Path) -> None:
    def change(graph: Any) -> None:
        table = graph.graph_def.node.add(name="table", op="HashTableV2")
        table.attr["key_dtype"].type, table.attr["value_dtype"].type = 7, 9
        file = _constant(graph, "file", b"/nowhere/" + NO_TEXT)
        start = graph.graph_def.node.add(name="start", op="InitializeTableFromTextFileV2")
        start.input.extend(["table", file])
        start.attr["key_index"].i, start.attr["value_index"].i = -2, -1
        graph.collection_def["table_initializer"].node_list.value.append("start")

    path = _module(tmp_path, change)
    with NotebookSession() as session, pytest.raises(tf.errors.OpError, match=r"/nowhere/\\xff\\xfe"):
        session.load(path, "m", trust=True)


@pytest.mark.parametrize("use", [hub.load_module_spec, hub.summarize, hub.explore])
def test_a_path_that_no_file_can_have(use: Callable[[str], Any]) -> None:
    with pytest.raises(
        hub.HubError, match="contains an unpaired surrogate, which no file name can have"
    ) as caught:
        use("\ud800")
    assert isinstance(caught.value, ValueError)

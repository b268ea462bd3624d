"""One graph and one TensorFlow session for a notebook."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import (
    ExportExistsError,
    GraphError,
    HubError,
    MissingModuleError,
    NoSuchModuleError,
    SignatureError,
)
from hubexplore.session.session import NotebookSession
from tests.session import modules

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def scale() -> hub.ModuleSpec:
    return hub.create_module_spec(modules.scale)


@pytest.fixture(scope="module")
def kinds() -> hub.ModuleSpec:
    return hub.create_module_spec(modules.kinds)


def train(session: NotebookSession, module: hub.Module, value: float) -> None:
    """Gives its variable another value, as training would."""
    with session.graph.as_default():
        session.session.run(module.variables[0].assign(value))


def test_load_returns_the_module_with_its_values(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    module = session.load(scale, "s")
    assert isinstance(module, hub.Module)
    assert module.graph is session.graph
    assert session.module("s") is module
    assert session.names == ["s"]
    np.testing.assert_array_equal(session.call("s", [1.0, 2.0]), [3.0, 6.0])


def test_load_takes_handles_and_initialises_tables(session: NotebookSession) -> None:
    session.load("sample:text-embedding", "embed")
    assert session.call("embed", ["a letter", "the sea"]).shape == (2, 100)


def test_variant_and_trainable_are_passed_on(session: NotebookSession) -> None:
    module = session.load("sample:digits", "d", tags=["train"], trainable=True)
    assert module.tags == {"train"}
    assert module.trainable
    assert session.graph.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES)


def test_loading_initialises_nothing_that_was_there(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    first = session.load(scale, "first")
    train(session, first, 10.0)
    session.load("sample:text-embedding", "words")
    session.load(scale, "second")
    assert session.call("first", [1.0]) == [10.0]
    assert session.call("second", [1.0]) == [3.0]


def test_loading_fills_no_table_again(
    session: NotebookSession, scale: hub.ModuleSpec, tmp_path: Path
) -> None:
    """Its file may be gone by now."""
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("a\nb\n")
    session.load(hub.create_module_spec(lambda: modules.lookup(str(vocabulary))), "words")
    vocabulary.unlink()
    session.load(scale, "s")
    assert session.call("words", ["b", "c"]).tolist() == [1, -1]


def test_a_variable_of_the_user_keeps_its_value(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    with session.graph.as_default():
        variable = tf1.get_variable("own", initializer=1.0)
        session.session.run(variable.assign(5.0))
        session.load(scale, "s")
        assert session.session.run(variable) == 5.0


def test_a_name_used_again_means_the_new_module(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    old = session.load(scale, "s")
    train(session, old, 10.0)
    new = session.load(scale, "s")
    assert session.module("s") is new
    assert session.names == ["s"]
    assert session.call("s", [1.0]) == [3.0]
    with pytest.raises(GraphError, match="was replaced by loading another one by the same name"):
        session.call(old, [1.0])
    assert [variable.op.name for variable in session.graph.get_collection("variables")] == ["s_1/w"]


def test_a_call_sees_what_was_trained(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    module = session.load(scale, "s")
    assert session.call(module, [1.0]) == [3.0]
    train(session, module, 4.0)
    assert session.call(module, [1.0]) == [4.0]


def test_repeated_calls_add_no_op(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    module = session.load(scale, "s")
    session.call("s", [1.0])
    ops = len(session.graph.get_operations())
    for i in range(100):
        assert session.call("s", [float(i)] * i, as_dict=i % 2 == 0) is not None
    assert len(session.graph.get_operations()) == ops
    assert len(module.applications) == 1


def test_each_signature_is_applied_once(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    module = session.load(scale, "s")
    for _ in range(3):
        session.call(module, [1.0])
        session.call(module, signature="weight")
    assert [application.signature for application in module.applications] == ["default", "weight"]


def test_a_failing_call_adds_no_op(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    session.load(scale, "s")
    ops = len(session.graph.get_operations())
    for inputs, signature in (("text", None), ([[1.0]], None), ({"y": [1.0]}, None), ([1.0], "nothing")):
        with pytest.raises(HubError):
            session.call("s", inputs, signature)
    assert len(session.graph.get_operations()) == ops


def test_dict_in_and_out(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    session.load(scale, "s")
    result = session.call("s", {"b": [3.0], "a": [2.0]}, signature="pair", as_dict=True)
    assert result == {"sum": [5.0], "product": [6.0]}
    assert session.call("s", {"x": [2.0]}, as_dict=True) == {"default": [6.0], "twice": [12.0]}


def test_no_inputs(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    session.load(scale, "s")
    assert session.call("s", signature="weight") == 3.0


def test_sparse(session: NotebookSession, kinds: hub.ModuleSpec) -> None:
    session.load(kinds, "k")
    value = tf1.SparseTensorValue([[0, 1], [2, 3]], [1.0, 2.0], [3, 4])
    result = session.call("k", value, signature="sparse")
    assert isinstance(result, tf1.SparseTensorValue)
    np.testing.assert_array_equal(result.indices, value.indices)
    np.testing.assert_array_equal(result.values, [2.0, 4.0])
    np.testing.assert_array_equal(result.dense_shape, [3, 4])


def test_ragged(session: NotebookSession, kinds: hub.ModuleSpec) -> None:
    session.load(kinds, "k")
    for value in ([[1, 2], [], [3]], tf1.ragged.constant_value([[1, 2], [], [3]], np.int32)):
        assert session.call("k", value, signature="ragged").to_list() == [[2, 3], [], [4]]


def test_string(session: NotebookSession, kinds: hub.ModuleSpec) -> None:
    session.load(kinds, "k")
    for value in (["a", "bc"], np.array(["a", "bc"]), [b"a", b"bc"]):
        assert session.call("k", value, signature="string").tolist() == [b"A", b"BC"]


def test_zeros_at_the_end_of_strings(session: NotebookSession) -> None:
    """They belong to a string: serialized messages often end so, and NumPy's own arrays of text drop them."""

    def same() -> None:
        for name, x in (
            ("default", tf1.placeholder(tf.string, [None])), ("one", tf1.placeholder(tf.string, [])),
            ("sparse", tf1.sparse_placeholder(tf.string, [None, 2])),
            ("ragged", tf1.ragged.placeholder(tf.string, ragged_rank=1, value_shape=[])),
        ):  # fmt: skip
            hub.add_signature(name, x, x)

    same_module = session.load(hub.create_module_spec(same))
    assert session.call(same_module, [b"a\0", "b\0", b"\xff"]).tolist() == [b"a\0", b"b\0", b"\xff"]
    assert session.call(same_module, "a\0", "one") == b"a\0"
    assert session.call(same_module, [[b"a\0"], ["b\0", "c"]], "ragged").to_list() == [
        [b"a\0"],
        [b"b\0", b"c"],
    ]
    sparse = tf1.SparseTensorValue([[0, 0]], [b"a\0"], [1, 2])
    assert session.call(same_module, sparse, "sparse").values.tolist() == [b"a\0"]
    for wrong, words in (([1, 2], "Got 1 among the texts; its type is int"), (["a", None], "Got None among"),
                         ([["a"], ["b", "c"]], "its type is list"), (1, "dtype int64")):  # fmt: skip
        with pytest.raises(SignatureError, match=words):
            session.call(same_module, wrong)


def test_an_unknown_name_lists_those_that_are_there(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    with pytest.raises(NoSuchModuleError, match="nothing is loaded yet"):
        session.call("scale", [1.0])
    session.load(scale, "scale")
    with pytest.raises(NoSuchModuleError, match=r"there are \['scale'\]. Did you mean 'scale'\?"):
        session.call("scael", [1.0])
    with pytest.raises(KeyError):
        session.export("scael", "/tmp/x")


def test_inputs_that_do_not_fit(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    session.load(scale, "s")
    with pytest.raises(SignatureError, match="'x'"):
        session.call("s", ["text"])
    with pytest.raises(TypeError, match="b"):
        session.call("s", {"a": [1.0]}, signature="pair")


def test_a_module_of_another_graph(session: NotebookSession, scale: hub.ModuleSpec, tmp_path: Path) -> None:
    with tf.Graph().as_default():
        stranger = hub.Module(scale)
    with pytest.raises(GraphError, match="is not in the graph of session"):
        session.call(stranger, [1.0])
    with pytest.raises(GraphError, match="is not in the graph of session"):
        session.export(stranger, tmp_path / "out")


def test_a_failing_load_changes_nothing(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    module = session.load(scale, "s")
    train(session, module, 7.0)
    ops = len(session.graph.get_operations())
    with pytest.raises(MissingModuleError):
        session.load("/not/there", "s")
    with pytest.raises(HubError):
        session.load(scale, "s", tags=["train"])
    assert session.module("s") is module
    assert session.call("s", [1.0]) == [7.0]
    assert len(session.graph.get_operations()) > ops  # the call's
    assert session.load(scale, "other").name == "other"


def test_export_writes_what_was_trained(
    session: NotebookSession, scale: hub.ModuleSpec, tmp_path: Path
) -> None:
    module = session.load(scale, "s")
    train(session, module, 8.0)
    assert os.fspath(session.export("s", tmp_path / "out")) == str(tmp_path / "out")
    session.load(tmp_path / "out", "again")
    assert session.call("again", [1.0]) == [8.0]
    with pytest.raises(ExportExistsError):
        session.export(module, tmp_path / "out")


def test_the_default_graph_of_the_user_is_left_alone(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    with tf.Graph().as_default() as own:
        session.load(scale, "s")
        session.call("s", [1.0])
        assert tf1.get_default_graph() is own
        assert own.get_operations() == []
    assert tf.executing_eagerly()


def test_a_closed_session_says_so(scale: hub.ModuleSpec, tmp_path: Path) -> None:
    session = NotebookSession()
    module = session.load(scale, "s")
    session.close()
    session.close()
    assert session.names == []
    for action in (
        lambda: session.load(scale, "s"),
        lambda: session.call(module, [1.0]),
        lambda: session.export(module, tmp_path / "out"),
    ):
        with pytest.raises(GraphError, match=r"'default' is closed.*%hub_session new"):
            action()
    with pytest.raises(RuntimeError, match="closed"):
        session.session.run(tf1.global_variables_initializer())


def test_two_sessions_share_nothing(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    with NotebookSession() as other:
        train(session, session.load(scale, "s"), 9.0)
        other.load(scale, "s")
        assert other.call("s", [1.0]) == [3.0]


def test_what_it_shows_moves_no_cursor(session: NotebookSession, scale: hub.ModuleSpec) -> None:
    session.load(scale, "a\x1b[31m\u202e")
    assert repr(session) == "<NotebookSession 'default': modules a\\x1b[31m\\u202e>"

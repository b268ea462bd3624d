"""What a session does with values: batches, layers, conversions, initialising, interrupts."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import (
    GraphError,
    GraphGrowthWarning,
    NoSuchCallError,
    NoSuchTensorError,
    SignatureError,
)
from hubexplore.session import session as session_module
from hubexplore.session.session import NotebookSession
from tests.hub import modules
from tests.session.modules import counting, layered

tf1 = tf.compat.v1

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


class TestValues:
    @pytest.mark.parametrize(
        "values",
        [
            [[1, 2], [3, 4]],
            np.array([[1, 2], [3, 4]], np.uint8),
            np.array([[1, 2], [3, 4]], np.float64),
            pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]}),
            np.array([[1, 2], [3, 4]], np.float32, order="F"),
        ],
    )
    def test_what_becomes_float32(self, values: Any, session: NotebookSession, layers: hub.Module) -> None:
        assert session.call(layers, values).tolist() == [[14.0, 20.0], [30.0, 44.0]]

    def test_an_eager_tensor(self, session: NotebookSession, layers: hub.Module) -> None:
        assert session.call(layers, tf.constant([[1.0, 2.0]])).tolist() == [[14.0, 20.0]]

    def test_a_series_of_texts(self, session: NotebookSession, tmp_path: Path) -> None:
        (tmp_path / "words").write_text("a\nb\n")
        session.load(hub.create_module_spec(lambda: modules.lookup(str(tmp_path / "words"))), "words")
        assert session.call("words", pd.Series(["b", "a"])).tolist() == [1, 0]
        with pytest.raises(SignatureError, match=r"among the texts; its type is float"):
            session.call("words", pd.Series(["b", float("nan")], dtype=object))

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ([1, 2, 2**40], r"from 1 to 1099511627776, which int32 cannot hold"),
            ([1.5], r"1\.5 among values of dtype float64, which int32 cannot hold; .*\.astype\('int32'\)"),
            ([[1]], r"shape=\(None,\) dtype=int32.*shape \(1, 1\)"),
            (["1"], "int32"),
            ([[1], [1, 2]], "int32"),
        ],
    )
    def test_what_does_not_fit_says_what_would(
        self, values: Any, words: str, session: NotebookSession, layers: hub.Module
    ) -> None:
        with pytest.raises(SignatureError, match=words):
            session.call(layers, {"a": values, "b": [1]}, "pair")

    def test_integers_of_another_width(self, session: NotebookSession, layers: hub.Module) -> None:
        inputs = {"a": np.array([1, 2], np.int64), "b": np.array([3, 4], np.uint8)}
        assert session.call(layers, inputs, "pair").tolist() == [4, 6]

    def test_a_data_frame_with_a_column_per_input(self, session: NotebookSession, layers: hub.Module) -> None:
        frame = pd.DataFrame({"b": [3, 4], "a": [1, 2]})
        assert session.call(layers, frame, "pair").tolist() == [4, 6]
        with pytest.raises(SignatureError, match=r"unknown: \['c'\]"):
            session.call(layers, frame.rename(columns={"a": "c"}), "pair")

    def test_an_input_that_comes_back(self, session: NotebookSession, layers: hub.Module) -> None:
        assert session.call(layers, ROWS, "same").tolist() == ROWS.tolist()

    def test_sparse_both_ways(self, session: NotebookSession, parts: hub.Module) -> None:
        matrix = scipy.sparse.csr_matrix(np.array([[0, 1, 0], [2, 0, 3]], np.float32))
        result = session.call(parts, matrix, "sparse", as_dict=True)
        assert result["default"].values.tolist() == [1, 2, 3]
        assert result["sums"].tolist() == [1, 5]

    def test_ragged_both_ways(self, session: NotebookSession, parts: hub.Module) -> None:
        result = session.call(parts, [[1], [], [2, 3]], "ragged", as_dict=True)
        assert result["default"].to_list() == [[2], [], [4, 6]]
        assert result["lengths"].tolist() == [1, 0, 2]


class TestBatches:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_the_same_as_in_one_go(self, size: int, session: NotebookSession, layers: hub.Module) -> None:
        whole = session.call(layers, ROWS)
        assert session.call(layers, ROWS, batch_size=size).tolist() == whole.tolist()

    def test_no_rows(self, session: NotebookSession, layers: hub.Module) -> None:
        assert session.call(layers, ROWS[:0], batch_size=3).shape == (0, 2)

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_composites(self, size: int, session: NotebookSession, parts: hub.Module) -> None:
        dense = np.array([[0, 1, 0], [0, 0, 0], [2, 0, 3]], np.float32)
        matrix = scipy.sparse.coo_matrix(dense)
        result = session.call(parts, matrix, "sparse", as_dict=True, batch_size=size)
        value = np.zeros(result["default"].dense_shape)
        value[tuple(result["default"].indices.T)] = result["default"].values
        assert value.tolist() == dense.tolist()
        assert result["sums"].tolist() == [1, 0, 5]
        ragged = session.call(parts, [[1], [], [2, 3]], "ragged", as_dict=True, batch_size=size)
        assert ragged["default"].to_list() == [[2], [], [4, 6]]

    @pytest.mark.parametrize(
        ("inputs", "signature", "size", "words"),
        [
            (ROWS, "sum", 2, "fixed shape, not one row per row"),
            ({"a": [1, 2], "b": [1]}, "pair", 2, r"the same number of rows; got \{'a': 2, 'b': 1\}"),
            (ROWS, None, 0, "at least 1; got 0"),
        ],
    )
    @pytest.mark.usefixtures("layers")
    def test_what_cannot_be_cut(
        self, inputs: Any, signature: Any, size: int, words: str, session: NotebookSession
    ) -> None:
        with pytest.raises(SignatureError, match=words):
            session.call("layers", inputs, signature, batch_size=size)

    def test_a_bar_only_if_asked(
        self, session: NotebookSession, layers: hub.Module, capfd: pytest.CaptureFixture[str]
    ) -> None:
        session.call(layers, ROWS, batch_size=3)
        assert capfd.readouterr().err == ""
        session.call(layers, ROWS, batch_size=3, progress=True)
        assert "rows" in capfd.readouterr().err


class TestFetch:
    def test_layers_and_variables_by_name(self, session: NotebookSession, layers: hub.Module) -> None:
        value, more = session.call(layers, ROWS, fetch=["hidden", "MatMul:0", "w"])
        assert list(more) == ["hidden", "MatMul:0", "w"]
        assert value.tolist() == (2 * more["hidden"]).tolist()
        assert more["w"].tolist() == [[1.0, 2.0], [3.0, 4.0]]

    def test_no_value_is_called_like_another(self, session: NotebookSession, layers: hub.Module) -> None:
        with session.building():
            outside = tf.constant(7.0, name="hidden")
        assert session.call(layers, ROWS, fetch=[outside])[1] == {"hidden:0": 7.0}
        with pytest.raises(SignatureError, match=r"'hidden:0'.*two calls"):
            session.call(layers, ROWS, fetch=["hidden:0", outside])

    def test_outputs_of_any_name(self, session: NotebookSession) -> None:
        def module_fn() -> None:
            x = tf1.placeholder(tf.float32, [])
            outputs = {"\x000": x + 2.0, "fetch 0": x + 3.0, "Y": x + 4.0, "y": x + 5.0}
            hub.add_signature(inputs=x, outputs=outputs)
            tf.identity(x * 10.0, name="inner")

        session.load(hub.create_module_spec(module_fn), "odd")
        outputs, more = session.call("odd", 1.0, as_dict=True, fetch=["inner", "inner:0"])
        assert outputs == {"\x000": 3, "fetch 0": 4, "Y": 5, "y": 6}
        assert more == {"inner": 10, "inner:0": 10}
        assert [name for name, _, _ in session.log[-1].outputs] == [*outputs, *more]

    def test_what_no_output_needs(self, session: NotebookSession, layers: hub.Module) -> None:
        scope = session.applied(layers).scope
        fetch = ["Sum", "Sum:0", f"{scope}/Sum:0", "x", "layers/w"]
        _, more = session.call(layers, ROWS, fetch=fetch)
        assert list(more) == fetch
        assert [more[name] for name in fetch[:3]] == [ROWS.sum()] * 3
        assert more["x"].tolist() == ROWS.tolist()
        assert more["layers/w"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
        ops = len(session.graph.get_operations())
        assert session.call(layers, 2 * ROWS, fetch=["Sum"])[1]["Sum"] == 2 * ROWS.sum()
        assert len(session.graph.get_operations()) == ops

    def test_adds_no_op_when_repeated(self, session: NotebookSession, layers: hub.Module) -> None:
        session.call(layers, ROWS, fetch=["hidden"])
        ops = len(session.graph.get_operations())
        session.call(layers, ROWS, fetch=["w", layers.variables[0]])
        ops = len(session.graph.get_operations())
        variable = layers.variables[0]
        for _ in range(3):
            session.call(layers, ROWS, fetch=["hidden"])
            session.call(layers, ROWS, fetch=["w", variable])
        assert len(session.graph.get_operations()) == ops

    def test_a_variable_cut_along_its_columns(self, session: NotebookSession) -> None:
        def module_fn() -> None:
            cut = tf1.fixed_size_partitioner(2, axis=1)
            start = tf1.random_uniform_initializer()
            with tf1.variable_scope("scope"):
                whole = tf1.get_variable("w", [2, 4], initializer=start, partitioner=cut)
            hub.add_signature(outputs=tf.convert_to_tensor(whole))

        session.load(hub.create_module_spec(module_fn), "cut")
        value, more = session.call("cut", fetch=["scope/w"])
        assert more["scope/w"].tolist() == value.tolist() == session.variables("cut")["scope/w"].tolist()

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("hiden", "Did you mean 'hidden'"),
            ("hidden:7", r"outputs of that op are called hidden:0"),
            ("add", "depends on the placeholder 'a', which is not an input of signature 'default'"),
            (3, "got a int"),
        ],
    )
    def test_what_is_not_there(
        self, name: Any, words: str, session: NotebookSession, layers: hub.Module
    ) -> None:
        with pytest.raises(NoSuchTensorError, match=words):
            session.call(layers, ROWS, fetch=[name])


class TestState:
    def test_new_variables_are_initialised_once(self, session: NotebookSession, layers: hub.Module) -> None:
        with session.building():
            variable = tf1.get_variable("own", initializer=1.0)
            bump = variable.assign_add(1.0)
            assert session.session.run(bump) == 2.0
            other = tf1.get_variable("other", initializer=5.0)
        assert session.session.run([variable, other]) == [2.0, 5.0]
        assert session.initialize() == []

    def test_a_variable_made_of_another(self, session: NotebookSession) -> None:
        with session.building():
            first = tf1.get_variable("first", initializer=3.0)
            second = tf1.get_variable("second", initializer=lambda: first * 2.0)
        assert session.session.run(second) == 6.0

    def test_what_needs_a_feed_is_left_to_the_user(self, session: NotebookSession) -> None:
        with session.building():
            start = tf1.placeholder(tf.float32, [])
            variable = tf1.Variable(start, validate_shape=True)
            session.session.run(variable.initializer, {start: 4.0})
        assert session.session.run(variable) == 4.0

    def test_no_variable_is_called_like_that_of_another_module(self, session: NotebookSession) -> None:
        def one(name: str, value: float) -> hub.ModuleSpec:
            def module_fn() -> None:
                hub.add_signature(outputs=tf1.get_variable(name, initializer=value) + 0.0)

            return hub.create_module_spec(module_fn)

        for name, variable, value in (("a", "b/c", 1.0), ("a/b", "c", 2.0)):
            session.load(one(variable, value), name)
        with pytest.raises(GraphError, match=r"'a/b/c'.*session\.variables\('a/b'\)"):
            session.variables()
        assert session.variables("a/b") == {"c": 2}

    def test_the_log_calls_a_module_as_it_is_loaded(self, session: NotebookSession) -> None:
        spec = hub.create_module_spec(lambda: hub.add_signature(outputs=tf.constant(1.0)))
        session.load(spec, "twice")
        session.load(spec, "twice")
        session.load(spec, "twice_1")
        session.call("twice_1")
        session.call(session.module("twice"))
        assert [call.module for call in session.log] == ["twice_1", "twice"]

    def test_values_of_variables(self, session: NotebookSession, layers: hub.Module) -> None:
        session.load(hub.create_module_spec(modules.partitioned), "cut")
        assert session.variables(layers)["w"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert session.variables("cut")["scope/s"].tolist() == [[7.0, 7.0]] * 4
        assert set(session.variables()) == {"layers/w", "cut/scope/s", "cut/q"}

    def test_a_reset_starts_over(self, session: NotebookSession, layers: hub.Module) -> None:
        session.call(layers, ROWS)
        session.reset()
        assert (session.names, len(session.log)) == ([], 0)
        with pytest.raises(RuntimeError, match="After a reset everything has to be loaded again"):
            session.call(layers, ROWS)

    def test_replacing_many_times_warns(
        self, session: NotebookSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session_module, "OPS_LEFT_BEHIND", 5)
        spec = hub.create_module_spec(layered)
        session.load(spec, "m")
        session.load(spec, "other")
        session.call("m", ROWS)
        with pytest.warns(GraphGrowthWarning, match=r"reset\(\), or %hub_session reset, frees them"):
            session.load(spec, "m")
        assert session.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]

    def test_what_a_replaced_module_held_is_gone(self, session: NotebookSession) -> None:
        spec = hub.create_module_spec(layered)
        old = session.load(spec, "m", trainable=True)
        assert old.graph is session.graph
        session.load(spec, "m", trainable=True)
        assert [variable.op.name for variable in session.graph.get_collection("trainable_variables")] == [
            "m_1/w"
        ]
        with session.building(), pytest.raises(tf.errors.FailedPreconditionError):
            session.session.run(old.variables[0].read_value())


class TestReplacing:
    """What is loaded again and again under one name costs the same each time."""

    @pytest.fixture
    def spec(self) -> hub.ModuleSpec:
        return hub.create_module_spec(layered)

    def test_the_graph_does_not_grow(self, session: NotebookSession, spec: hub.ModuleSpec) -> None:
        sizes = set()
        for _ in range(5):
            module = session.load(spec, "m", trainable=True)
            assert session.call("m", ROWS[:1]).tolist() == [[6.0, 8.0]]
            sizes.add(len(module.graph.get_operations()))
            assert [variable.op.name for variable in module.graph.get_collection("trainable_variables")] == [
                "m/w"
            ]
        assert len(sizes) == 1

    def test_what_was_replaced_is_freed(self, session: NotebookSession, spec: hub.ModuleSpec) -> None:
        old = session.load(spec, "m")
        graph = weakref.ref(old.graph)
        session.call(old, ROWS)
        session.load(spec, "m")
        with pytest.raises(GraphError, match="was replaced"):
            session.call(old, ROWS)
        with pytest.raises(NoSuchCallError, match="was replaced"):
            session.log.replay(1)
        del old
        for thread in threading.enumerate():
            if thread.name == "hubexplore-close":
                thread.join()
        gc.collect()
        assert graph() is None
        assert [call.module for call in session.log] == ["m"]

    def test_what_the_user_built_stays(self, session: NotebookSession, spec: hub.ModuleSpec) -> None:
        session.load(spec, "m")
        with session.building():
            variable = tf1.get_variable("own", initializer=1.0)
            session.session.run(variable.assign(5.0))
        session.load(spec, "m")
        assert session.session.run(variable) == 5

    def test_other_modules_stay(self, session: NotebookSession, spec: hub.ModuleSpec) -> None:
        other = session.load(spec, "other")
        session.load(spec, "m")
        session.load(spec, "m")
        assert session.call(other, ROWS[:1]).tolist() == [[6.0, 8.0]]

    def test_variables_built_through_the_module_stay(
        self, session: NotebookSession, spec: hub.ModuleSpec
    ) -> None:
        module = session.load(spec, "m")
        with module.graph.as_default():
            variable = tf1.get_variable("own", initializer=1.0)
        session.load(spec, "m")
        assert session.session.run(variable) == 1

    def test_a_load_that_fails_leaves_the_earlier_one(
        self, session: NotebookSession, spec: hub.ModuleSpec
    ) -> None:
        module = session.load(spec, "m")
        with pytest.raises(hub.HubError):
            session.load("/not/there", "m")
        assert session.call(module, ROWS[:1]).tolist() == [[6.0, 8.0]]

    @pytest.mark.parametrize("alone", [True, False])
    def test_a_thread_that_calls_meanwhile_is_told(self, alone: bool, session: NotebookSession) -> None:
        begun, replaced = threading.Event(), threading.Event()

        def tell(far: int) -> None:
            begun.set()
            replaced.wait()

        spec = hub.create_module_spec(layered)
        if not alone:
            session.load(spec, "other")
        session.load(hub.create_module_spec(counting(tell, variable=True)), "m")
        errors: list[BaseException] = []

        def call() -> None:
            try:
                session.call("m", 10**15)  # ends only by being replaced
            except hub.HubError as error:
                errors.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        begun.wait()
        session.load(spec, "m")
        replaced.set()
        thread.join()
        assert "was replaced" in str(errors[0])


class TestForgotten:
    """What users of modules forget, told when the session can see it."""

    def train(self, session: NotebookSession, module: hub.Module, *, losses: bool, updates: bool) -> None:
        with session.building():
            x = tf1.placeholder(tf.float32, [None, 1])
            loss = tf.reduce_mean(tf.square(module(x) - 3.0))
            loss += tf1.losses.get_regularization_loss() if losses else 0.0
            waits = tf1.get_collection(tf1.GraphKeys.UPDATE_OPS) if updates else []
            with tf.control_dependencies(waits):
                step = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
            session.session.run(step, {x: [[1.0], [2.0]]})

    @pytest.fixture
    def trained(self, session: NotebookSession, tmp_path: Path) -> hub.Module:
        def both() -> None:
            with tf1.variable_scope("", regularizer=lambda value: tf.reduce_sum(value, name="loss")):
                modules.normalized(training=True)

        path = modules.export(hub.create_module_spec(both), tmp_path / "module")
        return session.load(path, "m", trainable=True)

    def test_update_ops(self, session: NotebookSession, trained: hub.Module, tmp_path: Path) -> None:
        self.train(session, trained, losses=True, updates=False)
        (warning,) = session.export(trained, tmp_path / "out").warnings
        assert "UPDATE_OPS" in warning
        again = session.load(tmp_path / "module", "again", trainable=True)
        session.call(again, [[1.0]])  # what the session adds for its own calls is in no collection
        session.graph.get_collection_ref(tf1.GraphKeys.UPDATE_OPS).clear()
        self.train(session, again, losses=True, updates=True)
        assert session.export(again, tmp_path / "again").warnings == ()

    def test_calls_of_the_session_are_in_no_collection(
        self, session: NotebookSession, trained: hub.Module
    ) -> None:
        session.call(trained, [[1.0]])
        assert session.graph.get_collection(tf1.GraphKeys.UPDATE_OPS) == []

    def test_losses(self, session: NotebookSession, trained: hub.Module) -> None:
        with pytest.warns(UserWarning, match="get_regularization_loss"):
            self.train(session, trained, losses=False, updates=True)

    def test_nothing_trainable(self, session: NotebookSession, layers: hub.Module) -> None:
        def train() -> None:
            with session.building():
                loss = tf.reduce_sum(layers(tf.constant(ROWS)))
                tf1.train.GradientDescentOptimizer(0.1).minimize(loss)

        with pytest.raises(ValueError, match="No variables") as caught:
            train()
        assert "trainable=True" in caught.value.__notes__[0]

    def test_no_value_yet(self, session: NotebookSession, layers: hub.Module) -> None:
        session.call(layers, ROWS)
        with session.building():
            session.session.run(tf.raw_ops.DestroyResourceOp(resource=layers.variables[0].handle))
        with pytest.raises(tf.errors.FailedPreconditionError, match="'w' of module 'layers'"):
            session.call(layers, ROWS)


def test_a_layer_in_a_branch_that_is_not_taken_ends_the_call(session: NotebookSession) -> None:
    """It has no value, with or without a loop, and the call must not wait for it."""

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [2])
        with tf1.variable_scope("v1", use_resource=True):
            weight = tf1.get_variable("weight", initializer=2.0)

        def taken() -> tf.Tensor:
            total = tf1.while_loop(lambda i: i < 3.0, lambda i: (i + 1.0,), [tf.reduce_sum(x)])
            return tf.identity(total, name="inner")

        hub.add_signature(inputs=x, outputs=tf1.cond(tf.reduce_sum(x) > 0, taken, lambda: weight * 2.0))

    with tf.Graph().as_default():
        tf1.disable_control_flow_v2()
        try:
            module = session.load(hub.create_module_spec(module_fn), "m")
        finally:
            tf1.enable_control_flow_v2()
    value, layers = session.call(module, [1.0, 1.0], fetch=["cond/inner"])
    assert (value, layers["cond/inner"]) == (3.0, 3.0)
    assert session.call(module, [-1.0, 0.5]) == 4.0
    with pytest.raises(NoSuchTensorError, match="'cond/inner' has no value in this call"):
        session.call(module, [-1.0, 0.5], fetch=["cond/inner"])


def test_a_saved_model_is_called_by_its_only_output(session: NotebookSession, tmp_path: Path) -> None:
    tripled = tf.Module()
    tripled.function = tf.function(lambda x: {"y": 3 * x}, input_signature=[tf.TensorSpec([None], name="x")])
    tf.saved_model.save(tripled, str(tmp_path))
    module = session.load(tmp_path, "tripled")
    assert session.call(module, [1.0, 2.0]).tolist() == [3.0, 6.0]
    assert session.call(module, [1.0], as_dict=True)["y"].tolist() == [3.0]

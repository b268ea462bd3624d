"""Variables of SavedModels that no collection of a module lists: local ones, metrics, counters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.hub.running.run_errors import explain_run_error

tf1 = tf.compat.v1
KEYS = tf1.GraphKeys


def _signature(inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    infos = [{key: tf1.saved_model.build_tensor_info(value) for key, value in side.items()}
             for side in (inputs, outputs)]  # fmt: skip
    return tf1.saved_model.build_signature_def(*infos, "predict")


@pytest.fixture(params=[True, False], ids=["resource", "reference"])
def saved_model(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """w = 3 and saved = 11 in the checkpoint; acc, loose and started come from initialisers, a metric too."""
    path = str(tmp_path / "saved_model")
    with tf.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("", use_resource=request.param):
            x = tf1.placeholder(tf.float32, [None], name="x")

            def variable(name: str, value: float, *collections: str, trainable: bool = False) -> Any:
                return tf1.get_variable(
                    name, initializer=value, collections=list(collections), trainable=trainable
                )

            w = tf1.get_variable("w", initializer=2.0)
            acc = variable("acc", 5.0, KEYS.LOCAL_VARIABLES, trainable=True)
            loose, saved = variable("loose", 7.0), variable("saved", 0.0)
            started = variable("started", 1.0, KEYS.GLOBAL_VARIABLES)
            start = started.assign(w * 0 + 40.0).op
            _, update = tf1.metrics.mean(x)
            count = tf.identity(tf1.assign_add(acc, 1.0))
        locals_op = tf1.local_variables_initializer()
        session.run([tf1.global_variables_initializer(), locals_op, loose.initializer, saved.initializer])
        session.run([w.assign(3.0), saved.assign(11.0), acc.assign(99.0)])
        builder = tf1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "default": _signature({"x": x}, {"default": x * w}),
                "metric": _signature({"x": x}, {"default": update}),
                "values": _signature({}, {"acc": acc + 0.0, "loose": loose + 0.0, "started": started + 0.0}),
                "count": _signature({}, {"default": count}),
                "saved": _signature({}, {"default": saved + 0.0}),
            },
            main_op=tf.group(locals_op, loose.initializer, start),
            saver=tf1.train.Saver([w, saved]),
        )
        builder.save()
    return path


def _check(call: Any) -> None:
    np.testing.assert_array_equal(call([1.0, 2.0]), [3.0, 6.0])
    assert call(signature="values", as_dict=True) == {"acc": 5, "loose": 7, "started": 40}
    assert call(signature="saved") == 11
    assert [call([value], signature="metric") for value in (1.0, 2.0)] == [1.0, 1.5]
    assert [call(signature="count") for _ in range(2)] == [6, 7]


def test_values_as_the_main_op_gives_them(saved_model: str, tmp_path: Path) -> None:
    spec = hub.create_module_spec_from_saved_model(saved_model)
    with hub.eval_function_for_module(spec, tags=["serve"]) as call:
        _check(call)


def test_in_a_session_exported_and_loaded_again(saved_model: str, tmp_path: Path) -> None:
    with hub.NotebookSession() as session:
        spec = hub.create_module_spec_from_saved_model(saved_model)
        module = session.load(spec, "m", tags=["serve"])
        _check(lambda *inputs, **options: session.call(module, *inputs, **options))
        with session.building():
            session.session.run(module.variable_map["saved"].assign(12.0))
        report = session.export(module, tmp_path / "out", verify=True)
        assert {signature.largest_difference for signature in report.compared} == {0.0}
        assert session.call(module, signature="count") == 8  # as before the export, and one more
        with session.building():
            session.session.run(module.variable_map["saved"].assign(11.0))
        session.export(module, tmp_path / "again")
    with hub.eval_function_for_module(tmp_path / "again", tags=["serve"]) as call:
        _check(call)


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("second", [tf1.local_variables_initializer, tf1.tables_initializer])
def test_in_a_graph_of_ones_own(saved_model: str, second: Any, trainable: bool) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        spec = hub.create_module_spec_from_saved_model(saved_model)
        module = hub.Module(spec, trainable=trainable, tags=["serve"])
        assert sorted(module.variable_map) == ["saved", "w"]
        names = sorted(variable.op.name for variable in tf1.local_variables())
        assert names == [f"module/{name}" for name in ("acc", "loose", "mean/count", "mean/total", "started")]
        assert len(tf1.trainable_variables()) == trainable
        values = module(signature="values", as_dict=True)
        saved = module(signature="saved")
        session.run(tf1.global_variables_initializer())
        session.run(second())
        if second is tf1.tables_initializer:  # which leaves those that start from other variables
            del values["started"]
        expected = {"acc": 5, "loose": 7, "started": 40}
        assert session.run(values) == {name: expected[name] for name in values}
        assert session.run(saved) == 11


def test_they_are_listed(saved_model: str) -> None:
    spec = hub.create_module_spec_from_saved_model(saved_model)
    names = ["acc", "loose", "mean/count", "mean/total", "saved", "started", "w"]
    for summary in (hub.summarize(saved_model), hub.summarize(spec)):
        frame = summary.variables.df.set_index("name")
        assert list(frame.index) == names
        assert sorted(frame.index[frame["kind"] == "local"]) == sorted({*names} - {"saved", "w"})
        assert list(frame.index[frame["trainable"]]) == ["w"]
        assert {
            variable["name"]: variable["kind"] for variable in summary.to_dict()["variants"][0]["variables"]
        } == dict(frame["kind"])
        assert not summary.warnings
        lines = [line.split() for line in str(summary.variables).splitlines()]
        assert ["acc", "float32", "scalar", "no", "local", "1", "4", "bytes"] in [line[:8] for line in lines]
        assert ["w", "float32", "scalar", "yes", "global", "1", "4", "bytes"] in [line[:8] for line in lines]
    assert "<th>Kind</th>" in str(hub.summarize(saved_model).to_html()).replace(' scope="col"', "")


@pytest.mark.parametrize("resource", [True, False], ids=["resource", "reference"])
def test_the_main_op_runs_after_the_checkpoint_is_restored(resource: bool, tmp_path: Path) -> None:
    path = str(tmp_path / "saved_model")
    with tf.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("", use_resource=resource):
            w, kept, start, twice, counter = (
                tf1.get_variable(name, initializer=0.0) for name in ("w", "kept", "start", "twice", "counter")
            )
            unread = tf1.get_variable("unread", initializer=0.0)
            main_op = tf.group(
                start.assign(40.0), twice.assign(w * 2), counter.assign(counter + 1.0), unread.assign(1.0)
            )
        everything = [w, kept, start, twice, counter, unread]
        session.run([variable.assign(3.0) for variable in everything])
        builder = tf1.saved_model.Builder(path)
        outputs = {name: tf.identity(value) for name, value in
                   {"w": w, "kept": kept, "start": start, "twice": twice}.items()}  # fmt: skip
        signatures = {
            "default": _signature({}, outputs),
            "counter": _signature({}, {"default": counter + 0.0}),
        }
        builder.add_meta_graph_and_variables(session, ["serve"], signatures, main_op=main_op)
        builder.save()
    with tf.Graph().as_default(), tf1.Session() as session:
        loaded = tf1.saved_model.load(session, ["serve"], path)
        infos = loaded.signature_def["default"].outputs
        values = session.run({name: info.name for name, info in infos.items()})
    assert values == {"w": 3, "kept": 3, "start": 40, "twice": 6}
    spec = hub.create_module_spec_from_saved_model(path)
    with hub.NotebookSession() as session:
        module = session.load(spec, tags=["serve"])
        assert session.call(module, as_dict=True) == values
        assert session.call(module, signature="counter") == 3  # no initial value can depend on itself
        assert sorted(module.variable_map) == ["counter", "kept", "unread", "w"]
        session.export(module, tmp_path / "exported")
    with hub.eval_function_for_module(tmp_path / "exported", tags=["serve"]) as call:
        assert call(as_dict=True) == values
    for summary in (hub.summarize(path), hub.summarize(spec)):
        local = {variable.name for variable in summary.variants[0].variables if variable.kind == "local"}
        assert local == {"start", "twice"}
        assert len(summary.variables) == 6


def test_a_module_whose_local_variables_were_dropped() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None])
        _, update = tf1.metrics.mean(x)
        hub.add_signature(inputs=x, outputs=update)

    spec = hub.create_module_spec(module_fn, drop_collections=["local_variables", "metric_variables"])
    with hub.eval_function_for_module(spec) as call:
        assert [call([value]) for value in (1.0, 2.0)] == [1.0, 1.5]


def test_what_initialises_a_local_variable_is_said(saved_model: str) -> None:
    spec = hub.create_module_spec_from_saved_model(saved_model)
    for signature, inputs in (("count", None), ("metric", {"x": [1.0]})):
        with tf.Graph().as_default(), tf1.Session() as session:
            module = hub.Module(spec, tags=["serve"])
            outputs = module(inputs, signature=signature)
            session.run(tf1.global_variables_initializer())
            with pytest.raises(tf.errors.OpError) as caught:
                session.run(outputs)
            assert "tf.compat.v1.local_variables_initializer()" in str(
                explain_run_error(caught.value, [module])
            )
            session.run(tf1.local_variables_initializer())
            session.run(outputs)

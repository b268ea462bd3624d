"""`hub.save`: a TF2 SavedModel that TensorFlow loads, and that does what the module does."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ExportExistsError, GraphError, HubError, PathError, UnsupportedFormatError
from hubexplore.hub.servable import write as writing
from hubexplore.session.export import proof
from hubexplore.session.export.differences import Assets
from hubexplore.session.export.save_report import SaveReport
from hubexplore.session.session import NotebookSession
from tests.hub import modules
from tests.session import modules as session_modules

tf1 = tf.compat.v1

HOSTILE = ["a b", "x/y", "für", "class", "$x", "1", "<b>", "inputs"]
X = np.array([[1.0], [3.0]], np.float32)


def saved(build: Any, path: Path, tags: Any = None, **options: Any) -> Any:
    """Saves a new spec without proof, and loads it with TensorFlow alone."""
    return loaded(hub.create_module_spec(build, tags), path, **options)


def loaded(module: Any, path: Path, **options: Any) -> Any:
    return tf.saved_model.load(hub.save(module, path, verify=False, **options))


def in_v1_session(path: Path, signature: str, feeds: dict[str, Any]) -> dict[str, Any]:
    """What the loader with sessions, and TensorFlow Serving, runs."""
    with tf.Graph().as_default(), tf1.Session() as session:
        described = tf1.saved_model.load(session, ["serve"], str(path)).signature_def[signature]
        fed = {described.inputs[name].name: value for name, value in feeds.items()}
        fetches = {name: info.name for name, info in described.outputs.items()}
        results: dict[str, Any] = session.run(fetches, fed)
        return results


class TestContent:
    def test_one_set_of_variables_for_both_variants(self, tmp_path: Path) -> None:
        variants = [(set(), {"training": False}), ({"train"}, {"training": True})]
        model = saved(modules.normalized, tmp_path / "out", variants)
        before = model(X).numpy()
        moving = {
            name: value.numpy()
            for name, value in model.variable_map.items()
            if "mov" in name or "mean" in name
        }
        model(X, training=True)
        assert moving
        assert any(model.variable_map[name].numpy() != value for name, value in moving.items())
        assert not np.array_equal(model(X).numpy(), before)

    def test_gradients_reach_the_variables(self, tmp_path: Path) -> None:
        model = saved(modules.affine, tmp_path / "out")
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(np.array([[1, 2]], np.float32)))
        gradients = tape.gradient(loss, list(model.trainable_variables))
        by_name = {
            v.name: g.numpy().tolist() for v, g in zip(model.trainable_variables, gradients, strict=True)
        }
        assert [[1.0] * 3, [2.0] * 3] in by_name.values()

    @pytest.mark.parametrize("use_resource", [True, False])
    def test_both_kinds_of_variables(self, use_resource: bool, tmp_path: Path) -> None:
        model = saved(lambda: modules.scaled(use_resource), tmp_path / "out")
        model.variable_map["w"].assign(5.0)
        assert model(np.array([1, 2], np.float32)).numpy().tolist() == [5.0, 10.0]
        assert in_v1_session(tmp_path / "out", "serving_default", {"default": [1, 2]})[
            "default"
        ].tolist() == [3, 6]

    def test_regularization_losses(self, tmp_path: Path) -> None:
        model = saved(modules.regularized, tmp_path / "out")
        assert [float(loss()) for loss in model.regularization_losses] == [5.0]

    def test_partitions_and_no_inputs(self, tmp_path: Path) -> None:
        model = saved(modules.partitioned, tmp_path / "out")
        outputs = model(as_dict=True)
        assert outputs["s"].numpy().tolist() == [[7.0, 7.0]] * 4
        assert [part.shape.as_list() for part in model.variable_map["scope/s"]] == [[2, 2], [2, 2]]

    def test_signatures_keep_their_names(self, tmp_path: Path) -> None:
        model = saved(modules.two_signatures, tmp_path / "out")
        assert sorted(model.signatures) == ["constant", "sum"]
        one = np.ones([1], np.float32)
        assert model.signatures["sum"](a=one, b=one)["sum"].numpy().tolist() == [2]
        assert model({"a": one, "b": one}, signature="sum")["difference"].numpy().tolist() == [0]

    def test_hostile_names(self, tmp_path: Path) -> None:
        def build() -> None:
            w = tf1.get_variable("w", initializer=2.0)
            for name in HOSTILE:
                x = tf1.placeholder(tf.float32, [None])
                hub.add_signature(name, {name: x, "other": x}, {name: x * w, "default": x})

        model = saved(build, tmp_path / "out")
        assert sorted(model.signatures) == sorted(HOSTILE)
        one = tf.constant([1.0])
        for name in HOSTILE:
            given = "class_1" if name == "class" else name
            assert model.signatures[name](**{given: one, "other": one})[name].numpy().tolist() == [2.0]
            assert model({name: one, "other": one}, signature=name, as_dict=True)[name].numpy().tolist() == [
                2.0
            ]
            assert in_v1_session(tmp_path / "out", name, {given: [1.0], "other": [1.0]})[name].tolist() == [
                2.0
            ]

    def test_a_signature_that_is_called_serving_default_already(self, tmp_path: Path) -> None:
        def build() -> None:
            x = tf1.placeholder(tf.float32, [None])
            hub.add_signature(inputs=x, outputs=x + 1)
            hub.add_signature("serving_default", inputs=x, outputs=x + 2)

        model = saved(build, tmp_path / "out")
        zero = tf.constant([0.0])
        assert model.signatures["serving_default"](default=zero)["default"].numpy() == [2]
        assert model.signatures["default"](default=zero)["default"].numpy() == [1]

    def test_sparse_and_ragged(self, tmp_path: Path) -> None:
        model = saved(session_modules.kinds, tmp_path / "out")
        assert set(model.signatures["sparse"].structured_input_signature[1]) == {
            "default",
            "default_1",
            "default_2",
        }
        sparse = model(tf.sparse.from_dense([[0, 1.0, 0, 2]]), signature="sparse")
        assert tf.sparse.to_dense(sparse).numpy().tolist() == [[0, 2, 0, 4]]
        ragged = model(tf.ragged.constant([[1], [2, 3]]), signature="ragged")
        assert ragged.to_list() == [[2], [3, 4]]

    def test_tables_of_files_with_one_name(self, tmp_path: Path) -> None:
        files = []
        for folder, words in (("a", "x\ny\n"), ("b", "y\nx\n")):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "words.txt").write_text(words)
            files.append(str(tmp_path / folder / "words.txt"))

        def build() -> None:
            words = tf1.placeholder(tf.string, [None])
            tables = [tf.lookup.StaticHashTable(modules.line_numbers(file), -1) for file in files]
            hub.add_signature(
                inputs=words, outputs={"a": tables[0].lookup(words), "b": tables[1].lookup(words)}
            )

        out = tmp_path / "out"
        hub.save(hub.create_module_spec(build), out, verify=False)
        for file in files:
            Path(file).unlink()
        moved = out.rename(tmp_path / "moved")
        graphs = (moved / "saved_model.pb").read_bytes()
        assert str(tmp_path).encode() not in graphs
        outputs = tf.saved_model.load(moved).signatures["serving_default"](default=tf.constant(["x"]))
        assert (outputs["a"].numpy(), outputs["b"].numpy()) == ([0], [1])
        in_session = in_v1_session(moved, "serving_default", {"default": [b"x"]})
        assert (in_session["a"], in_session["b"]) == ([0], [1])

    def test_a_large_checkpoint_in_several_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hubexplore.hub.variants.restore.GROUP_BYTES", 4)
        spec = hub.load_module_spec(
            modules.export(hub.create_module_spec(modules.affine), tmp_path / "module")
        )
        model = loaded(spec, tmp_path / "out")
        assert len(list((tmp_path / "out" / "variables").iterdir())) == 3
        expected = modules.evaluate(spec, [[1.0, 2.0]])["default"]
        assert np.allclose(model(np.array([[1, 2]], np.float32)).numpy(), expected)

    def test_it_is_read_again(self, tmp_path: Path) -> None:
        hub.save(hub.create_module_spec(modules.affine), tmp_path / "out", verify=False)
        spec = hub.load_module_spec(tmp_path / "out")
        expected = modules.evaluate(hub.create_module_spec(modules.affine), [[1.0, 2.0]])["default"]
        outputs = modules.evaluate(spec, [[1.0, 2.0]], "serving_default", ["serve"])
        assert outputs["default"].tolist() == expected.tolist()
        again = loaded(tmp_path / "out", tmp_path / "again")
        assert np.array_equal(again(np.array([[1, 2]], np.float32), signature="serving_default"), expected)


class TestSubjects:
    def test_trained_values_of_a_session(self, tmp_path: Path) -> None:
        with NotebookSession() as session:
            module = session.load(hub.create_module_spec(modules.scaled), trainable=True)
            with session.building():
                tf1.get_default_session().run(tf1.assign(module.variable_map["w"], 7.0))
            report = session.save(module, tmp_path / "out", verify=False)
        assert tf.saved_model.load(report)(np.array([1], np.float32)).numpy().tolist() == [7.0]

    def test_trained_values_of_a_loaded_module(self, tmp_path: Path) -> None:
        module = hub.load(modules.export(hub.create_module_spec(modules.scaled), tmp_path / "module"))
        module.variable_map["w"].assign(9.0)
        assert loaded(module, tmp_path / "out")(np.array([1], np.float32)).numpy().tolist() == [9.0]

    def test_a_module_without_a_session(self, tmp_path: Path) -> None:
        with tf.Graph().as_default():
            module = hub.Module(hub.create_module_spec(modules.scaled))
            with pytest.raises(GraphError, match=r"hub\.save\(module, path, session=session\)"):
                hub.save(module, tmp_path / "out")
            with tf1.Session() as session, pytest.raises(HubError, match="global_variables_initializer"):
                hub.save(module, tmp_path / "out", session=session)
        assert list(tmp_path.iterdir()) == []

    def test_other_variants_are_named(self, tmp_path: Path) -> None:
        spec = hub.create_module_spec(modules.normalized, [({"a"}, {}), ({"b"}, {"training": True})])
        report = hub.save(spec, tmp_path / "out", tags=["a"], verify=False)
        assert "tags=['b']" in report.warnings[0]


class TestTarget:
    def test_versions(self, tmp_path: Path) -> None:
        report = hub.save(hub.create_module_spec(modules.double), tmp_path / "m", version=3, verify=False)
        assert report.path == str(tmp_path / "m" / "3")
        hub.save(hub.create_module_spec(modules.double), tmp_path / "m", version=4, verify=False)
        assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["3", "4"]
        with pytest.raises(PathError, match="version"):
            hub.save(hub.create_module_spec(modules.double), tmp_path / "m", version=-1)

    def test_overwrite_replaces_saved_models_only(self, tmp_path: Path) -> None:
        spec = hub.create_module_spec(modules.double)
        hub.save(spec, tmp_path / "out", verify=False)
        with pytest.raises(ExportExistsError, match="overwrite=True"):
            hub.save(spec, tmp_path / "out", verify=False)
        hub.save(spec, tmp_path / "out", verify=False, overwrite=True)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes.txt").write_text("precious")
        with pytest.raises(ExportExistsError, match="not a SavedModel"):
            hub.save(spec, tmp_path / "mine", overwrite=True)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]

    def test_nothing_is_left_of_a_failure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise UnsupportedFormatError("no")

        monkeypatch.setattr(writing, "write_checkpoint", fail)
        with pytest.raises(UnsupportedFormatError):
            hub.save(hub.create_module_spec(modules.double), tmp_path / "sub" / "out")
        assert list(tmp_path.iterdir()) == []


class TestProof:
    def test_variants_are_compared_in_a_new_process(self, tmp_path: Path) -> None:
        variants = [(set(), {"training": False}), ({"train"}, {"training": True})]
        report = hub.save(hub.create_module_spec(modules.normalized, variants), tmp_path / "out")
        assert [call.call for call in report.compared] == ["serving_default", "default, training=True"]
        assert report.largest_difference is not None
        assert report.largest_difference < 1e-6
        assert report.largest_gradient_difference is not None
        assert report.largest_gradient_difference < 1e-6
        assert all(call.gradients for call in report.compared)
        assert "In a new process it gives" in repr(report)
        assert "<table" in str(report._repr_html_())

    def test_gradients_of_a_loop_are_refused(self, tmp_path: Path) -> None:
        def build() -> None:
            x = tf1.placeholder(tf.float32, [None])
            w = tf1.get_variable("w", initializer=2.0, use_resource=True)
            y = tf1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * w), [0, x])[1]
            hub.add_signature(inputs=x, outputs=y)

        enabled = tf1.control_flow_v2_enabled()
        tf1.disable_control_flow_v2()

        try:
            spec = hub.create_module_spec(build)
        finally:
            if enabled:
                tf1.enable_control_flow_v2()
        report = hub.save(spec, tmp_path / "out")
        assert report.largest_difference == 0
        assert all("gradients are refused" in call.note for call in report.compared)
        with tf.GradientTape(), pytest.raises(LookupError, match="TF1 while loop"):
            tf.saved_model.load(report)(np.array([1], np.float32))

    def test_a_call_that_fails_says_why(self, tmp_path: Path) -> None:
        def pick() -> None:
            at = tf1.placeholder(tf.int32, [None])
            hub.add_signature(inputs=at, outputs=tf.gather([1.0, 2.0, 3.0], at))

        path = hub.save(hub.create_module_spec(pick), tmp_path / "out", verify=False)
        files = proof._Files(tmp_path)
        inputs = {"default": files.write(np.array([9], np.int32))}
        message = {"signature": "serving_default", "training": False, "inputs": inputs, "structure": {}}
        answers = proof._answers(str(path), tmp_path, [message | {"changes": False, "differentiated": []}])
        request = proof._Request("serving_default", {}, {}, (), None, {})
        compared = proof._compare(request, answers[0], files, Assets(()), Assets(()))
        assert compared.note.startswith("the call fails: indices[0] = 9 is not in [0, 3)")

    def test_a_wrong_value_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = proof._answers

        def damaged(path: str, *others: Any) -> Any:
            data = next(Path(path, "variables").glob("*.data*"))
            data.write_bytes(data.read_bytes().replace(np.float32(3).tobytes(), np.float32(4).tobytes()))
            return answers(path, *others)

        monkeypatch.setattr(proof, "_answers", damaged)
        report = hub.save(hub.create_module_spec(modules.scaled), tmp_path / "out")
        assert report.largest_difference == math.inf
        assert "does not do the same" in repr(report)


def test_gradients_that_the_author_wrote_are_left_out(tmp_path: Path) -> None:
    model = tf.Module()
    specs = [tf.TensorSpec([2], name="x")]
    model.f = tf.function(lambda x: {"y": tf.grad_pass_through(tf.round)(x)}, input_signature=specs)
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    tf.saved_model.save(model, str(tmp_path / "model"), {"serving_default": model.f}, options)
    report = hub.save(tmp_path / "model", tmp_path / "out", verify=False)
    assert any("tf.custom_gradient" in warning and "IdentityN" in warning for warning in report.warnings)


def test_the_report_escapes_what_strangers_chose() -> None:
    from hubexplore.session.export.save_report import ComparedCall

    report = SaveReport("/x", (ComparedCall("<b>\x1b", 1, 0.0, note="<i>"),), ("<u>",))
    assert "<b>" not in str(report._repr_html_())
    assert "<u>" not in str(report._repr_html_())
    assert "\x1b" not in repr(report)

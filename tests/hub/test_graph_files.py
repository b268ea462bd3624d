"""Frozen graphs and training checkpoints as modules."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors
from hubexplore.explorer.runs import ModuleRunner, RunRequest
from hubexplore.explorer.subject import PICKED, Subject
from hubexplore.inputs.examples import example_search
from hubexplore.inputs.fields import fields
from hubexplore.inputs.input_value import InputValue
from hubexplore.session.session import NotebookSession
from hubexplore.summary.model import FROZEN_GRAPH, TF1_SAVED_MODEL, TRAINING_CHECKPOINT
from tests.hub.graph_models import (
    CHECKPOINTS,
    FROZEN,
    Expected,
    checkpoint,
    classifier,
    convolution,
    frozen,
    metrics,
    mlp,
    only_loss,
    optional_input,
    two_outputs,
)

v1 = tf.compat.v1
# A queue cannot be run without its threads.
STEPS = dict.fromkeys(("queues", "untrained", "vocabulary"), 0)


def made(folder: Path, name: str) -> Expected:
    """One of the models by its name."""
    if name in FROZEN:
        return frozen(folder, FROZEN[name])
    return checkpoint(folder, CHECKPOINTS[name], train=STEPS.get(name, 2))


def outputs(path: Any, expected: Expected, **options: Any) -> dict[str, Any]:
    """What the signature `default` computes, by tensor of the graph."""
    spec = hub.load_module_spec(path, **options)
    with NotebookSession() as session:
        module = session.load(spec, "m")
        tensors = {name: info.component_names[0] for name, info in spec.get_input_info_dict().items()}
        inputs = {
            name: expected.feeds[tensor] for name, tensor in tensors.items() if tensor in expected.feeds
        }
        values = session.call(module, inputs or None, as_dict=True)
    return {spec.get_output_info_dict()[name].component_names[0]: value for name, value in values.items()}


@pytest.mark.parametrize("name", [*FROZEN, *CHECKPOINTS])
def test_outputs_are_those_of_the_graph(name: str, tmp_path: Path) -> None:
    expected = made(tmp_path, name)
    found = outputs(expected.path, expected)
    assert set(found) >= set(expected.results)
    for tensor, value in expected.results.items():
        np.testing.assert_allclose(found[tensor], value, rtol=1e-5)
    summary = hub.summarize(expected.path)
    assert summary.format == (FROZEN_GRAPH if name in FROZEN else TRAINING_CHECKPOINT)
    assert not summary.warnings


@pytest.mark.parametrize(
    ("name", "inputs", "results"),
    [
        ("trained_again", {"contents"}, {"final_result"}),
        ("scores_and_predictions", {"x"}, {"output/BiasAdd", "predictions"}),
    ],
)
def test_inputs_and_outputs_are_those_of_the_model(
    name: str, inputs: set[str], results: set[str], tmp_path: Path
) -> None:
    spec = hub.load_module_spec(made(tmp_path, name).path)
    assert set(spec.get_input_info_dict()) == inputs
    found = {info.component_names[0] for info in spec.get_output_info_dict().values()}
    assert found == {f"{result}:0" for result in results}


class TestFrozen:
    def test_names_are_those_of_nodes(self, tmp_path: Path) -> None:
        spec = hub.load_module_spec(frozen(tmp_path, two_outputs).path)
        assert set(spec.get_input_info_dict()) == {"left_a", "right_a"}
        assert set(spec.get_output_info_dict()) == {"top_values", "top_indices"}

    def test_weights_are_constants_in_the_table(self, tmp_path: Path) -> None:
        (variant,) = hub.summarize(frozen(tmp_path, convolution).path).variants
        kinds = {variable.name: (variable.kind, variable.shape) for variable in variant.variables}
        assert kinds["conv/kernel"] == ("constant", (3, 3, 3, 6))
        assert len(kinds) == 5
        assert variant.parameters == 162 + 4 * 6

    def test_text_under_any_name(self, tmp_path: Path) -> None:
        expected = frozen(tmp_path, mlp, "graph.pbtxt")
        other = expected.path.rename(tmp_path / "weights")
        np.testing.assert_allclose(
            outputs(other, expected)["probabilities:0"], expected.results["probabilities:0"], rtol=1e-5
        )
        assert hub.summarize(other).format == FROZEN_GRAPH

    def test_an_input_with_a_default_may_be_left_out(self, tmp_path: Path) -> None:
        expected = frozen(tmp_path, optional_input)
        with NotebookSession() as session:
            module = session.load(expected.path, "m")
            x = expected.feeds["x:0"]
            twice = session.call(module, x, as_dict=True)["y"]
            once = session.call(module, {"x": x, "scale": 1.0}, as_dict=True)["y"]
        np.testing.assert_allclose(twice, expected.results["y:0"], rtol=1e-5)
        np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)

    def test_lifted_constants_are_trained_and_exported(self, tmp_path: Path) -> None:
        expected = frozen(tmp_path, convolution)
        x = expected.feeds["images:0"]
        with NotebookSession() as session:
            module = session.load(expected.path, "m", trainable=True, lift_constants=True)
            trainable = {variable.name for variable in session.graph.get_collection("trainable_variables")}
            assert trainable == {"m/conv/kernel:0", "m/bn/gamma:0", "m/bn/beta:0"}
            with session.graph.as_default():
                features = module({"images": tf.constant(x)}, as_dict=True)["features"]
                (gradient,) = tf.gradients(features, [module.variable_map["conv/kernel"]])
            assert np.abs(session.session.run(gradient)).max() > 0
            session.session.run(module.variable_map["bn/beta"].initializer)
            session.export(module, str(tmp_path / "module"))
        assert hub.summarize(tmp_path / "module").format == "TF1 Hub module"
        with NotebookSession() as session:
            module = session.load(tmp_path / "module", "m")
            assert set(module.variable_map) == {
                "conv/kernel", "bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance",
            }  # fmt: skip
            value = session.call(module, x, as_dict=True)["features"]
        np.testing.assert_allclose(value, expected.results["features:0"], rtol=1e-5)


class TestOtherMessages:
    """Files whose names end like those of graphs lie beside a model."""

    def test_beside_a_saved_model(self, tmp_path: Path) -> None:
        """Keras 2 describes its layers in a message of its own."""
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None], name="x")
            v1.saved_model.simple_save(session, str(tmp_path / "model"), {"x": x}, {"y": x * 2.0})
        content = b"\n\x18\x10\x00\x1a\x04root*\x0e_tf_keras_model"
        (tmp_path / "model" / "keras_metadata.pb").write_bytes(content)
        spec = hub.load_module_spec(tmp_path / "model")
        assert spec.get_signature_names({"serve"}) == ["serving_default"]
        assert hub.summarize(tmp_path / "model").format == TF1_SAVED_MODEL

    def test_beside_a_frozen_graph(self, tmp_path: Path) -> None:
        """The labels of a detector, and what describes a model to a server."""
        expected = frozen(tmp_path, mlp)
        (tmp_path / "label_map.pbtxt").write_text("item {\n  id: 1\n  name: 'person'\n}\n")
        (tmp_path / "metadata.pb").write_bytes(b"\n\x02\x10\x00")
        for tensor, value in outputs(tmp_path, expected).items():
            np.testing.assert_allclose(value, expected.results[tensor], rtol=1e-5)
        assert hub.summarize(tmp_path).format == FROZEN_GRAPH


class TestSignatures:
    @pytest.fixture
    def model(self, tmp_path: Path) -> Expected:
        return frozen(tmp_path, mlp)

    def test_in_all_forms(self, model: Expected) -> None:
        spec = hub.load_module_spec(
            model.path,
            signatures={
                "default": ("x", "probabilities:0"),
                "hidden": ({"features": "x:0"}, ["hidden/activation", "logits/BiasAdd"]),
                "rest": (["hidden/activation:0"], {"scores": "probabilities"}),
            },
        )
        x = model.feeds["x:0"]
        with NotebookSession() as session:
            module = session.load(spec, "m")
            direct = session.call(module, x)
            hidden = session.call(module, {"features": x}, "hidden", as_dict=True)
            assert set(hidden) == {"activation", "BiasAdd"}
            rest = session.call(module, hidden["activation"], "rest", as_dict=True)
        np.testing.assert_allclose(direct, model.results["probabilities:0"], rtol=1e-5)
        np.testing.assert_allclose(rest["scores"], direct, rtol=1e-5)

    def test_another_one_joins_the_default(self, model: Expected) -> None:
        spec = hub.load_module_spec(model.path, signatures={"hidden": (None, ["hidden/activation"])})
        assert spec.get_signature_names() == ["default", "hidden"]
        assert set(spec.get_input_info_dict("hidden")) == {"x"}

    @pytest.mark.parametrize(
        ("signatures", "words"),
        [
            ({"default": ("x", "probabilitys")}, "Did you mean 'probabilities"),
            ({"default": ("x", "activation")}, "Did you mean 'hidden/activation:0'"),
            ({"default": ("x", "probabilities:1")}, "'Softmax' with 1 output"),
            ({"default": ([], "probabilities")}, "depends on the placeholder 'x:0'"),
            ({"default": ("x", [])}, "no outputs"),
            ({"default": (["x", "x:0"], "probabilities")}, "twice"),
            ({"default": "x"}, "a pair"),
            ({}, "a pair"),
        ],
    )
    def test_errors_teach(self, model: Expected, signatures: Any, words: str) -> None:
        with pytest.raises(errors.HubError, match=words):
            hub.load_module_spec(model.path, signatures=signatures)

    def test_a_module_has_its_own(self) -> None:
        with pytest.raises(errors.HubError, match="declares its own"):
            hub.load_module_spec("sample:half-plus-two", signatures={"default": ("x", "y")})


class TestCheckpoints:
    def test_what_training_needs_is_left_out(self, tmp_path: Path) -> None:
        (variant,) = hub.summarize(checkpoint(tmp_path, classifier, train=1).path).variants
        kinds = {variable.name: variable.kind for variable in variant.variables}
        assert kinds["hidden/kernel"] == "global"
        assert kinds["hidden/kernel/Adam"] == kinds["global_step"] == "unneeded"
        default, labelled = variant.signatures
        assert [value.name for value in default.inputs] == ["x"]
        assert [value.name for value in labelled.inputs] == ["labels", "x"]
        assert {value.name for value in labelled.outputs} >= {"loss", "accuracy", "probabilities"}
        assert not any(op.op.startswith(("Apply", "ResourceApply", "Save")) for op in variant.ops)

    def test_all_paths_of_one(self, tmp_path: Path) -> None:
        path = checkpoint(tmp_path, classifier, train=1).path
        ends = ("", ".meta", ".index", ".data-00000-of-00001")
        handles: list[str | Path] = [f"{path}{end}" for end in ends]
        for handle in (*handles, tmp_path, tmp_path / "checkpoint"):
            assert hub.load_module_spec(handle).get_signature_names() == ["default", "with_labels"]
            assert hub.summarize(handle).format == TRAINING_CHECKPOINT

    def test_the_first_format(self, tmp_path: Path) -> None:
        expected = checkpoint(tmp_path, classifier, lambda: v1.train.Saver(write_version=1), train=1)
        assert not Path(f"{expected.path}.index").exists()
        np.testing.assert_allclose(
            outputs(expected.path, expected)["probabilities:0"],
            expected.results["probabilities:0"],
            rtol=1e-5,
        )

    def test_a_saver_with_names_of_its_own(self, tmp_path: Path) -> None:
        def saver() -> Any:
            return v1.train.Saver({f"ema/{item.op.name}": item for item in v1.global_variables()})

        expected = checkpoint(tmp_path, mlp, saver)
        found = outputs(expected.path, expected)
        np.testing.assert_allclose(found["probabilities:0"], expected.results["probabilities:0"], rtol=1e-5)

    def test_without_values(self, tmp_path: Path) -> None:
        path = checkpoint(tmp_path, classifier, train=1).path
        Path(f"{path}.index").unlink()
        with pytest.raises(errors.DamagedModuleError, match="its values are missing"):
            hub.load_module_spec(f"{path}.meta")
        assert "its values are missing" in hub.summarize(f"{path}.meta").warnings[0]

    def test_of_another_graph(self, tmp_path: Path) -> None:
        path = checkpoint(tmp_path, classifier, train=1).path
        (tmp_path / "other").mkdir()
        other = checkpoint(tmp_path / "other", only_loss, train=1).path
        shutil.copy(f"{other}.meta", f"{path}.meta")
        with pytest.raises(errors.CheckpointMismatchError, match=r"not one of the graph .*'linear/bias'"):
            hub.load_module_spec(path)

    def test_trained_further_and_exported(self, tmp_path: Path) -> None:
        expected = checkpoint(tmp_path, CHECKPOINTS["batch_norm"], train=1)
        x = expected.feeds["x:0"]
        with NotebookSession() as session:
            module = session.load(expected.path, "m", trainable=True)
            with session.graph.as_default():
                y = module({"x": tf.constant(x), "training": tf.constant(True)}, as_dict=True)["y"]
                gradients = tf.gradients(y, v1.trainable_variables())
                assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == 2
            assert len(gradients) == 6
            assert all(gradient is not None for gradient in gradients)
            session.export(module, str(tmp_path / "module"))
        with NotebookSession() as session:
            value = session.call(session.load(tmp_path / "module", "m"), x, as_dict=True)["y"]
        np.testing.assert_allclose(value, expected.results["y:0"], rtol=1e-5)

    def test_local_variables_do_not_matter(self, tmp_path: Path) -> None:
        spec = hub.load_module_spec(checkpoint(tmp_path, metrics, train=1).path)
        assert set(spec.get_output_info_dict()) == {"classes"}


class TestArchives:
    def test_a_graph_in_a_folder_of_a_tar(self, tmp_path: Path) -> None:
        expected = frozen(tmp_path, mlp)
        archive = tmp_path / "model.tar.gz"
        with tarfile.open(archive, "w:gz") as file:
            file.add(expected.path, "deep/graph.pb")
        for _ in range(2):  # the second time from the cache
            assert hub.load_module_spec(archive).get_signature_names() == ["default"]

    def test_a_checkpoint_in_a_zip(self, tmp_path: Path) -> None:
        checkpoint(tmp_path, mlp)
        archive = tmp_path / "model.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for path in tmp_path.glob("*ckpt*"):
                file.write(path, path.name)
        assert hub.summarize(archive).format == TRAINING_CHECKPOINT
        assert hub.load_module_spec(archive).get_signature_names() == ["default"]


class TestBadInput:
    def _written(self, path: Path, *nodes: tuple[str, str, list[str]]) -> Path:
        graph = v1.GraphDef()
        for name, op, inputs in nodes:
            node = graph.node.add(name=name, op=op, input=inputs)
            node.attr["dtype" if op == "Placeholder" else "T"].type = 1
        path.write_bytes(graph.SerializeToString())
        return path

    def test_a_cycle(self, tmp_path: Path) -> None:
        nodes = [("a", "Identity", ["b"]), ("b", "Identity", ["a"]), ("y", "Identity", ["a"])]
        path = self._written(tmp_path / "x.pb", *nodes)
        for reader in (hub.load_module_spec, hub.summarize):
            with pytest.raises(errors.DamagedModuleError, match="'a' <- 'b' <- 'a'"):
                reader(path)

    def test_an_edge_to_nowhere(self, tmp_path: Path) -> None:
        path = self._written(tmp_path / "x.pb", ("inputs", "Placeholder", []), ("y", "Identity", ["input"]))
        with pytest.raises(errors.DamagedModuleError, match="Did you mean 'inputs'"):
            hub.load_module_spec(path)

    def test_an_unknown_op(self, tmp_path: Path) -> None:
        path = self._written(tmp_path / "x.pb", ("x", "Placeholder", []), ("y", "MyOwnOp", ["x"]))
        assert "no op 'MyOwnOp'" in hub.summarize(path).warnings[0]
        with NotebookSession() as session, pytest.raises(tf.errors.NotFoundError, match="MyOwnOp"):
            session.load(path)

    @pytest.mark.parametrize("size", [1, 10, 100, -1])
    def test_truncated(self, size: int, tmp_path: Path) -> None:
        path = frozen(tmp_path, mlp).path
        path.write_bytes(path.read_bytes()[:size])
        for reader in (hub.load_module_spec, hub.summarize):
            with pytest.raises(errors.DamagedModuleError, match="truncated or altered"):
                reader(path)

    def test_a_graph_that_is_not_frozen(self, tmp_path: Path) -> None:
        meta = v1.MetaGraphDef()
        meta.ParseFromString(Path(f"{checkpoint(tmp_path, classifier, train=1).path}.meta").read_bytes())
        for content, words in ((meta.graph_def, "is a graph with variables"), (meta, "but a MetaGraphDef")):
            path = tmp_path / "graph.pb"
            path.write_bytes(content.SerializeToString())
            with pytest.raises(errors.NotAModuleError, match=words):
                hub.load_module_spec(path)


@pytest.mark.parametrize("name", [*FROZEN, *CHECKPOINTS])
def test_the_explorer_finds_an_example_that_runs(name: str, tmp_path: Path) -> None:
    subject = Subject(str(made(tmp_path, name).path))
    runner = ModuleRunner(subject)
    variant = subject.summary.variants[0]
    meta_graph = subject.summary.source.meta_graphs[()] if subject.summary.source else None
    signature = subject.signature((), "default")
    assert signature is not None
    form = fields(signature, variant, meta_graph)

    def attempt(values: Any) -> None:
        runner.call(RunRequest((), "default", {key: InputValue(value) for key, value in values.items()}))

    try:
        assert example_search.find_example(form, attempt, 1)
    finally:
        subject.close()


def test_picked_tensors_become_a_signature(tmp_path: Path) -> None:
    expected = frozen(tmp_path, mlp)
    subject = Subject(str(expected.path))
    try:
        assert subject.can_pick
        with pytest.raises(errors.HubError, match="'x:0'"):
            subject.pick(["logits/BiasAdd:0"], ["hidden/activation:0"])
        assert subject.signature((), PICKED) is None
        subject.pick(None, ["hidden/activation:0"])
        signature = subject.signature((), PICKED)
        assert signature is not None
        assert [value.tensor for value in signature.inputs] == ["x:0"]
    finally:
        subject.close()


class TestSeveralGraphs:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The same graph, binary and as text."""
        folder = tmp_path / "graphs"
        folder.mkdir()
        for name in ("graph.pb", "graph.pbtxt"):
            frozen(folder, mlp, name)
        (folder / "labels.pbtxt").write_text('item { id: 1 name: "cat" }')
        return folder

    def test_both_are_named(self, folder: Path) -> None:
        with pytest.raises(errors.ModelsBelowError, match=r"'graph.pb', 'graph.pbtxt'. Pass .*'.*graph.pb'."):
            hub.load_module_spec(folder)
        with (
            hub.NotebookSession() as session,
            pytest.raises(errors.ModelsBelowError, match=r"2 models\. Give"),
        ):
            session.load(folder)

    def test_the_explorer_offers_both(self, folder: Path) -> None:
        subject = Subject(str(folder))
        try:
            assert list(subject.versions) == ["graph.pb", "graph.pbtxt"]
            assert subject.summary.format == FROZEN_GRAPH
        finally:
            subject.close()

    def test_those_of_an_archive_are_named(self, folder: Path) -> None:
        archive = shutil.make_archive(str(folder), "gztar", folder)
        for read in (hub.load_module_spec, hub.summarize):
            with pytest.raises(
                errors.NotAModuleError, match=r"'graph.pb', 'graph.pbtxt'\. Extract it and give"
            ):
                read(archive)

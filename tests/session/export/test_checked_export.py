"""What a session writes: verified, overwriting modules only, equal to what was loaded."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ExportExistsError
from hubexplore.inputs import machine_memory
from hubexplore.inputs.examples import example_search
from hubexplore.session.export.report import ExportReport
from hubexplore.session.export.verification import compare_with_export
from hubexplore.session.session import NotebookSession
from tests.session import modules

tf1 = tf.compat.v1


class TestExport:
    def test_a_verified_export(self, session: NotebookSession, layers: hub.Module, tmp_path: Path) -> None:
        report = session.export(layers, tmp_path / "out", verify=True)
        assert {signature.signature: signature.largest_difference for signature in report.compared} == {
            "default": 0.0,
            "pair": 0.0,
            "same": 0.0,
            "sum": 0.0,
        }
        assert "gives the same outputs" in repr(report)
        assert "<table" in str(report._repr_html_())

    def test_random_outputs_are_told(self, session: NotebookSession, tmp_path: Path) -> None:
        def module_fn() -> None:
            hub.add_signature(outputs=tf.random.uniform([2]))

        session.load(hub.create_module_spec(module_fn), "dice")
        report = session.export("dice", tmp_path / "out", verify=True)
        assert report.compared[0].skipped == "its outputs are random"
        assert report.largest_difference is None

    def test_overwrite_replaces_modules_only(
        self, session: NotebookSession, layers: hub.Module, tmp_path: Path
    ) -> None:
        target = tmp_path / "out"
        session.export(layers, target)
        with pytest.raises(ExportExistsError):
            session.export(layers, target)
        session.export(layers, target, overwrite=True)
        assert hub.summarize(target).warnings == ()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
        other = tmp_path / "mine"
        other.mkdir()
        (other / "notes.txt").write_text("precious")
        with pytest.raises(ExportExistsError, match="is not a module"):
            session.export(layers, other, overwrite=True)
        assert (other / "notes.txt").read_text() == "precious"


def _everything(folder: Path) -> None:
    """Signatures that count, reset, fill a table, write a file, and give values of all kinds."""
    counter = tf1.get_variable("counter", [], initializer=tf1.zeros_initializer(), use_resource=True)
    other = tf1.get_variable("other", [], initializer=tf1.zeros_initializer(), use_resource=False)
    hub.add_signature("get", {}, counter.read_value())
    hub.add_signature("count", {}, tf.identity(counter.assign_add(1.0)))
    hub.add_signature("count_other", {}, tf.identity(other.assign_add(1.0)))
    hub.add_signature("reset", {}, tf.identity(counter.assign(0.0)))
    x = tf1.placeholder(tf.float32, [], name="x")
    hub.add_signature("scalar", x, x * 2)
    hub.add_signature("noisy", x, {"default": x + counter, "noise": tf.random.uniform([3])})
    hub.add_signature("seeded", {}, tf.random.uniform([3], seed=3))
    with tf.control_dependencies([tf.io.write_file(str(folder / "written"), tf.strings.as_string(x))]):
        hub.add_signature("writes", x, tf.identity(x))
    table = tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="words")
    words = tf1.placeholder(tf.string, [None])
    lengths = tf.cast(tf.strings.length(words), tf.int64)
    with tf.control_dependencies([
        tf.raw_ops.LookupTableInsertV2(table_handle=table, keys=words, values=lengths)
    ]):  # fmt: skip
        hub.add_signature("insert", words, tf.raw_ops.LookupTableSizeV2(table_handle=table))
    path = tf.constant(str(folder / "vocab.txt"))
    tf1.add_to_collection(tf1.GraphKeys.ASSET_FILEPATHS, path)
    hub.add_signature("tokens", {}, {"vocab": path, "index": tf.strings.join([path, ".index"])})
    ragged = tf.ragged.constant([["a"], []])
    hub.add_signature("kinds", {}, {
        "nan": tf.constant([np.nan, np.inf]), "empty": tf.zeros([0]), "large": tf.constant(7),
        "sparse": tf.sparse.from_dense([[0, 1]]), "ragged": ragged, "flag": tf.constant(True),
    })  # fmt: skip


class TestVerification:
    @pytest.fixture
    def module(self, session: NotebookSession, tmp_path: Path) -> hub.Module:
        (tmp_path / "vocab.txt").write_text("a\nb\n")
        return session.load(hub.create_module_spec(functools.partial(_everything, tmp_path)), "all")

    def test_it_changes_nothing(self, session: NotebookSession, module: hub.Module, tmp_path: Path) -> None:
        for signature in 5 * ["count", "count_other"]:
            session.call(module, signature=signature)
        session.call(module, ["bread", "tea"], signature="insert")
        report = session.export(module, tmp_path / "out", verify=True)
        assert session.call(module, signature="get") == 5
        assert session.variables(module) == {"counter": 5, "other": 5}
        assert session.call(module, ["tea"], signature="insert") == 2
        assert not (tmp_path / "written").exists()
        (warning,) = report.warnings
        assert warning.startswith(
            "Table 'MutableHashTableV2' has 2 entries in this session. A module cannot hold"
        )
        compared_signatures = {signature.signature: signature for signature in report.compared}
        assert (
            compared_signatures["writes"].skipped
            == "not run, because it writes files, uses the network or runs code: WriteFile"
        )
        assert compared_signatures["noisy"].skipped == "'noise' not compared: random"
        del compared_signatures["writes"]
        assert {entry.largest_difference for entry in compared_signatures.values()} == {0.0}
        assert "9 of 11 signatures give the same outputs" in repr(report)

    def test_paths_of_assets_are_compared_by_content(
        self, session: NotebookSession, module: hub.Module, tmp_path: Path
    ) -> None:
        session.export(module, tmp_path / "a")
        loaded = session.load(tmp_path / "a", "loaded")
        report = session.export(loaded, tmp_path / "b", verify=True)
        (tokens,) = (signature for signature in report.compared if signature.signature == "tokens")
        assert (tokens.outputs, tokens.largest_difference) == (2, 0.0)

    def test_in_place_of_what_it_was_loaded_from(
        self, session: NotebookSession, module: hub.Module, tmp_path: Path
    ) -> None:
        session.export(module, tmp_path / "a")
        loaded = session.load(tmp_path / "a", "loaded")
        session.call(loaded, signature="count")
        report = session.export(loaded, tmp_path / "a", overwrite=True, verify=True)
        assert report.largest_difference == 0
        with hub.eval_function_for_module(tmp_path / "a") as call:
            assert call(signature="get") == 1

    def test_an_asset_that_was_written_again_is_told(self, session: NotebookSession, tmp_path: Path) -> None:
        """The tables of the session hold another vocabulary than the export, whose outputs are compared."""
        words = tmp_path / "words.txt"
        words.write_text("a\nb\n")
        spec = hub.create_module_spec(functools.partial(modules.lookup, str(words)))
        session.load(spec, "made")
        session.export("made", tmp_path / "out")
        session.load(tmp_path / "out", "loaded")
        assert session.call("loaded", ["b"]).tolist() == [1]
        assert session.export("loaded", tmp_path / "out", overwrite=True, verify=True).warnings == ()
        (tmp_path / "out" / "assets" / "words.txt").write_text("b\na\n")
        words.write_text("b\n")
        for name in ("made", "loaded"):
            report = session.export(name, tmp_path / f"again {name}", verify=True)
            assert len(report.warnings) == 1
            assert "Asset 'words.txt' was modified after the module was loaded" in repr(report)
            assert "Load the module again" in str(report._repr_html_())
        assert session.call("loaded", ["b"]).tolist() == [1]

    def test_what_differs_is_told(
        self, session: NotebookSession, module: hub.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The written module is another one: its counter starts elsewhere, and its vocabulary is longer.
        def other() -> None:
            (tmp_path / "vocab.txt").write_text("a\nb\nc\n")
            _everything(tmp_path)

        spec = hub.create_module_spec(other)
        session.call(module, signature="count")
        with tf.Graph().as_default():
            changed = hub.Module(spec)
            with tf1.Session() as own:
                own.run(tf1.global_variables_initializer())
                changed.export(tmp_path / "other", own)
        (tmp_path / "vocab.txt").write_text("a\nb\n")
        compared = compare_with_export(module, session.session, str(tmp_path / "other"))
        compared_signatures = {signature.signature: signature.largest_difference for signature in compared}
        assert {name for name, value in compared_signatures.items() if value == 1} == {
            "get",
            "count",
            "noisy",
        }
        assert {name for name, value in compared_signatures.items() if value == math.inf} == {"tokens"}
        report = ExportReport("p", compared)
        assert "differ in more than numbers: signature 'tokens'." in repr(report)
        assert "not equal" in repr(report)


@pytest.mark.parametrize(("name", "signature"), [("vae3dshapes", "decoder"), ("dm21", "default")])
def test_published_modules(name: str, signature: str, real_modules: Path, tmp_path: Path) -> None:
    with NotebookSession() as session:
        module = session.load(real_modules / name)
        assert session.names == [name]
        report = session.export(module, tmp_path / "out", verify=True)
        compared_signatures = {signature.signature: signature for signature in report.compared}
        assert compared_signatures[signature].largest_difference == 0.0


def test_a_signature_that_never_ends_is_named(
    session: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_search, "RUN_SECONDS", 0.1)
    module = session.load(hub.create_module_spec(modules.endless), "m")
    default, twice = session.export(module, tmp_path / "x", verify=True).compared
    assert "stopped after 0.1 s" in default.skipped
    assert twice.largest_difference == 0


def test_an_example_that_takes_too_much_memory_is_not_run(
    session: NotebookSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_search, "MEMORY", 1)
    monkeypatch.setattr(machine_memory, "SMALL", 0)
    module = session.load(hub.create_module_spec(modules.scale), "m")
    compared = {
        signature.signature: signature
        for signature in session.export(module, tmp_path / "x", verify=True).compared
    }
    assert "the limit for an example" in compared["pair"].skipped


def test_what_only_the_optimizer_makes_impossible_is_compared(
    session: NotebookSession, tmp_path: Path
) -> None:
    def grouped() -> None:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 4])
        kernel = tf1.get_variable("kernel", [3, 3, 2, 6], use_resource=True)
        bias = tf1.get_variable("bias", [6], use_resource=True)
        # The optimizer fuses the two, and TensorFlow has no kernel for that on a CPU.
        convolved = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias)
        hub.add_signature(inputs=x, outputs=tf.nn.relu(convolved))

    module = session.load(hub.create_module_spec(grouped), "m")
    (compared,) = session.export(module, tmp_path / "x", verify=True).compared
    assert compared.largest_difference == 0.0

"""`Module.export`: whole or not at all, and the same again when loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import wrappers_pb2

import hubexplore as hub
from hubexplore.hub.placement import rename
from hubexplore.hub.storage import export as export_module
from tests.folders import names, tree
from tests.hub import modules

tf1 = tf.compat.v1


@pytest.fixture
def session(affine: Any) -> Any:
    with modules.initialized_session() as session:
        yield session


# Values.


def test_the_values_of_the_session_are_written(affine: Any, session: Any, tmp_path: Path) -> None:
    session.run(affine.variable_map["b"].assign([1.0, 2.0, 3.0]))
    affine.export(str(tmp_path / "module"), session)
    np.testing.assert_allclose(
        modules.evaluate(tmp_path / "module", [[0.0, 0.0]])["default"], [[1.0, 2.0, 3.0]]
    )


def test_the_values_of_this_instance_are_written(graph: tf.Graph, tmp_path: Path) -> None:
    spec = hub.create_module_spec(modules.scaled)
    one, other = hub.Module(spec), hub.Module(spec)
    with modules.initialized_session() as session:
        session.run([one.variables[0].assign(1.0), other.variables[0].assign(2.0)])
        other.export(tmp_path / "other", session)
        one.export(tmp_path / "one", session)
    assert modules.evaluate(tmp_path / "one", [1.0])["default"] == [1.0]
    assert modules.evaluate(tmp_path / "other", [1.0])["default"] == [2.0]


def test_all_variants_are_written(tmp_path: Path, graph: tf.Graph) -> None:
    spec = hub.create_module_spec(modules.normalized, [((), {}), ({"train"}, {"training": True})])
    module = hub.Module(spec)
    with modules.initialized_session() as session:
        session.run(module.variable_map["gamma"].assign([7.0]))
        module.export(str(tmp_path / "module"), session)
    loaded = hub.load_module_spec(str(tmp_path / "module"))
    assert set(loaded.get_tags()) == {frozenset(), frozenset({"train"})}
    assert modules.evaluate(loaded, [[1.0]])["default"] == [[7.0]]
    np.testing.assert_allclose(
        modules.evaluate(loaded, [[1.0], [3.0]], tags=["train"])["default"], [[-7.0], [7.0]]
    )


def test_a_second_export_of_the_same_instance(affine: Any, session: Any, tmp_path: Path) -> None:
    affine.export(tmp_path / "first", session)
    session.run(affine.variable_map["b"].assign([0.0] * 3))
    ops = len(affine.graph.get_operations())
    affine.export(tmp_path / "second", session)
    assert len(affine.graph.get_operations()) == ops
    np.testing.assert_allclose(modules.evaluate(tmp_path / "second", [[0.0, 0.0]])["default"], [[0.0] * 3])
    np.testing.assert_allclose(modules.evaluate(tmp_path / "first", [[0.0, 0.0]])["default"], [[10.0] * 3])


def test_a_finalized_graph(affine: Any, session: Any, tmp_path: Path) -> None:
    affine.graph.finalize()
    affine.export(tmp_path / "module", session)
    np.testing.assert_allclose(modules.evaluate(tmp_path / "module", [[0.0, 0.0]])["default"], [[10.0] * 3])


def test_a_monitored_session(affine: Any, tmp_path: Path) -> None:
    tf1.train.create_global_step()
    with tf1.train.MonitoredSession() as monitored:
        affine.export(tmp_path / "module", monitored)
    np.testing.assert_allclose(modules.evaluate(tmp_path / "module", [[0.0, 0.0]])["default"], [[10.0] * 3])


@pytest.mark.parametrize("use_resource", [True, False])
def test_nothing_is_left_in_collections(tmp_path: Path, graph: tf.Graph, use_resource: bool) -> None:
    module = hub.Module(hub.create_module_spec(modules.scaled, [((), {"use_resource": use_resource})]))
    with modules.initialized_session() as session:
        before = {key: len(graph.get_collection(key)) for key in graph.collections if isinstance(key, str)}
        module.export(tmp_path / "module", session)
    after = {key: len(graph.get_collection(key)) for key in graph.collections if isinstance(key, str)}
    assert after == before


# Where and how.


def test_a_session_of_another_graph(affine: Any, tmp_path: Path) -> None:
    session = tf1.Session(graph=tf.Graph())
    with pytest.raises(RuntimeError, match="session"):
        affine.export(tmp_path / "module", session)
    session.close()
    assert list(tmp_path.iterdir()) == []


def test_another_default_graph(affine: Any, session: Any, tmp_path: Path) -> None:
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="default graph"):
        affine.export(tmp_path / "module", session)
    assert list(tmp_path.iterdir()) == []


def test_eager_mode(needs_eager: None, tmp_path: Path) -> None:
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.affine))
        session = modules.initialized_session()
    with pytest.raises(RuntimeError, match="default graph"):
        module.export(tmp_path / "module", session)
    session.close()


def test_uninitialised_variables(affine: Any, tmp_path: Path) -> None:
    with (
        tf1.Session() as session,
        pytest.raises(tf.errors.FailedPreconditionError, match="initializer"),
    ):
        affine.export(tmp_path / "module", session)
    assert list(tmp_path.iterdir()) == []


def test_parents_are_made(affine: Any, session: Any, tmp_path: Path) -> None:
    affine.export(str(tmp_path / "new" / "deeper" / "module"), session)
    assert names(tmp_path / "new" / "deeper") == ["module"]
    assert hub.load_module_spec(tmp_path / "new" / "deeper" / "module").get_tags()


def test_a_relative_path(affine: Any, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    affine.export("module", session)
    affine.export("./other/", session)
    assert names(tmp_path) == ["module", "other"]


def test_an_empty_directory_is_filled(affine: Any, session: Any, tmp_path: Path) -> None:
    target = tmp_path / "module"
    target.mkdir()
    affine.export(target, session)
    assert hub.load_module_spec(target).get_tags()
    assert names(tmp_path) == ["module"]


def test_unrelated_files_stay(affine: Any, session: Any, tmp_path: Path) -> None:
    (tmp_path / "README").write_text("mine")
    affine.export(tmp_path, session)
    assert (tmp_path / "README").read_text() == "mine"
    assert hub.load_module_spec(tmp_path).get_tags()
    assert names(tmp_path) == ["README", "saved_model.pb", "tfhub_module.pb", "variables"]


@pytest.mark.parametrize("entry", ["saved_model.pb", "tfhub_module.pb", "variables/x", "saved_model.pbtxt"])
def test_a_directory_with_a_model_is_left_alone(
    affine: Any, session: Any, tmp_path: Path, entry: str
) -> None:
    target = tmp_path / "module"
    (target / entry).parent.mkdir(parents=True)
    (target / entry).write_bytes(b"precious")
    before = tree(tmp_path)
    for error in (OSError, tf.errors.AlreadyExistsError):
        with pytest.raises(error, match="already"):
            affine.export(target, session)
    assert tree(tmp_path) == before


def test_exporting_twice_to_one_place(affine: Any, session: Any, tmp_path: Path) -> None:
    affine.export(tmp_path / "module", session)
    before = tree(tmp_path)
    with pytest.raises(FileExistsError):
        affine.export(tmp_path / "module", session)
    assert tree(tmp_path) == before


def test_a_file_is_in_the_way(affine: Any, session: Any, tmp_path: Path) -> None:
    (tmp_path / "module").write_text("mine")
    with pytest.raises(OSError, match="file"):
        affine.export(tmp_path / "module", session)
    assert (tmp_path / "module").read_text() == "mine"


# Interrupted.

STEPS = ["_write_graphs", "write_bytes", "copy_asset", "place"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), MemoryError])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("exists", [False, True])
def test_interrupted_at_any_step(  # noqa: PLR0917 - pytest passes them by name
    tmp_path: Path, graph: tf.Graph, monkeypatch: pytest.MonkeyPatch, step: str, error: Any, exists: bool
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\n")
    module = hub.Module(hub.create_module_spec(modules.lookup, [((), {"vocabulary": str(words)})]))
    original = getattr(export_module, step)

    def fail(*args: Any, **kwargs: Any) -> None:
        def written(folder: str) -> None:
            args[1](folder)
            raise error

        if step == "place":  # all is written then, and nothing is in its place
            original(args[0], written, *args[2:], **kwargs)
        original(*args)
        raise error

    place = tmp_path / "place"
    if exists:
        (place / "module").mkdir(parents=True)
    before = tree(tmp_path)
    with modules.initialized_session() as session:
        monkeypatch.setattr(export_module, step, fail)
        expected = OSError if isinstance(error, OSError) else error
        with pytest.raises(expected):
            module.export(place / "module", session)
        assert tree(tmp_path) == before
        monkeypatch.undo()
        module.export(place / "module", session)
    assert modules.evaluate(place / "module", ["a"])["default"] == [0]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_interrupted_between_moves_into_an_existing_directory(
    affine: Any, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    target = tmp_path / "module"
    target.mkdir()
    (target / "README").write_text("mine")
    before = tree(tmp_path)
    move = rename.move
    calls: list[Path] = []

    def interrupted(source: Path, destination: Path) -> None:
        calls.append(source)
        if len(calls) == number:
            raise KeyboardInterrupt
        move(source, destination)

    monkeypatch.setattr(rename, "move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        affine.export(target, session)
    assert tree(tmp_path) == before


def test_killed_at_lines_all_over(tmp_path: Path) -> None:
    """What is there is as before or new, and the next export to the folder removes what was left."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.hub.storage.export_killed_worker", str(tmp_path), "40"],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert [entry["done"] for entry in content].count(True) == 2
    for each in content:
        assert each["then"] in (each["before"], each["new"]), each
        assert each["loaded"] == each["then"], each
        assert each["names"] == (["next"] if each["then"] is None else ["module", "next"]), each
    for before in (None, 1):  # a new one, and one in place of another
        assert before in [entry["then"] for entry in content]


def test_a_place_that_cannot_be_written(affine: Any, session: Any) -> None:
    """No file system lets anybody make a directory in /proc."""
    with pytest.raises(OSError, match="/proc"):
        affine.export("/proc/hubexplore/module", session)


def test_a_file_where_a_parent_should_be(affine: Any, session: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="module"):
        affine.export(tmp_path / "file" / "module", session)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_read_only_directory(affine: Any, session: Any, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with pytest.raises(OSError, match="locked"):
        affine.export(folder / "module", session)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk(affine: Any, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's own error for a full disk becomes an OSError, and nothing stays."""

    def full(path: str, data: bytes) -> None:
        with tf.io.gfile.GFile("/dev/full", "wb") as file:
            file.write(data)

    monkeypatch.setattr(export_module, "write_bytes", full)
    with pytest.raises(OSError, match="module"):
        affine.export(tmp_path / "module", session)
    assert list(tmp_path.iterdir()) == []


# The same again.


def _everything(vocabulary: str, training: bool = False) -> None:
    modules.normalized(training)
    modules.lookup(vocabulary, "lookup")
    modules.partitioned_only()
    hub.attach_message("note", wrappers_pb2.StringValue(value=f"training: {training}"))


@pytest.fixture
def everything(tmp_path: Path) -> str:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    variants: list[tuple[Any, dict[str, Any]]] = [
        ((), {"vocabulary": str(words)}),
        ({"train"}, {"vocabulary": str(words), "training": True}),
    ]
    path = modules.export(hub.create_module_spec(_everything, variants), tmp_path / "first")
    words.unlink()
    return path


def test_exported_loaded_and_exported_again(everything: str, tmp_path: Path) -> None:
    again = modules.export(hub.load_module_spec(everything), tmp_path / "again")
    first, second = Path(everything), Path(again)
    assert sorted(tree(first)) == sorted(tree(second))
    assert modules.read_graphs(first) == modules.read_graphs(second)
    assert tree(first)["assets/words.txt"] == tree(second)["assets/words.txt"]
    prefix = "variables/variables"
    reader = [tf.train.load_checkpoint(str(path / prefix)) for path in (first, second)]
    assert reader[0].get_variable_to_shape_map() == reader[1].get_variable_to_shape_map()
    for name in reader[0].get_variable_to_shape_map():
        np.testing.assert_array_equal(reader[0].get_tensor(name), reader[1].get_tensor(name))
    specs = [hub.load_module_spec(path) for path in (first, second)]
    for tags in ([], ["train"]):
        for spec in specs:
            assert sorted(spec.get_signature_names(tags)) == ["default", "lookup", "parts"]
            note = spec.get_attached_message("note", wrappers_pb2.StringValue, tags)
            assert note.value == f"training: {bool(tags)}"
        infos = [repr(sorted(spec.get_input_info_dict(tags=tags).items())) for spec in specs]
        assert infos[0] == infos[1]


def test_the_original_may_go_after_the_second_export(everything: str, tmp_path: Path) -> None:
    again = modules.export(hub.load_module_spec(everything), tmp_path / "again")
    shutil.rmtree(everything)
    assert modules.evaluate(again, ["b"], "lookup", ["train"])["default"].tolist() == [1]
    assert modules.evaluate(again, [[3.0]])["default"].tolist() == [[3.0]]


def test_no_path_of_this_machine_is_written(everything: str, tmp_path: Path) -> None:
    again = modules.export(hub.load_module_spec(everything), tmp_path / "again")
    for path in (everything, again):
        for name, data in tree(Path(path)).items():
            assert str(tmp_path).encode() not in (data or b""), name


def test_two_exports_are_the_same_bytes(everything: str, tmp_path: Path) -> None:
    spec = hub.load_module_spec(everything)
    trees = [tree(Path(modules.export(spec, tmp_path / name))) for name in ("one", "other")]
    assert trees[0] == trees[1]


def test_exporting_does_not_change_the_spec(everything: str, tmp_path: Path) -> None:
    """Assets are still found afterwards by instances of the same spec."""
    spec = hub.load_module_spec(everything)
    modules.export(spec, tmp_path / "again")
    assert modules.evaluate(spec, ["b"], "lookup")["default"].tolist() == [1]


# A module inside of a module.


@pytest.mark.parametrize("loaded", [True, False])
def test_a_module_inside_of_a_module(everything: str, tmp_path: Path, loaded: bool) -> None:
    def outer_fn(tags: Any) -> None:
        inner = hub.Module(everything, trainable=True, name="inner", tags=tags)
        words = tf1.placeholder(tf.string, [None], name="words")
        numbers = tf.cast(inner(words, signature="lookup"), tf.float32)
        weight = tf1.get_variable("weight", initializer=10.0)
        hub.add_signature(inputs=words, outputs=inner(tf.expand_dims(numbers, 1)) + weight)
        hub.add_signature("parts", outputs=inner(signature="parts", as_dict=True))

    spec: Any = hub.create_module_spec(outer_fn, [((), {"tags": None}), ({"train"}, {"tags": {"train"}})])
    outer = modules.export(spec, tmp_path / "outer")
    if loaded:
        outer = modules.export(hub.load_module_spec(outer), tmp_path / "outer_again")
    shutil.rmtree(everything)
    for data in tree(Path(outer)).values():
        assert str(tmp_path).encode() not in (data or b"")
    assert modules.evaluate(outer, ["b", "a"])["default"].tolist() == [[11.0], [10.0]]
    assert modules.evaluate(outer, ["b", "a"], tags=["train"])["default"].tolist() == [[10.5], [9.5]]
    with tf.Graph().as_default():
        module = hub.Module(outer, trainable=True, tags=["train"])
        assert sorted(module.variable_map) == ["inner/gamma", "inner/moving_mean", "inner/s", "weight"]
        assert isinstance(module.variable_map["inner/s"], list)
        module(["b", "a"])
        assert len(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)) == 1


def test_three_modules_deep(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(modules.scaled), tmp_path / "depth_0")

    def wrap(inner: str) -> Callable[[], None]:
        def module_fn() -> None:
            x = tf1.placeholder(tf.float32, [None], name="x")
            hub.add_signature(inputs=x, outputs=hub.Module(inner)(x) + 1.0)

        return module_fn

    for depth in (1, 2, 3):
        outer = modules.export(hub.create_module_spec(wrap(path)), tmp_path / f"depth_{depth}")
        shutil.rmtree(path)
        path = outer
    assert modules.evaluate(path, [1.0])["default"].tolist() == [6.0]
    names = [name for name, _ in tf.train.list_variables(f"{path}/variables/variables")]
    assert names == ["module/module/module/w"]

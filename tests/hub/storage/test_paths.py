"""Modules at paths of every kind: written where the path says, and read from there with the right values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors
from tests.folders import names
from tests.hub import modules

tf1 = tf.compat.v1


def _export(path: Any, value: float) -> None:
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.scaled))
        with modules.initialized_session() as session:
            session.run(module.variables[0].assign(value))
            module.export(path, session)


def _value(handle: Any) -> Any:
    return modules.evaluate(handle, [1.0])["default"]


pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("~/models/m", "home/models/m"),
        (b"m", "here/m"),
        (Path("m"), "here/m"),
        ("m/", "here/m"),
        ("./no/../m", "here/m"),
        ("a[1]", "here/a[1]"),
        ("[ab]/*?", "here/[ab]/*?"),
        ("a\\b", "here/a\\b"),
        ("a\nb", "here/a\nb"),
        ("-m", "here/-m"),
        ("é", "here/é"),
        ("x" * 255, "here/" + "x" * 255),
    ],
    ids=ascii,
)
def test_exported_and_loaded_again(
    path: Any, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # What "a[1]" and "a\\b" mean as patterns.
    for decoy in ("here/a1", "here/ab", "here/a/m", "here/b/m"):
        _export(tmp_path / decoy, 1.0)
    _export(path, 7.0)
    assert (tmp_path / place / "tfhub_module.pb").is_file()
    assert _value(path) == [7.0]
    assert hub.summarize(path).variables.stats()[0].maximum == 7.0


@pytest.mark.parametrize(
    "path", ["", b"", "  ", None, "/", "//", "$HOME/m", "~no-such-user/m", "a\0b", b"lat\xe9"]
)
def test_nothing_is_written_where_a_path_is_refused(path: Any, here: Path, tmp_path: Path) -> None:
    _export("good", 2.0)
    root = names(Path("/"))
    with pytest.raises(errors.HubError):
        _export(path, 7.0)
    with pytest.raises(errors.HubError):
        hub.create_module_spec(modules.scaled).export(path, "good/variables/variables")
    with hub.NotebookSession() as session:
        module = session.load("good")
        for overwrite in (False, True):
            with pytest.raises(errors.HubError):
                session.export(module, path, overwrite=overwrite)
    assert names(here) == ["good"]
    assert names(tmp_path) == ["here"]
    assert names(Path("/")) == root


def test_a_relative_path_stands_for_what_it_was(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _export("m", 7.0)
    spec, summary = hub.load_module_spec("m"), hub.summarize("m")
    monkeypatch.chdir("/")
    assert _value(spec) == [7.0]
    assert summary.variables.stats()[0].maximum == 7.0
    with tf.Graph().as_default():
        module = hub.Module(spec)
        with modules.initialized_session() as session:
            module.export(here / "again", session)
    assert (here / "again/saved_model.pb").read_bytes() == (here / "m/saved_model.pb").read_bytes()


def test_a_non_utf8_path(here: Path) -> None:
    _export("m", 7.0)
    Path("m").rename(os.fsdecode(b"lat\xe9"))
    assert hub.summarize(b"lat\xe9").variables.stats()[0].maximum == 7.0
    with pytest.raises(errors.PathError, match="UTF-8"):
        hub.load_module_spec(b"lat\xe9")
    Path("link").symlink_to(os.fsdecode(b"lat\xe9"))
    assert _value("link") == [7.0]


def test_the_root_itself_is_refused_before_anything_else() -> None:
    with pytest.raises(errors.ExportError, match="root directory"):
        _export("/", 7.0)


@pytest.mark.parametrize("folder", ["run[1]", "a\\b", "plain"])
@pytest.mark.parametrize("name", ["ckpt-3", "c[3]", "c\\3"])
@pytest.mark.parametrize("whole", [False, True])
def test_checkpoints(folder: str, name: str, whole: bool, here: Path) -> None:
    for decoy in ("run1", "ab"):
        Path(decoy).mkdir()
        _save(f"{decoy}/{name}", 1.0)
    Path(folder).mkdir()
    _save(f"{folder}/{name}", 7.0)
    if whole:
        Path(folder, "checkpoint").write_text(f'model_checkpoint_path: "{name}"\n'.replace("\\", "\\\\"))
    path: Any = Path(folder) if whole else Path(folder, name)
    hub.create_module_spec(modules.scaled).export("m", path)
    assert _value("m") == [7.0]


def _save(prefix: str, value: float) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        session.run(tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant(value)]
        ))  # fmt: skip


def test_a_checkpoint_of_no_path(here: Path) -> None:
    with pytest.raises(errors.PathError, match=r"^checkpoint_path is empty"):
        hub.create_module_spec(modules.scaled).export("m", "")
    assert names(here) == []


def test_a_diagram_is_written_where_the_path_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    diagram = hub.summarize(hub.create_module_spec(modules.scaled)).graph()
    for path in ("~/a.dot", b"b.dot", Path("c.dot")):
        diagram.save(path)
    assert names(here) == ["a.dot", "b.dot", "c.dot"]
    for path in ("", "gs://a/b.dot", "$HOME/b.dot"):
        with pytest.raises(errors.PathError, match=r"^The file of a diagram"):
            diagram.save(path)


def test_a_link_to_nothing(here: Path) -> None:
    Path("link").symlink_to("gone")
    for handle in ("link", "link/below"):
        with pytest.raises(errors.MissingModuleError, match=r"link' is a symbolic link to 'gone'"):
            hub.load_module_spec(handle)


def test_a_variable_of_the_shell(here: Path) -> None:
    with pytest.raises(errors.MissingModuleError, match=r"does not expand \$HOME; .* os.path.expandvars"):
        hub.load_module_spec("$HOME/m")

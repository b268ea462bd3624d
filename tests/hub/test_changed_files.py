"""Files of a trusted module that change: before it is loaded, while it is, and after it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import UnreadableModuleError, UntrustedModuleError
from hubexplore.hub import danger_check
from hubexplore.session.session import NotebookSession
from hubexplore.session.tf_session import ManagedSession
from hubexplore.trust import gate, trusted
from tests.trust.modules import write_hostile

WEIGHTS = "variables/variables.data-00000-of-00001"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def stranger(tmp_path: Path, canary: Path) -> Path:
    """A module with weights and a vocabulary that writes a file when it is called."""

    def module_fn() -> None:
        x = tf.compat.v1.placeholder(tf.string, [None])
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            num_oov_buckets=1,
        )  # fmt: skip
        bias = tf.compat.v1.get_variable("bias", [], initializer=tf.ones_initializer())
        with tf.control_dependencies([tf.io.write_file(str(canary), "boo")]):
            hub.add_signature(inputs=x, outputs=tf.cast(table.lookup(x), tf.float32) + bias)

    words = tmp_path / "words.txt"
    words.write_text("one\ntwo\n")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module(hub.create_module_spec(module_fn))
        session.run(tf.compat.v1.global_variables_initializer())
        module.export(str(tmp_path / "stranger"), session)
    gate.forget_process()
    for known in trusted.modules():
        trusted.forget([known.digest])
    return tmp_path / "stranger"


def _change(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def _append(file: Path) -> None:
    """A change that TensorFlow does not notice: the checksums of the weights still hold."""
    file.write_bytes(file.read_bytes() + b"\1")


CHANGES: dict[str, Callable[[Path], None]] = {
    "weights": lambda folder: _append(folder / WEIGHTS),
    "vocabulary": lambda folder: _change(folder / "assets" / "words.txt"),
    "graph": lambda folder: _change(folder / "saved_model.pb"),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@pytest.mark.parametrize("part", ["weights", "vocabulary"])
def test_a_changed_part_of_a_trusted_module_is_asked_for(
    part: str, stranger: Path, session: NotebookSession
) -> None:
    session.load(stranger, "first", trust=True)
    CHANGES[part](stranger)
    with pytest.raises(UntrustedModuleError):
        session.load(stranger, "second")
    assert session.names == ["first"]


@each_change
def test_a_spec_whose_files_changed_is_not_loaded(
    change: Callable[[Path], None], stranger: Path, session: NotebookSession
) -> None:
    spec = hub.load_module_spec(stranger)
    session.load(spec, "first", trust=True)
    change(stranger)
    with pytest.raises(UnreadableModuleError, match="have changed since its graph was read"):
        session.load(spec, "second")
    assert session.names == ["first"]


def test_a_trusted_module_that_takes_its_place_vouches_for_nothing(
    stranger: Path, tmp_path: Path, session: NotebookSession, canary: Path
) -> None:
    known = write_hostile(tmp_path / "known", tmp_path / "log")
    session.load(known, trust=True)
    victim = write_hostile(tmp_path / "victim", canary)
    spec = hub.load_module_spec(victim)
    shutil.copyfile(known / "saved_model.pb", victim / "saved_model.pb")
    with pytest.raises(UnreadableModuleError):
        session.load(spec)
    assert not canary.exists()


@each_change
def test_what_changes_while_it_is_loaded_is_not_kept(
    change: Callable[[Path], None], stranger: Path, session: NotebookSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialize = ManagedSession.initialize_new

    def initialize_late(self: ManagedSession, *args: object, **options: object) -> object:
        change(stranger)
        return initialize(self, *args, **options)  # type: ignore[arg-type]  # whatever it was called with

    monkeypatch.setattr(ManagedSession, "initialize_new", initialize_late)
    with pytest.raises((UnreadableModuleError, tf.errors.OpError, hub.HubError)):
        session.load(stranger, "late", trust=True)
    assert session.names == []


@pytest.mark.parametrize("part", ["weights", "vocabulary"])
def test_an_export_of_changed_files_is_not_trusted(
    part: str, stranger: Path, tmp_path: Path, session: NotebookSession
) -> None:
    spec = hub.load_module_spec(stranger)
    danger_check.require_trust(spec, trust=True)
    CHANGES[part](stranger)
    hub.save(spec, tmp_path / "saved", verify=False)
    with pytest.raises(UntrustedModuleError):
        session.load(tmp_path / "saved")


def test_an_export_of_a_trusted_module_is_trusted(
    stranger: Path, tmp_path: Path, session: NotebookSession
) -> None:
    spec = hub.load_module_spec(stranger)
    danger_check.require_trust(spec, trust=True)
    hub.save(spec, tmp_path / "saved", verify=False)
    session.load(tmp_path / "saved")

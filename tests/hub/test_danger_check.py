"""What loads a module with dangers: programs are warned, hubexplore itself refuses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import HubSecurityWarning, UntrustedModuleError
from hubexplore.hub import danger_check
from hubexplore.session.session import NotebookSession
from hubexplore.trust import gate, trusted
from tests.trust.modules import write_harmless, write_hostile


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path: Path, canary: Path) -> str:
    return str(write_hostile(tmp_path / "hostile", canary))


def writes_file(path: Path) -> Callable[[], None]:
    """A module function that writes a file when the module is called."""

    def module_fn() -> None:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        with tf.control_dependencies([tf.io.write_file(str(path), "boo")]):
            hub.add_signature(inputs=x, outputs=x + x)

    return module_fn


def _call_module(handle: str) -> None:
    with tf.Graph().as_default():
        module = hub.Module(handle)
        module([1.0])
        module([2.0])


def _evaluate(handle: str) -> None:
    with hub.eval_function_for_module(handle) as function:
        function([1.0])


class Wrapped(hub.ModuleSpec):
    """A spec that passes all calls on."""

    def __init__(self, spec: hub.ModuleSpec) -> None:
        self.spec = spec

    def get_tags(self) -> list[frozenset[str]]:
        return self.spec.get_tags()

    def get_signature_names(self, tags: Any = None) -> list[str]:
        return self.spec.get_signature_names(tags)

    def get_input_info_dict(self, signature: str | None = None, tags: Any = None) -> Any:
        return self.spec.get_input_info_dict(signature, tags)

    def get_output_info_dict(self, signature: str | None = None, tags: Any = None) -> Any:
        return self.spec.get_output_info_dict(signature, tags)

    def get_attached_message(
        self, key: str, message_type: Any, tags: Any = None, required: bool = False
    ) -> Any:
        return self.spec.get_attached_message(key, message_type, tags, required)

    def _create_impl(self, name: str, trainable: bool, tags: frozenset[str]) -> Any:
        return self.spec._create_impl(name, trainable, tags)


@pytest.mark.parametrize("load", [_call_module, _evaluate, hub.load], ids=["Module", "evaluate", "load"])
def test_a_program_is_warned_once_and_runs(hostile: str, load: Callable[[str], object]) -> None:
    with pytest.warns(HubSecurityWarning, match="can touch things outside of itself") as caught:
        load(hostile)
    assert len(caught) == 1
    load(hostile)  # own warnings are errors in these tests


def test_the_warning_points_at_the_program(hostile: str) -> None:
    with pytest.warns(HubSecurityWarning) as caught:
        _call_module(hostile)
    assert caught[0].filename == __file__


def test_a_spec_of_another_class_that_passes_calls_on_is_warned_of(hostile: str) -> None:
    with tf.Graph().as_default(), pytest.warns(HubSecurityWarning):
        hub.Module(Wrapped(hub.load_module_spec(hostile)))


def test_a_trusted_module_and_a_harmless_one_are_not_mentioned(tmp_path: Path, hostile: str) -> None:
    suspect = danger_check.suspect_of(hub.load_module_spec(hostile))
    assert suspect is not None
    gate.trust(suspect)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _call_module(hostile)
        _call_module(str(write_harmless(tmp_path / "harmless")))


def test_a_session_refuses_and_nothing_has_run(session: NotebookSession, hostile: str, canary: Path) -> None:
    with pytest.raises(UntrustedModuleError, match=r"session\.load\('.*hostile', trust=True\)"):
        session.load(hostile)
    assert session.names == []
    assert not canary.exists()


def test_a_session_loads_what_the_user_trusts_and_remembers_it(
    session: NotebookSession, hostile: str, canary: Path
) -> None:
    module = session.load(hostile, trust=True)
    np.testing.assert_equal(session.call(module, [1.0]), [2.0])
    assert canary.read_text() == "boo"
    gate.forget_process()
    session.load(hostile, "again")
    assert len(trusted.modules()) == 1


def test_a_spec_that_was_authored_here_is_trusted(session: NotebookSession, canary: Path) -> None:
    session.load(hub.create_module_spec(writes_file(canary)))
    assert trusted.modules() == ()


def test_what_was_exported_of_an_authored_module_is_trusted(
    session: NotebookSession, canary: Path, tmp_path: Path
) -> None:
    hub.create_module_spec(writes_file(canary)).export(tmp_path / "export")
    gate.forget_process()
    session.load(tmp_path / "export")


def test_what_was_exported_of_a_strangers_module_is_as_untrusted_as_that(
    session: NotebookSession, hostile: str, tmp_path: Path
) -> None:
    hub.load_module_spec(hostile).export(tmp_path / "export")
    with pytest.raises(UntrustedModuleError):
        session.load(tmp_path / "export")


def test_an_export_is_not_verified_by_running_what_is_not_trusted(
    session: NotebookSession, hostile: str, tmp_path: Path, canary: Path
) -> None:
    with session.building(), pytest.warns(HubSecurityWarning):
        module = hub.Module(hostile)
    with pytest.raises(UntrustedModuleError, match="verify=False"):
        session.export(module, tmp_path / "export", verify=True)
    assert not (tmp_path / "export").exists()
    session.export(module, tmp_path / "export", verify=False)
    assert not canary.exists()


def test_save_does_not_run_what_is_not_trusted(hostile: str, tmp_path: Path, canary: Path) -> None:
    with pytest.raises(UntrustedModuleError, match="trust=True"):
        hub.save(hostile, tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
    hub.save(hostile, tmp_path / "saved", verify=False)
    assert not canary.exists()


def test_a_tf2_saved_model_is_warned_of(hostile: str, tmp_path: Path) -> None:
    hub.save(hostile, tmp_path / "saved", verify=False)
    with pytest.warns(HubSecurityWarning):
        hub.load(tmp_path / "saved")


def test_the_policy_warns_or_allows(session: NotebookSession, hostile: str) -> None:
    gate.set_policy("warn")
    with pytest.warns(HubSecurityWarning):
        session.load(hostile, "first")
    gate.set_policy("allow")
    session.load(hostile, "second")
    assert trusted.modules() == ()

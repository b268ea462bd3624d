"""What happens with a module that has dangers; no TensorFlow."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

import hubexplore
from hubexplore.errors import HubSecurityWarning, UnreadableModuleError, UntrustedModuleError
from hubexplore.trust import gate, trusted
from tests.trust.modules import write_harmless, write_hostile


@pytest.fixture
def suspect(tmp_path: Path) -> gate.Suspect:
    path = write_hostile(tmp_path / "hostile", tmp_path / "canary")
    found = gate.suspect_in(hubexplore.summarize(path))
    assert found is not None
    return found


def test_a_harmless_module_is_no_suspect(tmp_path: Path) -> None:
    assert gate.suspect_in(hubexplore.summarize(write_harmless(tmp_path / "harmless"))) is None


def test_it_is_refused_with_the_findings_and_what_to_type(suspect: gate.Suspect) -> None:
    with pytest.raises(UntrustedModuleError) as refused:
        gate.require_trust(suspect, trust_it=False, remedy="hub.load(..., trust=True)")
    assert suspect.dangers[0].sentence in str(refused.value)
    assert "hub.load(..., trust=True)" in str(refused.value)
    assert "1 danger" in str(refused.value)
    assert refused.value.findings == suspect.dangers


def test_consent_is_remembered_for_the_content(suspect: gate.Suspect) -> None:
    gate.require_trust(suspect, trust_it=True, remedy="")
    assert [module.title for module in trusted.modules()] == [suspect.title]
    gate.forget_process()  # as in a new process
    gate.require_trust(suspect, trust_it=False, remedy="")
    graph = Path(suspect.place.path("saved_model.pb"))
    graph.write_bytes(graph.read_bytes().replace(b"boo", b"bah"))
    again = gate.suspect_in(hubexplore.summarize(suspect.place.directory))
    assert again is not None
    with pytest.raises(UntrustedModuleError):
        gate.require_trust(again, trust_it=False, remedy="")


@pytest.mark.parametrize("trust_it", [False, True])
def test_what_was_found_in_other_files_is_neither_trusted_nor_let_pass(
    suspect: gate.Suspect, tmp_path: Path, trust_it: bool
) -> None:
    trusted_one = write_hostile(tmp_path / "trusted", tmp_path / "other")
    known = gate.suspect_in(hubexplore.summarize(trusted_one))
    assert known is not None
    gate.trust(known)
    shutil.copyfile(trusted_one / "saved_model.pb", suspect.place.path("saved_model.pb"))
    with pytest.raises(UnreadableModuleError, match="have changed since its graph was read"):
        gate.require_trust(suspect, trust_it=trust_it, remedy="")
    assert [module.title for module in trusted.modules()] == [known.title]


def test_a_warning_does_not_rest_on_other_files(suspect: gate.Suspect) -> None:
    gate.trust(suspect)
    graph = Path(suspect.place.path("saved_model.pb"))
    graph.write_bytes(graph.read_bytes())
    with pytest.warns(HubSecurityWarning):
        gate.warn(suspect)


def test_without_a_file_for_it_consent_is_of_this_process(suspect: gate.Suspect, own_settings: Path) -> None:
    own_settings.parent.mkdir(parents=True, exist_ok=True)
    own_settings.write_text("a file where the folder belongs")
    with pytest.warns(HubSecurityWarning, match="trusted in this process only: .*trusted.json"):
        gate.require_trust(suspect, trust_it=True, remedy="")
    gate.require_trust(suspect, trust_it=False, remedy="")


def test_a_warning_comes_once_for_each_content_and_points_at_the_caller(suspect: gate.Suspect) -> None:
    def load_twice() -> None:
        gate.warn(suspect)
        gate.warn(suspect)

    with pytest.warns(HubSecurityWarning, match="can touch things outside of itself") as caught:
        load_twice()
    assert [warning.filename for warning in caught] == [__file__]
    assert suspect.dangers[0].sentence in str(caught[0].message)


def test_of_a_trusted_module_there_is_no_warning(suspect: gate.Suspect) -> None:
    gate.trust(suspect)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gate.warn(suspect)


def test_a_damaged_file_does_not_end_a_program_that_is_only_warned(suspect: gate.Suspect) -> None:
    trusted.path().parent.mkdir(parents=True)
    trusted.path().write_text("{")
    with pytest.warns(HubSecurityWarning):
        gate.warn(suspect)


def test_the_policy_of_the_process(suspect: gate.Suspect) -> None:
    gate.set_policy("warn")
    with pytest.warns(HubSecurityWarning):
        gate.require_trust(suspect, trust_it=False, remedy="")
    gate.set_policy("allow")
    gate.warn(suspect)
    gate.require_trust(suspect, trust_it=False, remedy="")
    assert trusted.modules() == ()


def test_a_message_lists_a_bounded_number_of_findings(suspect: gate.Suspect) -> None:
    dangers = tuple(replace(suspect.dangers[0], sentence=f"It writes file {at}.") for at in range(50))
    lines = gate.listed(dangers)
    assert len(lines) == gate.MAX_LISTED + 1
    assert lines[-1] == "... and 42 more"

"""Tab completion, asked of a real shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from tests.notebook.shells import Run


def completed(shell: InteractiveShell, line: str) -> set[str]:
    """The lines that the tab key offers."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(line, len(line)))
    return {line[: each.start] + each.text for each in found}


@pytest.fixture
def half(run: Run) -> Run:
    run("%hub_load sample:half-plus-two --as half")
    return run


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%hub_call ha", {"%hub_call half"}),
        ("x = %hub_call ha", {"x = %hub_call half"}),
        ("%%hub_call ha", {"%%hub_call half"}),
        ("%hub_call half [1.0] --sig", {"%hub_call half [1.0] --signature"}),
        ("%hub_call half --signature d", {"%hub_call half --signature default"}),
        ("%hub_export ha", {"%hub_export half"}),
        ("%hub_show ha", {"%hub_show half"}),
        ("%hub_try ha", {"%hub_try half"}),
        ("%hub_try half --signature d", {"%hub_try half --signature default"}),
        ("%hub_compare half ha", {"%hub_compare half half"}),
        ("%hub_load sample:d", {"%hub_load sample:digits"}),
        ("%hub_load sample:half-plus-", {"%hub_load sample:half-plus-two"}),
        ("%hub_load sample:digits --ta", {"%hub_load sample:digits --tags"}),
        ("%hub_session re", {"%hub_session reset"}),
        ("%hub_session use de", {"%hub_session use default"}),
        ("%hub_log --rep", {"%hub_log --replay"}),
    ],
)
def test_words(half: Run, shell: InteractiveShell, line: str, expected: set[str]) -> None:
    assert completed(shell, line) == expected


def test_tags_of_a_module_at_hand(run: Run, shell: InteractiveShell) -> None:
    run("%hub_load sample:digits")
    assert completed(shell, "%hub_load sample:digits --tags t") == {"%hub_load sample:digits --tags train"}


def test_nothing_is_built_or_downloaded_to_complete(
    run: Run, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "empty"))
    completed(shell, "%hub_load sample:digits --tags t")
    completed(shell, "%hub_load https://example.org/x --tags t")
    assert not (tmp_path / "empty").exists()


def test_paths(run: Run, shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "module-a").mkdir()
    (tmp_path / "module-b.tar.gz").touch()
    (tmp_path / "module-c.txt").touch()
    line = f"%hub_load {tmp_path}/mod"
    assert completed(shell, line) == {
        f"%hub_load {tmp_path}/module-a/",
        f"%hub_load {tmp_path}/module-b.tar.gz",
    }


def test_expressions_are_completed_as_python(half: Run, shell: InteractiveShell) -> None:
    half("a_long_name = [1.0]")
    assert "%hub_call half a_long_name" in completed(shell, "%hub_call half a_long")


def test_unload_removes_it(half: Run, shell: InteractiveShell) -> None:
    half("%unload_ext hubexplore")
    assert "%hub_log --replay" not in completed(shell, "%hub_log --rep")

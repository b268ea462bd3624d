"""How long an import took, for the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.session.background.import_time import DEFAULT_SECONDS, expected_seconds, remember


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_it_is_remembered(caches: Path) -> None:
    assert expected_seconds() == DEFAULT_SECONDS
    remember(3.14)
    assert expected_seconds() == 3.1


@pytest.mark.parametrize("text", ["", "soon", "nan", "-1", "inf", "1e9"])
def test_what_is_no_time_is_ignored(caches: Path, text: str) -> None:
    remember(3)
    (file,) = (caches / "hubexplore").iterdir()
    file.write_text(text)
    assert expected_seconds() == DEFAULT_SECONDS


def test_where_nothing_can_be_written_nothing_happens(caches: Path) -> None:
    (caches / "hubexplore").write_text("a file")
    remember(3)
    assert expected_seconds() == DEFAULT_SECONDS

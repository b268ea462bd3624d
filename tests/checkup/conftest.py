"""What the tests of the doctor share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(folder))
    return folder

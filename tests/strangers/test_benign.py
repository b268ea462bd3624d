"""No harmless model is flagged."""

from __future__ import annotations

from pathlib import Path

import hubexplore as hub


def alarms(path: str | Path) -> list[str]:
    """The sentences for which a model would be refused, and what could not be looked into."""
    found = hub.summarize(path).capabilities
    return [danger.sentence for danger in found.dangers] + list(found.unread)


def test_made_ones(harmless: dict[str, str]) -> None:
    assert len(harmless) >= 60
    found = {name: alarms(path) for name, path in harmless.items()}
    assert {name: said for name, said in found.items() if said} == {}


def test_published_ones(real_modules: Path) -> None:
    paths = [path for path in real_modules.iterdir() if path.name not in ("README.md", "expected")]
    assert len(paths) >= 7
    assert {path.name: said for path in paths if (said := alarms(path))} == {}

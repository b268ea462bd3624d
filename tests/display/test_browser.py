"""A browser opens what is made of a module whose every name tries to run something; nothing runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubexplore.display.rich.summaries import Summary, displayable
from tests.conftest import CHROMIUM_FLAGS
from tests.display.strangers import ATTACKS, hostile_module
from tests.summary.saved_models import summary_of

FLAGS = (
    *CHROMIUM_FLAGS,
    *("--headless", "--no-sandbox", "--virtual-time-budget=3000", "--dump-dom"),
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """A module in which strangers chose every name."""
    return displayable(summary_of(hostile_module(tmp_path_factory.mktemp("hostile"))))


def page(*parts: str | None) -> str:
    return f"<!doctype html><meta charset=utf-8><body>{''.join(part or 'missing' for part in parts)}"


RENDERINGS: dict[str, Callable[[Summary], str]] = {
    "card": lambda summary: page(summary._repr_html_()),
    "page": lambda summary: summary.to_html(),
    "lists": lambda summary: page(
        summary.signatures._repr_html_(),
        summary.variables._repr_html_(),
        summary.assets._repr_html_(),
        summary.tables._repr_html_(),
        summary.ops._repr_html_(),
        summary.messages._repr_html_(),
        summary.functions._repr_html_(),
        summary.collections._repr_html_(),
        summary.variants._repr_html_(),
        summary.files._repr_html_(),
    ),
    "comparison": lambda summary: page(summary.compare(list(ATTACKS), "")._repr_html_()),
    "data frame": lambda summary: page(summary.variables.df.to_html()),
    "diagram": lambda summary: page(summary.graph("all", ATTACKS)._repr_html_()),
    "drawing within a page": lambda summary: page(summary.graph("all", ATTACKS).svg),
    "unfolded": lambda summary: page(summary.graph("all", ATTACKS, expand=[ATTACKS[0], ATTACKS[1]]).svg),
}


def ran(chromium: str, file: Path) -> bool:
    """Whether a page's content marked its root element."""
    profile = file.parent / "profile"
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "</html>" in done.stdout or "</svg>" in done.stdout
    return 'data-ran="1"' in done.stdout


@pytest.mark.parametrize("attack", [ATTACKS[0], ATTACKS[1]])
def test_an_attack_succeeds_where_nothing_is_escaped(attack: str, chromium: str, tmp_path: Path) -> None:
    """Or the tests below would prove nothing."""
    file = tmp_path / "page.html"
    file.write_text(page(attack))
    assert ran(chromium, file)


@pytest.mark.parametrize("name", RENDERINGS)
@pytest.mark.usefixtures("dot")
def test_nothing_runs(name: str, hostile: Summary, chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    content = RENDERINGS[name](hostile)
    file.write_text(content, encoding="utf-8")
    assert "missing" not in content[:200]
    assert len(content) < 500_000
    assert not ran(chromium, file)


@pytest.mark.usefixtures("dot")
def test_nothing_runs_in_a_saved_drawing(hostile: Summary, chromium: str, tmp_path: Path) -> None:
    """An SVG file that is opened by itself may run scripts and follow links."""
    file = tmp_path / "drawing.svg"
    hostile.graph("all", ATTACKS).save(str(file))
    assert not ran(chromium, file)
    drawing = file.read_text(encoding="utf-8")
    for forbidden in ("<script", "<a ", "xlink:href", "<image", "<foreignObject", "onload="):
        assert forbidden not in drawing


def test_text_moves_no_cursor_and_turns_no_direction(hostile: Summary) -> None:
    shown: list[Any] = [
        hostile,
        hostile.signatures,
        hostile.variables,
        hostile.assets,
        hostile.ops,
        hostile.compare(list(ATTACKS), ""),
        hostile.graph("all", ATTACKS),
    ]
    for each in shown:
        text = repr(each)
        assert not set(text) & {"\x1b", "\u202e", "\u202c", "\r", "\x00"}
        assert max(map(len, text.splitlines())) < 1000

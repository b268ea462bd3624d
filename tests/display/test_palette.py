"""Colours are named in one place, and style sheets use no colour that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hubexplore
from hubexplore.display import palette
from hubexplore.display.theme import PAGE_STYLE, STYLE
from hubexplore.notebook.panel import browser_widgets

PACKAGE = Path(hubexplore.__file__).parent
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
ELSEWHERE = {"palette.py", "pictures.py"}
"""The second draws sample pictures: the colours of what they show are not part of the theme."""


def test_no_other_file_names_a_colour() -> None:
    files = [path for suffix in ("py", "css", "js") for path in PACKAGE.rglob(f"*.{suffix}")]
    assert {path.name for path in files if COLOUR.search(path.read_text("utf-8"))} == ELSEWHERE


def used(style: str) -> set[str]:
    return set(re.findall(r"var\(--hub-([\w-]+)\)", style))


def test_a_style_uses_exactly_the_colours_that_are_declared() -> None:
    assert used(STYLE) == set(palette.CARD)
    panel = browser_widgets.panel_style() + (browser_widgets.FRONTEND / "graph.css").read_text("utf-8")
    assert used(panel) == set(palette.PANEL)


@pytest.mark.parametrize("colours", [palette.CARD_CONTRAST, palette.CARD_FORCED, palette.CARD_ON_DARK_PAGE])
def test_what_a_theme_changes_is_a_colour_of_cards(colours: dict[str, str]) -> None:
    assert set(colours) <= set(palette.CARD)
    written = re.sub(r";\s+", ";", STYLE + PAGE_STYLE)
    assert palette.properties(colours, "") in written


def test_a_themed_colour_is_that_of_the_theme_with_a_fallback() -> None:
    assert palette.themed("border-color2", "#c7ccd1") == "var(--jp-border-color2, #c7ccd1)"
    assert palette.properties({"a": "red", "b": "blue"}) == "--hub-a: red; --hub-b: blue;"

"""Names that differ never read the same, however they are cut."""

from __future__ import annotations

import re

import pytest

from hubexplore.display.card.html import module
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import apart, visible
from hubexplore.summary.confusables import reading
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary
from tests.display import page

LONG = "model/" + "block/" * 30
MIDDLES = [f"{LONG}{middle}/{'layer/' * 30}kernel" for middle in ("attention", "dense", "dense_1")]


def test_what_fits_is_whole() -> None:
    assert apart(["a", "b", "a"]) == ["a", "b", "a"]


def test_the_place_is_shown_where_they_differ() -> None:
    assert len({*map(visible, MIDDLES)}) == 1
    shown = apart(MIDDLES)
    assert [re.findall("attention|dense_1|dense", text) for text in shown] == [
        ["attention"],
        ["dense"],
        ["dense_1"],
    ]
    assert all(text.startswith("model/block/") and len(text) <= 100 for text in shown)


@pytest.mark.parametrize(
    "names",
    [
        ["caf\u00e9", "cafe\u0301"],
        ["a", "a ", " a", "  a"],
        ["scope/a", "scope/\u0430"],
        ["a\x1b", "a\\x1b"],
        ["\x1b" * 500 + "a" + "\x1b" * 500, "\x1b" * 500 + "b" + "\x1b" * 500],
        ["\x1b" * 1000, "\x1b" * 1001, "\x1b" * 1002],
        [f"{'x' * 60}{number:03}{'y' * 60}" for number in range(50)],
    ],
)
def test_all_differ_and_are_short(names: list[str]) -> None:
    shown = apart(names)
    assert len({reading(text) for text in shown}) == len(names)
    assert all(text.isprintable() and len(text) <= 200 for text in shown)


def test_a_column_of_a_terminal() -> None:
    columns = (Column("Name", code=True), *(Column(f"Object {number}", code=True) for number in range(4)))
    names = [f"keras_api/metrics/{number}/total_of_the_model" for number in range(12)]
    text = grid_text(Grid("", columns, tuple((name,) * 5 for name in names)))
    cells = [line.split() for line in text.splitlines()[1:]]
    assert [len({*column}) for column in zip(*cells, strict=True)] == [12] * 5


def test_a_table_in_html() -> None:
    html = grid_html(Grid("", (Column("Name", code=True),), tuple((text,) for text in MIDDLES)))
    assert len({*page.read(html).texts("code")}) == 3


def test_names_break_behind_slashes_only() -> None:
    variable = VariableSummary("outer/in<ner/w", "float32", (2,), True)
    assert "outer/<wbr>in&lt;ner/<wbr>w" in module(ModuleSummary("m", (VariantSummary((), (), (variable,)),)))

"""Tables as data, whatever they list."""

from __future__ import annotations

import pytest

from hubexplore.display.tables.grid import Column, Grid, Remark, grid_html, grid_text, terminal_columns

COLUMNS = (Column("Name", code=True), Column("Note"), Column("Size", "right"))


def test_a_column_in_which_no_row_says_anything_is_left_out() -> None:
    grid = Grid("", COLUMNS, (("a", "", "1"), ("b", "", "22"), (Remark("and more"),)))
    assert grid_text(grid) == "Name  Size\na        1\nb       22\nand more"
    assert "Note" not in grid_html(grid)


def test_a_column_stays_if_one_row_says_something_or_a_remark_begins_in_it() -> None:
    assert "Note" in grid_text(Grid("", COLUMNS, (("a", "", "1"), ("b", "new", "2"))))
    assert "Note" in grid_text(Grid("", COLUMNS, (("a", "", "1"), ("b", Remark("not read")))))


def test_names_what_is_kept_and_what_has_no_rows_stay() -> None:
    keep_empty = (*COLUMNS[:1], Column("Note", keep_empty=True), *COLUMNS[2:])
    assert grid_text(Grid("", keep_empty, (("", "", "1"),))).splitlines()[0] == "Name  Note  Size"
    assert grid_text(Grid("", COLUMNS, ())) == "Name  Note  Size"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("name", 4), ("日本語", 6), ("e\u0301a", 2), ("नमस्ते", 4), ("👩\u200d👩\u200d👧", 2), ("❤\ufe0f", 2)],
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, columns: int) -> None:
    assert terminal_columns(text) == columns

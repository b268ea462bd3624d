"""Output is bounded, and says what was left out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hubexplore.display.card import html, text
from hubexplore.display.card.blocks import MAX_GROUPS
from hubexplore.display.card.content import (
    DEFAULT_BUDGET,
    ROWS_IN_TEXT_CARD,
    SIGNATURE_BUDGET,
    VARIABLE_BUDGET,
)
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.card.signature_sections import MAX_SIGNATURES, MAX_TENSORS
from hubexplore.display.card.variable_tree import MAX_IN_SCOPE
from hubexplore.display.tables.grid import Column, Grid, grid_text
from hubexplore.summary.model import (
    MessageSummary,
    ModuleSummary,
    OpSummary,
    SignatureSummary,
    VariantSummary,
)
from tests.display import page, summaries
from tests.work import calls

MOST_HTML = 300_000
NAMES = {
    "short": "scope_{i}/layer/kernel",
    "quotes": "\"<'&" * 3000 + "{i}",
    "escapes": "\U000e0001" * 400 + "{i}",
    "wide": "語" * 500 + "{i}",
    "deep": "{i}/" + "a/b" * 600 + "/k",
    "deep together": "a/" * 1000 + "{i}/b/c/d",
}


def module(signatures: int, tensors: int, variants: int = 1) -> ModuleSummary:
    """A module whose variants differ, so that each has a table of its own."""
    return ModuleSummary(
        "m",
        tuple(
            VariantSummary(
                (f"v{variant}",),
                tuple(
                    SignatureSummary(f"s{variant}_{i}", summaries.tensors(tensors), summaries.tensors(1))
                    for i in range(signatures)
                ),
            )
            for variant in range(variants)
        ),
    )


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_html_is_larger_than_300_kb(name: str) -> None:
    shown = html.module(summaries.large(700, name))
    assert len(shown.encode()) <= MOST_HTML
    assert len(html.page(summaries.large(700, name)).encode()) <= MOST_HTML
    page.read(shown)


def test_many_variants_that_differ_in_everything() -> None:
    one = summaries.large(40, NAMES["quotes"]).variants[0]
    variants = tuple(
        replace(one, tags=(f"{i}" + "<" * 9000,), signatures=one.signatures[i:], ops=one.ops[i:])
        for i in range(40)
    )
    assert len(html.module(ModuleSummary("m", variants)).encode()) <= MOST_HTML


def test_many_tensors() -> None:
    shown = text.module(module(1, MAX_TENSORS + 3))
    assert "... and 3 more inputs" in shown
    assert f"t{MAX_TENSORS - 1}" in shown
    assert f"t{MAX_TENSORS} " not in shown
    assert page.table_widths(html.module(module(1, MAX_TENSORS + 3))) == [{5}]


def test_one_more_is_singular() -> None:
    assert "... and 1 more input\n" in text.module(module(1, MAX_TENSORS + 1))


def test_exactly_as_many_as_fit_are_all_shown() -> None:
    assert "..." not in text.module(module(1, MAX_TENSORS))
    assert "..." not in text.module(module(MAX_SIGNATURES, 1))


def test_one_left_over_is_shown_instead_of_counted() -> None:
    for count, note in ((DEFAULT_BUDGET[0] + 1, ""), (DEFAULT_BUDGET[0] + 2, "... and 2 more op types")):
        ops = tuple(OpSummary(f"Op{i}", 1) for i in range(count))
        shown = html.module(ModuleSummary("m", (VariantSummary((), (), ops=ops),)))
        assert ("... and" in shown) == bool(note)
        assert note in shown
    losses = tuple(f"loss_{i}" for i in range(DEFAULT_BUDGET[0] + 1))
    assert "... and" not in html.module(ModuleSummary("m", (VariantSummary((), (), losses=losses),)))


def test_fields_of_a_message_are_counted_where_they_do_not_fit() -> None:
    message = MessageSummary("key", "", tuple((f"1.{i}", "value") for i in range(60)), 600)
    variant = VariantSummary((), (), messages=(message, replace(message, key="other")))
    shown = text.module(ModuleSummary("m", (variant,)))
    assert "\n  ... and 48 more rows; ... and 1 more message" in shown
    assert "1.11" in shown
    assert "1.12" not in shown


def test_beginnings_give_way_before_names() -> None:
    grid = Grid("", (Column("Name"), Column("Begins with", cut="end")), (("n" * 60, "b" * 60),))
    (_, row) = grid_text(grid).splitlines()
    assert row == "n" * 60 + "  " + "b" * 34 + "…"


def test_narrow_terminals_get_narrow_tables() -> None:
    one = replace(summaries.RICH.variants[0], variables=summaries.variables(3, 9, trainable=True))
    for width in (80, 100, 140):
        shown = text.module(ModuleSummary("m", (one,)), width=width)
        assert max(map(len, shown.splitlines())) <= width
        assert ("Share" in shown.split("Variables")[1].split("Assets")[0]) == (width > 80)


def test_many_signatures() -> None:
    shown = page.read(html.module(module(MAX_SIGNATURES + 2, 1)))
    assert "... and 2 more signatures" in shown.texts("td")
    assert page.table_widths(html.module(module(MAX_SIGNATURES + 2, 1))) == [{5}]


def test_a_signature_is_shown_whole_or_counted() -> None:
    shown = text.module(module(8, MAX_TENSORS - 1))  # 40 rows each
    assert shown.count("float32") == SIGNATURE_BUDGET[0]
    assert "... and 2 more signatures" in shown


def test_variants_without_room_are_counted() -> None:
    shown = text.module(module(4, MAX_TENSORS - 1, 6)).split("Signatures by graph variant")[0]
    assert "... and 4 more graph variants" in shown


def test_graph_variants_of_a_long_list_are_counted() -> None:
    variants = tuple(
        VariantSummary((f"v{i}",), (), ops=(OpSummary(f"Op{i}", 1),), losses=(f"loss{i}",))
        for i in range(MAX_GROUPS + 3)
    )
    shown = page.read(html.module(ModuleSummary("m", variants)))
    assert "... and 3 more graph variants" in shown.texts("td")
    assert [text for text in shown.texts("p") if text.startswith("... and")] == [
        "... and 3 more graph variants"
    ]


def test_the_headings_of_a_table_take_room() -> None:
    budget = RowBudget(10, 600)
    budget.head("a caption of some length")
    assert budget.fit([("cell",), ("cell",), ("cell",)]) == (("cell",), ("cell",))


def test_folds_in_folds_end() -> None:
    """A thousand scopes, each in the one before, with variables in each."""
    variables = summaries.variables(1, 2)[:4]
    nested = tuple(
        replace(variable, name="s/" * i + variable.name) for i in range(1000) for variable in variables
    )
    shown = page.read(html.module(ModuleSummary("m", (VariantSummary((), (), variables=nested),))))
    assert max(element.path.count("details") for element in shown.elements) <= 9


def test_scopes_open_level_by_level_while_there_is_room() -> None:
    many = ModuleSummary("m", (VariantSummary((), (), variables=summaries.variables(30, 20)),))
    shown = text.module(many)
    rows = [line for line in shown.splitlines() if "block_" in line]
    assert len(rows) == 30  # each block is named, none has room for its 40 variables
    assert "... and 1,200 more variables" in shown
    folds = page.read(html.module(many)).all("details")
    assert len(folds) == 1 + 1 + 5  # the section, net/, and the blocks that have room


def test_a_flat_list_of_variables_ends() -> None:
    names = summaries.large(500, "v{i}").variants[:1]
    assert f"... and {500 - ROWS_IN_TEXT_CARD['variables']} more variables" in text.module(
        ModuleSummary("m", names)
    )
    assert f"... and {500 - VARIABLE_BUDGET[0]} more variables" in html.module(ModuleSummary("m", names))


def test_a_scope_with_many_variables_ends() -> None:
    one, other = (summaries.large(60, f"{scope}/v{{i}}").variants[0].variables for scope in ("one", "other"))
    shown = html.module(ModuleSummary("m", (VariantSummary((), (), variables=(*one, *other)),)))
    assert shown.count(f"... and {60 - MAX_IN_SCOPE} more variables") == 2


def test_a_long_list_ends() -> None:
    ops = tuple(OpSummary(f"Op{i}", 1) for i in range(DEFAULT_BUDGET[0] + 5))
    summary = ModuleSummary("m", (VariantSummary((), (), ops=ops),))
    assert "... and 5 more op types" in html.module(summary)
    assert f"... and {len(ops) - ROWS_IN_TEXT_CARD['ops']} more op types" in text.module(summary)


def test_long_names_leave_room_for_the_numbers() -> None:
    one = summaries.large(5, "scope/" + "name" * 20 + "/{i}").variants[:1]
    lines = text.module(ModuleSummary("m", one)).splitlines()
    table = [line for line in lines if re.search(r"%|Share", line)]
    assert table
    assert max(map(len, table)) <= 100


def test_a_table_of_tensors() -> None:
    lines = text.tensor_table(summaries.tensors(MAX_TENSORS + 60)).splitlines()
    assert lines[-1] == "... and 60 more tensors"
    assert lines[0] == "Name  Type     Shape"  # the note does not widen the column it begins in
    shown = page.read(html.tensor_table(summaries.tensors(MAX_TENSORS + 60)))
    assert len(shown.all("tr")) == 1 + MAX_TENSORS + 1


def test_work_grows_with_the_module_and_not_faster() -> None:
    def work(blocks: int) -> int:
        variants = (VariantSummary((), (summaries.IMAGES,), variables=summaries.variables(blocks, 25)),)
        summary = ModuleSummary("m", variants)
        return calls(lambda: html.module(summary))

    assert work(400) < 2.2 * work(200)

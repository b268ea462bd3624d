"""What displays look like, text and HTML, compared with files that people have looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubexplore.display import html, text
from hubexplore.summary.model import ModuleSummary
from tests.display import page, summaries

Golden = Callable[[str, str], None]
every_summary = pytest.mark.parametrize(("name", "summary"), summaries.ALL.items(), ids=summaries.ALL)


@every_summary
def test_text(name: str, summary: ModuleSummary, golden: Golden) -> None:
    golden(f"{name}.txt", text.module(summary))


@every_summary
def test_html(name: str, summary: ModuleSummary, golden: Golden) -> None:
    golden(f"{name}.html", html.module(summary))


def test_table_of_tensors(golden: Golden) -> None:
    golden("tensors.txt", text.tensor_table(summaries.WORDS.outputs))
    golden("tensors.html", html.tensor_table(summaries.WORDS.outputs, "Outputs of words"))
    golden("no_tensors.txt", text.tensor_table(()))
    golden("no_tensors.html", html.tensor_table(()))


@every_summary
def test_text_and_html_say_the_same(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    words = text.module(summary).split()
    for cell in shown.texts("td") + shown.texts("caption") + shown.texts("strong"):
        assert all(word in words for word in cell.split()), cell


@every_summary
def test_two_displays_are_equal(name: str, summary: ModuleSummary) -> None:
    assert html.module(summary) == html.module(summary)


@every_summary
def test_rows_of_a_table_are_equally_wide(name: str, summary: ModuleSummary) -> None:
    assert all(widths == {5} for widths in page.table_widths(html.module(summary)))


@every_summary
def test_html_has_no_script_id_link_or_remote_part(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))  # knows which elements and attributes are allowed
    assert all("url(" not in style and "@import" not in style for style in shown.texts("style"))


@every_summary
def test_tables_are_labelled_for_who_cannot_see_them(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    assert len(shown.all("caption")) == len(shown.all("table"))
    assert all(cell.attributes.get("scope") in {"col", "rowgroup"} for cell in shown.all("th"))
    for cell in shown.all("th"):
        assert cell.attributes["scope"] == ("col" if "thead" in cell.path else "rowgroup")


def test_equal_variants_share_a_table() -> None:
    shown = page.read(html.module(summaries.ONE_TABLE_FOR_TWO))
    assert shown.texts("caption") == ["Graph variants: no tags | train"]


def test_other_variants_have_their_own() -> None:
    shown = page.read(html.module(summaries.TWO_TABLES))
    assert shown.texts("caption") == ["Graph variant: no tags", "Graph variant: gpu, train"]


def test_the_style_reaches_only_our_own_elements() -> None:
    (style,) = page.read(html.module(summaries.PLAIN)).texts("style")
    selectors = [part.strip() for rule in style.split("}")[:-1] for part in rule.split("{")[0].split(",")]
    assert all(selector.startswith(".hubexplore") for selector in selectors)


def test_a_caption_is_left_out_where_there_is_none() -> None:
    assert page.read(html.tensor_table(summaries.tensors(2))).all("caption") == []


def test_words_stay_apart_where_styles_are_stripped() -> None:
    (heading,) = page.read(html.module(summaries.ONE_TABLE_FOR_TWO)).texts("p")
    assert heading.split() == ["/modules/images", "scope:", "module_1", "trainable:", "yes"]

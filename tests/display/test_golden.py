"""What displays look like, text and HTML, compared with files that people have looked at."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hubexplore.display.card import html, text
from hubexplore.display.card.content import MAX_CODE_BYTES
from hubexplore.display.theme import DARK, DARK_HOSTS
from hubexplore.hub.summarize import summarize
from hubexplore.summary.model import (
    AssetSummary,
    CollectionSummary,
    ModuleSummary,
    OpSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.usage import usage
from tests.display import page, summaries

Golden = Callable[[str, str], None]
every_summary = pytest.mark.parametrize(("name", "summary"), summaries.ALL.items(), ids=summaries.ALL)


@every_summary
def test_text(name: str, summary: ModuleSummary, golden: Golden) -> None:
    golden(f"{name}.txt", text.module(summary))


@every_summary
def test_html(name: str, summary: ModuleSummary, golden: Golden) -> None:
    # The style is one for all; a golden file without it shows what is said.
    golden(f"{name}.html", without_style(html.module(summary)))


def test_table_of_tensors(golden: Golden) -> None:
    golden("tensors.txt", text.tensor_table(summaries.WORDS.outputs))
    golden("tensors.html", without_style(html.tensor_table(summaries.WORDS.outputs, "Outputs of words")))
    golden("no_tensors.txt", text.tensor_table(()))
    golden("no_tensors.html", without_style(html.tensor_table(())))


@every_summary
def test_text_and_html_have_the_same_sections(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    in_html = [element.text for element in shown.all("strong", **{"aria-level": "4"})]
    counts = [element.text for element in shown.all("small") if "b" not in element.path]
    lines = text.module(summary).splitlines()
    in_text = [line for before, line in itertools.pairwise(lines) if not before]
    in_text = [line for line in in_text if not line.startswith(" ")]
    assert in_text == [f"{heading}: {count}" for heading, count in zip(in_html, counts, strict=True)]


@every_summary
def test_text_and_html_say_the_same(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    words = re.sub(":( |$)", " ", text.module(summary), flags=re.MULTILINE).split()
    for cell in shown.texts("td") + shown.texts("th") + shown.texts("li") + shown.texts("strong"):
        assert all(word.rstrip(":") in words for word in cell.split()), cell


@every_summary
def test_two_displays_are_equal(name: str, summary: ModuleSummary) -> None:
    assert html.module(summary) == html.module(summary)


@every_summary
def test_rows_of_a_table_are_equally_wide(name: str, summary: ModuleSummary) -> None:
    assert all(len(widths) == 1 for widths in page.table_widths(html.module(summary)))


@every_summary
def test_html_has_no_script_id_link_or_remote_part(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))  # knows which elements and attributes are allowed
    assert all("url(" not in style and "@import" not in style for style in shown.texts("style"))


@every_summary
def test_tables_are_labelled_for_who_cannot_see_them(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    assert len(shown.all("caption")) == len(shown.all("table"))
    assert all(element.text for element in shown.all("caption"))
    for cell in shown.all("th"):
        assert cell.attributes["scope"] in ({"col"} if "thead" in cell.path else {"row", "rowgroup"})


@every_summary
def test_headings_are_headings(name: str, summary: ModuleSummary) -> None:
    shown = page.read(html.module(summary))
    levels = [element.attributes["aria-level"] for element in shown.all("strong", role="heading")]
    assert levels == ["3"] + ["4"] * (len(levels) - 1)
    assert len(levels) == 1 + len(
        [element for element in shown.all("details") if "details" not in element.path]
    )


def test_a_bar_is_a_number_too() -> None:
    shown = page.read(html.module(summaries.RICH))
    bars = shown.all("i")
    numbers = [element for element in shown.all("span") if element.attributes.get("class") == "percent"]
    assert len(bars) == len(numbers) > 0
    assert all(re.fullmatch(r"(< )?\d+\.\d %", number.text) for number in numbers)


def test_signatures_and_what_needs_attention_lie_open() -> None:
    shown = page.read(html.module(summaries.RICH))
    folds = [element for element in shown.all("details") if "details" not in element.path]
    headings = [element.text for element in shown.all("strong", **{"aria-level": "4"})]
    opened = [heading for heading, fold in zip(headings, folds, strict=True) if "open" in fold.attributes]
    assert opened == ["Warnings", "Signatures", "Ops that TensorFlow may lack", "Calls so far"]


def test_equal_variants_share_a_table() -> None:
    assert text.module(summaries.ONE_TABLE_FOR_TWO).count("(?, 224, 224, 3)") == 1


def test_other_variants_have_their_own() -> None:
    captions = page.read(html.module(summaries.TWO_TABLES)).texts("caption")
    assert captions == ["Graph variant: no tags", "Graph variant: gpu, train", "Signatures by graph variant"]


def test_what_some_variants_have_says_which() -> None:
    shown = text.module(summaries.RICH)
    section = shown.split("Ops: 4 types, 101 | 103 nodes in the graph and 2 in functions\n")[1].split("\n\n")[
        0
    ]
    assert [line.split() for line in section.splitlines()[1:]] == [
        ["Op", "no", "tags", "train"],
        ["Const", "60", "60"],
        ["Conv2D", "42", "42"],
        ["AssignSub", "0", "2"],
        ["MyOp", "1", "1"],
    ]
    first, second = summaries.RICH.variants
    own = CollectionSummary("update_ops", "nodes", 1, ("net/update",))
    other = replace(second, collections=(*second.collections, own))
    shown = text.module(replace(summaries.RICH, variants=(first, other)))
    section = shown.split("\nCollections: 3\n")[1].split("\n\n")[0]
    assert [line.split()[-1] for line in section.splitlines()] == ["variants", "all", "all", "train"]


def test_variables_of_one_name_are_several() -> None:
    count = VariableSummary("count", "float32", (), False)
    one = ModuleSummary("m", (VariantSummary((), (), variables=(count, count)),))
    assert "Variables: 2, 2 parameters" in text.module(one)
    wide = replace(count, shape=(3,))
    two = ModuleSummary("m", (VariantSummary((), (), (count,)), VariantSummary(("train",), (), (wide,))))
    assert "Variables: 1, 3 parameters" in text.module(two)
    variants = (VariantSummary((), (), (count, count)), VariantSummary(("train",), (), (wide,)))
    assert "Variables: 2, 3 parameters" in text.module(ModuleSummary("m", variants))


def test_variables_of_one_name_are_told_apart_by_their_paths() -> None:
    counts = [
        VariableSummary("count", "float32", (), False, key=f"metrics/{at}/count/.ATTRIBUTES/VARIABLE_VALUE")
        for at in range(2)
    ]
    other = VariableSummary("bias", "float32", (3,), True, key="layers/0/bias/.ATTRIBUTES/VARIABLE_VALUE")
    shown = text.module(ModuleSummary("m", (VariantSummary((), (), (*counts, other)),)))
    assert "Object" in shown
    assert "metrics/1/count  no" in shown
    assert "layers/0" not in shown


def test_a_module_without_signatures_says_so() -> None:
    without = ModuleSummary("m", (VariantSummary((), ()),))
    assert "· no signatures" in text.module(without)
    assert "· no signatures" in html.module(without)
    assert "no signatures" not in text.module(summaries.PLAIN)


def test_a_long_line_of_an_asset_is_marked_as_cut() -> None:
    asset = AssetSummary("words.txt", 9999, (), (), ("x" * 100,))
    assert "xxx…" in text.module(ModuleSummary("m", (VariantSummary((), (), assets=(asset,)),)))


def test_an_asset_without_table_names_the_constant_that_holds_its_path() -> None:
    asset = AssetSummary("words.txt", 3, ("path:0",), (), ("the",))
    shown = text.module(ModuleSummary("m", (VariantSummary((), (), assets=(asset,)),)))
    assert ["words.txt", "3", "bytes", "path", "the"] in [line.split() for line in shown.splitlines()]


def test_the_matrix_says_which_variant_has_which_signature() -> None:
    shown = text.module(summaries.TWO_TABLES).split("Signatures by graph variant: 2\n")[1].splitlines()
    assert [line.split() for line in shown] == [
        ["Signature", "no", "tags", "gpu,", "train"],
        ["constant", "–", "yes"],  # noqa: RUF001 - a dash for nothing
        ["default", "yes", "yes"],
    ]


def test_the_style_reaches_only_our_own_elements() -> None:
    (style,) = page.read(html.module(summaries.PLAIN)).texts("style")
    style = style.replace(f"{DARK} ", "").replace(f"{DARK_HOSTS} ", "")
    rules = re.sub(r"@media [^{]*\{((?:[^{}]*\{[^}]*\})*)\s*\}", r"\1", style)
    selectors = [part.strip() for rule in rules.split("}")[:-1] for part in rule.split("{")[0].split(",")]
    assert len(selectors) > 30
    assert all(selector.startswith(".hubexplore") for selector in selectors)


def test_contrast_is_kept_where_colours_are_the_readers() -> None:
    (style,) = page.read(html.module(summaries.PLAIN)).texts("style")
    assert "@media (forced-colors: active)" in style
    assert "@media (prefers-contrast: more)" in style


def test_a_caption_is_left_out_where_there_is_none() -> None:
    assert page.read(html.tensor_table(summaries.tensors(2))).all("caption") == []


def test_words_stay_apart_where_styles_are_stripped() -> None:
    shown = page.read(html.module(summaries.RICH))
    (scope,) = [element for element in shown.all("summary") if "net/" in element.text]
    assert scope.text == "net/ 16 variables 295,424 parameters, 1.2 MB, 93.7 %"
    assert shown.all("summary")[1].text == "Signatures 2"


def test_colours_are_for_terminals_that_ask() -> None:
    plain, coloured = text.module(summaries.RICH), text.module(summaries.RICH, colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9]m", "", coloured) == plain
    assert coloured.startswith("\x1b[1m/modules/rich\x1b[0m\n")


def test_a_whole_page() -> None:
    whole = html.page(summaries.RICH)
    assert whole.startswith('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">')
    assert "<title>/modules/rich - hubexplore</title>" in whole
    assert html.module(summaries.RICH) in whole
    assert "prefers-color-scheme: dark" in whole
    assert not re.search(r"<script|<link|src=|href=|url\(| id=", whole)


def without_style(shown: str) -> str:
    """One element of our HTML per line, the style left out."""
    bare = re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    return re.sub(r"(?=<(?:p|details|div|table|thead|tbody|tr|ul|li)\b)", "\n", bare).strip()


def test_code_that_calls_the_module_can_be_copied(real_modules: Path) -> None:
    summary = summarize(real_modules / "half-plus-two-savedmodel")
    found = usage(summary)
    assert found is not None
    code = "\n".join(found.lines)
    assert f"\n\nCode: calls the signature serving_default\n{code}\n\n" in text.module(summary)
    shown = page.read(html.module(summary))
    assert [element.text for element in shown.all("code") if "pre" in element.path] == [code]


def test_code_that_is_too_long_is_left_out(real_modules: Path) -> None:
    summary = replace(summarize(real_modules / "half-plus-two-savedmodel"), title="<" * MAX_CODE_BYTES)
    assert "\nCode: " not in text.module(summary)
    assert "<pre>" not in html.module(summary)


def test_what_is_known_of_inputs_stands_beside_them(real_modules: Path) -> None:
    shown = text.module(summarize(real_modules / "dm21"))
    (row,) = [line for line in shown.splitlines() if "tensor_dict$grid_coords" in line and "np." not in line]
    assert row.endswith("float32  (?, 3)  no output uses it")
    shown = text.module(summarize(real_modules / "taxi-estimator-savedmodel"))
    assert shown.count("tf.Example of 17 features\n") == 4
    section = shown.split("\nFeatures of tf.Example inputs: 17\n")[1].split("\n\n")[0].splitlines()
    assert len(section) == 18
    assert section[1].split()[-3:] == ["company", "string", "1"]
    for summary in (real_modules / "dm21", real_modules / "taxi-estimator-savedmodel"):
        widths = page.table_widths(html.module(summarize(summary)))
        assert all(len(width) == 1 for width in widths)


def test_the_number_of_ops_says_how_many_are_in_functions() -> None:
    ops = (OpSummary("Mul", 1, 40), OpSummary("Const", 0, 2))
    one = VariantSummary((), (), ops=ops, nodes=1)
    assert "Ops: 2 types, 1 node in the graph and 42 in functions\n" in text.module(
        ModuleSummary("m", (one,))
    )
    plain = VariantSummary((), (), ops=(OpSummary("Mul", 1),), nodes=1)
    assert "Ops: 1 type, 1 node\n" in text.module(ModuleSummary("m", (plain,)))

"""Names in a module are chosen by strangers."""

from __future__ import annotations

import json
import re

import pytest

from hubexplore.display.card import html, text
from hubexplore.display.rich.summaries import displayable
from hubexplore.display.wording import MAX_SENTENCE, MAX_TEXT, printable, visible
from tests.display import page, summaries

RIGHT_TO_LEFT = "\u202e"
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of cell": "</code></td></tr></table></div>",
    "end of style": "</style><img src=x onerror=alert(1)>",
    "comment": "<!-- --><![CDATA[ ]]><?php ?>",
    "entity": "&lt;b&gt; &amp;",
    "attribute": '" onclick="alert(1)" x=\'',
    "escape sequence": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "carriage return": "good\rbad\x08\x08\x08",
    "new lines": "a\nb\r\nc\u2028d\u2029e\x85f\vg\fh",
    "tab and NUL": "a\tb\0c",
    "bidi": f"{RIGHT_TO_LEFT}txt.exe \u2066\u2067\u2068\u2069\u200f\u061c",
    "invisible": "a\u200bb\u200dc\ufeffd\u00ade\U000e0041",
    "lone surrogate": "\ud800",
    "long": "x" * 100_000,
    "long escapes": "\U000e0001" * 1000,
    "empty": "",
}
hostile = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


@hostile
def test_what_is_visible_is_printable_short_and_in_one_line(name: str) -> None:
    shown = visible(name)
    assert shown.isprintable()
    assert len(shown) <= 2 * MAX_TEXT


@hostile
def test_text_has_only_our_own_lines(name: str) -> None:
    lines = text.module(summaries.named(name)).splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) <= 120
    assert len(text.tensor_table(summaries.named(name).variants[0].signatures[0].inputs).splitlines()) == 2


@hostile
def test_colours_are_the_only_escapes(name: str) -> None:
    coloured = text.module(summaries.named(name), colour=True)
    assert all(line.isprintable() for line in re.sub("\x1b\\[[012]m", "", coloured).split("\n"))


@hostile
def test_html_keeps_its_structure(name: str) -> None:
    # As many names, slashes and lines; a reader that knows what is allowed.
    like = "x" * len(name) if "/" not in name else "x/" * name.count("/") + "x"
    harmless, shown = (page.read(html.module(summaries.named(each))) for each in (like, name))
    if name and len(name) < 100:
        assert [element.name for element in shown.elements] == [element.name for element in harmless.elements]
    assert {element.name for element in shown.elements} <= page.ELEMENTS
    assert all("x=" not in attribute for element in shown.elements for attribute in element.attributes)


@hostile
def test_html_shows_the_name_as_it_is_visible(name: str) -> None:
    shown = page.read(html.module(summaries.named(name)))
    assert shown.texts("strong")[0] == visible(name)
    assert visible(name) in shown.texts("code") or not name
    assert all(
        element.text.isprintable() for element in shown.elements if element.name not in {"style", "div"}
    )


@hostile
def test_a_page_names_the_module_in_its_title(name: str) -> None:
    whole = html.page(summaries.named(name))
    assert whole.count("<title>") == whole.count("</title>") == whole.count("</style>") / 2 == 1
    whole.encode()


@hostile
def test_caption_of_a_table_of_tensors(name: str) -> None:
    shown = page.read(html.tensor_table(summaries.tensors(1), caption=name))
    assert [element.name for element in shown.elements].count("table") == 1
    assert all(
        caption.isprintable() and len(caption) <= 2 * MAX_SENTENCE for caption in shown.texts("caption")
    )


@hostile
@pytest.mark.parametrize(
    "kind", ["signatures", "variables", "ops", "functions", "messages", "assets", "variants", "files"]
)
def test_lists_alone(kind: str, name: str) -> None:
    listing = getattr(displayable(summaries.named(name)), kind)
    assert all(line.isprintable() for line in repr(listing).splitlines())
    page.read(listing._repr_html_())


@hostile
def test_data_frames_hold_whole_names_that_are_safe_to_print(name: str) -> None:
    frame = displayable(summaries.named(name)).ops.df
    assert frame["op"][0] == printable(name)
    assert all(line.isprintable() for line in repr(frame).splitlines())


@hostile
def test_json_gives_every_name_back(name: str) -> None:
    summary = displayable(summaries.named(name))
    written = summary.to_json()
    assert written.isascii()
    assert json.loads(written) == summary.to_dict()
    assert summary.to_dict()["variants"][0]["ops"][0]["op"] == name


def test_the_reading_direction_cannot_be_turned() -> None:
    assert visible(f"{RIGHT_TO_LEFT}txt.exe") == r"\u202etxt.exe"


def test_a_terminal_cannot_be_steered() -> None:
    assert visible("\x1b[2J") == r"\x1b[2J"


def test_letters_of_all_scripts_stay() -> None:
    assert visible("größe, 単語, מילה, слово 😀") == "größe, 単語, מילה, слово 😀"


def test_a_long_name_keeps_both_ends() -> None:
    shown = visible("/a/long/path/" + "x" * 200 + "/module")
    assert len(shown) <= MAX_TEXT
    assert shown.startswith("/a/long/path/")
    assert shown.endswith("/module")
    assert "…" in shown


def test_a_name_that_just_fits_is_not_cut() -> None:
    assert visible("x" * MAX_TEXT) == "x" * MAX_TEXT

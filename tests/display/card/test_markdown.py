"""Blocks of a card as Markdown: whatever names hold, they stay text."""

from __future__ import annotations

from html.parser import HTMLParser

import hypothesis
import pytest
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hubexplore.display.card import markdown
from hubexplore.display.card.blocks import Code, Finding, Findings, Lines, Section
from hubexplore.display.tables.grid import Bar, Column, Grid, Remark
from tests.display.strangers import ATTACKS

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class _Shown(HTMLParser):
    """What a reader of the HTML sees: elements, and text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(source: str) -> _Shown:
    return _Shown(READER.render(source))


@pytest.mark.parametrize("attack", ATTACKS)
def test_sentences_and_names_are_text(attack: str) -> None:
    assert shown(markdown.text(attack)).elements == ["p"]
    assert shown(markdown.code(attack)).elements == ["p", "code"]
    assert shown(markdown.fence([attack, "```", attack], "text")).elements == ["pre", "code"]


@pytest.mark.parametrize(
    "sentence",
    [
        "# no heading", "- no item", "+ no item", "* no item", "1. no item", "2) no item", "> no quotation",
        "===", "---", "a *b* _c_ **d** ~~e~~ `f`", "[a](javascript:x)", "![a](b)", "<https://a.b>",
        "&lt;b&gt;",
        "a | b | c", "    four blanks", "back\\slash\\", "$x$", "3.0 MB",
    ],
)  # fmt: skip
def test_a_sentence_reads_as_it_is_written(sentence: str) -> None:
    result = shown(markdown.text(sentence))
    assert result.elements == ["p"]
    assert result.text.strip() == sentence.strip()


def test_addresses_are_no_links_on_github() -> None:
    written = markdown.text("see https://evil.example, www.evil.example")
    assert "://" not in written
    assert "www." not in written
    assert shown(written).text.strip() == "see https://evil.example, www.evil.example"


@hypothesis.given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_any_name_is_itself(name: str) -> None:
    in_table = Grid("", (Column("Name", code=True), Column("Text")), ((name, name.strip() or "-"),))
    result = shown("\n".join(markdown.table(in_table)))
    assert result.elements == [
        "table", "thead", "tr", "th", "th", "tbody", "tr", "td", *(["code"] if name.strip() else []), "td",
    ]  # fmt: skip


def test_a_table() -> None:
    columns = (Column("Name", code=True), Column("Size", "right"), Column("Share", "bar"))
    rows = (("a|b", "12", Bar(0.5)), (None, "1 | 2", Bar(0.25)), (Remark("2 more"),))
    caption, table, note = markdown.table(Grid("A caption", columns, rows, "a note"))
    assert (caption, note) == ("A caption", "a note")
    assert table.splitlines() == [
        "| Name | Size | Share |",
        "| --- | ---: | --- |",
        "| `a\\|b` | 12 | 50.0 % |",
        "|  | 1 \\| 2 | 25.0 % |",
        "| 2 more |  |  |",
    ]


def test_blocks() -> None:
    section = Section(
        "Heading",
        "",
        (
            Lines("Names", ("a_b", "c"), "and more"),
            Lines("", ("A *sentence*.",), code=False),
            Code(("x = 1", "y = '```'")),
            Findings((Finding(True, "It writes /tmp/x", "a > b"), Finding(False, "It prints", "c"))),
        ),
    )
    assert list(markdown.blocks(section)) == [
        "Names",
        "- `a_b`\n- `c`",
        "and more",
        "- A \\*sentence\\*.",
        "````python\nx = 1\ny = '```'\n````",
        "- **Danger:** It writes /tmp/x  \n  a > b\n- It prints  \n  c",
    ]

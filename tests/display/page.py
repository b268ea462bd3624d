"""Reads our HTML back, strictly: what is not allowed there fails the test that reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

ELEMENTS = frozenset(
    {"div", "style", "p", "strong", "small", "code", "details", "summary"}
    | {"span", "b", "i", "ul", "li", "pre"}
    | {"table", "caption", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = frozenset(
    {"class", "scope", "colspan", "rowspan", "open"}
    | {"role", "aria-label", "aria-level", "aria-hidden", "title", "style"}
)

# The only thing that an element says of its own look is the length of a bar.
SIZE = re.compile(r"(width|height):[0-9.]+%")


@dataclass
class Element:
    """An element with its attributes and all text inside of it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    path: tuple[str, ...] = ()


@dataclass
class Page:
    """The elements of a piece of HTML, in the order in which they begin."""

    elements: list[Element] = field(default_factory=list)

    def all(self, name: str, **attributes: str) -> list[Element]:
        """Elements of this name that have these attributes."""
        named = (element for element in self.elements if element.name == name)
        return [each for each in named if attributes.items() <= each.attributes.items()]

    def texts(self, name: str) -> list[str]:
        """Their texts."""
        return [element.text for element in self.all(name)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr" and not attrs:  # has no end and says nothing
            return
        assert tag in ELEMENTS, f"<{tag}> has no place in a display"
        assert {name for name, _ in attrs} <= ATTRIBUTES, f"<{tag}> has attributes {attrs}"
        assert all(SIZE.fullmatch(value or "") for name, value in attrs if name == "style"), attrs
        path = tuple(each.name for each in self._open)
        self._open.append(Element(tag, {name: value or "" for name, value in attrs}, path=path))
        self.page.elements.append(self._open[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().name == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        assert self._open, f"text outside of all elements: {data!r}"
        for element in self._open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data!r}")

    def close(self) -> None:
        super().close()
        assert not self._open, f"never closed: {[element.name for element in self._open]}"


def read(html: str) -> Page:
    """Parses a display; fails on unknown elements and attributes, and on elements that do not nest."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


def table_widths(html: str) -> list[set[int]]:
    """For each table, the number of columns that its rows cover, spans counted; one number if all is well."""
    tables: list[list[list[Element]]] = []
    for element in read(html).elements:
        if element.name == "table":
            tables.append([])
        elif element.name == "tr":
            tables[-1].append([])
        elif element.name in {"th", "td"}:
            tables[-1][-1].append(element)
    return [_row_widths(rows) for rows in tables]


def _row_widths(rows: list[list[Element]]) -> set[int]:
    widths = set()
    from_above: list[int] = []  # for each cell of a row above that reaches down here: how many rows still
    for row in rows:
        spans = [int(cell.attributes.get("rowspan", "1")) for cell in row]
        widths.add(len(from_above) + sum(int(cell.attributes.get("colspan", "1")) for cell in row))
        from_above = [rest - 1 for rest in [*from_above, *spans] if rest > 1]
    assert not from_above, "a cell reaches below the last row"
    return widths

"""Pictures, lists and tables of graphs; names of strangers; no `dot` on the PATH."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hubexplore.display.diagram import Diagram, diagram, graphviz_svg
from hubexplore.errors import DiagramError, NoSuchVariantError
from hubexplore.summary.model import (
    AssetSummary,
    ModuleSummary,
    SignatureSummary,
    TableSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.source import Source
from tests.display.test_hostile import HOSTILE
from tests.summary.graphs import Graph, chain, tensor

needs_dot = pytest.mark.skipif(not graphviz_svg.has_dot(), reason="draws with the program `dot`")
MORE_HOSTILE = {
    **HOSTILE,
    "bold": "<b>oops</b>",
    "port": "scope/op:0",
    "address": "javascript:alert(1)",
    "DOT": 'a"];x [URL="javascript:alert(1)"]; //',
    "escapes": r"\N \G \L \n \\",
    "entities": "&amp;&#60;script&#62;&nbsp;&bogus;",
    "brackets": "<<>><",
}
hostile = pytest.mark.parametrize(
    "name", [each for each in MORE_HOSTILE.values() if each not in ("\ud800", "")]
)


def small() -> Diagram:
    graph, last = chain(["encoder/a", "encoder/b", "decoder"])
    return diagram(graph.summary(last, "x"))


def named(name: str) -> Diagram:
    """A diagram in which the module, an input, a function, a variable and so on have this name."""
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.variable("w", 8)
    graph.add("table", "HashTableV2")
    graph.add("op", name or "Nothing", "x", "w/Read/ReadVariableOp", "table")
    graph.function(name, [("body", "Tanh", "a0")], "body:y:0")
    graph.add("end", "Relu", graph.call("call", name, "op"))
    signature = SignatureSummary(name, (tensor(name, "x"),), (tensor(name, "end"),))
    variant = VariantSummary(
        (name,),
        (signature,),
        (VariableSummary(name, name, (8,), True, "w"),),
        tables=(TableSummary("table", "HashTableV2", name, name, (name,)),),
        assets=(AssetSummary(name, 1),),
    )
    summary = ModuleSummary(name, (variant,), source=Source({(name,): graph.message}))
    return diagram(summary, name, depth=3)


class Tags(HTMLParser):
    """Collects elements and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@needs_dot
def test_the_picture_has_each_box_and_nothing_that_runs_or_loads() -> None:
    drawing = small().svg
    assert all(word in drawing for word in ("encoder", "decoder", "in0", "out", "192 parameters"))
    for element in ElementTree.fromstring(drawing).iter():
        assert element.tag.rpartition("}")[2] in graphviz_svg._ELEMENTS
        assert not [
            each for each in element.attrib if "href" in each or each.startswith("on") or each == "style"
        ]


@needs_dot
@hostile
def test_names_are_text_in_the_picture_and_nothing_else(name: str) -> None:
    drawing = named(name).svg
    root = ElementTree.fromstring(drawing)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= graphviz_svg._ELEMENTS
    assert all(character.isprintable() or character == "\n" for character in drawing.replace("\xa0", " "))
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")
    assert len(root.findall(".//{*}g")) == len(
        ElementTree.fromstring(named("harmless").svg).findall(".//{*}g")
    )


@needs_dot
@pytest.mark.parametrize("name", ["<b>oops</b>", "javascript:alert(1)", r"\N \G", "&bogus;", "a:0"])
def test_a_name_is_shown_as_it_is(name: str) -> None:
    texts = [match.text for match in ElementTree.fromstring(named(name).svg).findall(".//{*}text")]
    assert any((text or "").replace("\xa0", " ") == name for text in texts)


@hostile
def test_html_and_text_with_such_names_have_only_our_own_elements(name: str) -> None:
    shown = named(name)
    allowed = {"div", "style", "p", "img", "details", "summary", "table", "caption", "thead", "tbody", "tr"}
    for tag, attributes in Tags(shown.html()).found:
        assert tag in allowed | {"th", "td", "code", "strong", "ul", "li", "wbr"}
        assert not any(attribute.startswith("on") or attribute == "href" for attribute in attributes)
    assert all(line.isprintable() for line in str(shown).split("\n"))


@needs_dot
def test_html_has_the_picture_as_an_image_and_the_table_below() -> None:
    shown = small()
    tags = Tags(shown.html()).found
    (image,) = [attributes for tag, attributes in tags if tag == "img"]
    begin, _, content = (image["src"] or "").partition(",")
    assert begin == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode() == shown.svg
    assert "192 parameters" in (image["alt"] or "")
    assert "table" in [tag for tag, _ in tags]


def test_the_table_and_the_frame_have_the_facts_of_the_boxes() -> None:
    shown = small()
    assert [row[0] for row in shown.table.rows] == [box.name for box in shown.outline.boxes]
    frame = shown.df
    assert list(frame["name"]) == [box.name for box in shown.outline.boxes]
    assert frame["parameters"].sum() == 192
    assert frame["from"].iloc[-1] == {"decoder/Relu": "float32 (?, 8)"}


def test_text_is_an_indented_list() -> None:
    lines = str(small()).splitlines()
    assert lines[0].startswith("title · ")
    assert any(re.match(r"  \S.*\(input\)", line) for line in lines)


@needs_dot
def test_saving(tmp_path: Path) -> None:
    shown = small()
    for ending, begin in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".dot", b"digraph")):
        shown.save(tmp_path / f"x{ending}")
        assert (tmp_path / f"x{ending}").read_bytes().startswith(begin)
    with pytest.raises(DiagramError, match=r"saved as \.svg, \.png, \.dot"):
        shown.save(tmp_path / "x.pdf")


def test_without_dot_there_is_a_list_and_how_to_get_a_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = small()
    html = shown._repr_html_() or ""
    assert "apt-get install graphviz" in html
    assert [tag for tag, _ in Tags(html).found].count("ul") >= 1
    assert "<img" not in html
    assert shown.dot.startswith("digraph")
    with pytest.raises(DiagramError, match="brew install graphviz"):
        _ = shown.svg
    with pytest.raises(DiagramError, match="conda install graphviz"):
        shown.save(tmp_path / "x.png")


@needs_dot
def test_a_layout_that_takes_too_long_becomes_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz_svg, "TIME_LIMIT", 0.0)
    assert "took longer" in (small()._repr_html_() or "")


@needs_dot
def test_after_a_timeout_list_table_and_picture_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for index in range(120):
        letters = "".join("abcdefghij"[int(digit)] for digit in str(index))
        last = graph.add(letters, "Relu" if index % 3 else "Tanh", last)
    shown, render = diagram(graph.summary(last, "x"), depth=1), graphviz_svg.render

    def slow(source: str, *form: Any) -> bytes:
        if source.count("->") > 50:
            raise graphviz_svg.LayoutTimeoutError("too slow")
        return render(source, *form)

    monkeypatch.setattr(graphviz_svg, "render", slow)
    assert len(shown.outline.boxes) > 100
    html = shown.html()
    drawn = len(ElementTree.fromstring(shown.svg).findall(".//{*}g/{*}title"))
    assert drawn == len(shown.outline.boxes) == len(shown.table.rows) == html.count("<tr>") - 1 <= 40
    assert "so fewer are shown" in html
    assert "so fewer are shown" in str(shown)


def test_tags_choose_the_variant() -> None:
    graph, last = chain(["a"])
    assert diagram(graph.summary(last, "x"), tags="").outline.tags == ()
    with pytest.raises(NoSuchVariantError, match="'train'"):
        diagram(graph.summary(last, "x"), tags="train")
    with pytest.raises(DiagramError, match="from the graph"):
        diagram(ModuleSummary("x", graph.summary(last, "x").variants))


@needs_dot
def test_the_largest_picture_is_small() -> None:
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for index in range(3000):
        letters = "".join("abcdefghij"[int(digit)] for digit in str(index))
        last = graph.add(f"{letters}{'z' * 80}", "Relu" if index % 3 else "Tanh", last)
    assert len(diagram(graph.summary(last, "x"), depth=1).svg) <= 300_000


def test_what_is_no_drawing_is_taken_out() -> None:
    hostile = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="run()">'
        b'<script>run()</script><a xlink:href="javascript:run()"><text>a</text></a><image href="http://x/y"/>'
        b'<text x="1" onclick="run()" style="fill:url(http://x)">seen</text></svg>'
    )
    cleaned = graphviz_svg.cleaned(hostile, "title", [], "Helvetica")
    assert "seen" in cleaned
    assert not [bad for bad in ("run", "script", "href", "image", "style", "x/y") if bad in cleaned]

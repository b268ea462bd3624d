"""Escaping by type: a str is text, Markup is HTML."""

from __future__ import annotations

from hubexplore.display.markup import Markup, breakable, escape, join, tag


def test_text_is_escaped_quotes_too() -> None:
    assert escape("<a href=\"x\" title='y'> & co") == (
        "&lt;a href=&quot;x&quot; title=&#x27;y&#x27;&gt; &amp; co"
    )


def test_markup_is_escaped_once_and_not_again() -> None:
    assert escape(escape("<")) == "&lt;"


def test_children_and_attributes_are_escaped() -> None:
    assert tag("td", "<", Markup("<b>x</b>"), class_='"') == '<td class="&quot;">&lt;<b>x</b></td>'


def test_an_attribute_that_is_none_is_left_out() -> None:
    assert tag("td", colspan=None, rowspan=2) == '<td rowspan="2"></td>'


def test_results_are_markup() -> None:
    assert isinstance(tag("p"), Markup)
    assert isinstance(join("a", "b"), Markup)
    assert isinstance(escape("a"), Markup)


def test_pieces_added_by_plus_are_text_again() -> None:
    """So that the type checker finds them, and nothing unescaped slips through."""
    assert not isinstance(tag("p") + "<", Markup)
    assert escape(tag("p") + "<") == "&lt;p&gt;&lt;/p&gt;&lt;"


def test_names_break_between_their_words_and_are_escaped() -> None:
    assert breakable("a_b/c.d-e:f") == "a_<wbr>b/<wbr>c.<wbr>d-<wbr>e:<wbr>f"
    assert breakable("<b>_x & __init__") == "&lt;b&gt;_<wbr>x &amp; __init__"
    assert tag("p", breakable("a_b")) == "<p>a_<wbr>b</p>"
    assert breakable("") == ""

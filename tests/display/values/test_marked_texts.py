"""Words that a module does not know, and what is new in a text, are marked."""

from __future__ import annotations

import numpy as np

from hubexplore.display import values
from hubexplore.display.values.together.scene import Member, Scene
from hubexplore.display.values.together.tokens import Tokens
from hubexplore.display.values.views.marked_texts import unknown_words
from hubexplore.display.values.views.texts import MAX_TEXTS


def test_words_are_marked_in_the_rows_that_have_them() -> None:
    html = unknown_words(("the King of Xyzzy", "a letter", "xyzzy, xyzzys"), ("xyzzy",))
    assert html.count("<li>") == 2
    assert '<code>the King of <mark class="unknown">Xyzzy</mark></code>' in html
    assert '<mark class="unknown">xyzzy</mark>, xyzzys</code>' in html
    assert "a letter" not in html
    assert "looks them up" not in html


def test_words_that_no_row_has_are_listed_as_they_are_looked_up() -> None:
    html = unknown_words(("Füße laufen",), ("fuesse", "a(b"))
    assert "<li>" not in html
    assert (
        '<span class="chip unknown"><code>fuesse</code></span> <span class="chip unknown"><code>a(b<' in html
    )


def test_words_and_rows_of_strangers_are_escaped() -> None:
    html = unknown_words(("<b>x</b> \x1b[0m",), ("<b>x</b>", "\x1b"))
    assert "<b>" not in html
    assert "\x1b" not in html


def test_many_and_long_rows_stay_readable() -> None:
    html = unknown_words(["word xyzzy"] * (MAX_TEXTS + 5), ["xyzzy"])
    assert html.count("<li>") == MAX_TEXTS
    assert "and 5 rows more" in html
    html = unknown_words(["a " * 2000 + "xyzzy" + " b" * 2000], ["xyzzy"])
    assert "<code>…" in html
    assert '<mark class="unknown">xyzzy</mark>' in html
    assert len(html) < 1000


def test_unknown_words_are_marked_among_tokens() -> None:
    words = Member("tokens", np.array([[b"the", b"xyzzy"]], object))
    ids = Member("ids", np.array([[4, 1]]))
    html = Tokens((words, ids), frozenset({"xyzzy"})).draw("Tokens", {}).html
    assert '<span class="chip"><code>the</code><small>4</small></span>' in html
    assert '<span class="chip unknown"><code>xyzzy</code><small>1</small></span>' in html
    assert Scene((words, ids)).unknown_words == ()


def test_what_is_new_after_a_prompt_is_marked() -> None:
    texts = np.array([b"Once upon a time", b"The king\nand\nthe queen"], object)
    html = values.render(texts, None, rows=("Once upon", "The king\nand")).html
    assert "<code>Once upon<ins> a time</ins></code>" in html
    assert '<pre class="lines">The king\nand<ins>\nthe queen</ins></pre>' in html
    assert 'class="note"' not in html


def test_a_text_that_does_not_continue_keeps_its_caption() -> None:
    texts = np.array([b"Once upon a time", b"Another"], object)
    html = values.render(texts, None, rows=("Once upon", "The king")).html
    assert "<ins>" not in html
    assert "The king" in html

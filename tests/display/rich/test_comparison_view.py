"""Comparisons as text, HTML, data frame and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from hubexplore.display.rich import comparison_view as subject
from hubexplore.display.rich.comparison_view import displayable
from hubexplore.display.theme import STYLE
from hubexplore.summary.capabilities.model import Capability, Finding, Severity, Trigger, When
from hubexplore.summary.compare.comparison import Comparison, Difference
from hubexplore.summary.compare.structure import Basis
from tests.display import page
from tests.display.test_hostile import HOSTILE

Golden = Callable[[str, str], None]

SAME = Comparison("no tags", "train", ())
ONLY_WEIGHTS = Comparison(
    "modules/images/1",
    "modules/images/2",
    (Difference("weights", "dense/kernel", None, "checksum 1", "checksum 2"),),
)
REFUSED = Comparison(
    "modules/images/1",
    "modules/words/1",
    (
        Difference("variants", "train", None, "present", None),
        Difference("signatures", "words", (), None, "1 input, 1 output"),
        Difference("inputs", "default: images", (), "float32 (?, 3)", "float16 (?, 3)"),
        Difference("inputs", "default: images", ("gpu",), "float32 (?, 3)", "float16 (?, 3)"),
    ),
    ("there is no variant train", "signature 'default': the input 'images' must be float32, and is float16"),
)
GAINED = Comparison(
    "modules/images/1",
    "modules/images/2",
    (Difference("outside access", "loading: network", (), None, "danger: DebugIdentityV3"),),
    ("it has 1 danger that the other lacks",),
    gained=(
        Finding(
            Capability.NETWORK,
            Severity.DANGER,
            Trigger(When.LOADED),
            ("main op", "send"),
            "DebugIdentityV3",
            "send",
            "Loading it sends values to an address: DebugIdentityV3 in 'send'.",
        ),
    ),
)
ALL = {"same": SAME, "only_weights": ONLY_WEIGHTS, "refused": REFUSED, "gained": GAINED}
every_comparison = pytest.mark.parametrize(("name", "comparison"), ALL.items(), ids=ALL)


@every_comparison
def test_golden(name: str, comparison: Comparison, golden: Golden) -> None:
    golden(f"comparison_{name}.txt", subject.text(comparison))
    golden(f"comparison_{name}.html", subject.markup(comparison).replace(STYLE, ""))


def test_no_difference_is_one_line() -> None:
    assert repr(displayable(SAME)) == "No difference: 'train' can replace 'no tags', and the other way round."
    assert displayable(SAME).same
    assert not page.read(subject.markup(SAME)).all("table")


@pytest.mark.parametrize(
    ("basis", "sentence"),
    [
        ("files", "The files are the same."),
        ("nodes", "Same graph, node by node."),
        ("structure", "Same structure, names differ."),
    ],
)
def test_the_verdict_says_what_it_rests_on(basis: Basis, sentence: str) -> None:
    same = displayable(Comparison("no tags", "train", (), (), basis))
    assert repr(same) == f"{displayable(SAME)} {sentence}"
    assert json.loads(same.to_json())["basis"] == basis
    unused = displayable(Comparison("no tags", "train", (), (), basis, (12, 1300)))
    assert repr(unused).endswith(" Nodes that no common signature needs (12 and 1,300) were not compared.")


def test_what_was_only_counted_is_not_called_the_same() -> None:
    counted = displayable(Comparison("no tags", "train", (), (), "counted"))
    assert "No difference" not in repr(counted)
    assert repr(counted).endswith(
        "A graph is too large to be compared node by node: its ops were only counted."
    )
    other = displayable(Comparison("one", "two", ONLY_WEIGHTS.differences, (), "structure"))
    assert "\n  The graphs were compared by structure: names differ.\n" in repr(other)


@every_comparison
def test_text_and_html_say_the_same(name: str, comparison: Comparison) -> None:
    html = page.read(subject.markup(comparison))
    # "DANGER" in a terminal is "Danger:" in HTML, and the way to the op is on a line of its own.
    words = subject.text(comparison).replace("DANGER", "Danger:").split()
    lines = html.texts("small")
    for text in (
        html.texts("td") + html.texts("th") + html.texts("caption") + html.texts("li") + html.texts("p")
    ):
        own = next((text.removesuffix(line) for line in lines if text.endswith(line)), text)
        assert all(word in words for word in own.split()), text
    assert all(line in subject.text(comparison) for line in lines)


@every_comparison
def test_hooks(name: str, comparison: Comparison) -> None:
    displayed = displayable(comparison)
    assert displayed == displayable(displayed)
    assert repr(displayed) == subject.text(comparison)
    assert displayed._repr_html_() == subject.markup(comparison)
    assert subject.markup(comparison) in displayed.to_html()


def test_the_verdict_comes_first() -> None:
    assert repr(displayable(REFUSED)).splitlines()[:2] == [
        "'modules/words/1' cannot replace 'modules/images/1':",
        "  - there is no variant train",
    ]
    assert repr(displayable(ONLY_WEIGHTS)).startswith(
        "'modules/images/2' can replace 'modules/images/1', with 1 difference:"
    )


def test_headings_are_as_short_as_they_can_be() -> None:
    def headings(first: str, second: str) -> list[str]:
        comparison = Comparison(first, second, (Difference("losses", "x", (), None, "present"),))
        return page.read(subject.markup(comparison)).texts("th")[1:3]

    assert headings("/a/b/one", "/a/b/two/") == ["one", "two"]
    assert headings("/a/b/one", "/a/c/two") == ["/a/b/one", "/a/c/two"]
    assert headings("/a/b", "/a/b/") == ["first", "second"]
    assert headings("no tags", "train") == ["no tags", "train"]


def test_colours_are_bold_and_nothing_else() -> None:
    coloured = displayable(REFUSED).to_text(colour=True)
    assert coloured.startswith("\x1b[1m'modules/words/1' cannot replace")
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == repr(displayable(REFUSED))


def test_data_frame() -> None:
    frame = displayable(REFUSED).df
    assert list(frame.columns) == ["section", "name", "tags", "first", "second"]
    assert frame["section"].tolist() == ["variants", "signatures", "inputs", "inputs"]
    assert pd.isna(frame.loc[0, "second"])
    assert frame.loc[3, "tags"] == ("gpu",)
    assert list(displayable(SAME).df.columns) == list(frame.columns)


def test_json_has_the_findings() -> None:
    (finding,) = json.loads(displayable(GAINED).to_json())["gained"]
    assert (finding["capability"], finding["severity"]) == ("network", "danger")
    assert finding["trigger"] == {"when": "loaded", "tags": [], "signature": ""}


def test_json() -> None:
    content = json.loads(displayable(REFUSED).to_json())
    assert (content["same"], content["replaceable"], len(content["reasons"])) == (False, False, 2)
    assert content["differences"][3] == {
        "section": "inputs",
        "name": "default: images",
        "tags": ["gpu"],
        "first": "float32 (?, 3)",
        "second": "float16 (?, 3)",
    }
    assert content["differences"][0]["tags"] is None


def test_long_lists_fold() -> None:
    many = tuple(Difference("variables", f"v{n:04}", (), "x", None) for n in range(1312))
    comparison = Comparison("one", "other", many, tuple(f"reason {n}" for n in range(30)))
    text = subject.text(comparison)
    assert text.endswith("\n... and 1,288 more differences")
    assert "  - reason 23\n  ... and 6 more reasons\n" in text
    assert len(text.splitlines()) < 60
    assert len(subject.markup(comparison)) < 12_000
    assert len(displayable(comparison).df) == 1312


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names(name: str) -> None:
    def comparison(word: str) -> Comparison:
        differences = (Difference("variables", word, (word,), word, None),)
        return Comparison(f"1{word}", f"2{word}", differences, (f"because {word}",))

    lines = subject.text(comparison(name)).splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == len(subject.text(comparison("name")).splitlines())
    harmless, html = (page.read(subject.markup(comparison(each))) for each in ("name", name))
    assert [element.name for element in html.elements if element.name != "code"] == [
        element.name for element in harmless.elements if element.name != "code"
    ]
    assert "<script" not in displayable(comparison(name)).to_html()

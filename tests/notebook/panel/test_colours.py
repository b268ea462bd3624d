"""What the colours of the graph tab stand for, and what of the cost the variables tab shows."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

import hubexplore as hub
from hubexplore.display.diagram import Scale
from hubexplore.errors import DiagramError
from hubexplore.notebook.panel.graph.colour_choice import KINDS, OWN, TIME
from hubexplore.notebook.panel.graph.tab import GraphTab
from hubexplore.notebook.panel.tabs.variables import VariablesTab


class Tab:
    """A graph tab, who chooses in it, and the variables of a notebook."""

    def __init__(self, module: str = "sample:digits", signature: str = "default") -> None:
        self.measured: list[str] = []
        self.variables: dict[str, Any] = {}
        self.tab = GraphTab(
            hub.summarize(module), lambda *_: None, lambda: None,
            measure=self.measured.append, namespace=self.namespace,
        )  # fmt: skip
        self.tab.show(signature, ())

    def namespace(self) -> Mapping[str, Any]:
        return self.variables

    @property
    def texts(self) -> dict[str, str]:
        """Name of a box -> its text."""
        boxes = self.tab.view.shown["boxes"]
        return {box["text"].partition(" (")[0]: box["text"] for box in boxes}

    @property
    def error(self) -> str:
        return html.unescape(str(self.tab._error.value))


@pytest.fixture
def digits() -> Tab:
    return Tab()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("parameters", "of the parameters"),
        ("multiply-adds", "multiply-adds ("),
        ("FLOPs", "FLOPs ("),
        ("activation bytes", "kB ("),
    ],
)
def test_what_is_counted(digits: Tab, choice: str, words: str) -> None:
    plain = digits.tab.view.shown["svg"]
    digits.tab.colours.choose(choice)
    assert words in digits.texts["conv2"]
    assert choice in digits.tab.view.status
    assert digits.error == ""
    # The legend and the colours are in the picture; kinds come back.
    if plain:
        assert digits.tab.view.shown["svg"] != plain
    digits.tab.colours.choose(KINDS)
    assert words not in digits.texts["conv2"]
    assert digits.tab.view.shown["svg"] == plain


def test_scopes_unfold_in_colours(digits: Tab) -> None:
    digits.tab.colours.choose("FLOPs")
    boxes = list(digits.texts)
    digits.tab.view._handle_custom_msg({"kind": "open", "box": boxes.index("conv2")}, [])
    assert "FLOPs (" in digits.texts["conv2/Conv2D"]
    digits.tab.view._handle_custom_msg({"kind": "open", "box": list(digits.texts).index("conv2/Conv2D")}, [])
    assert "FLOPs (" in html.unescape(digits.tab._details.value)


def test_times_are_measured_once(digits: Tab) -> None:
    digits.tab.colours.choose(TIME)
    assert digits.measured == ["default"]
    assert "Measuring" in digits.tab._note.value
    digits.tab.show_times("default", (), Scale("time", "s", {"conv2/Relu": 0.002}, shares=True))
    assert "2 ms (100 %)" in digits.texts["conv2"]
    assert digits.tab._note.value == ""
    digits.tab.colours.choose(KINDS)
    digits.tab.colours.choose(TIME)
    assert digits.measured == ["default"]


def test_times_without_a_panel() -> None:
    tab = GraphTab(hub.summarize("sample:digits"), lambda *_: None, lambda: None)
    tab.show("default", ())
    tab.colours.choose(TIME)
    assert "hubexplore.explore" in tab._error.value


@pytest.mark.parametrize("numbers", [{"conv2": 3}, pd.Series({"conv2": 3.0})])
def test_numbers_of_the_user(digits: Tab, numbers: Any) -> None:
    digits.variables["mine"] = numbers
    digits.tab.colours.choose(OWN)
    assert "value" not in digits.texts["conv2"]
    digits.tab.colours.name_variable("mine")
    assert "mine: 3" in digits.texts["conv2"]


def test_variables_that_do_not_fit(digits: Tab) -> None:
    digits.variables |= {"mine": {"conv2": 1}, "wrong": {"nowhere": 1}, "number": 3}
    digits.tab.colours.choose(OWN)
    digits.tab.colours.name_variable("mien")
    assert "no variable 'mien'. Did you mean 'mine'?" in digits.error
    digits.tab.colours.name_variable("number")
    assert "Got a int" in digits.error
    digits.tab.colours.name_variable("wrong")
    assert "No name of color=" in digits.error
    # The picture is complete, in the colours of kinds.
    assert "conv2" in digits.texts
    digits.tab.colours.name_variable("mine")
    assert digits.error == ""
    assert "mine: 1" in digits.texts["conv2"]


def test_numbers_that_code_offers(digits: Tab) -> None:
    digits.tab.offer_colours("change", {"conv1": -1.0, "conv2": 2.0})
    assert digits.tab.colours.value == "change"
    assert "change: -1" in digits.texts["conv1"]
    digits.tab.offer_colours("change", {"conv1": 5.0})
    assert "change: 5" in digits.texts["conv1"]
    with pytest.raises(DiagramError):
        digits.tab.offer_colours("change", 3)
    digits.tab.update(hub.summarize("sample:digits"))
    assert digits.tab.colours.value == KINDS


def test_another_signature_keeps_the_choice() -> None:
    module = hub.summarize("sample:digits")
    names = [signature.name for signature in module.signatures]
    tab = Tab(signature=names[0])
    tab.tab.colours.choose("parameters")
    tab.tab.show(names[-1], ())
    assert any("of the parameters" in box["text"] for box in tab.tab.view.shown["boxes"])


def test_the_variables_tab_has_multiply_adds() -> None:
    module = hub.summarize("sample:digits")
    tab = VariablesTab(module, lambda: None)
    rows = {row["name"]: row["products"] for row in tab.list.shown["rows"]}
    assert rows["conv2/kernel"] == "111 k"
    assert rows["conv2/beta"] == ""
    assert module.cost().by_variable()["conv2/kernel"] == 8 * 8 * 24 * 32 * 9 // 4

"""Comparing the weights of two modules in the Variables tab: the list by change, the scopes, stopping."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.notebook.panel.explorer import _TABS as TABS
from hubexplore.notebook.panel.explorer import CHANGE
from hubexplore.notebook.panel.tabs.variables import VariablesTab
from hubexplore.notebook.panel.weights import weight_comparison as subject
from tests.hub.modules import export

v1 = tf.compat.v1
NAMES = ["a/bias", "a/kernel", "b/kernel", "c"]


def trained(factors: dict[str, float]) -> Callable[[], None]:
    """A module whose variables are multiplied by factors, as if they had been trained."""

    def build() -> None:
        x = v1.placeholder(tf.float32, [None])
        total = x
        for number, name in enumerate(NAMES):
            values = np.random.default_rng(number).normal(size=5).astype(np.float32)
            total += tf.reduce_sum(
                v1.get_variable(name, initializer=values * np.float32(factors.get(name, 1)))
            )
        hub.add_signature(inputs=x, outputs=total)

    return build


@pytest.fixture
def paths(tmp_path: Path) -> tuple[str, str]:
    factors: tuple[dict[str, float], dict[str, float]] = {}, {"b/kernel": 1.5, "a/kernel": 1.1}
    first, second = (
        export(hub.create_module_spec(trained(factor)), tmp_path / name)
        for name, factor in zip(("old", "new"), factors, strict=True)
    )
    return first, second


@pytest.fixture
def tab(paths: tuple[str, str]) -> VariablesTab:
    tab = VariablesTab(hub.summarize(paths[0]), lambda: None)
    tab.compared._choice.value = "another module"
    tab.compared.read(paths[1])
    tab.compared.wait()
    return tab


def rows(tab: VariablesTab) -> list[tuple[str, str]]:
    return [(row["name"], row["remark"]) for row in tab.list.shown["rows"]]


def compare(tab: VariablesTab) -> None:
    tab.weights._button.click()
    tab.weights.wait()


def test_nothing_is_offered_without_another_module(paths: tuple[str, str]) -> None:
    tab = VariablesTab(hub.summarize(paths[0]), lambda: None)
    assert tab.weights._button.layout.display == "none"
    tab.weights.start()
    assert not tab.weights.is_done


def test_the_list_is_sorted_by_change(tab: VariablesTab) -> None:
    before = [(name, "differs" if name in ("a/kernel", "b/kernel") else "equal") for name in NAMES]
    assert rows(tab) == before
    compare(tab)
    assert rows(tab) == [
        ("b/kernel", "0.5 of its norm"), ("a/kernel", "0.1 of its norm"), ("a/bias", "equal"), ("c", "equal"),
    ]  # fmt: skip
    assert "sorted by relative change" in tab.weights._status.value
    # The filter keeps the order.
    tab.list.filter("kernel")
    assert [name for name, _ in rows(tab)] == ["b/kernel", "a/kernel"]
    tab.list.filter("")
    tab.compared._choice.value = "nothing"
    assert rows(tab) == [(name, "") for name in NAMES]
    assert tab.weights._result.value == ""


def test_a_click_shows_both_values(tab: VariablesTab) -> None:
    compare(tab)
    number = tab.list.shown["rows"][0]["number"]
    tab.list._handle_custom_msg({"kind": "open", "number": number}, [])
    assert tab._error.value == ""
    (output,) = tab.results.shown["outputs"]
    assert output["name"] == "b/kernel"


def test_the_result_is_shown_and_kept(tab: VariablesTab) -> None:
    compare(tab)
    assert "2 of 4 variables changed" in tab.weights._result.value
    assert "2 of 4 variables changed" in tab.static_html()


def test_damage_is_shown(tab: VariablesTab, paths: tuple[str, str]) -> None:
    (data,) = Path(paths[1], "variables").glob("*.data-*")
    content = bytearray(data.read_bytes())
    content[0] ^= 1
    data.write_bytes(content)
    compare(tab)
    assert rows(tab)[0] == ("a/bias", "damaged")
    assert "do not have the checksum" in tab.weights._result.value


def test_errors_are_shown(tab: VariablesTab, paths: tuple[str, str]) -> None:
    (data,) = Path(paths[1], "variables").glob("*.data-*")
    data.write_bytes(data.read_bytes()[:-1])
    compare(tab)
    assert "is truncated" in tab.weights._status.value
    assert not tab.weights.is_done
    assert tab.weights._button.layout.display is None


def test_stopping(tab: VariablesTab, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, stopped = threading.Event(), threading.Event()
    outcome: list[str] = []

    def slow(planned: object, advance: Callable[[int], object]) -> None:
        advance(1)
        reading.set()
        stopped.wait(30)
        try:
            advance(1)
        except BaseException as error:
            outcome.append(type(error).__name__)
            raise

    monkeypatch.setattr(subject, "compare_weights", slow)
    tab.weights.start()
    assert reading.wait(30)
    assert "Reading weights: " in tab.weights._status.value
    assert tab.weights._stop.layout.display is None
    tab.weights._stop.click()
    stopped.set()
    tab.weights.wait()
    assert outcome == ["_Cancelled"]
    assert (tab.weights._status.value, tab.weights.is_done) == ("", False)
    assert tab.weights._stop.layout.display == "none"


@pytest.mark.parametrize("graph_first", [True, False])
def test_the_diagram_shows_what_changed(paths: tuple[str, str], graph_first: bool) -> None:
    panel = hub.explore(paths[0])

    def opened(title: str) -> Any:
        panel._tabs.selected_index = TABS.index(title)
        return panel._tab_content(title)

    if graph_first:
        opened("Graph")
    variables = opened("Variables")
    variables.compared._choice.value = "another module"
    variables.compared.read(paths[1])
    variables.compared.wait()
    variables.weights.start()
    variables.weights.wait()
    assert variables.weights.is_done, variables.weights._status.value
    graph = opened("Graph")
    assert graph.colours.value == CHANGE, graph._error.value
    assert CHANGE in graph.static_html()  # the legend
    variables.compared.read(paths[0])
    variables.compared.wait()
    assert graph.colours.value != CHANGE
    panel.close()

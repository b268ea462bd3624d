"""The graph and variables tabs, without a front end: messages in, state out."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.notebook.panel.graph.tab import GraphTab
from tests.hub import called_functions, tf2_models


class Tab:
    """A graph tab and who clicks in it."""

    def __init__(self, module: str, signature: str, tags: tuple[str, ...] = ()) -> None:
        self.probed: list[tuple[str, str]] = []
        self.tab = GraphTab(hub.summarize(module), lambda *asked: self.probed.append(asked), lambda: None)
        self.tab.show(signature, tags)

    def hear(self, **message: Any) -> None:
        self.tab.view._handle_custom_msg(message, [])

    @property
    def shown(self) -> dict[str, Any]:
        diagram: dict[str, Any] = self.tab.view.shown
        return diagram

    @property
    def names(self) -> list[str]:
        return [box["text"].partition(" (")[0] for box in self.shown["boxes"]]

    def click(self, name: str) -> None:
        self.hear(kind="open", box=self.names.index(name))

    @property
    def error(self) -> str:
        return str(self.tab._error.value)


@pytest.fixture
def digits() -> Tab:
    return Tab("sample:digits", "default")


class TestUnfolding:
    def test_a_scope_unfolds_and_folds(self, digits: Tab) -> None:
        assert "conv1" in digits.names
        digits.click("conv1")
        assert "conv1/Conv2D" in digits.names
        assert digits.shown["groups"] == ["conv1"]
        assert digits.shown["focus"] == ["group", 0]
        digits.hear(kind="fold", group=0)
        assert "conv1" in digits.names
        assert digits.shown["groups"] == []

    def test_the_rest_stays_as_it_was(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv2")
        assert {"conv1/Conv2D", "conv2/Conv2D", "conv3"} <= set(digits.names)

    def test_layouts_are_kept(self, digits: Tab) -> None:
        before = digits.shown["svg"]
        digits.click("conv1")
        digits.hear(kind="fold", group=0)
        layouts = len(digits.tab._model._drawn)  # type: ignore[union-attr]
        digits.click("conv1")
        digits.hear(kind="fold", group=0)
        assert len(digits.tab._model._drawn) == layouts  # type: ignore[union-attr]
        assert digits.shown["svg"].count("data-box") == before.count("data-box")

    @pytest.mark.usefixtures("dot")
    def test_boxes_carry_numbers_and_no_names(self, digits: Tab) -> None:
        for number in range(len(digits.names)):
            assert f'data-box="{number}"' in digits.shown["svg"]

    def test_what_was_unfolded_stays_when_one_comes_back(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.tab.show("image_feature_vector", ())
        digits.tab.show("default", ())
        assert "conv1/Conv2D" in digits.names


class TestPlaces:
    def test_crumbs_lead_up(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/Conv2D")
        assert digits.shown["crumbs"] == ["signature default", "conv1"]
        digits.hear(kind="up", crumb=0)
        assert digits.shown["crumbs"] == ["signature default"]
        assert "conv1" in digits.names

    def test_search_by_name_and_op(self, digits: Tab) -> None:
        digits.hear(kind="search", text="relu")
        assert digits.tab.view.matches[0] == "conv1/Relu · Relu"
        digits.hear(kind="search", text="conv2/")
        assert all("conv2/" in match for match in digits.tab.view.matches)
        digits.hear(kind="search", text="no such thing")
        assert digits.tab.view.matches == []

    def test_what_is_found_is_unfolded_and_selected(self, digits: Tab) -> None:
        digits.hear(kind="search", text="conv3/Relu")
        digits.hear(kind="find", result=0)
        assert digits.names[digits.shown["selected"]] == "conv3/Relu"
        assert "conv3/Relu" in digits.tab._details.value


class TestOps:
    def test_attributes_shapes_and_variables(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/Conv2D")
        details = digits.tab._details.value.replace("<wbr>", "")
        for words in ("strides", "[1, 1, 1, 1]", "SAME", "conv1/kernel", "(3, 3, 1, 24)", "(?, 8, 8, 24)"):
            assert words in details

    def test_statistics_on_demand(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/Conv2D")
        digits.tab._statistics.click()
        assert "Weights of 1 variable: 216 numbers" in digits.tab._note.value

    def test_the_value_is_asked_for_and_shown(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/Relu")
        digits.tab._value.click()
        assert digits.probed == [("default", "conv1/Relu:0")]
        digits.tab.show_value("conv1/Relu:0", np.zeros((1, 8, 8, 24), np.float32))
        assert digits.tab.results.shown["outputs"][0]["view"] == "Tiles"
        digits.tab.fail("no inputs")
        assert "no inputs" in digits.error

    def test_an_input_has_no_value_of_its_own(self, digits: Tab) -> None:
        digits.click("images")
        assert digits.tab._value.layout.display == "none"

    def test_a_variable_is_fetched_by_its_name(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/kernel")
        digits.tab._value.click()
        assert digits.probed == [("default", "conv1/kernel")]

    @pytest.mark.usefixtures("dot")
    def test_the_static_picture(self, digits: Tab) -> None:
        digits.click("conv1")
        digits.click("conv1/Conv2D")
        still = digits.tab.static_html()
        assert "<img" in still
        assert "data-box" not in still
        assert "strides" in still


NONSENSE: list[dict[str, Any]] = [
    {"kind": "open"},
    {"kind": "open", "box": 999},
    {"kind": "open", "box": -1},
    {"kind": "open", "box": "0"},
    {"kind": "fold", "group": 0},
    {"kind": "up", "crumb": 7},
    {"kind": "up", "crumb": None},
    {"kind": "search"},
    {"kind": "search", "text": 5},
    {"kind": "find", "result": 0},
    {"kind": "else"},
]


@pytest.mark.parametrize("message", NONSENSE, ids=str)
def test_nonsense_changes_nothing(digits: Tab, message: dict[str, Any]) -> None:
    before = digits.shown
    digits.hear(**message)
    assert digits.shown == before
    assert digits.error == ""


def test_without_dot_it_is_a_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tab = Tab("sample:digits", "default")
    assert tab.shown["svg"] == ""
    assert "graphviz" in tab.shown["problem"]
    tab.click("conv1")
    assert "conv1/Conv2D" in tab.names


@pytest.fixture(params=["vae3dshapes", "dm21", "taxi-estimator-savedmodel", "deep-image-savedmodel"])
def real(request: pytest.FixtureRequest, real_modules: Path) -> str:
    return str(real_modules / request.param)


def test_every_box_of_real_modules_opens(real: str) -> None:
    summary = hub.summarize(real)
    variant = summary.variants[0]
    tab = Tab(real, variant.signatures[0].name, variant.tags)
    for name in list(tab.names)[:20]:
        if name in tab.names:
            tab.click(name)
            assert tab.error == "", name


class TestInsideFunctions:
    """Ops of a call are ops like others; of a loop, what it hands to its next pass has a value."""

    @staticmethod
    def _tab(build: Callable[[], None], tmp_path: Path) -> Tab:
        hub.create_module_spec(build).export(tmp_path / "module", _checkpoint(build, tmp_path))
        return Tab(str(tmp_path / "module"), "default")

    def test_the_value_of_an_op_in_a_call(self, tmp_path: Path) -> None:
        tab = self._tab(called_functions.layers, tmp_path)
        tab.hear(kind="search", text="moved")
        assert tab.tab.view.matches[0] == "head/moved · AddV2"
        tab.hear(kind="find", result=0)
        assert tab.error == ""
        tab.tab._value.click()
        assert tab.probed == [("default", "head/moved:0")]

    def test_what_a_loop_hands_on(self, tmp_path: Path) -> None:
        tab = self._tab(called_functions.loop, tmp_path)
        tab.click("loop")
        tab.click("loop/body")
        tab.click("loop/body/grown")
        tab.tab._value.click()
        assert tab.probed == [("default", "loop/body/grown:0")]
        tab.click("loop/body/squared")
        assert tab.tab._value.layout.display == "none"
        assert "loop/body/grown:0" in tab.tab._note.value
        assert "in each pass" in tab.tab._note.value

    def test_the_search_finds_ops_in_bodies(self, tmp_path: Path) -> None:
        tf2_models.calls_in_bodies(tmp_path / "model")
        tab = Tab(str(tmp_path / "model"), "serving_default", ("serve",))
        tab.hear(kind="search", text="act")
        assert sorted(tab.tab.view.matches) == [
            "MapDataset/act · Tanh",
            "cond/then_branch/cond/act · Tanh",
            "while/body/while/act · Tanh",
        ]
        for text, why in (
            ("while/body/while/act", "'while/body/while/more:0', or an output of the loop, 'while:0' to"),
            ("cond/then_branch/cond/act", "Fetch what the branch returns: 'cond:0'."),
            ("MapDataset/act", "Fetch what that op returns: 'ReduceDataset:0'."),
            ("ReduceDataset/row_sum", "Fetch what that op returns: 'ReduceDataset:0'."),
        ):  # fmt: skip
            tab.hear(kind="search", text=text)
            tab.hear(kind="find", result=0)
            assert tab.error == ""
            assert tab.tab._box is not None
            assert tab.tab._box.name == text
            assert tab.tab._value.layout.display == "none"
            assert why in html.unescape(tab.tab._note.value)

    def test_the_value_of_a_loop_says_when(self, tmp_path: Path) -> None:
        feeds = tf2_models.calls_in_bodies(tmp_path / "model")
        tab = Tab(str(tmp_path / "model"), "serving_default", ("serve",))
        tab.hear(kind="search", text="while/body/while/more")
        tab.hear(kind="find", result=0)
        tab.tab._value.click()
        assert tab.probed == [("serving_default", "while/body/while/more:0")]
        with hub.NotebookSession() as session:
            module = session.load(tmp_path / "model")
            outputs, fetched = session.call(
                module, feeds["serving_default"], "serving_default", as_dict=True, fetch=[tab.probed[0][1]]
            )
        value = fetched[tab.probed[0][1]]
        np.testing.assert_array_equal(value, outputs["y"])
        tab.tab.show_value(tab.probed[0][1], value)
        assert "on the current inputs, after the last iteration" in tab.tab.results.static_html()
        tab.tab.show_value("Sum:0", value)
        assert "after the last iteration" not in tab.tab.results.static_html()


def _checkpoint(build: Callable[[], None], tmp_path: Path) -> Path | None:
    """The prefix of a checkpoint with the variables of a module; None if it has none."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    with tf.Graph().as_default(), tf1.Session() as session:
        build()
        session.run(tf1.global_variables_initializer())
        if not tf1.global_variables():
            return None
        return Path(tf1.train.Saver().save(session, str(tmp_path / "weights")))

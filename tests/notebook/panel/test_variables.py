"""The Variables tab: a list to filter, values in the view that suits them, another module beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.notebook.panel.tabs.variables import VariablesTab
from hubexplore.notebook.panel.weights.variable_list import MAX_ROWS, VariableList
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.weights import variable_values
from tests import work
from tests.hub import graph_models
from tests.hub.modules import export

tf1 = tf.compat.v1
WORDS = [f"word {number}" for number in range(40)]


def vision(seed: int, width: int = 8) -> Callable[[], None]:
    """A module with the kinds of variables that are looked at."""

    def build() -> None:
        def variable(name: str, shape: list[int], dtype: Any = tf.float32, trainable: bool = True) -> Any:
            initial = np.random.default_rng(seed).normal(size=shape).astype(dtype.as_numpy_dtype)
            return tf1.get_variable(name, initializer=tf.constant(initial), trainable=trainable)

        images = tf1.placeholder(tf.float32, [None, 16, 16, 3])
        first = tf.nn.conv2d(images, variable("conv1/kernel", [5, 5, 3, 12]), 1, "SAME")
        second = tf.nn.conv2d(first, variable("conv2/kernel", [3, 3, 12, width]), 1, "SAME")
        hub.add_signature("features", images, second * variable("scale", []))
        ids = tf1.placeholder(tf.int32, [None])
        table = variable("words/table", [len(WORDS), 6])
        words = tf.gather(tf.constant(WORDS), ids)
        hub.add_signature("embed", ids, {"vectors": tf.gather(table, ids), "words": words})
        numbers = tf1.placeholder(tf.float32, [None, 4])
        hub.add_signature("dense", numbers, tf.matmul(numbers, variable("dense/kernel", [4, 3])))

    return build


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], str]:
    folder = tmp_path_factory.mktemp("modules")
    made: dict[int, str] = {}

    def path(seed: int) -> str:
        if seed not in made:
            made[seed] = export(
                hub.create_module_spec(vision(seed, 8 if seed < 2 else 9)), folder / str(seed)
            )
        return made[seed]

    return path


@pytest.fixture
def tab(paths: Callable[[int], str]) -> VariablesTab:
    return VariablesTab(hub.summarize(paths(0)), lambda: None)


def opened(tab: VariablesTab, name: str) -> dict[str, Any]:
    """What the browser shows of a variable that was clicked."""
    rows = tab.list.shown["rows"]
    number = next(row["number"] for row in rows if row["name"] == name)
    tab.list._handle_custom_msg({"kind": "open", "number": number}, [])
    assert tab._error.value == ""
    (output,) = tab.results.shown["outputs"]
    (rest,) = tab.results.rest
    return {**output, "html": output["html"] + rest["numbers"]}


class TestList:
    def test_the_filter(self, tab: VariablesTab) -> None:
        names = ["conv1/kernel", "conv2/kernel", "dense/kernel", "scale", "words/table"]
        assert [row["name"] for row in tab.list.shown["rows"]] == names
        for text, expected in (
            ("KERNEL", names[:3]), ("conv?/*", names[:2]), (" table ", names[4:]), ("nothing", []),
            ("", names), ("[", []),
        ):  # fmt: skip
            tab.list._handle_custom_msg({"kind": "filter", "text": text}, [])
            assert [row["name"] for row in tab.list.shown["rows"]] == expected
            assert (tab.list.shown["text"], tab.list.shown["total"]) == (text, 5)

    @pytest.mark.parametrize("message", [
        {"kind": "filter"}, {"kind": "filter", "text": 3}, {"kind": "open", "number": 5}, {"kind": "open"},
        {"kind": "open", "number": -1}, {"kind": "open", "number": "0"}, {"kind": "other"},
    ])  # fmt: skip
    def test_odd_messages_change_nothing(self, tab: VariablesTab, message: dict[str, Any]) -> None:
        before = tab.list.get_state()
        tab.list._handle_custom_msg(message, [])
        assert tab.list.get_state() == before

    def test_many_variables_cost_little(self) -> None:
        variables = [
            VariableSummary(f"block_{number // 9}/layer_{number % 9}/Kernel", "float32", (3,), True)
            for number in range(79_000)
        ]
        many = VariableList(variables, lambda _: None, lambda: None, lambda _: "")
        assert len(many.shown["rows"]) == MAX_ROWS
        assert work.calls(lambda: many.filter("block_77*/layer_3*")) < 400_000
        assert many.shown["found"] == 111
        many._handle_custom_msg({"kind": "more"}, [])
        assert len(many.shown["rows"]) == 111

    def test_statistics_are_of_the_listed_variables(
        self, tab: VariablesTab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tab.list.filter("conv*")
        tab._button.click()
        assert "Weights of 2 variables" in tab._statistics.value
        assert "Weights of 2 variables" in tab.static_html()
        tab.list.filter("nothing_like_it")
        assert tab._statistics.value == ""
        tab._button.click()
        assert "No variable matches" in tab._statistics.value
        monkeypatch.setattr("hubexplore.notebook.panel.tabs.variables.MAX_STATISTICS_BYTES", 1000)
        tab.list.filter("")
        tab._button.click()
        clicks = 0
        while not tab._more.layout.display:
            tab._more.click()
            clicks += 1
        assert clicks == 3
        assert "Weights of 5 variables" in tab._statistics.value

    def test_scopes_are_folded_below_a_long_list(self) -> None:
        digits = VariablesTab(hub.summarize("sample:digits"), lambda: None)
        assert "By scope, with sizes" in digits.children[-1].value
        assert "conv1/" in digits.static_html()


class TestValues:
    def test_views(self, tab: VariablesTab) -> None:
        for name, views, words in (
            (
                "conv1/kernel",
                ["Kernels", "Histogram", "Table"],
                "its weights for red, green and blue as colours",
            ),
            ("conv2/kernel", ["Histogram", "Kernels", "Table"], "standard deviation"),
            ("words/table", ["Map", "Histogram"], "word 39"),
            ("dense/kernel", ["Histogram"], "standard deviation"),
            ("scale", ["Numbers"], "0.12"),
        ):
            output = opened(tab, name)
            assert output["views"][: len(views)] == views, name
            assert output["view"] == views[0]
            assert words in output["html"], name
            assert words in tab.static_html()

    def test_the_channel_of_deep_kernels(self, tab: VariablesTab) -> None:
        opened(tab, "conv2/kernel")
        tab.results._handle_custom_msg({"kind": "view", "output": 0, "view": "Kernels"}, [])
        (output,) = tab.results.shown["outputs"]
        assert "on input channel 0 of 12" in output["html"]
        assert [(control["label"], control["high"]) for control in output["controls"]] == [
            ("Input channel", 11)
        ]
        setting = {"kind": "setting", "output": 0, "key": "channel", "value": 7}
        tab.results._handle_custom_msg(setting, [])
        assert "on input channel 7 of 12" in tab.results.shown["outputs"][0]["html"]

    def test_a_large_variable_is_sampled_and_says_so(
        self, tab: VariablesTab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(variable_values.read_values, "__defaults__", (200,))
        output = opened(tab, "words/table")
        assert "too large to be read whole: 8 of 40 rows, evenly spaced" in output["facts"]
        assert "word 39" in output["html"]
        assert output["downloads"] == []

    def test_a_variable_that_is_not_stored(self, paths: Callable[[int], str]) -> None:
        bare_tab = VariablesTab(replace(hub.summarize(paths(0)), source=None), lambda: None)
        bare_tab.list._handle_custom_msg({"kind": "open", "number": 0}, [])
        assert "has no value that can be read" in bare_tab._error.value

    def test_constants_of_a_frozen_graph(self, tmp_path: Path) -> None:
        model = graph_models.frozen(tmp_path, graph_models.convolution)
        frozen = VariablesTab(hub.summarize(str(model.path)), lambda: None)
        assert opened(frozen, "conv/kernel")["view"] == "Kernels"


class TestBeside:
    @pytest.fixture
    def other(self, tab: VariablesTab, paths: Callable[[int], str]) -> VariablesTab:
        tab.compared._choice.value = "another module"
        tab.compared._handle.value = paths(1)
        tab.compared.wait()
        return tab

    def test_another_module(self, other: VariablesTab, paths: Callable[[int], str]) -> None:
        assert {row["remark"] for row in other.list.shown["rows"]} == {"differs"}
        output = opened(other, "conv1/kernel")
        assert "Largest difference: " in output["html"]
        assert "Histogram of the difference" in output["html"]
        assert output["view"] == "Kernels"
        assert f"<strong>{paths(1)}</strong>" in output["html"]
        # Maps have components of their own; what can be compared are the rows.
        output = opened(other, "words/table")
        assert "Map" not in output["views"]
        assert "Rows that differ most" in output["html"]
        assert "word " in output["html"]
        assert "They differ by" in opened(other, "scale")["html"]

    def test_the_module_itself(self, tab: VariablesTab, paths: Callable[[int], str]) -> None:
        tab.compared.read(paths(0))
        tab.compared.wait()
        assert {row["remark"] for row in tab.list.shown["rows"]} == {"equal"}
        assert "They are equal." in opened(tab, "dense/kernel")["html"]

    def test_samples_are_compared_at_the_same_rows(
        self, other: VariablesTab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(variable_values.read_values, "__defaults__", (200,))
        output = opened(other, "words/table")
        assert "too large to be read whole: 8 of 40 rows" in output["facts"]
        assert "of 48 entries differ" in output["html"]

    def test_other_shapes_and_names(self, tab: VariablesTab, paths: Callable[[int], str]) -> None:
        tab.compared.read(paths(2))
        tab.compared.wait()
        remarks = {row["name"]: row["remark"] for row in tab.list.shown["rows"]}
        assert remarks["conv2/kernel"] == "other shape"
        assert "Their shapes differ." in opened(tab, "conv2/kernel")["html"]
        tab.compared.read("sample:half-plus-two")
        tab.compared.wait()
        assert {row["remark"] for row in tab.list.shown["rows"]} == {"only here"}
        tab.list._handle_custom_msg({"kind": "open", "number": 0}, [])
        assert "has no variable 'conv1/kernel'" in tab._error.value.replace("&#x27;", "'")

    def test_a_module_that_does_not_exist(self, tab: VariablesTab, tmp_path: Path) -> None:
        tab.compared.read(str(tmp_path / "gone"))
        tab.compared.wait()
        assert "gone" in tab.compared._status.value
        assert 'role="alert"' in tab.compared._status.value
        assert tab.compared.other is None

    def test_variants(self) -> None:
        digits = VariablesTab(hub.summarize("sample:digits"), lambda: None)
        digits.compared._choice.value = digits.compared._choice.options[1]
        assert {row["remark"] for row in digits.list.shown["rows"]} == {"equal"}
        digits.compared._choice.value = "nothing"
        assert {row["remark"] for row in digits.list.shown["rows"]} == {""}

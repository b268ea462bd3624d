"""The log of runs, their results, and how a panel is opened."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow.compat.v1 as tf

import hubexplore as hub
from hubexplore.errors import GraphError, HubError, NoSuchSignatureError, NoSuchVariantError
from tests.notebook.panel.person import Person, only


class TestLog:
    def test_put_back(self, half: Person) -> None:
        for text in ("1", "2"):
            half.type(only(half), text)
            half.run()
        half.hear(half.tab.run_log, kind="put", number=1)
        assert half.explorer.value == pytest.approx([2.5])
        assert half.tab.form.inputs()[only(half)].text == "1"
        assert len(half.explorer.runs) == 2

    def test_two_pinned_runs_are_compared(self, half: Person) -> None:
        for text in ("1", "5"):
            half.type(only(half), text)
            half.run()
        half.hear(half.tab.run_log, kind="pin", number=1, on=True)
        half.hear(half.tab.run_log, kind="pin", number=2, on=True)
        assert half.tab.run_log.pinned == [1, 2]
        shown = half.tab.pinned_runs.results.shown
        assert shown["title"] == "Run 1 and run 2"
        given, output = (entry["html"] for entry in shown["outputs"])
        assert "<strong>Run 1</strong>" in given
        for words in ("Largest difference: 2", "<strong>Run 1: [1]</strong>", "<strong>Run 2: [5]</strong>"):
            assert words in output
        half.hear(half.tab.run_log, kind="pin", number=1, on=False)
        assert half.tab.run_log.pinned == [2]
        assert half.tab.pinned_runs.results.shown["outputs"] == []

    def test_only_what_differs_is_compared(self) -> None:
        def parts() -> None:
            x, y = (tf.placeholder(tf.float32, [None], name) for name in "xy")
            hub.add_signature(None, {"x": x, "y": y}, {"of_x": 2 * x, "of_y": 3 * y, "sum": x + y})

        person = Person(hub.explore(hub.create_module_spec(parts)))
        for x, y in (("1 2", "3 4"), ("1 2", "3 5"), ("1 2", "3 5")):
            person.type("x", x)
            person.type("y", y)
            person.run()
        shown = person.tab.pinned_runs.results
        for number in (1, 2):
            person.hear(person.tab.run_log, kind="pin", number=number, on=True)
        assert [output["name"] for output in shown.shown["outputs"]] == [
            "Input y",
            "Output of_y",
            "Output sum",
        ]
        assert shown.shown["title"] == "Run 1 and run 2 · 1 input and 1 output equal"
        html = shown.shown["outputs"][1]["html"]
        assert "Run 1: [3, 4] (2)" in html
        assert "Run 2 − run 1" in html
        person.hear(person.tab.run_log, kind="pin", number=3, on=True)
        assert shown.shown["outputs"] == []
        assert shown.shown["title"] == "Run 2 and run 3 · all equal: 2 inputs and 3 outputs"
        person.explorer.close()

    @pytest.mark.parametrize(
        "message",
        [{"kind": "put"}, {"kind": "put", "number": 99}, {"kind": "put", "number": "1"},
         {"kind": "pin", "number": -1, "on": True}, {"kind": "else", "number": 1}, {"kind": 3}],
        ids=str,
    )  # fmt: skip
    def test_nonsense_changes_nothing(self, half: Person, message: dict[str, Any]) -> None:
        half.type(only(half), "1")
        half.run()
        half.hear(half.tab.run_log, **message)
        assert half.explorer.value == pytest.approx([2.5])
        assert half.tab.run_log.pinned == []


class TestResults:
    def test_another_view_stays_chosen(self, half: Person) -> None:
        half.type(only(half), "1 2")
        half.run()
        half.hear(half.tab.results, kind="view", output=0, view="Table")
        assert half.tab.results.shown["outputs"][0]["view"] == "Table"
        half.run()
        assert half.tab.results.shown["outputs"][0]["view"] == "Table"

    def test_a_download_is_sent(self, half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[Any] = []
        monkeypatch.setattr(half.tab.results, "send", lambda *parts: sent.append(parts))
        half.type(only(half), "1 2")
        half.run()
        half.hear(half.tab.results, kind="download", output=0, form="csv")
        ((content, (data,)),) = sent
        assert content == {"kind": "file", "name": "default.csv", "type": "text/csv"}
        assert data == b"2.5\n3.0\n"

    @pytest.mark.parametrize(
        "message",
        [{"kind": "view", "output": 9, "view": "Table"}, {"kind": "view", "output": 0, "view": "No"},
         {"kind": "view", "output": "0"}, {"kind": "download", "output": 0, "form": "exe"},
         {"kind": "view", "output": -1, "view": "Table"}, {"kind": "x"}],
        ids=str,
    )  # fmt: skip
    def test_nonsense_changes_nothing(self, half: Person, message: dict[str, Any]) -> None:
        half.type(only(half), "1 2")
        half.run()
        before = half.tab.results.shown
        half.hear(half.tab.results, **message)
        assert half.tab.results.shown == before


class TestExplore:
    def test_opening_loads_no_tensorflow(self) -> None:
        import subprocess
        import sys

        hub.samples.path("digits")
        code = (
            "import sys, hubexplore\n"
            "hubexplore.explore('sample:digits')\n"
            "assert 'tensorflow' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_variants_and_signatures(self) -> None:
        person = Person(hub.explore("sample:digits", "image_feature_vector", "train"))
        assert person.tab._selector.signature.name == "image_feature_vector"
        assert person.tab._selector.variant.tags == ("train",)

    def test_what_is_not_there(self) -> None:
        with pytest.raises(NoSuchSignatureError, match="Did you mean 'default'"):
            hub.explore("sample:digits", "defualt")
        with pytest.raises(NoSuchVariantError, match="train"):
            hub.explore("sample:digits", tags="trian")
        with pytest.raises(HubError):
            hub.explore("/not/there")
        with pytest.raises(HubError, match="handle"):
            hub.explore(3)

    def test_a_module_without_its_session(self) -> None:
        with hub.NotebookSession() as session:
            module = session.load("sample:half-plus-two")
            with pytest.raises(GraphError, match="session="):
                hub.explore(module)

    def test_a_spec(self) -> None:
        person = Person(hub.explore(hub.load_module_spec("sample:half-plus-two")))
        person.type(only(person), "1")
        person.run()
        assert person.explorer.value == pytest.approx([2.5])

    def test_in_a_terminal_it_says_what_it_needs(self, capsys: pytest.CaptureFixture[str]) -> None:
        hub.explore("sample:half-plus-two")._ipython_display_()
        assert "needs a notebook" in capsys.readouterr().out

    @pytest.mark.usefixtures("dot")
    def test_the_picture_has_the_tabs_that_were_opened(self, half: Person) -> None:
        half.explorer._tabs.selected_index = 1
        half.explorer._tabs.selected_index = 3
        half.explorer._tabs.selected_index = 0
        picture = half.explorer._static_html()
        assert 'alt="Diagram: sample:half-plus-two' in picture
        assert "Graph variants" in picture
        assert picture.count("<details") < 8

    def test_the_picture_has_inputs_results_and_code(self, half: Person) -> None:
        half.type(only(half), "1 2 <b>")
        half.run()
        half.type(only(half), "1 2")
        half.run()
        picture = half.explorer._static_html()
        for words in ("1 2", "Run 1", "<img", "hub_call"):
            assert words in picture
        assert "<script" not in picture

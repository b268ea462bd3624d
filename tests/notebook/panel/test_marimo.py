"""What marimo gets: the panel as an anywidget, which draws what the front end lacks."""

from __future__ import annotations

import ast
import base64
import json
import re
import sys
import types
from pathlib import Path

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

import hubexplore as hub
from hubexplore.display.markup import Markup, tag
from hubexplore.notebook.panel import browser_widgets
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.front_end import in_marimo
from hubexplore.notebook.panel.notebook_variables import notebook_variables

PANEL = Path(browser_widgets.__file__).parent
KINDS = set(re.findall(r"^  (\w+Model): ", browser_widgets.script("plain.js"), re.MULTILINE))


@pytest.fixture
def marimo(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module as marimo is, in a notebook."""
    module = types.ModuleType("marimo")
    vars(module)["running_in_notebook"] = lambda: True
    vars(module)["ui"] = types.SimpleNamespace(anywidget=lambda widget: ("shown", widget))
    monkeypatch.setitem(sys.modules, "marimo", module)
    return module


def script_of(widget: widgets.Widget) -> str:
    """The script at the address that a widget names."""
    start, _, encoded = widget.get_state()["_esm"].partition(",")
    assert start == "data:text/javascript;base64"
    return base64.b64decode(encoded).decode()


def test_the_panel_is_an_anywidget(marimo: types.ModuleType) -> None:
    explorer = hub.explore("sample:half-plus-two")
    assert script_of(explorer) == browser_widgets.script("plain.js")
    assert ".hub-plain" in explorer.get_state()["_css"]
    assert explorer._display_() == ("shown", explorer)
    explorer.close()


def test_a_panel_is_closed_when_its_cell_runs_again(marimo: types.ModuleType) -> None:
    """marimo closes the comms of a cell that runs again, and nothing else."""
    explorer = hub.explore("sample:half-plus-two")
    explorer.run([1.0])
    before = len(_instances)
    explorer.comm.close()
    assert explorer not in list(_instances.values())
    assert before - len(_instances) > 20
    with pytest.raises(hub.errors.HubError, match="closed"):
        explorer.run([1.0])


def test_a_widget_made_after_a_click_needs_no_cell(marimo: types.ModuleType) -> None:
    """marimo stores a script as a file of the cell that runs, and raises where none does."""
    log = browser_widgets.RunLog()
    assert script_of(log) == browser_widgets.script("log.js")
    log.close()


def test_elsewhere_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = hub.explore("sample:half-plus-two")
    assert explorer.get_state(["_esm", "_css"]) == {"_esm": "", "_css": ""}
    explorer.close()
    log = browser_widgets.RunLog()
    assert log.get_state()["_esm"] == browser_widgets.script("log.js")
    log.close()


def test_a_notebook_of_marimo_that_runs_as_a_script_is_none(marimo: types.ModuleType) -> None:
    assert in_marimo()
    vars(marimo)["running_in_notebook"] = lambda: False
    assert not in_marimo()


def test_variables_are_those_of_the_main_module(
    marimo: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = types.ModuleType("__main__")
    vars(main)["rows"] = [1.0]
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert notebook_variables()["rows"] == [1.0]


def test_html_arrives_as_text() -> None:
    """The encoder of marimo asks an object that it does not know for this."""
    text = tag("b", "x")
    assert type(text) is Markup
    assert type(text._marimo_serialize_()) is str
    assert json.dumps(text._marimo_serialize_()) == '"<b>x</b>"'


def test_each_control_of_the_panel_can_be_drawn() -> None:
    used = {
        node.attr
        for path in PANEL.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "widgets"
    }
    drawn = {
        getattr(widgets, name).class_traits()["_model_name"].default_value
        for name in used - {"DOMWidget", "Widget", "Layout", "Output"}
        if issubclass(getattr(widgets, name), widgets.DOMWidget)
    }
    assert drawn - KINDS == set()
    assert len(drawn) > 8


def test_a_panel_has_no_other_controls() -> None:
    explorer = hub.explore("sample:digits")
    waiting: list[widgets.Widget] = [explorer]
    kinds = set()
    while waiting:
        widget = waiting.pop()
        kinds.add(widget._model_name)
        waiting.extend(getattr(widget, "children", ()))
    explorer.close()
    assert kinds - KINDS == set()
    assert isinstance(explorer, Explorer)

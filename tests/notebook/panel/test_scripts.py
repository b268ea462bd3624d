"""Modules of the front end as the browser gets them: each one text, that imports nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hubexplore.notebook.panel import browser_widgets
from hubexplore.notebook.panel.fields.grid import Grid
from hubexplore.notebook.panel.fields.recorder import Recorder
from hubexplore.notebook.panel.fields.sketch import Sketch
from hubexplore.notebook.panel.fields.upload import Upload
from hubexplore.notebook.panel.graph.tab import GraphView
from hubexplore.notebook.panel.lens.pick_list import PickList
from hubexplore.notebook.panel.lens.point_map import Postponement
from hubexplore.notebook.panel.tabs.results import Results
from hubexplore.notebook.panel.weights.variable_list import VariableList

WIDGETS = (
    browser_widgets.PanelMonitor,
    browser_widgets.RunLog,
    browser_widgets.CodeBox,
    GraphView,
    Grid,
    PickList,
    Postponement,
    Recorder,
    Results,
    Sketch,
    VariableList,
    Upload,
)
MODULES = sorted(
    path.name
    for path in browser_widgets.FRONTEND.glob("*.js")
    if "export default" in path.read_text(encoding="utf-8")
)
"""Those of widgets; the others are imported."""


def test_a_module_has_what_it_imports_before_it() -> None:
    text = browser_widgets.script("log.js")
    assert (
        text.index("function make(name")
        < text.index("const cell =")
        < text.index("export default { render };")
    )


def test_what_is_imported_twice_comes_once_and_before_its_users() -> None:
    text = browser_widgets.script("grid.js")
    places = [text.index(f"function {name}(") for name in ("make", "isOn", "makeBoxes", "render")]
    assert places == sorted(places)
    assert text.count("function isOn(") == 1


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_whole_in_itself(name: str) -> None:
    text = browser_widgets.script(name)
    assert re.findall(r"^\s*import\b.*", text, re.MULTILINE) == []
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export default { render };"]


@pytest.mark.parametrize("name", MODULES)
def test_no_name_is_taken_twice(name: str) -> None:
    """What a module calls its own is not called so in dom.js: one text cannot have both."""
    names = re.findall(
        r"^(?:async )?(?:function|const|let|class) (\w+)", browser_widgets.script(name), re.MULTILINE
    )
    assert sorted(names) == sorted(set(names))
    assert {"make", "follow", "render"} <= set(names)


def test_each_module_belongs_to_a_widget() -> None:
    texts = {widget._esm for widget in WIDGETS}
    # The panel itself is one where nothing else draws it; see test_marimo.py.
    assert texts == {browser_widgets.script(name) for name in MODULES if name != "plain.js"}


def test_a_module_that_imports_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.js").write_text('import * as dom from "./dom.js";\n')
    monkeypatch.setattr(browser_widgets, "FRONTEND", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.js must have one line: import \{ \.\.\. \} from"):
        browser_widgets.script("odd.js")

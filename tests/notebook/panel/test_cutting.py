"""The graph tab makes modules of picked tensors, without a front end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.explorer.cuts import Picked, codes
from hubexplore.explorer.subject import Subject
from hubexplore.notebook.panel.explorer import Explorer
from tests.hub import modules
from tests.hub.cutting import cut_models
from tests.hub.graph_models import frozen, mlp

_PATIENCE = 120.0


@pytest.fixture
def tower(tmp_path: Path) -> str:
    return modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "tower")


@pytest.fixture
def panel(tower: str) -> Iterator[Explorer]:
    """A panel whose graph tab is open."""
    opened = Explorer(Subject(tower), "doubled")
    opened._tabs.selected_index = 1
    yield opened
    opened.close()


def _pick(panel: Explorer, name: str, side: str = "output") -> None:
    graph = panel._tab_content("Graph")
    graph._answer({"kind": "search", "text": name})
    graph._answer({"kind": "find", "result": 0})
    getattr(graph._picker, f"_{side}").click()


def _wait(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_picked_output_offers_a_cut_with_its_code(panel: Explorer, tower: str) -> None:
    box: Any = panel._cut_box
    assert box.layout.display == "none"
    _pick(panel, "layer_1/activation")
    assert box.layout.display is None
    assert "Picked: from the inputs of the signature" in panel._tab_content("Graph")._picker._said.value
    (language, text, _) = box._code.codes[0]
    assert language == "Python"
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    assert list(namespace["cut"].get_input_info_dict()) == ["x"]
    _pick(panel, "layer_1/activation")
    assert box.layout.display == "none"


def test_it_is_made_opened_and_written(panel: Explorer, tmp_path: Path) -> None:
    box: Any = panel._cut_box
    _pick(panel, "layer_0/activation", "input")
    _pick(panel, "layer_2/activation")
    box._make.click()
    _wait(lambda: "1 output equals what the module computes, bit for bit" in box._said.value)
    box._open.click()
    (inner,) = box._below.children
    x = np.linspace(0, 1, 8).reshape(2, 4).astype(np.float32)
    assert inner.run(x).shape == (2, 4)
    box._write.click()
    assert "Enter the folder" in box._said.value
    box._path.value = str(tmp_path / "part")
    box._write.click()
    _wait(lambda: "Written to" in box._said.value)
    assert "the same outputs" in box._said.value
    assert list(hub.load_module_spec(tmp_path / "part").get_input_info_dict()) == ["activation"]
    assert "layer_2/activation" in panel._tab_content("Graph").static_html()


def test_what_cannot_be_cut_is_said(panel: Explorer) -> None:
    box: Any = panel._cut_box
    _pick(panel, "layer_2/activation", "input")
    _pick(panel, "layer_0/activation")
    box._make.click()
    _wait(lambda: 'role="alert"' in box._said.value)
    assert "No output of the cut needs the input" in box._said.value
    assert box._made is None


def test_another_signature_forgets_what_was_picked(panel: Explorer) -> None:
    box: Any = panel._cut_box
    _pick(panel, "layer_1/activation")
    panel._tab_content("Graph").show("default", ())
    assert box.layout.display == "none"


def test_a_loaded_module_is_cut_in_its_session(session: hub.NotebookSession) -> None:
    module = session.load(hub.create_module_spec(cut_models.tower), "tower")
    subject = Subject(module, session, "tower")
    picked = Picked("doubled", (), (), ("layer_1/activation:0",))
    assert codes(subject, picked)[0][1] == "%hub_cut tower --output layer_1/activation:0 --of doubled"
    panel = Explorer(subject, "doubled")
    panel._tabs.selected_index = 1
    _pick(panel, "layer_1/activation")
    box: Any = panel._cut_box
    box._make.click()
    _wait(lambda: box._made is not None)
    assert session.names == ["tower", "tower_cut"]
    panel.close()
    assert not session.is_closed


def test_tensors_of_a_frozen_graph_become_a_signature_and_a_cut(tmp_path: Path) -> None:
    path = frozen(tmp_path, mlp).path
    panel = Explorer(Subject(str(path)))
    panel._tabs.selected_index = 1
    _pick(panel, "hidden/activation")
    box: Any = panel._cut_box
    assert box.layout.display is None
    assert "The Try tab offers the signature" in panel._tab_content("Graph")._picker._said.value
    box._make.click()
    _wait(lambda: box._made is not None)
    panel.close()

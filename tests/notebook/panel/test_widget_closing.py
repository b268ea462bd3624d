"""A panel that is closed leaves nothing behind: no widget, no thread, no module."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import hubexplore as hub
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.light_widgets import Shared


def use(explorer: Explorer) -> None:
    """Does what a person does: runs, opens all tabs, chooses another signature."""
    tab = explorer._try
    tab.fill()
    tab.start()
    tab.worker.wait()
    for number in range(len(explorer._tabs.children)):
        explorer._tabs.selected_index = number
    signatures = explorer._selector._signature
    if signatures is not None:
        signatures.index = len(signatures.options) - 1


@pytest.fixture(params=["sample:half-plus-two", "sample:text-embedding", "sample:digits"])
def handle(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.usefixtures("dot")
def test_all_widgets_are_closed(handle: str) -> None:
    before = dict(_instances)
    explorer = hub.explore(handle)
    use(explorer)
    explorer.close()
    explorer.close()
    left = [widget for name, widget in _instances.items() if name not in before]
    # What all panels share is made by the first one.
    assert [widget for widget in left if not isinstance(widget, Shared)] == []


def test_it_can_be_forgotten(handle: str) -> None:
    explorer = hub.explore(handle)
    use(explorer)
    module: Any = next(iter(explorer._subject._modules.values()))
    refs = weakref.ref(explorer), weakref.ref(module.graph)
    del module
    explorer.close()
    del explorer
    gc.collect()
    assert [ref() for ref in refs] == [None, None]
    assert [thread.name for thread in threading.enumerate() if thread.name == "hubexplore-explorer"] == []

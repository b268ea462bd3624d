"""Widgets share layouts and styles, so that a panel opens with few messages, and closes without theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import comm
import pytest
import tensorflow as tf
from comm.base_comm import BaseComm
from ipywidgets.widgets.widget import _instances

import hubexplore as hub
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.widget_closing import close_all

tf1 = tf.compat.v1
MOST_MESSAGES = {"sample:half-plus-two": 65, "sample:digits": 70, "sample:text-embedding": 65}
"""Two hundred would take a tenth of a second longer."""
MOST_MESSAGES_OF_A_TABLE = 44
"""However many columns it has."""


@pytest.fixture(autouse=True)
def jupyter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel of a Jupyter server."""
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Counts the messages to the browser by kind."""
    counts: Counter[str] = Counter()

    class Counting(BaseComm):
        def publish_msg(self, msg_type: str, *arguments: Any, **options: Any) -> None:
            counts[msg_type] += 1

    before = set(_instances)
    monkeypatch.setattr(comm, "create_comm", Counting)
    yield counts
    # Also what is shared: its messages would go to the counter of this test.
    for name in set(_instances) - before:
        _instances[name].close()


def test_what_is_alike_is_shared() -> None:
    first, second = widgets.HTML("a"), widgets.HTML("b")
    wide, other = widgets.HTML("c", layout={"width": "auto"}), widgets.Button(layout={"width": "auto"})
    assert first.layout is second.layout
    assert first.style is second.style
    assert wide.layout is other.layout
    assert wide.layout is not first.layout
    assert wide.layout.width == "auto"
    assert other.style is not wide.style
    close_all([first, second, wide, other])


@pytest.mark.parametrize("path", [None, "notebook-jvsc-1a2b.ipynb"])
def test_front_ends_that_forget_get_all_with_each_panel(
    path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path is None:
        monkeypatch.delenv("JPY_SESSION_NAME")
    else:
        monkeypatch.setenv("JPY_SESSION_NAME", path)
    first, second = widgets.HTML("a"), widgets.HTML("b", layout={"width": "auto"})
    assert first.layout is not widgets.HTML("c").layout
    assert not isinstance(first.layout, widgets.Shared)
    assert second.layout.width == "auto"
    close_all([first, second])


def test_a_layout_of_its_own_can_change() -> None:
    box = widgets.VBox(layout=widgets.Layout())
    box.layout.display = "none"
    assert widgets.VBox().layout.display is None


@pytest.mark.parametrize("name", ["layout", "style"])
def test_what_is_shared_cannot_change(name: str) -> None:
    shared = getattr(widgets.Button(), name)
    with pytest.raises(AttributeError, match=r"one of its own when you make it: layout=Layout"):
        setattr(shared, {"layout": "width", "style": "button_color"}[name], "red")


def test_classes_come_with_the_widget(sent: Counter[str]) -> None:
    assert widgets.HTML("a", classes=("hub-row", "hub-wide"))._dom_classes == ("hub-row", "hub-wide")
    assert sent["comm_msg"] == 0


def test_closing_leaves_what_others_share() -> None:
    first, second = widgets.Button(), widgets.Button()
    close_all([first])
    assert first.comm is None
    assert second.layout.comm is not None
    assert second.style.comm is not None
    own = widgets.Button(layout=widgets.Layout())
    close_all([own])
    assert own.layout.comm is None


def test_all_widgets_closed_by_the_user() -> None:
    layout = widgets.Button().layout
    layout.close()  # as `Widget.close_all` of ipywidgets does
    assert widgets.Button().layout is not layout
    assert widgets.Button().layout.comm is not None


@pytest.mark.parametrize("handle", MOST_MESSAGES)
def test_a_panel_opens_with_few_messages(handle: str, sent: Counter[str]) -> None:
    panel = hub.explore(handle)
    assert sent.total() <= MOST_MESSAGES[handle], sent
    panel.close()
    before = set(_instances)
    hub.explore(handle).close()
    assert set(_instances) == before


def test_a_form_of_a_hundred_inputs_opens_with_few_messages(sent: Counter[str]) -> None:
    def hundred() -> None:
        inputs = {f"x{number}": tf1.placeholder(tf.float32, [None]) for number in range(100)}
        hub.add_signature(inputs=inputs, outputs=tf.add_n(list(inputs.values())))

    panel = hub.explore(hub.create_module_spec(hundred))
    assert sent.total() <= MOST_MESSAGES_OF_A_TABLE, sent
    # Where there is nothing to choose, there is no dropdown.
    assert (panel._selector._signature, panel._selector._variant) == (None, None)
    panel.close()


def test_what_is_shared_hides_and_comes_back(sent: Counter[str]) -> None:
    first, second = widgets.HTML("a", layout={"width": "auto"}), widgets.HTML("b", layout={"width": "auto"})
    shared = first.layout
    first.hide()
    assert (first.layout.display, first.layout.width) == ("none", "auto")
    assert second.layout.display is None
    second.hide()
    assert second.layout is first.layout
    first.hide(False)
    assert first.layout is shared
    close_all([first, second])


def test_a_widget_with_a_layout_of_its_own_hides_by_it() -> None:
    box = widgets.VBox(layout=widgets.Layout(width="auto"))
    layout = box.layout
    box.hide()
    assert (box.layout, layout.display) == (layout, "none")
    box.hide(False)
    assert layout.display is None
    close_all([box])

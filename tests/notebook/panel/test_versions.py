"""A folder with several versions of a model: the panel offers them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
import tensorflow as tf
from ipywidgets.widgets.widget import _instances

import hubexplore as hub
from hubexplore.errors import ModelsBelowError
from hubexplore.notebook.panel.explorer import Explorer

tf1 = tf.compat.v1


def save(path: Path, factor: float, name: str = "x") -> None:
    """Writes a TF1 SavedModel of x -> factor * x."""
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None], name="x")
        signature = tf1.saved_model.predict_signature_def({name: x}, {"y": x * factor})
        builder = tf1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for version in (2, 9, 10):
        save(tmp_path / "model" / str(version), version)
    return tmp_path / "model"


@pytest.fixture
def panel(folder: Path) -> Iterator[Explorer]:
    opened = hub.explore(folder)
    yield opened
    opened.close()


def dropdown(panel: Explorer) -> Any:
    """The selector of versions among the widgets of a panel; other panels may be open."""
    stack: list[Any] = [panel]
    found = []
    while stack:
        widget = stack.pop()
        stack.extend(getattr(widget, "children", ()))
        if isinstance(widget, widgets.Dropdown) and widget.description == "Version":
            found.append(widget)
    assert len(found) == 1
    return found[0]


def test_the_newest_first_and_then_another(panel: Explorer, folder: Path) -> None:
    versions = dropdown(panel)
    assert [name for name, _ in versions.options] == ["10", "9", "2"]
    assert panel.run([1.0]).tolist() == [10.0]
    versions.value = 2
    assert panel.runs == ()
    assert panel.run([1.0]).tolist() == [2.0]
    assert repr(panel).startswith(f"<Explorer of {folder / '2'}")


def test_what_another_version_replaces_is_freed(panel: Explorer) -> None:
    versions = dropdown(panel)
    versions.value = 1
    gc.collect()  # panels of other tests
    before = len(_instances)
    subject = weakref.ref(panel._subject)
    versions.value = 0
    versions.value = 1
    assert len(_instances) == before
    gc.collect()
    assert subject() is None


def test_a_version_that_cannot_be_opened(panel: Explorer, folder: Path) -> None:
    (folder / "9" / "saved_model.pb").write_bytes(b"no model")
    versions = dropdown(panel)
    versions.value = 1
    assert versions.value == 0
    assert panel.run([1.0]).tolist() == [10.0]
    texts = [widget.value for widget in _instances.values() if isinstance(widget, widgets.HTML)]
    assert any("cannot be opened" in text and "saved_model.pb" in text for text in texts)


def test_one_version_opens_and_is_named(tmp_path: Path) -> None:
    save(tmp_path / "model" / "1623456789", 3.0)
    opened = hub.explore(tmp_path / "model")
    try:
        assert opened.run([1.0]).tolist() == [3.0]
        assert "1623456789" in str(opened._heading())
        assert "the only model in" in str(opened._heading())
        assert all(getattr(widget, "description", "") != "Version" for widget in _instances.values())
    finally:
        opened.close()


def test_a_summary_is_that_of_the_newest(folder: Path) -> None:
    (note,) = [note for note in hub.summarize(folder).notes if "was opened" in note]
    assert note == f"{str(folder / '10')!r} was opened, the newest of 3 versions in {str(folder)!r}."


def test_models_that_are_not_versions_need_a_choice(folder: Path) -> None:
    (folder / "9").rename(folder / "nine")
    with pytest.raises(ModelsBelowError, match="folder with 3 models") as caught:
        hub.summarize(folder)
    assert repr(str(folder / "nine")) in str(caught.value)

"""Copying the code of a run saves the files that it reads, once it is copied and not before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.tabs.run_code_box import RunCodeBox

X = np.linspace(-1, 1, 5000, dtype=np.float32)


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Explorer]:
    """A panel with a run of a large input, in a notebook in an empty folder."""
    (tmp_path / "notebook").mkdir()
    monkeypatch.chdir(tmp_path / "notebook")
    explorer = hub.explore("sample:half-plus-two")
    explorer.run(X)
    yield explorer
    explorer.close()


def messages(box: RunCodeBox, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the box sends to the browser from now on."""
    sent: list[Any] = []
    monkeypatch.setattr(box, "send", lambda content, buffers=None: sent.append(content))
    return sent


def test_the_file_is_saved_when_the_code_is_copied(
    panel: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, folder = panel._try.code, tmp_path / "notebook"
    sent = messages(box, monkeypatch)
    assert [(language, files) for language, _, files in box.codes] == [
        ("Notebook cell", "inputs.npz"),
        ("Python", "inputs.npz"),
        ("hub.load", "inputs.npz"),
    ]
    assert not list(folder.iterdir())
    for message in (
        {"kind": "save"},
        {"kind": "save", "language": 3},
        {"kind": "other", "language": "Python"},
    ):
        box._handle_custom_msg(message, [])
    assert not list(folder.iterdir())
    for _ in range(2):
        box._handle_custom_msg({"kind": "save", "language": "Python"}, [])
    assert sent == 2 * [{"kind": "saved", "text": "Saved inputs.npz beside the notebook"}]
    (saved,) = folder.iterdir()
    np.testing.assert_array_equal(np.load(saved)["x"], X)
    panel.run(X)
    assert [files for *_, files in box.codes] == ["", "", ""]


def test_another_file_of_this_name_that_comes_meanwhile(
    panel: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, folder = panel._try.code, tmp_path / "notebook"
    sent = messages(box, monkeypatch)
    (folder / "inputs.npz").write_bytes(b"theirs")
    box._handle_custom_msg({"kind": "save", "language": "Python"}, [])
    assert "'inputs.npz' has been written by someone else meanwhile" in sent[0]["text"]
    assert [files for *_, files in box.codes] == 3 * ["inputs-2.npz"]
    box._handle_custom_msg({"kind": "save", "language": "Python"}, [])
    assert sent[1] == {"kind": "saved", "text": "Saved inputs-2.npz beside the notebook"}
    assert (folder / "inputs.npz").read_bytes() == b"theirs"


def test_another_signature_has_no_code(panel: Explorer) -> None:
    panel._try.choose()
    assert panel._try.code.codes == []

"""What %hub_load shows in a kernel: one display that changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient

from hubexplore.notebook.magics.load_status import LoadStatus
from tests.notebook.shells import Run

Published = list[dict[str, Any]]


@pytest.fixture
def published(run: Run, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Published:
    """What a shell that takes itself for a kernel's publishes."""
    outputs: Published = []
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(shell.display_pub, "publish", lambda **message: outputs.append(message))
    return outputs


def lines(published: Published) -> list[str]:
    return [message["data"]["text/plain"].splitlines()[-1] for message in published]


def test_card_then_one_line(run: Run, published: Published) -> None:
    run("%hub_load sample:digits --tags train --trainable")
    assert lines(published)[:2] == ["digits: opening", "digits: instantiating ..."]
    assert lines(published)[2].startswith("digits: ready, ")
    assert lines(published)[2].endswith(" s; graph variant: train, trainable")
    assert [message["update"] for message in published] == [False, True, True]
    assert len({message["transient"]["display_id"] for message in published}) == 1
    assert "<details" in published[1]["data"]["text/html"]
    assert "<details" not in published[2]["data"]["text/html"]


def test_it_says_that_it_replaces(run: Run, published: Published) -> None:
    run("%hub_load sample:half-plus-two --as half")
    assert "replaces" not in lines(published)[-1]
    run("%hub_load sample:half-plus-two --as half")
    assert lines(published)[-1].endswith("replaces the module that had this name")


@pytest.mark.parametrize("line", ["/not/there", "sample:digits --tags nothing"])
def test_nothing_stays_where_loading_fails(run: Run, published: Published, line: str) -> None:
    with pytest.raises(UsageError):
        run(f"%hub_load {line}")
    assert published[-1]["data"] == {"text/plain": "", "text/html": ""}
    assert published[-1]["update"]


def test_who_wants_none_sees_none(run: Run, published: Published) -> None:
    run("%config HubMagics.show_progress = False\n%hub_load sample:digits")
    assert published == []


def test_a_terminal_shows_none(run: Run, shell: InteractiveShell) -> None:
    with capture_output() as captured:
        run("m = %hub_load sample:digits")
    assert captured.outputs == []
    assert captured.stdout == ""


def test_names_are_escaped(shell: InteractiveShell, published: Published) -> None:
    LoadStatus(shell, True).show("<img onerror=x>\x1b[31m\n")
    assert published[0]["data"]["text/plain"] == r"<img onerror=x>\x1b[31m\n"
    assert "<img" not in published[0]["data"]["text/html"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card is there once, a status line in its own output; a failing cell leaves nothing but the error."""
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    sources = [
        "%load_ext hubexplore",
        "%hub_load sample:half-plus-two --as half",
        "m = %hub_load sample:half-plus-two --as half",
        "%%hub_module own\n\nx = 1\n1 / 0",
        "%hub_load /not/there",
        "%unload_ext hubexplore",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        timeout=240,
        startup_timeout=240,
        iopub_timeout=240,
        kernel_name="python3",
        allow_errors=True,
    )
    ran = client.execute(cwd=str(tmp_path))
    _, first, again, own, failed, unload = (cell.outputs for cell in ran.cells)
    assert [output.output_type for output in first] == ["display_data", "execute_result"]
    assert first[0].data["text/plain"].startswith("half: ready")
    assert [output.output_type for output in again] == ["display_data"]
    assert "replaces" in again[0].data["text/plain"]
    trace = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(own[-1].traceback))
    assert "----> 4 1 / 0" in trace
    assert re.search(r"Cell In\[4\](, line |:)4", trace)
    assert [output.output_type for output in failed] == ["display_data", "stream"]
    assert failed[0].data["text/plain"] == ""
    assert failed[1].text.startswith("UsageError: ")
    assert failed[1].text.count("\n") == 1
    assert unload == []

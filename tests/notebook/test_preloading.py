"""In a real kernel: TensorFlow is imported while the user reads, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.notebook.test_kernel import PATIENCE, Kernel, kernel, reply, value

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

__all__ = ["kernel"]

WAIT = "import hubexplore.session.tf_startup as startup; startup.IN_BACKGROUND.wait()"
IS_IMPORTED = "'tensorflow' in __import__('sys').modules"
BROKEN = "import sys; sys.modules['tensorflow.part'] = sys\nraise ImportError('libfoo is missing')\n"


def outputs(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """Runs a cell and returns what it shows, in order."""
    shown: list[dict[str, Any]] = []

    def keep(message: dict[str, Any]) -> None:
        if message["msg_type"] in {
            "stream",
            "display_data",
            "execute_result",
            "update_display_data",
            "error",
        }:
            shown.append(message["content"])

    client.execute_interactive(code, timeout=PATIENCE, output_hook=keep, stop_on_error=False)
    return shown


def test_it_begins_after_the_cell_and_says_nothing(kernel: Kernel) -> None:
    _, client = kernel
    assert outputs(client, f"%load_ext hubexplore\nprint({IS_IMPORTED})") == [
        {"name": "stdout", "text": "False\n"}
    ]
    # What users import themselves, and Python's own locks do not protect.
    assert outputs(client, "import tensorflow.compat.v1 as tf1; p = tf1.placeholder") == []
    assert outputs(client, f"import keras; {WAIT}") == []
    assert value(client, "startup.is_tensorflow_imported(), startup.import_status()") == "(True, '')"


def test_who_wants_none_gets_none(kernel: Kernel) -> None:
    _, client = kernel
    reply(client, "%load_ext hubexplore\n%config HubMagics.preload_tensorflow = False")
    assert outputs(client, f"{WAIT}\nprint({IS_IMPORTED})") == [{"name": "stdout", "text": "False\n"}]


def test_plain_python_imports_nothing(kernel: Kernel) -> None:
    _, client = kernel
    reply(client, "import hubexplore as hub; hub.summarize")
    assert outputs(client, f"{WAIT}\nprint({IS_IMPORTED})") == [{"name": "stdout", "text": "False\n"}]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TensorFlow whose import fails, in kernels that start from now on."""
    folder = tmp_path / "tensorflow"
    folder.mkdir()
    (folder / "__init__.py").write_text(BROKEN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("broken")
def test_an_error_is_shown_in_the_cell_that_needs_it(request: pytest.FixtureRequest) -> None:
    _, client = request.getfixturevalue("kernel")
    assert outputs(client, "%load_ext hubexplore") == []
    reply(client, WAIT)
    assert outputs(client, "1 + 1")[0]["data"]["text/plain"] == "2"
    for cell in ("%hub_session new other", "import tensorflow.compat.v1"):
        *_, error = outputs(client, cell)
        assert (error["ename"], error["evalue"]) == ("ImportError", "libfoo is missing")


def test_the_card_comes_first(kernel: Kernel) -> None:
    """What is waited for stands below the card, with a spinner, even if TensorFlow takes for ever."""
    _, client = kernel
    reply(client, "%load_ext hubexplore\n%config HubMagics.preload_tensorflow = False")
    reply(client, "import hubexplore; hubexplore.summarize('sample:half-plus-two')")  # builds it
    shown = outputs(client, "m = %hub_load sample:half-plus-two --as half")
    lines = [output["data"]["text/plain"].splitlines()[-1] for output in shown]
    assert lines[0] == "half: opening"
    assert lines[1].startswith("half: importing TensorFlow, about ")
    assert "<details" in shown[1]["data"]["text/html"]
    assert 'class="facts busy"' in shown[1]["data"]["text/html"]
    assert lines[-1].startswith("half: ready")
    assert "busy" not in shown[-1]["data"]["text/html"]

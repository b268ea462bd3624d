"""What a panel says while it waits for TensorFlow."""

from __future__ import annotations

import asyncio

import pytest

from hubexplore.notebook.panel import import_countdown
from hubexplore.notebook.panel.import_countdown import count_down
from hubexplore.notebook.panel.status import StatusLine


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the next looks find, from the last to the first; then nothing."""
    waits: list[str] = []
    monkeypatch.setattr(import_countdown, "SECONDS", 0)
    monkeypatch.setattr(import_countdown, "import_status", lambda: waits.pop() if waits else "")
    return waits


async def until(line: StatusLine, text: str) -> None:
    while line.text != text:
        await asyncio.sleep(0)


def test_it_counts_down(answers: list[str]) -> None:
    line = StatusLine()
    answers += ["importing TensorFlow, about 1 s", "importing TensorFlow, about 2 s"]

    async def wait() -> None:
        assert count_down(line)
        assert line.text == "Importing TensorFlow, about 2 s …"
        assert "hub-spin" in line.value
        await until(line, "Importing TensorFlow, about 1 s …")
        # The work that waited says what comes next.
        line.say("Loading the module …", busy=True)
        await asyncio.sleep(0)

    asyncio.run(wait())
    assert line.text == "Loading the module …"


def test_another_text_stays(answers: list[str]) -> None:
    line = StatusLine()
    answers += ["importing TensorFlow, about 1 s", "importing TensorFlow, about 2 s"]

    async def wait() -> None:
        count_down(line)
        line.say("Cancelled")
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(wait())
    assert line.text == "Cancelled"
    assert len(answers) == 1


def test_nothing_is_said_where_nothing_is_waited_for(answers: list[str]) -> None:
    line = StatusLine()
    assert not answers
    assert not count_down(line)
    assert line.text == ""


def test_without_an_event_loop_it_is_said_once(answers: list[str]) -> None:
    line = StatusLine()
    answers += ["importing TensorFlow, a few more seconds"]
    assert count_down(line)
    assert line.text == "Importing TensorFlow, a few more seconds …"

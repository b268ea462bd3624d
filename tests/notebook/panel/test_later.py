"""What a click waits for comes first: signs that a run goes on, its log and its code are put off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hubexplore.notebook.panel.later import Later
from tests.notebook.panel.person import Person, only


def in_a_loop(work: Callable[[], Any]) -> Any:
    """Calls a function as a message of the browser would, and ends the loop without waiting for timers."""

    async def body() -> Any:
        return work()

    return asyncio.run(body())


def test_without_a_loop_nothing_is_put_off() -> None:
    done: list[int] = []
    Later(1000).put_off(lambda: done.append(1))
    assert done == [1]


def test_only_the_last_one_is_done_and_only_once() -> None:
    later, done = Later(1000), []

    def work() -> None:
        later.put_off(lambda: done.append(1))
        first = later._due
        later.put_off(lambda: done.append(2))
        assert first is not None
        assert first.cancelled()
        assert done == []
        later.do_now()
        later.do_now()
        later.put_off(lambda: done.append(3))
        later.call_off()
        later.do_now()

    in_a_loop(work)
    assert done == [2]


def test_it_is_done_by_itself() -> None:
    later = Later(0)

    async def body() -> str:
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        later.put_off(lambda: done.set_result("done"))
        return await done

    assert asyncio.run(body()) == "done"


def test_outputs_come_before_the_records_of_their_run(half: Person) -> None:
    half.type(only(half), "1")

    def run() -> None:
        half.explorer.run([3.0])
        assert half.output("default")
        assert half.tab.run_log.rows == []
        assert half.tab.code.codes == []
        # What is stored in the notebook is complete.
        assert "half-plus-two" in half.tab.static_html()
        assert [row["number"] for row in half.tab.run_log.rows] == [1]

    in_a_loop(run)


def test_another_signature_has_no_code_of_the_run_before(texts: Person) -> None:
    def run() -> None:
        texts.explorer.run(["bread"])
        texts.tab._selector.put((), "words")
        assert [row["number"] for row in texts.tab.run_log.rows] == [1]
        assert texts.tab.code.codes == []
        texts.tab._records.do_now()
        assert texts.tab.code.codes == []

    in_a_loop(run)


def test_a_short_run_shows_no_signs_of_going_on(half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    half.explorer.run([1.0])  # has loaded the module
    sent: list[str] = []
    for part in (half.tab._run, half.tab._trust, half.tab._cancel, half.tab.status):
        part.observe(lambda change: sent.append(change["name"]), ["disabled", "value"])

    async def body() -> None:
        half.tab.start()
        while half.tab.worker.is_busy:
            await asyncio.sleep(0)

    monkeypatch.setattr(half.tab, "_busy_signs", Later(1000))
    asyncio.run(body())
    assert len(half.explorer.runs) == 2
    assert half.tab.status.text.startswith("Done in")
    assert set(sent) <= {"value"}
    assert len(sent) <= 1


def test_a_long_run_shows_them(half: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    half.explorer.run([1.0])
    loop_turns: list[str] = []
    whole = half.tab.runner.call

    async def body() -> None:
        gate = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slowly(*request: Any) -> Any:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
            return whole(*request)

        monkeypatch.setattr(half.tab.runner, "call", slowly)
        half.tab.start()
        while not half.tab._run.disabled:
            await asyncio.sleep(0)
        loop_turns.append(half.tab.status.text)
        assert not half.tab._cancel.disabled
        gate.set()
        while half.tab.worker.is_busy:
            await asyncio.sleep(0)

    monkeypatch.setattr(half.tab, "_busy_signs", Later(0))
    asyncio.run(body())
    assert loop_turns == ["Running …"]
    assert not half.tab._run.disabled
    assert half.tab._cancel.disabled
    assert half.tab.status.text.startswith("Done in")

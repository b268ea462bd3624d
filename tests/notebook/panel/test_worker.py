"""Work beside the kernel's own thread."""

import asyncio
import threading

from hubexplore.notebook.panel.worker import MAX_LEFT_BEHIND, Worker


class Heard:
    """What a worker told."""

    def __init__(self) -> None:
        self.results: list[object] = []
        self.errors: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def done(self, result: object) -> None:
        self.results.append(result)
        self.threads.append(threading.current_thread())

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)


def test_gives_the_result() -> None:
    worker, heard = Worker(), Heard()
    assert worker.start(lambda: 7, heard.done, heard.failed)
    worker.wait()
    assert heard.results == [7]
    assert not worker.is_busy


def test_gives_the_error() -> None:
    worker, heard = Worker(), Heard()
    worker.start(lambda: 1 // 0, heard.done, heard.failed)
    worker.wait()
    assert [type(error) for error in heard.errors] == [ZeroDivisionError]
    assert not worker.is_busy


def test_works_elsewhere_and_tells_in_the_loop() -> None:
    worker, heard, where = Worker(), Heard(), []

    async def main() -> None:
        worker.start(lambda: where.append(threading.current_thread()), heard.done, heard.failed)
        while worker.is_busy:
            await asyncio.sleep(0)

    asyncio.run(main())
    assert where[0] is not threading.current_thread()
    assert heard.threads == [threading.current_thread()]


def test_one_at_a_time() -> None:
    worker, heard, gate = Worker(), Heard(), threading.Event()
    assert worker.start(gate.wait, heard.done, heard.failed)
    assert not worker.start(lambda: 2, heard.done, heard.failed)
    gate.set()
    worker.wait()
    assert heard.results == [True]


def test_tells_between_two_steps() -> None:
    worker, heard, steps = Worker(), Heard(), []
    worker.start(
        lambda: steps.append("work"),
        heard.done,
        heard.failed,
        before=[
            (lambda: steps.append("first"), lambda: steps.append("then")),
            (lambda: steps.append("second"), lambda: steps.append("and then")),
        ],
    )
    worker.wait()
    assert steps == ["first", "then", "second", "and then", "work"]


def test_what_goes_wrong_first_ends_it() -> None:
    worker, heard = Worker(), Heard()
    worker.start(lambda: 1, heard.done, heard.failed, before=[(lambda: 1 // 0, lambda: heard.done("then"))])
    worker.wait()
    assert heard.results == []
    assert [type(error) for error in heard.errors] == [ZeroDivisionError]


def test_what_was_cancelled_first_does_no_more() -> None:
    worker, heard, gate, worked = Worker(), Heard(), threading.Event(), threading.Event()
    worker.start(worked.set, heard.done, heard.failed, before=[(gate.wait, lambda: heard.done("then"))])
    worker.cancel()
    gate.set()
    worker.wait()
    assert heard.results == []
    assert not worked.is_set()
    assert worker.left_behind == 0


def test_what_was_cancelled_is_dropped() -> None:
    worker, heard, gate = Worker(), Heard(), threading.Event()
    worker.start(gate.wait, heard.done, heard.failed)
    worker.cancel()
    assert not worker.is_busy
    assert worker.left_behind == 1
    assert worker.start(lambda: "next", heard.done, heard.failed)
    gate.set()
    worker.wait()
    assert heard.results == ["next"]


def test_what_is_cancelled_late_is_dropped() -> None:
    worker, heard = Worker(), Heard()

    async def main() -> None:
        worker.start(lambda: 1, heard.done, heard.failed)
        worker.wait()  # it has ended, but nobody was told yet
        worker.cancel()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert heard.results == []
    assert worker.left_behind == 0


def test_few_are_left_behind() -> None:
    worker, heard, gate = Worker(), Heard(), threading.Event()
    for _ in range(MAX_LEFT_BEHIND):
        assert worker.start(gate.wait, heard.done, heard.failed)
        worker.cancel()
    assert not worker.start(lambda: 1, heard.done, heard.failed)
    gate.set()
    worker.wait()
    assert worker.start(lambda: 1, heard.done, heard.failed)
    worker.wait()
    assert heard.results == [1]


def test_cancelling_nothing() -> None:
    worker = Worker()
    worker.cancel()
    assert not worker.is_busy


def test_a_loop_that_is_gone() -> None:
    worker, heard, gate = Worker(), Heard(), threading.Event()

    async def main() -> None:
        worker.start(gate.wait, heard.done, heard.failed)

    asyncio.run(main())
    gate.set()
    worker.wait()
    assert heard.results == []

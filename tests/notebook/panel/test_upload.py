"""Files in pieces, from a front end that may say anything."""

from typing import Any

import pytest

from hubexplore.notebook.panel.fields.upload import MAX_UPLOAD_BYTES, Files, Upload


class InputValue:
    """An upload and what it gave."""

    def __init__(self) -> None:
        self.files: list[Files] = []
        self.widget = Upload(self.files.append, multiple=True)

    def send(self, kind: Any, *buffers: bytes, **rest: Any) -> None:
        self.widget._handle_custom_msg({"kind": kind, **rest}, [memoryview(buffer) for buffer in buffers])

    def begin(self, **sizes: int) -> None:
        self.send("begin", names=list(sizes), sizes=list(sizes.values()))


@pytest.fixture
def given() -> InputValue:
    return InputValue()


def test_pieces_become_files(given: InputValue) -> None:
    given.begin(a=5, b=0, c=3)
    given.send("piece", b"hel", index=0)
    given.send("piece", b"xyz", index=2)
    given.send("piece", b"lo", index=0)
    given.send("end")
    assert given.files == [[("a", b"hello"), ("b", b""), ("c", b"xyz")]]
    assert given.widget.status == "Received 3 files"


def test_a_second_upload_starts_anew(given: InputValue) -> None:
    given.begin(a=5)
    given.send("piece", b"he", index=0)
    given.begin(b=2)
    given.send("piece", b"ok", index=0)
    given.send("end")
    assert given.files == [[("b", b"ok")]]


def test_what_is_incomplete_is_said(given: InputValue) -> None:
    given.begin(a=5)
    given.send("piece", b"he", index=0)
    given.send("end")
    assert given.files == []
    assert "incomplete" in given.widget.status


def test_over_the_limit_nothing_is_kept(given: InputValue) -> None:
    given.begin(a=MAX_UPLOAD_BYTES + 1)
    given.send("piece", b"he", index=0)
    given.send("end")
    assert given.files == []


def test_more_than_was_announced_is_refused(given: InputValue) -> None:
    given.begin(a=2)
    given.send("piece", b"much more", index=0)
    given.send("end")
    assert given.files == []


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": 7},
        {"kind": "begin"},
        {"kind": "begin", "names": "a", "sizes": [1]},
        {"kind": "begin", "names": ["a"], "sizes": [-1]},
        {"kind": "begin", "names": ["a"], "sizes": ["1"]},
        {"kind": "begin", "names": ["a"], "sizes": [1, 2]},
        {"kind": "begin", "names": ["a"] * 100, "sizes": [1] * 100},
        {"kind": "piece"},
        {"kind": "piece", "index": 99},
        {"kind": "piece", "index": -1},
        {"kind": "piece", "index": "0"},
        {"kind": "end"},
        {"kind": "unknown"},
        [],
        "text",
        None,
    ],
    ids=str,
)
def test_nonsense_is_dropped(given: InputValue, message: Any) -> None:
    given.widget._handle_custom_msg(message, [memoryview(b"x")])
    given.widget._handle_custom_msg({"kind": "end"}, [])
    assert given.files == []

"""Files in pieces, from a front end that may say anything."""

from typing import Any

import pytest

from hubexplore.notebook.panel.fields.upload import MAX_UPLOAD_BYTES, Files, Upload


class RecordedUpload:
    """An upload and what it gave."""

    def __init__(self) -> None:
        self.files: list[Files] = []
        self.widget = Upload(self.files.append, multiple=True)

    def send(self, kind: Any, *buffers: bytes, **rest: Any) -> None:
        self.widget._handle_custom_msg({"kind": kind, **rest}, [memoryview(buffer) for buffer in buffers])

    def begin(self, **sizes: int) -> None:
        self.send("begin", names=list(sizes), sizes=list(sizes.values()))


@pytest.fixture
def upload() -> RecordedUpload:
    return RecordedUpload()


def test_pieces_become_files(upload: RecordedUpload) -> None:
    upload.begin(a=5, b=0, c=3)
    upload.send("piece", b"hel", index=0)
    upload.send("piece", b"xyz", index=2)
    upload.send("piece", b"lo", index=0)
    upload.send("end")
    assert upload.files == [[("a", b"hello"), ("b", b""), ("c", b"xyz")]]
    assert upload.widget.status == "Received 3 files"


def test_a_second_upload_starts_over(upload: RecordedUpload) -> None:
    upload.begin(a=5)
    upload.send("piece", b"he", index=0)
    upload.begin(b=2)
    upload.send("piece", b"ok", index=0)
    upload.send("end")
    assert upload.files == [[("b", b"ok")]]


def test_what_is_incomplete_is_said(upload: RecordedUpload) -> None:
    upload.begin(a=5)
    upload.send("piece", b"he", index=0)
    upload.send("end")
    assert upload.files == []
    assert "incomplete" in upload.widget.status


def test_over_the_limit_nothing_is_kept(upload: RecordedUpload) -> None:
    upload.begin(a=MAX_UPLOAD_BYTES + 1)
    upload.send("piece", b"he", index=0)
    upload.send("end")
    assert upload.files == []


def test_more_than_was_announced_is_refused(upload: RecordedUpload) -> None:
    upload.begin(a=2)
    upload.send("piece", b"much more", index=0)
    upload.send("end")
    assert upload.files == []


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
def test_nonsense_is_dropped(upload: RecordedUpload, message: Any) -> None:
    upload.widget._handle_custom_msg(message, [memoryview(b"x")])
    upload.widget._handle_custom_msg({"kind": "end"}, [])
    assert upload.files == []

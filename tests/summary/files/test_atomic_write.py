"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from hubexplore.summary.files.atomic_write import write_file
from tests.folders import names


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    write_file(tmp_path / "page.html", b"one")
    (tmp_path / "page.html").chmod(0o600)
    write_file(str(tmp_path / "page.html"), b"two")
    assert (tmp_path / "page.html").read_bytes() == b"two"
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any, step: str) -> None:
    (tmp_path / "page.html").write_text("old")
    original = getattr(Path, step)

    def fail(path: Path, *args: Any) -> None:
        if step == "write_bytes":
            original(path, b"a part")
        raise error

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else OSError):
        write_file(tmp_path / "page.html", b"new")
    assert (tmp_path / "page.html").read_text() == "old"
    assert names(tmp_path) == ["page.html"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("page.html")
    write_file(tmp_path / "link", b"one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "page.html").read_bytes() == b"one"


def test_a_long_name(tmp_path: Path) -> None:
    write_file(tmp_path / ("é" * 127), b"one")
    assert names(tmp_path) == ["é" * 127]


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_file(tmp_path / "pipe", b"one")
    reader.join()
    assert (read, names(tmp_path)) == ([b"one"], ["pipe"])


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path, b"one")

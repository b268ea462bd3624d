"""This machine's files, read whole and in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubexplore.summary.files.filesystem import LocalFilesystem


def test_a_range_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(10)))
    read_range = LocalFilesystem().read_range
    assert read_range(str(path), 0, 3) == b"\x00\x01\x02"
    assert read_range(str(path), 8, 1) == b"\x08"
    assert read_range(str(path), 8, 5) == b"\x08\x09"
    assert read_range(str(path), 20, 5) == b""
    with pytest.raises(FileNotFoundError):
        read_range(str(tmp_path / "nothing"), 0, 1)

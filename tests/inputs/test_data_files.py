"""Files that code reads: saved whole, and never in place of a different one."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from hubexplore.errors import HubError
from hubexplore.inputs.code import data_files
from hubexplore.inputs.code.data_files import DataFiles


def placed(folder: Path, name: str, content: bytes = b"content") -> str:
    """The name that a file gets, once it is saved."""
    files = DataFiles(folder)
    found = files.place(name, lambda: content, ".png")
    data_files.save(files.unsaved, folder)
    assert (folder / found).read_bytes() == content
    return found


def test_a_different_file_keeps_its_name(tmp_path: Path) -> None:
    assert placed(tmp_path, "a.png") == "a.png"
    assert placed(tmp_path, "a.png") == "a.png"
    assert placed(tmp_path, "a.png", b"other") == "a-2.png"
    assert placed(tmp_path, "a.png", b"another") == "a-3.png"
    assert placed(tmp_path, "a.png", b"other") == "a-2.png"
    (tmp_path / "b.png").mkdir()
    (tmp_path / "b-2.png").symlink_to("nowhere")
    assert placed(tmp_path, "b.png") == "b-3.png"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a-2.png", "a-3.png", "a.png", "b-2.png", "b-3.png", "b.png",
    ]  # fmt: skip


def test_files_of_one_code_have_different_names(tmp_path: Path) -> None:
    files = DataFiles(tmp_path)
    names = [
        files.place("a.png", functools.partial(bytes, content), ".png") for content in (b"1", b"2", b"1")
    ]
    assert names == ["a.png", "a-2.png", "a.png"]
    assert [(name, file.name, file.content) for name, file in files.unsaved.items()] == [
        ("a.png", "a.png", b"1"),
        ("a-2.png", "a-2.png", b"2"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../.bashrc", "bashrc.png"), ("C:\\photos\\a.JPG", "a.JPG"),
        ("sitecustomize.py", "sitecustomize.py.png"),
        ("", "input.png"), ("..", "input.png"), (".png", "png.png"), ("a\nb\u202e:c.png", "a_b__c.png"),
        ("x" * 300 + ".png", "x" * 76 + ".png"), ("no suffix", "no suffix.png"), ("a.ipynb", "a.ipynb.png"),
        ("a.MP3", "a.MP3"),
    ],
)  # fmt: skip
def test_names_of_strangers(tmp_path: Path, name: str, expected: str) -> None:
    assert placed(tmp_path, name) == expected


def test_a_plain_name_that_is_there_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / 'my "data"').write_bytes(b"content")
    assert placed(tmp_path, 'my "data"') == 'my "data"'
    assert DataFiles(tmp_path).has('my "data"', b"content")
    assert not DataFiles(tmp_path).has("../" + tmp_path.name + '/my "data"', b"content")


def test_someone_else_writes_the_name_meanwhile(tmp_path: Path) -> None:
    files = DataFiles(tmp_path)
    files.place("a.png", lambda: b"content", ".png")
    (tmp_path / "a.png").write_bytes(b"theirs")
    with pytest.raises(HubError, match=r"'a\.png' has been written by someone else meanwhile"):
        data_files.save(files.unsaved, tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    files = DataFiles(tmp_path / "gone")
    files.place("a.png", lambda: b"content", ".png")
    with pytest.raises(HubError, match=r"cannot be saved in '.*gone': No such file or directory"):
        data_files.save(files.unsaved, tmp_path / "gone")


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert placed(tmp_path, "a.png") == "a.png"
    assert placed(tmp_path, "a.png", b"other") == "a-2.png"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.png", "a.png"]

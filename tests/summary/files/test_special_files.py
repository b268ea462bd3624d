"""Pipes, devices, sparse files and links in place of a module's files: nothing waits, nothing is endless."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore import errors
from hubexplore.summary.diagnosis import path_diagnosis, saved_model_scan
from hubexplore.summary.files import filesystem
from hubexplore.summary.files.filesystem import LocalFilesystem, SpecialFileError, data_extents, open_regular
from hubexplore.summary.reading.directory import read_module
from tests.summary import saved_models
from tests.summary.checkpoints import WatchedFilesystem
from tests.summary.saved_models import LOCAL, summary_of

FILES = (
    "saved_model.pb",
    "tfhub_module.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    "assets/vocabulary.txt",
)
GIB = 1 << 30


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """With a variable, an asset and an index that is not one."""
    graph = saved_models.meta_graph()
    saved_models.add_variable(graph, "w", [2])
    saved_models.add_asset(graph, "vocabulary.txt")
    return saved_models.write(tmp_path / "m", graph, files=dict.fromkeys(FILES[2:], b"content"))


def _outcome(folder: Path) -> str:
    """What is said of a module: the error, or the warnings of the summary."""
    try:
        return " ".join(summary_of(folder).warnings)
    except errors.HubError as error:
        return str(error)


@pytest.mark.parametrize("make", [_pipe, _device])
@pytest.mark.parametrize("name", FILES)
def test_a_special_file(module: Path, name: str, make: Callable[[Path], None]) -> None:
    (module / name).unlink()
    make(module / name)
    outcome = _outcome(module)
    if name == "variables/variables.data-00000-of-00001":
        # Its index is damaged too, and comes first.
        assert "The weights cannot be read" in outcome
    elif name.startswith("assets"):
        assert "The asset 'vocabulary.txt' is missing" in outcome
    else:
        assert f"is {'a named pipe' if make is _pipe else 'a device'}, not a file" in outcome
        assert name in outcome


@pytest.mark.parametrize("make", [_pipe, _device])
def test_a_special_file_as_module(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "module"
    make(path)
    error = path_diagnosis.explain(str(path), LOCAL)
    assert isinstance(error, errors.UnreadableModuleError)
    assert "not a file. Only regular files are opened." in str(error)


def test_opening_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(SpecialFileError, match="a named pipe"):
        open_regular(str(path))
    with pytest.raises(IsADirectoryError):
        open_regular(str(tmp_path))
    assert filesystem.is_special(str(path))
    assert not filesystem.is_special(str(tmp_path))
    assert not filesystem.is_special(str(tmp_path / "nothing"))


def test_a_pipe_that_takes_the_place_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at it and its opening."""
    file, pipe = tmp_path / "file", tmp_path / "pipe"
    file.write_bytes(b"content")
    os.mkfifo(pipe)
    seen = file.stat()
    monkeypatch.setattr(os, "stat", lambda _: seen)
    with pytest.raises(SpecialFileError):
        open_regular(str(pipe))


def _sparse(path: Path, size: int, head: bytes = b"") -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


@pytest.mark.parametrize("name", ["saved_model.pb", "tfhub_module.pb", "variables/variables.index"])
def test_a_file_that_is_longer_than_its_format_allows(module: Path, name: str) -> None:
    _sparse(module / name, 8 * GIB, (module / name).read_bytes())
    outcome = _outcome(module)
    assert "has 8,589,934,592 bytes, but at most" in outcome
    assert name in outcome


def test_a_graph_most_of_which_was_never_written(module: Path) -> None:
    content = (module / "saved_model.pb").read_bytes()
    _sparse(module / "saved_model.pb", GIB, content)
    with pytest.raises(errors.DamagedModuleError, match="were ever written: a copy or download broke off"):
        summary_of(module)
    error = path_diagnosis.explain(str(module), LOCAL)
    assert isinstance(error, errors.DamagedModuleError)
    assert "1,073,741,824 bytes" in str(error)


def test_a_long_text_form(module: Path) -> None:
    (module / "saved_model.pb").unlink()
    (module / "saved_model.pbtxt").write_bytes(b"# comment\n" * (saved_model_scan.LARGEST_TEXT // 10 + 1))
    with pytest.raises(errors.UnsupportedFormatError, match="text form of 2,097,160 bytes") as caught:
        summary_of(module)
    assert "Write it in binary form" in str(caught.value)


def test_where_a_file_holds_data(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(b"x" * 4096)
        file.seek(1 << 24)
        file.write(b"y" * 4096)
        file.truncate(1 << 26)
    extents = data_extents(str(path), 0, 1 << 26)
    assert extents[0] == (0, 4096)
    assert sum(end - start for start, end in extents) < 1 << 16
    assert data_extents(str(path), 1 << 25, 1 << 26) == []


@pytest.mark.parametrize("name", ["link", "assets", "deep/link"])
def test_a_link_to_the_root(module: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = module / name
    link.parent.mkdir(exist_ok=True)
    if link.exists():
        link.rename(module / "other")
    link.symlink_to("/")
    listed: list[str] = []

    def listdir(self: LocalFilesystem, path: str) -> list[str]:
        listed.append(path)
        return [each.name for each in Path(path).iterdir()]

    monkeypatch.setattr(LocalFilesystem, "listdir", listdir)
    summary = summary_of(module)
    assert [path for path in listed if path.startswith(f"{module}/{name}/")] == []
    assert "saved_model.pb" in [file.name for file in summary.files]
    assert (f"{module}/{name}" in listed) == (name == "assets")


def test_folders_of_the_format_may_lie_elsewhere(module: Path, tmp_path: Path) -> None:
    """As in caches that keep content apart from names."""
    before = summary_of(module)
    for name in ("assets", "variables"):
        (module / name).rename(tmp_path / name)
        (module / name).symlink_to(tmp_path / name)
    after = summary_of(module)
    assert after.files == before.files
    assert after.digest == before.digest


def test_the_digest_reads_no_more_than_a_gibibyte(module: Path) -> None:
    _sparse(module / "assets/vocabulary.txt", 64 * GIB)
    watched = WatchedFilesystem()
    first = read_module(str(module), watched).digest
    assert len(watched.ranges) < 10
    _sparse(module / "assets/vocabulary.txt", 64 * GIB + 1)
    assert summary_of(module).digest != first

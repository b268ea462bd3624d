"""The digest of a module's content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore.errors import UnreadableModuleError
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.trust.content import content_digest, content_of


def digest(folder: Path, names: tuple[str, ...] | None = None) -> str:
    return content_digest(ModuleDirectory(str(folder), LocalFilesystem(), names))


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    for name in ("saved_model.pb", "tfhub_module.pb", "variables/variables.index", "assets/deep/words.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "variables/variables.data-00000-of-00001").write_bytes(bytes(5000))
    return folder


def test_a_copy_elsewhere_has_the_same_digest(module: Path) -> None:
    before = digest(module)
    assert digest(module.rename(module.with_name("other"))) == before
    assert len(before) == 64


def _move(folder: Path, old: str, new: str) -> None:
    (folder / old).rename(folder / new)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte of the weights": lambda f: (f / "variables/variables.data-00000-of-00001").write_bytes(
        bytes(4999) + b"\1"
    ),
    "the graph": lambda f: (f / "saved_model.pb").write_bytes(b"saved_model.pB"),
    "an asset": lambda f: (f / "assets/deep/words.txt").write_bytes(b""),
    "the name of an asset": lambda f: _move(f, "assets/deep/words.txt", "assets/words.txt"),
    "another asset": lambda f: (f / "assets/more").write_bytes(b""),
    "a graph as text": lambda f: (f / "saved_model.pbtxt").write_bytes(b""),
    "a file less": lambda f: (f / "tfhub_module.pb").unlink(),
    # The texts of all files, one after the other, stay the same.
    "a border between files": lambda f: (
        (f / "saved_model.pb").write_bytes(b"saved_model.pbt"),
        (f / "tfhub_module.pb").write_bytes(b"fhub_module.pb"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_what_runs_is_another_content(module: Path, change: str) -> None:
    before = digest(module)
    CHANGES[change](module)
    assert digest(module) != before


def test_files_that_nothing_loads_do_not_count(module: Path) -> None:
    before = digest(module)
    (module / "README.md").write_text("about it")
    assert digest(module) == before


def test_a_model_among_other_files(module: Path) -> None:
    (module / "graph.pb").write_bytes(b"graph")
    before = digest(module, ("graph.pb",))
    (module / "saved_model.pb").write_bytes(b"other")
    assert digest(module, ("graph.pb",)) == before
    (module / "graph.pb").write_bytes(b"grapH")
    assert digest(module, ("graph.pb",)) != before


@pytest.mark.parametrize("change", CHANGES)
def test_any_later_change_is_noticed_without_reading(module: Path, change: str) -> None:
    content = content_of(ModuleDirectory(str(module), LocalFilesystem()))
    content.confirm()
    CHANGES[change](module)
    with pytest.raises(UnreadableModuleError, match="have changed"):
        content.confirm()


def test_a_change_that_keeps_size_and_time_is_noticed(module: Path) -> None:
    file = module / "assets/deep/words.txt"
    content = content_of(ModuleDirectory(str(module), LocalFilesystem()))
    before = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(UnreadableModuleError):
        content.confirm()


def test_a_change_while_it_is_read_is_noticed(module: Path) -> None:
    class Writing(LocalFilesystem):
        """Another program appends to a file that was read already."""

        def read_range(self, path: str, offset: int, size: int) -> bytes:
            if path.endswith("variables.index"):
                (module / "saved_model.pb").write_bytes(b"other")
            return super().read_range(path, offset, size)

    with pytest.raises(UnreadableModuleError, match="have changed"):
        content_of(ModuleDirectory(str(module), Writing()))


def test_a_graph_that_is_not_the_one_that_was_read(module: Path) -> None:
    place = ModuleDirectory(str(module), LocalFilesystem()).marked()
    content_of(place)
    (module / "saved_model.pb").write_bytes(b"other")
    with pytest.raises(UnreadableModuleError, match="have changed"):
        content_of(place)


def test_what_cannot_be_read_has_no_digest(module: Path) -> None:
    with pytest.raises(UnreadableModuleError, match=r"cannot be read"):
        digest(module, ("absent.pb",))

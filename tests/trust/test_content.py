"""The digest of a module's content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubexplore.errors import UnreadableModuleError
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.trust.content import content_digest


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


def test_what_cannot_be_read_has_no_digest(module: Path) -> None:
    with pytest.raises(UnreadableModuleError, match=r"cannot be read"):
        digest(module, ("absent.pb",))

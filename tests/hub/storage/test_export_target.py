"""What an export may replace, what it may add to, and what it leaves alone with one clear error."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import ExportError, ExportExistsError, HubError
from hubexplore.hub.placement import rename as renaming
from hubexplore.hub.placement.scratch import Scratch
from hubexplore.hub.storage import export as export_module
from tests.folders import names
from tests.hub import modules

tf1 = tf.compat.v1
MODULE = ["saved_model.pb", "tfhub_module.pb", "variables"]

Export = Callable[..., None]


@pytest.fixture
def export(affine: Any) -> Iterator[Export]:
    """Exports a module whose `b` is what is asked for."""
    with modules.initialized_session() as session:

        def write(path: Path | str, b: float = 1.0, overwrite: bool = False) -> None:
            session.run(affine.variable_map["b"].assign([b] * 3))
            affine.export(path, session, overwrite=overwrite)

        yield write


def value(path: Path | str) -> float:
    return float(modules.evaluate(path, [[0.0, 0.0]])["default"][0, 0])


def state(folder: Path) -> dict[str, Any]:
    """All that is in a folder: names, contents, where links lead, rights, and which file each is."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = content, status.st_mode, status.st_ino
    return found


# Overwriting.


def test_the_new_one_is_there(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "module", 1)
    export(tmp_path / "module", 2, overwrite=True)
    assert value(tmp_path / "module") == 2
    assert names(tmp_path) == ["module"]


def test_where_nothing_is(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "a" / "module", 2, overwrite=True)
    assert value(tmp_path / "a" / "module") == 2


def test_an_export_of_a_checkpoint(export: Export, affine: Any, tmp_path: Path) -> None:
    export(tmp_path / "module", 3)
    spec = hub.create_module_spec(modules.affine)
    checkpoint = tmp_path / "module" / "variables" / "variables"
    with pytest.raises(ExportExistsError, match="overwrite=True"):
        spec.export(tmp_path / "module", checkpoint_path=checkpoint)
    spec.export(tmp_path / "module", checkpoint_path=checkpoint, overwrite=True)
    assert value(tmp_path / "module") == 3


def test_in_place_of_its_own_files(tmp_path: Path, graph: tf.Graph) -> None:
    """Assets and the values of other graph variants come from the directory that is replaced."""
    (tmp_path / "words.txt").write_text("a\nb\n")
    spec = hub.create_module_spec(modules.lookup, [((), {"vocabulary": str(tmp_path / "words.txt")})])
    path = modules.export(spec, tmp_path / "module")
    module = hub.Module(path)
    with modules.initialized_session() as session:
        module.export(path, session, overwrite=True)
    assert modules.evaluate(path, ["b"])["default"].tolist() == [1]
    assert (tmp_path / "module" / "assets" / "words.txt").read_text() == "a\nb\n"


FOREIGN = [
    "notes.txt", "README.md", ".gitignore", "smart_module.pb", "variables/extra.npz", "variables/more/x",
    "variables/variables.data-0-of-1", "assets/mine.txt", "assets/deep/mine.txt", "assets/words.txt.bak",
    "assets.extra/warmup", "plots/a.png", "variables.txt", "saved_model.pb~",
]  # fmt: skip


@pytest.mark.parametrize("file", FOREIGN)
def test_files_of_other_kinds_are_not_deleted(tmp_path: Path, graph: tf.Graph, file: str) -> None:
    (tmp_path / "words.txt").write_text("a\n")
    spec = hub.create_module_spec(modules.lookup, [((), {"vocabulary": str(tmp_path / "words.txt")})])
    target = Path(modules.export(spec, tmp_path / "module"))
    module = hub.Module(spec)
    (target / file).parent.mkdir(parents=True, exist_ok=True)
    (target / file).write_text("precious")
    before = state(tmp_path)
    with modules.initialized_session() as session, pytest.raises(ExportExistsError) as refused:
        module.export(target, session, overwrite=True)
    assert state(tmp_path) == before
    named = (file, *(f"{parent}/" for parent in Path(file).parents))
    assert any(repr(part) in str(refused.value) for part in named)
    assert "Nothing was changed" in str(refused.value)


def test_many_files_of_other_kinds(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "module")
    for number in range(20):
        (tmp_path / "module" / f"note {number:02}").touch()
    with pytest.raises(ExportExistsError) as refused:
        export(tmp_path / "module", overwrite=True)
    assert "'note 00', 'note 01', 'note 02' and 17 more" in str(refused.value)


def test_what_writers_of_models_leave_goes_with_the_model(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "module")
    for name in ("fingerprint.pb", "keras_metadata.pb", "saved_model.pbtxt", ".DS_Store", "Thumbs.db"):
        (tmp_path / "module" / name).touch()
    (tmp_path / "module" / "assets").mkdir()
    export(tmp_path / "module", 2, overwrite=True)
    assert names(tmp_path / "module") == MODULE


def test_a_damaged_module_is_replaced(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "module")
    (tmp_path / "module" / "saved_model.pb").write_bytes(b"\xff" * 10)
    (tmp_path / "module" / "variables" / "variables.index").unlink()
    export(tmp_path / "module", 2, overwrite=True)
    assert value(tmp_path / "module") == 2


# Links.


def test_what_linked_files_lead_to_stays(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "store")
    before = state(tmp_path / "store")
    (tmp_path / "module").mkdir()
    for name in MODULE:
        (tmp_path / "module" / name).symlink_to(tmp_path / "store" / name)
    export(tmp_path / "module", 2, overwrite=True)
    assert (value(tmp_path / "module"), value(tmp_path / "store")) == (2, 1)
    assert state(tmp_path / "store") == before


def test_a_link_is_not_replaced(export: Export, tmp_path: Path) -> None:
    export(tmp_path / "v1")
    (tmp_path / "latest").symlink_to("v1")
    refused(export, tmp_path / "latest", tmp_path, f"Export to {str(tmp_path / 'v1')!r}", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_that_leads_nowhere(export: Export, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    refused(export, tmp_path / "link", tmp_path, "link to .*absent.*os.unlink", overwrite)
    refused(export, tmp_path / "link" / "module", tmp_path, "link to .*absent.*os.unlink", overwrite)


# Places where nothing can be written.


def refused(
    export: Export, path: Path | str, folder: Path, words: str, overwrite: bool = False
) -> BaseException:
    """Exports; expects one short HubError that is an OSError, and everything in `folder` as before."""
    before = state(folder)
    with pytest.raises(HubError, match=words) as error:
        export(path, 2, overwrite=overwrite)
    assert isinstance(error.value, OSError)
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 350 + 2 * len(str(path))
    assert state(folder) == before
    return error.value


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file(export: Export, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "file").write_text("mine")
    refused(export, tmp_path / "file", tmp_path, "is a file. Export to a directory", overwrite)
    refused(
        export,
        tmp_path / "file" / "a" / "b",
        tmp_path,
        "/file' is a file, so it cannot contain a directory",
        overwrite,
    )


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "/".join(["y" * 200] * 25)])
def test_a_name_that_is_too_long(export: Export, tmp_path: Path, name: str) -> None:
    refused(export, tmp_path / name, tmp_path, "File name too long.*shorter")
    refused(export, tmp_path / name / "module", tmp_path, "File name too long.*shorter")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, ".x", "a b", "$(id)", "new\nline", "*", "[1]"])
def test_a_name_that_is_allowed(export: Export, tmp_path: Path, name: str) -> None:
    export(tmp_path / name, 1)
    export(tmp_path / name, 2, overwrite=True)
    assert value(tmp_path / name) == 2
    assert names(tmp_path) == [name]


def test_the_current_directory_is_not_replaced(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path / "module")
    for folder in ("module", "module/variables"):
        monkeypatch.chdir(tmp_path / folder)
        refused(export, tmp_path / "module", tmp_path, "current directory.*os.chdir", overwrite=True)


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit for the size of files")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_disk_that_ends_in_the_middle(
    graph: tf.Graph, tmp_path: Path, overwrite: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow cannot write more than a part of the values."""

    def module_fn() -> None:
        hub.add_signature(outputs=tf1.get_variable("w", [100_000]) * 1.0)

    module = hub.Module(hub.create_module_spec(module_fn))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with modules.initialized_session() as session:
        module.export(tmp_path / "module", session) if overwrite else None
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            error = refused(
                lambda path, _, overwrite: module.export(path, session, overwrite=overwrite),
                tmp_path / "module", tmp_path, "File too large.*ulimit -f", overwrite,
            )  # fmt: skip
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(error.__cause__, tf.errors.OutOfRangeError)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
def test_errors_of_the_disk(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    export(tmp_path / "module")

    def fail(path: str, data: bytes) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(export_module, "write_bytes", fail)
    refused(export, tmp_path / "module", tmp_path, os.strerror(number), overwrite=True)
    refused(export, tmp_path / "a" / "b", tmp_path, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EBUSY, errno.EACCES])
def test_a_module_that_cannot_be_moved(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Such as one of a lower layer of an overlay file system."""
    export(tmp_path / "module")

    def fail(*_: object) -> bool:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(renaming, "exchange", fail)
    refused(export, tmp_path / "module", tmp_path, os.strerror(number), overwrite=True)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts an empty file system; skips where this user may not."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mounted(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, check=False, capture_output=True)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip("this user may not mount anything")
        return place

    yield mounted
    subprocess.run(["umount", str(place)], check=False, capture_output=True)


def test_a_full_disk(export: Export, tmp_path: Path, mount: Callable[..., Path]) -> None:
    place = mount("size=16k")
    refused(export, place / "module", tmp_path, "No space left on device. Make room there")
    refused(export, place, tmp_path, "No space left on device. Make room there")


def test_a_mount_point(export: Export, tmp_path: Path, mount: Callable[..., Path]) -> None:
    place = mount("size=1m")
    export(place, 1)
    assert value(place) == 1
    refused(export, place, tmp_path, "is a mount point.*inside it", overwrite=True)


def test_a_read_only_disk(export: Export, tmp_path: Path, mount: Callable[..., Path]) -> None:
    place = mount("ro")
    refused(export, place / "module", tmp_path, "Read-only file system in .*you may write")
    refused(export, place, tmp_path, "Read-only file system in .*you may write")


def test_the_cause_is_chained(export: Export, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError) as error:
        export(tmp_path / "file" / "module")
    assert isinstance(error.value.__cause__, OSError)


# What dead processes left.


def dead(target: Path) -> Scratch:
    """A scratch folder whose process is dead."""
    scratch = Scratch(target, target.parent)
    scratch.make()
    scratch._unlock()
    return scratch


@pytest.mark.parametrize("load", [hub.load_module_spec, hub.summarize])
def test_a_load_brings_back_what_was_moved_aside(export: Export, tmp_path: Path, load: Any) -> None:
    export(tmp_path / "module", 5)
    (tmp_path / "module").rename(dead(tmp_path / "module").old)
    load(tmp_path / "module")
    assert value(tmp_path / "module") == 5
    assert names(tmp_path) == ["module"]


def test_a_load_of_what_is_there_lists_no_folder(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path / "module")
    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", lambda *_: pytest.fail("a folder was listed"))
        hub.load_module_spec(tmp_path / "module")


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_export_brings_it_back_too(export: Export, tmp_path: Path, overwrite: bool) -> None:
    export(tmp_path / "module", 5)
    (tmp_path / "module").rename(dead(tmp_path / "module").old)
    dead(tmp_path / "another")
    if overwrite:
        export(tmp_path / "module", 6, overwrite=True)
    else:
        with pytest.raises(ExportExistsError):
            export(tmp_path / "module", 6)
    assert value(tmp_path / "module") == (6 if overwrite else 5)
    assert names(tmp_path) == ["module"]


# Others who export there.


def test_another_export_that_was_quicker(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = export_module.write_bytes
    quick: list[str] = []

    def meanwhile(path: str, data: bytes) -> None:
        write(path, data)
        if not quick:
            quick.append(path)
            export(tmp_path / "module", 1)

    monkeypatch.setattr(export_module, "write_bytes", meanwhile)
    with pytest.raises(ExportExistsError, match="already holds a model"):
        export(tmp_path / "module", 2)
    assert value(tmp_path / "module") == 1
    assert names(tmp_path) == ["module"]


def test_a_file_that_came_while_it_was_written(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path / "module")
    write = export_module.write_bytes

    def meanwhile(path: str, data: bytes) -> None:
        write(path, data)
        (tmp_path / "module" / "notes.txt").write_text("precious")

    monkeypatch.setattr(export_module, "write_bytes", meanwhile)
    with pytest.raises(ExportExistsError, match=r"notes\.txt"):
        export(tmp_path / "module", 2, overwrite=True)
    assert names(tmp_path / "module") == ["notes.txt", *MODULE]
    assert value(tmp_path / "module") == 1


# Remote file systems.


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[str]:
    """A folder in TensorFlow's file system in memory."""
    folder = f"ram://{tmp_path.name}"
    yield folder
    if tf.io.gfile.exists(folder):
        tf.io.gfile.rmtree(folder)


def remote_files(folder: str) -> list[str]:
    return sorted(
        f"{place}/{name}".removeprefix(f"{folder}/")
        for place, _, files in tf.io.gfile.walk(folder)
        for name in files
    )


FILES = [
    "saved_model.pb",
    "tfhub_module.pb",
    *(f"variables/variables.{end}" for end in ("data-00000-of-00001", "index")),
]


# Of a new one, and of one that replaces another.
RENAMES = [(False, number) for number in range(1, 5)] + [(True, number) for number in range(1, 9)]


def test_a_remote_one(export: Export, remote: str) -> None:
    export(f"{remote}/module", 1)
    assert remote_files(remote) == [f"module/{file}" for file in FILES]
    with pytest.raises(ExportExistsError, match="already holds a model"):
        export(f"{remote}/module", 2)
    assert value(f"{remote}/module") == 1
    export(f"{remote}/module", 2, overwrite=True)
    assert value(f"{remote}/module") == 2
    assert remote_files(remote) == [f"module/{file}" for file in FILES]


def test_a_remote_one_with_a_file_of_another_kind(export: Export, remote: str) -> None:
    export(f"{remote}/module", 1)
    tf.io.gfile.makedirs(f"{remote}/module/notes")
    with tf.io.gfile.GFile(f"{remote}/module/notes/mine.txt", "w") as file:
        file.write("precious")
    with pytest.raises(ExportExistsError, match="notes"):
        export(f"{remote}/module", 2, overwrite=True)
    assert value(f"{remote}/module") == 1


@pytest.mark.parametrize(("overwrite", "number"), RENAMES)
def test_a_remote_one_stopped_between_renames(
    export: Export, remote: str, monkeypatch: pytest.MonkeyPatch, overwrite: bool, number: int
) -> None:
    if overwrite:
        export(f"{remote}/module", 1)
    rename, calls = tf.io.gfile.rename, []

    def interrupted(source: str, target: str, overwrite: bool = False) -> None:
        calls.append(source)
        if len(calls) == number:
            raise KeyboardInterrupt
        rename(source, target, overwrite)

    monkeypatch.setattr(tf.io.gfile, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(f"{remote}/module", 2, overwrite=overwrite)
    monkeypatch.undo()
    if overwrite:
        assert value(f"{remote}/module") == 1
        assert remote_files(remote) == [f"module/{file}" for file in FILES]
    else:
        assert not tf.io.gfile.exists(f"{remote}/module")

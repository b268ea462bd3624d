"""What each form of handle becomes."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import archive, cache, filesystem_of, pinned, read, resolve
from hubexplore.hub.resolve.archive_entries import Archived
from hubexplore.hub.resolve.tf_filesystem import GfileFilesystem

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives


def plugin(rest: str) -> str:
    return f"/made/of/{rest}"


def test_a_directory_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (str(tmp_path), ".", "relative/", "not/there"):
        assert resolve(path) == str(tmp_path / path)
    assert resolve(tmp_path) == resolve(os.fsencode(tmp_path)) == str(tmp_path)


def test_a_directory_named_like_an_archive(tmp_path: Path) -> None:
    (tmp_path / "m.tar.gz").mkdir()
    assert resolve(tmp_path / "m.tar.gz") == str(tmp_path / "m.tar.gz")


def test_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("~/module") == str(tmp_path / "module")


def test_a_handle_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pinned("a/b") == f"{tmp_path}/a/b"
    for handle in ("sample:digits", "https://a.b/c?d", "gs://a/b"):
        assert pinned(handle) == handle


@pytest.mark.parametrize("prefix", ["file:", "file://", "file://localhost"])
def test_file_addresses(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    assert resolve(f"{prefix}{tmp_path}/a b") == f"{tmp_path}/a b"
    assert resolve(f"{prefix}{tmp_path}/a%20b") == f"{tmp_path}/a b"


def test_file_addresses_without_slashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archives: Archives
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    assert resolve("file:a%20b") == pinned("file:a%20b") == f"{tmp_path}/a b"
    (tmp_path / "m.tar.gz").write_bytes(archives.tar_gz())
    assert resolve("file:m.tar.gz") == resolve(tmp_path / "m.tar.gz")


def test_a_drive_of_windows_is_no_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("C:\\module") == f"{tmp_path}/C:\\module"


def test_a_colon_in_an_existing_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "step:100").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("step:100") == str(tmp_path / "step:100")


@pytest.mark.parametrize(
    "handle", [3, None, ["path"], "", b"", "  ", "a\0b", Path("gs://a/b"), Path("https://a.b/c")]
)
def test_what_is_no_handle(handle: Any) -> None:
    with pytest.raises(errors.HandleError, match="handle") as caught:
        resolve(handle)
    assert isinstance(caught.value, ValueError)


def test_a_local_archive(tmp_path: Path, archives: Archives, left: Callable[[], list[str]]) -> None:
    for name in ("m.tar.gz", "n.tgz"):
        (tmp_path / name).write_bytes(archives.tar_gz())
        path = resolve(tmp_path / name)
        assert Path(path, "assets/words.txt").read_bytes() == b"word\n"
        assert resolve(str(tmp_path / name)) == path
    assert sorted(Path(name).suffix for name in left()) == ["", "", ".archive", ".archive", ".json", ".json"]


def test_an_archive_that_was_touched_is_not_extracted_again(
    tmp_path: Path, archives: Archives, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.tar.gz"
    file.write_bytes(archives.tar_gz())
    path = resolve(file)
    before = left()
    monkeypatch.setattr(archive, "extract", None)
    for time in range(5):
        os.utime(file, ns=(time, time))
        assert resolve(file) == path
    monkeypatch.setattr(Archived, "_digest", None)  # The time that was seen last is known.
    assert resolve(file) == path
    assert left() == before


def test_an_archive_that_is_written_again_and_again(
    tmp_path: Path, archives: Archives, left: Callable[[], list[str]]
) -> None:
    """The entries that a process has read from stay until it ends."""
    file = tmp_path / "m.tar.gz"
    code = "import sys; from hubexplore.hub.resolve import resolve; print(resolve(sys.argv[1]))"
    file.write_bytes(archives.tar_gz())
    mine = resolve(file)
    for word in (b"a", b"b", b"c", b"b"):
        file.write_bytes(archives.tar_gz({**archives.MODULE, "assets/words.txt": word}))
        last = subprocess.run([sys.executable, "-c", code, file], check=True, capture_output=True, text=True)
    entries = [name for name in left() if "." not in name]
    assert sorted(entries) == sorted([Path(mine).name, Path(last.stdout.strip()).name])
    assert Path(last.stdout.strip(), "assets/words.txt").read_bytes() == b"b"
    assert Path(mine, "assets/words.txt").read_bytes() == b"word\n"


def test_of_one_archive_a_process_keeps_only_so_many_entries(
    tmp_path: Path, archives: Archives, left: Callable[[], list[str]]
) -> None:
    file = tmp_path / "m.tar.gz"
    for number in range(40):
        file.write_bytes(archives.tar_gz({**archives.MODULE, "assets/words.txt": str(number).encode()}))
        path = resolve(file)
    assert Path(path, "assets/words.txt").read_bytes() == b"39"
    assert len([name for name in left() if "." not in name]) <= 17


def test_a_record_that_names_folders_elsewhere(tmp_path: Path, archives: Archives, cache_dir: Path) -> None:
    """Others may write to a shared cache: what a record says is never used as a path."""
    file, own = tmp_path / "m.tar.gz", tmp_path / "own"
    own.mkdir()
    (own / "work.txt").write_text("mine")
    file.write_bytes(archives.tar_gz())
    path = resolve(file)
    (record,) = cache_dir.glob("*.archive")
    written = json.loads(record.read_bytes())
    aside = os.path.relpath(own, cache_dir)
    for changes in (
        {"earlier": [aside, str(own), "..", ""]},
        {"key": aside, "earlier": [aside]},
        {"key": None},
    ):
        record.write_text(json.dumps({**written, **changes}))
        assert resolve(file) == path
        assert (own / "work.txt").read_text() == "mine"


def test_the_entry_of_an_earlier_version_is_found(
    tmp_path: Path, archives: Archives, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.tar.gz"
    file.write_bytes(archives.tar_gz())
    status = file.stat()
    former = cache_dir / cache.key_of(f"{file}\n{status.st_size}\n{status.st_mtime_ns}")
    former.mkdir(parents=True)
    (former / "saved_model.pb").write_bytes(archives.MODULE["saved_model.pb"])
    assert resolve(file) == str(former)


def test_an_archive_that_is_written_while_it_is_read(
    tmp_path: Path, archives: Archives, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.tar.gz"
    file.write_bytes(archives.tar_gz())

    def extract(*args: Any, **options: Any) -> str:
        file.write_bytes(archives.tar_gz() + b"more")
        return real(*args, **options)

    real = archive.extract
    monkeypatch.setattr(archive, "extract", extract)
    with pytest.raises(errors.ArchiveError, match="changed while it was being extracted"):
        resolve(file)
    assert left() == []


@pytest.mark.parametrize("damage", ["saved_model.pb", "assets/words.txt"])
@pytest.mark.parametrize("recorded", [False, True])
def test_damage_that_a_reader_finds(damage: str, recorded: bool, tmp_path: Path, archives: Archives) -> None:
    """Of the same size and time, or in an entry of another program: all is extracted again."""
    (tmp_path / "m.tar.gz").write_bytes(archives.tar_gz())
    path = resolve(tmp_path / "m.tar.gz")
    file = Path(path, damage)
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    if not recorded:
        Path(f"{path}.json").unlink()
    reads = []

    def reader(directory: str) -> bytes:
        content = Path(directory, damage).read_bytes()
        reads.append(content)
        if content != archives.MODULE[damage]:
            raise errors.DamagedModuleError("cannot be read")
        return content

    assert read(tmp_path / "m.tar.gz", reader) == archives.MODULE[damage]
    assert len(reads) == 2
    with pytest.raises(errors.DamagedModuleError, match="always"):
        read(tmp_path / "m.tar.gz", always)  # What is as it was in the archive is not extracted again.


def always(directory: str) -> None:
    raise errors.DamagedModuleError("always")


def test_a_rewritten_archive_is_extracted_again(tmp_path: Path, archives: Archives) -> None:
    file = tmp_path / "m.tar.gz"
    # Zeros behind an archive change nothing. With them only the time tells the two apart.
    file.write_bytes(archives.tar_gz().ljust(1000, b"\0"))
    os.utime(file, ns=(1, 1))
    before = resolve(file)
    other = archives.tar_gz({**archives.MODULE, "assets/words.txt": b"WORD\n"})
    file.write_bytes(other.ljust(1000, b"\0"))
    after = resolve(file)
    assert before != after
    assert Path(after, "assets/words.txt").read_bytes() == b"WORD\n"


def test_an_archive_that_is_not_there(tmp_path: Path, archives: Archives) -> None:
    (tmp_path / "module.tar.gz").write_bytes(archives.tar_gz())
    with pytest.raises(errors.MissingModuleError, match=r"Did you mean '.*module.tar.gz'"):
        resolve(tmp_path / "modul.tar.gz")


def test_a_damaged_local_archive(tmp_path: Path, archives: Archives, left: Callable[[], list[str]]) -> None:
    file = tmp_path / "m.tar.gz"
    file.write_bytes(archives.tar_gz()[:-1])
    with pytest.raises(errors.ArchiveError, match=r"m.tar.gz'.* cut"):
        resolve(file)
    assert left() == []


def test_an_archive_of_a_damaged_module(tmp_path: Path, archives: Archives) -> None:
    file = tmp_path / "m.tar.gz"
    file.write_bytes(archives.tar_gz({"tfhub_module.pb": b"\x08\x03", "saved_model.pb": b"\x08"}))
    with pytest.raises(errors.DamagedModuleError, match=r"'saved_model.pb' is damaged"):
        resolve(file)


def test_unknown_schemes_name_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for handle, closest in (("smaple:digits", "sample"), ("htps://a.b/c", "https"), ("rsm://a", "ram")):
        with pytest.raises(errors.HandleError, match=f"Did you mean '{closest}'"):
            resolve(handle)


def test_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(group: str) -> list[importlib.metadata.EntryPoint]:
        return [importlib.metadata.EntryPoint("shelf", f"{__name__}:plugin", group)]

    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or sys)
    monkeypatch.setattr(sys.modules[__name__], "plugin", plugin, raising=False)
    monkeypatch.setattr(importlib.metadata, "entry_points", points)
    assert resolve("shelf:a/b") == "/made/of/a/b"
    assert resolve("SHELF:a") == "/made/of/a"


def test_other_filesystems(archives: Archives) -> None:
    import tensorflow as tf

    for name, content in archives.MODULE.items():
        tf.io.gfile.makedirs(os.path.dirname(f"ram://m/{name}"))
        with tf.io.gfile.GFile(f"ram://m/{name}", "wb") as file:
            file.write(content)
    tf.io.gfile.makedirs("ram://archives")
    with tf.io.gfile.GFile("ram://archives/m.tar.gz", "wb") as file:
        file.write(archives.tar_gz())
    assert resolve("ram://m") == "ram://m"
    filesystem = filesystem_of("ram://m")
    assert isinstance(filesystem, GfileFilesystem)
    assert sorted(filesystem.listdir("ram://m")) == ["assets", "saved_model.pb", "tfhub_module.pb"]
    assert filesystem.read("ram://m/tfhub_module.pb", 1) == b"\x08"
    assert filesystem.size("ram://m/tfhub_module.pb") == 2
    assert filesystem.read_range("ram://m/assets/words.txt", 1, 3) == b"ord"
    assert filesystem.read_range("ram://m/assets/words.txt", 3, 9) == b"d\n"
    assert filesystem.read_range("ram://m/assets/words.txt", 9, 9) == b""
    with pytest.raises(FileNotFoundError):
        filesystem.read("ram://m/nothing")
    assert Path(resolve("ram://archives/m.tar.gz"), "assets/words.txt").read_bytes() == b"word\n"
    with pytest.raises(errors.MissingModuleError, match="does not exist"):
        resolve("ram://archives/n.tar.gz")


def test_archives_and_downloads_need_no_tensorflow(tmp_path: Path, archives: Archives) -> None:
    (tmp_path / "m.tar.gz").write_bytes(archives.tar_gz())
    code = (
        "import sys; from hubexplore.hub.resolve import resolve; resolve(sys.argv[1]);"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.tar.gz")], check=True)

"""A cache on a file system of TensorFlow: `ram://` is the one in the memory of this process."""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore import errors
from hubexplore.checkup import cache_health
from hubexplore.checkup.findings import OK, PROBLEM
from hubexplore.checkup.module_health import examine
from hubexplore.cli import BAD_INPUT, DIFFERENT, main
from hubexplore.hub.resolve import cache, read, remote_cache, resolve
from tests.hub.resolve.conftest import Archives, Server

FILES = {"assets/words.txt": b"word", "saved_model.pb": b"new", "variables/variables.index": b"i"}
_number = itertools.count()


def build(target: str) -> None:
    for name, content in FILES.items():
        path = Path(target, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def never(target: str) -> None:
    raise AssertionError(f"built again: {target}")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a cache that does not exist yet."""
    address = f"ram://test{next(_number)}/models"
    monkeypatch.setenv("TFHUB_CACHE_DIR", f"{address}/")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    return address


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def stored(folder: str) -> dict[str, bytes]:
    """Returns the files below a folder by their path from it, without records."""
    paths = (f"{place}/{name}" for place, _, names in tf.io.gfile.walk(folder) for name in names)
    contents = {path: tf.io.gfile.GFile(path, "rb").read() for path in paths if not path.endswith(".json")}
    return {path.removeprefix(f"{folder}/"): content for path, content in contents.items()}


def write(path: str, content: bytes) -> None:
    if tf.io.gfile.exists(path):
        tf.io.gfile.remove(path)  # ram:// would append
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)


def test_an_entry_is_stored_once_and_recorded(folder: str, scratch: Path) -> None:
    path = cache.entry("key", "the handle", build)
    assert path == f"{folder}/key" == cache.existing("key")
    assert stored(path) == FILES
    record = json.loads(tf.io.gfile.GFile(f"{path}.json").read())
    assert record["handle"] == "the handle"
    assert record["files"]["saved_model.pb"][0] == 3
    assert cache.entry("key", "the handle", never) == path
    assert not list(scratch.iterdir())


def test_what_makes_it_complete_is_written_last(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    copy = tf.io.gfile.copy

    def recorded(source: str, target: str, **more: Any) -> None:
        copied.append(target)
        copy(source, target, **more)

    monkeypatch.setattr(tf.io.gfile, "copy", recorded)
    path = cache.entry("key", "h", build)
    names = ["/assets/words.txt", "/variables/variables.index", "/saved_model.pb", ".json"]
    assert copied == [path + name for name in names]


def lose(path: str) -> None:
    tf.io.gfile.remove(f"{path}/assets/words.txt")


def cut(path: str) -> None:
    write(f"{path}/assets/words.txt", b"w")


@pytest.mark.parametrize(
    ("damage", "finding"), [(lose, "'assets/words.txt' is missing"), (cut, "has 1 bytes instead of 4")]
)
def test_a_damaged_entry_is_stored_again(
    damage: Callable[[str], None], finding: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = cache.entry("key", "h", build)
    damage(path)
    write(f"{path}/left_over", b"")
    assert cache.existing("key") is None
    with caplog.at_level(logging.WARNING, "hubexplore"):
        assert cache.entry("key", "h", build) == path
    assert finding in caplog.text
    assert stored(path) == FILES


def test_an_altered_file_is_found_when_a_reader_asks() -> None:
    path = cache.entry("key", "h", build)
    cache.renew("key", "h", never)
    write(f"{path}/assets/words.txt", b"WORD")
    assert cache.entry("key", "h", never) == path
    cache.renew("key", "h", build)
    assert stored(path) == FILES


def test_an_interrupted_copy_does_not_count() -> None:
    path = cache.entry("key", "h", build)
    tf.io.gfile.remove(f"{path}.json")
    assert cache.entry("key", "h", never) == path  # as another program leaves it
    cache.renew("key", "h", build)  # nobody knows how it was
    cache.renew("key", "h", never)
    tf.io.gfile.remove(f"{path}.json")
    tf.io.gfile.remove(f"{path}/saved_model.pb")
    assert cache.existing("key") is None
    cache.entry("key", "h", build)
    assert stored(path) == FILES


@pytest.mark.parametrize("name", ["assets/words.txt", "saved_model.pb", "key.json"])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_copy_that_fails_leaves_nothing(
    name: str, is_damaged: bool, folder: str, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_damaged:
        lose(cache.entry("key", "h", build))
    copy = tf.io.gfile.copy

    def refuse(source: str, target: str, **more: Any) -> None:
        copy(source, target, **more)
        if target.endswith(name):
            write(target, b"{")
            raise tf.errors.PermissionDeniedError(None, None, "403 for the account\n when writing")

    monkeypatch.setattr(tf.io.gfile, "copy", refuse)
    with pytest.raises(errors.DownloadError, match=rf"{folder}': 403 for the account\. Check that"):
        cache.entry("key", "h", build)
    assert stored(folder) == {}
    assert cache.existing("key") is None
    assert is_damaged or not tf.io.gfile.exists(folder)
    assert not list(scratch.iterdir())


def test_a_copy_that_fails_leaves_the_entry_of_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tf.io.gfile.copy
    record: list[bytes] = []

    def fail(source: str, target: str, **more: Any) -> None:
        copy(source, target, **more)
        if target.endswith("saved_model.pb"):
            write(f"{target.rpartition('/')[0]}.json", record[0])
            raise tf.errors.UnavailableError(None, None, "503")

    record.append(tf.io.gfile.GFile(f"{cache.entry('key', 'h', build)}.json", "rb").read())
    assert cache.drop("key")
    monkeypatch.setattr(tf.io.gfile, "copy", fail)
    with pytest.raises(errors.DownloadError, match="503"):
        cache.entry("key", "h", build)
    assert stored(cache.entry("key", "h", never)) == FILES


def test_another_process_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(target: str) -> None:
        cache.entry("key", "h", build)
        monkeypatch.setattr(tf.io.gfile, "copy", never)
        build(target)

    assert stored(cache.entry("key", "h", slow)) == FILES


def test_a_build_that_fails_leaves_nothing(folder: str, scratch: Path) -> None:
    with pytest.raises(errors.NotAModuleError, match=r"holds no 'saved_model\.pb'"):
        cache.entry("key", "the handle", lambda target: None)
    assert not tf.io.gfile.exists(folder)
    assert not list(scratch.iterdir())


def test_a_place_that_cannot_be_written(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise tf.errors.FailedPreconditionError(None, None, f"The bucket of {path!r} does not exist.")

    monkeypatch.setattr(tf.io.gfile, "makedirs", refuse)
    with pytest.raises(
        errors.DownloadError,
        match=rf"Cannot write to the cache folder '{folder}': The bucket .* not exist\. ",
    ):
        cache.entry("key", "h", build)
    assert not tf.io.gfile.exists(folder)


def test_a_cache_that_cannot_be_read(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise tf.errors.PermissionDeniedError(None, None, "403")

    monkeypatch.setattr(tf.io.gfile, "GFile", refuse)
    with pytest.raises(errors.UnreadableModuleError, match=f"Cannot read the cache folder '{folder}': 403"):
        cache.entry("key", "h", never)


@pytest.mark.parametrize("address", ["nosuch://bucket/models", "https://me:secret@example.com/models"])
def test_an_unknown_file_system(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", address)
    with pytest.raises(errors.HandleError, match=r"no file system for \w+://\. It has .*ram://") as caught:
        cache.entry("key", "h", never)
    assert "secret" not in str(caught.value)
    (found,) = cache_health.findings()
    assert found.state == PROBLEM


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_a_file_name_that_tensorflow_cannot_take(folder: str) -> None:
    def strange(target: str) -> None:
        build(target)
        Path(os.fsdecode(b"%s/\xff" % target.encode())).touch()

    with pytest.raises(errors.DownloadError, match=r"only file names that are UTF-8\. "):
        cache.entry("key", "h", strange)
    assert not tf.io.gfile.exists(folder)


def test_a_link_to_a_folder_is_refused(folder: str) -> None:
    def linked(target: str) -> None:
        build(target)
        Path(target, "extra").symlink_to("assets")

    with pytest.raises(errors.DownloadError, match="a link to a folder, 'extra'"):
        cache.entry("key", "h", linked)
    assert not tf.io.gfile.exists(folder)


def test_a_download_and_an_archive_open_from_there(
    folder: str, server: Server, archives: Archives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a pathlib.Path makes of the address: a local folder that must stay empty.
    crushed = tmp_path / folder
    crushed.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    address = server.give("/module.tar.gz", archives.tar_gz())
    path = resolve(address)
    assert path == f"{folder}/{cache.key_of(address)}"
    assert stored(path) == archives.MODULE
    assert resolve(address) == path
    assert len(server.requests) == 1
    archive = tmp_path / "module.tar.gz"
    archive.write_bytes(archives.tar_gz())
    unpacked = resolve(archive)
    assert stored(unpacked) == archives.MODULE
    assert resolve(archive) == unpacked
    os.utime(archive, (1, 1))
    assert resolve(archive) == unpacked
    assert not list(crushed.iterdir())


def test_a_full_disk_is_that_of_temporary_files(
    folder: str, scratch: Path, archives: Archives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "module.tar.gz"
    archive.write_bytes(archives.tar_gz())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(
        errors.ArchiveError, match=rf"disk of temporary files, at '{scratch}/.*TMPDIR to a folder"
    ):
        resolve(archive)
    assert not tf.io.gfile.exists(folder)
    assert not list(scratch.iterdir())


def test_damage_that_a_reader_finds_is_mended(server: Server, archives: Archives) -> None:
    address = server.give("/module.tar.gz", archives.tar_gz())
    write(f"{resolve(address)}/assets/words.txt", b"WORD\n")

    def reader(path: str) -> bytes:
        content: bytes = tf.io.gfile.GFile(f"{path}/assets/words.txt", "rb").read()
        if content != b"word\n":
            raise errors.DamagedModuleError("damaged")
        return content

    assert read(address, reader) == b"word\n"
    assert len(server.requests) == 2


def test_a_sample_runs_from_there(folder: str) -> None:
    path = resolve("sample:half-plus-two")
    assert path.startswith(f"{folder}/sample-half-plus-two-")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        module = hub.Module("sample:half-plus-two", trainable=False)
        output = module([2.0])
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(output).tolist() == [3.0]


def test_the_commands(folder: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key = cache.key_of("the handle")
    assert main(["cache", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    path = cache.entry(key, "the handle", build)
    write(f"{folder}/thesis", b"mine")
    write(f"{folder}/thesis.json", b"{}")
    assert main(["cache", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["handle"], row["size"], row["days"], row["folder"]) == ("the handle", 8, 0.0, path)
    assert main(["cache", "verify"]) == 0
    assert "the handle: whole" in capsys.readouterr().out
    write(f"{path}/assets/words.txt", b"WORD")
    assert main(["cache", "verify"]) == DIFFERENT
    assert "'assets/words.txt' was altered" in capsys.readouterr().out
    target = str(tmp_path / "out.tar")
    for command in (["prune", "--days", "0"], ["pack", target], ["unpack", target]):
        assert main(["cache", *command]) == BAD_INPUT
        assert f"`hubexplore cache {command[0]}` works on a local cache" in capsys.readouterr().err
    assert not Path(target).exists()
    assert cache.existing(key) == path


def test_it_is_fetched_again_on_request(server: Server, archives: Archives) -> None:
    address = server.give("/module.tar.gz", archives.tar_gz())
    for _ in range(2):
        assert main(["fetch", address]) == 0
    assert len(server.requests) == 1
    assert main(["fetch", "--again", address]) == 0
    assert len(server.requests) == 2


def test_the_doctor(folder: str, server: Server, archives: Archives) -> None:
    (found,) = cache_health.findings()
    assert found.state == OK
    assert folder in found.sentence
    address = server.give("/module.tar.gz", archives.tar_gz())
    assert "not in the cache yet" in examine(address)[0][0].sentence
    path = resolve(address)
    assert examine(address)[0][0].sentence == f"Its copy in the cache is complete: {path!r}."
    lose(path)
    assert examine(address)[0][0].sentence == f"The copy {path!r} is damaged: 'assets/words.txt' is missing."


def test_a_record_of_a_stranger_is_read_with_care(folder: str) -> None:
    path = cache.entry(cache.key_of("h"), "h", build)
    files = ('{"saved_model.pb": 1}', '{"saved_model.pb": ["x", 0, 0]}', '{"\\ud800": [1, 1, 1]}', "7")
    records = [f'{{"files": {text}, "date": 7, "handle": []}}' for text in files]
    for record in ("[", "[]", "[" * 100_000, *records):
        write(f"{path}.json", record.encode())
        is_known = "saved" in record or "ud800" in record
        assert main(["cache", "verify"]) == (DIFFERENT if is_known else 0)
    write(f"{path}.json", records[1].encode())
    assert cache.entry(cache.key_of("h"), "h", build) == path
    assert remote_cache.entries(folder) == [remote_cache.RemoteEntry(path)]


def test_a_local_cache_needs_no_tensorflow(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from hubexplore.hub.resolve import cache; "
        "cache.entry('key', 'h', lambda target: pathlib.Path(target, 'saved_model.pb').touch()); "
        "print('tensorflow' in sys.modules, 'hubexplore.hub.resolve.remote_cache' in sys.modules)"
    )
    environment = os.environ | {"TFHUB_CACHE_DIR": str(tmp_path / "local")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout == "False False\n", done.stderr

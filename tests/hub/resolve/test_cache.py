"""The cache: where it is, and that entries appear whole or not at all."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import cache, entry_lock, manifest


def build(target: str) -> None:
    Path(target, "assets").mkdir()
    Path(target, "saved_model.pb").write_bytes(b"new")
    Path(target, "assets", "words.txt").write_bytes(b"word")


def never(target: str) -> None:
    raise AssertionError(f"built again: {target}")


def test_the_variable_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.directory() == str(tmp_path / "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TFHUB_CACHE_DIR", "~/mine")
    assert cache.directory() == str(tmp_path / "mine")


@pytest.mark.skipif(sys.platform != "linux", reason="the rules of Linux desktops")
def test_this_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.directory() == str(tmp_path / "xdg" / "hubexplore")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.directory() == str(tmp_path / ".cache" / "hubexplore")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.directory() == str(tmp_path / ".cache" / "hubexplore")


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("darwin", {"HOME": "/home/me"}, "/home/me/Library/Caches/hubexplore"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/hubexplore"),
        ("win32", {"HOME": "/home/me", "LOCALAPPDATA": ""}, "/home/me/AppData/Local/hubexplore"),
    ],
)
def test_other_systems(
    platform: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.directory() == expected


def test_a_remote_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket/cache/")
    assert cache.directory() == "gs://bucket/cache"
    assert cache.path_of("key") == "gs://bucket/cache/key"
    with pytest.raises(errors.HandleError, match="a local cache, but TFHUB_CACHE_DIR is 'gs://bucket/cache'"):
        cache.require_local("hubexplore cache prune")


def test_an_entry_is_built_once_and_recorded(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    path = cache.entry("key", "the handle", build)
    assert Path(path, "saved_model.pb").read_bytes() == b"new"
    assert cache.entry("key", "the handle", never) == path == str(cache_dir / "key")
    record = json.loads((cache_dir / "key.json").read_text())
    assert record["handle"] == "the handle"
    assert list(record["files"]) == ["assets/words.txt", "saved_model.pb"]
    size, modified, checksum = record["files"]["assets/words.txt"]
    status = Path(path, "assets/words.txt").stat()
    assert (size, modified, checksum) == (status.st_size, status.st_mtime_ns, zlib.crc32(b"word"))
    assert left() == ["key", "key.json"]


def test_build_may_name_a_directory_inside(left: Callable[[], list[str]]) -> None:
    def wrapped(target: str) -> str:
        inner = Path(target, "inner")
        inner.mkdir()
        build(str(inner))
        return str(inner)

    path = cache.entry("key", "h", wrapped)
    assert sorted(child.name for child in Path(path).iterdir()) == ["assets", "saved_model.pb"]
    assert left() == ["key", "key.json"]


@pytest.mark.parametrize("lost", ["saved_model.pb", "assets/words.txt"])
def test_an_entry_that_lost_a_file_is_built_again(lost: str, left: Callable[[], list[str]]) -> None:
    path = cache.entry("key", "h", build)
    Path(path, lost).unlink()
    assert cache.entry("key", "h", build) == path
    assert Path(path, lost).exists()
    assert left() == ["key", "key.json"]


def test_a_damaged_entry_stays_until_there_is_a_new_one(
    cache_dir: Path, left: Callable[[], list[str]]
) -> None:
    (cache_dir / "key").mkdir(parents=True)
    (cache_dir / "key" / "precious").write_bytes(b"")

    def fail(target: str) -> None:
        build(target)
        raise errors.DownloadError("no network")

    with pytest.raises(errors.DownloadError, match="no network"):
        cache.entry("key", "h", fail)
    assert left() == ["key"]
    assert (cache_dir / "key" / "precious").exists()


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_nothing_stays_of_a_failure(error: BaseException, left: Callable[[], list[str]]) -> None:
    def fail(target: str) -> None:
        build(target)
        raise error

    with pytest.raises(type(error)):
        cache.entry("key", "h", fail)
    assert left() == []


def test_what_is_no_saved_model_is_not_kept(left: Callable[[], list[str]]) -> None:
    with pytest.raises(errors.NotAModuleError, match=r"'the handle' holds no 'saved_model.pb'"):
        cache.entry("key", "the handle", lambda target: None)
    assert left() == []


def test_an_entry_without_a_record_is_used(cache_dir: Path) -> None:
    """As other programs that share the folder leave them."""
    (cache_dir / "key").mkdir(parents=True)
    (cache_dir / "key" / "saved_model.pb").write_bytes(b"old")
    assert cache.entry("key", "h", never) == str(cache_dir / "key")
    (cache_dir / "key.json").write_text("[]")
    assert cache.entry("key", "h", never) == str(cache_dir / "key")


def _damage(entry: Path) -> None:
    """Makes an entry such as is left when its process is killed."""
    entry.mkdir(parents=True)
    (entry / "rest").write_bytes(b"")


def _asked_by_eight(build: Callable[[str], None]) -> set[str]:
    """The paths that eight threads get which ask for one entry at once."""
    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(lambda _: cache.entry("key", "h", build), range(8)))


@pytest.mark.parametrize("damaged", [False, True])
def test_many_at_once_get_one_entry(damaged: bool, cache_dir: Path, left: Callable[[], list[str]]) -> None:
    if damaged:
        _damage(cache_dir / "key")
    built = []

    def slow(target: str) -> None:
        built.append(target)
        build(target)
        time.sleep(0.2)

    assert _asked_by_eight(slow) == {str(cache_dir / "key")}
    assert (cache_dir / "key" / "assets" / "words.txt").read_bytes() == b"word"
    assert left() == ["key", "key.json"]
    assert len(built) == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_many_at_once_where_there_are_no_locks(
    damaged: bool, cache_dir: Path, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(entry_lock, "_lock", none)
    if damaged:
        _damage(cache_dir / "key")
    together = threading.Barrier(8)

    def slow(target: str) -> None:
        build(target)
        together.wait(240)

    assert _asked_by_eight(slow) == {str(cache_dir / "key")}
    assert (cache_dir / "key" / "assets" / "words.txt").read_bytes() == b"word"
    assert cache.entry("key", "h", never) == str(cache_dir / "key")
    assert left() == ["key", "key.json"]


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(errors.DownloadError, match="set the environment variable TFHUB_CACHE_DIR"):
        cache.entry("key", "h", build)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_shared_cache_is_readable_by_others(cache_dir: Path) -> None:
    before = os.umask(0o077)
    try:
        cache.entry("key", "h", build)
    finally:
        os.umask(before)
    modes = {
        path.relative_to(cache_dir).as_posix(): path.stat().st_mode & 0o777 for path in cache_dir.rglob("*")
    }
    assert modes == {
        "key": 0o755,
        "key.json": 0o644,
        "key/assets": 0o755,
        "key/assets/words.txt": 0o644,
        "key/saved_model.pb": 0o644,
    }
    assert cache_dir.stat().st_mode & 0o777 == 0o755


@pytest.fixture
def as_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache in a folder that everybody can enter; the test runs without root's rights."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        monkeypatch.setenv("TFHUB_CACHE_DIR", f"{folder}/cache")
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield Path(folder, "cache")
        finally:
            os.seteuid(user)
            for path in Path(folder).rglob("*"):
                if path.is_dir():
                    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0, 0o600])
def test_a_cache_that_cannot_be_read_is_named(mode: int, as_nobody: Path) -> None:
    cache.entry("key", "h", build)
    as_nobody.chmod(mode)
    with pytest.raises(
        errors.UnreadableModuleError, match=r"cache folder '.*cache': Permission.*TFHUB_CACHE_DIR"
    ):
        cache.entry("key", "h", never)
    with pytest.raises(errors.UnreadableModuleError, match="cache folder"):
        cache.entry("other", "h", never)
    as_nobody.chmod(0o755)
    (as_nobody / "key").chmod(mode)
    with pytest.raises(errors.UnreadableModuleError, match="cache folder"):
        cache.entry("key", "h", never)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_cache_of_somebody_else_is_used_and_its_losses_are_noticed(as_nobody: Path) -> None:
    path = cache.entry("key", "h", build)
    as_nobody.chmod(0o555)
    assert cache.entry("key", "h", never) == path
    os.truncate(f"{path}/assets/words.txt", 1)
    with pytest.raises(errors.DownloadError, match="Cannot write to the cache folder"):
        cache.entry("key", "h", build)
    with pytest.raises(errors.DownloadError, match="Cannot write to the cache folder"):
        cache.entry("other", "h", build)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_an_entry_with_a_cut_file_is_built_again(
    size: int, caplog: pytest.LogCaptureFixture, left: Callable[[], list[str]]
) -> None:
    path = cache.entry("key", "the handle", build)
    os.truncate(f"{path}/assets/words.txt", size)
    with caplog.at_level(logging.WARNING, "hubexplore"):
        assert cache.entry("key", "the handle", build) == path
    assert Path(path, "assets/words.txt").read_bytes() == b"word"
    (message,) = caplog.messages
    assert "'the handle'" in message
    assert f"'assets/words.txt' has {size} bytes instead of 4" in message
    assert cache.entry("key", "the handle", never) == path
    assert left() == ["key", "key.json"]


def test_an_entry_with_an_altered_file_is_built_again() -> None:
    """Of the same length. What was written to has another time, and only then its content is compared."""
    path = cache.entry("key", "h", build)
    words = Path(path, "assets/words.txt")
    words.write_bytes(b"WORD")
    os.utime(words, ns=(1, 1))
    assert cache.entry("key", "h", build) == path
    assert words.read_bytes() == b"word"


def test_a_cache_that_was_copied_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache.entry("key", "h", build)
    os.utime(f"{path}/assets/words.txt", ns=(1, 1))
    assert cache.entry("key", "h", never) == path
    monkeypatch.setattr(manifest, "_checksum", never)
    assert cache.entry("key", "h", never) == path


def test_to_renew_an_entry(caplog: pytest.LogCaptureFixture) -> None:
    path = cache.entry("key", "h", build)
    words = Path(path, "assets/words.txt")
    cache.renew("key", "h", never)
    status = words.stat()
    words.write_bytes(b"WORD")
    os.utime(words, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache.entry("key", "h", never) == path  # It looks as it was.
    cache.renew("key", "h", build)
    assert words.read_bytes() == b"word"
    Path(f"{path}.json").unlink()
    words.write_bytes(b"WORD")
    cache.renew("key", "h", build)  # As another program left it: nobody knows how it was.
    assert words.read_bytes() == b"word"


def test_the_record_of_an_earlier_version(cache_dir: Path) -> None:
    path = cache.entry("key", "h", build)
    record = {"handle": "h", "date": "", "files": ["assets/words.txt", "saved_model.pb"]}
    (cache_dir / "key.json").write_text(json.dumps(record))
    assert cache.entry("key", "h", never) == path
    Path(path, "assets/words.txt").unlink()
    assert cache.entry("key", "h", build) == path
    assert Path(path, "assets/words.txt").exists()


@pytest.mark.parametrize(
    "record", ['{"files": {"a": 3}}', '{"files": {"a": [1]}}', '{"files": 3}', "[" * 9999, "\0"]
)
def test_a_record_that_makes_no_sense(record: str, cache_dir: Path) -> None:
    path = cache.entry("key", "h", build)
    (cache_dir / "key.json").write_text(record)
    assert cache.entry("key", "h", never) == path


def test_what_is_older_than_a_day_goes(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    """Left by a version without locks, or where there are none."""
    path = cache.entry("key", "h", build)
    for name in (".other.abc.hubexplore-tmp", ".today.abc.hubexplore-tmp"):
        (cache_dir / name / "assets").mkdir(parents=True)
        (cache_dir / name / "assets" / "big").write_bytes(b"1")
    (cache_dir / ".record.abc.hubexplore-tmp").write_bytes(b"1")
    (cache_dir / ".mine").write_bytes(b"1")
    old = time.time() - entry_lock.DAY_SECONDS - 60
    for file in (
        ".other.abc.hubexplore-tmp/assets/big",
        ".other.abc.hubexplore-tmp/assets",
        ".other.abc.hubexplore-tmp",
        ".record.abc.hubexplore-tmp",
        ".mine",
    ):
        os.utime(cache_dir / file, (old, old))
    assert cache.entry("key", "h", never) == path
    assert left() == [".mine", ".today.abc.hubexplore-tmp", "key", "key.json"]


def test_one_that_died_frees_its_lock(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from hubexplore.hub.resolve import cache

def build(target):
    Path(target, "half").write_bytes(b"1")
    os.kill(os.getpid(), signal.SIGKILL)

cache.entry("key", "h", build)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode != 0
    assert len(left()) == 2
    cache.entry("other", "h", build)
    assert left() == ["other", "other.json"]


def test_what_another_process_builds_is_left_alone(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    seen = []

    def slow(target: str) -> None:
        build(target)
        cache.entry("other", "h", build)
        seen.extend(left())

    cache.entry("key", "h", slow)
    assert [name for name in seen if name.startswith(".key.")] != []
    assert left() == ["key", "key.json", "other", "other.json"]


def test_what_another_machine_builds_is_left_alone(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    """On a network file system that keeps locks to one machine."""
    cache.entry("key", "h", build)
    lock = cache_dir / ".away.hubexplore-lock"
    lock.write_text("17 another-machine")
    (cache_dir / ".away.abc.hubexplore-tmp").mkdir()
    cache.entry("key", "h", never)
    assert left() == [".away.abc.hubexplore-tmp", ".away.hubexplore-lock", "key", "key.json"]
    old = time.time() - entry_lock.DAY_SECONDS - 60
    os.utime(lock, (old, old))
    cache.entry("key", "h", never)
    assert left() == ["key", "key.json"]


def test_who_waits_says_for_whom(
    cache_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_dir.mkdir()
    monkeypatch.setattr(entry_lock, "_DELAY_SECONDS", 0)
    inside = threading.Event()
    ready = threading.Event()

    def slow(target: str) -> None:
        inside.set()
        ready.wait(60)
        build(target)

    def wait(_: float) -> None:
        pause(0.2)
        ready.set()

    pause = time.sleep
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.entry, "key", "h", slow)
        inside.wait(60)
        monkeypatch.setattr(entry_lock, "_pause", wait)
        assert cache.entry("key", "the handle", never) == first.result()
    assert f"Waiting for process {os.getpid()}, which makes the handle" in capsys.readouterr().err


def test_files_of_other_programs_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache may be any folder, such as a home directory."""
    home = tmp_path / "home"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(home))
    for name in (".config.lock", "config.json", ".mine.tmp/x", ".other.abc.tmp/x", ".lock", ".tmp"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("mine")
    for path in [*home.rglob("*"), home]:
        os.utime(path, (1, 1))
    before = set(home.rglob("*"))
    cache.entry("key", "handle", build)
    assert before <= set(home.rglob("*"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_in_place_of_an_empty_file(cache_dir: Path) -> None:
    """To read from it would wait for ever."""

    def with_empty(target: str) -> None:
        build(target)
        Path(target, "assets", "empty").write_bytes(b"")

    cache.entry("key", "handle", with_empty)
    file = cache_dir / "key" / "assets" / "empty"
    file.unlink()
    os.mkfifo(file)
    cache.entry("key", "handle", with_empty)
    assert file.is_file()


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is run with any number for its user."""

    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("TFHUB_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(errors.HandleError, match="Set the environment variable TFHUB_CACHE_DIR"):
        cache.directory()

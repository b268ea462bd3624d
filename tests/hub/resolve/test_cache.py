"""The cache: where it is, and that entries appear whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import cache


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


def test_a_remote_cache_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket/cache")
    with pytest.raises(errors.HandleError, match="TFHUB_CACHE_DIR is 'gs://bucket/cache'"):
        cache.directory()


def test_an_entry_is_built_once_and_recorded(cache_dir: Path, left: Callable[[], list[str]]) -> None:
    path = cache.entry("key", "the handle", build)
    assert Path(path, "saved_model.pb").read_bytes() == b"new"
    assert cache.entry("key", "the handle", never) == path == str(cache_dir / "key")
    record = json.loads((cache_dir / "key.json").read_text())
    assert record["handle"] == "the handle"
    assert record["files"] == ["assets/words.txt", "saved_model.pb"]
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


@pytest.mark.parametrize("damaged", [False, True])
def test_many_at_once_get_one_entry(damaged: bool, cache_dir: Path, left: Callable[[], list[str]]) -> None:
    if damaged:
        (cache_dir / "key").mkdir(parents=True)
        (cache_dir / "key" / "rest").write_bytes(b"")
    together = threading.Barrier(8)

    def slow(target: str) -> None:
        build(target)
        together.wait(240)

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: cache.entry("key", "h", slow), range(8)))
    assert set(paths) == {str(cache_dir / "key")}
    assert Path(paths[0], "assets", "words.txt").read_bytes() == b"word"
    assert left() == ["key", "key.json"]


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(errors.DownloadError, match="set the environment variable TFHUB_CACHE_DIR"):
        cache.entry("key", "h", build)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_shared_cache_is_readable_by_others(cache_dir: Path) -> None:
    assert os.stat(cache.entry("key", "h", build)).st_mode & 0o777 == 0o755  # noqa: PTH116

"""What the doctor says of the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubexplore.checkup import cache_health
from hubexplore.checkup.cache_health import findings, of_entry
from hubexplore.checkup.findings import OK, PROBLEM, WARNING
from hubexplore.hub.resolve import cache as hub_cache
from hubexplore.hub.resolve import entry_lock
from tests.checkup.states import noted, problems, the
from tests.cli.test_show import write_module

ADDRESS = "https://example.com/module/1"


def build(target: str) -> None:
    write_module(Path(target, "m"))
    for file in Path(target, "m").iterdir():
        file.rename(Path(target, file.name))
    Path(target, "m").rmdir()
    Path(target, "assets").mkdir()
    Path(target, "assets", "words.txt").write_text("a\nb\n")


@pytest.fixture
def entry(cache: Path) -> Path:
    """An entry that hubexplore made."""
    return Path(hub_cache.entry(hub_cache.key_of(ADDRESS), ADDRESS, build))


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in sorted(folder.rglob("*"))}


def test_a_sound_cache(entry: Path) -> None:
    found = list(findings())
    assert noted(found) == []
    assert the(found, "1 entry").state == OK


def test_a_cache_that_does_not_exist_yet(cache: Path) -> None:
    cache.rmdir()
    assert the(findings(), "does not exist yet").state == OK
    assert not cache.exists()


def test_all_missing_files_of_a_partial_entry_are_named_and_nothing_changes(entry: Path, cache: Path) -> None:
    (entry / "saved_model.pb").unlink()
    (entry / "assets" / "words.txt").write_text("a")
    before = snapshot(cache)
    (found,) = problems(findings())
    assert "'saved_model.pb' is missing" in found.sentence
    assert "'assets/words.txt' has 1 bytes instead of 4" in found.sentence
    assert found.subject == ADDRESS
    assert "downloads or unpacks it again" in found.remedy
    assert snapshot(cache) == before


def test_an_entry_of_another_program_without_its_content(cache: Path) -> None:
    (cache / hub_cache.key_of("https://tfhub.dev/x/1")).mkdir()
    assert "'saved_model.pb' is missing" in problems(findings())[0].sentence


def test_the_size_of_an_entry_of_another_program(cache: Path) -> None:
    entry = cache / hub_cache.key_of("https://tfhub.dev/x/1")
    write_module(entry)
    (entry / "assets").mkdir()
    (entry / "assets" / "words.txt").write_bytes(b"x" * 1_000_000)
    found = list(findings())
    assert noted(found) == []
    assert "1.0 MB" in the(found, "1 entry").sentence


def test_a_record_without_a_module(cache: Path) -> None:
    (cache / f"{'a' * 40}.json").write_text("{}")
    assert the(findings(), "1 record in the cache without a module").state == WARNING


def test_an_address_that_was_never_downloaded(cache: Path) -> None:
    assert of_entry(str(cache / ("a" * 40)), ADDRESS).state == WARNING


def test_the_lock_of_a_process_that_has_ended(cache: Path) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom hubexplore.hub.resolve import entry_lock\n"
        f"lock = entry_lock.held(Path({str(cache / ('b' * 40))!r}), 'x')\nlock.__enter__()\n"
        f"entry_lock.staging(Path({str(cache / ('b' * 40))!r}))\nos._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, env={**os.environ})
    assert len(list(cache.iterdir())) == 2
    found = [item for item in findings() if item.subject == "lock"]
    assert [item.state for item in found] == [WARNING, WARNING]
    assert all("left by a process that has ended" in item.sentence for item in found)
    assert len(list(cache.iterdir())) == 2


def test_a_lock_that_is_held(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with entry_lock.held(cache / ("c" * 40), "x"):
        found = the(findings(), "holds the lock")
        assert found.state == OK
        assert str(os.getpid()) in found.sentence
        monkeypatch.setattr(cache_health, "_LONG_WAIT", -1)
        found = the(findings(), "holds the lock")
        assert found.state == WARNING
        assert f"kill {os.getpid()}" in found.remedy
        # Looking took the lock from nobody.
        assert [item.holder for item in entry_lock.remains(str(cache))] == [f"process {os.getpid()}"]


def test_a_lock_of_tensorflow_hub(cache: Path) -> None:
    (cache / f"{'d' * 40}.lock").write_text("host.1234")
    found = the(findings(), "a lock of tensorflow_hub")
    assert found.state == WARNING
    assert found.remedy.endswith(f"rm {cache}/{'d' * 40}.lock")


def test_a_file_in_place_of_the_cache(cache: Path) -> None:
    cache.rmdir()
    cache.write_text("")
    assert the(findings(), "is not a folder").state == PROBLEM


def test_a_remote_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket/modules")
    (found,) = findings()
    assert found.state == OK
    assert "'gs://bucket/modules' is on a remote file system, which was not contacted" in found.sentence


def test_a_cache_that_may_not_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = the(findings(), "Cannot write to the cache")
    assert found.state == WARNING
    assert "TFHUB_CACHE_DIR" in found.remedy


def test_a_cache_that_all_users_may_change(cache: Path) -> None:
    cache.chmod(0o777)
    assert the(findings(), "All users may replace").remedy == f"chmod +t {cache}"
    cache.chmod(0o1777)
    assert noted(findings()) == []


def test_a_full_disk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_health, "LEAST_SPACE", 1 << 62)
    assert the(findings(), "are free").state == WARNING


def test_many_damaged_entries_are_counted(cache: Path) -> None:
    for number in range(cache_health.MOST_LISTED + 2):
        (cache / hub_cache.key_of(str(number))).mkdir()
    found = problems(findings())
    assert len(found) == cache_health.MOST_LISTED + 1
    assert found[-1].sentence.startswith("... and 2 more damaged entr")


def test_a_password_in_a_record_is_not_shown(cache: Path) -> None:
    key = hub_cache.key_of("x")
    (cache / key).mkdir()
    (cache / f"{key}.json").write_text(
        '{"handle": "https://me:secret@example.com/x", "files": {"a": [1, 2, 3]}}'
    )
    assert "secret" not in repr(list(findings()))

"""`hubexplore fetch` and `hubexplore cache`, and the files that they pack."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from hubexplore.cli import BAD_INPUT, DIFFERENT, main
from hubexplore.hub.resolve import cache, manifest
from hubexplore.hub.resolve.stored import inventory

HANDLE = "kaggle:owner/model/tensorFlow1/small/1"


def build(target: str) -> None:
    Path(target, "assets").mkdir()
    Path(target, "saved_model.pb").write_bytes(b"graph")
    Path(target, "assets", "words.txt").write_bytes(b"word")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    return Path(cache.entry(cache.key_of(HANDLE), HANDLE, build))


def rows(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[dict[str, object]]:
    assert main(["cache", *words, "--json"]) == code
    result: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return result


def test_the_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = rows(capsys, "list")
    assert (row["handle"], row["size"], row["folder"]) == (HANDLE, 9, str(folder))
    assert main(["cache", "list"]) == 0
    assert HANDLE in capsys.readouterr().out


def test_what_is_not_an_entry_is_neither_listed_nor_pruned(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = folder.parent / "thesis"
    mine.mkdir()
    (mine / "saved_model.pb").write_bytes(b"mine")
    assert len(rows(capsys, "prune", "--days", "0")) == 1
    assert (mine / "saved_model.pb").exists()
    assert not folder.exists()
    assert not manifest.path_of(folder).exists()


def test_damage_is_found_by_content(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(capsys, "verify")[0]["state"] == "whole"
    words = folder / "assets" / "words.txt"
    status = words.stat()
    words.write_bytes(b"WORD")
    os.utime(words, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (
        rows(capsys, "verify", HANDLE, code=DIFFERENT)[0]["state"]
        == "damaged: 'assets/words.txt' was altered"
    )


def test_an_unknown_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "verify", HANDLE.replace("small", "smal")]) == BAD_INPUT
    assert f"Did you mean '{HANDLE}'?" in capsys.readouterr().err


def test_pruning_by_age_and_by_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = Path(cache.entry(cache.key_of("new"), "new", build))
    old = time.time() - 100 * 86_400
    for file in folder.rglob("*"):
        os.utime(file, (old, old))
    (row,) = rows(capsys, "prune", "--days", "90", "--dry-run")
    assert (row["handle"], row["state"]) == (HANDLE, "would be removed")
    assert folder.exists()
    assert [row["handle"] for row in rows(capsys, "prune", "--size", "10")] == [HANDLE]
    assert not folder.exists()
    assert new.exists()
    assert rows(capsys, "prune", "--size", "1GB") == []
    assert main(["cache", "prune", "--size", "much"]) == BAD_INPUT
    with pytest.raises(SystemExit):
        main(["cache", "prune"])


def test_packed_here_and_unpacked_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    assert main(["cache", "pack", str(first)]) == 0
    os.utime(folder / "saved_model.pb", (1, 1))
    assert main(["cache", "pack", str(second), HANDLE]) == 0
    assert first.read_bytes() == second.read_bytes()
    capsys.readouterr()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "there"))
    assert rows(capsys, "unpack", str(first)) == [{"handle": HANDLE, "state": "added"}]
    assert rows(capsys, "unpack", str(first)) == [{"handle": HANDLE, "state": "was there already"}]
    there = tmp_path / "there" / folder.name
    assert (there / "assets" / "words.txt").read_bytes() == b"word"
    assert rows(capsys, "verify")[0]["state"] == "whole"
    assert main(["fetch", HANDLE]) == 0
    assert capsys.readouterr().out == f"{there}\n"
    assert sorted(child.name for child in there.parent.iterdir()) == [there.name, f"{there.name}.json"]


def test_a_damaged_entry_is_not_packed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "assets" / "words.txt").unlink()
    assert main(["cache", "pack", str(tmp_path / "out.tar")]) == BAD_INPUT
    assert "'assets/words.txt' is missing" in capsys.readouterr().err
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("kind", ["outside", "altered", "no record", "other name", "cut"])
def test_a_file_that_cannot_be_trusted_is_refused(
    kind: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    packed = tmp_path / "packed.tar"
    main(["cache", "pack", str(packed)])
    with tarfile.open(packed) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # files
    if kind == "outside":
        files["../stolen"] = b""
    elif kind == "altered":
        files[f"{folder.name}/assets/words.txt"] = b"WORD"
    elif kind == "no record":
        del files[f"{folder.name}.json"]
    elif kind == "other name":
        files = {name.replace(folder.name, "thesis"): content for name, content in files.items()}
    with tarfile.open(packed, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    if kind == "cut":
        packed.write_bytes(packed.read_bytes()[:3000])
    there = tmp_path / "there"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(there))
    (there / "thesis").mkdir(parents=True)
    (there / "thesis" / "mine").write_bytes(b"mine")
    assert main(["cache", "unpack", str(packed)]) == BAD_INPUT
    assert [child.name for child in there.iterdir()] == ["thesis"]
    assert (there / "thesis" / "mine").exists()
    assert not (tmp_path / "stolen").exists()


def test_the_entry_of_another_user_is_read_and_never_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    record = manifest.path_of(folder)
    before = record.read_bytes()
    os.utime(folder / "saved_model.pb", (1, 1))
    assert cache.entry(folder.name, HANDLE, build) == str(folder)
    assert record.read_bytes() == before
    assert not cache.drop(folder.name)
    (folder / "saved_model.pb").unlink()
    with pytest.raises(PermissionError, match="It belongs to another user"):
        cache.entry(folder.name, HANDLE, build)
    assert (folder / "assets" / "words.txt").exists()
    assert [entry.handle for entry in inventory.entries()] == [HANDLE]


def test_a_failed_fetch_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "kaggle:wrong", HANDLE, "--json"]) == BAD_INPUT
    printed = capsys.readouterr()
    assert ["error" in row for row in json.loads(printed.out)] == [True, False]
    assert "kaggle:OWNER/MODEL" in printed.err


def test_a_user_without_the_right_to_write_opens_what_another_has_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With root's rights a process of another user tries it; else the folder is closed for writing."""
    # The other user may have no right to read the interpreter's folders: all that is imported comes first.
    code = (
        "import os, sys; from hubexplore.hub.resolve import cache; "
        "warm = cache.existing('0' * 40), cache.drop('0' * 40); "
        "os.getuid() or os.setuid(65534); "
        "print(cache.existing(sys.argv[1]), cache.drop(sys.argv[1]))"
    )
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        monkeypatch.setenv("TFHUB_CACHE_DIR", f"{place}/cache")
        before = os.umask(0o077)
        try:
            entry = cache.entry(cache.key_of(HANDLE), HANDLE, build)
        finally:
            os.umask(before)
        Path(place, "cache").chmod(0o555)
        command = [sys.executable, "-c", code, Path(entry).name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        Path(place, "cache").chmod(0o755)
        assert done.stdout == f"{entry} False\n", done.stderr


def test_the_address_of_a_local_folder_is_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", f"file://{tmp_path}/other")
    assert cache.entry(cache.key_of("h"), "h", build) == str(tmp_path / "other" / cache.key_of("h"))

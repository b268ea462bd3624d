"""Archives that would fill the disk or the memory are refused early, and say how to lift the limit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import archive, resolve, size_limits
from tests.work import memory_below

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server


def extract(data: bytes, target: Path) -> str:
    return archive.extract(io.BytesIO(data), str(target), "m", len(data))


def written(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def zeros(name: str, size: int) -> bytes:
    """A tar archive of one file of zeros, compressed piece by piece; a few kilobytes for a gigabyte."""
    member = tarfile.TarInfo(name)
    member.size = size
    compress = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    parts = [compress.compress(member.tobuf())]
    parts += [compress.compress(piece) for _ in range(size >> 20)]
    return b"".join([*parts, compress.compress(bytes(1024)), compress.flush()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 16 << 30),
        ("5", 5),
        ("64GB", 64 << 30),
        ("1.5 MB", 3 << 19),
        ("2TiB", 2 << 40),
        ("7kb", 7168),
        ("0", 0),
    ],
)
def test_settings(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", text)
    assert size_limits.value(size_limits.SIZE) == expected


@pytest.mark.parametrize("text", ["much", "-1", "1e3", "5PB", "1GBs", "9" * 99])
def test_a_setting_that_makes_no_sense(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, archives: Archives
) -> None:
    (tmp_path / "m.tar.gz").write_bytes(archives.tar_gz())
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", text)
    with pytest.raises(errors.SettingError, match=r"HUBEXPLORE_MAX_SIZE must be a number, such as '64GB'"):
        resolve(tmp_path / "m.tar.gz")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1024, "1.0 kB"),
        (200 << 20, "200 MB"),
        (16 << 30, "16.0 GB"),
        (3 << 50, "3,072 TB"),
    ],
)
def test_sizes_as_text(size: int, expected: str) -> None:
    assert size_limits.binary_size_text(size) == expected


def test_an_archive_that_unpacks_to_far_more_than_it_holds(
    tmp_path: Path, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything of it is written."""
    (tmp_path / "m.tar.gz").write_bytes(zeros("saved_model.pb", 200 << 20))
    with pytest.raises(
        errors.ArchiveError, match=r"200 MB or more.*the limit is 100\..*MAX_RATIO'\] = '20\d\d'"
    ):
        resolve(tmp_path / "m.tar.gz")
    assert left() == []
    monkeypatch.setenv("HUBEXPLORE_MAX_RATIO", "2000")
    with pytest.raises(errors.DamagedModuleError):  # Zeros are not a module, but they were unpacked.
        resolve(tmp_path / "m.tar.gz")


def test_a_size_beyond_the_limit_is_refused_before_it_is_written(
    target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "1MB")
    data = archives.tar({"a": b"", "saved_model.pb": os.urandom(2 << 20)})
    for each in (gzip.compress(data), bz2.compress(data), lzma.compress(data), data):
        with pytest.raises(errors.ArchiveError, match=r"the limit is 1.0 MB.*HUBEXPLORE_MAX_SIZE.*'\d+GB'"):
            extract(each, target)
        assert written(target) == 0


def test_what_is_not_a_member_counts_too(
    target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros behind the end mark cost nothing on the disk, but time."""
    monkeypatch.setattr(size_limits, "_DENSE", 1 << 20)
    data = gzip.compress(archives.tar(archives.MODULE) + bytes(20 << 20))
    with pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_RATIO"):
        extract(data, target)
    source = io.BytesIO(data)  # Without a known size, what was read so far counts.
    with pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_RATIO"):
        archive.extract(source, str(target), "m")


def test_hard_links_are_copies(target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "20MB")
    links = []
    for number in range(100):
        link = tarfile.TarInfo(f"copy{number}")
        link.type, link.linkname = tarfile.LNKTYPE, "saved_model.pb"
        links.append(link)
    with pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_SIZE"):
        extract(archives.tar_gz({"saved_model.pb": os.urandom(1 << 20)}, *links), target)
    assert written(target) <= 20 << 20


def test_holes_count_as_what_is_written(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keywords = b"".join(
        f"{len(text) + 4} {text}\n".encode()
        for text in ("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=99999999999")
    )
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(keywords)
    file = tarfile.TarInfo("holes")
    file.size = 512
    data = header.tobuf() + keywords.ljust(512, b"\0") + file.tobuf() + b"0\n".ljust(512, b"\0") + bytes(1024)
    with pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_SIZE"):
        extract(data, target)
    assert written(target) == 0


def _archive_of_empty_files(suffix: str, names: list[str], archives: Archives) -> bytes:
    if suffix != ".zip":
        return archives.tar_gz(dict.fromkeys(names, b""))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, b"")
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_a_great_many_files(
    suffix: str, target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _archive_of_empty_files(suffix, [f"assets/{number}" for number in range(300)], archives)
    monkeypatch.setenv("HUBEXPLORE_MAX_FILES", "100")
    with pytest.raises(errors.ArchiveError, match=r"more than 100 files.*HUBEXPLORE_MAX_FILES'\] = '1000'"):
        extract(data, target)
    assert len(list(target.rglob("*"))) <= (0 if suffix == ".zip" else 101)
    monkeypatch.setenv("HUBEXPLORE_MAX_FILES", "1000")
    extract(data, target)


def test_the_list_of_a_zip_archive_is_not_read_if_it_is_too_long(target: Path) -> None:
    """A million members need half a gigabyte as Python objects."""
    entry = b"PK\1\2" + bytes(42)
    count = 1_000_000
    end = b"PK\5\6" + bytes(4) + (count & 0xFFFF).to_bytes(2, "little") * 2
    data = (
        b"PK\3\4" + bytes(26) + entry * count + end + (46 * count).to_bytes(4, "little") + b"\x1e\0\0\0\0\0"
    )
    with memory_below(8 << 20), pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_FILES"):
        extract(data, target)


def test_properties_of_all_members_do_not_multiply(target: Path) -> None:
    """tarfile copies them for each member: 800 members took 1.5 GB."""
    properties = {f"k{number}": "" for number in range(20_000)}
    data = tarfile.TarInfo.create_pax_global_header(properties)
    data += b"".join(tarfile.TarInfo(f"f{number}").tobuf() for number in range(50)) + bytes(1024)
    with memory_below(32 << 20), pytest.raises(errors.ArchiveError, match="more than 100 properties"):
        extract(gzip.compress(data), target)


@pytest.mark.parametrize("locator", [b"", b"PK\6\7" + bytes(4) + (30).to_bytes(8, "little") + bytes(4)])
def test_a_second_end_of_a_zip_archive_does_not_hide_the_first(target: Path, locator: bytes) -> None:
    """Without its locator zipfile looks at no record of zip64; new versions follow the locator."""

    def record(count: int, size: int) -> bytes:
        return struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0)

    count = 200_000
    large, small = record(count, 46 * count), record(1, 46)
    entries = b"PK\3\4" + bytes(26) + large + (b"PK\1\2" + bytes(42)) * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46 if locator else 46 * count, 30, 0)
    with memory_below(64 << 20), pytest.raises(errors.ArchiveError, match="HUBEXPLORE_MAX_FILES"):
        extract(entries + small + (locator or bytes(20)) + end, target)


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
@pytest.mark.parametrize("step", [1, 1500])
def test_a_deep_path(suffix: str, step: int, target: Path, archives: Archives) -> None:
    """Whether the directories come one by one or all at once."""
    names = [f"{'a/' * depth}f" for depth in range(step, 1501, step)]
    data = _archive_of_empty_files(suffix, names, archives)
    with pytest.raises(errors.ArchiveError, match=r"directories deep.*HUBEXPLORE_MAX_DEPTH'\] = '\d+'"):
        extract(data, target)
    shutil.rmtree(target)


def _links(count: int, target_of: Callable[[int], str]) -> list[tarfile.TarInfo]:
    """Symbolic links l0, l1, ... as members of an archive."""
    links = [tarfile.TarInfo(f"l{number}") for number in range(count)]
    for number, link in enumerate(links):
        link.type, link.linkname = tarfile.SYMTYPE, target_of(number)
    return links


def test_few_links_that_take_long_to_follow(target: Path, archives: Archives) -> None:
    """900 of them, each to the one before and by way of what is not there, took 40 seconds."""
    links = _links(900, lambda number: f"d/../missing/../l{number - 1}")
    with pytest.raises(errors.ArchiveError, match="'l40' leads through too many other links"):
        extract(archives.tar_gz(None, *links), target)


def test_links_that_lead_through_each_other(target: Path, archives: Archives) -> None:
    links = _links(3000, lambda number: f"l{number + 1}")
    with pytest.raises(errors.ArchiveError, match="too many other links"):
        extract(archives.tar_gz(None, *links), target)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".zip"])
def test_free_disk_is_checked_before(
    suffix: str,
    tmp_path: Path,
    archives: Archives,
    left: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {**archives.MODULE, "assets/zeros": bytes(1 << 20)}
    data = archives.tar_gz(files) if suffix == ".tar.gz" else archives.tar(files)
    if suffix == ".zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in files.items():
                made.writestr(name, content)
        data = buffer.getvalue()
    (tmp_path / f"m{suffix}").write_bytes(data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 30, 0, 100 << 10))
    with pytest.raises(errors.ArchiveError, match=r"needs 1.0 MB.*has only 100 kB left.*TFHUB_CACHE_DIR"):
        resolve(tmp_path / f"m{suffix}")
    assert left() == []


def test_a_download_that_does_not_fit(
    server: Server, archives: Archives, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 30, 0, 100))
    with pytest.raises(errors.ArchiveError, match="has only 100 bytes left"):
        resolve(server.give("/m", archives.tar_gz()))
    assert left() == []


def test_progress_of_a_long_extraction(
    tmp_path: Path, archives: Archives, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, Any]] = []

    class Bar:
        def __init__(self, **options: object) -> None:
            shown.append(options)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, size: int) -> None:
            shown.append({"size": size})

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    files = {**archives.MODULE, "assets/noise": os.urandom(9 << 20)}
    (tmp_path / "m.tar").write_bytes(archives.tar(files))
    resolve(tmp_path / "m.tar")
    assert re.search("'desc': 'Unpacking', 'total': 9[0-9]{6}", str(shown[0]))
    assert sum(step.get("size", 0) for step in shown) == (tmp_path / "m.tar").stat().st_size
    shown.clear()
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    resolve(tmp_path / "m.zip")
    assert shown[0]["total"] == sum(step.get("size", 0) for step in shown) == sum(map(len, files.values()))

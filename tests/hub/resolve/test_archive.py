"""Extraction: nothing outside, nothing incomplete."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import shutil
import stat
import subprocess
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import archive
from tests.work import memory_below

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives


def extract(data: bytes, target: Path) -> str:
    return archive.extract(io.BytesIO(data), str(target), "m.tar.gz")


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    return member


def test_files_come_out_as_they_went_in(target: Path, archives: Archives) -> None:
    assert extract(archives.tar_gz(), target) == str(target)
    assert archives.extracted(target) == archives.MODULE


def test_names_that_start_with_a_dot_and_slash(target: Path, archives: Archives) -> None:
    extract(archives.tar_gz({f"./{name}": content for name, content in archives.MODULE.items()}), target)
    assert archives.extracted(target) == archives.MODULE


def test_an_archive_that_wraps_its_module_in_one_directory(target: Path, archives: Archives) -> None:
    wrapped = {f"my_module/{name}": content for name, content in archives.MODULE.items()}
    assert extract(archives.tar_gz(wrapped), target) == str(target / "my_module")


def test_two_modules_in_one_archive_are_not_chosen_from(target: Path, archives: Archives) -> None:
    both = {f"{which}/saved_model.pb": b"" for which in "ab"}
    with pytest.raises(errors.NotAModuleError, match=r"holds 2 modules: 'a', 'b'\. Extract it"):
        extract(archives.tar_gz(both), target)


def test_long_and_foreign_names(target: Path, archives: Archives) -> None:
    files = {f"assets/{'x' * 200}/{'y' * 120}": b"1", "assets/wörter.txt": b"2"}
    extract(archives.tar_gz(files), target)
    assert archives.extracted(target) == files


@pytest.mark.parametrize("name", ["ABSOLUTE/evil", "../evil", "a/../../evil", "assets/../../evil", ".."])
def test_nothing_is_written_outside(name: str, target: Path, archives: Archives) -> None:
    name = name.replace("ABSOLUTE", str(target.parent))
    with pytest.raises(errors.ArchiveError, match="outside the target") as caught:
        extract(archives.tar_gz({"saved_model.pb": b"", name: b"evil"}), target)
    assert repr(name) in str(caught.value)
    assert not (target.parent / "evil").exists()


@pytest.mark.parametrize("to", ["/etc/passwd", "../../outside", "../assets/../../outside", "a/b"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_out_of_the_directory(to: str, kind: bytes, target: Path, archives: Archives) -> None:
    (target.parent / "outside").write_bytes(b"secret")
    others = [link("assets/link", to, kind)]
    if to == "a/b":  # Each looks harmless on its own.
        others = [link("a", "."), link("deep", "a/.."), link("assets/link", "../deep/outside", kind)]
    with pytest.raises(errors.ArchiveError, match=r"outside the target|not a file in the archive"):
        extract(archives.tar_gz(None, *others), target)


def test_a_file_is_not_written_through_a_link(target: Path) -> None:
    outside = target.parent / "outside"
    outside.mkdir()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        made.addfile(link("assets", "../outside"))
        member = tarfile.TarInfo("assets/evil")
        member.size = 4
        made.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(errors.ArchiveError):
        extract(buffer.getvalue(), target)
    assert not list(outside.iterdir())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_inside_are_fine(kind: bytes, target: Path, archives: Archives) -> None:
    to = "words.txt" if kind == tarfile.SYMTYPE else "assets/words.txt"
    extract(archives.tar_gz(None, link("assets/same.txt", to, kind)), target)
    assert (target / "assets/same.txt").read_bytes() == b"word\n"


def test_links_that_go_in_circles_end(target: Path, archives: Archives) -> None:
    extract(archives.tar_gz(None, link("a", "b"), link("b", "a")), target)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"])
def test_neither_devices_nor_pipes(kind: bytes, target: Path, archives: Archives) -> None:
    member = tarfile.TarInfo("assets/device")
    member.type = kind
    with pytest.raises(errors.ArchiveError, match="'assets/device' is not a file"):
        extract(archives.tar_gz(None, member), target)
    assert not (target / "assets/device").exists()


def test_modes_are_plain(target: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, mode in (("suid", 0o6777), ("locked", 0)):
            member = tarfile.TarInfo(name)
            member.mode = mode
            made.addfile(member)
    extract(buffer.getvalue(), target)
    assert {stat.S_IMODE(file.stat().st_mode) for file in target.iterdir()} == {0o644}


def test_every_cut_is_noticed(target: Path, archives: Archives) -> None:
    data = archives.tar_gz()
    for length in range(len(data)):
        with pytest.raises(errors.ArchiveError, match=r"cut|empty|not compressed"):
            extract(data[:length], target)


def test_a_cut_before_compression_is_noticed(target: Path, archives: Archives) -> None:
    plain = archives.tar(archives.MODULE)
    end = len(plain.rstrip(b"\0")) // 512 * 512 + 512
    for length in range(0, end + 1, 256):
        with pytest.raises(errors.ArchiveError, match=r"cut|damaged"):
            extract(gzip.compress(plain[:length]), target)


def test_a_flipped_bit_is_noticed_or_changes_nothing(target: Path, archives: Archives) -> None:
    data = archives.tar_gz()
    noticed = 0
    for position in range(10, len(data)):  # The header of gzip itself holds nothing that matters.
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        try:
            extract(bytes(flipped), target)
        except errors.ArchiveError:
            noticed += 1
        else:  # For example a run of zeros copied from another run of zeros.
            assert zlib.decompress(flipped, wbits=31) == zlib.decompress(data, wbits=31)
    assert noticed > 0.9 * (len(data) - 10)


def test_a_damaged_header_is_no_end(target: Path, archives: Archives) -> None:
    plain = bytearray(archives.tar({"a": b"1", "saved_model.pb": b"2"}))
    plain[1024] ^= 1  # the name of the second member
    with pytest.raises(errors.ArchiveError, match="damaged"):
        extract(gzip.compress(bytes(plain)), target)


def test_members_behind_the_end_mark_are_not_lost_silently(target: Path, archives: Archives) -> None:
    with pytest.raises(errors.ArchiveError, match="more data after its end mark"):
        extract(gzip.compress(archives.tar({"a": b"1"}) + archives.tar({"b": b"2"})), target)


def test_several_gzip_members_and_rubbish_behind_them(target: Path, archives: Archives) -> None:
    plain = archives.tar(archives.MODULE)
    data = gzip.compress(plain[:700]) + gzip.compress(plain[700:])
    for rubbish in (b"", b"\0" * 600, b"rubbish"):
        extract(data + rubbish, target)
        assert archives.extracted(target) == archives.MODULE


def test_random_bytes_give_one_kind_of_error(target: Path, archives: Archives) -> None:
    generator = random.Random(5)
    plain = archives.tar(archives.MODULE)
    for _ in range(300):
        changed = bytearray(plain)
        for _ in range(4):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        with contextlib.suppress(errors.ArchiveError):
            extract(gzip.compress(bytes(changed), 1), target)


def test_a_huge_header_is_refused_before_it_is_read(target: Path) -> None:
    member = tarfile.TarInfo("path")
    member.type, member.size = tarfile.XHDTYPE, 1 << 40
    data = zlib.compress(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096, wbits=31)
    with pytest.raises(errors.ArchiveError, match="impossible size"):
        extract(data, target)


def header(name: str, kind: bytes, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def block(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)


LONG_NAME = header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 4) + block(b"name")
HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("before", [b"", header("first", tarfile.REGTYPE, 0), LONG_NAME, LONG_NAME * 2])
def test_a_huge_header_is_refused_wherever_it_stands(kind: bytes, before: bytes, target: Path) -> None:
    data = before + header("path", kind, 1 << 40) + b"\0" * 4096
    with pytest.raises(errors.ArchiveError, match="impossible size"):
        extract(gzip.compress(data, 1), target)


@pytest.mark.parametrize("kind", HEADERS)
def test_nothing_is_held_of_a_huge_header(kind: bytes, target: Path) -> None:
    data = gzip.compress(header("path", kind, 50 << 20) + bytes(50 << 20), 1)
    with memory_below(8 << 20), pytest.raises(errors.ArchiveError, match="impossible size"):
        extract(data, target)


def test_headers_without_end_are_refused(target: Path) -> None:
    """A map of holes that says it has more entries than it has, and extended headers of extended headers."""
    keywords = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
    sparse = header("x", tarfile.XHDTYPE, len(keywords)) + block(keywords) + header("f", b"0", 8 << 20)
    for data in (sparse + b"9999999\n" + b"1\n" * (4 << 20), LONG_NAME * 3000):
        with pytest.raises(errors.ArchiveError, match=r"impossible size|recursion"):
            extract(gzip.compress(data, 1), target)


@pytest.mark.parametrize("size", [b"-512", b"-1024", b"-99999999"])
@pytest.mark.timeout(30)
def test_a_size_that_leads_backwards_ends(size: bytes, target: Path) -> None:
    record = b" size=" + size + b"\n"
    record = str(len(record) + 2).encode() + record
    data = header("x", tarfile.XHDTYPE, len(record)) + block(record) + header("f", tarfile.REGTYPE, 0)
    with pytest.raises(errors.ArchiveError, match=r"damaged"):
        extract(gzip.compress(data + bytes(1024), 1), target)


def test_a_damaged_header_behind_a_long_name_is_no_end(target: Path) -> None:
    damaged = bytearray(header("f", tarfile.REGTYPE, 0))
    damaged[0] ^= 1
    for data in (LONG_NAME + damaged, header("f", tarfile.REGTYPE, 0) + LONG_NAME + damaged):
        with pytest.raises(errors.ArchiveError, match="damaged"):
            extract(gzip.compress(data + bytes(1024), 1), target)
    with pytest.raises(errors.ArchiveError, match="cut"):
        extract(gzip.compress(header("f", tarfile.REGTYPE, 0) + LONG_NAME, 1), target)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_of_tar(form: int, target: Path, archives: Archives) -> None:
    files = {f"{'d' * 90}/{'n' * 60}": b"1" * 700_000, "saved_model.pb": b"2" * 512, "empty": b""}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form) as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    extract(buffer.getvalue(), target)
    assert archives.extracted(target) == files


@pytest.mark.parametrize(
    "options", [["--format=gnu"], ["--format=pax"], ["--format=pax", "--sparse-version=0.1"]]
)
def test_a_file_with_holes(options: list[str], target: Path, tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        for position in (1 << 20, 3 << 20):
            file.seek(position)
            file.write(b"data")
        file.truncate(5 << 20)
    made = tmp_path / "m.tar.gz"
    subprocess.run(["tar", "-S", *options, "-czf", made, "-C", tmp_path, "holes"], check=True)
    extract(made.read_bytes(), target)
    assert (target / "holes").read_bytes() == (tmp_path / "holes").read_bytes()


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"\n  <HTML>", "web page"),
        (b"7z\xbc\xaf\x27\x1c", "a format that is not supported"),
        (b"PK\x03\x04rest", "cut"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"", "empty"),
        (b"hello", "neither a tar nor a zip archive, and not compressed.*starts with b'hello'"),
    ],
)
def test_what_is_no_archive_is_named(start: bytes, says: str, target: Path) -> None:
    with pytest.raises(errors.ArchiveError, match=says):
        extract(start, target)


def test_an_archive_that_is_not_compressed(target: Path, archives: Archives) -> None:
    """Whatever its name ends with: some servers decompress, and `tar cf m.tgz` does not compress."""
    assert extract(archives.tar(archives.MODULE), target) == str(target)
    assert archives.extracted(target) == archives.MODULE


def test_every_cut_of_one_that_is_not_compressed_is_noticed(target: Path, archives: Archives) -> None:
    whole = archives.tar(archives.MODULE)
    end = len(whole.rstrip(b"\0"))
    for length in range(0, end, 97):
        with pytest.raises(errors.ArchiveError):
            extract(whole[:length], target)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_source_that_gives_a_byte_at_a_time(compressed: bool, target: Path, archives: Archives) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(1, size or 0))

    data = archives.tar_gz() if compressed else archives.tar(archives.MODULE)
    archive.extract(Slow(data), str(target), "m.tgz")
    assert archives.extracted(target) == archives.MODULE


def test_a_full_disk_is_named(target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(errors.ArchiveError, match="No space left"):
        extract(archives.tar_gz(), target)

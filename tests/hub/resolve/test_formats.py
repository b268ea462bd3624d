"""Every format of archive, by its content."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubexplore import errors
from hubexplore.hub.resolve import archive, resolve

if TYPE_CHECKING:
    from tests.hub.resolve.conftest import Archives, Server


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *others: zipfile.ZipInfo) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as made:
        for name, content in files.items():
            made.writestr(name, content)
        for other in others:
            made.writestr(other, other.comment)
    return target.getvalue()


def special(name: str, kind: int, content: bytes = b"") -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (kind | 0o644) << 16
    member.comment = content  # what `zipped` writes
    return member


def extract(data: bytes, target: Path) -> str:
    try:
        return archive.extract(io.BytesIO(data), str(target), "m", len(data))
    finally:
        assert [child.name for child in target.parent.iterdir()] == ["target"]


FORMATS: dict[str, Callable[[Archives], bytes]] = {
    ".tar": lambda archives: archives.tar(archives.MODULE),
    ".tar.gz": lambda archives: archives.tar_gz(),
    ".tar.bz2": lambda archives: bz2.compress(archives.tar(archives.MODULE)),
    ".tar.xz": lambda archives: lzma.compress(archives.tar(archives.MODULE)),
    ".zip": lambda archives: zipped(archives.MODULE),
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_local_and_remote(suffix: str, tmp_path: Path, archives: Archives, server: Server) -> None:
    data = FORMATS[suffix](archives)
    file = tmp_path / f"m{suffix}"
    file.write_bytes(data)
    for handle in (str(file), f"file:{file}", server.give(f"/m{suffix}", data), server.give("/page", data)):
        assert archives.extracted(Path(resolve(handle))) == archives.MODULE


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_name_may_be_wrong(suffix: str, tmp_path: Path, archives: Archives) -> None:
    for other in (".tgz", ".zip", ".txz"):
        file = tmp_path / f"m{other}"
        file.write_bytes(FORMATS[suffix](archives))
        assert archives.extracted(Path(resolve(file))) == archives.MODULE


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("layers", [1, 2])
def test_what_was_compressed_again_on_the_way(
    suffix: str, layers: int, target: Path, archives: Archives
) -> None:
    data = FORMATS[suffix](archives)
    for _ in range(layers):
        data = gzip.compress(data)
    extract(data, target)
    assert archives.extracted(target) == archives.MODULE


def test_compressed_too_often(target: Path, archives: Archives) -> None:
    data = archives.tar_gz()
    for _ in range(4):
        data = gzip.compress(data)
    with pytest.raises(errors.ArchiveError, match="compressed more than 3 times"):
        extract(data, target)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_of_zip(method: int, target: Path, archives: Archives) -> None:
    extract(zipped(archives.MODULE, method), target)
    assert archives.extracted(target) == archives.MODULE


@pytest.mark.parametrize("prefix", ["x/", "x/y/", "./", "./x/", "x/y/z/"])
@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_a_module_deeper_than_the_top(suffix: str, prefix: str, target: Path, archives: Archives) -> None:
    files = {f"{prefix}{name}": content for name, content in archives.MODULE.items()}
    files["__MACOSX/x/._saved_model.pb"] = files["._x"] = b"\0\5\x16\7"
    files["README.md"] = b""
    path = extract(zipped(files) if suffix == ".zip" else archives.tar_gz(files), target)
    assert path == str(target / prefix)
    extracted = archives.extracted(Path(path)).items()
    assert {name: content for name, content in extracted if name in archives.MODULE} == archives.MODULE
    assert not (target / "__MACOSX").exists()


def test_an_archive_in_an_archive_is_named(tmp_path: Path, archives: Archives) -> None:
    (tmp_path / "m.zip").write_bytes(zipped({"a/inner.tar.gz": archives.tar_gz()}))
    with pytest.raises(errors.NotAModuleError, match=r"another archive, 'a/inner.tar.gz'.*Extract"):
        resolve(tmp_path / "m.zip")


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.xz", ".zip"])
def test_every_cut_is_noticed(suffix: str, target: Path, archives: Archives) -> None:
    data = FORMATS[suffix](archives)
    for length in range(len(data)):
        with pytest.raises(errors.ArchiveError, match=r"cut|damaged|empty|not compressed"):
            extract(data[:length], target)


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.xz", ".zip"])
def test_damage_gives_one_kind_of_error(suffix: str, target: Path, archives: Archives) -> None:
    generator = random.Random(5)
    data = FORMATS[suffix](archives)
    noticed = 0
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(3):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        try:
            extract(bytes(changed), target)
        except (errors.ArchiveError, errors.NotAModuleError):
            noticed += 1
    assert noticed > 200


@pytest.mark.parametrize("name", ["/evil", "../evil", "a/../../evil", "assets/../../evil", ".."])
def test_nothing_of_a_zip_archive_is_written_outside(name: str, target: Path, archives: Archives) -> None:
    with pytest.raises(errors.ArchiveError, match="outside the target"):
        extract(zipped({**archives.MODULE, name: b"evil"}), target)
    assert not (target.parent / "evil").exists()


def test_links_in_zip_archives(target: Path, archives: Archives) -> None:
    link = special("assets/same.txt", stat.S_IFLNK, b"words.txt")
    extract(zipped(archives.MODULE, zipfile.ZIP_DEFLATED, link), target)
    assert (target / "assets/same.txt").read_bytes() == b"word\n"
    for to in (b"/etc/passwd", b"../../x", b"\xff/../../../x"):
        link = special("assets/other.txt", stat.S_IFLNK, to)
        with pytest.raises(errors.ArchiveError, match="outside the target"):
            extract(zipped({}, zipfile.ZIP_DEFLATED, link), target)
        (target / "assets/other.txt").unlink(missing_ok=True)


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_neither_devices_nor_pipes_in_zip_archives(kind: int, target: Path, archives: Archives) -> None:
    with pytest.raises(errors.ArchiveError, match="'x' is not a file"):
        extract(zipped(archives.MODULE, zipfile.ZIP_DEFLATED, special("x", kind)), target)


def test_an_encrypted_zip_archive(target: Path, archives: Archives) -> None:
    data = bytearray(zipped(archives.MODULE))
    start = data.index(b"PK\1\2")
    data[start + 8] |= 1
    with pytest.raises(errors.ArchiveError, match=r"'tfhub_module.pb' is encrypted"):
        extract(bytes(data), target)


def test_a_compression_of_zip_that_is_not_read(target: Path, archives: Archives) -> None:
    """It is not damaged; 93 is zstd."""
    data = bytearray(zipped(archives.MODULE))
    data[data.index(b"PK\1\2") + 10] = 93
    with pytest.raises(
        errors.ArchiveError, match=r"compressed by method 93, which is not supported; extract"
    ):
        extract(bytes(data), target)


def test_a_full_disk_while_a_zip_archive_comes_in(
    target: Path, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list is at its end, so all of it is written first."""

    def full(**_: object) -> io.BytesIO:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(errors.ArchiveError, match=r"Cannot extract 'm': No space left on device\.$"):
        extract(zipped(archives.MODULE), target)


def test_a_zip_archive_whose_members_share_bytes(target: Path) -> None:
    """As in a bomb: many members with the same kernel of compressed zeros."""
    data = bytearray(zipped({"a": bytes(1 << 20), "b": bytes(1 << 20)}))
    first, second = data.index(b"PK\1\2"), data.rindex(b"PK\1\2")
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    with pytest.raises(errors.ArchiveError, match="overlaps another"):
        extract(bytes(data), target)


def test_a_zip_archive_that_lies_about_a_size(target: Path, archives: Archives) -> None:
    data = bytearray(zipped({"saved_model.pb": bytes(1 << 20)}))
    for mark, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        start = data.index(mark) + offset
        data[start : start + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(errors.ArchiveError, match="damaged"):
        extract(bytes(data), target)
    assert sum(map(len, archives.extracted(target).values())) <= 1000

"""Extracts an archive that a stranger made: tar or zip, a tar archive compressed by gzip, bzip2, xz or not.

Nothing is written outside of the target, nothing but files, directories and links inside it is made, no more
than `size_limits` allow, and the archive is read to its end: the tar end mark and, of a compressed stream,
the checksum and length at its end must be there. Python's own tarfile takes a cut archive, or one with a
damaged header behind the first, for a shorter one.

Why no library: tarfile and zipfile read here; those that extract for one check neither limits nor the end.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from hubexplore import errors
from hubexplore.hub.resolve import size_limits, zip_archive
from hubexplore.hub.resolve.decompression import CHUNK, Metered, Source, WebPageError, open_content
from hubexplore.hub.resolve.extraction_target import Target
from hubexplore.summary.files import magic
from hubexplore.summary.module_format import GRAPH_FILES

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["WebPageError", "extract"]

# Of one member, with its long names and extended headers; true ones are far below.
_LARGEST_HEADER: Final = 1 << 20
# Properties that the headers give to all members that follow; true archives have one or two.
_MOST_GLOBAL: Final = 100
# Smaller ones are unpacked before anybody could read a progress bar.
_SHOWS_PROGRESS: Final = 8 << 20
_DEEPEST_MODULE: Final = 4
_CUT: Final = "it ends too early, so it was cut; get it again"
_DAMAGED: Final = "its content is damaged ({}); get it again"
_DAMAGE: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    OverflowError,
    ValueError,
)


def extract(source: Source, target: str, name: str, size: int | None = None, progress: bool = False) -> str:
    """Extracts the archive in `source` into the directory `target`.

    Args:
      source: An archive, of which the content says what it is; the name of a file does not, and servers may
        change it on the way. It is read to its end.
      target: An existing empty directory. After an error it holds rubbish; the caller deletes it.
      name: What the archive is called in messages.
      size: How many bytes it has, if that is known.
      progress: Whether to show a progress bar while it is read, if that takes more than a second.

    Returns:
      The directory of the module: `target`, or the only directory in it with a module, as
      `tar czf NAME.tar.gz NAME/` makes.

    Raises:
      ArchiveError: It is not an archive, is cut or damaged, would write outside of `target`, passes a
        limit, or cannot be written.
    """
    folder = Path(target)
    with contextlib.ExitStack() as stack:
        shows = progress and (size or 0) >= _SHOWS_PROGRESS and not _is_zip_file(source)
        packed = Metered(source, size, stack.enter_context(_bar(size)).update if shows else None)
        opened = Target(folder, size_limits.Budget(folder, packed))
        try:
            _extract(packed, opened)
        except errors.ArchiveError as error:
            raise type(error)(f"Cannot extract {name!r}: {error}.") from error
        except errors.HubError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise errors.ArchiveError(f"Cannot extract {name!r}: {reason}.") from error
        except RecursionError as error:
            found = _DAMAGED.format("headers within headers, without end: a recursion")
            raise errors.ArchiveError(f"Cannot extract {name!r}: {found}.") from error
        except EOFError as error:
            raise errors.ArchiveError(f"Cannot extract {name!r}: {_CUT}.") from error
        except _DAMAGE as error:
            raise errors.ArchiveError(f"Cannot extract {name!r}: {_DAMAGED.format(error)}.") from error
    return _module_root(folder, name)


def _extract(packed: Metered, target: Target) -> None:
    if packed.total:
        target.budget.reserve(packed.total)
    if _is_zip_file(packed.source):
        _unzip(cast(IO[bytes], packed.source), target)
        return
    content, is_zip = open_content(packed)
    if not is_zip:
        _Tar(target).unpack(content)
        return
    # The list of a zip archive is at its end. The file has no name, so that nothing can stay of it.
    with tempfile.TemporaryFile(dir=target.folder.parent) as file:
        while data := content.read(CHUNK):
            target.budget.unpack(len(data))
            file.write(data)
        packed.total, target.budget.unpacked = file.tell(), 0
        _unzip(file, target)


def _is_zip_file(source: Source) -> bool:
    """Says whether it is a zip archive in a file of this machine, which can be read in any order."""
    return isinstance(source, io.BufferedReader) and magic.ZIP.begins(source.peek(4))


def _unzip(file: IO[bytes], target: Target) -> None:
    with contextlib.ExitStack() as stack:

        def start(size: int) -> Callable[[int], object] | None:
            return stack.enter_context(_bar(size)).update if size >= _SHOWS_PROGRESS else None

        zip_archive.unpack(file, target, size_limits.value(size_limits.FILES), start)


def _bar(size: int | None) -> tqdm[Any]:
    from tqdm.auto import tqdm

    return tqdm(desc="Unpacking", total=size, unit="B", unit_scale=True, delay=1, leave=False)


def _module_root(target: Path, name: str) -> str:
    """Returns the one directory with a saved model, which may lie deeper than the top."""
    level = [target]
    for _ in range(_DEEPEST_MODULE):
        found = [folder for folder in level if _holds_module(folder)]
        if len(found) == 1:
            return str(found[0])
        if found:
            names = ", ".join(repr(folder.relative_to(target).as_posix()) for folder in sorted(found)[:5])
            raise errors.NotAModuleError(
                f"The archive {name!r} holds {len(found)} modules: {names}. Extract it and give "
                "the path of one."
            )
        level = [child for folder in level for child in folder.iterdir() if _is_folder(child)]
    return str(target)


def _holds_module(folder: Path) -> bool:
    return any((folder / file).is_file() for file in GRAPH_FILES)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


class _Forward:
    """The content of an archive as the file that tarfile reads: from start to end, in bounded pieces.

    tarfile follows the sizes that headers claim, and which of its methods do so differs between patch
    releases of Python. Each of its steps is a read or a seek here.
    """

    def __init__(self, content: Source, budget: size_limits.Budget) -> None:
        self._content = content
        self._budget = budget
        self._position = 0
        self._header_bytes: int | None = 0
        self.last = b""
        """What was read last: of the header with which tarfile stopped, its block."""

    @contextlib.contextmanager
    def inside_member(self) -> Iterator[None]:
        """Meanwhile the content of a member is read, and afterwards the headers of the next."""
        self._header_bytes = None
        yield
        self._header_bytes = 0

    def tell(self) -> int:
        """Returns the count of bytes before the next."""
        return self._position

    def seek(self, position: int, /) -> int:
        """Skips up to `position`."""
        if position < self._position:
            raise tarfile.ReadError("a header with an impossible size")
        while self._position < position:
            self._take(min(position - self._position, CHUNK))
        return self._position

    def read(self, size: int, /) -> bytes:
        """Returns exactly `size` bytes: a tar archive says how long all in it is."""
        if self._header_bytes is not None:
            self._header_bytes += size
        if size < 0 or max(size, self._header_bytes or 0) > _LARGEST_HEADER:
            raise tarfile.ReadError("a header with an impossible size")
        parts = []
        while size:
            parts.append(self._take(size))
            size -= len(parts[-1])
        self.last = b"".join(parts)
        return self.last

    def rest(self) -> Iterator[bytes]:
        """Reads to the end, which makes the checksum be verified."""
        while data := self._content.read(CHUNK):
            self._budget.unpack(len(data))
            yield data

    def _take(self, size: int) -> bytes:
        data = self._content.read(size)
        if not data:
            raise EOFError
        self._budget.unpack(len(data))
        self._position += len(data)
        return data


class _Tar:
    """Unpacks a tar archive."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def unpack(self, content: Source) -> None:
        file = _Forward(content, self._target.budget)
        # tarfile only reads, tells and seeks, whatever the stubs ask for.
        with tarfile.open(fileobj=cast(IO[bytes], file), mode="r:") as archive:
            while member := archive.next():
                with file.inside_member():
                    self._write(archive, member)
                # Else every header would stay in memory.
                archive.members.clear()  # type: ignore[attr-defined]  # documented, but not in the stubs
                # Each member gets a copy of what the headers say of all.
                if len(archive.pax_headers) > _MOST_GLOBAL:
                    raise tarfile.ReadError(f"more than {_MOST_GLOBAL} properties of all its members")
        self._expect_end(file)
        self._target.finish()

    def _expect_end(self, file: _Forward) -> None:
        """Else members behind an end mark, or behind a damaged header, would be lost without a word."""
        if file.last.strip(b"\0"):
            raise tarfile.ReadError(f"no header where one should be, after {file.tell()} bytes")
        if any(data.strip(b"\0") for data in file.rest()):
            raise tarfile.ReadError("there is more data after its end mark")

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if member.isdir():
            self._target.directory(member.name)
        elif member.issym() or member.islnk():
            self._target.link(member.name, member.linkname, member.issym())
        elif member.isreg():
            if member.sparse is not None:  # Its holes are not in the archive, and are written.
                self._target.budget.copy(_holes(member))
            content = archive.extractfile(member) or io.BytesIO()
            self._target.file(member.name, member.size, lambda file: shutil.copyfileobj(content, file, CHUNK))
        else:
            raise errors.ArchiveError(f"its member {member.name!r} is neither file, directory nor link")


def _holes(member: tarfile.TarInfo) -> int:
    """Returns how many bytes of a file its archive leaves out."""
    sparse = cast("list[tuple[int, int]]", member.sparse)  # whatever the stubs say
    return max(0, member.size - sum(size for _, size in sparse))

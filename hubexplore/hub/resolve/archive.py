"""Extracts an archive that a stranger made: zip, or tar, which may be compressed by gzip, bzip2 or xz.

Nothing is written outside the target; only files, directories and links inside it are made, and no more than
`size_limits` allow. The archive is read to its end: the tar end mark and, of a compressed stream, the
checksum and length at its end must be there. Python's tarfile would take a truncated archive, or one with a
damaged header after the first, for a shorter one.

Why no library: tarfile and zipfile do the reading. Libraries that extract a whole archive check neither
limits nor the end.
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
from hubexplore.hub.resolve import os_errors, size_limits, zip_archive
from hubexplore.hub.resolve.decompression import CHUNK, ByteSource, Metered, WebPageError, open_content
from hubexplore.hub.resolve.extraction_target import Target
from hubexplore.summary.files import magic
from hubexplore.summary.module_format import GRAPH_FILES

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["WebPageError", "extract", "extract_all"]

# Bytes of the headers of one member, with long names and extended headers; honest ones are far smaller.
_LARGEST_HEADER: Final = 1 << 20
# Properties that global headers give to all later members; honest archives have one or two. tarfile copies
# them into each member, so many of them would make time and memory quadratic.
_MOST_GLOBAL: Final = 100
# Smaller archives are unpacked before anybody could read a progress bar.
_SHOWS_PROGRESS: Final = 8 << 20
# Levels of directories in which a module is looked for; archives of several versions have two.
_DEEPEST_MODULE: Final = 4
_TRUNCATED: Final = "it ends too early, so it was cut off; download it again"
_DAMAGED: Final = "its content is damaged ({}); download it again"
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


def extract(
    source: ByteSource, target: str, name: str, size: int | None = None, progress: bool = False
) -> str:
    """Extracts the archive in `source` into the directory `target`.

    Args:
      source: The archive, read to its end. Its content decides the format: file names may be wrong, and
        servers may change the compression on the way.
      target: An existing empty directory. After an error it holds remains, which the caller deletes.
      name: What the archive is called in messages.
      size: Its size in bytes, if that is known.
      progress: Whether to show a progress bar, if reading takes more than a second.

    Returns:
      The directory of the module: `target`, or the only directory in it with a module, as
      `tar czf NAME.tar.gz NAME/` makes.

    Raises:
      ArchiveError: It is not an archive, is truncated or damaged, would write outside `target`, passes a
        limit, or cannot be written.
    """
    extract_all(source, target, name, size, progress)
    return _module_root(Path(target), name)


def extract_all(
    source: ByteSource, target: str, name: str, size: int | None = None, progress: bool = False
) -> None:
    """Extracts an archive, whatever it holds; arguments and errors are those of `extract`."""
    folder = Path(target)
    with contextlib.ExitStack() as stack:
        shows = progress and (size or 0) >= _SHOWS_PROGRESS and not _is_zip_file(source)
        packed = Metered(source, size, stack.enter_context(_bar(size)).update if shows else None)
        opened = Target(folder, size_limits.Budget(folder, packed))
        try:
            _extract(packed, opened)
        except errors.ArchiveError as error:
            # The type is kept: the caller adds a hint to a WebPageError.
            raise type(error)(f"Cannot extract {name!r}: {error}.") from error
        except errors.HubError:
            raise
        except OSError as error:
            raise errors.ArchiveError(f"Cannot extract {name!r}: {os_errors.reason_of(error)}.") from error
        # tarfile calls itself for each long-name or extended header that precedes a member.
        except RecursionError as error:
            reason = _DAMAGED.format("headers nested without end: a recursion")
            raise errors.ArchiveError(f"Cannot extract {name!r}: {reason}.") from error
        except EOFError as error:
            raise errors.ArchiveError(f"Cannot extract {name!r}: {_TRUNCATED}.") from error
        except _DAMAGE as error:
            raise errors.ArchiveError(f"Cannot extract {name!r}: {_DAMAGED.format(error)}.") from error


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
    # The list of a zip archive's members is at its end, so it has to be stored first. The file has no name,
    # so nothing of it can stay behind.
    with tempfile.TemporaryFile(dir=target.folder.parent) as file:
        while data := content.read(CHUNK):
            target.budget.unpack(len(data))
            file.write(data)
        # From here on the stored file counts as the archive, and the limits apply to what it unpacks to.
        packed.total, target.budget.unpacked = file.tell(), 0
        _unzip(file, target)


def _is_zip_file(source: ByteSource) -> bool:
    """Says whether it is a zip archive in a local file, which can be read in any order."""
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
    """Returns the only directory with a saved model, at the top or a few levels below."""
    level = [target]
    for _ in range(_DEEPEST_MODULE):
        modules = [folder for folder in level if _holds_module(folder)]
        if len(modules) == 1:
            return str(modules[0])
        if modules:
            names = ", ".join(repr(folder.relative_to(target).as_posix()) for folder in sorted(modules)[:5])
            raise errors.NotAModuleError(
                f"The archive {name!r} holds {len(modules)} modules: {names}. Extract it and give "
                "the path of one of them."
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

    def __init__(self, content: ByteSource, budget: size_limits.Budget) -> None:
        self._content = content
        self._budget = budget
        self._position = 0
        self._header_bytes: int | None = 0
        self.last = b""
        """The block that was read last; after tarfile has stopped, that of the header at which it stopped."""

    @contextlib.contextmanager
    def inside_member(self) -> Iterator[None]:
        """Inside, a member's content is read, without a limit; afterwards, headers are read."""
        self._header_bytes = None
        yield
        self._header_bytes = 0

    def tell(self) -> int:
        """Returns the number of bytes that were read or skipped."""
        return self._position

    def seek(self, position: int, /) -> int:
        """Skips up to `position`."""
        if position < self._position:
            raise tarfile.ReadError("a header with an impossible size")
        while self._position < position:
            self._take(min(position - self._position, CHUNK))
        return self._position

    def read(self, size: int, /) -> bytes:
        """Returns exactly `size` bytes: in a tar archive, the length of everything is known beforehand."""
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
        """Yields what is left. Only reading to the end makes the decompressor verify its checksum."""
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

    def unpack(self, content: ByteSource) -> None:
        file = _Forward(content, self._target.budget)
        # tarfile only reads, tells and seeks, whatever the stubs ask for.
        # The mode "r:" keeps it from decompressing by itself, without limits.
        with tarfile.open(fileobj=cast(IO[bytes], file), mode="r:") as archive:
            while member := archive.next():
                with file.inside_member():
                    self._write(archive, member)
                # tarfile keeps every member in memory, which a long archive would fill.
                archive.members.clear()  # type: ignore[attr-defined]  # documented, but not in the stubs
                # tarfile copies these into each member.
                if len(archive.pax_headers) > _MOST_GLOBAL:
                    raise tarfile.ReadError(f"more than {_MOST_GLOBAL} properties of all its members")
        self._expect_end(file)
        self._target.finish()

    def _expect_end(self, file: _Forward) -> None:
        """Checks that the archive ends at its end mark.

        Otherwise members after an end mark, or after a damaged header, would be lost without an error.
        """
        if file.last.strip(b"\0"):
            raise tarfile.ReadError(f"a header is missing after {file.tell()} bytes")
        if any(data.strip(b"\0") for data in file.rest()):
            raise tarfile.ReadError("there is more data after its end mark")

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if member.isdir():
            self._target.directory(member.name)
        elif member.issym() or member.islnk():
            self._target.link(member.name, member.linkname, member.issym())
        elif member.isreg():
            if member.sparse is not None:  # its holes take no bytes in the archive, but do on disk
                self._target.budget.copy(_holes(member))
            content = archive.extractfile(member) or io.BytesIO()
            self._target.file(member.name, member.size, lambda file: shutil.copyfileobj(content, file, CHUNK))
        else:
            raise errors.ArchiveError(f"its member {member.name!r} is not a file, directory or link")


def _holes(member: tarfile.TarInfo) -> int:
    """Returns the number of bytes of a file that the archive leaves out."""
    sparse = cast("list[tuple[int, int]]", member.sparse)  # whatever the stubs say
    return max(0, member.size - sum(size for _, size in sparse))

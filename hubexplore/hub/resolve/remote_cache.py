"""Entries of a cache on a file system of TensorFlow, such as `gs://bucket/models`.

An entry is built in a local temporary folder, as always, and then copied. Object stores cannot rename a
folder in one step, so the order of the files makes an entry complete: the record comes last, and
`saved_model.pb` before it. An entry without a record is one of another program if it has that file, and does
not count otherwise. There are no locks: processes that store the same entry write the same content.

TensorFlow is imported only by this file system, see `tf_filesystem`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hubexplore import errors
from hubexplore.hub.resolve import manifest, os_errors
from hubexplore.hub.resolve.tf_filesystem import GfileFilesystem
from hubexplore.summary.files.redaction import redacted

_CHUNK: Final = 1 << 20

MSG_SCHEME: Final = (
    "TFHUB_CACHE_DIR is {folder!r}, but TensorFlow has no file system for {scheme}://. It has {known}. Set "
    "the variable to a folder on one of them, or first import the package that adds this one (for example "
    "`import tensorflow_io`)."
)
MSG_CANNOT_WRITE: Final = (
    "Cannot write to the cache folder {folder!r}: {reason}. Check that it exists and that you are signed in "
    "with the right to write there, or set the environment variable TFHUB_CACHE_DIR to another folder."
)
MSG_UNREADABLE: Final = (
    "Cannot read the cache folder {folder!r}: {reason}. Check that you are signed in with the right to read "
    "it, or set the environment variable TFHUB_CACHE_DIR to another folder."
)
MSG_NO_SCRATCH: Final = (
    "Cannot write to the temporary folder {folder!r}, where a model is unpacked before it is copied to the "
    "cache: {reason}. Free some space, or set the environment variable TMPDIR to another folder."
)
MSG_LINK: Final = (
    "{handle!r} cannot be stored in the cache {folder!r}: it has a link to a folder, {name!r}, and that file "
    "system has no links. Set the environment variable TFHUB_CACHE_DIR to a local folder."
)


def require_filesystem(folder: str) -> None:
    """Raises HandleError unless TensorFlow has a file system for the address `folder`; contacts nobody."""
    import tensorflow as tf

    scheme = folder.partition("://")[0]
    known = {name for name in tf.io.gfile.get_registered_schemes() if name}
    if scheme not in known:
        listed = ", ".join(sorted(f"{name}://" for name in known))
        raise errors.HandleError(MSG_SCHEME.format(folder=redacted(folder), scheme=scheme, known=listed))


@dataclass(frozen=True)
class RemoteEntry:
    """An entry of a remote cache.

    Attributes:
      path: its address; the last part is its key.
    """

    path: str

    @property
    def folder(self) -> str:
        """The address of the cache."""
        return self.path.rpartition("/")[0]

    @property
    def record_path(self) -> str:
        """The address of its record."""
        return f"{self.path}.json"

    def problem(self, thorough: bool = False) -> str | None:
        """Returns what is wrong: "" if it does not exist, None if it can be used.

        Args:
          thorough: whether the content is compared, which reads all files; otherwise their sizes are.

        Raises:
          HandleError: TensorFlow has no such file system.
          UnreadableModuleError: the cache cannot be read.
        """
        with self._reading() as filesystem:
            files = self._files(filesystem)
            if not files:
                return None if _size(filesystem, self._file(manifest.PROOF)) is not None else ""
            for name, recorded in files.items():
                finding = _compare(filesystem, self._file(name), recorded, thorough)
                if finding:
                    return f"{name!r} {finding}"
        return None

    def record(self) -> dict[str, Any]:
        """Returns its record; {} without one. Errors are those of `problem`."""
        with self._reading() as filesystem:
            return self._record(filesystem)

    def store(self, handle: str, make: Callable[[Path], Path], replaces: bool) -> None:
        """Builds the entry in a temporary folder and copies it.

        Args:
          handle: for the record, without a password.
          make: makes a tree at the path it gets, and returns it or a folder below.
          replaces: whether to replace an entry that looks whole; otherwise one that another process has
            stored in the meantime stays.

        Raises:
          DownloadError: it cannot be written. Of a new entry nothing stays.
          HubError: that of `make`.
        """
        with contextlib.ExitStack() as stack:
            with _scratch_errors():
                scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hubexplore.")))
                target = scratch / "made"
                target.mkdir()
            made = make(target)
            _require_no_links(made, handle, self.folder)
            with _scratch_errors():
                record = scratch / "record.json"
                manifest.write(made, record, handle)
                names = manifest.files_of(record.read_bytes())
            if replaces or self.problem() is not None:
                with self._writing() as filesystem:
                    self._copy(filesystem, made, record, list(names))

    def drop(self) -> bool:
        """Removes the entry; says whether it is gone."""
        try:
            with self._writing() as filesystem:
                self._take_apart(filesystem)
                if filesystem.isdir(self.path):
                    filesystem.remove_folder(self.path)
        except errors.HubError:
            return False
        return True

    def _copy(self, filesystem: GfileFilesystem, made: Path, record: Path, names: list[str]) -> None:
        absent = self._absent_folders(filesystem)
        names.sort(key=lambda name: name == manifest.PROOF)
        begun: list[str] = []
        earlier: set[str] = set()
        try:
            earlier = set(filesystem.files_below(self.path))
            self._take_apart(filesystem)
            for folder in dict.fromkeys(os.path.dirname(self._file(name)) for name in names):
                filesystem.make_folder(folder)
            for name in names:
                target = self._file(name)
                begun.append(target)
                if target in earlier:
                    # ram:// appends to a file that exists. One at a time, since others may read the rest.
                    _remove(filesystem, target)
                filesystem.copy_in(str(made / name), target)
            for left_over in earlier - set(begun):
                _remove(filesystem, left_over)
            filesystem.copy_in(str(record), self.record_path)
        except BaseException:
            self._take_back(filesystem, earlier.union(begun), absent)
            raise

    def _take_apart(self, filesystem: GfileFilesystem) -> None:
        """Removes what makes the entry complete."""
        for path in (self.record_path, self._file(manifest.PROOF)):
            _remove(filesystem, path)

    def _take_back(self, filesystem: GfileFilesystem, files: set[str], absent: list[str]) -> None:
        """Removes what a failed copy wrote or left over, unless another process has completed the entry."""
        with contextlib.suppress(OSError):
            # The record of this process may be there in part, which is not JSON.
            if self._files(filesystem):
                return
        for path in (self.record_path, *files):
            with contextlib.suppress(OSError):
                filesystem.remove_file(path)
        for folder in absent:
            with contextlib.suppress(OSError):
                if filesystem.isdir(folder) and not any(filesystem.files_below(folder)):
                    filesystem.remove_folder(folder)

    def _absent_folders(self, filesystem: GfileFilesystem) -> list[str]:
        """Returns the folders that do not exist yet, innermost first; never a bucket."""
        absent, folder = [], self.path
        while "/" in folder.partition("://")[2] and not filesystem.exists(folder):
            absent.append(folder)
            folder = os.path.dirname(folder)
        return absent

    def _file(self, name: str) -> str:
        return f"{self.path}/{name}"

    def _record(self, filesystem: GfileFilesystem) -> dict[str, Any]:
        try:
            return manifest.parsed(filesystem.read(self.record_path))
        except FileNotFoundError:
            return {}

    def _files(self, filesystem: GfileFilesystem) -> dict[str, Any]:
        files = self._record(filesystem).get("files")
        return files if isinstance(files, dict) else {}

    @contextlib.contextmanager
    def _reading(self) -> Iterator[GfileFilesystem]:
        with _translated(errors.UnreadableModuleError, MSG_UNREADABLE, self.folder):
            require_filesystem(self.path)
            yield GfileFilesystem()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[GfileFilesystem]:
        with _translated(errors.DownloadError, MSG_CANNOT_WRITE, self.folder):
            require_filesystem(self.path)
            yield GfileFilesystem()


def entries(folder: str) -> list[RemoteEntry]:
    """Returns what may be an entry, by its name or its record; errors are those of `RemoteEntry.problem`."""
    with _translated(errors.UnreadableModuleError, MSG_UNREADABLE, folder):
        require_filesystem(folder)
        try:
            names = set(GfileFilesystem().listdir(folder))
        except FileNotFoundError:
            return []
    found = sorted(name for name in names if f"{name}.json" in names or _is_key(name))
    return [RemoteEntry(f"{folder}/{name}") for name in found]


def _remove(filesystem: GfileFilesystem, path: str) -> None:
    """Removes a file that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        filesystem.remove_file(path)


def _is_key(name: str) -> bool:
    return manifest.KEY.fullmatch(name) is not None


def _translated(
    kind: type[errors.HubError], message: str, folder: str
) -> contextlib.AbstractContextManager[None]:
    """Turns an OSError into the error that names the cache."""
    # TensorFlow's messages go on with the requests that it has tried.
    return os_errors.translated(
        lambda reason: kind(
            message.format(folder=redacted(folder), reason=reason.strip().partition("\n")[0].rstrip("."))
        )
    )


def _scratch_errors() -> contextlib.AbstractContextManager[None]:
    return _translated(errors.DownloadError, MSG_NO_SCRATCH, tempfile.gettempdir())


def _require_no_links(made: Path, handle: str, folder: str) -> None:
    """Raises DownloadError for links to folders, behind which `manifest` sees no files; files are copied."""
    for place, folders, _ in os.walk(made):
        for name in folders:
            link = Path(place, name)
            if link.is_symlink():
                relative = link.relative_to(made).as_posix()
                raise errors.DownloadError(
                    MSG_LINK.format(handle=handle, folder=redacted(folder), name=relative)
                )


def _compare(filesystem: GfileFilesystem, path: str, recorded: Any, thorough: bool) -> str:
    """Returns what is wrong with a file, or ""."""
    # Other users may write to a shared cache, so the record may say anything.
    if (
        not isinstance(recorded, list)
        or len(recorded) != 3
        or not all(type(item) is int for item in recorded)
    ):
        return "has no size and checksum in the record"
    expected, _, checksum = recorded
    size = _size(filesystem, path)
    if size is None:
        return "is missing"
    if size != expected:
        return f"has {size:,} bytes instead of {expected:,}"
    return "was altered" if thorough and _checksum(filesystem, path) != checksum else ""


def _size(filesystem: GfileFilesystem, path: str) -> int | None:
    try:
        return filesystem.size(path)
    except FileNotFoundError:
        return None


def _checksum(filesystem: GfileFilesystem, path: str) -> int:
    checksum = 0
    with filesystem.open(path) as file:
        while data := file.read(_CHUNK):
            checksum = zlib.crc32(data, checksum)
    return checksum

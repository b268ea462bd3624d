"""Every file system that TensorFlow knows; TensorFlow is loaded only for remote ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from hubexplore.summary.files.filesystem import Filesystem, LocalFilesystem, Mark, join
from hubexplore.summary.files.paths import is_url


def filesystem_of(path: str) -> Filesystem:
    """Returns the file system of `path`: the local one, or TensorFlow's for a scheme as in `gs://`."""
    return GfileFilesystem() if is_url(path) else LocalFilesystem()


class GfileFilesystem:
    """`tf.io.gfile`, whose errors become OSErrors."""

    def __init__(self) -> None:
        import tensorflow as tf

        self._gfile: Any = tf.io.gfile
        self._errors: Any = tf.errors

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            path.encode()
        except UnicodeEncodeError as error:
            # TensorFlow would raise a TypeError, which would blame the caller.
            raise FileNotFoundError(2, "TensorFlow takes only file names that are UTF-8", path) from error
        try:
            yield
        # 2, 13 and 5 are ENOENT, EACCES and EIO on Linux, macOS and Windows alike.
        except self._errors.NotFoundError as error:
            raise FileNotFoundError(2, error.message, path) from error
        except (self._errors.PermissionDeniedError, self._errors.UnauthenticatedError) as error:
            raise PermissionError(13, error.message, path) from error
        except self._errors.OpError as error:
            raise OSError(5, error.message, path) from error

    def exists(self, path: str) -> bool:
        """Says whether a file or directory is at `path`."""
        with self._translated(path):
            return bool(self._gfile.exists(path))

    def isdir(self, path: str) -> bool:
        """Says whether a directory is at `path`."""
        with self._translated(path):
            return bool(self._gfile.isdir(path))

    def listdir(self, path: str) -> list[str]:
        """Returns the names in the directory `path`; object stores end those of directories with "/"."""
        with self._translated(path):
            return [name.rstrip("/") for name in self._gfile.listdir(path)]

    def size(self, path: str) -> int:
        """Returns the length of the file `path` in bytes."""
        with self._translated(path):
            return int(self._gfile.stat(path).length)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Returns the content of the file `path`, or only its first `limit` bytes."""
        with self._translated(path), self._gfile.GFile(path, "rb") as file:
            content: bytes = file.read(-1 if limit is None else limit)
            return content

    def read_range(self, path: str, offset: int, size: int) -> bytes:
        """Returns `size` bytes of the file `path` from `offset` on, fewer where the file ends before."""
        with self._translated(path), self._gfile.GFile(path, "rb") as file:
            file.seek(min(offset, file.size()))  # beyond the end it would raise
            content: bytes = file.read(size)
            return content

    def modified(self, path: str) -> int:
        """Returns when the file `path` was last changed, in nanoseconds since 1970."""
        with self._translated(path):
            return int(self._gfile.stat(path).mtime_nsec)

    def mark(self, path: str) -> Mark:
        """Returns length and time of the last change of the file `path`; nothing where there is none."""
        try:
            with self._translated(path):
                status = self._gfile.stat(path)
        except OSError:
            return ()
        return int(status.length), int(status.mtime_nsec)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[Any]:
        """Opens the file `path` for reading bytes."""
        with self._translated(path), self._gfile.GFile(path, "rb") as file:
            yield file

    def files_below(self, path: str) -> Iterator[str]:
        """Yields the paths of all files below the directory `path`."""
        with self._translated(path):
            for folder, _, names in self._gfile.walk(path):
                yield from (join(folder.rstrip("/"), name) for name in names)

    def make_folder(self, path: str) -> None:
        """Makes a directory and those above it, if need be."""
        with self._translated(path):
            self._gfile.makedirs(path)

    def copy_in(self, source: str, target: str) -> None:
        """Copies the local file `source` to `target`, which is replaced."""
        with self._translated(target):
            self._gfile.copy(source, target, overwrite=True)

    def remove_file(self, path: str) -> None:
        """Removes the file `path`."""
        with self._translated(path):
            self._gfile.remove(path)

    def remove_folder(self, path: str) -> None:
        """Removes the directory `path` with all that is in it."""
        with self._translated(path):
            self._gfile.rmtree(path)

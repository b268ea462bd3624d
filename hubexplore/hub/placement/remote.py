"""The same on the remote file systems of TensorFlow, such as `gs://` and `ram://`.

They rename files, one at a time; for some a directory is nothing but the beginning of the names of its files.
So the file that makes a directory complete goes first where one is taken away, and comes last where one is
put: no mixture of two ever looks complete. There are no locks, so what a dead process left stays.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import tensorflow as tf

from hubexplore.summary.files.atomic_write import part_name


def place(target: str, write: Callable[[str], None], replaces: Callable[[], bool], last: str) -> None:
    """See `placement.place`; errors are those of `tf.errors`."""
    parent, name = os.path.split(target)
    # A random name keeps two exporters apart, since there are no locks.
    scratch = os.path.join(parent, part_name(name))
    new, old = os.path.join(scratch, "new"), os.path.join(scratch, "old")
    missing = _missing(target)
    replaced: list[str] = []
    put: list[str] = []
    try:
        tf.io.gfile.makedirs(scratch)
        write(new)
        if replaces():
            replaced = sorted(_files(target), key=lambda file: file != last)
            _move(target, old, replaced)
        put = sorted(_files(new), key=lambda file: file == last)
        _move(new, target, put)
    except BaseException:
        # In reverse order, so no mixture of both looks complete: the file that completes the new directory
        # leaves first, and the one that completes the old directory returns last.
        _move_back(target, new, reversed(put))
        _move_back(old, target, reversed(replaced))
        # What could not be moved back is all that is left of the old directory, so it must not be removed.
        if not _has_files(old):
            _remove(scratch)
        for folder in missing:
            if not _has_files(folder):
                _remove(folder)
        raise
    # A file system with real directories keeps those of the old module when their files have been moved away.
    for folder in {file.partition("/")[0] for file in replaced if "/" in file}:
        if not _has_files(os.path.join(target, folder)):
            _remove(os.path.join(target, folder))
    _remove(scratch)


def _files(folder: str) -> Iterator[str]:
    """Yields the files below a folder, relative to it."""
    for name in tf.io.gfile.listdir(folder):
        plain = name.rstrip("/")
        path = os.path.join(folder, plain)
        if tf.io.gfile.isdir(path):
            yield from (f"{plain}/{below}" for below in _files(path))
        else:
            yield plain


def _move(source: str, target: str, files: list[str]) -> None:
    for folder in dict.fromkeys(os.path.dirname(os.path.join(target, file)) for file in files):
        tf.io.gfile.makedirs(folder)
    for file in files:
        tf.io.gfile.rename(os.path.join(source, file), os.path.join(target, file))


def _move_back(source: str, target: str, files: Iterator[str]) -> None:
    """Moves those files that `_move` has moved, as far as possible."""
    for file in files:
        with contextlib.suppress(tf.errors.OpError):
            if tf.io.gfile.exists(os.path.join(source, file)):
                tf.io.gfile.rename(os.path.join(source, file), os.path.join(target, file), overwrite=True)


def _missing(folder: str) -> list[str]:
    """Returns the directories that do not exist yet, innermost first."""
    missing = []
    while "://" in folder and not tf.io.gfile.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return missing


def _has_files(folder: str) -> bool:
    return tf.io.gfile.isdir(folder) and any(True for _ in _files(folder))


def _remove(folder: str) -> None:
    with contextlib.suppress(tf.errors.OpError):
        tf.io.gfile.rmtree(folder)

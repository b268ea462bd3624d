"""Names of classes: as they are given, as a file, and as a table of the graph."""

from __future__ import annotations

import operator
import os
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from hubexplore.display.wording import counted
from hubexplore.errors import AuthoringError

LABELS_FILE: Final = "labels.txt"
"""The asset with the names; what shows outputs looks for a file with "label" in its name."""
LEAST: Final = 2
MSG_CLASSES: Final = "classes= is the number of classes, at least 2, or a list of their names; got {found}."
MSG_NAME: Final = (
    "The names of classes are texts without line breaks, each for one class, since each is a line of the "
    "file {file!r}; {name!r} {finding}."
)


def checked_classes(classes: Any) -> tuple[int, tuple[str, ...]]:
    """Returns the number of classes and their names; no names if only the number was given.

    Raises:
      AuthoringError: (a ValueError) fewer than 2, or a name that cannot be a line of a file.
    """
    if isinstance(classes, (bool, str, bytes)):
        raise AuthoringError(MSG_CLASSES.format(found=repr(classes)))
    if not isinstance(classes, Iterable):
        try:
            count = operator.index(classes)
        except TypeError:
            count = 0
        if count < LEAST:
            raise AuthoringError(MSG_CLASSES.format(found=repr(classes)))
        return count, ()
    names = tuple(classes)
    seen: set[str] = set()
    for name in names:
        finding = _find_wrong(name, seen)
        if finding:
            raise AuthoringError(MSG_NAME.format(file=LABELS_FILE, name=name, finding=finding))
        seen.add(name)
    if len(names) < LEAST:
        raise AuthoringError(MSG_CLASSES.format(found=counted(len(names), "name")))
    return len(names), tuple(str(name) for name in names)


def _find_wrong(name: Any, others: Container[str]) -> str:
    if not isinstance(name, str):
        return "is not a str"
    if not name.strip():
        return "is empty"
    if any(mark in name for mark in "\r\n\0"):
        return "has a line break"
    return "occurs twice" if name in others else ""


def write_labels(folder: str, names: Iterable[str]) -> str:
    """Writes the names into a file in a folder, one in a line; returns its path."""
    path = os.path.join(folder, LABELS_FILE)
    # As bytes: text files of Windows would get other line ends.
    Path(path).write_bytes("".join(f"{name}\n" for name in names).encode())
    return path


def names_at(rows: tf.Tensor, path: str, count: int) -> tf.Tensor:
    """Returns the names of classes: int64 of any shape to string of the same shape."""
    initializer = tf.lookup.TextFileInitializer(
        path,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        vocab_size=count,
    )
    return tf.lookup.StaticHashTable(initializer, "").lookup(rows)

"""Expressions that read a file that was uploaded; each is tried, so that none gives another value."""

from __future__ import annotations

import functools
import io
import itertools
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from hubexplore.summary.files import magic
from hubexplore.summary.tensor_values import Array

MAX_TEXT: Final = 500_000
"""Maximum size in bytes of a file of text that is read for this: larger ones would delay every run."""
_MAX_MEMBERS: Final = 8


class FileReader(NamedTuple):
    """How a file is read.

    Attributes:
      expression: a template, in which {} is the name of the file as a literal.
      imports: the lines that it needs.
      suffix: of such files.
    """

    expression: str
    imports: tuple[str, ...]
    suffix: str


_NUMPY: Final = ("import numpy as np",)


def reader_of(content: bytes, value: Array) -> FileReader | None:
    """Returns how a file gives an array, in its dtype and shape; None if NumPy alone does not read it so."""
    for reader, read in _readers(content, value):
        try:
            found = read()
        except Exception:  # noqa: BLE001, S112 - the file was read by other rules, which accept more
            continue
        if isinstance(found, list):
            if value.ndim == 1 and value.dtype.kind == "O" and _texts_of(value) == found:
                return reader
            continue
        converted = _converted(found, value)
        if converted is not None:
            return reader._replace(expression=reader.expression + converted)
    return None


def _readers(content: bytes, value: Array) -> Iterator[tuple[FileReader, Callable[[], Any]]]:
    if magic.NUMPY.begins(content):
        yield FileReader("np.load({})", _NUMPY, ".npy"), lambda: np.load(io.BytesIO(content))
    elif magic.ZIP.begins(content):
        for member in _members(content):
            name = repr(member).replace("{", "{{").replace("}", "}}")
            reader = FileReader(f"np.load({{}})[{name}]", _NUMPY, ".npz")
            yield reader, functools.partial(_member, content, member)
    elif len(content) <= MAX_TEXT and value.dtype.kind == "O":
        reader = FileReader("pathlib.Path({}).read_text('utf-8').splitlines()", ("import pathlib",), ".txt")
        yield reader, lambda: content.decode().splitlines()
    elif len(content) <= MAX_TEXT and value.ndim in (1, 2):
        for delimiter, heading in itertools.product((",", "\t", ";"), (0, 1)):
            skipped = f", skiprows={heading}" if heading else ""
            expression = f"np.loadtxt({{}}, delimiter={delimiter!r}{skipped}, ndmin={value.ndim})"
            yield (
                FileReader(expression, _NUMPY, ".csv"),
                functools.partial(_table, content, delimiter, heading, value.ndim),
            )


def _member(content: bytes, name: str) -> Any:
    with np.load(io.BytesIO(content)) as archive:
        return archive[name]


def _table(content: bytes, delimiter: str, heading: int, rank: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a file without rows
        return np.loadtxt(io.BytesIO(content), delimiter=delimiter, skiprows=heading, ndmin=rank)


def _members(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()[:_MAX_MEMBERS]]
    except zipfile.BadZipFile:
        return []


def _converted(found: Array, value: Array) -> str | None:
    """Returns the calls that make `value` of an array; None if they do not."""
    if found.size != value.size or found.dtype.kind not in "biufc":
        return None
    cast = "" if found.dtype == value.dtype else f".astype({value.dtype.name!r})"
    shape = "" if found.shape == value.shape else f".reshape({value.shape!r})"
    with np.errstate(all="ignore"):
        made = found.astype(value.dtype).reshape(value.shape)
    return cast + shape if made.tobytes() == value.tobytes() else None


def _texts_of(value: Array) -> list[str]:
    return [entry.decode() if isinstance(entry, bytes) else str(entry) for entry in value]

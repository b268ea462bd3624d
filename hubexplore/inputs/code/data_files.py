"""Files that written code reads: they lie beside the notebook, or are saved there when the code is copied."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hubexplore.errors import HubError
from hubexplore.summary.files.atomic_write import part_name

MAX_NAME: Final = 80
"""Maximum number of characters of a name that is written; a longer one is cut before its suffix."""
_SUFFIXES: Final = frozenset({
    ".aif", ".aiff", ".bmp", ".csv", ".flac", ".gif", ".jpeg", ".jpg", ".json", ".jsonl", ".mp3", ".npy",
    ".npz", ".oga", ".ogg", ".opus", ".parquet", ".png", ".tab", ".tfrecord", ".tfrecords", ".tsv", ".txt",
    ".wav", ".webp",
})  # fmt: skip
"""Suffixes of data: a file of a stranger is never saved under a name that a program runs."""
_UNUSUAL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f<>:\"|?*\u202a-\u202e\u2066-\u2069]")

MSG_TAKEN: Final = "{name!r} has been written by someone else meanwhile. Copy the code again."
MSG_UNWRITABLE: Final = (
    "{name!r} cannot be saved in {folder!r}: {reason}. The code reads it: save the inputs there yourself."
)


class DataFile:
    """A file that is saved when its code is copied.

    Args:
      name: in the folder of the notebook.
      make: returns the content; called at most once.
    """

    def __init__(self, name: str, make: Callable[[], bytes]) -> None:
        self.name = name
        self._make = make

    @functools.cached_property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self._make()

    def save(self, folder: Path) -> None:
        """Saves it in a folder, whole or not at all; an equal file there is left as it is.

        Raises:
          HubError: another file has this name, or the folder cannot be written.
        """
        target = folder / self.name
        try:
            _create(target, self.content)
        except FileExistsError:
            if not has_content(target, lambda: self.content):
                raise HubError(MSG_TAKEN.format(name=self.name)) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise HubError(MSG_UNWRITABLE.format(name=self.name, folder=str(folder), reason=reason)) from None


class DataFiles:
    """The files of one piece of code, none of which takes the name of a different file.

    Args:
      folder: the folder that the code will run in.

    Attributes:
      unsaved: name -> file, for what is not in the folder yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unsaved: dict[str, DataFile] = {}

    def has(self, name: str, content: bytes) -> bool:
        """Returns whether the folder has a file with this name and content."""
        return _is_plain(name) and has_content(self._folder / name, lambda: content)

    def place(self, name: str, make: Callable[[], bytes], suffix: str) -> str:
        """Returns the name of a file with this content: an existing one, or one to be saved.

        Args:
          name: of the upload, chosen by a stranger, or of what is written.
          make: returns the content. It is called only if there are files to compare it with.
          suffix: what is added to a name that is not one of data, such as ".png".
        """
        file = DataFile(name, make)
        if _is_plain(name) and has_content(self._folder / name, lambda: file.content):
            return name
        for candidate in _candidates(_clean(name, suffix)):
            earlier = self.unsaved.get(candidate)
            if earlier is not None:
                if earlier.content == file.content:
                    return candidate
                continue
            # Links that lead nowhere take the name as well.
            if not os.path.lexists(self._folder / candidate):
                file.name = candidate
                self.unsaved[candidate] = file
                return candidate
            if has_content(self._folder / candidate, lambda: file.content):
                return candidate
        raise AssertionError("the names never end")


def save(files: Mapping[str, DataFile], folder: Path) -> None:
    """Saves files in a folder.

    Raises:
      HubError: one of them cannot be saved; those before it are.
    """
    for file in files.values():
        file.save(folder)


def has_content(path: Path, content: Callable[[], bytes]) -> bool:
    """Returns whether a path is a regular file with this content."""
    try:
        if not path.is_file():
            return False
        expected = content()
        return path.stat().st_size == len(expected) and path.read_bytes() == expected
    except OSError:
        return False


def _create(target: Path, content: bytes) -> None:
    """Writes a file that does not exist yet; FileExistsError if it does."""
    part = target.with_name(part_name(target.name))
    try:
        part.write_bytes(content)
        try:
            # Unlike a rename, a link never replaces a file.
            os.link(part, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            _create_in_place(target, content)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _create_in_place(target: Path, content: bytes) -> None:
    with target.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            # What is incomplete is not left behind, and this process has made it.
            target.unlink()
            raise


def _is_plain(name: str) -> bool:
    return bool(name) and not re.search(r"[/\\\x00]", name) and name not in {".", ".."}


def _clean(name: str, suffix: str) -> str:
    """Returns a name without folders, control characters and leading dots, with a suffix of data."""
    last = _UNUSUAL.sub("_", re.split(r"[/\\]", name)[-1]).strip(" .") or "input"
    stem, end = os.path.splitext(last)
    if end.lower() not in _SUFFIXES:
        stem, end = last, suffix
    return stem[: MAX_NAME - len(end)] + end


def _candidates(name: str) -> Iterator[str]:
    """Yields photo.png, photo-2.png, photo-3.png, ..."""
    stem, end = os.path.splitext(name)
    yield name
    yield from (f"{stem}-{number}{end}" for number in itertools.count(2))

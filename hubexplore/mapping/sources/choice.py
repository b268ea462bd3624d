"""Which source fits the data that a caller passes."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hubexplore.errors import MapError, MissingDataError
from hubexplore.mapping.sources.memory import FrameSource, array_source
from hubexplore.mapping.sources.source import Source
from hubexplore.summary.files.paths import text_of

FRAME: Final = "frame"
SERIES: Final = "series"
ARRAY: Final = "array"
ARRAYS: Final = "arrays"
LIST: Final = "list"
DATASET: Final = "dataset"
ITERATOR: Final = "iterator"
FILES: Final = "files"


@dataclass(frozen=True)
class Data:
    """A data set as it was passed.

    Attributes:
      source: of its rows.
      kind: of the object, which decides the kind of the result.
      folder: where relative paths of pictures are looked for first.
    """

    source: Source
    kind: str
    folder: str = ""

    @property
    def is_stream(self) -> bool:
        """Whether the result is computed while it is read."""
        return self.kind in (DATASET, ITERATOR)


def data_of(data: Any, infos: Mapping[str, Any]) -> Data:
    """The source for some data.

    Args:
      data: see `hubexplore.map`.
      infos: the inputs of the signature, which tell whether elements of a `tf.data.Dataset` are batches.

    Raises:
      MissingDataError: (a FileNotFoundError) there is nothing at a path or pattern.
      MapError: (a ValueError) this kind of data is not supported.
    """
    package = type(data).__module__.partition(".")[0]
    if package == "pandas" and hasattr(data, "iloc"):
        return Data(FrameSource(data), FRAME if hasattr(data, "columns") else SERIES)
    if package in ("tensorflow", "keras") and hasattr(data, "element_spec"):
        from hubexplore.mapping.sources.datasets import DatasetSource

        return Data(DatasetSource(data, infos), DATASET)
    if isinstance(data, (str, bytes, os.PathLike)):
        return _of_path(text_of(data))
    if isinstance(data, (list, tuple)) and data and all(isinstance(item, os.PathLike) for item in data):
        return _of_files([text_of(item) for item in data])
    if isinstance(data, (np.ndarray, Mapping)):
        return Data(array_source(data), ARRAY if isinstance(data, np.ndarray) else ARRAYS)
    return _of_rows(data)


def _of_rows(data: Any) -> Data:
    from hubexplore.mapping.sources.iterables import IterableSource, ListSource

    if isinstance(data, (list, tuple)):
        return Data(ListSource(data), LIST)
    if isinstance(data, Iterable):
        return Data(IterableSource(data), ITERATOR)
    hint = " Pass its .to_pandas()." if hasattr(data, "to_pandas") else ""
    raise MapError(
        f"Data of type {type(data).__name__} cannot be mapped.{hint} Supported are a DataFrame, an array, a "
        f"path or pattern of files, a folder of pictures, a tf.data.Dataset, and an iterable of rows."
    )


def _of_path(path: str) -> Data:
    if Path(path).is_dir():
        return _of_folder(path)
    if Path(path).exists():
        return _of_files([path])
    # Not Path.glob, which takes no absolute pattern.
    matches = sorted(name for name in glob.glob(path, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not matches:
        kind = "No file matches" if glob.has_magic(path) else "There is no file or folder at"
        raise MissingDataError(f"{kind} {path!r}. To map a single text, put it in a list: [{path!r}].")
    return _of_files(matches)


def _of_folder(folder: str) -> Data:
    from hubexplore.mapping.sources.files import SUFFIXES, kind_of_file
    from hubexplore.mapping.sources.pictures import PictureFolder, is_picture, picture_files

    # What begins with these belongs to whoever wrote the folder, as everywhere in the world of Parquet.
    names = sorted(name for name in os.listdir(folder) if not name.startswith((".", "_")))  # noqa: PTH208
    tables = [name for name in names if kind_of_file(name)]
    if tables and (picture := next(filter(is_picture, names), None)):
        raise MapError(
            f"The folder {folder!r} holds both pictures and files of data. Say which with a pattern: "
            f"{_pattern(folder, picture)!r} or {_pattern(folder, tables[0])!r}."
        )
    if tables:
        return _of_files([os.path.join(folder, name) for name in tables])
    pictures = picture_files(folder)
    if not pictures:
        raise MissingDataError(
            f"The folder {folder!r} holds neither pictures nor files of data ({', '.join(sorted(SUFFIXES))})."
        )
    return Data(PictureFolder(folder, pictures), FRAME, folder)


def _pattern(folder: str, name: str) -> str:
    return os.path.join(folder, f"*{os.path.splitext(name)[1]}")


def _of_files(paths: list[str]) -> Data:
    from hubexplore.mapping.sources.files import FileSource
    from hubexplore.mapping.sources.pictures import PictureFolder, is_picture

    if all(map(is_picture, paths)):
        return Data(PictureFolder("", paths), FRAME)
    return Data(FileSource(paths), FILES, str(Path(paths[0]).parent))

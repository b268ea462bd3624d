"""Columns of picture files, as paths or as bytes, for inputs that take pictures."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hubexplore.errors import MapError
from hubexplore.inputs.external.picture_arrays import ImageChoice, default_choice, numbers_of, read_pixels
from hubexplore.inputs.external.picture_files import BEGINNINGS
from hubexplore.inputs.fields import IMAGE, Field
from hubexplore.mapping.rows import Column
from hubexplore.mapping.running.plain_pictures import plain_pixels
from hubexplore.mapping.running.values import Uneven
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from hubexplore.hub.tensor_info import TensorInfo
    from hubexplore.mapping.running.callee import Callee


class PictureReader:
    """Reads and decodes the pictures of a batch, several at a time; Pillow releases Python's lock.

    Args:
      callee: whose inputs get the pictures.
      folder: where relative paths are looked for first; then they are in the current directory.
    """

    def __init__(self, callee: Callee, folder: str = "") -> None:
        self._callee = callee
        self._folder = folder
        self._are_plain = True
        self._threads = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, "hubexplore-pictures")

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(cancel_futures=True)

    def value(self, name: str, info: TensorInfo, columns: Sequence[Column]) -> Any:
        """The pictures in a column as a value for an input; None where it has no pictures.

        An array [rows, height, width, channels] of the input's dtype, or `Uneven` rows where the input takes
        any size; for an input that decodes pictures itself an array of their bytes.

        Raises:
          MapError, SignatureError: a picture cannot be read.
        """
        is_text = info.dtype.name == "string"
        if info.kind != "dense" or len(columns) != 1 or not (is_text or info.get_shape().rank == 4):
            return None
        files = _files(columns[0])
        if files is None:
            return None
        field = self._callee.fields[name]
        if is_text:
            return self._contents(field, files) if field.encoded == "image" else None
        return self._pictures(field, files) if field.asks == IMAGE else None

    def _contents(self, field: Field, files: Sequence[str | bytes]) -> Array:
        """The bytes of pictures for a graph that decodes them, in base64 if it decodes that first."""
        contents = self._pool.map(self._content, files)
        if field.encoding.base64:
            # What is no picture was encoded by the user.
            contents = (
                base64.urlsafe_b64encode(content) if content.startswith(BEGINNINGS) else content
                for content in contents
            )
        return np.fromiter(contents, object, len(files))

    def _pictures(self, field: Field, files: Sequence[str | bytes]) -> Array | Uneven:
        choice = default_choice(field)
        if not field.any_size:
            return self._of_one_size(field, files, choice)
        pictures = list(self._pool.map(lambda file: self._pixels(field, file), files))
        if len({picture.shape for picture in pictures}) > 1:
            return Uneven([numbers_of(field, picture, choice) for picture in pictures])
        return numbers_of(field, np.stack(pictures), choice)

    def _of_one_size(self, field: Field, files: Sequence[str | bytes], choice: ImageChoice) -> Array:
        """Pictures in the size of the input: each thread reads and decodes a part, and puts it in its place.

        So all cores work from the first file to the last number, and no picture is copied as a number.
        """
        numbers = np.empty((len(files), field.height, field.width, field.channels), field.numpy)

        def fill(begin: int) -> bool:
            part = files[begin : begin + size]
            contents = list(map(self._content, part))
            plain = plain_pixels(field, contents) if self._are_plain else None
            for row in range(len(part)):
                # One at a time, which stays in the caches of the CPU.
                pixels = self._decoded(field, part[row], contents[row]) if plain is None else plain[row]
                numbers[begin + row] = numbers_of(field, pixels, choice)
            return plain is not None

        size = max(1, math.ceil(len(files) / self._threads))
        # The pictures of a data set are mostly alike: after a batch of none, the next ones are not tried.
        self._are_plain = any(list(self._pool.map(fill, range(0, len(files), size))))
        return numbers

    def _pixels(self, field: Field, file: str | bytes) -> Array:
        return self._decoded(field, file, self._content(file))

    def _decoded(self, field: Field, file: str | bytes, content: bytes) -> Array:
        name = file if isinstance(file, str) else "the bytes in this row"
        return read_pixels(field, name, content, default_choice(field))

    def _content(self, file: str | bytes) -> bytes:
        if not isinstance(file, str):
            return file
        failures = []
        # The current directory last: it may have another picture of this name.
        for folder in dict.fromkeys((self._folder, "")):
            try:
                return Path(folder, file).read_bytes()
            except OSError as error:
                failures.append(error)
        reason = failures[0].strerror or failures[0]
        raise MapError(f"The picture {file!r} cannot be read: {reason}.") from failures[0]


def _files(column: Column) -> list[Any] | None:
    """The paths or contents in a column; None where it holds something else."""
    if isinstance(column, np.ndarray):
        values = column.tolist() if column.dtype == object and column.ndim == 1 else None
    else:
        import pyarrow as pa

        if pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            column = column.field("bytes")
        kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
        values = column.to_pylist() if any(check(column.type) for check in kinds) else None
    if not values or not isinstance(values[0], (str, bytes)):
        return None
    missing = next((value for value in values if not isinstance(value, (str, bytes))), None)
    if missing is not None or None in values:
        raise MapError(f"A picture is missing ({missing!r}).")
    return list(values)

"""Values as files: NumPy's own form, and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from hubexplore.display.values.kinds import Array, flat_of, is_text, kind_of, text_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def download(value: Any, name: str, form: str) -> tuple[str, bytes]:
    """Returns name and content of a file.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      name: of the output; chosen by strangers.
      form: "npy", which becomes an .npz for values of several arrays, or "csv".
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:60] or "value"
    if form == "csv":
        return f"{safe}.csv", as_csv(value).encode()
    if kind_of(value) == "dense":
        return f"{safe}.npy", as_npy(flat_of(value))
    return f"{safe}.npz", _as_npz(value)


def as_npy(array: Array) -> bytes:
    """An array as `numpy.save` writes it, without pickle: texts of fixed width, ml_dtypes as float32."""
    content = io.BytesIO()
    np.save(content, _plain(array), allow_pickle=False)
    return content.getvalue()


def _as_npz(value: Any) -> bytes:
    if kind_of(value) == "sparse":
        parts = {"indices": value.indices, "values": value.values, "dense_shape": value.dense_shape}
    else:
        splits = {f"row_splits_{level}": each for level, each in enumerate(value.nested_row_splits)}
        parts = {"flat_values": value.flat_values, **splits}
    content = io.BytesIO()
    arrays: dict[str, Any] = {key: _plain(np.asarray(each)) for key, each in parts.items()}
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def _plain(array: Array) -> Array:
    if array.dtype.kind == "O":
        return np.array([text_of(each) for each in array.reshape(-1)], str).reshape(array.shape)
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def as_csv(value: Any) -> str:
    """Rows of values: all but the last dimension are rows, with their indices first where there are several.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(_rows(value))
    return out.getvalue()


def _rows(value: Any) -> Iterator[list[Any]]:
    if kind_of(value) == "sparse":
        yield [*(f"index_{axis}" for axis in range(len(value.dense_shape))), "value"]
        for index, item in zip(np.asarray(value.indices), np.asarray(value.values), strict=True):
            yield [*map(int, index), _cell(item)]
        return
    if kind_of(value) == "ragged":
        yield from _ragged_rows(value)
        return
    array = flat_of(value)
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(-1, 1)
    for number, row in enumerate(matrix):
        lead = [int(each) for each in np.unravel_index(number, array.shape[:-1])] if array.ndim > 2 else []
        yield [*lead, *(_cell(each) for each in row)]


def _ragged_rows(value: Any) -> Iterator[list[Any]]:
    """A row per innermost row, with the number of its outermost one first."""
    flat, splits = np.asarray(value.flat_values), [np.asarray(each) for each in value.nested_row_splits]
    outer = np.arange(len(splits[0]) - 1)
    for level in range(len(splits) - 1):
        outer = np.repeat(outer, np.diff(splits[level]))
    inner = splits[-1]
    for number in range(len(inner) - 1):
        entries = flat[inner[number] : inner[number + 1]].reshape(-1)
        yield [int(outer[number]), *(_cell(each) for each in entries)]


def _cell(item: Any) -> Any:
    array = np.asarray(item)
    if is_text(array):
        text = text_of(item)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return item.item() if hasattr(item, "item") else item

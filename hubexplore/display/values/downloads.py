"""Values as files: NumPy's own formats (.npy, .npz), and CSV."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.values.value_kinds import is_foreign, is_number, is_text, text_of
from hubexplore.summary.tensor_values import Array, flat_of, kind_of

# Spreadsheets run a cell that begins with one of these signs, in any width (CSV injection, OWASP). They skip
# blanks and invisible signs before it, so those are matched as well.
_FORMULA_SIGNS: Final = "=+\\-@\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
_BLANK_SIGNS: Final = (
    r"\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
# A cell begins at the beginning of the text. Where ";" separates cells, a cell also begins after each ";" and
# each line end inside the text, because a quotation mark counts only at the beginning of a cell. The blanks
# are matched even without a formula after them: otherwise the search would try every suffix of a run of
# blanks, in quadratic time.
_CELL_START: Final = re.compile(rf"(^|[;\t\r\n])([{_BLANK_SIGNS}]*)([{_FORMULA_SIGNS}]?)")
_MAX_CSV_ENTRIES: Final = 5_000_000
"""Maximum number of entries in a CSV file: spreadsheets open fewer, and writing more blocks the kernel."""
_MAX_TEXT_BYTES: Final = 500_000_000
"""Maximum size in bytes of an .npy file of texts, in which every text takes as much as the longest."""


def forms(value: Any) -> tuple[tuple[str, str], ...]:
    """Returns the file formats that a value can have, each as (argument of `download`, label)."""
    # A sparse or ragged value is written as all of its arrays, each of which has to fit.
    arrays = [flat_of(value)] if kind_of(value) == "dense" else list(_parts(value).values())
    npy_form = [("npy", "NumPy")] if all(_fixed_bytes(array) <= _MAX_TEXT_BYTES for array in arrays) else []
    return (*npy_form, ("csv", "CSV")) if flat_of(value).size <= _MAX_CSV_ENTRIES else tuple(npy_form)


def download(value: Any, name: str, form: str) -> tuple[str, bytes] | None:
    """Returns the name and the content of a file; None for a format that `forms` does not list.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      name: name of the output; chosen by strangers.
      form: "npy", which gives an .npz for a value of several arrays, or "csv".
    """
    if form not in dict(forms(value)):
        return None
    safe = file_stem(name)
    if form == "csv":
        return f"{safe}.csv", as_csv(value).encode()
    if kind_of(value) == "dense":
        return f"{safe}.npy", as_npy(flat_of(value))
    return f"{safe}.npz", _as_npz(_parts(value))


def forms_of_several(several: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    """Returns the file formats that values can have together, as `forms` does for one."""
    is_small = all(any(form == "npy" for form, _ in forms(value)) for value in several)
    return (("npz", "NumPy"),) if is_small else ()


def download_several(several: Mapping[str, Any], name: str, form: str) -> tuple[str, bytes] | None:
    """Returns the name and the content of a file of several dense values by name, an .npz.

    Args:
      several: the values by name of the output; chosen by strangers.
      name: of the file, without an extension.
      form: "npz".
    """
    if form not in dict(forms_of_several(list(several.values()))):
        return None
    stems = file_stems(list(several))
    arrays = {stem: flat_of(value) for stem, value in zip(stems, several.values(), strict=True)}
    return f"{file_stem(name)}.npz", _as_npz(arrays)


def file_stem(name: str) -> str:
    """Returns a name that is valid as a file name on any system: letters, digits, `_` and `-`, at most 60."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name[:1000]).strip("_-")[:60] or "value"


def file_stems(names: Sequence[str]) -> list[str]:
    """Returns a file stem for each name; different names get stems that differ in more than case."""
    # macOS and Windows take "A.csv" and "a.csv" for one file, so stems are compared in lower case.
    stems: dict[str, str] = {}
    used_stems: set[str] = set()
    for name in dict.fromkeys(names):
        stem = file_stem(name)
        number = 1
        unused_stem = stem
        while unused_stem.lower() in used_stems:
            number += 1
            # 54 + "_" + five digits is 60, the limit of file_stem.
            unused_stem = f"{stem[:54]}_{number}"
        used_stems.add(unused_stem.lower())
        stems[name] = unused_stem
    return [stems[name] for name in names]


def as_npy(array: Array) -> bytes:
    """Returns an array as `numpy.save` writes it, without pickle: texts as `<U`, ml_dtypes as float32."""
    content = io.BytesIO()
    np.save(content, _plain(array), allow_pickle=False)
    return content.getvalue()


def _fixed_bytes(array: Array) -> int:
    """Returns the bytes that an array of texts takes in an .npy file; 0 for others, which do not grow."""
    if array.dtype.kind != "O":
        return 0
    return (
        4
        * array.size
        * max((len(item) for item in array.reshape(-1) if isinstance(item, (bytes, str))), default=0)
    )


def _as_npz(arrays: Mapping[str, Array]) -> bytes:
    """Returns arrays as `numpy.savez` writes them."""
    # Not by `numpy.savez`: before NumPy 2 it takes `allow_pickle` for the name of an array.
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for key, array in arrays.items():
            # Stored, not deflated, as numpy.savez does: floats hardly compress.
            archive.writestr(f"{key}.npy", as_npy(array))
    return content.getvalue()


def _parts(value: Any) -> dict[str, Array]:
    """Returns the arrays of a sparse or ragged value by name."""
    if kind_of(value) == "sparse":
        parts = {"indices": value.indices, "values": value.values, "dense_shape": value.dense_shape}
    else:
        splits = {f"row_splits_{level}": split for level, split in enumerate(value.nested_row_splits)}
        parts = {"flat_values": value.flat_values, **splits}
    return {key: np.asarray(part) for key, part in parts.items()}


def _plain(array: Array) -> Array:
    # Object arrays need pickle, which runs code on loading; texts of fixed width do not.
    if array.dtype.kind == "O":
        return np.array([text_of(item) for item in array.reshape(-1)], str).reshape(array.shape)
    return array.astype(np.float32) if is_foreign(array) else array


def as_csv(value: Any) -> str:
    """Returns a value as CSV: the last dimension is a line, led by the indices of several outer dimensions.

    A text that a spreadsheet would run as a formula gets an apostrophe in front. So does a part of a text
    that would be a cell of its own where ";" separates cells.
    """
    out = _LineCollector()
    # csv quotes a cell that holds a character of the line end. Before Python 3.13 it quotes no other line
    # end, and readers take a lone "\\r" for one; so the writer is given both, and `_LineCollector` removes
    # the "\\r".
    csv.writer(out, lineterminator="\r\n").writerows(_rows(value))
    return "".join(out.lines)


class _LineCollector:
    """Collects the lines that a csv.writer writes, each ended by a newline alone."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line.removesuffix("\r\n") + "\n")


def _rows(value: Any) -> Iterator[list[Any]]:
    if kind_of(value) == "sparse":
        yield [*(f"index_{axis}" for axis in range(len(value.dense_shape))), "value"]
        # The indices are written rather than the dense array, which may be too large for any file.
        for index, item in zip(np.asarray(value.indices), np.asarray(value.values), strict=True):
            yield [*map(int, index), _cell(item)]
        return
    if kind_of(value) == "ragged":
        yield from _ragged_rows(value)
        return
    array = flat_of(value)
    if not array.size:
        return
    # A vector is a column: spreadsheets have more rows than columns.
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(-1, 1)
    for number, row in enumerate(matrix):
        lead = (
            [int(position) for position in np.unravel_index(number, array.shape[:-1])]
            if array.ndim > 2
            else []
        )
        # tolist() converts a row in C, and csv writes a float such that reading restores it.
        yield [*lead, *(row.tolist() if is_number(row) else map(_cell, row))]


def _ragged_rows(value: Any) -> Iterator[list[Any]]:
    """Yields a line per innermost row, preceded by the index of the outermost row that it belongs to."""
    flat, splits = np.asarray(value.flat_values), [np.asarray(split) for split in value.nested_row_splits]
    # Invariant: outer[i] is the outermost row of row i at the current level.
    outer = np.arange(len(splits[0]) - 1)
    for level in range(len(splits) - 1):
        outer = np.repeat(outer, np.diff(splits[level]))
    inner = splits[-1]
    for number in range(len(inner) - 1):
        entries = flat[inner[number] : inner[number + 1]].reshape(-1)
        yield [int(outer[number]), *(_cell(entry) for entry in entries)]


def _cell(item: Any) -> Any:
    array = np.asarray(item)
    if is_text(array):
        return _without_formulas(text_of(item))
    return item.item() if hasattr(item, "item") else item


def _without_formulas(text: str) -> str:
    """Returns a text in which no cell begins with a formula."""
    guarded = _CELL_START.sub(_with_apostrophe, text)
    return f"'{guarded}" if guarded.startswith(("\t", "\r", "\n")) else guarded


def _with_apostrophe(match: re.Match[str]) -> str:
    separator, blanks, formula = match.groups()
    if not formula:
        return match[0]
    # The blanks themselves may hold a tab or a line end, after which the formula begins a cell again.
    again = "'" if separator and any(separator_sign in blanks for separator_sign in "\t\r\n") else ""
    return f"{separator}'{blanks}{again}{formula}"

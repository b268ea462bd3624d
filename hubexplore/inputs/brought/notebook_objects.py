"""Objects of the notebook as values of an input: arrays, lists, DataFrames, tensors.

Objects are told by their types. pandas, SciPy and TensorFlow are not imported for it: who has such an object
has imported them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.brought import conversion
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.input_value import Array, Sparse
from hubexplore.inputs.typed import nested_lists, tf_examples
from hubexplore.inputs.typed.literals import Literals
from hubexplore.summary.confusables import columns
from hubexplore.summary.tensor_values import is_ragged, is_sparse

_LIST_ENTRIES: Final = 100_000
"""Entries at most of what is looked at one by one to say whether it fits."""
_SINGLE: Final = (bool, int, float, complex, str, bytes, np.generic)


def may_fit(field: Field, value: Any) -> bool:
    """Whether an object may be a value of an input; large arrays are judged by dtype and shape alone."""
    if not (field.encoded == "example" and holds_records(value)):
        array = _array(value)
        size = array.size if array is not None else _size(value)
        if array is not None and array.dtype.kind != "O" and not conversion.suits(field, array):
            return False
        if size is not None and size > _LIST_ENTRIES:
            return array is not None and array.dtype.kind != "O"
    try:
        value_of(field, value)
    except SignatureError:
        return False
    return True


def value_of(field: Field, value: Any) -> Any:
    """An object as a value of an input; a copy.

    Raises:
      SignatureError: it is nothing that can be given, or does not fit.
    """
    parts = _sparse_parts(value)
    if parts is not None:
        if field.kind != SPARSE:
            raise SignatureError(f"Input {field.name!r}: found a sparse value, expected {field.hint}.")
        return _sparse(field, parts)
    if field.encoded == "example" and holds_records(value):
        return tf_examples.of_rows(field, _records(value))
    array = _array(value)
    if array is not None and array.dtype.kind != "O":
        return conversion.value_of(field, array)
    if array is not None:
        value = array.tolist()  # of mixed types, as of a DataFrame: entry by entry
    if _is_of(value, "tensorflow") and hasattr(value, "to_list"):
        value = value.to_list()  # ragged
    if not isinstance(value, (list, tuple, *_SINGLE)):
        raise SignatureError(
            f"Input {field.name!r}: found a {type(value).__name__[:40]}, expected an array, a list, a "
            f"DataFrame or a tensor."
        )
    plain = _plain(value, [conversion.SLOW])
    literals = Literals(field)
    if field.kind == SPARSE:
        return nested_lists.sparse(literals, plain)
    return (
        nested_lists.ragged(literals, plain) if field.kind == RAGGED else nested_lists.dense(literals, plain)
    )


def _is_of(value: Any, package: str) -> bool:
    return type(value).__module__.partition(".")[0] == package


def _array(value: Any) -> Array | None:
    """The array that an object is or holds; None if it is none."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if _is_of(value, "pandas") and hasattr(value, "to_numpy"):
        return np.asarray(value.to_numpy())
    if _is_of(value, "tensorflow") and hasattr(value, "numpy") and not is_ragged(value):
        return np.asarray(value.numpy())
    return None


def holds_records(value: Any) -> bool:
    """Whether an object has values by feature: a DataFrame, a dict, or a list of those."""
    if _is_of(value, "pandas") and hasattr(value, "columns"):
        return True
    rows = [value] if isinstance(value, dict) else value
    return isinstance(rows, (list, tuple)) and bool(rows) and all(isinstance(row, dict) for row in rows)


def _records(value: Any) -> list[dict[Any, Any]]:
    """The rows of an object that `holds_records`."""
    if isinstance(value, (dict, list, tuple)):
        budget = [_LIST_ENTRIES]
        rows = [value] if isinstance(value, dict) else value
        return [{key: _plain(found, budget) for key, found in row.items()} for row in rows]
    if value.size > _LIST_ENTRIES:
        raise SignatureError(f"Of a DataFrame {_LIST_ENTRIES:,} values are taken; choose fewer rows.")
    columns(value)  # pandas would keep the last of several columns of one name
    found, known = value.to_dict("records"), value.notna().to_dict("records")
    # What pandas has as missing is a feature without a value.
    return [{key: row[key] for key in row if has[key]} for row, has in zip(found, known, strict=True)]


def _sparse_parts(value: Any) -> tuple[Array, Array, Array] | None:
    """Indices, values and dense shape of a sparse value of TensorFlow or SciPy; None of others."""
    if _is_of(value, "scipy") and hasattr(value, "tocoo"):
        coo = value.tocoo()
        coo.sum_duplicates()
        return np.stack([coo.row, coo.col], axis=1), np.asarray(coo.data), np.array(coo.shape)
    if isinstance(value, Sparse) or (_is_of(value, "tensorflow") and is_sparse(value)):
        indices, values, shape = value.indices, value.values, value.dense_shape
        return tuple(np.asarray(each) for each in (indices, values, shape))  # type: ignore[return-value]  # three
    return None


def _sparse(field: Field, parts: tuple[Array, Array, Array]) -> Sparse:
    indices, values, shape = parts
    sizes = tuple(int(size) for size in shape)
    if not nested_lists.fits(field.shape, sizes) or indices.shape != (len(values), len(sizes)):
        raise SignatureError(
            f"Input {field.name!r}: found a sparse value of shape {sizes}, expected "
            f"{nested_lists.expected_words(field)}."
        )
    order = np.lexsort(indices.T[::-1]) if len(values) else np.zeros(0, np.int64)
    return Sparse(
        np.array(indices[order], np.int64), conversion.cast(field, values[order]), np.array(sizes, np.int64)
    )


def _size(value: Any) -> int | None:
    """Entries of a list of plain values, counted up to `_LIST_ENTRIES` + 1; None of another object."""
    if not isinstance(value, (list, tuple)):
        return None
    budget = [_LIST_ENTRIES]
    try:
        _plain(value, budget)
    except SignatureError:
        return _LIST_ENTRIES + 1
    return _LIST_ENTRIES - budget[0]


def _plain(value: Any, budget: list[int], depth: int = 0) -> Any:
    """Lists of plain values, with tuples as lists, arrays and NumPy's scalars as Python's.

    Args:
      value: to look at.
      budget: how many more entries are taken; counted down.
      depth: of `value`.

    Raises:
      SignatureError: there are more entries, nested too deeply, or something else among them.
    """
    budget[0] -= 1
    if budget[0] < 0 or depth > nested_lists.DEEPEST:
        raise SignatureError("These lists are too long or nested too deeply; make an array of them.")
    if isinstance(value, (list, tuple)):
        return [_plain(each, budget, depth + 1) for each in value]
    if isinstance(value, np.ndarray) and value.size <= budget[0]:
        return _plain(value.tolist(), budget, depth)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, _SINGLE):
        return str(value) if isinstance(value, complex) else value
    raise SignatureError(f"Found a {type(value).__name__[:40]} in a list; expected numbers, texts and lists.")

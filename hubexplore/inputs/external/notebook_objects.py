"""Objects of the notebook as values of an input: arrays, lists, DataFrames, tensors.

Each object becomes an array, which goes to `conversion`, or nested lists, which go to `nested_lists`. Types
are recognised by the name of their package: pandas, SciPy and TensorFlow are not imported to recognise them,
as an object of theirs exists only where they have been imported.

A call converts such objects by `hub.running.feeds`, which says why there are two.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.external import conversion
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.input_value import Sparse
from hubexplore.inputs.text import nested_lists, tf_examples
from hubexplore.inputs.text.literals import Literals
from hubexplore.summary.confusables import columns
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

_MAX_LIST_ITEMS: Final = 100_000
"""Maximum number of items that are checked one by one to decide whether an object fits."""
_SCALARS: Final = (bool, int, float, complex, str, bytes, np.generic)


def may_fit(field: Field, value: Any) -> bool:
    """Whether an object may be the value of an input; large arrays are judged by dtype and shape alone.

    The form asks this for each variable of the notebook, hence the limits.
    """
    if not (field.encoded == "example" and holds_records(value)):
        array = _array(value)
        size = array.size if array is not None else _size(value)
        if array is not None and array.dtype.kind != "O" and not conversion.suits(field, array):
            return False
        if size is not None and size > _MAX_LIST_ITEMS:
            return array is not None and array.dtype.kind != "O"
    try:
        value_of(field, value)
    except SignatureError:
        return False
    return True


def value_of(field: Field, value: Any) -> Any:
    """Returns a copy of an object as the value of an input.

    Raises:
      SignatureError: its type is not supported, or it does not fit.
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
        value = array.tolist()  # of mixed types, as in a DataFrame: checked entry by entry
    if _is_of(value, "tensorflow") and hasattr(value, "to_list"):
        value = value.to_list()  # a RaggedTensor
    if not isinstance(value, (list, tuple, *_SCALARS)):
        raise SignatureError(
            f"Input {field.name!r}: found a {type(value).__name__[:40]}, expected an array, a list, a "
            f"DataFrame or a tensor."
        )
    plain = _plain(value, [conversion.MAX_ITEMS])
    literals = Literals(field)
    if field.kind == SPARSE:
        return nested_lists.sparse(literals, plain)
    return (
        nested_lists.ragged(literals, plain) if field.kind == RAGGED else nested_lists.dense(literals, plain)
    )


def _is_of(value: Any, package: str) -> bool:
    return type(value).__module__.partition(".")[0] == package


def _array(value: Any) -> Array | None:
    """The array that an object is or holds; None for other objects."""
    # asarray also drops subclasses, such as masked arrays and matrices, whose methods act differently.
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if _is_of(value, "pandas") and hasattr(value, "to_numpy"):
        return np.asarray(value.to_numpy())
    if _is_of(value, "tensorflow") and hasattr(value, "numpy") and not is_ragged(value):
        return np.asarray(value.numpy())
    return None


def holds_records(value: Any) -> bool:
    """Whether an object holds values by feature name: a DataFrame, a dict, or a list of dicts."""
    if _is_of(value, "pandas") and hasattr(value, "columns"):
        return True
    rows = [value] if isinstance(value, dict) else value
    return isinstance(rows, (list, tuple)) and bool(rows) and all(isinstance(row, dict) for row in rows)


def _records(value: Any) -> list[dict[Any, Any]]:
    """The rows of an object for which `holds_records` is true."""
    if isinstance(value, (dict, list, tuple)):
        budget = [_MAX_LIST_ITEMS]
        rows = [value] if isinstance(value, dict) else value
        return [{key: _plain(values, budget) for key, values in row.items()} for row in rows]
    if value.size > _MAX_LIST_ITEMS:
        raise SignatureError(f"A DataFrame may have {_MAX_LIST_ITEMS:,} values here; choose fewer rows.")
    columns(value)  # raises for two columns of one name, of which pandas would keep the last
    records, presence = value.to_dict("records"), value.notna().to_dict("records")
    # A value that pandas counts as missing (NaN, None, NaT) is a feature without a value.
    return [
        {key: record[key] for key in record if is_present[key]}
        for record, is_present in zip(records, presence, strict=True)
    ]


def _sparse_parts(value: Any) -> tuple[Array, Array, Array] | None:
    """Indices, values and dense shape of a sparse value of TensorFlow or SciPy; None for other objects."""
    if _is_of(value, "scipy") and hasattr(value, "tocoo"):
        coo = value.tocoo()
        coo.sum_duplicates()  # SciPy allows an index twice, and means the sum; TensorFlow does not
        return np.stack([coo.row, coo.col], axis=1), np.asarray(coo.data), np.array(coo.shape)
    if isinstance(value, Sparse) or (_is_of(value, "tensorflow") and is_sparse(value)):
        indices, values, shape = value.indices, value.values, value.dense_shape
        return tuple(np.asarray(part) for part in (indices, values, shape))  # type: ignore[return-value]  # three
    return None


def _sparse(field: Field, parts: tuple[Array, Array, Array]) -> Sparse:
    indices, values, shape = parts
    sizes = tuple(int(size) for size in shape)
    if not nested_lists.fits(field.shape, sizes) or indices.shape != (len(values), len(sizes)):
        raise SignatureError(
            f"Input {field.name!r}: found a sparse value of shape {sizes}, expected "
            f"{nested_lists.expected_words(field)}."
        )
    # TensorFlow expects the indices in row-major order. The last key of lexsort is the first to sort by.
    order = np.lexsort(indices.T[::-1]) if len(values) else np.zeros(0, np.int64)
    return Sparse(
        np.array(indices[order], np.int64), conversion.cast(field, values[order]), np.array(sizes, np.int64)
    )


def _size(value: Any) -> int | None:
    """Number of items in nested lists, counted up to `_MAX_LIST_ITEMS` + 1; None for other objects."""
    if not isinstance(value, (list, tuple)):
        return None
    # Counting stops at the limit: a variable of the notebook may hold a list of any length.
    budget = [_MAX_LIST_ITEMS]
    try:
        _plain(value, budget)
    except SignatureError:
        return _MAX_LIST_ITEMS + 1
    return _MAX_LIST_ITEMS - budget[0]


def _plain(value: Any, budget: list[int], depth: int = 0) -> Any:
    """Nested lists of Python scalars, made of lists, tuples, arrays and NumPy scalars.

    Args:
      value: the object.
      budget: the number of items that may still come, as the only item of a list; counted down.
      depth: nesting depth of `value`.

    Raises:
      SignatureError: there are too many items, too many levels, or something else among them.
    """
    budget[0] -= 1
    if budget[0] < 0 or depth > nested_lists.MAX_DEPTH:
        raise SignatureError("These lists are too long or nested too deeply; convert them to an array.")
    if isinstance(value, (list, tuple)):
        return [_plain(item, budget, depth + 1) for item in value]
    if isinstance(value, np.ndarray) and value.size <= budget[0]:
        return _plain(value.tolist(), budget, depth)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, _SCALARS):
        return str(value) if isinstance(value, complex) else value
    raise SignatureError(
        f"Found a {type(value).__name__[:40]} in a list; expected numbers, strings and lists."
    )

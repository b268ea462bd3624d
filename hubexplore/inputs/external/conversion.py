"""An array as the value of an input: cast to its dtype without loss, and reshaped.

Only arrays come here. `notebook_objects` and the readers of files make them; what is typed has its own
reader. `hub.running.feeds`, which says why there are two, does this for calls: there without a copy, and with
TensorFlow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.display.wording import size_text
from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.input_value import Sparse
from hubexplore.inputs.machine_memory import SMALL, available_memory
from hubexplore.inputs.text import nested_lists
from hubexplore.inputs.text.literals import Literals, integer_limits
from hubexplore.summary.dtypes import OPAQUE
from hubexplore.summary.tensor_values import Array

MAX_ITEMS: Final = 1_000_000
"""Maximum number of entries that are converted one by one in Python."""
_CHECK_BYTES: Final = 24
"""Bytes per entry that the checks of a cast need in addition to its result: a few float64 copies."""
_MAX_EXACT_INTEGER: Final = 2.0**53
"""Largest float64 up to which all whole numbers are exact; a larger one may stand for its neighbour."""


def value_of(field: Field, array: Array) -> Any:
    """Returns an array as the value of an input, in its dtype and shape; sparse and ragged ones are built.

    Raises:
      SignatureError: its dtype, one of its values or its shape does not fit.
    """
    if field.problem:
        raise SignatureError(f"Input {field.name!r}: {field.problem}")
    if field.kind == RAGGED:
        # Nested lists hold a Python object for each entry.
        if array.size > MAX_ITEMS:
            raise SignatureError(
                f"Input {field.name!r}: a ragged value may have {MAX_ITEMS:,} entries; found {array.size:,}."
            )
        return nested_lists.ragged(Literals(field), cast(field, array).tolist())
    if field.kind == SPARSE:
        return _sparse(field, array)
    return nested_lists.shaped(field, cast(field, array))


def suits(field: Field, array: Array) -> bool:
    """Whether an array may fit an input, judged by its dtype and shape alone."""
    # No value is read: this is asked for each variable of the notebook, which may be of any size.
    if field.problem or not _is_compatible(field, array.dtype):
        return False
    if field.kind == RAGGED:
        return array.size <= MAX_ITEMS and (field.shape is None or array.ndim == len(field.shape))
    return nested_lists.fitted_shape(field.shape, array.shape) is not None


def _is_compatible(field: Field, dtype: np.dtype[Any]) -> bool:
    # Numbers never become strings, nor the reverse: that would hide a wrong column.
    if field.dtype == "string":
        return dtype.kind in "OSUT"
    if dtype.name in OPAQUE:
        return field.numpy.kind in "fcV" or dtype == field.numpy
    if integer_limits(field.numpy) is not None or field.numpy.kind == "b":
        return dtype.kind in "biuf"
    return dtype.kind in ("biufc" if field.numpy.kind == "c" else "biuf")


def cast(field: Field, array: Array) -> Array:
    """Casts an array to the dtype of the input; always a copy. No value changes by more than rounding."""
    dtype = field.numpy
    if not _is_compatible(field, array.dtype):
        raise _wrong(field, f"values of dtype {array.dtype.name}")
    if field.dtype == "string":
        return _texts(field, array)
    _check_memory(field, array)
    if array.dtype == dtype:
        return array.copy()
    # NumPy casts without complaint: what is lost is found by looking at the result, or at the values before.
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
        limits = (0, 1) if dtype.kind == "b" else integer_limits(dtype)
        if limits is not None and array.size:
            _check_integers(field, array, limits)
        elif limits is None and dtype.kind != "c" and array.dtype.kind != "c":
            # Rounding is accepted, overflow to infinity is not.
            wide = array.astype(np.float64)
            if np.any(np.isfinite(wide) & ~np.isfinite(converted.astype(np.float64))):
                raise _wrong(field, "a number that is too large")
    return converted


def _check_memory(field: Field, array: Array) -> None:
    """Raises SignatureError without memory for a copy: broadcast views and memory maps have any size."""
    beside = 0 if array.dtype == field.numpy else _CHECK_BYTES
    needed = array.size * (field.numpy.itemsize + beside)
    free = available_memory() if needed > SMALL else None
    if free is not None and needed > free:
        raise _wrong(
            field,
            f"{array.size:,} numbers, for which there is not enough memory ({size_text(needed)} needed, "
            f"{size_text(free)} free; use a part of them)",
        )


def _check_integers(field: Field, array: Array, limits: tuple[int, int]) -> None:
    """Raises SignatureError unless all values are whole numbers within the limits, both included."""
    if array.dtype.kind == "b":
        return
    if array.dtype.kind not in "iu":
        array = array.astype(np.float64)
        if (
            not np.all(np.isfinite(array))
            or np.any(array != np.round(array))
            or np.any(np.abs(array) > _MAX_EXACT_INTEGER)
        ):
            raise _wrong(field, "numbers that are not whole")
    least, most = int(array.min()), int(array.max())
    if least < limits[0] or most > limits[1]:
        raise _wrong(field, f"numbers from {least} to {most}")


def _texts(field: Field, array: Array) -> Array:
    if array.size > MAX_ITEMS:
        raise _wrong(field, f"{array.size:,} texts, and the limit is {MAX_ITEMS:,}")
    literals = Literals(field)
    texts = np.empty(array.size, object)
    for number, entry in enumerate(array.ravel()):
        texts[number] = literals.entry(entry, f"entry {number + 1}")
    return texts.reshape(array.shape)


def _sparse(field: Field, array: Array) -> Sparse:
    """The entries that are neither zero nor empty, as a sparse value."""
    if field.dtype != "string":
        array = np.asarray(array)
    shaped = nested_lists.shaped(field, cast(field, array))
    if not shaped.ndim:
        raise _wrong(field, "a single value")
    # NumPy cannot test the small floats of ml_dtypes (kind "V") for zero.
    places = np.nonzero(shaped.astype(bool) if shaped.dtype.kind == "V" else shaped)
    return Sparse(np.stack(places, axis=1).astype(np.int64), shaped[places], np.array(shaped.shape, np.int64))


def _wrong(field: Field, finding: str) -> SignatureError:
    return SignatureError(f"Input {field.name!r}: found {finding}, expected {field.dtype}: {field.hint}.")

"""Arrays from elsewhere as values of an input: its dtype where no value is lost, its shape."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.display.wording import size_text
from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import RAGGED, SPARSE, Field
from hubexplore.inputs.input_value import Array, Sparse
from hubexplore.inputs.machine_memory import SMALL, memory_at_hand
from hubexplore.inputs.typed import nested_lists
from hubexplore.inputs.typed.literals import Literals, integer_limits
from hubexplore.summary.dtypes import OPAQUE

SLOW: Final = 1_000_000
"""Entries at most of what is turned into an array one by one."""
_BESIDE: Final = 24
"""Bytes per entry that checking a conversion takes besides its result."""
_WHOLE: Final = 2.0**53


def value_of(field: Field, array: Array) -> Any:
    """An array as the value of an input: in its dtype and shape; sparse and ragged ones are made of it.

    Raises:
      SignatureError: it holds something else, values that the dtype cannot hold, or has another shape.
    """
    if field.problem:
        raise SignatureError(f"Input {field.name!r}: {field.problem}")
    if field.kind == RAGGED:
        if array.size > SLOW:
            raise SignatureError(f"Input {field.name!r}: ragged values may have {SLOW:,} entries here.")
        return nested_lists.ragged(Literals(field), cast(field, array).tolist())
    if field.kind == SPARSE:
        return _sparse(field, array)
    return nested_lists.shaped(field, cast(field, array))


def suits(field: Field, array: Array) -> bool:
    """Whether an array may fit an input, by its dtype and shape alone."""
    if field.problem or not _is_kin(field, array.dtype):
        return False
    if field.kind == RAGGED:
        return array.size <= SLOW and (field.shape is None or array.ndim == len(field.shape))
    return nested_lists.folded(field.shape, array.shape) is not None


def _is_kin(field: Field, dtype: np.dtype[Any]) -> bool:
    if field.dtype == "string":
        return dtype.kind in "OSUT"
    if dtype.name in OPAQUE:
        return field.numpy.kind in "fcV" or dtype == field.numpy
    if integer_limits(field.numpy) is not None or field.numpy.kind == "b":
        return dtype.kind in "biuf"
    return dtype.kind in ("biufc" if field.numpy.kind == "c" else "biuf")


def cast(field: Field, array: Array) -> Array:
    """`array` in the dtype of the input; no value changes by more than rounding."""
    wanted = field.numpy
    if not _is_kin(field, array.dtype):
        raise _wrong(field, f"values of dtype {array.dtype.name}")
    if field.dtype == "string":
        return _texts(field, array)
    _check_room(field, array)
    if array.dtype == wanted:
        return array.copy()
    with np.errstate(all="ignore"):
        cast = array.astype(wanted)
        limits = (0, 1) if wanted.kind == "b" else integer_limits(wanted)
        if limits is not None and array.size:
            _check_whole(field, array, limits)
        elif limits is None and wanted.kind != "c" and array.dtype.kind != "c":
            wide = array.astype(np.float64)
            if np.any(np.isfinite(wide) & ~np.isfinite(cast.astype(np.float64))):
                raise _wrong(field, "a number that is too large")
    return cast


def _check_room(field: Field, array: Array) -> None:
    """Raises SignatureError where there is no memory for a copy: views and memory maps may be of any size."""
    beside = 0 if array.dtype == field.numpy else _BESIDE
    needed = array.size * (field.numpy.itemsize + beside)
    there = memory_at_hand() if needed > SMALL else None
    if there is not None and needed > there:
        raise _wrong(
            field,
            f"{array.size:,} numbers, for which there is not enough memory ({size_text(needed)} needed, "
            f"{size_text(there)} free; take a part of them)",
        )


def _check_whole(field: Field, array: Array, limits: tuple[int, int]) -> None:
    """Raises SignatureError unless all are whole numbers within the limits."""
    if array.dtype.kind == "b":
        return
    if array.dtype.kind not in "iu":
        array = array.astype(np.float64)
        if (
            not np.all(np.isfinite(array))
            or np.any(array != np.round(array))
            or np.any(np.abs(array) > _WHOLE)
        ):
            raise _wrong(field, "numbers that are not whole")
    least, most = int(array.min()), int(array.max())
    if least < limits[0] or most > limits[1]:
        raise _wrong(field, f"numbers from {least} to {most}")


def _texts(field: Field, array: Array) -> Array:
    if array.size > SLOW:
        raise _wrong(field, f"{array.size:,} texts, of which {SLOW:,} are taken")
    literals = Literals(field)
    found = np.empty(array.size, object)
    for number, each in enumerate(array.ravel()):
        found[number] = literals.entry(each, f"entry {number + 1}")
    return found.reshape(array.shape)


def _sparse(field: Field, array: Array) -> Sparse:
    """The entries that are not zero or empty, as a sparse value."""
    if field.dtype != "string":
        array = np.asarray(array)
    shaped = nested_lists.shaped(field, cast(field, array))
    if not shaped.ndim:
        raise _wrong(field, "a single value")
    places = np.nonzero(shaped.astype(bool) if shaped.dtype.kind == "V" else shaped)
    return Sparse(np.stack(places, axis=1).astype(np.int64), shaped[places], np.array(shaped.shape, np.int64))


def _wrong(field: Field, found: str) -> SignatureError:
    return SignatureError(f"Input {field.name!r}: found {found}, expected {field.dtype}: {field.hint}.")

"""Nested lists, as parsed from JSON, to arrays, sparse and ragged values, and back.

All walks are linear in the entries. Their depth is bounded by `MAX_DEPTH` before anything recurses, so that
hostile text ends in a SignatureError and not in a RecursionError.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import Sparse
from hubexplore.inputs.text import bulk
from hubexplore.inputs.text.literals import Literals, counted, excerpt
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array, is_sparse

MAX_DEPTH: Final = 32
"""Maximum number of dimensions: that of arrays in NumPy 1."""
_MAX_COUNT: Final = 2**62
"""Limit of sizes and of their product: TensorFlow keeps them in int64."""
_MAX_CELLS: Final = 400
"""Maximum number of cells of a sparse value that is written as rows with null."""


def array(literals: Literals, entries: Any) -> Array:
    """Makes an array, in the dtype of the input, of one entry or of nested lists of equal lengths."""
    if literals.is_text:
        return np.array(entries, object)
    wide = np.complex128 if literals.dtype.kind == "c" else None
    # NumPy makes the small dtypes of ml_dtypes only from wide floats. Its own integers are made directly, as
    # float64 would round int64 and uint64.
    with np.errstate(all="ignore"):
        if literals.dtype.kind in "biu":
            return np.array(entries, literals.dtype)
        return np.array(entries, wide or np.float64).astype(literals.dtype)


def dense(literals: Literals, rows: Any) -> Array:
    """Makes an array in the shape of the input of nested lists.

    Raises:
      SignatureError: rows differ in length, an entry is not valid, or the shape does not fit.
    """
    field = literals.field
    # The first item of each level states the sizes; `_even_entries` holds all others to them.
    sizes: list[int] = []
    level = rows
    while isinstance(level, list):
        sizes.append(len(level))
        if len(sizes) > MAX_DEPTH:
            raise _too_deep(field)
        level = level[0] if level else None
    quick = _flat_numbers(literals, rows, sizes)
    if quick is not None:
        return shaped(field, quick.reshape(sizes))
    flat = list(_even_entries(literals, rows, sizes, 0, ""))
    if literals.is_text:
        made = np.empty(len(flat), object)
        made[:] = flat
    else:
        made = array(literals, flat)
    return shaped(field, made.reshape(sizes))


def _flat_numbers(literals: Literals, rows: Any, sizes: list[int]) -> Array | None:
    """The numbers of many even rows of words as a vector; None for anything else."""
    if len(sizes) == 1:
        return bulk.numbers(literals, rows)
    is_even = len(sizes) == 2 and all(isinstance(row, list) and len(row) == sizes[1] for row in rows)
    return bulk.numbers(literals, list(itertools.chain.from_iterable(rows))) if is_even else None


def _even_entries(literals: Literals, rows: Any, sizes: list[int], depth: int, where: str) -> Iterator[Any]:
    """Yields the entries of nested lists, which all have to have the lengths `sizes`."""
    if depth == len(sizes):
        yield literals.entry(rows, where)
        return
    if not isinstance(rows, list) or len(rows) != sizes[depth]:
        got = counted(len(rows), "entry", "entries") if isinstance(rows, list) else excerpt(rows)
        raise SignatureError(
            f"Input {literals.field.name!r}{', ' + where if where else ''}: found {got}, expected "
            f"{counted(sizes[depth], 'entry', 'entries')} as in the first row."
        )
    for number, row in enumerate(rows, 1):
        yield from _even_entries(literals, row, sizes, depth + 1, where or f"row {number}")


def shaped(field: Field, value: Array) -> Array:
    """Returns an array in the shape of the input: one row becomes a batch of one, flat rows are reshaped.

    Raises:
      SignatureError: it does not fit.
    """
    sizes = fitted_shape(field.shape, value.shape)
    if sizes is not None:
        try:
            return value.reshape(sizes)
        except ValueError as error:  # an empty array whose other dimensions overflow what NumPy can count
            raise SignatureError(
                f"Input {field.name!r}: no array can have {expected_words(field)}."
            ) from error
    raise SignatureError(
        f"Input {field.name!r}: found {size_words(value.shape)}, expected {expected_words(field)}."
    )


def fitted_shape(shape: Shape, sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sizes to which an array of `sizes` is reshaped to fit a static shape; None if nothing fits."""
    return next((candidate for candidate in _candidate_shapes(shape, sizes) if fits(shape, candidate)), None)


def _candidate_shapes(shape: Shape, sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yields sizes to which an array may be reshaped, the most likely first.

    Every candidate has the same number of entries in the same order; `fits` decides which one is taken.
    """
    count = math.prod(sizes)
    if shape is None:
        # One line of numbers for an input of unknown rank is a vector, not a table with one row.
        if len(sizes) == 2 and sizes[0] == 1:
            yield sizes[1:]
        yield sizes
        return
    yield sizes
    yield (1, *sizes)
    if shape[-1:] == (1,):  # grey pictures without the dimension for their one channel
        yield (*sizes, 1)
        yield (1, *sizes, 1)
    if not count:
        nothing = tuple(size or 0 for size in shape)
        yield nothing if 0 in nothing else sizes
        return
    if len(shape) == 1 and len(sizes) == 2 and 1 in sizes:
        yield (count,)
    if not shape or not sizes:
        yield (1,) * len(shape) if count == 1 else sizes
        return
    # Flat rows: what follows the batch dimension has to be known to cut them.
    rest = shape[1:]
    if None in rest:
        return
    width = math.prod(size for size in rest if size is not None)
    is_rows = sizes[-1] == width or (width == 1 and 1 in sizes) or len(sizes) == 1
    if is_rows and width and count % width == 0:
        yield (count // width, *(size for size in rest if size is not None))


def fits(shape: Shape, sizes: tuple[int, ...]) -> bool:
    """Whether `sizes` match a static shape."""
    return shape is None or (
        len(shape) == len(sizes)
        and all(dimension is None or dimension == size for dimension, size in zip(shape, sizes, strict=True))
    )


def size_words(sizes: tuple[int, ...]) -> str:
    """Sizes for a message: "1 value", "5 values", "2 rows of 3"."""
    if not sizes:
        return "1 value"
    if len(sizes) == 1:
        return counted(sizes[0], "value", "values")
    if len(sizes) == 2:
        return f"{counted(sizes[0], 'row', 'rows')} of {sizes[1]}"
    return f"the shape {sizes}"


def expected_words(field: Field) -> str:
    """The shape and hint of an input, for a message."""
    shape = field.shape
    sizes = (
        "any"
        if shape is None
        else f"({', '.join('?' if dimension is None else str(dimension) for dimension in shape)})"
    )
    return f"the shape {sizes}: {field.hint}"


def _too_deep(field: Field) -> SignatureError:
    return SignatureError(f"Input {field.name!r}: the lists are nested too deeply.")


# ---- sparse


def sparse(literals: Literals, rows: Any) -> Sparse:
    """Makes a sparse value of rows with null for missing entries, or of indices, values and shape.

    Raises:
      SignatureError: it is neither of them, or does not fit.
    """
    if isinstance(rows, dict):
        return _from_parts(literals, rows)
    field = literals.field
    rank = depth(rows) if field.shape is None else len(field.shape)
    if not 1 <= rank <= MAX_DEPTH:
        raise _too_deep(field) if rank else _wrong(field, excerpt(rows))
    if depth(rows) == rank - 1 and has_entries(rows):
        rows = [rows]  # one row is a batch of one
    indices: list[tuple[int, ...]] = []
    values: list[Any] = []
    sizes = [0] * rank

    def walk(level: Any, place: tuple[int, ...]) -> None:
        if len(place) == rank:
            if level is not None:
                values.append(literals.entry(level, f"row {place[0] + 1}"))
                indices.append(place)
            return
        if not isinstance(level, list):
            raise _wrong(field, excerpt(level))
        sizes[len(place)] = max(sizes[len(place)], len(level))
        for number, item in enumerate(level):
            walk(item, (*place, number))

    # Depth first, so that the indices come in the row-major order that TensorFlow expects.
    walk(rows, ())
    known = field.shape or (None,) * rank
    # An unknown dimension is as long as the longest list. A known one counts as stated: trailing missing
    # entries need not be written.
    whole = [
        dimension if dimension is not None and dimension >= size else size
        for dimension, size in zip(known, sizes, strict=True)
    ]
    return _sparse(literals, indices, values, whole)


def _from_parts(literals: Literals, parts: dict[str, Any]) -> Sparse:
    field = literals.field
    if set(parts) != {"indices", "values", "shape"} or not all(
        isinstance(part, list) for part in parts.values()
    ):
        raise _wrong(
            field, "an object with other keys", 'or {"indices": [[0, 1]], "values": [5], "shape": [1, 2]}'
        )
    indices, values, shape = parts["indices"], parts["values"], parts["shape"]
    rank = len(shape)
    if not 1 <= rank <= MAX_DEPTH:
        raise _wrong(field, f"a shape of {rank} sizes")
    if len(indices) != len(values):
        raise _wrong(field, f"{len(indices)} indices and {len(values)} values", "(one value for each index)")
    if not all(_is_size(size) for size in shape) or math.prod(shape) > _MAX_COUNT:
        raise _wrong(field, "a shape that is not a list of sizes")
    places = {}
    for place, value in zip(indices, values, strict=True):
        if not isinstance(place, list) or len(place) != rank:
            raise _wrong(field, f"an index that is not as long as the shape, {rank}")
        if not all(_is_size(index) and index < size for index, size in zip(place, shape, strict=True)):
            raise _wrong(field, f"the index {excerpt(str(place))} outside the shape")
        if tuple(place) in places:
            raise _wrong(field, f"the index {excerpt(str(place))} twice")
        places[tuple(place)] = literals.entry(value)
    # TensorFlow expects row-major order; typed entries may come in any.
    order = sorted(places)
    return _sparse(literals, order, [places[place] for place in order], shape)


def _is_size(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and 0 <= item < _MAX_COUNT


def _sparse(
    literals: Literals, indices: list[tuple[int, ...]], values: list[Any], shape: list[int]
) -> Sparse:
    if not fits(literals.field.shape, tuple(shape)):
        raise _wrong(literals.field, f"the shape {tuple(shape)}")
    return Sparse(
        np.array(indices, np.int64).reshape(-1, len(shape)),
        array(literals, values),
        np.array(shape, np.int64),
    )


def _wrong(field: Field, finding: str, remedy: str = "") -> SignatureError:
    expected = f"{expected_words(field)} {remedy}".rstrip()
    return SignatureError(f"Input {field.name!r}: found {finding}, expected {expected}.")


def depth(rows: Any) -> int:
    """The greatest depth of nested lists; at most `MAX_DEPTH` + 1.

    Level by level instead of recursive: JSON may nest deeper than Python recurses.
    """
    level, count = [rows], 0
    while count <= MAX_DEPTH and any(isinstance(item, list) for item in level):
        count += 1
        level = [
            entry for rows_of_level in level if isinstance(rows_of_level, list) for entry in rows_of_level
        ]
    return count


def has_entries(rows: Any) -> bool:
    """Whether nested lists of bounded depth hold anything but lists."""
    return any(map(has_entries, rows)) if isinstance(rows, list) else True


# ---- ragged


def ragged(literals: Literals, rows: Any) -> list[Any]:
    """Makes nested lists of valid entries for a ragged input.

    Raises:
      SignatureError: an entry is not valid, or the lists do not fit the shape.
    """
    field = literals.field
    rank = max(field.ragged_rank + 1, depth(rows)) if field.shape is None else len(field.shape)
    if rank > MAX_DEPTH:
        raise _too_deep(field)
    if depth(rows) == rank - 1 and has_entries(rows):
        rows = [rows]
    widths: dict[int, int] = {}

    def walk(level: Any, place: int, where: str) -> Any:
        if place == rank:
            return literals.entry(level, where)
        if not isinstance(level, list):
            raise _wrong(field, f"{excerpt(level)}{' in ' + where if where else ''}")
        known = None if field.shape is None else field.shape[place]
        if place > field.ragged_rank and known is None:
            # A RaggedTensor is uniform inside of its ragged dimensions: the first row sets the size.
            known = widths.setdefault(place, len(level))
        if known is not None and len(level) != known:
            raise _wrong(
                field,
                f"{counted(len(level), 'entry', 'entries')}{' in ' + where if where else ''}, not {known}",
            )
        return [walk(item, place + 1, where or f"row {number}") for number, item in enumerate(level, 1)]

    nested: list[Any] = walk(rows, 0, "")
    return nested


# ---- back


def entries(value: Any) -> int:
    """The number of entries of a value; an empty list of lists counts its items."""
    if is_sparse(value):
        return len(value.values)
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, (list, tuple)):
        return sum(map(entries, value)) or len(value)
    return 1


def rows_of(literals: Literals, value: Any) -> Any:
    """An array or nested lists as lists of entry texts for JSON; None if an entry cannot be typed."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if literals.is_text or value.ndim == 0 else _rows_of_scalars(value)
    try:
        return _plain(literals, value)
    except ValueError:
        return None


def _rows_of_scalars(value: Array) -> Any:
    """Like `tolist`, with NumPy scalars, which print with the fewest digits."""
    return [_rows_of_scalars(row) for row in value] if value.ndim > 1 else list(value)


def _plain(literals: Literals, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(literals, item) for item in value]
    word = literals.word(value)
    if word is None:
        raise ValueError("cannot be typed")
    return EntryText(word)


class EntryText(str):
    """An entry as `Literals.word` writes it."""

    __slots__ = ()


def json_text(rows: Any, field: Field) -> str:
    """Nested lists of entry texts as JSON; numbers are written as they are, without quotes."""
    if isinstance(rows, list):
        return f"[{', '.join(json_text(row, field) for row in rows)}]"
    if rows is None:
        return "null"
    if field.dtype == "string" or field.numpy.kind == "c":
        return json.dumps(rows, ensure_ascii=False)
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(rows, str(rows))


def sparse_rows(literals: Literals, value: Any) -> str | None:
    """A small sparse value as rows with null."""
    shape = [int(size) for size in value.dense_shape]
    if not shape or math.prod(shape) > _MAX_CELLS or math.prod(shape) == 0:
        return None
    cells = np.full(shape, None, object)
    for place, entry in zip(value.indices, value.values, strict=True):
        cells[tuple(int(index) for index in place)] = literals.word(entry)
    return json_text(cells.tolist(), literals.field)


def sparse_entries(literals: Literals, value: Any) -> str | None:
    """A sparse value as an object of indices, values and shape."""
    words = rows_of(literals, np.asarray(value.values))
    if words is None:
        return None
    indices = [[int(index) for index in place] for place in value.indices]
    shape = [int(size) for size in value.dense_shape]
    values = json_text(words, literals.field)
    return f'{{"indices": {json.dumps(indices)}, "values": {values}, "shape": {shape}}}'


def same(first: Any, second: Any) -> bool:
    """Whether two values of an input are equal; nan equals nan."""
    if is_sparse(first):
        parts = (second.indices, second.values, second.dense_shape)
        return all(
            _equal(np.asarray(one), np.asarray(other)) for one, other in zip(first, parts, strict=True)
        )
    if isinstance(first, list):
        return (
            isinstance(second, (list, tuple))
            and len(first) == len(second)
            and all(same(one, other) for one, other in zip(first, second, strict=True))
        )
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and _equal(first, second)
    return _equal(np.asarray(_bytes(first)), np.asarray(_bytes(second)))


def _equal(first: Array, second: Array) -> bool:
    if first.shape != second.shape:
        return False
    if first.dtype == object:
        pairs = zip(first.flat, second.flat, strict=True)
        return all(_bytes(one) == _bytes(other) for one, other in pairs)
    if first.dtype.kind in "fcV":
        wide = np.complex128 if first.dtype.kind == "c" else np.float64
        return np.array_equal(first.astype(wide), second.astype(wide), equal_nan=True)
    return np.array_equal(first, second)


def _bytes(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value

"""Nested lists, as JSON has them, as arrays, sparse values and ragged rows, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import Array, Sparse
from hubexplore.inputs.typed.literals import Literals, counted, shown
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import is_sparse

DEEPEST: Final = 32
"""Dimensions of an array: as many as NumPy 1 takes."""
_WIDEST: Final = 2**62
_MOST_CELLS: Final = 400
"""Cells of a sparse value that is written out as rows."""


def array(literals: Literals, entries: Any) -> Array:
    """Entries, one or lists of lists of the same lengths, as an array of the input's dtype."""
    if literals.is_text:
        return np.array(entries, object)
    wide = np.complex128 if literals.dtype.kind == "c" else None
    # Small floats and integers are made from wide ones; int64 and uint64 stay exact on the way.
    with np.errstate(all="ignore"):
        if literals.dtype.kind in "biu":
            return np.array(entries, literals.dtype)
        return np.array(entries, wide or np.float64).astype(literals.dtype)


def dense(literals: Literals, found: Any) -> Array:
    """Lists of lists as an array of the input's shape.

    Raises:
      SignatureError: rows of different lengths, an entry that is none, or another shape.
    """
    field = literals.field
    sizes: list[int] = []
    level = found
    while isinstance(level, list):
        sizes.append(len(level))
        if len(sizes) > DEEPEST:
            raise _too_deep(field)
        level = level[0] if level else None
    flat = list(_even(literals, found, sizes, 0, ""))
    if literals.is_text:
        made = np.empty(len(flat), object)
        made[:] = flat
    else:
        made = array(literals, flat)
    return shaped(field, made.reshape(sizes))


def _even(literals: Literals, found: Any, sizes: list[int], depth: int, where: str) -> Iterator[Any]:
    """The entries of lists that all have the lengths `sizes`."""
    if depth == len(sizes):
        yield literals.entry(found, where)
        return
    if not isinstance(found, list) or len(found) != sizes[depth]:
        got = counted(len(found), "entry", "entries") if isinstance(found, list) else shown(found)
        raise SignatureError(
            f"Input {literals.field.name!r}{', ' + where if where else ''}: found {got}, expected "
            f"{counted(sizes[depth], 'entry', 'entries')} as in the first row."
        )
    for number, each in enumerate(found, 1):
        yield from _even(literals, each, sizes, depth + 1, where or f"row {number}")


def shaped(field: Field, value: Array) -> Array:
    """`value` in the shape of the input: a single row becomes the only one, flat rows are folded.

    Raises:
      SignatureError: it does not fit.
    """
    found = folded(field.shape, value.shape)
    if found is not None:
        try:
            return value.reshape(found)
        except ValueError as error:  # no entries, but more bytes in its other dimensions than NumPy counts
            raise SignatureError(
                f"Input {field.name!r}: no array can have {expected_words(field)}."
            ) from error
    raise SignatureError(
        f"Input {field.name!r}: found {size_words(value.shape)}, expected {expected_words(field)}."
    )


def folded(shape: Shape, sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sizes that an array of `sizes` is given to fit a static shape; None where it does not fit."""
    return next((candidate for candidate in _foldings(shape, sizes) if fits(shape, candidate)), None)


def _foldings(shape: Shape, sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Shapes that an array of `sizes` may be given, the most likely first."""
    count = math.prod(sizes)
    if shape is None:
        # A line of numbers is a row, not a table of one.
        if len(sizes) == 2 and sizes[0] == 1:
            yield sizes[1:]
        yield sizes
        return
    yield sizes
    yield (1, *sizes)
    if shape[-1:] == (1,):  # grey pictures without their one channel
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
    rest = shape[1:]
    if None in rest:
        return
    width = math.prod(size for size in rest if size is not None)
    is_rows = sizes[-1] == width or (width == 1 and 1 in sizes) or len(sizes) == 1
    if is_rows and width and count % width == 0:
        yield (count // width, *(size for size in rest if size is not None))


def fits(shape: Shape, sizes: tuple[int, ...]) -> bool:
    """Whether an array of `sizes` has a static shape."""
    return shape is None or (
        len(shape) == len(sizes)
        and all(own is None or own == size for own, size in zip(shape, sizes, strict=True))
    )


def size_words(sizes: tuple[int, ...]) -> str:
    """Sizes in words: "1 value", "5 values", "2 rows of 3"."""
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
    sizes = "any" if shape is None else f"({', '.join('?' if each is None else str(each) for each in shape)})"
    return f"the shape {sizes}: {field.hint}"


def _too_deep(field: Field) -> SignatureError:
    return SignatureError(f"Input {field.name!r}: the lists are nested too deeply.")


# ---- sparse


def sparse(literals: Literals, found: Any) -> Sparse:
    """Rows with null for nothing, or an object of indices, values and shape, as a sparse value.

    Raises:
      SignatureError: it cannot be read or does not fit.
    """
    if isinstance(found, dict):
        return _from_parts(literals, found)
    field = literals.field
    rank = depth(found) if field.shape is None else len(field.shape)
    if not 1 <= rank <= DEEPEST:
        raise _too_deep(field) if rank else _wrong(field, shown(found))
    if depth(found) == rank - 1 and has_entries(found):
        found = [found]
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
            raise _wrong(field, shown(level))
        sizes[len(place)] = max(sizes[len(place)], len(level))
        for number, each in enumerate(level):
            walk(each, (*place, number))

    walk(found, ())
    known = field.shape or (None,) * rank
    whole = [own if own is not None and own >= size else size for own, size in zip(known, sizes, strict=True)]
    return _sparse(literals, indices, values, whole)


def _from_parts(literals: Literals, found: dict[str, Any]) -> Sparse:
    field = literals.field
    if set(found) != {"indices", "values", "shape"} or not all(
        isinstance(each, list) for each in found.values()
    ):
        raise _wrong(
            field, "an object of other parts", 'or {"indices": [[0, 1]], "values": [5], "shape": [1, 2]}'
        )
    indices, values, shape = found["indices"], found["values"], found["shape"]
    rank = len(shape)
    if not 1 <= rank <= DEEPEST:
        raise _wrong(field, f"a shape of {rank} sizes")
    if len(indices) != len(values):
        raise _wrong(field, f"{len(indices)} indices and {len(values)} values", "equally many")
    if not all(_is_size(size) for size in shape) or math.prod(shape) > _WIDEST:
        raise _wrong(field, "a shape that is no list of sizes")
    places = {}
    for place, value in zip(indices, values, strict=True):
        if not isinstance(place, list) or len(place) != rank:
            raise _wrong(field, f"an index of another length than the shape, {rank}")
        if not all(_is_size(own) and own < size for own, size in zip(place, shape, strict=True)):
            raise _wrong(field, f"the index {shown(str(place))} outside of the shape")
        if tuple(place) in places:
            raise _wrong(field, f"the index {shown(str(place))} twice")
        places[tuple(place)] = literals.entry(value)
    order = sorted(places)
    return _sparse(literals, order, [places[place] for place in order], shape)


def _is_size(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _WIDEST


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


def _wrong(field: Field, found: str, remedy: str = "") -> SignatureError:
    wanted = f"{expected_words(field)} {remedy}".rstrip()
    return SignatureError(f"Input {field.name!r}: found {found}, expected {wanted}.")


def depth(found: Any) -> int:
    """How deep lists are nested, at their deepest place; at most `DEEPEST` + 1."""
    level, count = [found], 0
    while count <= DEEPEST and any(isinstance(each, list) for each in level):
        count += 1
        level = [entry for each in level if isinstance(each, list) for entry in each]
    return count


def has_entries(found: Any) -> bool:
    """Whether lists, of bounded depth, hold anything but lists."""
    return any(map(has_entries, found)) if isinstance(found, list) else True


# ---- ragged


def ragged(literals: Literals, found: Any) -> list[Any]:
    """Rows of rows as nested lists of entries.

    Raises:
      SignatureError: it cannot be read or does not fit.
    """
    field = literals.field
    rank = max(field.ragged_rank + 1, depth(found)) if field.shape is None else len(field.shape)
    if rank > DEEPEST:
        raise _too_deep(field)
    if depth(found) == rank - 1 and has_entries(found):
        found = [found]
    widths: dict[int, int] = {}

    def walk(level: Any, place: int, where: str) -> Any:
        if place == rank:
            return literals.entry(level, where)
        if not isinstance(level, list):
            raise _wrong(field, f"{shown(level)}{' in ' + where if where else ''}")
        known = None if field.shape is None else field.shape[place]
        if place > field.ragged_rank and known is None:
            # Behind the ragged dimensions all rows are equally long.
            known = widths.setdefault(place, len(level))
        if known is not None and len(level) != known:
            raise _wrong(
                field,
                f"{counted(len(level), 'entry', 'entries')}{' in ' + where if where else ''}, not {known}",
            )
        return [walk(each, place + 1, where or f"row {number}") for number, each in enumerate(level, 1)]

    rows: list[Any] = walk(found, 0, "")
    return rows


# ---- back


def entries(value: Any) -> int:
    """How many entries a value has, about: what is nested counts as it is found."""
    if is_sparse(value):
        return len(value.values)
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, (list, tuple)):
        return sum(map(entries, value)) or len(value)
    return 1


def rows_of(literals: Literals, value: Any) -> Any:
    """An array or nested lists as lists for JSON; None where an entry cannot be typed."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if literals.is_text or value.ndim == 0 else _kept(value)
    try:
        return _plain(literals, value)
    except ValueError:
        return None


def _kept(value: Array) -> Any:
    """Like `tolist`, but entries stay NumPy's, which know how short they may be written."""
    return [_kept(row) for row in value] if value.ndim > 1 else list(value)


def _plain(literals: Literals, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(literals, each) for each in value]
    word = literals.word(value)
    if word is None:
        raise ValueError("cannot be typed")
    return Word(word)


class Word(str):
    """What `Literals.word` made of an entry."""

    __slots__ = ()


def json_text(rows: Any, field: Field) -> str:
    """Nested lists of words as JSON; rows of numbers are on one line each."""
    if isinstance(rows, list):
        return f"[{', '.join(json_text(each, field) for each in rows)}]"
    if rows is None:
        return "null"
    if field.dtype == "string" or field.numpy.kind == "c":
        return json.dumps(rows, ensure_ascii=False)
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(rows, str(rows))


def sparse_rows(literals: Literals, value: Any) -> str | None:
    """A small sparse value as rows with null."""
    shape = [int(size) for size in value.dense_shape]
    if not shape or math.prod(shape) > _MOST_CELLS or math.prod(shape) == 0:
        return None
    cells = np.full(shape, None, object)
    for place, each in zip(value.indices, value.values, strict=True):
        cells[tuple(int(own) for own in place)] = literals.word(each)
    return json_text(cells.tolist(), literals.field)


def sparse_entries(literals: Literals, value: Any) -> str | None:
    """A sparse value as an object of indices, values and shape."""
    words = rows_of(literals, np.asarray(value.values))
    if words is None:
        return None
    indices = [[int(own) for own in place] for place in value.indices]
    shape = [int(size) for size in value.dense_shape]
    values = json_text(words, literals.field)
    return f'{{"indices": {json.dumps(indices)}, "values": {values}, "shape": {shape}}}'


def same(first: Any, second: Any) -> bool:
    """Whether two values of an input are equal; what is not a number equals itself."""
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

"""Whether a batch fits into the memory of this machine, asked before TensorFlow gets it.

Linux hands out memory that it does not have and later ends the kernel of the notebook; an allocation that
fails, and so an error, never comes.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.wording import visible
from hubexplore.errors import TooLargeError
from hubexplore.inputs import machine_memory
from hubexplore.inputs.machine_memory import memory_at_hand
from hubexplore.session.memory import tensor_sizes
from hubexplore.session.memory.tensor_sizes import Peak, Size, Sizes
from hubexplore.summary.tensor_values import is_ragged, is_sparse

if TYPE_CHECKING:
    from hubexplore.hub.running.signature_runner import AppliedSignature


# One entry per signature that was run, gone with it: it saves walking an unchanging graph at every run.
_PEAKS: Final[weakref.WeakKeyDictionary[AppliedSignature, tuple[tuple[Sizes, int], Peak]]] = (
    weakref.WeakKeyDictionary()
)


def check(
    applied: AppliedSignature,
    inputs: Mapping[str, Any],
    at_hand: Callable[[], int | None] = memory_at_hand,
    most: int | None = None,
) -> None:
    """Raises TooLargeError if a signature cannot be run on these inputs in the memory at hand.

    What is needed is the most that the tensors take that are alive at a time. It is known from static shapes,
    where an unknown first dimension is the number of rows, or of words where texts are split. What is in the
    bodies of functions, and what kernels need for themselves, comes on top and is not known.

    Args:
      applied: the signature.
      inputs: values by name: arrays, SparseTensorValue, RaggedTensorValue.
      at_hand: gives the bytes that this process may still take; None where that is unknown.
      most: bytes that it may take even if there are more.

    Raises:
      TooLargeError: (a MemoryError) says what is needed, what there is, and how many rows would fit.
    """
    rows, peak = _foreseen(applied, inputs)
    needed = peak.bytes(rows)
    if needed <= machine_memory.SMALL:
        return
    there = at_hand()
    if there is not None and needed > there:
        raise TooLargeError(_message(peak, rows, needed, there))
    if most is not None and needed > most:
        name, kind, size = peak.largest(rows)
        raise TooLargeError(
            f"The example was not run: it needs {_bytes(needed)} at a time, and the limit for an example is "
            f"{_bytes(most)}. The largest tensor is that of {visible(kind)} '{visible(name)}': "
            f"{_bytes(size)}."
        )


def _foreseen(applied: AppliedSignature, inputs: Mapping[str, Any]) -> tuple[int, Peak]:
    """How many rows go in, and what so many need."""
    rows, sizes = _sizes(applied, inputs)
    words = _words(inputs.values())
    known = _PEAKS.get(applied)
    if known is None or known[0] != (sizes, words):
        known = _PEAKS[applied] = ((sizes, words), tensor_sizes.peak_of(applied, sizes, words))
    return rows, known[1]


def _words(values: Iterable[Any]) -> int:
    """Words in a text, on the average, as a power of two not below: most texts then share one walk."""
    arrays = [value for value in values if isinstance(value, np.ndarray) and value.dtype == object]
    counts = [len(text.split()) for array in arrays for text in array.flat if isinstance(text, (str, bytes))]
    mean = math.ceil(sum(counts) / max(len(counts), 1))
    return 1 << max(0, mean - 1).bit_length()


def _message(peak: Peak, rows: int, needed: int, there: int) -> str:
    name, kind, size = peak.largest(rows)
    finding = (
        f"These inputs do not fit into memory: {_rows(rows)} need {_bytes(needed)} at a time, and "
        f"{_bytes(there)} are free. The largest tensor is that of {visible(kind)} '{visible(name)}': "
        f"{_bytes(size)}."
    )
    fit = peak.rows(there)
    if not 0 < fit < rows:
        return f"{finding} Give smaller inputs, or use a machine with more memory."
    return (
        f"{finding} {_rows(fit)} would fit: give no more, or run them in parts in the notebook, as in "
        f"%%hub_call --batch-size {max(1, fit // 2)} or session.call(..., batch_size={max(1, fit // 2)})."
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def _sizes(applied: AppliedSignature, inputs: Mapping[str, Any]) -> tuple[int, Sizes]:
    """How many rows go in, and per placeholder the size of its value, None where none is given."""
    given = [(taker, inputs.get(name)) for name, taker in applied.inputs.items()]
    counts = [_length(value) for taker, value in given if value is not None and _is_free(taker)]
    rows = max([1, *counts])
    shapes = [shape for taker, value in given for shape in _shapes(taker, value)]
    return rows, tuple(
        None if shape is None else _size(shape, tensor, rows)
        for shape, tensor in zip(shapes, applied.placeholders, strict=True)
    )


def _size(shape: tuple[int, ...], tensor: Any, rows: int) -> Size:
    if not shape or not _is_free(tensor):
        return Size(False, tuple(map(float, shape)))
    return Size(True, (shape[0] / rows, *map(float, shape[1:])))


def _is_free(taker: Any) -> bool:
    """Whether the first dimension of an input is not fixed."""
    return taker.shape.rank is None or (taker.shape.rank > 0 and taker.shape[0] is None)


def _length(value: Any) -> int:
    """How many rows a value has."""
    if is_sparse(value):
        return int(value.dense_shape[0])
    if is_ragged(value):
        return len(value.nested_row_splits[0]) - 1
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else 1
    return len(value) if isinstance(value, (list, tuple)) else 1


def _shapes(taker: Any, value: Any) -> Iterator[tuple[int, ...] | None]:
    """The shapes of the dense parts of a value, in the order of its placeholders."""
    from hubexplore.hub.tensor_info import components

    parts = components(taker)
    if value is None:
        yield from [None] * len(parts)
    elif is_sparse(value):
        yield from (np.shape(each) for each in (value.indices, value.values, value.dense_shape))
    elif is_ragged(value):
        yield from (np.shape(each) for each in (value.flat_values, *value.nested_row_splits))
    elif len(parts) > 1:
        yield from _nested_shapes(value, len(parts) - 1)
    else:
        yield np.shape(value)


def _nested_shapes(rows: Any, ragged_rank: int) -> Iterator[tuple[int, ...]]:
    """The shapes of the flat values and of the row splits that nested lists become."""
    splits = []
    for _ in range(ragged_rank):
        splits.append((len(rows) + 1,))
        rows = [item for row in rows for item in row]
    yield np.shape(rows)
    yield from splits

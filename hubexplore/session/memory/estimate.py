"""Whether a batch fits into the memory of this machine, checked before TensorFlow gets it.

Linux promises memory that it does not have, and later kills the notebook's kernel: no allocation fails, so no
error could be caught.
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
from hubexplore.inputs.machine_memory import available_memory
from hubexplore.session.memory import tensor_sizes
from hubexplore.session.memory.tensor_sizes import Peak, Size, Sizes
from hubexplore.summary.tensor_values import is_ragged, is_sparse

if TYPE_CHECKING:
    from hubexplore.hub.running.signature_runner import AppliedSignature


# One entry per signature that was run, dropped with it: it saves walking an unchanging graph at every run.
_PEAKS: Final[weakref.WeakKeyDictionary[AppliedSignature, tuple[tuple[Sizes, int], Peak]]] = (
    weakref.WeakKeyDictionary()
)


def check(
    applied: AppliedSignature,
    inputs: Mapping[str, Any],
    at_hand: Callable[[], int | None] = available_memory,
    most: int | None = None,
) -> None:
    """Raises TooLargeError if a signature cannot be run on these inputs in the memory at hand.

    The need is the largest sum of the tensors that are alive at one time. It follows from static shapes, in
    which an unknown first dimension is the number of rows, or of words where texts are split. Tensors in the
    bodies of functions, and the scratch space of kernels, come on top and are not known.

    Args:
      applied: the signature.
      inputs: values by name: arrays, SparseTensorValue, RaggedTensorValue.
      at_hand: returns the bytes that this process may still allocate; None where that is unknown.
      most: upper limit in bytes, even if more are at hand.

    Raises:
      TooLargeError: (a MemoryError) states the need, the memory at hand, and how many rows would fit.
    """
    rows, peak = _peak_of_run(applied, inputs)
    needed = peak.bytes(rows)
    # Most runs end here, before the system is asked for its free memory.
    if needed <= machine_memory.SMALL:
        return
    available = at_hand()
    if available is not None and needed > available:
        raise TooLargeError(_message(peak, rows, needed, available))
    if most is not None and needed > most:
        name, kind, size = peak.largest(rows)
        raise TooLargeError(
            f"The example was not run: it needs {_bytes_text(needed)} at a time, and the limit for an "
            f"example is {_bytes_text(most)}. The largest tensor is that of "
            f"{visible(kind)} '{visible(name)}': {_bytes_text(size)}."
        )


def rows_within(applied: AppliedSignature, inputs: Mapping[str, Any], most: int) -> int:
    """Number of rows like these that a run can take within `most` bytes; 0 if not even one, or if unknown."""
    return _peak_of_run(applied, inputs)[1].rows(most)


def _peak_of_run(applied: AppliedSignature, inputs: Mapping[str, Any]) -> tuple[int, Peak]:
    """The number of rows that go in, and the memory of a run as a function of it."""
    rows, sizes = _sizes(applied, inputs)
    words = _words(inputs.values())
    known = _PEAKS.get(applied)
    if known is None or known[0] != (sizes, words):
        known = _PEAKS[applied] = ((sizes, words), tensor_sizes.peak_of(applied, sizes, words))
    return rows, known[1]


def _words(values: Iterable[Any]) -> int:
    """Mean number of words in a text, rounded up to a power of two: most texts then share one walk."""
    arrays = [value for value in values if isinstance(value, np.ndarray) and value.dtype == object]
    counts = [len(text.split()) for array in arrays for text in array.flat if isinstance(text, (str, bytes))]
    mean = math.ceil(sum(counts) / max(len(counts), 1))
    return 1 << max(0, mean - 1).bit_length()


def _message(peak: Peak, rows: int, needed: int, available: int) -> str:
    name, kind, size = peak.largest(rows)
    finding = (
        f"These inputs do not fit into memory: {_rows_text(rows)} need {_bytes_text(needed)} at a time, and "
        f"{_bytes_text(available)} are free. The largest tensor is that of {visible(kind)} "
        f"'{visible(name)}': {_bytes_text(size)}."
    )
    rows_that_fit = peak.rows(available)
    # Half of what fits, since the memory of functions and kernels is not known.
    batch_size = max(1, rows_that_fit // 2)
    if not 0 < rows_that_fit < rows:
        return f"{finding} Give smaller inputs, or use a machine with more memory."
    return (
        f"{finding} {_rows_text(rows_that_fit)} would fit: give no more, or run them in parts in the "
        f"notebook, as in %%hub_call --batch-size {batch_size} or session.call(..., batch_size={batch_size})."
    )


def _rows_text(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _bytes_text(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def _sizes(applied: AppliedSignature, inputs: Mapping[str, Any]) -> tuple[int, Sizes]:
    """The number of rows that go in, and the size of each placeholder's value; None where none is given."""
    fed = [(placeholder, inputs.get(name)) for name, placeholder in applied.inputs.items()]
    counts = [_length(value) for placeholder, value in fed if value is not None and _is_free(placeholder)]
    # At least one: sizes are divided by it.
    rows = max([1, *counts])
    shapes = [shape for placeholder, value in fed for shape in _shapes(placeholder, value)]
    return rows, tuple(
        None if shape is None else _size(shape, tensor, rows)
        for shape, tensor in zip(shapes, applied.placeholders, strict=True)
    )


def _size(shape: tuple[int, ...], tensor: Any, rows: int) -> Size:
    if not shape or not _is_free(tensor):
        return Size(False, tuple(map(float, shape)))
    return Size(True, (shape[0] / rows, *map(float, shape[1:])))


def _is_free(placeholder: Any) -> bool:
    """Whether the first dimension of an input is not fixed."""
    return placeholder.shape.rank is None or (placeholder.shape.rank > 0 and placeholder.shape[0] is None)


def _length(value: Any) -> int:
    """The number of rows of a value."""
    if is_sparse(value):
        return int(value.dense_shape[0])
    if is_ragged(value):
        return len(value.nested_row_splits[0]) - 1
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else 1
    return len(value) if isinstance(value, (list, tuple)) else 1


def _shapes(placeholder: Any, value: Any) -> Iterator[tuple[int, ...] | None]:
    """The shapes of the dense parts of a value, in the order of its placeholders."""
    from hubexplore.hub.tensor_info import components

    parts = components(placeholder)
    if value is None:
        yield from [None] * len(parts)
    elif is_sparse(value):
        yield from (np.shape(part) for part in (value.indices, value.values, value.dense_shape))
    elif is_ragged(value):
        yield from (np.shape(part) for part in (value.flat_values, *value.nested_row_splits))
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

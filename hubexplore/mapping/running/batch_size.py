"""How many rows TensorFlow gets at a time, if the caller does not say.

The number follows from the shapes of the tensors and from nothing that varies from run to run, such as a
measured time: what TensorFlow computes for a row differs in its last bits with the size of the batch, and a
map that was killed has to go on with the same bytes.
"""

from __future__ import annotations

from typing import Final

from hubexplore.inputs.machine_memory import available_memory
from hubexplore.mapping.rows import Rows
from hubexplore.mapping.running.row_function import RowFunction
from hubexplore.mapping.running.values import Uneven

BUDGET: Final = 32_000_000
"""Bytes of tensors that a run has alive at one time. More is not faster: it leaves the caches of the CPU."""
MOST: Final = 16_384
"""Maximum number of rows: with more, nothing is left of the fixed cost of a run."""
_USUAL: Final = 64
"""Number of rows where the shapes say nothing."""
_SHARE: Final = 8
"""A run may take this fraction of the memory that is free."""


def automatic(function: RowFunction, sample: Rows | None) -> int:
    """The number of rows of a batch, a power of two.

    Args:
      function: what runs.
      sample: the first rows.
    """
    fixed = function.callee.fixed_rows
    if fixed is not None:
        return fixed
    if sample is None or not sample.count:
        return _USUAL
    # Of a sample with a bad row some rows can be converted, one by one.
    candidates = [sample, *(sample.part(row, row + 1) for row in range(sample.count))]
    for rows in candidates:
        if function.feed(rows).error is None:
            return _for(function, rows)
    return _USUAL


def _for(function: RowFunction, rows: Rows) -> int:
    values = function.values(rows)
    if any(isinstance(value, Uneven) for value in values.values()):
        # The largest row stands for all: how the shapes are mixed in later batches is not known.
        largest = max(range(rows.count), key=lambda row: _size(values, row))
        values = {
            name: value.at([largest]) if isinstance(value, Uneven) else value
            for name, value in function.values(rows.part(largest, largest + 1)).items()
        }
    free = available_memory()
    budget = BUDGET if free is None else min(BUDGET, max(1, free // _SHARE))
    fitting = min(MOST, function.callee.rows_within(values, budget) or 1)
    return 1 << (fitting.bit_length() - 1)


def _size(values: dict[str, object], row: int) -> int:
    return sum(value.rows[row].size for value in values.values() if isinstance(value, Uneven))

"""Finds out whether the results of a row depend on the other rows of its batch.

Batch normalization in training mode, a softmax over the wrong axis, a mean over the batch: a graph can mix
rows in any way, so what counts is what it computes. The first rows are run once together and once each alone.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.mapping.rows import Rows
from hubexplore.mapping.running.row_function import Outcome, RowFunction
from hubexplore.summary.tensor_values import Array, flat_of

_ROWS: Final = 4
"""Number of rows that are compared."""
_TOLERANCE: Final = 1e-3
"""Largest difference, relative to the largest value, that sums in another order explain."""


def leaking_outputs(function: RowFunction, sample: Rows | None) -> tuple[list[str], bool]:
    """Names of the outputs whose rows depend on other rows, and whether any output is random.

    What is random differs from run to run on equal rows; nothing can be said of how it depends on rows.

    Args:
      function: what runs.
      sample: the first rows.
    """
    if sample is None or sample.count < 2 or function.callee.fixed_rows is not None:
        return [], False
    rows = sample.part(0, min(_ROWS, sample.count))
    together = function.run(function.feed(rows))
    if together.failures or len(together.pieces) > 1:
        return [], False
    alone = [function.run(function.feed(rows.part(number, number + 1))) for number in range(rows.count)]
    if any(outcome.failures for outcome in alone):
        return [], False
    differing = [name for name in function.outputs if _differs(name, together, alone)]
    if not differing:
        return [], False
    again = function.run(function.feed(rows))
    random = [name for name in differing if not _are_close(_piece(name, together), _piece(name, again))]
    return [name for name in differing if name not in random], bool(random)


def _piece(name: str, outcome: Outcome) -> Any:
    return outcome.pieces[0][2][name]


def _differs(name: str, together: Outcome, alone: list[Outcome]) -> bool:
    whole = _piece(name, together)
    parts = [_piece(name, outcome) for outcome in alone]
    if isinstance(whole, np.ndarray) and all(isinstance(part, np.ndarray) for part in parts):
        if len({part.shape[1:] for part in (whole, *parts)}) > 1:
            return True
        return not _are_close(whole, np.concatenate(parts))
    if isinstance(whole, list):
        return not all(_are_close(row, part[0]) for row, part in zip(whole, parts, strict=True))
    return not _are_close(whole, np.concatenate([flat_of(part) for part in parts]))


def _are_close(first: Any, second: Any) -> bool:
    if isinstance(first, list):
        return all(map(_are_close, first, second))
    one, other = flat_of(first), flat_of(second)
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "OSUb":
        return bool((one == other).all())
    one, other = _wide(one), _wide(other)
    scale = np.max(np.abs(one), initial=0.0, where=np.isfinite(one))
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True))


def _wide(array: Array) -> Array:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)

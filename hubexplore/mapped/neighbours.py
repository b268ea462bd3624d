"""The rows most similar to a vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.errors import ConversionError
from hubexplore.summary.tensor_values import Array

_CHUNK: Final = 65_536
"""Number of rows that are compared at once: bounds the memory of their normalised copies."""


@dataclass(frozen=True)
class Neighbours:
    """Rows similar to a vector, most similar first.

    Attributes:
      rows: positions in the table, int64 [k].
      similarities: cosine similarities, float32 [k]: x·y / (|x| |y|).
    """

    rows: Array
    similarities: Array


def nearest_to(matrix: Array, query: Array, count: int = 10, *, without: int | None = None) -> Neighbours:
    """Returns the rows with the highest cosine similarity to a vector, in O(n · d) time.

    Args:
      matrix: float32 [rows, size]; rows of zeros, or with NaN or Inf, have no direction and are left out.
      query: numbers [size].
      count: maximum number of rows.
      without: position of a row that is left out: the one that the vector comes from.

    Raises:
      ConversionError: (a ValueError) the vector has another size, or no direction.
    """
    vector = np.asarray(query, np.float32).reshape(-1)
    if vector.size != matrix.shape[1]:
        raise ConversionError(
            f"Vectors are compared with vectors of their own size: those of the map have {matrix.shape[1]} "
            f"numbers, this one has {vector.size}."
        )
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise ConversionError(
            "A vector of zeros, or with NaN or Inf, has no direction and so no neighbours. Choose another "
            "row."
        )
    similarities = _similarities(matrix, vector / length)
    if without is not None:
        similarities[without] = -np.inf
    kept = min(count, int(np.isfinite(similarities).sum()))
    # A partition is linear in the rows; only the few that are kept are sorted.
    best = np.argpartition(-similarities, max(kept - 1, 0))[:kept]
    order = best[np.lexsort((best, -similarities[best]))]
    return Neighbours(order, similarities[order])


def _similarities(matrix: Array, direction: Array) -> Array:
    """Returns the cosine of each row with a direction of length 1; -Inf for rows without a direction."""
    similarities = np.empty(len(matrix), np.float32)
    for start in range(0, len(matrix), _CHUNK):
        rows = matrix[start : start + _CHUNK]
        with np.errstate(all="ignore"):
            cosines = (rows @ direction) / np.linalg.norm(rows, axis=1)
        similarities[start : start + _CHUNK] = np.where(np.isfinite(cosines), cosines, -np.inf)
    return similarities

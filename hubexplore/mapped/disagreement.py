"""How far two results differ, row by row."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.mapped.classes import looks_like_scores
from hubexplore.summary.tensor_values import Array

_ANCHORS: Final = 1_000
"""Maximum number of rows to which others are compared: all pairs of 200,000 would take hours."""
_NEAREST: Final = 10
_CHUNK: Final = 8_192


def of_vectors(first: Array, second: Array) -> tuple[Array, str]:
    """Returns the disagreement of each row, from 0 to 1, and what it measures.

    Probabilities of the same classes: half of the sum of absolute differences (total variation distance).
    Other vectors, whose axes mean different things in different modules: the share of the ten nearest rows,
    of at most 1,000 evenly spaced ones, that the two have not in common.

    Args:
      first: float32 [rows, size].
      second: float32 [rows, another size].
    """
    if first.shape == second.shape and looks_like_scores(first) and looks_like_scores(second):
        return 0.5 * np.abs(first - second).sum(axis=1, dtype=np.float64), "total variation distance"
    shared = _shared_neighbours(first, second)
    return 1.0 - shared, f"share of the {_NEAREST} nearest rows that differ"


def of_numbers(first: Array, second: Array) -> tuple[Array, str]:
    """Returns the absolute difference of two columns of numbers, and what it measures."""
    return np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)), "absolute difference"


def of_classes(first: Array, second: Array) -> tuple[Array, str]:
    """Returns 1.0 where two predictions differ, else 0.0, and what it measures."""
    return (np.asarray(first) != np.asarray(second)).astype(np.float64), "different class"


def _shared_neighbours(first: Array, second: Array) -> Array:
    anchors = np.unique(np.linspace(0, len(first) - 1, min(_ANCHORS, len(first))).astype(np.int64))
    count = min(_NEAREST, len(anchors) - 1)
    if count < 1:
        return np.ones(len(first))
    a, b = _directions(first), _directions(second)
    shared = np.empty(len(first))
    for start in range(0, len(first), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(first)))
        near_a = _nearest(a, rows, anchors, count)
        near_b = _nearest(b, rows, anchors, count)
        shared[rows] = (near_a & near_b).sum(axis=1) / count
    return shared


def _nearest(directions: Array, rows: Array, anchors: Array, count: int) -> Array:
    """Returns which anchors are the nearest of each row, bool [rows, anchors]; never the row itself."""
    similarities = directions[rows] @ directions[anchors].T
    similarities[rows[:, None] == anchors[None, :]] = -np.inf
    best = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
    is_near = np.zeros(similarities.shape, bool)
    np.put_along_axis(is_near, best, values=True, axis=1)
    return is_near


def _directions(matrix: Array) -> Array:
    with np.errstate(all="ignore"):
        rows = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.where(np.isfinite(rows), rows, 0).astype(np.float32)

"""Predicted classes against labels: the confusion matrix, the scores, and which rows are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hubexplore.display.wording import visible
from hubexplore.errors import ConversionError
from hubexplore.mapped.columns import MAX_CATEGORIES, matrix_of
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_MAX_CLASSES: Final = 1_000
"""Maximum number of different labels of a classification."""


@dataclass(frozen=True)
class Classes:
    """Labels and predictions of the rows of a table.

    Attributes:
      names: of the classes; labels and predictions are positions in it.
      labels: int64 [rows]; -1 for a row without a label.
      predictions: int64 [rows]; -1 for a row without a prediction.
      scores: float32 [rows] of the predicted class, or None if the result has no scores.
    """

    names: tuple[str, ...]
    labels: Array
    predictions: Array
    scores: Array | None = None

    @property
    def is_compared(self) -> Array:
        """Rows that have a label and a prediction, bool [rows]."""
        compared: Array = (self.labels >= 0) & (self.predictions >= 0)
        return compared

    @property
    def errors(self) -> Array:
        """1.0 for a wrong prediction, 0.0 for a right one, NaN for neither: float64 [rows]."""
        wrong = (self.labels != self.predictions).astype(np.float64)
        return np.where(self.is_compared, wrong, np.nan)

    @property
    def accuracy(self) -> float:
        """The share of right predictions; NaN without any."""
        errors = self.errors[self.is_compared]
        return float(1 - errors.mean()) if errors.size else float("nan")


def confusion(classes: Classes) -> Array:
    """Returns the number of rows of each label (row) and prediction (column): int64 [classes, classes]."""
    size = len(classes.names)
    both = classes.is_compared
    pairs = classes.labels[both] * size + classes.predictions[both]
    counts: Array = np.bincount(pairs, minlength=size * size).reshape(size, size)
    return counts


def classes_of(
    frame: DataFrame,
    label: Any,
    prediction: Any,
    *,
    from_scores: bool,
    names: Sequence[str] | None = None,
) -> Classes:
    """Returns the labels and predictions of a table.

    Args:
      frame: the table.
      label: column of the labels.
      prediction: column of the predicted classes, or of their scores.
      from_scores: whether it has a vector of scores for each row, of which the highest counts.
      names: names of the classes in the order of the scores.

    Raises:
      ConversionError: (a ValueError) labels are names and the scores are not told apart; a label outside of
        the scores; more than 1,000 different classes.
    """
    if from_scores:
        return _by_scores(frame, label, prediction, names)
    labels, predictions = frame[label], frame[prediction]
    found = pd.unique(pd.concat([labels.dropna().map(_text), predictions.dropna().map(_text)]))
    _check_count(len(found), label)
    ordered = sorted(found, key=_natural)
    positions = {name: at for at, name in enumerate(ordered)}
    return Classes(tuple(ordered), _positions(labels, positions), _positions(predictions, positions))


def _by_scores(frame: DataFrame, label: Any, prediction: Any, names: Sequence[str] | None) -> Classes:
    scores = matrix_of(frame[prediction])
    size = scores.shape[1]
    if names is not None and len(names) != size:
        raise ConversionError(
            f"classes needs a name for each score: column {visible(str(prediction))!r} has {size} scores in "
            f"a row, classes has {len(names)} names."
        )
    _check_count(size, prediction)
    known: Array = np.asarray(np.isfinite(scores).all(axis=1))
    predictions = np.where(known, np.nan_to_num(scores).argmax(axis=1), -1)
    best = np.full(len(scores), np.nan, np.float32)
    best[known] = scores[known].max(axis=1)
    texts = tuple(map(str, names)) if names is not None else tuple(map(str, range(size)))
    positions = {name: at for at, name in enumerate(texts)}
    labels = _positions(frame[label], positions)
    strange = np.flatnonzero((labels < 0) & frame[label].notna().to_numpy())
    if strange.size:
        raise _strange_label(frame, label, prediction, int(strange[0]), texts)
    return Classes(texts, labels, predictions, best)


def _strange_label(
    frame: DataFrame, label: Any, prediction: Any, row: int, names: tuple[str, ...]
) -> ConversionError:
    found = visible(_text(frame[label].iloc[row]))
    known = ", ".join(map(visible, names[:6])) + (", ..." if names[6:] else "")
    return ConversionError(
        f"A label is the number or name of one of the {len(names)} scores in {visible(str(prediction))!r}: "
        f"row {frame.index[row]!r} of {visible(str(label))!r} has {found!r}, the classes are {known}. Give "
        "their names in the order of the scores: hub.lens(result, label=..., classes=[...])."
    )


def _positions(column: Series[Any], positions: dict[str, int]) -> Array:
    """Returns the position of each value, -1 for one without a position."""
    codes, distinct = pd.factorize(column)
    places = np.array([positions.get(_text(value), -1) for value in distinct] + [-1], np.int64)
    found: Array = places[codes]
    return found


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        # Labels with gaps are floats in pandas.
        return str(int(value))
    return str(value)


def _natural(name: str) -> tuple[bool, float, str]:
    """Sorts numbers by their value and before names."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def _check_count(count: int, column: object) -> None:
    if count > _MAX_CLASSES:
        raise ConversionError(
            f"A classification has at most {_MAX_CLASSES:,} classes: column {visible(str(column))!r} has "
            f"{count:,}. Choose a column with classes: hub.lens(result, label=...)."
        )


def looks_like_scores(matrix: Array) -> bool:
    """Returns whether rows sum to 1 and have no negative number, as probabilities do, by the first 1,000."""
    rows = matrix[:1000]
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not rows.size or rows.shape[1] > _MAX_CLASSES:
        return False
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-2))


def few_categories(column: Series[Any]) -> bool:
    """Returns whether a column has few enough values for a colour each."""
    return bool(column.nunique() <= MAX_CATEGORIES)

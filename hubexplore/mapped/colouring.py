"""What the points of a map are coloured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hubexplore.display.palette import CATEGORIES, NOT_A_NUMBER, SEQUENTIAL
from hubexplore.display.wording import visible
from hubexplore.mapped.classes import few_categories
from hubexplore.mapped.subject import LensSubject
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame

NOTHING: Final = "one colour"
_ERROR: Final = "error"
_PREDICTED: Final = "predicted class"
_DISAGREEMENT: Final = "disagreement"
_NO_VALUE: Final = "no value"


@dataclass(frozen=True)
class Colouring:
    """A colour for each row.

    Attributes:
      name: what they stand for.
      values: numbers [rows], or positions in `categories`; NaN or -1 for a row without a value.
      categories: names of the categories, or empty for numbers.
    """

    name: str
    values: Array
    categories: tuple[str, ...] = ()

    @property
    def palette(self) -> tuple[str, ...]:
        """Colours as #rrggbb: one for each category, in turn if they are many, or those of a scale."""
        if not self.categories:
            return tuple(f"#{colour}" for colour in SEQUENTIAL)
        return tuple(CATEGORIES[at % len(CATEGORIES)] for at in range(len(self.categories)))

    @property
    def inks(self) -> tuple[str, ...]:
        """The palette as a map takes it: categories are followed by the colour of rows without a value."""
        return (*self.palette, NOT_A_NUMBER) if self.categories else self.palette

    @property
    def limits(self) -> tuple[float, float] | None:
        """The lowest and highest number, which differ; None for categories."""
        if self.categories:
            return None
        known = self.values[np.isfinite(self.values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        return low, high if high > low else low + 1

    def column(self, rows: Array) -> Any:
        """Returns the values of some rows as a column of a table; missing numbers are the lowest."""
        values = self.values[rows]
        if self.categories:
            names = [*self.categories, _NO_VALUE]
            return pd.Categorical.from_codes(np.where(values < 0, len(names) - 1, values), names)
        lowest = self.limits[0] if self.limits is not None else 0.0
        return np.where(np.isfinite(values), values, lowest)


def places_frame(places: Array) -> DataFrame:
    """Returns points, float32 [rows, 2], as a table with the columns x and y."""
    return pd.DataFrame({"x": places[:, 0], "y": places[:, 1]})


def choices(subject: LensSubject) -> dict[str, str]:
    """Returns what a map can be coloured by: key -> text, the most telling first."""
    found = {}
    if subject.disagreement is not None:
        found[_DISAGREEMENT] = f"{_DISAGREEMENT}: {subject.disagreement[1]}"
    if subject.errors is not None:
        found[_ERROR] = "right or wrong" if subject.classes is not None else "absolute error"
    if subject.label is not None:
        found[f"column:{subject.label}"] = f"label: {visible(str(subject.label), 40)}"
    if subject.classes is not None:
        found[_PREDICTED] = _PREDICTED
    for name in subject.columns.of("categories", "numbers"):
        found.setdefault(f"column:{name}", visible(name, 40))
    found[NOTHING] = NOTHING
    return found


def colouring(subject: LensSubject, key: str) -> Colouring:
    """Returns the colours of one of the `choices`."""
    if key == _DISAGREEMENT and subject.disagreement is not None:
        return Colouring(_DISAGREEMENT, subject.disagreement[0])
    if key == _ERROR and subject.errors is not None:
        if subject.classes is None:
            return Colouring("absolute error", subject.errors)
        codes = np.where(np.isfinite(subject.errors), np.nan_to_num(subject.errors), -1).astype(np.int64)
        return Colouring("prediction", codes, ("right", "wrong"))
    if key == _PREDICTED and subject.classes is not None:
        return Colouring(_PREDICTED, subject.classes.predictions, subject.classes.names)
    if key.startswith("column:"):
        return _of_column(subject, key.removeprefix("column:"))
    return Colouring(NOTHING, np.zeros(len(subject), np.int64), ("rows",))


def _of_column(subject: LensSubject, name: str) -> Colouring:
    column: Any = subject.frame[next(item for item in subject.frame.columns if str(item) == name)]
    if pd.api.types.is_numeric_dtype(column.dtype) and not few_categories(column):
        return Colouring(name, column.to_numpy(np.float64, na_value=np.nan))
    codes, distinct = pd.factorize(column, sort=True)
    return Colouring(name, codes, tuple(visible(_text(value), 30) for value in distinct))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

"""The data that a lens looks at: one mapped table or two, what its columns are, and where it is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hubexplore.display.wording import counted, visible
from hubexplore.errors import ConversionError, MissingExtraError, PathError
from hubexplore.mapped import disagreement
from hubexplore.mapped.classes import Classes, classes_of, few_categories, looks_like_scores
from hubexplore.mapped.columns import Columns, Kind, checked_name, columns_of, matrix_of
from hubexplore.mapped.slices import Slice, worst_slices
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame

SECOND: Final = " (second)"
"""Appended to the columns of the second result where they differ from those of the first."""


@dataclass(frozen=True)
class LensSubject:
    """One mapped table, or two side by side.

    Attributes:
      frame: the table; the differing columns of a second one follow those of the first.
      columns: its columns by kind.
      label: the column with the right answers, if there is one.
      prediction: the column that is compared with it.
      vectors: the column that is drawn as a map, if there is one.
      second_vectors: the column of the second result that stands beside it.
      class_names: names of the classes, in the order of the scores.
    """

    frame: DataFrame
    columns: Columns
    label: Any = None
    prediction: Any = None
    vectors: Any = None
    second_vectors: Any = None
    class_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def matrix(self) -> Array:
        """The vectors that are drawn, float32 [rows, size]; [rows, 0] without any."""
        if self.vectors is None:
            return np.zeros((len(self), 0), np.float32)
        return matrix_of(self.frame[self.vectors])

    @cached_property
    def classes(self) -> Classes | None:
        """Labels and predictions; None without a label, or if the label is a quantity."""
        if self.label is None or self.prediction is None or self._is_regression:
            return None
        from_scores = self.columns.kinds[str(self.prediction)] == "vectors"
        return classes_of(
            self.frame, self.label, self.prediction, from_scores=from_scores, names=self.class_names
        )

    @cached_property
    def listing(self) -> tuple[DataFrame, Columns]:
        """The table as it is listed, and its kinds: what was predicted stands beside the label."""
        classes = self.classes
        if classes is None or self.columns.kinds[str(self.prediction)] != "vectors":
            return self.frame, self.columns
        names = np.array([*classes.names, None], object)
        new: dict[str, tuple[Any, Kind]] = {"predicted": (names[classes.predictions], "categories")}
        if classes.scores is not None:
            new["score"] = (classes.scores, "numbers")
        frame, kinds = self.frame.copy(deep=False), dict(self.columns.kinds)
        place = list(map(str, frame.columns)).index(str(self.label)) + 1
        for name, (values, kind) in reversed(new.items()):
            free = name if name not in kinds else f"{name} (lens)"
            frame.insert(place, free, values)
            kinds[free] = kind
        return frame, Columns(kinds)

    @cached_property
    def errors(self) -> Array | None:
        """The error of each row, float64 [rows]: 1 for a wrong class, or the absolute difference."""
        if self.classes is not None:
            return self.classes.errors
        if self.label is None or self.prediction is None:
            return None
        return disagreement.of_numbers(self._numbers(self.label), self._numbers(self.prediction))[0]

    @cached_property
    def disagreement(self) -> tuple[Array, str] | None:
        """How far two results differ in each row, float64 [rows], and what that measures."""
        if self.second_vectors is not None:
            second = matrix_of(self.frame[self.second_vectors])
            return disagreement.of_vectors(self.matrix, second)
        for name, kind in self.columns.kinds.items():
            if name + SECOND in self.columns.kinds:
                first, second = self.frame[name], self.frame[name + SECOND]
                if kind == "numbers":
                    return disagreement.of_numbers(self._numbers(name), self._numbers(name + SECOND))
                return disagreement.of_classes(first.astype(str), second.astype(str))
        return None

    @cached_property
    def slices(self) -> tuple[Slice, ...]:
        """Where the error, or else the disagreement, is highest."""
        measured = self.errors if self.errors is not None else None
        if measured is None and self.disagreement is not None:
            measured = self.disagreement[0]
        if measured is None:
            return ()
        answers = {str(self.prediction), str(self.vectors), str(self.second_vectors)}
        kept = {name: kind for name, kind in self.columns.kinds.items() if name not in answers}
        shown = self.frame[[column for column in self.frame.columns if str(column) in kept]]
        return worst_slices(shown, Columns(kept), measured)

    @property
    def sentence(self) -> str:
        """What the data is, in one line."""
        parts = [counted(len(self), "row")]
        if self.vectors is not None:
            parts.append(
                f"{visible(str(self.vectors))}: vectors of {counted(self.matrix.shape[1], 'number')}"
            )
        if self.classes is not None:
            wrong = int(np.nansum(self.classes.errors))
            parts.append(f"{self.classes.accuracy:.1%} right, {wrong:,} wrong")
        elif self.errors is not None and np.isfinite(self.errors).any():
            parts.append(f"mean absolute error {np.nanmean(self.errors):.4g}")
        if self.disagreement is not None:
            parts.append(f"mean disagreement {np.nanmean(self.disagreement[0]):.3g}")
        return " · ".join(parts)

    @property
    def _is_regression(self) -> bool:
        kinds = self.columns.kinds
        if kinds[str(self.prediction)] == "vectors":
            return False
        return kinds[str(self.label)] == "numbers" or kinds[str(self.prediction)] == "numbers"

    def _numbers(self, name: Any) -> Array:
        found: Array = pd.to_numeric(self.frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        return found


def subject_of(
    result: Any,
    other: Any = None,
    *,
    label: Any = None,
    prediction: Any = None,
    vectors: Any = None,
    classes: Sequence[str] | None = None,
) -> LensSubject:
    """Returns what a lens looks at; the arguments are those of `hubexplore.lens`.

    Raises:
      ConversionError: (a ValueError) the result is not a table, has no rows or no such column, or the two
        results have different numbers of rows.
      PathError: (an OSError) a file cannot be read.
    """
    first = table_of(result)
    if not len(first):
        raise ConversionError("A lens needs rows to look at: the result is empty.")
    frame = first if other is None else _side_by_side(first, table_of(other))
    columns = columns_of(frame)
    for name, role in ((label, "label"), (prediction, "prediction"), (vectors, "vectors")):
        if name is not None:
            checked_name(frame, name, role)
    if vectors is not None and columns.kinds[str(vectors)] not in ("vectors", "pictures"):
        raise ConversionError(
            f"vectors names a column with a list or array of numbers in each row: {visible(str(vectors))!r} "
            f"has {columns.kinds[str(vectors)]}."
        )
    if label is not None and prediction is None:
        prediction = _prediction(frame, columns, label)
    if vectors is None:
        # Outputs stand after inputs; scores are the least to look at as a map.
        found = [name for name in frame.columns if columns.kinds[str(name)] == "vectors"]
        first_found = [name for name in found if not str(name).endswith(SECOND)]
        others = [name for name in first_found if name != prediction and not _has_scores(frame, name)]
        vectors = (others or first_found or found or [None])[-1]
    second = f"{vectors}{SECOND}"
    subject = LensSubject(
        frame, columns, label, prediction, vectors,
        second if other is not None and columns.kinds.get(second) == "vectors" else None,
        tuple(map(str, classes)) if classes is not None else None,
    )  # fmt: skip
    # What cannot be compared is said now, before anything is drawn.
    _ = subject.matrix, subject.errors
    return subject


def table_of(result: Any) -> DataFrame:
    """Returns a result as a table: a DataFrame, a Series, a 2-D array, a dict of arrays, or Parquet files.

    Raises:
      ConversionError: (a ValueError) it is none of these.
      PathError: (an OSError) a file cannot be read.
    """
    if isinstance(result, pd.DataFrame):
        return result
    if isinstance(result, pd.Series):
        return result.to_frame(result.name if result.name is not None else "output")
    if isinstance(result, (str, os.PathLike)):
        return _read_parquet(Path(result))
    if hasattr(result, "compute") and hasattr(result, "partitions"):
        return table_of(result.compute())
    if isinstance(result, np.ndarray) and result.ndim >= 1:
        return pd.DataFrame({"output": _as_column(result)})
    if isinstance(result, Mapping) and result:
        try:
            return pd.DataFrame({str(name): _as_column(np.asarray(value)) for name, value in result.items()})
        except ValueError as error:
            raise ConversionError(f"The outputs of a result need one row each per input: {error}") from None
    raise ConversionError(
        "A lens looks at a table: the result of hub.map, a DataFrame, an array with a row per input, a dict "
        f"of arrays, or the path of Parquet files. This is {type(result).__name__}."
    )


def _read_parquet(path: Path) -> DataFrame:
    try:
        return pd.read_parquet(path.expanduser())
    except ImportError:
        raise MissingExtraError("Parquet files need a package: pip install pyarrow") from None
    except (OSError, ValueError) as error:
        raise PathError(f"{str(path)!r} cannot be read as Parquet: {error}") from None


def _as_column(array: Array) -> Any:
    return array if array.ndim == 1 else list(array)


def _side_by_side(first: DataFrame, second: DataFrame) -> DataFrame:
    """Returns the columns of the first and the differing ones of the second, row by row."""
    if len(first) != len(second):
        raise ConversionError(
            "Two results are compared row by row: the first has "
            f"{counted(len(first), 'row')}, the second {counted(len(second), 'row')}. Map the same data."
        )
    if not first.index.equals(second.index):
        raise ConversionError(
            "Two results are compared row by row, and their rows have different names (index). Map the same "
            "data, or bring them into one order: second.loc[first.index]."
        )
    new = {}
    for name in second.columns:
        if name not in first.columns:
            new[name] = second[name]
        elif not _is_equal(first[name], second[name]):
            new[f"{name}{SECOND}"] = second[name]
    return first.assign(**new) if new else first


def _is_equal(first: Any, second: Any) -> bool:
    try:
        return bool(first.equals(second))
    except ValueError:
        # Arrays in cells cannot be compared as a whole.
        return False


def _prediction(frame: DataFrame, columns: Columns, label: Any) -> Any:
    """Finds the column that answers a label.

    Probabilities come first, then scores of as many classes as the label has values, then a column whose
    values the label has, and for a quantity, the only other column of numbers.
    """
    if columns.kinds[str(label)] == "numbers":
        numbers = [name for name in frame.columns if columns.kinds[str(name)] == "numbers" and name != label]
        found = numbers if len(numbers) == 1 else []
    else:
        found = [name for name in frame.columns if columns.kinds[str(name)] == "vectors"]
        distinct = frame[label].nunique()
        sized = [(name, matrix_of(frame[name].iloc[:1000])) for name in found]
        found = [name for name, rows in sized if looks_like_scores(rows)]
        found += [name for name, rows in sized if rows.shape[1] == distinct]
        found += _answers(frame, columns, label)
    if not found:
        raise ConversionError(
            f"Which column is compared with {visible(str(label))!r} is not clear. Name it: "
            "hub.lens(result, label=..., prediction=...), a column of classes, numbers or scores."
        )
    return found[0]


def _has_scores(frame: DataFrame, name: Any) -> bool:
    return looks_like_scores(matrix_of(frame[name].iloc[:1000]))


def _answers(frame: DataFrame, columns: Columns, label: Any) -> list[Any]:
    labels = set(frame[label].dropna().map(str))
    return [
        name
        for name in frame.columns
        if name != label
        and columns.kinds[str(name)] in ("categories", "text")
        and few_categories(frame[name])
        and set(frame[name].dropna().map(str)) <= labels
    ]

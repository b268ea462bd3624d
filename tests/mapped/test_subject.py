"""What a lens finds in a table: kinds of columns, predictions, errors, slices and disagreement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hubexplore.errors import ConversionError, MissingExtraError, PathError
from hubexplore.mapped.classes import confusion
from hubexplore.mapped.columns import columns_of, matrix_of
from hubexplore.mapped.subject import SECOND, subject_of


def test_kinds_are_decided_by_values() -> None:
    frame = pd.DataFrame(
        {
            "picture": ["a.png", "b.JPG"] * 30,
            "bytes": [b"\x89PNG123"] * 60,
            "pixels": list(np.zeros((60, 8, 8, 3), np.uint8)),
            "vector": list(np.zeros((60, 4))),
            "kind": ["a", "b"] * 30,
            "text": [f"text {at}" for at in range(60)],
            "share": np.linspace(0, 1, 60),
            "count": np.arange(60),
            "class": [1, 2] * 30,
            "yes": [True, False] * 30,
            "nothing": [None] * 60,
            "words": [["a"], ["b"]] * 30,
        }
    )
    assert columns_of(frame).kinds == {
        "picture": "pictures", "bytes": "pictures", "pixels": "pictures", "vector": "vectors",
        "kind": "categories", "text": "text", "share": "numbers", "count": "numbers", "class": "categories",
        "yes": "categories", "nothing": "other", "words": "other",
    }  # fmt: skip


def test_rows_without_a_vector_are_nan_and_uneven_ones_are_named() -> None:
    column = pd.Series([[1, 2], None, [3, 4]], index=["a", "b", "c"], name="v")
    expected = np.array([[1, 2], [np.nan, np.nan], [3, 4]])
    assert np.array_equal(matrix_of(column), expected, equal_nan=True)
    with pytest.raises(ConversionError, match=r"'v' has shape \[2\] in row 'a' and \[1\] in row 'c'"):
        matrix_of(pd.Series([[1, 2], None, [3]], index=["a", "b", "c"], name="v"))


def test_scores_are_found_and_compared_with_labels(clusters: pd.DataFrame) -> None:
    subject = subject_of(clusters, label="label")
    assert (subject.prediction, subject.vectors) == ("scores", "vector")
    assert subject.classes is not None
    assert confusion(subject.classes).tolist() == [[40, 0, 0], [0, 40, 0], [20, 0, 20]]
    assert subject.sentence == "120 rows · vector: vectors of 5 numbers · 83.3% right, 20 wrong"
    assert subject.errors is not None
    assert subject.errors.sum() == 20


def test_probabilities_answer_before_vectors_of_the_same_size(clusters: pd.DataFrame) -> None:
    clusters["vector"] = [vector[:3] for vector in clusters["vector"]]
    assert subject_of(clusters, label="label").prediction == "scores"
    clusters["scores"] = [row * 9 - 4 for row in clusters["scores"]]
    assert subject_of(clusters[["label", "scores"]], label="label").prediction == "scores"


def test_the_worst_slices_are_those_that_cause_the_errors(clusters: pd.DataFrame) -> None:
    slices = subject_of(clusters, label="label").slices
    worst = next(slice_ for slice_ in slices if slice_.column == "label")
    assert (worst.error, worst.others, len(worst.rows)) == (0.5, 0.0, 40)
    assert all("scores" not in slice_.column for slice_ in slices)


def test_labels_that_are_names_need_the_names_of_the_classes(clusters: pd.DataFrame) -> None:
    named = clusters.assign(label=[("ant", "bee", "cat")[label] for label in clusters["label"]])
    with pytest.raises(ConversionError, match=r"classes=\[\.\.\.\]"):
        subject_of(named, label="label")
    subject = subject_of(named, label="label", classes=["ant", "bee", "cat"])
    assert subject.classes is not None
    assert subject.classes.accuracy == pytest.approx(5 / 6)


def test_predicted_names_are_compared_with_labels() -> None:
    frame = pd.DataFrame(
        {"species": ["a", "b", "a", "b"], "answer": ["a", "b", "b", "b"], "x": [1.5, 2, 3, 4]}
    )
    subject = subject_of(frame, label="species")
    assert subject.prediction == "answer"
    assert subject.classes is not None
    assert subject.classes.accuracy == 0.75


def test_a_quantity_has_an_absolute_error() -> None:
    frame = pd.DataFrame({"price": [1.5, 2.25, 3.0], "estimate": [1.5, 2.75, 4.0], "note": ["a", "b", "c"]})
    subject = subject_of(frame, label="price")
    assert subject.errors is not None
    assert subject.errors.tolist() == [0.0, 0.5, 1.0]


def test_two_results_disagree_row_by_row(clusters: pd.DataFrame) -> None:
    other = clusters.copy()
    other["scores"] = [scores[::-1] for scores in clusters["scores"]]
    subject = subject_of(clusters[["text", "scores"]], other[["text", "scores"]])
    assert subject.second_vectors == f"scores{SECOND}"
    assert subject.disagreement is not None
    distances, meaning = subject.disagreement
    assert meaning == "total variation distance"
    assert np.allclose(distances, np.where(clusters["scores"].map(np.argmax) == 1, 0, 0.7), atol=1e-6)
    rotated = clusters.assign(vector=[vector[::-1].copy() for vector in clusters["vector"]])
    turned = subject_of(clusters[["vector"]], rotated[["vector"]])
    assert turned.disagreement is not None
    assert turned.disagreement[0].max() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": "lable"}, "Did you mean 'label'"),
        ({"vectors": "text"}, "'text' has text"),
        ({"label": "size"}, "Which column is compared with 'size' is not clear"),
        (
            {"label": "label", "prediction": "scores", "classes": ["a"]},
            "has 3 scores in a row, classes has 1",
        ),
    ],
)
def test_what_does_not_fit_is_said(clusters: pd.DataFrame, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        subject_of(clusters.assign(text=[f"{at}" * 3 for at in range(120)]), **arguments)


def test_results_that_are_no_tables_are_refused(clusters: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="This is int"):
        subject_of(3)
    with pytest.raises(ConversionError, match="the result is empty"):
        subject_of(clusters.iloc[:0])
    with pytest.raises(ConversionError, match="the second 3 rows"):
        subject_of(clusters, clusters.iloc[:3])
    with pytest.raises(ConversionError, match="different names"):
        subject_of(clusters, clusters.iloc[::-1])
    with pytest.raises((PathError, MissingExtraError)):
        subject_of(tmp_path / "missing.parquet")
    with pytest.raises(ConversionError, match="'a' occurs more than once"):
        subject_of(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_arrays_and_dicts_are_tables() -> None:
    assert subject_of(np.ones((4, 3))).matrix.shape == (4, 3)
    subject = subject_of({"ids": np.arange(4), "vectors": np.ones((4, 2))})
    assert (subject.vectors, len(subject)) == ("vectors", 4)
    with pytest.raises(ConversionError, match="one row each"):
        subject_of({"a": np.arange(4), "b": np.arange(3)})

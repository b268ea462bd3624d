"""Vectors as points, and the neighbours of a vector."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hubexplore.errors import ConversionError, MissingExtraError
from hubexplore.mapped import projection
from hubexplore.mapped.neighbours import nearest_to
from hubexplore.mapped.projection import checked_method, embedded, principal_components
from hubexplore.mapped.subject import subject_of


@pytest.mark.parametrize("size", [3, 40, 1500])
def test_principal_components_are_those_of_the_decomposition(size: int) -> None:
    random = np.random.default_rng(size)
    scales = np.array([50.0, 20.0] + [0.5] * (size - 2))
    matrix = (random.normal(size=(300, size)) * scales).astype(np.float32)
    points = principal_components(matrix)
    centred = matrix - matrix.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * values[:2]
    assert np.allclose(np.abs(points.places), np.abs(expected), atol=2e-2 * values[0] / 17)
    share = values[0] ** 2 / np.square(values).sum()
    assert points.axes[0] == f"component 1: {share:.0%} of the variance"


def test_rows_that_are_not_finite_have_no_point() -> None:
    matrix = np.array([[1, 2], [np.nan, 1], [3, 5], [np.inf, 0]], np.float32)
    points = principal_components(matrix)
    assert points.left_out == 2
    assert np.isnan(points.places).all(axis=1).tolist() == [False, True, False, True]
    assert principal_components(np.zeros((3, 0), np.float32)).left_out == 3
    assert np.array_equal(principal_components(np.ones((3, 1), np.float32)).places, np.zeros((3, 2)))
    huge = np.array([[1e38, -1e38], [-1e38, 1e38]], np.float32)
    assert np.isfinite(principal_components(huge).places).all()


def test_neighbours_are_the_most_similar_directions(clusters: pd.DataFrame) -> None:
    matrix = subject_of(clusters).matrix
    found = nearest_to(matrix, matrix[4], 5, without=4)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    similarities = np.delete(unit @ unit[4], 4)
    assert np.allclose(found.similarities, np.sort(similarities)[::-1][:5], atol=1e-6)
    assert np.allclose((unit @ unit[4])[found.rows], found.similarities, atol=1e-6)
    assert 4 not in found.rows
    with pytest.raises(ConversionError, match="have 5 numbers, this one has 2"):
        nearest_to(matrix, np.ones(2))
    with pytest.raises(ConversionError, match="no direction"):
        nearest_to(matrix, np.zeros(5))
    zeros = np.array([[0, 0], [1, 0], [np.nan, 1]], np.float32)
    assert nearest_to(zeros, np.array([1, 1])).rows.tolist() == [1]


def test_methods_are_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_method("pca") == "PCA"
    with pytest.raises(ConversionError, match="Did you mean 'UMAP'"):
        checked_method("UMAPP")
    monkeypatch.setattr(projection, "_PACKAGES", {"UMAP": ("no_such_package",)})
    with pytest.raises(MissingExtraError, match="pip install umap-learn"):
        checked_method("umap")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package for t-SNE that stands before the real ones."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(projection, "_PACKAGES", {"t-SNE": ("openTSNE",)})
    return tmp_path / "openTSNE.py"


_FAKE = """
import numpy as np
class TSNE:
    def __init__(self, *, callbacks, **rest): self.callbacks = callbacks
    def fit(self, vectors):
        {body}
        return np.asarray(vectors)[:, :2]
"""


def test_a_map_is_made_by_another_process(package: Path) -> None:
    package.write_text(_FAKE.format(body="self.callbacks(10, 0.5, None)"), encoding="utf-8")
    matrix = np.arange(30, dtype=np.float32).reshape(10, 3)
    matrix[3] = np.nan
    shares: list[float | None] = []
    points = embedded(matrix, "t-SNE", shares.append)
    assert points is not None
    assert np.array_equal(points.places[:3], matrix[:3, :2])
    assert (points.left_out, points.axes) == (1, ("t-SNE 1", "t-SNE 2"))
    assert any(share is not None and 0 < share < 1 for share in shares)


def test_a_map_can_be_cancelled(package: Path) -> None:
    package.write_text(_FAKE.format(body="import time; time.sleep(600)"), encoding="utf-8")
    assert embedded(np.ones((10, 3), np.float32), "t-SNE", is_cancelled=lambda: True) is None


def test_a_method_that_fails_says_its_last_words(package: Path) -> None:
    package.write_text(_FAKE.format(body="raise ValueError('no room')"), encoding="utf-8")
    with pytest.raises(ConversionError, match=r"t-SNE could not make a map(.|\n)*no room"):
        embedded(np.ones((10, 3), np.float32), "t-SNE")

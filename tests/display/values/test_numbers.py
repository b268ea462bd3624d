"""That pictures, words and files tell the numbers."""

import csv
import io
import re
import zipfile
from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values.hover import GridHover, PointsHover
from hubexplore.display.values.pictures import brightness
from hubexplore.display.values.plots import components, cosine
from tests.display.values.composites import Ragged, deep, ragged, sparse

RANDOM = np.random.default_rng(1)


class TestScores:
    def test_the_highest_come_first(self) -> None:
        html = values.render(np.array([[0.1, 0.7, 0.2]]), "Scores", labels=["a", "b", "c"]).html
        assert 'alt="Bars of the highest scores. row 0: b 0.7"' in html

    def test_left_out_classes_are_counted(self) -> None:
        html = values.render(RANDOM.uniform(size=(9, 1000)), "Scores").html
        assert "The first 6 of 9 rows. The 5 highest of 1,000 classes." in html

    def test_nan_is_never_the_highest(self) -> None:
        assert "row 0: class 1" in values.render(np.array([[np.nan, 0.7, 0.2]]), "Scores").html


class TestSimilarity:
    def test_is_the_cosine(self) -> None:
        rows = RANDOM.normal(size=(4, 8))
        found, empty = cosine(rows)
        expected = [[a @ b / np.sqrt(a @ a) / np.sqrt(b @ b) for b in rows] for a in rows]
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert not empty

    def test_hover_and_table_tell_it(self) -> None:
        rows = np.array([[3.0] * 16, [3.0] * 16, [-1.0] * 16])
        drawn = values.render(rows, "Similarity", rows=["x", "y", "z"])
        assert isinstance(drawn.hovers[0], GridHover)
        assert drawn.hovers[0].values == ("1", "1", "-1", "1", "1", "-1", "-1", "-1", "1")
        assert "Most alike: x and y, 1." in drawn.html
        assert drawn.html.count('<td class="number">-1</td>') == 4

    def test_a_row_of_zeros_has_no_direction(self) -> None:
        html = values.render(np.array([[0.0] * 16, [1.0] * 16, [1.0] * 16]), "Similarity").html
        assert "1 rows are all zeros" in html or "1 row is all zeros" in html

    def test_extremes_do_not_overflow(self) -> None:
        found, _ = cosine(np.array([[1e308, 1e308], [1e-308, 1e-308]]))
        np.testing.assert_allclose(found, 1)


class TestMap:
    def test_is_the_plane_of_the_largest_variance(self) -> None:
        rows = RANDOM.normal(size=(10, 5)) * [9, 4, 1, 1, 1]
        points, shares = components(rows)
        variances = np.sort(np.linalg.eigvalsh(np.cov(rows.T)))[::-1]
        np.testing.assert_allclose(points.var(axis=0, ddof=1), variances[:2])
        np.testing.assert_allclose(shares, variances[:2] / variances.sum())

    def test_does_not_flip(self) -> None:
        rows = RANDOM.normal(size=(10, 5))
        np.testing.assert_allclose(components(rows)[0], components(rows.copy())[0])
        assert all(column[np.argmax(np.abs(column))] > 0 for column in components(rows)[0].T)

    def test_rows_that_are_alike(self) -> None:
        points, shares = components(np.ones((3, 4)))
        assert not points.any()
        assert shares == (0.0, 0.0)

    def test_hover_names_the_rows(self) -> None:
        hover = values.render(RANDOM.normal(size=(3, 20)), "Map", rows=["x", "y", "z"]).hovers[0]
        assert isinstance(hover, PointsHover)
        assert [words for _, _, words in hover.points] == ["x", "y", "z"]
        assert all(0 <= place <= 1 for x, y, _ in hover.points for place in (x, y))


class TestImages:
    @pytest.mark.parametrize(
        ("low", "high", "words"),
        [(0, 1, "0 is black, 1 is white"), (-1, 1, "−1 is black, 1 is white"),
         (0, 255, "0 is black, 255 is white"), (-3, 5, "−3 is black, 5 is white"),
         (0, 0.01, "0 is black, 0.01 is white")],
    )  # fmt: skip
    def test_the_range_is_found_and_said(self, low: float, high: float, words: str) -> None:
        stack = np.linspace(low, high, 48).reshape(1, 4, 4, 3)
        pixels, said = brightness(stack)
        assert said == words
        assert pixels.min() == 0
        assert pixels.max() == 255
        assert words in values.render(stack, "Images").html

    def test_bytes_stay(self) -> None:
        stack = RANDOM.integers(0, 255, (1, 4, 4, 3)).astype(np.uint8)
        np.testing.assert_array_equal(brightness(stack)[0], stack)

    def test_no_theme_changes_them(self) -> None:
        assert 'class="photo"' in values.render(np.ones((1, 8, 8, 3)), "Images").html

    def test_more_are_counted(self) -> None:
        assert "… and 6 images more" in values.render(np.ones((30, 8, 8, 3)), "Images").html

    def test_tiles_tell_the_channels(self) -> None:
        value = np.zeros((1, 4, 4, 3))
        value[..., 1] = 2
        hover = values.render(value, "Tiles").hovers[0]
        assert isinstance(hover, GridHover)
        assert hover.values == ("channel 0: mean 0, 0 to 0", "channel 1: mean 2, 2 to 2",
                                "channel 2: mean 0, 0 to 0")  # fmt: skip


class TestTables:
    def test_numbers_of_a_matrix(self) -> None:
        html = values.render(np.array([[1.5, -2.0], [3.0, 4.0]]), "Table", rows=["x", "y"]).html
        assert re.findall(r"<td[^>]*>([^<]+)</td>", html) == ["1.5", "-2", "3", "4"]
        assert ">x</th>" in html

    def test_higher_ranks_name_their_place(self) -> None:
        assert ">1, 2</th>" in values.render(np.zeros((2, 3, 4)), "Table").html

    def test_what_is_left_out_is_counted(self) -> None:
        html = values.render(np.zeros((60, 20)), "Table").html
        assert "… and 10 rows and 8 columns more" in html

    def test_rows_of_a_ragged_value(self) -> None:
        html = values.render(ragged()).html
        assert re.findall(r"<code>([^<]+)</code>", html) == ["[0, 1, 2]", "[]", "[3, 4, 5, 6]"]
        assert re.findall(r"<code>([^<]+)</code>", values.render(deep()).html) == ["[[1, 2], []]", "[[3]]"]

    def test_entries_of_a_sparse_value(self) -> None:
        cells = re.findall(r"<td[^>]*>([^<]+)</td>", values.render(sparse()).html)
        assert cells == ["0", "1", "one", "2", "3", "=2+2"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([[-0.31, 0.52, 0.1]] * 2, np.float32), "2 × 3 float32 · −0.31 to 0.52"),
        (np.array([1.0, np.nan, np.inf]), "3 float64 · all 1 · 1 NaN · 1 Inf"),
        (np.array([2**62, -5]), f"2 int64 · −5 to {2**62}"),
        (np.array([b"ab", b"abc"], object), "2 text · longest 3 characters"),
        (np.array([True, False, True]), "3 bool · 2 true"),
        (np.float32(2), "scalar float32 · all 2"),
        (np.zeros((0, 3)), "0 × 3 float64"),
        (sparse(), "3 × 5 sparse text · 2 values · longest 4 characters"),
        (ragged(), "3 × ? ragged float64 · 7 values · 0 to 6"),
    ],
    ids=range(9),
)
def test_facts(value: object, words: str) -> None:
    assert values.facts(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([b"a sentence", b"another"], object), '["a sentence", "another"] (2)'),
        (np.array([[0.1, 0.2]]), "[0.1, 0.2] (2)"),
        (np.arange(10), "[0, 1, 2, 3, 4, 5, …] (10)"),
        (np.zeros((2, 8, 8, 1)), "2 images of 8 × 8 × 1"),
        (np.zeros((20, 30), np.float32), "20 × 30 float32"),
        (np.float32(0.5), "0.5"),
    ],
    ids=range(6),
)
def test_brief(value: object, words: str) -> None:
    assert values.brief(value) == words


class TestPair:
    def test_equal(self) -> None:
        assert "They are equal." in values.pair(np.ones(3), np.ones(3)).html
        assert "They are equal." in values.pair(np.array([np.nan]), np.array([np.nan])).html

    def test_the_largest_difference_and_where(self) -> None:
        html = values.pair(np.zeros((2, 3)), np.array([[0, 0, 0.5], [0, -2, 0]])).html
        assert "Largest difference: 2 at [1, 1]; 2 of 6 entries differ." in html

    def test_shapes_differ(self) -> None:
        assert "Their shapes differ." in values.pair(np.zeros(2), np.zeros(3)).html

    def test_texts(self) -> None:
        html = values.pair(np.array(["a", "b"]), np.array(["a", "c"])).html
        assert "1 of 2 entries differ." in html

    def test_composites(self) -> None:
        assert "They are equal." in values.pair(ragged(), ragged()).html
        other = Ragged(ragged().flat_values, [np.array([0, 2, 3, 7])])
        assert "different places" in values.pair(ragged(), other).html
        assert "They are equal." in values.pair(sparse(), sparse()).html


class TestFiles:
    @pytest.mark.parametrize(
        "array", [RANDOM.normal(size=(2, 3)), np.arange(4), np.array([True])], ids=range(3)
    )
    def test_npy(self, array: "np.ndarray[Any, Any]") -> None:
        name, content = values.download(array, "out", "npy")
        assert name == "out.npy"
        np.testing.assert_array_equal(np.load(io.BytesIO(content), allow_pickle=False), array)

    def test_npy_of_texts_needs_no_pickle(self) -> None:
        _, content = values.download(np.array([b"a", "é".encode()], object), "out", "npy")
        assert np.load(io.BytesIO(content), allow_pickle=False).tolist() == ["a", "é"]

    def test_composites_are_archives(self) -> None:
        name, content = values.download(ragged(), "out", "npy")
        assert name == "out.npz"
        assert sorted(zipfile.ZipFile(io.BytesIO(content)).namelist()) == [
            "flat_values.npy",
            "row_splits_0.npy",
        ]

    def test_csv(self) -> None:
        _, content = values.download(np.array([[1.5, 2], [3, 4]]), "out", "csv")
        assert content.decode() == "1.5,2.0\n3.0,4.0\n"
        assert values.download(ragged(), "o", "csv")[1].decode() == "0,0.0,1.0,2.0\n1\n2,3.0,4.0,5.0,6.0\n"
        assert values.download(deep(), "o", "csv")[1].decode() == "0,1,2\n0\n1,3\n"

    def test_a_text_is_no_formula(self) -> None:
        rows = list(csv.reader(io.StringIO(values.download(sparse(), "out", "csv")[1].decode())))
        assert rows[2] == ["2", "3", "'=2+2"]

    @pytest.mark.parametrize("name", ["../../etc/passwd", "a b/c:0", "", "<script>", "n" * 999, ".hidden"])
    def test_names_are_safe(self, name: str) -> None:
        given, _ = values.download(np.zeros(1), name, "npy")
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,60}\.npy", given)

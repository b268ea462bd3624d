"""That pictures, words and files tell the numbers."""

import base64
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.palette import BLUE, ORANGE
from hubexplore.display.values.hover import GridHover, LazyTexts, PointsHover
from hubexplore.display.values.views import lines, lists
from hubexplore.display.values.views.heatmap import cosine
from hubexplore.display.values.views.scatter import _write_captions, components
from hubexplore.display.values.views.svg_drawing import SvgDrawing, round_ticks, tick_text, width_of
from tests.display.values.composites import deep, ragged, sparse

RANDOM = np.random.default_rng(1)


def written(matrix: "np.ndarray[Any, Any]") -> set[str]:
    """The texts in a heat map."""
    return set(drawing_texts(values.render(matrix, "Heat map").html))


def drawing_texts(html: str) -> list[str]:
    """The texts in the first drawing."""
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data is not None
    root = ElementTree.fromstring(base64.b64decode(data[1]))
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def rectangles(html: str) -> int:
    """Number of rectangles in the first drawing."""
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data is not None
    return base64.b64decode(data[1]).decode().count("<rect")


def test_captions_that_are_cut_in_a_picture_differ() -> None:
    rows = [f"{'the same beginning ' * 3}{end}" for end in ("good", "bad", "none")]
    matrix = np.array([[1.0, 5.0, 2.0], [7.0, -3.0, 1.0], [-4.0, 1.0, 9.0]])
    for view in ("Map", "Heat map", "Plot"):
        texts = drawing_texts(values.render(matrix, view, rows=rows).html)
        assert [sum(end in text for text in texts) for end in ("good", "bad", "none")] == [1, 1, 1], view


class Recorder(SvgDrawing):
    """Keeps where texts stand."""

    boxes: list[tuple[float, float, float, float]]

    def text(self, x: float, y: float, content: str, side: Any = "left", **looks: Any) -> None:
        width = width_of([content], 9)
        left = x - {"left": 0, "center": width / 2, "right": width}[side]
        self.boxes = [*getattr(self, "boxes", []), (left, y - 5, left + width, y + 5)]


class TestScores:
    def test_the_highest_come_first(self) -> None:
        html = values.render(np.array([[0.1, 0.7, 0.2]]), "Scores", labels=["a", "b", "c"]).html
        assert 'alt="Bars of the highest scores. 0: b 0.7"' in html

    def test_hover_and_table_tell_them_in_order(self) -> None:
        drawn = values.render(np.array([[0.1, 0.7, 0.2]]), "Scores", labels=["a", "b", "c"])
        (hover,) = drawn.hovers
        assert isinstance(hover, GridHover)
        assert hover.row_captions == ("b", "c", "a")
        assert hover.values == ("0.7", "0.2", "0.1")
        assert re.findall(r"<td[^>]*>([^<]+)</td>", drawn.html) == ["b", "0.7", "c", "0.2", "a", "0.1"]

    def test_each_row_has_its_title(self) -> None:
        (hover,) = values.render(np.array([[0.1, 0.9], [0.8, 0.2]]), "Scores", rows=["x", "y"]).hovers
        assert isinstance(hover, GridHover)
        assert hover.row_captions == ("x", "class 1", "class 0", "y", "class 0", "class 1")
        assert hover.values == ("", "0.9", "0.1", "", "0.8", "0.2")

    def test_infinity_is_told_as_such(self) -> None:
        html = values.render(np.array([[1.0, np.inf, -np.inf]]), "Scores").html
        assert re.findall(r'<td class="number">([^<]+)</td>', html) == ["inf", "1", "-inf"]

    def test_left_out_classes_are_counted(self) -> None:
        html = values.render(RANDOM.uniform(size=(9, 1000)), "Scores").html
        assert "The first 6 of 9 rows. The 5 highest of 1,000 classes." in html

    def test_nan_is_never_the_highest(self) -> None:
        assert "0: class 1" in values.render(np.array([[np.nan, 0.7, 0.2]]), "Scores").html


class TestSimilarity:
    def test_is_the_cosine(self) -> None:
        rows = RANDOM.normal(size=(4, 8))
        similarities, empty = cosine(rows)
        expected = [[a @ b / np.sqrt(a @ a) / np.sqrt(b @ b) for b in rows] for a in rows]
        np.testing.assert_allclose(similarities, expected, atol=1e-12)
        assert not empty

    def test_hover_and_table_tell_it(self) -> None:
        rows = np.array([[3.0] * 16, [3.0] * 16, [-1.0] * 16])
        drawn = values.render(rows, "Similarity", rows=["x", "y", "z"])
        assert isinstance(drawn.hovers[0], GridHover)
        assert drawn.hovers[0].values == ("1", "1", "-1", "1", "1", "-1", "-1", "-1", "1")
        assert "Most alike: “x” and “y”, 1." in drawn.html
        assert drawn.html.count('<td class="number">-1</td>') == 4

    def test_a_row_of_zeros_has_no_direction(self) -> None:
        html = values.render(np.array([[0.0] * 16, [1.0] * 16, [1.0] * 16]), "Similarity").html
        assert "1 row (0) without a direction: all zeros, or with NaN or Inf." in html
        assert "Most alike: “1” and “2”, 1." in html

    def test_extremes_do_not_overflow(self) -> None:
        similarities, _ = cosine(np.array([[1e308, 1e308], [1e-308, 1e-308]]))
        np.testing.assert_allclose(similarities, 1)


class TestHeatMap:
    def test_hover_tells_the_cells(self) -> None:
        matrix = np.array([[1.0, -2.0, np.nan], [1e308, np.inf, 0.5]])
        drawn = values.render(matrix, "Heat map", rows=["x", "y"], labels=["a", "b", "c"])
        (hover,) = drawn.hovers
        assert isinstance(hover, GridHover)
        assert hover.values == ("1", "-2", "nan", "1e+308", "inf", "0.5")
        assert (hover.row_captions, hover.column_captions) == (("x", "y"), ("a", "b", "c"))
        assert "Grey cells are NaN." in drawn.html

    def test_of_many_cells_it_tells_the_range_of_blocks(self) -> None:
        matrix = np.arange(150 * 100).reshape(150, 100)
        (hover,) = values.render(matrix, "Heat map").hovers
        assert isinstance(hover, GridHover)
        assert (hover.rows, hover.columns) == (50, 50)
        assert hover.values[0] == "0 to 201"
        assert (hover.row_captions[0], hover.column_captions[-1]) == ("0 … 2", "98 … 99")
        assert hover.values[-1] == "14798 to 14999"

    def test_numbers_stand_in_few_cells(self) -> None:
        assert {"0.50", "−0.25", "0.00", "2.00"} <= written(np.array([[0.5, -0.25], [-0.001, 2]]))
        assert {"3", "−4", "0"} <= written(np.array([[3, -4], [0, 1]]))
        assert "0.37" not in written(np.full((11, 11), 0.37) * np.eye(11))

    @pytest.mark.parametrize("view", ["Similarity", "Map", "Plot"])
    def test_dollars_are_no_mathematics(self, view: str) -> None:
        rows = ["$x_{1}$ \\alpha", "a\nb"]
        matrix = np.array([[1.0, 5.0, 2.0], [7.0, -3.0, 1.0], [-4.0, 1.0, 9.0]])
        texts = drawing_texts(values.render(matrix, view, rows=rows).html)
        assert [text for text in texts if text.endswith("$x_{1}$ \\alpha")]
        assert [text for text in texts if text.endswith("a\\nb")]

    def test_captions_of_both_axes_of_a_similarity(self) -> None:
        drawn = values.render(RANDOM.normal(size=(3, 20)), "Similarity", rows=["one", "two", "three"])
        texts = drawing_texts(drawn.html)
        assert [texts.count(text) for text in ("0 one", "1 two", "2 three")] == [2, 2, 2]

    def test_places_in_higher_ranks(self) -> None:
        (hover,) = values.render(np.zeros((2, 3, 4)), "Heat map", rows=["x", "y"]).hovers
        assert isinstance(hover, GridHover)
        assert hover.row_captions == ("x, 0", "x, 1", "x, 2", "y, 0", "y, 1", "y, 2")


class TestPlot:
    def test_hover_tells_the_numbers(self) -> None:
        (hover,) = values.render(np.array([[1.5, 2], [3, np.nan]]), "Plot", labels=["a", "b"]).hovers
        assert isinstance(hover, GridHover)
        assert hover.values == ("1.5; 3", "2; nan")
        assert hover.column_captions == ("a", "b")

    @pytest.mark.parametrize("shape", [(2,), (2, 1)], ids=str)
    def test_a_number_for_each_row_is_a_bar_of_its_name(self, shape: tuple[int, ...]) -> None:
        drawn = values.render(np.reshape([1.0, 2.0], shape), "Plot", rows=["bread", "wine"])
        (hover,) = drawn.hovers
        assert isinstance(hover, GridHover)
        assert hover.column_captions == ("bread", "wine")
        assert drawing_texts(drawn.html)[-2:] == ["bread", "wine"], "there is no legend below"

    def test_a_lone_point_has_the_colour_of_its_line(self) -> None:
        lone = np.full((2, 3), np.nan)
        lone[:, 1] = [1, 2]
        data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', values.render(lone, "Plot").html)
        assert data is not None
        drawing = base64.b64decode(data[1]).decode()
        points = re.findall(r'stroke="(#[0-9a-f]{6})" stroke-width="3" stroke-linecap="round"', drawing)
        assert points == [BLUE, ORANGE]

    def test_left_out_rows_and_places_are_counted(self) -> None:
        html = values.render(np.zeros((20, 1000)), "Plot").html
        left_out = "Each column of pixels covers 3 entries, from the lowest to the highest."
        assert f"The first 8 of 20 rows. {left_out}" in html

    @pytest.mark.parametrize("size", [16_000, 100_001])
    def test_a_long_signal_keeps_its_envelope(self, size: int) -> None:
        # Of a chirp every n-th number would be a slow wave of changing height.
        time = np.linspace(0, 1, size)
        chirp = np.sin(2 * np.pi * size / 4 * time * time)
        chirp[size // 3] = 5.0
        columns = lines.Columns.of(chirp[None])
        assert columns.highs.max() == 5.0
        assert columns.lows.shape == columns.highs.shape == (1, 480)
        tail = slice(240, None)
        assert (np.delete(columns.highs[0], size // 3 * 480 // size)[tail] > 0.5).mean() > 0.9
        assert columns.captions(str)[-1].endswith(str(size - 1))

    def test_numbers_beside_nan_stay_in_a_long_line(self) -> None:
        sparse_line = np.full(4800, np.nan)
        sparse_line[4000] = 2.0
        columns = lines.Columns.of(sparse_line[None])
        assert columns.texts()[400] == "2"
        assert np.isnan(columns.highs[0]).sum() == 479

    def test_of_zeros_only_has_an_axis(self) -> None:
        texts = drawing_texts(values.render(np.zeros(3), "Plot").html)
        assert {"0.2", "0.8", "1"} <= set(texts)
        assert "no finite number" not in values.render(np.zeros(3), "Plot").html

    def test_of_nan_only_says_so(self) -> None:
        assert "There is no finite number to draw." in values.render(np.full(3, np.nan), "Plot").html

    def test_infinite_numbers_are_told_from_the_highest_finite_one(self) -> None:
        drawn = values.render(np.array([1.0, np.inf, np.nan, -np.inf]), "Plot")
        assert lines.MSG_INFINITE_BARS in drawn.html
        assert {"∞", "−∞"} <= set(drawing_texts(drawn.html))
        assert rectangles(drawn.html) == 2, "the paper, and the bar of the one finite number"
        note = lines.MSG_INFINITE_LINES
        assert note in values.render(np.array([[1.0, 2.0], [-np.inf, 0.0]]), "Plot").html
        for value in (np.array([1.0, np.nan]), np.full(3, np.inf)):
            assert "Infinite" not in values.render(value, "Plot").html


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-0.31, 0.52, ["−0.2", "0", "0.2", "0.4"]),
        (0, 2999, ["0", "500", "1000", "1500", "2000", "2500"]),
        (-1e300, 1e300, ["−1e+300", "−5e+299", "0", "5e+299", "1e+300"]),
        (7, 7, ["7"]),
    ],
    ids=range(5),
)
def test_steps_are_round(low: float, high: float, words: list[str]) -> None:
    assert [tick_text(step) for step in round_ticks(low, high, 6)] == words


class TestMap:
    def test_is_the_plane_of_the_largest_variance(self) -> None:
        rows = RANDOM.normal(size=(10, 5)) * [9, 4, 1, 1, 1]
        points, shares = components(rows)
        variances = np.sort(np.linalg.eigvalsh(np.cov(rows.T)))[::-1]
        np.testing.assert_allclose(points.var(axis=0, ddof=1), variances[:2])
        np.testing.assert_allclose(shares, variances[:2] / variances.sum())

    @pytest.mark.parametrize("shape", [(6, 40), (40, 6), (2, 3), (5, 1)], ids=str)
    def test_is_that_of_numpys_svd(self, shape: tuple[int, int]) -> None:
        rows = RANDOM.normal(size=shape)
        left, sizes, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
        count = min(2, shape[1], shape[0] - 1)
        expected = (left * sizes)[:, :count]
        coordinates, shares = components(rows)
        np.testing.assert_allclose(np.abs(coordinates[:, :count]), np.abs(expected), atol=1e-9)
        np.testing.assert_allclose(shares[:count], (sizes**2 / (sizes**2).sum())[:count])
        assert not coordinates[:, count:].any()

    def test_extremes_do_not_overflow(self) -> None:
        points, shares = components(np.array([[1e300, 0], [-1e300, 0], [1e300, 1e-300]]))
        assert np.isfinite(points).all()
        assert shares == pytest.approx((1.0, 0.0))

    def test_does_not_flip(self) -> None:
        for _ in range(8):
            points, _shares = components(RANDOM.normal(size=(10, 5)))
            assert all(column[np.argmax(np.abs(column))] > 0 for column in points.T)

    def test_table_and_hover_tell_the_components(self) -> None:
        rows = RANDOM.normal(size=(3, 20))
        points, _ = components(rows)
        drawn = values.render(rows, "Map", rows=["x", "y", "z"])
        cells = [float(match) for match in re.findall(r'<td class="number">([^<]+)</td>', drawn.html)]
        np.testing.assert_allclose(cells, points.reshape(-1), rtol=1e-3, atol=1e-3)
        assert isinstance(drawn.hovers[0], PointsHover)
        assert drawn.hovers[0].points[1][2] == f"y: {points[1][0]:.4g}, {points[1][1]:.4g}"

    def test_captions_do_not_overlap(self) -> None:
        drawing = Recorder(440, 320)
        spots = [(200.0 + at % 5, 150.0 + at // 5) for at in range(30)]
        _write_captions(
            drawing, spots, [f"a sentence of some length, {at}" for at in range(30)], np.arange(30)
        )
        boxes = drawing.boxes
        assert len(boxes) > 3
        for at, one in enumerate(boxes):
            for other in boxes[at + 1 :]:
                assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]

    def test_rows_with_nan_are_left_out(self) -> None:
        rows = RANDOM.normal(size=(4, 20))
        rows[2, 3] = np.nan
        drawn = values.render(rows, "Map")
        assert "Not in the map: 1 row." in drawn.html
        assert isinstance(drawn.hovers[0], PointsHover)
        assert [words.partition(":")[0] for _, _, words in drawn.hovers[0].points] == ["0", "1", "3"]

    def test_rows_that_are_alike(self) -> None:
        points, shares = components(np.ones((3, 4)))
        assert not points.any()
        assert shares == (0.0, 0.0)

    def test_hover_names_the_rows(self) -> None:
        hover = values.render(RANDOM.normal(size=(3, 20)), "Map", rows=["x", "y", "z"]).hovers[0]
        assert isinstance(hover, PointsHover)
        assert [words.partition(":")[0] for _, _, words in hover.points] == ["x", "y", "z"]
        assert all(0 <= place <= 1 for x, y, _ in hover.points for place in (x, y))


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
        (np.array([b"ab", b"abc"], object), "2 texts · longest 3 characters"),
        (np.array([True, False, True]), "3 bool · 2 true"),
        (np.float32(2), "scalar float32 · 2"),
        (np.zeros((0, 3)), "0 × 3 float64"),
        (sparse(), "3 × 5 sparse texts · 2 values · longest 4 characters"),
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


def test_texts_of_tooltips_are_written_when_they_are_read() -> None:
    written: list[int] = []

    def write() -> tuple[str, ...]:
        written.append(1)
        return "a", "b", "c"

    texts = LazyTexts(write, 3)
    assert len(texts) == 3
    assert written == []
    assert (texts[0], texts[1:]) == ("a", ("b", "c"))
    assert texts == ("a", "b", "c")
    assert texts != ("a", "b")
    assert hash(texts) == hash(("a", "b", "c"))
    assert repr(texts) == "('a', 'b', 'c')"
    assert list(texts) == ["a", "b", "c"]
    assert written == [1]


def test_numbers_below_a_picture_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    grid = lists.value_grid

    def counted(*arguments: Any) -> Any:
        made.append(1)
        return grid(*arguments)

    monkeypatch.setattr(lists, "value_grid", counted)
    rendered = values.render(np.array([[0.1, 0.9], [0.8, 0.2]]), "Heat map")
    assert "<td" not in rendered.first_html
    assert made == []
    assert rendered.html == rendered.first_html.replace("<div></div>", f"<div>{rendered.numbers}</div>")
    assert made == [1]

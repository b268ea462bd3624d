"""Weights are drawn for what they are: kernels as tiles, embeddings as maps, others as histograms."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from hubexplore.display.values import view_choice
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.distribution import distribution
from hubexplore.display.values.weight_views import (
    pair_views,
    render_weight,
    render_weight_pair,
    weight_controls,
    weight_views,
)

RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "is_embedding", "views"),
    [
        ((), False, ("Numbers",)),
        ((7, 7, 3, 64), False, ("Kernels", "Histogram", "Table")),
        ((3, 3, 1, 8), False, ("Kernels", "Histogram", "Table")),
        ((3, 3, 32, 8), False, ("Histogram", "Kernels", "Table")),
        ((1, 1, 3, 8), False, ("Histogram", "Table")),
        ((300, 300, 3, 8), False, ("Histogram", "Table")),
        ((50, 8), True, ("Map", "Histogram")),
        ((50, 8), False, ("Histogram",)),
        ((2, 8), True, ("Histogram",)),
        ((9,), False, ("Histogram", "Plot", "Table")),
        ((0, 4), False, ("Table",)),
    ],
)
def test_views(shape: tuple[int, ...], is_embedding: bool, views: tuple[str, ...]) -> None:
    found = weight_views(numbers(*shape), is_embedding)
    assert found[: len(views)] == views
    # Each view that is offered can be drawn.
    for view in found:
        assert render_weight(numbers(*shape), view).view == view


def test_views_of_other_numbers() -> None:
    waves = np.ones(3, np.complex64)
    assert weight_views(waves, False) == view_choice.suitable_views(waves)
    assert weight_views(np.array([True, False]), False) == ("Histogram", "Table")
    assert "2 numbers" in render_weight(np.array([True, False]), "Histogram").html
    assert weight_views(np.arange(40).reshape(10, 4), False)[0] == "Histogram"


def test_kernels_have_one_scale_with_zero_in_the_middle() -> None:
    array = np.zeros([2, 2, 3, 70], np.float32)
    array[..., 0], array[0, 0, 0, 1] = 0.5, -2
    rendered = render_weight(array, "Kernels")
    assert "−2 is black, 0 is grey, 2 is white" in rendered.html
    assert "… and 6 more." in rendered.html
    (hover,) = rendered.hovers
    assert isinstance(hover, GridHover)
    assert hover.values[0] == "kernel 0: mean 0.5, 0.5 to 0.5"
    assert len(hover.values) == 64
    scaled = render_weight(array, "Kernels", limits=(-4, 1))
    assert "−4 is black, 0 is grey, 4 is white" in scaled.html


def test_the_input_channel_is_chosen() -> None:
    array = np.zeros([3, 3, 4, 2], np.float32)
    array[:, :, 2, 1] = 1
    (control,) = weight_controls(array, "Kernels")
    assert (control.label, control.low, control.high) == ("Input channel", 0, 3)
    for channel, text in ((0, "kernel 1: mean 0, 0 to 0"), (2, "kernel 1: mean 1, 1 to 1")):
        (hover,) = render_weight(array, "Kernels", settings={"channel": channel}).hovers
        assert isinstance(hover, GridHover)
        assert hover.values[1] == text
    assert not weight_controls(array, "Histogram")
    assert not weight_controls(np.zeros([3, 3, 3, 4]), "Kernels")


def test_a_map_of_many_rows_is_a_sample_with_the_right_names() -> None:
    rows = [f"word {number}" for number in range(2000)]
    rendered = render_weight(numbers(2000, 8), "Map", rows)
    assert "500 of 2,000 rows, evenly spaced." in rendered.html
    assert "word 1999" in str(rendered.hovers)
    assert "word 1998" not in str(rendered.hovers)


def test_a_histogram() -> None:
    array = np.array([0, 0, 1, 5, np.nan, np.inf, -np.inf], np.float32)
    figure = distribution(array)
    (hover,) = figure.hovers
    assert isinstance(hover, GridHover)
    assert len(hover.values) == 48
    assert hover.values[0] == "0 to 0.1042: 2"
    assert hover.values[-1] == "4.896 to 5: 1"
    cells = re.findall(r">([^<>]+)</t[hd]>", str(figure.numbers))
    assert dict(zip(cells[1::2], cells[2::2], strict=False)) == {
        "numbers": "7", "lowest": "0", "highest": "5", "mean": "1.5", "standard deviation": "2.062",
        "zeros": "2", "NaN": "1", "Inf": "2",
    }  # fmt: skip
    assert "of 4 numbers" in figure.html


def test_odd_histograms() -> None:
    for array in (
        np.full(3, np.nan),
        np.array([1e308, -1e308]),
        np.full(4, 3e-310),
        np.zeros(2),
        np.full(2, 1e300),
    ):
        assert "<img" in distribution(array).html
    assert distribution(np.full(5, 2.5)).note == "All 5 finite numbers are 2.5."
    (hover,) = distribution(np.array([1, 1, 3])).hovers
    assert isinstance(hover, GridHover)
    assert hover.values == ("0.5 to 1.5: 2", "1.5 to 2.5: 0", "2.5 to 3.5: 1")
    (hover,) = distribution(np.array([1.0, 2.0]), (0, 48)).hovers
    assert isinstance(hover, GridHover)
    assert hover.values[1:3] == ("1 to 2: 1", "2 to 3: 1")


def test_two_variables() -> None:
    first = numbers(40, 4)
    second = first.copy()
    second[[3, 7]] += np.array([[5.0, 4, 4, 4], [2, 2, 2, 2]], np.float32)
    names = [f"word {number}" for number in range(40)]
    rendered = render_weight_pair(
        first, second, is_embedding=True, rows=names, titles=("here", "<there>"), view="Map"
    )
    assert rendered.view == "Histogram"
    assert "Map" not in pair_views(first, True)
    assert "Largest difference: 5 at [3, 0]; 8 of 160 entries differ." in rendered.html
    assert "&lt;there&gt;" in rendered.html
    changed = rendered.html.partition("Rows that differ most")[2].partition("</table>")[0]
    assert re.findall(r"word \d+", changed) == ["word 3", "word 7"]
    assert len(rendered.hovers) == 3
    same = render_weight_pair(first, first.copy(), is_embedding=False, rows=(), titles=("a", "b"))
    assert "They are equal." in same.html
    other = render_weight_pair(first, numbers(3, 3, 3, 2), is_embedding=False, rows=(), titles=("a", "b"))
    assert "Their shapes differ." in other.html
    assert other.html.count("<img") == 2
    scalars = np.float32(1), np.float32(3)
    single = render_weight_pair(*map(np.asarray, scalars), is_embedding=False, rows=(), titles=("a", "b"))
    assert "They differ by 2." in single.html


def test_some_of_many_points_have_captions() -> None:
    """Words between many points: as many as have room, never row numbers."""
    rows = [f"word {number}" for number in range(300)]
    image = render_weight(numbers(300, 8), "Map", rows).html
    drawing = base64.b64decode(image.partition("base64,")[2].partition('"')[0]).decode()
    written = re.findall(r">(word \d+)<", drawing)
    assert 10 < len(written) <= 60
    assert "Some of the points have captions; the others have tooltips." in image
    unnamed = render_weight(numbers(300, 8), "Map").html
    assert "captions" not in unnamed

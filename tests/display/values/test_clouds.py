"""Points in space are drawn as points, in the colours of what stands beside them."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from hubexplore.display.values.hover import PointsHover
from hubexplore.display.values.together import bands, clouds
from hubexplore.display.values.together.grouping import grouped
from hubexplore.display.values.together.scene import Member
from hubexplore.summary.tensor_values import Array
from tests.display.values.test_together import HOSTILE, PICTURE, drawn, group, scene, single

RANDOM = np.random.default_rng(3)
CLOUD = RANDOM.normal(size=(2, 200, 3)).astype(np.float32)
CLASSES = RANDOM.integers(0, 4, (2, 200))


def drawing(html: str) -> str:
    return b64decode(re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)[0]).decode()


def colours(html: str) -> set[str]:
    return set(re.findall(r'stroke="(#\w+)"[^>]*stroke-linecap="round"', drawing(html)))


def test_points_that_come_out_are_drawn_and_turned() -> None:
    found = group(scene({"default": CLOUD}), clouds.Cloud)
    assert found.colours is None
    first, turned = drawn(found), drawn(found, turn=90)
    assert first.html != turned.html
    assert len(first.hovers) == 2
    assert isinstance(first.hovers[0], PointsHover)
    assert "0: " in first.hovers[0].points[0][2]


@pytest.mark.parametrize(
    ("beside", "are_classes"),
    [
        (CLASSES, True),
        (CLASSES[..., None], True),
        (CLASSES > 1, True),
        (np.eye(40)[CLASSES], True),
        (RANDOM.normal(size=(2, 200, 8)), True),
        (RANDOM.random((2, 200)), False),
        (np.arange(400).reshape(2, 200), False),  # too many for classes
    ],
)
@pytest.mark.parametrize("is_input", [False, True])
def test_what_stands_beside_them_colours_them(beside: Array, are_classes: bool, is_input: bool) -> None:
    outputs = {"part": beside}
    place: dict[str, Any] = {"cloud": CLOUD} if is_input else {}
    found = group(scene(outputs if is_input else {"xyz": CLOUD, **outputs}, **place), clouds.Cloud)
    assert [member.name for member in found.members] == (["part"] if is_input else ["xyz", "part"])
    html = drawn(found).html
    assert len(colours(html)) > 1
    assert ("class 1" in drawing(html)) == are_classes


def test_features_and_other_points_do_not_colour_them() -> None:
    features = np.random.default_rng(7).normal(size=(2, 200, 16))
    for shown in (
        grouped(scene({"part": features}, cloud=CLOUD)),
        grouped(scene({"xyz": CLOUD, "normals": CLOUD[..., ::-1]})),
    ):
        assert all(not isinstance(item, clouds.Cloud) or item.colours is None for item in shown)


def test_points_with_further_columns_that_went_in_are_places() -> None:
    with_colours = np.concatenate([CLOUD, CLOUD / 2], -1)
    group(scene({"labels": CLASSES}, points=with_colours), clouds.Cloud)


def test_classes_have_their_names() -> None:
    found = group(
        scene({"labels": CLASSES}, names=("wing", "tail", HOSTILE, "body"), cloud=CLOUD), clouds.Cloud
    )
    shown = drawing(drawn(found).html)
    assert "wing" in shown
    assert "<img" not in shown
    scores = np.random.default_rng(5).normal(size=(2, 200, 16))
    group(scene({"scores": scores}, names=tuple("abcdefghijklmnop"), cloud=CLOUD), clouds.Cloud)


def test_many_points_and_rows_are_bounded() -> None:
    found = group(scene({"default": np.random.default_rng(4).normal(size=(9, 5000, 3))}), clouds.Cloud)
    html = drawn(found).html
    assert html.count("<img") == clouds.MAX_CLOUDS
    assert "2,000 of 5,000 points are drawn." in html


def test_missing_points_and_flat_clouds() -> None:
    cloud = CLOUD.copy()
    cloud[:, :, 2] = 0
    cloud[0, 3] = np.nan
    cloud[1] = 7
    found = group(scene({"default": cloud, "score": np.full((2, 200), np.nan)}), clouds.Cloud)
    assert "points are drawn" not in drawn(found).html


def test_a_series_of_three_variables_is_no_cloud() -> None:
    curves = np.sin(np.arange(200)[:, None] / np.array([5, 7, 9]))[None]
    group(scene({"default": curves}), bands.Bands)
    assert [type(item) for item in grouped(scene({"step": CLASSES[:1]}, motion=curves))] == [Member]
    # Neighbours of a short one need not be near each other.
    short = CLOUD[:, :100]
    group(scene({"smooth": short}, history=short), bands.Bands)
    single(scene({"step": CLASSES[:, :100]}, history=short))


def test_rows_of_one_picture_are_no_clouds() -> None:
    layers = np.random.default_rng(6).random((96, 128, 6))
    shown = grouped(scene({"depth": layers[..., 0]}, pair=layers))
    assert [type(item) for item in shown] == [Member]
    single(scene({"default": CLOUD}, PICTURE))


@pytest.mark.parametrize("value", [np.eye(3)[CLASSES % 3], CLASSES[:, :, None].repeat(3, 2), CLOUD[:, :60]])
def test_what_is_no_cloud(value: Array) -> None:
    single(scene({"default": value}))


def test_what_has_the_name_of_something_else_is_no_cloud() -> None:
    single(scene({"hidden": CLOUD}))


def test_few_points_are_no_cloud() -> None:
    shown = grouped(scene({"default": CLOUD[:, :5], "part": CLASSES[:, :5]}))
    assert not any(isinstance(item, clouds.Cloud) for item in shown)

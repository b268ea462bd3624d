"""What was found on a picture is drawn on it, whatever the outputs are called."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hubexplore.display.values.together import boxes, keypoints, masks
from hubexplore.summary.tensor_values import Array
from tests.display.values.test_together import (
    CORNERS,
    HOSTILE,
    PICTURE,
    RANDOM,
    drawing,
    drawn,
    group,
    scene,
    single,
    texts,
)

PIXELS = np.array([[5.0, 8, 30, 40], [20, 4, 60, 30], [1, 1, 9, 12]])
ROWS = np.concatenate([PIXELS, [[0.9, 2], [0.7, 0], [0.2, 5]]], axis=1)


class TestRowsOfBoxes:
    @pytest.mark.parametrize("rows", [ROWS, ROWS[None], ROWS[:, [0, 1, 2, 3, 5, 4]], ROWS.astype(np.float16)])
    def test_corners_score_and_class_in_a_row(self, rows: Array) -> None:
        found = group(scene({"output0": rows}, PICTURE), boxes.Boxes)
        assert found.views[0] == boxes.X_FIRST
        rendered = drawn(found)
        assert "2 of 3 boxes with a score of at least 0.3." in rendered.html
        assert "class 2 0.9" in drawing(rendered.html)
        named = scene({"output0": rows}, PICTURE, names=("ant", "bee", "cat", "dog", "elk", "fox"))
        assert "cat 0.9" in drawing(drawn(group(named, boxes.Boxes)).html)

    def test_a_score_alone_and_the_number_of_the_picture(self) -> None:
        group(scene({"out": ROWS[:, :5]}, PICTURE), boxes.Boxes)
        numbered = np.concatenate([np.zeros((3, 1)), ROWS * [0.7, 0.7, 0.7, 0.7, 1, 1]], axis=1)[None]
        assert group(scene({"out": numbered}, PICTURE), boxes.Boxes).views[0] == boxes.Y_FIRST
        # Both orders are possible: without that number, x is first.
        assert group(scene({"out": numbered[..., 1:]}, PICTURE), boxes.Boxes).views[0] == boxes.X_FIRST

    @pytest.mark.parametrize("padding", [[0] * 6, [-1] * 6, [0, 0, 0, 0, 0.9, 7.5], [40, 40, 1, 1, 0, 0]])
    def test_what_fills_them_up_is_hidden(self, padding: list[float]) -> None:
        rows = np.concatenate([ROWS, np.full((5, 6), padding)])[None]
        found = group(scene({"out": rows}, PICTURE), boxes.Boxes)
        assert found.views[0] == boxes.X_FIRST
        assert "3 of 8 boxes" in drawn(found, threshold=0.1).html
        assert found.classes is not None
        assert found.classes.tolist() == [[2, 0, 5, 0, 0, 0, 0, 0]]

    @pytest.mark.parametrize(
        "rows",
        [
            RANDOM.normal(size=(1, 3, 6)),
            ROWS * [1, 1, 1, 1, 9, 1],
            ROWS * [90, 1, 1, 1, 1, 1],
            ROWS * 0,
            ROWS[:, :5] * [0.01, 0.01, 0.01, 0.01, 1],  # any five shares
            ROWS * [1, 1, 1, 1, 1, 0.3],  # no classes
            np.concatenate([ROWS[None], ROWS[None]]),
            np.concatenate([ROWS, ROWS[:, 4:]], axis=1),  # eight numbers
            np.concatenate([[[0.0], [1], [2]], ROWS], axis=1),  # of different pictures
        ],
    )
    def test_other_rows_are_no_boxes(self, rows: Array) -> None:
        single(scene({"out": rows}, PICTURE))


class TestMasks:
    THINGS = np.zeros((3, 48, 64), np.uint8)
    THINGS[0, 4:20, 4:20] = THINGS[1, 16:40, 16:40] = THINGS[2, :4, 50:] = 1

    @pytest.mark.parametrize("things", [THINGS, THINGS[None], THINGS[..., None], THINGS[None, ..., None]])
    def test_zeros_and_ones_for_each_thing(self, things: Array) -> None:
        found = group(scene({"out": things.astype(np.int32)}, PICTURE), masks.Mask)
        assert sorted(np.unique(found.classes)) == [0, 1, 2, 3]

    def test_a_share_for_each_thing_that_has_a_name_beside_it(self) -> None:
        outputs = {
            "out": self.THINGS * 0.8,
            "names": texts("cat", HOSTILE, "cat"),
            "confidence": np.ones(3) / 2,
        }
        shown = drawn(group_of_masks(outputs)).html
        assert {"cat (0)", "cat (2)"} < set(re.findall(r'class="key">.*?> (.*?)</span>', shown))
        single(scene({"out": self.THINGS * 0.8}, PICTURE))
        single(scene({"out": self.THINGS * np.int32(9)}, PICTURE))

    def test_small_bytes_are_classes_and_large_ones_a_picture(self) -> None:
        classes = RANDOM.integers(0, 21, (1, 48, 64)).astype(np.uint8)
        group(scene({"out": classes}, PICTURE), masks.Mask)
        single(scene({"out": classes * 12}, PICTURE))
        two = drawn(group(scene({"out": classes % 2}, PICTURE), masks.Mask)).html
        assert re.findall(r'class="key">.*?> (.*?)</span>', two) == ["class 1"]

    def test_large_ids_of_few_things(self) -> None:
        ids = np.zeros((1, 24, 32), np.int64)
        ids[..., :12], ids[..., :4] = 7001, 26002  # the larger area first
        found = group(scene({"out": ids}, PICTURE), masks.Mask)
        assert re.findall(r'class="key">.*?> (.*?)</span>', drawn(found).html) == ["id 7001", "id 26002"]
        full = drawn(group(scene({"out": np.where(ids, ids, 9000)}, PICTURE), masks.Mask)).html
        assert "id 9000" in full
        assert "id 7001" in full
        single(scene({"millimetres": RANDOM.integers(0, 9000, (1, 24, 32))}, PICTURE))

    def test_scores_of_classes_for_each_pixel_of_the_whole_picture(self) -> None:
        group(scene({"y": RANDOM.normal(size=(1, 48, 64, 21))}, PICTURE), masks.Mask)
        single(scene({"y": RANDOM.normal(size=(1, 48, 64, 32))}, PICTURE))
        single(scene({"y": np.maximum(0, RANDOM.normal(size=(1, 48, 64, 12)))}, PICTURE))
        single(scene({"y": RANDOM.normal(size=(1, 24, 32, 21))}, PICTURE))
        single(scene({"y": RANDOM.normal(size=(1, 48, 64, 3))}, PICTURE))
        single(scene({"features": RANDOM.normal(size=(1, 48, 64, 21))}, PICTURE))
        names = tuple(map(str, range(21)))
        group(scene({"y": RANDOM.normal(size=(1, 24, 32, 21))}, PICTURE, names=names), masks.Mask)


def group_of_masks(outputs: dict[str, Array]) -> masks.Mask:
    return next(masks.find(scene(outputs, PICTURE)))  # type: ignore[return-value]


class TestPoints:
    def test_pixels_that_are_spread_over_the_picture(self) -> None:
        marks = RANDOM.uniform(4, 44, (1, 68, 2))
        group(scene({"marks": marks}, PICTURE), keypoints.Keypoints)
        single(scene({"marks": marks[:, :4]}, PICTURE))
        single(scene({"marks": marks - marks.min() - 0.1}, PICTURE))
        single(scene({"scores": RANDOM.normal(size=(1, 68, 2))}, PICTURE))
        single(scene({"sizes": RANDOM.uniform(20, 22, (1, 9, 2))}, PICTURE))

    def test_the_peaks_of_maps(self) -> None:
        down, across = np.mgrid[:24, :32]
        places = np.stack([np.linspace(3, 20, 17), np.linspace(4, 28, 17).round()], -1).round()
        maps = np.stack([np.exp(-((down - y) ** 2 + (across - x) ** 2) / 4) for y, x in places], -1)[None]
        found = group(scene({"maps": maps.astype(np.float32)}, PICTURE), keypoints.Keypoints)
        np.testing.assert_allclose(found.places[0], (places + 0.5) / [24, 32])
        assert "17 of 17 points" in drawn(found).html
        single(scene({"maps": maps - 0.1}, PICTURE))
        single(scene({"maps": maps / 25}, PICTURE))
        single(scene({"features": RANDOM.random((1, 24, 32, 17))}, PICTURE))
        single(scene({"features": np.maximum(RANDOM.normal(size=(1, 24, 32, 17)), 0)}, PICTURE))


def test_corners_without_boxes_stay_what_they_are() -> None:
    single(scene({"statistics": CORNERS}, PICTURE))

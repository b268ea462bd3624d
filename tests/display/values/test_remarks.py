"""What repeats an input, and what has nothing in it, is said in a sentence; the order of what is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values.together import bands, boxes, ranking
from hubexplore.display.values.together.grouping import grouped
from hubexplore.display.values.together.remarks import echoes, nothing_found
from hubexplore.display.values.together.scene import Member
from tests.display.values.test_together import (
    CORNERS,
    PICTURE,
    RANDOM,
    SCORES,
    drawn,
    group,
    scene,
    single,
    texts,
)

EMBEDDING = RANDOM.normal(size=(3, 64))
SERIES = np.sin(np.arange(96) / 6)[None]


class TestEchoes:
    @pytest.mark.parametrize("value", [EMBEDDING, SERIES, np.arange(6), texts("a", "b"), PICTURE.pixels])
    def test_what_only_repeats_an_input_is_last_and_says_so(self, value: Any) -> None:
        items = grouped(scene({"copy": value, "sum": np.zeros((2, 5)) + 1}, x=value))
        assert [type(item) for item in items] == [Member, echoes.Echo]
        assert isinstance(items[1], echoes.Echo)
        assert "The same values as the input x." in drawn(items[1]).html

    def test_a_module_that_returns_nothing_else_shows_it(self) -> None:
        single(scene({"copy": EMBEDDING}, x=EMBEDDING))

    @pytest.mark.parametrize("value", [np.float32(1), np.ones(1), np.ones((2, 4)), np.zeros((0, 4))])
    def test_equal_by_chance(self, value: Any) -> None:
        items = grouped(scene({"label": value, "other": EMBEDDING}, flag=value))
        assert not any(isinstance(item, echoes.Echo) for item in items)

    def test_texts_beside_what_is_said_of_them_are_a_column(self) -> None:
        words = texts("a", "b")
        outputs = {
            name: Member(name, value, shape=(None,))
            for name, value in {
                "text": words,
                "label": texts("X", "Y"),
                "score": np.array([0.5, 0.7]),
            }.items()
        }
        assert {member.name for member in group(scene(outputs, x=words), ranking.Ranking).members} == set(
            outputs
        )

    def test_a_series_that_comes_back_is_not_drawn_again(self) -> None:
        items = grouped(scene({"forecast": SERIES[:, :24], "past": SERIES}, past=SERIES))
        assert [type(item) for item in items] == [bands.Bands, echoes.Echo]


class TestOrder:
    def test_embeddings_follow_what_was_found(self) -> None:
        outputs = {
            "embedding": EMBEDDING,
            "titles": np.array([[b"a", b"b"]] * 3, object),
            "scores": np.array([[0.9, 0.2]] * 3),
            "count": np.int32(3),
        }
        items = grouped(scene(outputs))
        assert isinstance(items[0], ranking.Ranking)
        assert [item.name for item in items[1:] if isinstance(item, Member)] == ["embedding", "count"]

    def test_the_main_output_stays_first(self) -> None:
        items = grouped(scene({"default": EMBEDDING, "boxes": CORNERS, "scores": SCORES}, PICTURE))
        assert isinstance(items[0], Member)


class TestNothingFound:
    @pytest.mark.parametrize(
        "outputs",
        [
            {"boxes": np.zeros((1, 0, 4)), "scores": np.zeros((1, 0)), "classes": np.zeros((1, 0))},
            {"found": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, object)},
            {"bboxes": np.zeros((1, 0, 4))},
            {
                "detection_boxes": np.zeros((1, 9, 4)), "detection_scores": np.zeros((1, 9)),
                "num_detections": np.zeros(1),
            },
        ],
    )  # fmt: skip
    def test_a_detector_that_found_nothing_says_so(self, outputs: dict[str, Any]) -> None:
        found = group(scene(outputs, PICTURE), nothing_found.NothingFound)
        assert len(found.members) == len(outputs)
        html = drawn(found).html
        assert "No boxes: the module found nothing in the picture." in html
        assert html.count("<img") == 1
        assert "nothing in the input" in drawn(group(scene(outputs), nothing_found.NothingFound)).html

    def test_lists_without_entries(self) -> None:
        found = group(
            scene({"ids": np.zeros((2, 0), int), "scores": np.zeros((2, 0))}), nothing_found.NothingFound
        )
        assert "Nothing was found" in drawn(found).html
        single(scene({"ids": np.zeros(0, int), "other": np.zeros((0, 3))}))

    def test_a_threshold_that_hides_all_names_the_highest_score(self) -> None:
        found = group(scene({"boxes": CORNERS, "scores": SCORES / 10}, PICTURE), boxes.Boxes)
        assert (
            "No box has a score of at least 0.5: the highest score is 0.09."
            in drawn(found, threshold=0.5).html
        )

    @pytest.mark.parametrize(
        ("shape", "text"),
        [
            ((0,), "there are no entries"),
            ((0, 4), "there are no rows"),
            ((1, 0), "there is 1 row without entries"),
            ((2, 0), "there are 2 rows without entries"),
        ],
    )
    def test_an_empty_value_says_what_is_missing(self, shape: tuple[int, ...], text: str) -> None:
        assert text in values.render(np.zeros(shape)).html

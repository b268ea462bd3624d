"""Scores of tokens are about places in what went in, not about classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hubexplore.display.values.together import positions
from hubexplore.display.values.together.grouping import grouped
from hubexplore.display.values.together.positions import best_spans
from hubexplore.display.values.together.scene import Member, Scene
from hubexplore.summary.tensor_values import Array
from tests.display.values.test_together import drawn, group, single

OPEN, FIXED = (None, None), (None, 8)
STARTS, ENDS = np.zeros((2, 8)), np.zeros((2, 8))
STARTS[:, 2], ENDS[:, 4], ENDS[:, 1] = 5, 4, 9
IDS = np.arange(16).reshape(2, 8)
MASK = np.array([[1] * 8, [1] * 5 + [0] * 3])


def scene(shape: Any, outputs: dict[str, Array], given: Any = FIXED, **inputs: Array) -> Scene:
    members = tuple(Member(name, value, ("Who?", "When?"), shape=shape) for name, value in outputs.items())
    return Scene(members, tuple(Member(name, value, shape=given) for name, value in inputs.items()))


def test_an_answer_is_the_likeliest_span_that_ends_after_its_beginning() -> None:
    words = np.array([[f"word{at}".encode() for at in range(8)]] * 2, object)
    found = group(
        scene(OPEN, {"end_logits": ENDS, "start_logits": STARTS}, tokens=words), positions.Positions
    )
    assert [member.name for member in found.members] == ["start_logits", "end_logits"]
    html = drawn(found).html
    assert "word2 word3 word4" in html
    assert html.index("Who?") < html.index("When?")
    (hover, _) = drawn(found).hovers
    assert "2: word2" in hover.to_dict()["column_captions"]  # type: ignore[union-attr]


def test_spans_are_ranked_by_sums_of_logits_and_products_of_chances() -> None:
    assert best_spans(STARTS[0], ENDS[0])[0] == (2, 4, 9.0)
    starts, ends = np.array([0.1, 0.7, 0.2]), np.array([0.6, 0.1, 0.3])
    assert best_spans(starts, ends)[0] == pytest.approx((1, 2, 0.21))
    assert best_spans(np.full(3, np.nan), ends) == []
    assert all(last - first < positions.MAX_LENGTH for first, last, _ in best_spans(*np.zeros((2, 100))))


def test_positions_that_a_mask_leaves_out_are_not_drawn() -> None:
    found = group(scene(OPEN, {"weights": STARTS}, OPEN, ids=IDS, input_mask=MASK), positions.Positions)
    assert (found.views, found.lengths) == (("Positions",), (8, 5))
    assert found.words[1][4] == "12"


def test_two_outputs_as_long_as_the_input_are_about_its_tokens_whatever_their_names() -> None:
    found = group(scene(FIXED, {"a": STARTS, "b": ENDS}, ids=IDS), positions.Positions)
    assert found.views == ("Positions",)
    assert group(scene(OPEN, {"start": STARTS, "end": ENDS}), positions.Positions).views == ("Spans",)


@pytest.mark.parametrize(
    ("shape", "given", "outputs"),
    [
        (FIXED, FIXED, {"logits": STARTS}),  # as many classes as tokens, by chance
        (FIXED, OPEN, {"a": -99 * STARTS, "b": -99 * ENDS}),
        (OPEN, OPEN, {"a": -99 * STARTS[:, :5], "b": -99 * ENDS[:, :5]}),
    ],
)
def test_other_scores_are_of_classes(shape: Any, given: Any, outputs: dict[str, Array]) -> None:
    single(scene(shape, outputs, given, ids=IDS))


def test_words_that_come_out_with_their_scores_are_a_table() -> None:
    words = np.array([["a"] * 8] * 2, object)
    (item,) = grouped(scene(OPEN, {"words": words, "scores": STARTS}, ids=IDS))
    assert not isinstance(item, (Member, positions.Positions))

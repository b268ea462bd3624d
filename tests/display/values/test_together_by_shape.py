"""Outputs whose meaning is decided by their numbers and by the input, where names say little."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hubexplore.display.values.together import bands, boxes, masks, ranking, token_classes, voxels
from hubexplore.display.values.together.grouping import grouped
from hubexplore.display.values.together.scene import Member
from hubexplore.summary.tensor_values import Array
from tests.display.values.test_together import (
    CORNERS,
    HOSTILE,
    PICTURE,
    RANDOM,
    SCORES,
    drawn,
    group,
    scene,
    single,
    texts,
)


def cells(html: str) -> list[str]:
    """The texts of the cells of a table, from left to right."""
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", html, re.DOTALL)]


class TestChances:
    LABELS = texts("no", "maybe", "yes")

    @pytest.mark.parametrize("chances", [[0.1, 0.2, 0.7], [0.2, 0.1, 0.7], [0.7, 0.2, 0.1]])
    def test_the_likeliest_class_comes_first(self, chances: list[float]) -> None:
        outputs = {"classes": self.LABELS, "scores": np.array(chances)}
        shown = cells(drawn(group(scene(outputs), ranking.Ranking)).html)
        assert shown.index("rank") < shown.index("yes" if chances[2] == 0.7 else "no")
        assert shown.index("1") < shown.index("yes" if chances[2] == 0.7 else "no") < shown.index("maybe")

    def test_each_row_has_an_order_of_its_own(self) -> None:
        labels = np.stack([self.LABELS, self.LABELS])
        outputs = {"names": labels, "p": np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]])}
        shown = cells(drawn(group(scene(outputs), ranking.Ranking)).html)
        assert [shown[shown.index("1", at) + 1] for at in (0, shown.index("no"))] == ["yes", "no"]

    def test_distances_are_ranked_from_the_smallest_and_words_of_a_sentence_keep_their_order(self) -> None:
        found = {"titles": self.LABELS, "distances": np.array([0.1, 0.4, 0.9])}
        weighed = {"words": self.LABELS, "attention": np.array([0.2, 0.7, 0.1])}
        assert cells(drawn(group(scene(found), ranking.Ranking)).html)[3:6] == ["1", "no", "0.1"]
        shown = cells(drawn(group(scene(weighed), ranking.Ranking)).html)
        assert [shown.index(word) for word in ("no", "maybe", "yes")] == sorted(
            shown.index(word) for word in ("no", "maybe", "yes")
        )


def test_boxes_that_do_not_count_are_not_counted() -> None:
    outputs = {
        "detection_boxes": CORNERS, "detection_scores": SCORES, "num_detections": np.array([2.0]),
    }  # fmt: skip
    found = group(scene(outputs, PICTURE), boxes.Boxes)
    assert found.facts == "2 boxes on the input"
    assert "2 of 2 boxes with a score of at least 0." in drawn(found, threshold=0.0).html


def test_quantiles_of_a_series_without_a_pattern_are_a_band() -> None:
    history = RANDOM.uniform(size=(2, 36, 1))
    middle = history[:, -12:]
    outputs = {"quantiles": middle + np.array([-2.0, -1.0, 0.0, 1.0, 2.0])}
    found = group(scene(outputs, history=history), bands.Bands)
    assert found.band is not None
    assert found.history is not None
    single(scene({"features": RANDOM.uniform(size=(2, 12, 5))}, history=history))


def test_logits_of_the_size_of_the_picture_are_classes_of_its_pixels() -> None:
    logits = RANDOM.normal(size=(1, 48, 64, 5))
    found = group(scene({"logits": logits}, PICTURE), masks.Mask)
    assert np.array_equal(found.classes, logits.argmax(-1))
    single(scene({"logits": logits[:, ::4, ::4]}, PICTURE))
    # Features have a power of two of channels.
    single(scene({"conv1": RANDOM.normal(size=(1, 48, 64, 8))}, PICTURE))


class TestVoxels:
    VOLUME = RANDOM.uniform(size=(2, 6, 8, 10, 1))

    def test_classes_of_voxels_are_colours_over_the_slices(self) -> None:
        classes = np.zeros((2, 6, 8, 10), np.int32)
        classes[:, 2, 3:5] = 1
        found = group(scene({"mask": classes}, ct=self.VOLUME), voxels.Voxels)
        assert [control.label for control in found.controls] == ["Slice", "Opacity"]
        assert found.controls[0].high == 5
        middle, empty = drawn(found, slice=2.0), drawn(found, slice=0.0)
        assert "Slice 2 of 6 (0 to 5)." in middle.html.split("<details>")[0]
        assert "class 1" in middle.html
        # What is no class in one slice has no colour in another, either.
        assert "class 0 has no colour" in empty.html
        assert 'class="key"' not in empty.html

    def test_quantities_of_voxels_are_slices(self) -> None:
        found = group(scene({"probability": self.VOLUME[..., 0]}, ct=self.VOLUME), voxels.Voxels)
        assert found.views == ("Slices",)
        assert [control.label for control in found.controls] == ["Slice"]

    def test_values_of_other_places_are_not_of_the_voxels(self) -> None:
        items = grouped(scene({"features": RANDOM.normal(size=(2, 3, 4, 5))}, ct=self.VOLUME))
        assert all(isinstance(item, Member) for item in items)


class TestSeries:
    def test_the_columns_of_the_series_that_went_in_are_lines(self) -> None:
        history = RANDOM.uniform(size=(2, 48, 3))
        found = group(scene({"smooth": history[:, ::-1]}, history=history), bands.Bands)
        assert [name for name, _ in found.lines] == ["smooth [0]", "smooth [1]", "smooth [2]"]
        single(scene({"forecast": history[:, -24:, :2]}, history=history))
        single(scene({"hidden_state": history[:, -24:]}, history=history))

    def test_what_is_made_of_a_series_is_on_its_axis(self) -> None:
        series = np.sin(np.arange(96) / 6)[None] + RANDOM.normal(size=(1, 96)) / 9
        smooth = np.sin(np.arange(96) / 6)[None]
        outputs = {"smooth": smooth, "error": np.abs(series - smooth), "energy": smooth**2 + 70}
        beside, alone = grouped(scene(outputs, series=series))
        assert isinstance(beside, bands.Bands)
        assert isinstance(alone, bands.Bands)
        assert [name for name, _ in beside.lines] == ["smooth", "error"]
        assert (beside.beneath or ("",))[0] == "series (input)"
        assert "series (input)" in drawn(beside).html
        assert [name for name, _ in alone.lines] == ["energy"]
        single(scene({"projected": RANDOM.normal(size=(3, 96))}, embedding=RANDOM.normal(size=(3, 96))))
        single(scene({"hidden": smooth}, series=series))

    def test_ids_after_ids_are_no_forecast(self) -> None:
        watched = np.array([[255, 134, 153, 20], [324, 456, 251, 303]])
        outputs = {"scores": np.array([[9.0, 7.5, 7.0]] * 2), "ids": np.array([[4, 155, 380]] * 2)}
        assert group(scene(outputs, watched=watched), ranking.Ranking).members[0].name == "ids"
        single(scene({"ids": outputs["ids"]}, watched=watched))
        assert group(scene({"forecast": outputs["ids"]}, sales=watched), bands.Bands).history is not None

    def test_a_verdict_on_each_step_of_a_series_is_no_list_of_things(self) -> None:
        series = RANDOM.uniform(size=(2, 200))
        verdicts = {"is_anomaly": series > 0.9, "anomaly_score": series / 2}
        scores, verdict = grouped(scene(verdicts, series=series))[::-1]
        assert [type(verdict), type(scores)] == [Member, bands.Bands]
        group(scene(verdicts), ranking.Ranking)


def test_columns_of_one_entry_are_a_table_of_rows() -> None:
    outputs = {
        "class_ids": Member("class_ids", np.array([[1], [2]]), shape=(None, 1)),
        "classes": Member("classes", texts("leave", "stay")[:, None], shape=(None, 1)),
        "score": Member("score", np.array([0.5, 0.7]), shape=(None,)),
    }
    found = group(scene(outputs), ranking.Ranking)
    assert (found.views, [member.name for member in found.members]) == (
        ("Table",), ["classes", "class_ids", "score"],
    )  # fmt: skip
    assert "stay" in drawn(found).html


def test_what_the_input_says_comes_before_what_is_said_of_it() -> None:
    outputs = {
        "labels": texts("PERSON", "O", "O"), "tokens": texts("Emma", "was", "here"), "scores": SCORES[0],
    }  # fmt: skip
    found = group(replace(scene(outputs), rows=("Emma was here",)), ranking.Ranking)
    assert [member.name for member in found.members] == ["tokens", "labels", "scores"]


def test_voxels_of_a_volume_without_channels() -> None:
    volume = RANDOM.integers(0, 255, (1, 12, 24, 24)).astype(np.uint8)
    found = group(scene({"lesion": volume > 200}, scan=volume), voxels.Voxels)
    assert found.views == ("Mask",)


class TestWordsThatWentIn:
    WORDS = texts("Ann", "met", "Bob", "in", "old", "Rome").reshape(2, 3)
    TAGS = texts("B-PER", "O", "B-PER", "O", "O", "B-LOC").reshape(2, 3)

    @pytest.mark.parametrize("value", [TAGS, np.array([[1, 0, 1], [0, 0, 2]])])
    def test_they_stand_before_their_tags(self, value: Array) -> None:
        found = group(scene({"tags": value}, words=self.WORDS), ranking.Ranking)
        assert [member.name for member in found.members] == ["tags"]
        shown = cells(drawn(found).html)
        assert shown[1:3] == ["words", "tags"]
        assert shown[4] == "Ann"

    def test_they_keep_their_order_and_stand_there_once(self) -> None:
        shares = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]])
        found = group(scene({"classes": self.TAGS, "scores": shares}, words=self.WORDS), ranking.Ranking)
        assert cells(drawn(found).html)[5:7] == ["Ann", "B-PER"]
        repeated = group(scene({"again": self.WORDS, "tags": self.TAGS}, words=self.WORDS), ranking.Ranking)
        assert drawn(repeated).html.count(">Ann<") == 1

    def test_another_number_of_words_says_nothing(self) -> None:
        single(scene({"tags": self.TAGS}, words=self.WORDS[:, :2]))
        single(scene({"tags": self.TAGS[0]}, words=self.WORDS[0]))
        single(scene({"tags": self.TAGS}, places=np.arange(6).reshape(2, 3)))


class TestClassesOfWords:
    WORDS = texts("Ann", "slept", "", "old", HOSTILE, "Rome").reshape(2, 3)
    LOGITS = np.eye(5)[np.array([[1, 0, 4], [0, 0, 2]])] * 6 - 2

    @pytest.mark.parametrize("is_input", [False, True])
    def test_each_word_has_its_likeliest_class(self, is_input: bool) -> None:
        given: dict[str, Any] = {"words": self.WORDS}
        outputs = {"emissions": self.LOGITS, **({} if is_input else given)}
        found = group(scene(outputs, **(given if is_input else {})), token_classes.TokenClasses)
        assert len(found.members) == (1 if is_input else 2)
        shown = cells(drawn(found).html)
        assert shown[:6] == ["words", "class", "chance", "Ann", "class 1", "0.9902"]
        assert shown.count("class 4") == 0  # that of an empty word, which fills the row up

    def test_classes_have_names_and_chances_stay(self) -> None:
        outputs = {"emissions": np.eye(5)[[[1, 0, 4]]] * 0.6 + 0.08}
        named = scene(outputs, names=("O", "PER", "ORG", "LOC", "MISC"), words=self.WORDS[:1])
        assert cells(drawn(group(named, token_classes.TokenClasses)).html)[3:6] == ["Ann", "PER", "0.68"]

    def test_small_chances_are_not_written_as_0(self) -> None:
        unsure = scene({"y": np.full((1, 2, 4), 1.2345e-5)}, words=self.WORDS[:1, :2])
        assert cells(drawn(group(unsure, token_classes.TokenClasses)).html)[5] == "1.2e-05"

    def test_many_classes_have_names_and_an_output_its_own(self) -> None:
        names = tuple(f"tag {number}" for number in range(20))
        named = scene({"emissions": np.eye(20)[[[1, 0, 4]]]}, names=names, words=self.WORDS[:1])
        assert "tag 1" in cells(drawn(group(named, token_classes.TokenClasses)).html)
        own = tuple(replace(member, labels=("O", *"abcd")) for member in scene({"y": self.LOGITS}).outputs)
        labelled = replace(scene({}, words=self.WORDS), outputs=own)
        assert "a" in cells(drawn(group(labelled, token_classes.TokenClasses)).html)

    @pytest.mark.parametrize("size", [3, 32, 1])
    def test_attention_and_embeddings_are_no_classes(self, size: int) -> None:
        shown = grouped(scene({"default": RANDOM.normal(size=(2, 3, size))}, words=self.WORDS))
        assert not any(isinstance(item, token_classes.TokenClasses) for item in shown)

    def test_many_rows_and_words_are_bounded(self) -> None:
        many = np.full((9, 60), b"word", object)
        found = group(scene({"y": RANDOM.normal(size=(9, 60, 4)), "words": many}), token_classes.TokenClasses)
        html = drawn(found).html
        assert "… and 1 row more" in html
        assert "… and 10 more" in html
        assert html.count(">word<") == 8 * 50

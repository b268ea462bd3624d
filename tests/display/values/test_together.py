"""Which outputs belong together, and what is drawn of them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values.together import bands, boxes, keypoints, masks, ranking, scalars, tokens
from hubexplore.display.values.together.grouping import grouped
from hubexplore.display.values.together.scene import Group, Member, Picture, Scene
from hubexplore.summary.tensor_values import Array
from tests.display.values.composites import Ragged

RANDOM = np.random.default_rng(2)
PICTURE = Picture(RANDOM.integers(0, 255, (48, 64, 3)).astype(np.uint8), (48, 64))
CORNERS = np.array([[[0.1, 0.2, 0.5, 0.6], [0.3, 0.3, 0.9, 0.5], [0.0, 0.0, 0.2, 0.2]]], np.float32)
SCORES = np.array([[0.9, 0.5, 0.1]], np.float32)
CLASSES = np.array([[1.0, 0.0, 2.0]], np.float32)
HOSTILE = "<img src=x onerror=alert(1)>"


def texts(*items: str) -> Array:
    return np.array([item.encode() for item in items], object)


def scene(outputs: dict[str, Any], *pictures: Picture, names: tuple[str, ...] = (), **inputs: Any) -> Scene:
    members = tuple(
        value if isinstance(value, Member) else Member(name, value) for name, value in outputs.items()
    )
    fed = tuple(Member(name, value) for name, value in inputs.items())
    return Scene(members, fed, pictures, names)


def group(found: Scene, kind: type[Any]) -> Any:
    """The one group of this kind; every view of it can be drawn."""
    groups = [item for item in grouped(found) if not isinstance(item, Member)]
    assert [type(item) for item in groups] == [kind]
    for view in groups[0].views:
        drawn(groups[0], view)
    return groups[0]


def drawn(item: Group, view: str | None = None, **settings: float) -> values.Rendered:
    rendered = item.draw(view or item.views[0], settings)
    assert len(rendered.hovers) in (0, rendered.html.count("<img"))
    for hover in rendered.hovers:
        json.dumps(hover and hover.to_dict(), allow_nan=False)
    assert "<img src=x" not in rendered.html
    return rendered


def single(found: Scene) -> None:
    assert all(isinstance(item, Member) for item in grouped(found))


def drawing(html: str) -> str:
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert data is not None
    return b64decode(data[1]).decode()


DETECTION = {"detection_boxes": CORNERS, "detection_scores": SCORES, "detection_classes": CLASSES}


class TestBoxes:
    def test_boxes_scores_and_classes_are_drawn_on_the_picture(self) -> None:
        found = group(scene(DETECTION, PICTURE, names=("dog", "cat", HOSTILE)), boxes.Boxes)
        assert [member.name for member in found.members] == [
            "detection_boxes", "detection_scores", "detection_classes",
        ]  # fmt: skip
        assert found.views[0] == boxes.Y_FIRST
        rendered = drawn(found)
        assert "2 of 3 boxes with a score of at least 0.3." in rendered.html
        assert ["cat 0.9" in drawing(rendered.html), "dog 0.5" in drawing(rendered.html)] == [True, True]

    def test_low_scores_are_not_written_as_0(self) -> None:
        found = group(scene({**DETECTION, "detection_scores": SCORES * 0.004}, PICTURE), boxes.Boxes)
        html = drawing(drawn(found, threshold=0.0).html)
        assert ["class 1 0.0036" in html, "class 0 0.002" in html, "class 2 0.0004" in html] == [True] * 3

    def test_the_threshold_decides(self) -> None:
        found = group(scene(DETECTION, PICTURE), boxes.Boxes)
        counts = [drawn(found, threshold=share).html.count("class ") for share in (0.0, 0.6, 1.0)]
        assert counts[0] > counts[1] > counts[2] == 0

    @pytest.mark.parametrize(
        ("name", "corners", "view"),
        [
            ("boxes", CORNERS * [48, 64, 48, 64], boxes.Y_FIRST),
            ("boxes_xyxy", CORNERS[..., [1, 0, 3, 2]], boxes.X_FIRST),
            # 60 pixels down would leave the picture, 60 to the right do not.
            ("boxes", np.array([[[50.0, 4.0, 63.0, 20.0]]]), boxes.X_FIRST),
            ("boxes_xywh", np.array([[[0.5, 0.5, 0.2, 0.1]]]), boxes.CENTRED),
        ],
    )
    def test_the_order_and_unit_of_the_corners(self, name: str, corners: Array, view: str) -> None:
        assert group(scene({name: corners}, PICTURE), boxes.Boxes).views[0] == view

    def test_texts_as_classes_and_a_count(self) -> None:
        found = scene(
            {
                "boxes": CORNERS,
                "names": texts(HOSTILE, "cup", "cup")[None],
                "scores": SCORES,
                "num_detections": np.array([1.0]),
            },
            PICTURE,
        )
        boxed = next(item for item in grouped(found) if isinstance(item, boxes.Boxes))
        assert "1 of 1 box" in drawn(boxed, threshold=0.0).html

    def test_names_that_may_be_shifted_are_not_used(self) -> None:
        from_one = {**DETECTION, "detection_classes": CLASSES + 1}
        found = group(scene(from_one, PICTURE, names=("person", "bicycle", "car", "bus")), boxes.Boxes)
        assert "class 2 0.9" in drawing(drawn(found).html)
        with_background = ("background", "person", "bicycle", "car")
        found = group(scene(from_one, PICTURE, names=with_background), boxes.Boxes)
        assert "bicycle 0.9" in drawing(drawn(found).html)

    def test_what_is_not_boxes(self) -> None:
        single(scene({"boxes": CORNERS}))  # without a picture
        single(scene({"statistics": CORNERS}, PICTURE))  # nothing beside it, and no such name
        single(scene({"boxes": CORNERS * 1000}, PICTURE))  # not on the picture
        single(scene({"boxes": np.concatenate([CORNERS, CORNERS])}, PICTURE))  # of another number of rows

    def test_infinite_and_missing_corners(self) -> None:
        corners = np.concatenate([CORNERS, np.full((1, 1, 4), np.nan)], axis=1)
        group(scene({"boxes": corners}, PICTURE), boxes.Boxes)


class TestKeypoints:
    @pytest.mark.parametrize("shape", [(1, 1, 17, 3), (1, 17, 3), (17, 3), (1, 17, 2)])
    def test_points_with_scores(self, shape: tuple[int, ...]) -> None:
        found = group(scene({"keypoints": RANDOM.uniform(0.1, 0.9, shape)}, PICTURE), keypoints.Keypoints)
        assert bool(found.controls) == (shape[-1] == 3)
        assert drawn(found, threshold=0.0).hovers[0] is not None

    def test_points_in_pixels_with_scores_beside_them(self) -> None:
        outputs = {"landmarks": RANDOM.uniform(10, 40, (1, 5, 2)), "confidence": RANDOM.uniform(size=(1, 5))}
        found = group(scene(outputs, PICTURE), keypoints.Keypoints)
        assert len(found.members) == 2

    def test_the_order_in_which_points_lie_on_the_picture(self) -> None:
        tall = Picture(np.zeros((200, 160, 3), np.uint8), (200, 160))
        across = np.array([[[60.0, 187.0], [131.0, 40.0]]])
        assert group(scene({"landmarks": across}, tall), keypoints.Keypoints).views[0] == keypoints.X_FIRST

    def test_the_points_of_a_pose_need_no_name(self) -> None:
        pose = RANDOM.uniform(0.1, 0.9, (1, 1, 17, 3))
        group(scene({"output_0": pose}, PICTURE), keypoints.Keypoints)
        single(scene({"output_0": pose[..., :2]}, PICTURE))
        single(scene({"output_0": RANDOM.dirichlet(np.ones(3), (1, 17))}, PICTURE))

    def test_two_numbers_without_a_name_are_two_numbers(self) -> None:
        single(scene({"offsets": RANDOM.uniform(size=(1, 17, 2))}, PICTURE))


class TestMasks:
    @pytest.mark.parametrize(
        ("name", "mask"),
        [
            ("labels", RANDOM.integers(0, 3, (1, 24, 32))),
            ("labels", RANDOM.integers(0, 3, (24, 32)).astype(np.int32)),
            ("segmentation", RANDOM.integers(0, 20, (1, 48, 64, 1)).astype(np.uint8)),
            ("person", RANDOM.uniform(size=(1, 48, 64)) > 0.5),
            ("alpha_matte", RANDOM.uniform(size=(1, 48, 64, 1))),
            ("out", RANDOM.dirichlet(np.ones(5), (1, 24, 32))),
            ("semantic_logits", RANDOM.normal(size=(1, 24, 32, 21))),
        ],
    )
    def test_classes_of_pixels_are_drawn_over_the_picture(self, name: str, mask: Array) -> None:
        found = group(scene({name: mask}, PICTURE, names=("road", HOSTILE)), masks.Mask)
        assert drawn(found, opacity=0.0).html != drawn(found, opacity=1.0).html

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("stylized", RANDOM.uniform(size=(1, 48, 64, 3))),
            ("features", RANDOM.normal(size=(1, 24, 32, 16))),
            ("depth", RANDOM.uniform(size=(1, 48, 64, 1))),
            ("picture", RANDOM.integers(0, 255, (1, 48, 64, 1)).astype(np.uint8)),
            ("labels", RANDOM.integers(0, 3, (1, 10, 32))),  # of another form
            ("labels", RANDOM.integers(0, 3, (2, 24, 32))),  # of another number of rows
        ],
    )
    def test_other_pictures_are_not_masks(self, name: str, value: Array) -> None:
        single(scene({name: value}, PICTURE))

    def test_the_background_has_no_colour_and_a_named_class_has_one(self) -> None:
        labels = RANDOM.integers(0, 3, (1, 24, 32))

        def keys(mask: Array, *names: str) -> list[str]:
            html = drawn(group(scene({"person": mask}, PICTURE, names=names), masks.Mask)).html
            assert ("class 0 has no colour." in html) == (not names and mask is labels)
            return sorted(re.findall('class="key">.*?> (.*?)</span>', html))

        assert keys(labels) == ["class 1", "class 2"]
        assert keys(labels, "background", "road", "car") == ["car", "road"]
        assert keys(labels, "sky", "road", "car") == ["car", "road", "sky"]
        # What is true is what the output is called.
        assert keys(labels > 0) == ["person"]

    def test_a_mask_for_each_thing(self) -> None:
        things = np.zeros((1, 3, 48, 64), bool)
        things[0, 0, 4:20, 4:20] = things[0, 1, 16:40, 16:40] = things[0, 2, :4, 50:] = True
        found = group(scene({"masks": things}, PICTURE), masks.Mask)
        assert found.classes[0, 18, 18] == 1  # the first one is in front
        assert sorted(np.unique(found.classes)) == [0, 1, 2, 3]
        assert "masks 2</span>" in drawn(found).html
        group(scene({"masks": things[0].astype(np.float32) * 0.9}, PICTURE), masks.Mask)
        single(scene({"features": things.astype(np.float32) * 0.9}, PICTURE))

    def test_a_large_picture_is_reduced(self) -> None:
        large = Picture(np.zeros((1024, 900, 3), np.uint8), (2048, 1800))
        found = group(scene({"labels": np.ones((1, 512, 450), int)}, large), masks.Mask)
        assert len(drawn(found).html) < 300_000


class TestBands:
    MEAN = np.arange(12.0)[None]

    def test_bounds_are_a_band_after_what_went_in(self) -> None:
        outputs = {"mean": self.MEAN, "lower": self.MEAN - 1, "upper": self.MEAN + 1}
        found = group(scene(outputs, past=RANDOM.normal(size=(1, 30, 1))), bands.Bands)
        assert found.history is not None
        (hover,) = drawn(found).hovers
        assert isinstance(hover, values.GridHover)
        assert hover.columns == 42
        assert hover.column_captions[30] == "0"
        assert hover.values[30] == "mean 0; lower -1; upper 1"

    def test_quantiles_by_name(self) -> None:
        outputs = {f"q{share}": self.MEAN + share / 100 for share in (10, 50, 90)}
        assert group(scene(outputs), bands.Bands).band[0][0] == "q10"

    def test_what_continues_the_input_is_drawn_after_it(self) -> None:
        past = np.sin(np.arange(96) / 6)[None]
        days = {"day": past[:, :24] * 0.9, "week": np.tile(past[:, :24], 7), "hours": past[:, :6]}
        found = group(scene(days, past=past), bands.Bands)
        assert {member.name for member in found.members} == set(days)
        assert found.history is not None
        assert "past, day, week, hours" in drawn(found).html
        group(scene({"default": past[:, :24]}, past=past), bands.Bands)
        group(scene({"forecast": past}, past=past), bands.Bands)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("embedding", np.sin(np.arange(24) / 6)[None]),
            ("default", RANDOM.normal(size=(1, 24))),  # no curve
            ("default", np.sin(np.arange(24) / 6)[None] + 40),  # in other units
            ("default", np.full((1, 24), 1 / 24)),  # shares of classes
        ],
    )
    def test_what_does_not_continue_the_input(self, name: str, value: Array) -> None:
        single(scene({name: value}, past=np.sin(np.arange(96) / 6)[None]))

    @pytest.mark.parametrize("value", [RANDOM.random((2, 5)), np.exp(-np.arange(50) / 20)[None].repeat(2, 0)])
    def test_what_is_predicted_of_a_row_of_a_table_does_not_continue_it(self, value: Array) -> None:
        features = RANDOM.random((2, 12))
        single(scene({"outputs": value}, features=features))
        # An axis of one variable, or the name of the output, says that the numbers are a series.
        assert group(scene({"outputs": value}, features=features[..., None]), bands.Bands).history is not None
        assert group(scene({"forecast": value}, features=features), bands.Bands).history is not None

    def test_a_few_columns_of_many_steps_are_lines_or_a_band(self) -> None:
        past = np.sin(np.arange(96) / 6)[None]
        curve = past[:, :24, None]
        found = group(scene({"default": curve + np.array([-0.2, 0, 0.3])}, past=past), bands.Bands)
        assert found.band is not None
        assert [name for name, _ in found.lines] == ["default [1]"]
        assert "default [0] to [2]" in drawn(found).html
        found = group(scene({"default": curve * [1, -1, 0.5]}), bands.Bands)
        assert (found.band, len(found.lines)) == (None, 3)
        single(scene({"boxes": curve * [1, -1, 0.5, 1]}))
        single(scene({"default": RANDOM.normal(size=(1, 24, 3))}))
        single(scene({"default": np.tile(curve, (24, 1, 3))}))

    def test_names_that_the_numbers_contradict(self) -> None:
        single(scene({"lower": self.MEAN + 0.5, "upper": -self.MEAN}))


class TestRanking:
    @pytest.mark.parametrize(
        "outputs",
        [
            {"scores": np.array([[0.9, 0.05]]), "classes": np.array([[3, 1]])},
            {"titles": texts("a", HOSTILE), "item_ids": np.array([4, 2]), "scores": np.array([0.9, 0.1])},
            {"words": texts("a", HOSTILE)[None], "known": np.array([[True, False]])},
            {"neighbours": np.array([[7, 1, 4]]), "cosines": np.array([[1.0, np.nan, -np.inf]])},
        ],
    )
    def test_outputs_of_one_shape_are_a_table(self, outputs: dict[str, Array]) -> None:
        found = group(scene(outputs), ranking.Ranking)
        assert {member.name for member in found.members} == set(outputs)
        assert [name in drawn(found).html for name in outputs] == [True] * len(outputs)

    def test_sorted_scores_have_ranks_and_others_have_places(self) -> None:
        ids = np.array([3, 1, 2])
        ranked = drawn(group(scene({"ids": ids, "scores": np.array([0.5, 0.3, 0.2])}), ranking.Ranking))
        placed = drawn(group(scene({"ids": ids, "scores": np.array([0.3, 0.9, 0.2])}), ranking.Ranking))
        assert ["rank" in ranked.html, "rank" in placed.html] == [True, False]

    def test_numbers_for_each_row_are_a_table_of_rows(self) -> None:
        rows, shape = ("Ann", "Bob"), (None,)
        outputs = {
            "probability": Member("probability", np.array([0.2, 0.7]), rows, shape=shape),
            "amount": Member("amount", np.array([20.5, 7000.0]), rows, shape=shape),
        }
        html = drawn(group(scene(outputs), ranking.Ranking)).html
        assert ["Ann" in html, "Bob" in html, "class" in re.sub("<[^>]*>", "", html)] == [True, True, False]

    def test_texts_that_are_read_are_apart_from_the_numbers_about_them(self) -> None:
        def written(text: str) -> dict[str, Any]:
            return {
                "text": Member("text", texts(text, "short"), shape=(None,)),
                "log_prob": Member("log_prob", np.array([-2.5, -7.0]), shape=(None,)),
                "tokens": Member("tokens", np.array([5, 8]), shape=(None,)),
            }

        for text in ("one line\nand another", "long " * 40):
            text_item, table = grouped(scene(written(text)))
            assert isinstance(text_item, Member)
            assert isinstance(table, ranking.Ranking)
            assert table.views == ("Table",)
        group(scene(written("one line\n")), ranking.Ranking)

    def test_one_row_is_a_table_too(self) -> None:
        answer = {
            "answer": Member("answer", texts("the king"), ("Who?",), shape=(None,)),
            "start": Member("start", np.array([12]), ("Who?",), shape=(None,)),
        }
        assert "Who?" in drawn(group(scene(answer), ranking.Ranking)).html

    def test_embeddings_and_scores_of_one_shape_are_apart(self) -> None:
        single(scene({"a": RANDOM.normal(size=(2, 8)), "b": RANDOM.normal(size=(2, 8))}))
        single(scene({"ids": np.array([[1]]), "score": np.array([[0.5]])}))

    def test_many_rows_are_bounded(self) -> None:
        many = {"ids": RANDOM.integers(0, 9, (5000, 3000)), "scores": RANDOM.uniform(size=(5000, 3000))}
        assert len(drawn(group(scene(many), ranking.Ranking)).html) < 200_000


def test_single_values_are_one_table() -> None:
    values_of = {"loss": np.float32(0.25), "name": np.array(HOSTILE.encode(), object), "steps": np.array(7)}
    html = drawn(group(scene({**values_of}), scalars.Scalars)).html
    assert [text in html for text in ("loss", "0.25", "steps", ">7<")] == [True] * 4
    single(scene({"loss": np.float32(0.25), "essay": np.array(b"two\nlines", object)}))
    single(scene({"loss": np.float32(0.25), "scores": np.array([0.25, 0.75])}))


def test_no_output_is_in_two_groups_or_lost() -> None:
    outputs = {**DETECTION, "logits": RANDOM.normal(size=(1, 10)), "sparse": object()}
    names: list[str] = []
    for item in grouped(scene(outputs, PICTURE)):
        names += [item.name] if isinstance(item, Member) else [member.name for member in item.members]
    assert sorted(names) == sorted(outputs)


def test_tokens_have_their_ids() -> None:
    words = np.array([[b"[CLS]", HOSTILE.encode()], [b"x", b""]], object)
    found = group(scene({"ids": np.array([[101, 7], [9, 0]]), "words": words}), tokens.Tokens)
    assert [member.name for member in found.members] == ["words", "ids"]
    assert found.facts == "2 rows · 4 tokens"
    html = drawn(found).html
    assert "<code>[CLS]</code><small>101</small>" in html
    assert html.count('class="chip"') == 4


def test_tokens_of_rows_of_different_lengths() -> None:
    splits = [np.array([0, 2, 2, 3])]
    words, ids = Ragged(texts("a", "b", "c"), splits), Ragged(np.array([1, 2, 3]), splits)
    found = group(scene({"words": words, "ids": ids}), tokens.Tokens)
    assert found.facts == "3 rows · 3 tokens"
    assert "<code>c</code><small>3</small>" in drawn(found).html
    other = Ragged(np.array([1, 2, 3]), [np.array([0, 1, 2, 3])])
    single(scene({"words": words, "ids": other}))


def test_texts_with_ids_and_scores_are_a_ranking() -> None:
    words = np.array([[b"a", b"b"]], object)
    group(scene({"words": words, "ids": np.array([[1, 2]]), "scores": SCORES[:, :2]}), ranking.Ranking)

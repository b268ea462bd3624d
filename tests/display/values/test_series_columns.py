"""Series of several variables: each after its history."""

from __future__ import annotations

import numpy as np

from hubexplore.display.values.series_colours import COUNT, series_colours
from hubexplore.display.values.together import bands, boxes, keypoints, series_columns
from tests.display.values.test_together import PICTURE, RANDOM, drawn, group, scene, texts

HISTORY = RANDOM.uniform(size=(2, 48, 3)) * [1, 100, 1000]


def test_each_variable_has_a_plot_after_its_history() -> None:
    found = group(scene({"forecast": HISTORY[:, -24:]}, history=HISTORY), series_columns.Variables)
    assert found.facts == "3 variables over 24 steps after 48"
    rendered = drawn(found)
    assert rendered.html.count("<img") == 6
    assert "1 · variable 2" in rendered.html
    for variable, entry in enumerate(found.variables):
        name, history = entry.history or ("", None)
        assert name == f"history [{variable}]"
        np.testing.assert_array_equal(history, HISTORY[..., variable])


def test_variables_in_order_are_no_band() -> None:
    group(scene({"forecast": np.sort(HISTORY)[:, -24:]}, history=np.sort(HISTORY)), series_columns.Variables)


def test_what_is_as_long_as_the_input_has_no_history() -> None:
    found = group(scene({"smooth": HISTORY[:, ::-1]}, history=HISTORY), bands.Bands)
    assert found.history is None
    found = group(scene({"forecast": HISTORY[:, ::-1]}, history=HISTORY), series_columns.Variables)
    assert found.variables[0].history is not None


def test_other_units_are_no_continuation() -> None:
    found = group(scene({"forecast": HISTORY[:, -24:] / 1e4 + 7}, history=HISTORY), bands.Bands)
    assert found.history is None


def test_many_variables_and_rows_are_bounded() -> None:
    history = RANDOM.uniform(size=(3, 20, 40))
    found = group(scene({"next": history[:, :10]}, history=history), series_columns.Variables)
    rendered = drawn(found)
    assert rendered.html.count("<img") == series_columns.MAX_PLOTS
    assert "The first 1 of 3 rows. The first 12 of 40 variables." in rendered.html


def test_one_variable_in_a_dimension_of_its_own_follows_its_history() -> None:
    past = np.sin(np.arange(96) / 6)[None, :, None]
    found = group(scene({"default": past[:, :24]}, past=past), bands.Bands)
    assert found.history is not None


class TestColours:
    def test_up_to_as_many_things_as_there_are_colours_differ(self) -> None:
        assert len(set(series_colours(range(COUNT)).values())) == COUNT
        assert len(set(series_colours(range(0, 9 * COUNT, 9)).values())) == COUNT
        assert len(series_colours(range(3 * COUNT))) == 3 * COUNT

    def test_a_class_keeps_its_colour_unless_another_one_has_it(self) -> None:
        assert series_colours([3])[3] == series_colours([1, 2, 3, 70])[3]
        both = series_colours([1, 9])
        assert both[1] == series_colours([1])[1] != both[9]
        # Eight things have eight hues, none of them darkened.
        assert set(series_colours(range(0, 64, 8)).values()) == set(series_colours(range(8)).values())

    def test_classes_of_boxes_that_were_equal_modulo_eight(self) -> None:
        corners = np.tile(np.array([0.1, 0.1, 0.5, 0.5], np.float32), (1, 12, 1))
        outputs = {"boxes": corners, "classes": np.arange(12)[None] * 8.0, "scores": np.full((1, 12), 0.9)}
        found = group(scene(outputs, PICTURE), boxes.Boxes)
        assert len(set(found._colours().values())) == 12
        labels = texts(*(f"class {at}" for at in range(12)))[None]
        found = group(scene(outputs | {"classes": labels}, PICTURE), boxes.Boxes)
        assert len(set(found._colours().values())) == 12

    def test_points_have_colours_of_their_own(self) -> None:
        points = RANDOM.uniform(size=(1, 17, 3)) * [1, 1, 0.9]
        drawn(group(scene({"keypoints": points}, PICTURE), keypoints.Keypoints))

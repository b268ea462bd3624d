"""Volumes and films: slices with a slider, pictures in their own size, pictures of one number."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from hubexplore.display import values
from hubexplore.display.values.views.motion import motion

RANDOM = np.random.default_rng(0)
VOLUME = np.stack([np.full((2, 8, 9, 2), at / 10) for at in range(10)], axis=1).astype(np.float32)


def test_a_volume_is_slices_with_a_slider() -> None:
    volume = VOLUME + RANDOM.uniform(0, 0.01, VOLUME.shape)
    assert values.suitable_views(volume)[0] == "Slices"
    (control,) = values.controls(volume, "Slices")
    assert (control.low, control.high, control.value, control.step) == (0, 9, 5, 1)
    assert values.controls(volume, "Table") == ()
    middle = values.render(volume)
    assert middle.html.count("<img") == 4
    assert "Slice 5 of 10 (0 to 9). Brightness: 0 is black, 1 is white." in middle.html
    assert "row 1, channel 1" in middle.html
    first = values.render(volume, settings={"slice": 0.0})
    assert "Slice 0 of 10" in first.html
    assert photo_levels(first.html)[0] == pytest.approx(1, abs=3)
    assert photo_levels(middle.html)[0] == pytest.approx(128, abs=3)
    # The setting of an earlier, longer value.
    assert "Slice 9 of 10" in values.render(volume, settings={"slice": 31.0}).html


def test_frames_of_a_long_film_have_a_slider_and_of_a_short_one_none() -> None:
    film = np.broadcast_to(np.linspace(0, 1, 40)[None, :, None, None, None], (1, 40, 8, 8, 3))
    assert values.suitable_views(film)[:2] == ("Film", "Images")
    shown = values.render(film, settings={"frame": 20.0})
    assert shown.html.count("<img") == 1
    assert "Frame 20 of 40 (0 to 39)." in shown.html
    assert photo_levels(shown.html)[0] == pytest.approx(131, abs=2)
    (control,) = values.controls(film, "Film")
    assert (control.value, control.plays) == (0, True)
    assert values.suitable_views(np.zeros((1, 40, 8, 8, 1)))[:2] == ("Slices", "Images")
    assert values.suitable_views(np.zeros((1, 6, 8, 8, 3)))[0] == "Images"


def test_pictures_of_which_neighbours_are_alike_are_a_film() -> None:
    sun = np.zeros((20, 32, 32, 3))
    for at in range(20):
        sun[at, 8:16, at : at + 8] = 1
    assert values.suitable_views(sun)[:2] == ("Film", "Images")
    assert "Frame 7 of 20" in values.render(sun, settings={"frame": 7.0}).html
    assert values.suitable_views(RANDOM.random((20, 32, 32, 3)))[0] == "Images"
    assert values.suitable_views(sun[:4])[0] == "Images"


def test_pictures_have_their_own_size() -> None:
    """Whatever is enlarged, sampled or compressed on screen."""
    small = RANDOM.random((2, 8, 9, 3))
    large = RANDOM.random((1, 1300, 1300, 1))
    for value, view in ((small, "Images"), (large, "Images"), (small[None], "Film"), (VOLUME, "Slices")):
        shown = values.render(value, view)
        assert len(shown.natives) == shown.html.count("<img")
        first = shown.natives[0]
        assert first is not None
        pixels = first()
        assert pixels.dtype == np.uint8
        assert pixels.shape[:2] == value.shape[-3:-1]
    first = values.render(small).natives[1]
    assert first is not None
    np.testing.assert_array_equal(first(), np.round(small[1] * 255))


def photo_levels(html: str) -> list[float]:
    """The mean brightness of each picture."""
    files = re.findall(r"data:image/\w+;base64,([^\"]+)", html)
    pictures = [Image.open(io.BytesIO(base64.b64decode(file))) for file in files]
    return [float(np.asarray(picture.convert("L")).mean()) for picture in pictures]


@pytest.mark.parametrize("number", [0, 0.5, 300])
def test_a_picture_of_one_number_says_so(number: float) -> None:
    for shape, view in [((1, 8, 8, 3), "Images"), ((1, 8, 8, 6), "Tiles"), ((1, 8, 8, 8, 2), "Slices")]:
        html = values.render(np.full(shape, number), view).html
        assert f"very value is {number}." in html
        assert "is black" not in html


def test_a_volume_without_channels_is_slices() -> None:
    volume = RANDOM.random((2, 12, 24, 24))
    assert values.suitable_views(volume)[:2] == ("Slices", "Tiles")
    shown = values.render(volume, settings={"slice": 3.0})
    assert "Slice 3 of 12" in shown.html
    assert shown.html.count("<img") == 2
    for features in ((2, 24, 24, 12), (2, 24, 24, 24), (1, 12, 8, 8), (2, 12, 24, 32)):
        assert values.suitable_views(RANDOM.random(features))[0] == "Tiles"
    assert "Slices" not in values.suitable_views(RANDOM.random((2, 3, 24, 24)))


class TestMotion:
    DOWN, ACROSS = np.meshgrid(np.linspace(-3, 3, 24), np.linspace(-4, 4, 32), indexing="ij")
    TURN = np.stack([-DOWN, ACROSS], -1)

    @pytest.mark.parametrize("field", [TURN, TURN[None], np.stack([TURN, -TURN]).astype(np.float32)])
    def test_how_far_pixels_move_is_seen_as_colours(self, field: np.ndarray) -> None:
        assert values.suitable_views(field)[0] == "Motion"
        shown = values.render(field)
        assert "the strongest colours move by 5." in shown.html
        assert shown.html.count("<img") == len(shown.hovers) == (3 if len(field) == 2 else 2)

    def test_what_does_not_move_is_white(self) -> None:
        still = self.TURN.copy()
        still[8:] = 0
        pixels = values.render(still).html
        assert photo_pixels(pixels)[-1, 0].tolist() == [255, 255, 255]

    def test_the_longest_motion_of_all_rows_has_the_strongest_colour(self) -> None:
        fields = np.zeros((3, 16, 16, 2))
        fields[:2, ..., 0] = [[[4]], [[1]]]  # to the right, which is red
        fields[1, 0, :3] = np.array([[np.nan, 0], [0, np.inf], [0, -2]])
        drawn = motion(fields, ())
        assert drawn.note == "White does not move; the strongest colours move by 4."
        first, second, third = (photo_pixels(drawn.html, number) for number in range(3))
        assert first[-1, -1].tolist() == [255, 0, 0]
        assert second[-1, -1].tolist() == [255, 191, 191]
        assert third[-1, -1].tolist() == [255, 255, 255]
        side = len(second) // 16
        unknown, endless, up = second[0, : 3 * side : side].tolist()
        assert unknown == [128] * 3
        assert [min(endless), max(endless)] == [0, 255]
        assert [min(up), max(up)] == [128, 255]

    def test_where_nothing_moves_all_is_white(self) -> None:
        assert (photo_pixels(motion(np.zeros((16, 16, 2)), ()).html) == 255).all()

    @pytest.mark.parametrize(
        "field",
        [
            RANDOM.normal(size=(24, 32, 2)),
            np.abs(TURN),
            np.stack([ACROSS, -ACROSS], -1),  # the scores of two classes
            TURN[:8, :8],
        ],
    )
    def test_what_is_no_motion(self, field: np.ndarray) -> None:
        assert values.suitable_views(field)[0] != "Motion"
        assert values.suitable_views(self.TURN, name="logits")[0] != "Motion"


def photo_pixels(html: str, number: int = 0) -> np.ndarray:
    data = re.findall(r'src="data:image/\w+;base64,([^"]+)"', html)[number]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))

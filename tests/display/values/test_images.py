"""That pictures of images, masks and feature maps tell the numbers."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from hubexplore.display import values
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.images import brightness

RANDOM = np.random.default_rng(1)


class TestImages:
    @pytest.mark.parametrize(
        ("low", "high", "words"),
        [(0, 1, "0 is black, 1 is white"), (-1, 1, "−1 is black, 1 is white"),
         (0, 255, "0 is black, 255 is white"), (-3, 5, "−3 is black, 5 is white"),
         (0, 0.01, "0 is black, 0.01 is white")],
    )  # fmt: skip
    def test_the_range_is_found_and_said(self, low: float, high: float, words: str) -> None:
        stack = np.linspace(low, high, 48).reshape(1, 4, 4, 3)
        pixels, rule = brightness(stack)
        assert rule == words
        assert pixels.min() == 0
        assert pixels.max() == 255
        assert words in values.render(stack, "Images").html

    def test_a_few_numbers_beyond_a_range_do_not_change_it(self) -> None:
        sharpened = RANDOM.uniform(0, 255, (1, 32, 32, 3))
        sharpened[0, 0, :4] = [-20, 280, 260]
        assert brightness(sharpened)[1] == "0 is black, 255 is white"
        sharpened[0, 1:4] = 280
        assert brightness(sharpened)[1] == "−20 is black, 280 is white"

    @pytest.mark.parametrize(
        ("count", "share", "fits"),
        [
            # Any number of values by 2 % of the range, 1 % of the 3072 values by 15 %.
            (1500, 0.019, True),
            (1500, 0.021, False),
            (30, 0.149, True),
            (31, 0.149, False),
            (30, 0.151, False),
        ],
    )
    @pytest.mark.parametrize(("start", "end"), [(0, 1), (-1, 1), (0, 255)])
    @pytest.mark.parametrize("is_above", [True, False])
    def test_how_far_and_how_often_a_range_is_left(  # noqa: PLR0917 - each is a parameter
        self, count: int, share: float, fits: bool, start: float, end: float, is_above: bool
    ) -> None:
        stack = RANDOM.uniform(start, end, (1, 32, 32, 3))
        flat = stack.reshape(-1)
        flat[:2] = start, end
        beyond = end + share * (end - start) if is_above else start - share * (end - start)
        flat[10 : 10 + count] = beyond
        flat[-1] = np.nan
        pixels, rule = brightness(stack)
        usual = f"{start} is black, {end} is white".replace("-", "−")
        assert (rule == usual) == fits
        assert (pixels.min(), pixels.max()) == (0, 255)
        if fits:
            known = ((flat[:-1] - start) / (end - start) * 255).round().clip(0, 255)
            np.testing.assert_array_equal(pixels.reshape(-1)[:-1], known)

    def test_bytes_stay(self) -> None:
        stack = RANDOM.integers(0, 255, (1, 4, 4, 3)).astype(np.uint8)
        np.testing.assert_array_equal(brightness(stack)[0], stack)

    def test_no_theme_changes_them(self) -> None:
        assert 'class="photo"' in values.render(np.ones((1, 8, 8, 3)), "Images").html

    def test_hover_tells_the_pixels_of_small_ones(self) -> None:
        stack = np.arange(2 * 4 * 4 * 3).reshape(2, 4, 4, 3)
        first, second = values.render(stack, "Images").hovers
        assert isinstance(first, GridHover)
        assert isinstance(second, GridHover)
        assert (first.values[0], second.values[-1]) == ("0, 1, 2", "93, 94, 95")
        assert values.render(np.zeros((1, 300, 300, 3)), "Images").hovers == (None,)

    def test_pixels_are_those_of_the_value(self) -> None:
        stack = RANDOM.integers(0, 255, (1, 128, 130, 3)).astype(np.uint8)
        data = re.search(r'src="data:image/png;base64,([^"]+)"', values.render(stack, "Images").html)
        assert data is not None
        value = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
        np.testing.assert_array_equal(value, stack[0])

    def test_large_ones_say_what_was_given_up(self) -> None:
        html = values.render(RANDOM.uniform(size=(24, 224, 224, 3)), "Images").html
        assert "Large: shown at 1/" in html

    def test_more_are_counted(self) -> None:
        assert "… and 6 images more" in values.render(np.ones((30, 8, 8, 3)), "Images").html

    def test_tiles_tell_the_channels(self) -> None:
        value = np.zeros((1, 4, 4, 3))
        value[..., 1] = 2
        hover = values.render(value, "Tiles").hovers[0]
        assert isinstance(hover, GridHover)
        assert hover.values == ("channel 0: mean 0, 0 to 0", "channel 1: mean 2, 2 to 2",
                                "channel 2: mean 0, 0 to 0")  # fmt: skip

    def test_tiles_share_one_scale(self) -> None:
        value = np.zeros((1, 4, 4, 2))
        value[..., 1] = np.linspace(0, 2, 16).reshape(4, 4)
        drawn = values.render(value, "Tiles")
        assert "Each channel is a tile: 0 is black, 2 is white." in drawn.html
        data = re.search(r'src="data:image/png;base64,([^"]+)"', drawn.html)
        assert data is not None
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
        tile = pixels[13:77:16, :64:16], pixels[13:77:16, 68:132:16]
        assert not tile[0][..., 0].any()
        np.testing.assert_allclose(tile[1][..., 0] / 255 * 2, value[0, ..., 1], atol=0.01)

    def test_more_tiles_are_counted(self) -> None:
        assert "… and 36 more." in values.render(np.zeros((1, 8, 8, 100)), "Tiles").html

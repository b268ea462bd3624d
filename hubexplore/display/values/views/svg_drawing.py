"""SVG drawings: quiet colours on white paper, the same bytes for the same values.

Why no plotting library: each view places its captions, ticks and legend itself, because the tooltips need
their positions. Only the SVG writer of a library would be used, and its metadata, ids and fonts removed
again. With matplotlib that took 1 s to import and 30 to 130 ms a picture; without it, 2 to 14 ms. Later views
need one shape each: a band between two lines is a closed path, a box on a picture is a rectangle, the
envelope of a long signal is a path with a minimum and a maximum for each column. Thousands of points are one
path, see `SvgDrawing.dots`. Dark themes invert the whole picture (`palette.DARKENED`).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.palette import BLUE, DIVERGING, INK, NOT_A_NUMBER, PAPER, SCALE_LINE, SEQUENTIAL
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import Rect
from hubexplore.display.values.views.png import photo_data_url, png_data_url
from hubexplore.display.wording import apart, visible
from hubexplore.summary.tensor_values import Array

WIDTH: Final = 440.0
"""Width of a drawing in points: fits a notebook's output of 600 pixels."""
CAPTION: Final = 30
"""Maximum length in characters of a caption in a picture; grids show more of it."""
FONT: Final = 10.0
"""Size of the font in points."""
# Widths of text are estimated: the reader's browser chooses the font, which nobody can measure here. The
# classes follow DejaVu Sans, the widest font of `_STYLE`, so that a caption rather has too much room than too
# little.
_NARROW_CHARACTERS: Final = frozenset("fijlrtI.,:;!|'()[]{}/\\ ")
_WIDE_CHARACTERS: Final = frozenset("mwMW@%−+=<>~…")
_ANCHOR: Final = {"left": None, "center": "middle", "right": "end"}
_STYLE: Final = (
    "font-family: 'DejaVu Sans', Verdana, 'Helvetica Neue', Arial, sans-serif; "
    "stroke-linejoin: round; stroke-linecap: butt"
)
# Firefox knows only crisp-edges, Chromium only pixelated; each ignores the other.
_PIXELATED: Final = "image-rendering: crisp-edges; image-rendering: pixelated"
Side = Literal["left", "center", "right"]
Points = Array | Sequence[float]


class SvgDrawing:
    """A picture of a size in points, to which shapes are added; the last one lies on top.

    Positions are in points from the top left corner.

    Args:
      width: width of the picture.
      height: height of the picture.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        # The paper is part of the picture: it is inverted with it, and saved files have it too.
        self._shapes = [tag("rect", width=_number(width), height=_number(height), fill=PAPER)]

    def bar(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Adds a filled rectangle."""
        self._add("rect", x=left, y=top, width=width, height=height, fill=colour)

    def line(
        self, x: Points, y: Points, colour: str = SCALE_LINE, width: float = 0.8, dashes: Sequence[float] = ()
    ) -> None:
        """Adds a line through points; NaN interrupts it. Dashes are multiples of the line's width."""
        dashed = " ".join(_number(width * dash) for dash in dashes) or None
        self._add(
            "path", d=_path(x, y), fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dashed
        )

    def band(self, x: Array, low: Array, high: Array, colour: str) -> None:
        """Adds the area between two lines; NaN interrupts it."""
        known = np.isfinite(low) & np.isfinite(high)
        # The ends of each run of known places: where `known` changes.
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            around = np.concatenate([x[begin:end], x[begin:end][::-1]])
            ends = np.concatenate([high[begin:end], low[begin:end][::-1]])
            self._add("path", d=f"{_path(around, ends)}Z", fill=colour)

    def frame(self, rect: Rect, colour: str, line: float) -> None:
        """Adds the outline of a rectangle."""
        left, top, width, height = rect
        self._add(
            "rect", x=left, y=top, width=width, height=height, fill="none", stroke=colour, stroke_width=line
        )

    def photo(self, pixels: Array, max_bytes: int) -> None:
        """Fills the drawing with a picture, uint8 [h, w, 3], reduced until its file fits."""
        self._add(
            "image", x=0.0, y=0.0, width=self.width, height=self.height, preserveAspectRatio="none",
            style=_PIXELATED if max(pixels.shape[:2]) < self.width else "",
            **{"xlink:href": photo_data_url(pixels, max_bytes)},
        )  # fmt: skip

    def dots(self, x: Array, y: Array, size: float = 6.0, colour: str = BLUE) -> None:
        """Adds round points."""
        # Lines of length 0 with round caps: a third of the bytes of as many circles.
        places = "".join(f"M{_number(across)} {_number(down)}h0" for across, down in _coordinates(x, y))
        self._add("path", d=places, fill="none", stroke=colour, stroke_width=size, stroke_linecap="round")

    def text(
        self, x: float, y: float, content: str, side: Side = "left", *,
        colour: str = INK, size: float = FONT, bold: bool = False, turn: float = 0.0,
    ) -> None:  # fmt: skip
        """Adds a text; `y` is the middle of its height, `turn` is in degrees counterclockwise."""
        # dominant-baseline would centre the text, but not every SVG renderer (PDF export) knows it.
        base = y + size * 0.36
        turned = f"rotate({_number(-turn)} {_number(x)} {_number(base)})" if turn else None
        self._add(
            "text", content, x=x, y=base, fill=colour, font_size=size, text_anchor=_ANCHOR[side],
            font_weight="bold" if bold else None, transform=turned,
        )  # fmt: skip

    def pixels(self, left: float, top: float, width: float, height: float, colours: Array) -> None:
        """Adds cells of even size; `colours` are RGBA, uint8 [rows, columns, 4]."""
        source = {"xlink:href": png_data_url(colours)}
        self._add(
            "image", x=left, y=top, width=width, height=height, preserveAspectRatio="none", style=_PIXELATED,
            **source,
        )  # fmt: skip

    def box(self, left: float, top: float, width: float, height: float) -> Rect:
        """Returns a rectangle as shares of the picture, as tooltips need it."""
        shares = left / self.width, top / self.height, width / self.width, height / self.height
        # Five decimals are below a hundredth of a pixel, and keep notebooks small and reproducible.
        return round(shares[0], 5), round(shares[1], 5), round(shares[2], 5), round(shares[3], 5)

    def picture(self, alt_text: str, *, is_photo: bool = False) -> Markup:
        """Returns the drawing as an `<img>` with this alternative text; no theme inverts a photo."""
        width, height = _number(self.width), _number(self.height)
        names = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}
        drawing = tag(
            "svg", *self._shapes, **names, width=f"{width}pt", height=f"{height}pt",
            viewBox=f"0 0 {width} {height}", style=_STYLE,
        )  # fmt: skip
        # base64 rather than percent-encoding, which would have to escape every quotation mark, "<" and "#".
        data = base64.b64encode(drawing.encode()).decode()
        return tag(
            "img", src=f"data:image/svg+xml;base64,{data}", alt=alt_text, width=round(self.width * 4 / 3),
            class_="photo" if is_photo else None,
        )  # fmt: skip

    def _add(self, element: str, *content: str, **attributes: str | float | None) -> None:
        written = {
            name: value if isinstance(value, str) else _number(value)
            for name, value in attributes.items()
            if value is not None
        }
        self._shapes.append(tag(element, *content, **written))


def _number(number: float) -> str:
    """Returns a number of points with two decimals at most: a screen shows no more."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _coordinates(x: Points, y: Points) -> Iterable[tuple[float, float]]:
    return zip(np.asarray(x, float).tolist(), np.asarray(y, float).tolist(), strict=True)


def _path(x: Points, y: Points) -> str:
    """Returns SVG path data for a line through points; it is interrupted at NaN and Inf."""
    steps, pen = [], "M"
    for across, down in _coordinates(x, y):
        is_finite = math.isfinite(across) and math.isfinite(down)
        if is_finite:
            steps.append(f"{pen}{_number(across)} {_number(down)}")
        pen = "L" if is_finite else "M"
    return "".join(steps)


def coloured(cells: Array, low: float, high: float, scale: Sequence[str] = ()) -> Array:
    """Returns numbers as RGBA, uint8 [..., 4]; NaN is grey.

    Args:
      cells: the numbers.
      low: the number of the first colour.
      high: the number of the last colour.
      scale: colours from the palette. Without any, limits that are symmetric about 0 select the diverging
        scale, whose middle colour is 0, and others the sequential one.
    """
    span = (high - low) or 1.0
    colours_of_scale = scale or (DIVERGING if low == -high else SEQUENTIAL)
    # Interpolated linearly between the entries of the palette, channel by channel.
    entries = np.array([list(bytes.fromhex(colour)) for colour in colours_of_scale])
    positions = numerics.clipped((cells - low) / span, 0.0, 1.0) * (len(entries) - 1)
    colours = np.full((*cells.shape, 4), 255, np.uint8)
    has_number = ~np.isnan(cells)
    for channel in range(3):
        colours[has_number, channel] = np.interp(
            positions[has_number], range(len(entries)), entries[:, channel]
        ).round()
    colours[~has_number, :3] = list(bytes.fromhex(NOT_A_NUMBER.removeprefix("#")))
    return colours


def caption(text: str, limit: int = CAPTION) -> str:
    """Returns a caption for a picture: one line, the end cut off."""
    return visible(text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…", limit + 1)


def captions(texts: Sequence[str], limit: int = CAPTION) -> list[str]:
    """Returns captions for one picture, such that different texts keep different captions."""
    return apart(texts, limit, caption)


def width_of(captions: Sequence[str], size: float = FONT, bold: bool = False) -> float:
    """Returns the estimated width in points of the longest of some captions."""
    return (
        size
        * (1.12 if bold else 1.0)
        * max((sum(map(_character_width, caption)) for caption in captions), default=0.0)
    )


def _character_width(character: str) -> float:
    """Returns the width of a character as a share of the font size."""
    if character in _NARROW_CHARACTERS:
        return 0.36
    if character in _WIDE_CHARACTERS:
        return 0.98
    if not character.isascii():
        from wcwidth import wcwidth  # imported here because its tables take time to load

        columns = wcwidth(character)
        if columns != 1:
            return 0.49 * max(columns, 0)  # 2 for East Asian characters, 0 for accents
    return 0.7 if character.isupper() else 0.64


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Returns about `count` round numbers from `low` to `high`: multiples of 1, 2 or 5 times 10**n."""
    span = high - low
    if not 0 < span < math.inf:
        return [low]
    exact_step = span / count
    # Far below 1e-290 the powers of ten are subnormal numbers, which lose digits; then there are no round
    # numbers.
    unit = 10.0 ** math.floor(math.log10(exact_step)) if exact_step > 1e-290 else 0.0
    step = next((unit * factor for factor in (1, 2, 5) if unit * factor >= exact_step * 0.999), unit * 10)
    # The tolerance keeps a limit that is itself a tick: the quotient may be slightly above a whole number.
    first = math.ceil(low / step - 1e-9) if step else 0
    steps = [(first + index) * step for index in range(count + 2)]
    # If the step vanishes beside the numbers themselves, float64 cannot tell the ticks apart: only the ends
    # stay.
    return (
        [step_value for step_value in steps if step_value <= high + step * 1e-9]
        if step > abs(low) * 1e-12
        else [low, high]
    )


def tick_text(number: float) -> str:
    """Returns a number for an axis, in at most about six characters."""
    # Subnormal numbers are results of rounding around 0.
    shown = number if abs(number) > 1e-300 else 0.0
    digits = f"{shown:.6g}"
    return (digits if len(digits) <= 6 else f"{shown:.3g}").replace("-", "−")

"""The Spectrogram view: time to the right, frequency up, loudness as colour with its scale."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.palette import LOUDNESS
from hubexplore.display.values import numerics
from hubexplore.display.values.hover import MAX_CELLS, GridHover, Rect
from hubexplore.display.values.views.heatmap import draw_colour_scale
from hubexplore.display.values.views.plot import Figure, Texts, row_name
from hubexplore.display.values.views.sound import draw_time_axis
from hubexplore.display.values.views.svg_drawing import (
    WIDTH,
    SvgDrawing,
    coloured,
    round_ticks,
    tick_text,
    width_of,
)
from hubexplore.display.wording import counted
from hubexplore.summary.graph.sounds import Sound
from hubexplore.summary.tensor_values import Array

MAX_PICTURES: Final = 4
"""Maximum number of spectrograms on screen."""
_MAX_COLUMNS: Final = 400
"""Maximum number of columns of pixels; of more frames, each column has the loudest of several."""
_MAX_ROWS: Final = 160
_DECIBELS: Final = 80.0
"""Range of loudness that is shown of magnitudes: quieter parts are not heard beside the loudest."""
_FONT: Final = 9.0


def spectrograms(array: Array, rows: Texts, sound: Sound) -> Figure:
    """Draws spectrograms, real or complex [frames, bins], [rows, frames, bins] or [..., bins, 1].

    Magnitudes, which are never negative, are drawn in decibels: their numbers differ by factors. Logarithms
    are drawn as they are.
    """
    stack = np.abs(array) if array.dtype.kind == "c" else array
    if stack.ndim == 4 and stack.shape[3] == 1:
        stack = stack[..., 0]
    stack = stack.reshape(-1, *stack.shape[-2:])
    shown = numerics.drawable(numerics.as_floats(stack[:MAX_PICTURES]))
    shown, is_scaled = _decibels(shown)
    limits = numerics.limits_of(shown)
    parts, hovers = [], []
    for number, frames in enumerate(shown):
        name = row_name(rows, number) if len(stack) > 1 or rows else ""
        picture, hover = _draw(frames, limits, sound, name)
        parts.append(tag("div", *([tag("p", name, class_="note")] if name else []), picture))
        hovers.append(hover)
    notes = [
        f"{counted(stack.shape[1], 'frame')} of {counted(stack.shape[2], 'bin')}, the lowest at the bottom."
    ]
    if is_scaled:
        notes.append(f"Colours are decibels below the loudest, down to −{_DECIBELS:.0f}.")
    if len(stack) > len(shown):
        notes.append(f"… and {counted(len(stack) - len(shown), 'spectrogram')} more.")
    return Figure(join(*parts), tuple(hovers), " ".join(notes))


def _decibels(magnitudes: Array) -> tuple[Array, bool]:
    """Returns magnitudes in decibels relative to the loudest, and True; other numbers as they are."""
    low, high = numerics.limits_of(magnitudes)
    if low < 0 or high <= 0:
        return magnitudes, False
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = 20 * np.log10(magnitudes / high)
    return np.where(np.isnan(scaled), np.nan, np.clip(scaled, -_DECIBELS, 0)), True


def _draw(frames: Array, limits: tuple[float, float], sound: Sound, name: str) -> tuple[Markup, GridHover]:
    count, bins = frames.shape
    # [bins, frames] with the lowest bin in the last row.
    reduced = _loudest(_loudest(frames, _MAX_COLUMNS).T, _MAX_ROWS)[::-1]
    top_text, unit = _frequencies(bins, sound)
    ticks = round_ticks(0, top_text, 5)
    left = width_of([*map(tick_text, ticks), unit], _FONT) + 10
    right = 32 + width_of([tick_text(limit) for limit in limits], _FONT)
    area = (left, 14.0, WIDTH - left - right, 150.0)
    drawing = SvgDrawing(WIDTH, 188.0)
    low, high = limits
    drawing.pixels(*area, coloured(reduced, low, high, LOUDNESS))
    drawing.text(left - 6, 6, unit, "right", size=_FONT)
    for tick in ticks:
        drawing.text(
            left - 6, area[1] + area[3] * (1 - tick / (top_text or 1)), tick_text(tick), "right", size=_FONT
        )
    _draw_frames(drawing, area, count, sound)
    draw_colour_scale(drawing, (left + area[2] + 12, area[1], 9.0, area[3]), low, high, LOUDNESS)
    lasting = f"{sound.seconds:,.2f} s" if sound.seconds else counted(count, "frame")
    alt_text = (
        f"Spectrogram{f' of {name}' if name else ''}: {lasting} to the right, {counted(bins, 'bin')} up."
    )
    return drawing.picture(alt_text), _hover(drawing.box(*area), frames, sound)


def _frequencies(bins: int, sound: Sound) -> tuple[float, str]:
    """Returns the number at the top of the axis and its unit: kilohertz of a plain spectrum, else bins."""
    # A spectrum of 2n real samples has n + 1 bins, from 0 to half of the rate; filter banks have others.
    if sound.rate and bins > 32 and bins % 2:
        return sound.rate / 2000, "kHz"
    return float(bins), "bin"


def _draw_frames(drawing: SvgDrawing, area: Rect, count: int, sound: Sound) -> None:
    left, top, width, height = area
    if sound.seconds:
        draw_time_axis(drawing, (left, top + height, width), sound.seconds)
        return
    for step in round_ticks(0, count, 6):
        if step == int(step):
            x = left + width * step / count
            side = "right" if x > left + width - 12 else "center"
            drawing.text(x, top + height + 10, f"{int(step):,}", side, size=_FONT)  # type: ignore[arg-type]


def _loudest(numbers: Array, most: int) -> Array:
    """Returns at most `most` rows, each the loudest of several."""
    if len(numbers) <= most:
        return numbers
    starts = np.linspace(0, len(numbers), most, endpoint=False).astype(int)
    reduced: Array = np.fmax.reduceat(numbers, starts, axis=0)
    return reduced


def _hover(box: Rect, frames: Array, sound: Sound) -> GridHover:
    """Returns tooltips for blocks of frames and bins, the highest bin first."""
    rows, columns = min(frames.shape[1], 40), min(frames.shape[0], MAX_CELLS // 40)
    blocks = _loudest(_loudest(frames, columns).T, rows)[::-1]
    top, unit = _frequencies(frames.shape[1], sound)
    rows, columns = blocks.shape
    bins = [f"{(rows - 1 - row) * top / rows:.4g} {unit}" for row in range(rows)]
    lasting = sound.seconds or frames.shape[0]
    second = "s" if sound.seconds else "frames"
    times = [f"{column * lasting / columns:.3g} {second}" for column in range(columns)]
    texts = tuple(numerics.number_text(number) for number in blocks.reshape(-1).tolist())
    return GridHover(box, rows, columns, texts, tuple(bins), tuple(times))

"""The Sound view: waveforms to listen to, above their envelope over the time."""

from __future__ import annotations

import base64
import io
import wave
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.palette import BLUE
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control, Settings
from hubexplore.display.values.hover import GridHover
from hubexplore.display.values.views.lines import Columns, draw_value_axis, y_of
from hubexplore.display.values.views.plot import Figure, Texts, row_name
from hubexplore.display.values.views.svg_drawing import WIDTH, SvgDrawing, round_ticks, tick_text, width_of
from hubexplore.display.wording import counted
from hubexplore.summary.graph.sounds import USUAL_RATE, Sound
from hubexplore.summary.tensor_values import Array

RATE: Final = "rate"
MAX_SOUNDS: Final = 6
"""Maximum number of rows that have a player."""
MAX_BYTES: Final = 1_000_000
"""Maximum size in bytes of all players of a value: a saved notebook keeps them."""
_LOWEST: Final = 4_000
_HIGHEST: Final = 96_000
_FONT: Final = 9.0
# As wide as the picture below it.
_PLAYER_STYLE: Final = (
    f"display: block; width: {round(WIDTH * 4 / 3)}px; max-width: 100%; height: 36px; margin: 4px 0"
)
_INT16: Final = 32_767


def rows_of(array: Array) -> Array:
    """Returns waveforms as real numbers [rows, samples, channels].

    Args:
      array: [samples], [rows, samples] or [rows, samples, channels].
    """
    if array.ndim == 1:
        return array.reshape(1, -1, 1)
    return array[..., None] if array.ndim == 2 else array


def controls(sound: Sound) -> tuple[Control, ...]:
    """Returns the slider for the rate, which begins at the rate that is stated or usual."""
    rate = sound.rate or USUAL_RATE
    # A step that reaches 11,025 and 22,050 from 4,000.
    return (Control(RATE, "Rate in Hz", min(_LOWEST, rate), max(_HIGHEST, rate), rate, 25),)


def sounds(array: Array, rows: Texts, sound: Sound, settings: Settings) -> Figure:
    """Draws waveforms, real numbers as `rows_of` takes them, with a player for each."""
    stack = rows_of(array)
    shown = stack[:MAX_SOUNDS]
    (control,) = controls(sound)
    rate = round(control.at(settings))
    parts, hovers = [], []
    # 16 bits a sample, and four thirds of that in base64.
    most = MAX_BYTES * 3 // 4 // 2 // (len(shown) * stack.shape[2])
    for number, samples in enumerate(shown):
        name = row_name(rows, number) if len(stack) > 1 or rows else ""
        name = name if number < len(rows) or not name else f"row {name}"
        picture, hover = _envelope(samples[:, 0], rate, name or "Waveform")
        caption = (tag("p", name, class_="note"),) if name else ()
        parts.append(tag("div", *caption, player(samples[:most], rate, name), picture))
        hovers.append(hover)
    seconds = stack.shape[1] / rate
    notes = [f"{seconds:,.2f} s at {rate:,} Hz{'' if sound.rate else ', as nothing states the rate'}."]
    if stack.shape[1] > most:
        notes.append(f"The first {most / rate:,.1f} s can be played; the WAV file has all of it.")
    if len(stack) > len(shown):
        notes.append(f"… and {counted(len(stack) - len(shown), 'sound')} more.")
    if _divisor(stack) > 1 and stack.dtype.kind not in "iu":
        notes.append("Louder than 1: played as loud as can be.")
    return Figure(tag("div", *parts), tuple(hovers), " ".join(notes))


def player(samples: Array, rate: int, name: str = "") -> Markup:
    """Returns an audio element with a sound, real numbers [samples] or [samples, channels]."""
    data = base64.b64encode(wav(samples, rate)).decode()
    label = f"Player: {name}" if name else "Player"
    return tag(
        "audio", controls="", preload="metadata", aria_label=label, style=_PLAYER_STYLE,
        src=f"data:audio/wav;base64,{data}",
    )  # fmt: skip


def wav(samples: Array, rate: int) -> bytes:
    """Returns a sound as a WAV file of 16 bits; one that is louder than the format allows is scaled down."""
    floats = np.nan_to_num(numerics.as_floats(samples), nan=0.0, posinf=1.0, neginf=-1.0)
    numbers = np.round(floats / _divisor(samples) * _INT16).astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(numbers.shape[1] if numbers.ndim > 1 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(numbers.tobytes())
    return content.getvalue()


def _divisor(samples: Array) -> float:
    """What brings the numbers of a sound to -1 to 1."""
    low, high = numerics.limits_of(numerics.drawable(numerics.as_floats(samples)))
    loudest = max(abs(low), abs(high))
    if samples.dtype.kind in "iu":
        return max(float(_INT16 + 1), loudest)
    # Sounds of 16 bits as floats are up to 32,768 loud: their quiet parts stay quiet.
    return 1.0 if loudest <= 1 else loudest if loudest < 256 else max(float(_INT16 + 1), loudest)


def _envelope(samples: Array, rate: int, name: str) -> tuple[Markup, GridHover]:
    """Draws the lowest and highest number of each column of pixels over the time."""
    columns = Columns.of(samples[None])
    lows, highs = numerics.drawable(columns.lows[0]), numerics.drawable(columns.highs[0])
    loudest = max(map(abs, (*numerics.limits_of(lows), *numerics.limits_of(highs)))) or 1.0
    limits = (-loudest, loudest)
    steps = round_ticks(*limits, 4)
    left = width_of([tick_text(step) for step in steps], _FONT) + 10
    area = (left, 6.0, WIDTH - left - 4, 78.0)
    drawing = SvgDrawing(WIDTH, 104.0)
    draw_value_axis(drawing, area, steps, limits)
    count = len(columns.starts)
    x = left + (np.arange(count) + 0.5) * area[2] / count
    ends = np.stack([y_of(lows, area, limits), y_of(highs, area, limits)], axis=1)
    # Up in one column and down in the next: the line covers what the samples cover.
    ends[1::2] = ends[1::2, ::-1]
    drawing.line(np.repeat(x, 2), ends.reshape(-1), BLUE, 1.0)
    seconds = len(samples) / rate
    draw_time_axis(drawing, (area[0], area[1] + area[3], area[2]), seconds)
    times = [f"{start / rate:.3f} s" for start in columns.starts.tolist()]
    hover = GridHover(drawing.box(*area), 1, count, columns.texts(), (), tuple(times))
    low, high = numerics.limits_of(numerics.as_floats(samples))
    alt_text = f"{name}: {seconds:,.2f} s, {numerics.signed_text(low)} to {numerics.signed_text(high)}."
    return drawing.picture(alt_text), hover


def draw_time_axis(drawing: SvgDrawing, place: tuple[float, float, float], seconds: float) -> None:
    """Writes round times below a plot; `place` is the left end of its lower side, and its width."""
    left, bottom, width = place
    steps = round_ticks(0, seconds, 6)
    for step in steps:
        x = left + width * (step / seconds if seconds else 0)
        text = f"{tick_text(step)} s"
        half = width_of([text], _FONT) / 2
        # The last one would be cut at the border of the picture if it was centred.
        side = "right" if x + half > left + width + 4 else "center"
        drawing.text(min(x, left + width), bottom + 10, text, side, size=_FONT)  # type: ignore[arg-type]


def figures_html(array: Array, rate: int) -> Markup:
    """Returns players with envelopes for an input, as small as can be."""
    shown = rows_of(array)[:MAX_SOUNDS]
    most = MAX_BYTES * 3 // 4 // 2 // max(1, len(shown))
    parts = []
    for number, samples in enumerate(shown):
        name = f"sound {number}" if len(shown) > 1 else "sound"
        picture, _ = _envelope(samples[:, 0], rate, name)
        parts.append(tag("div", player(samples[:most, 0], rate, name), picture))
    return tag("div", *parts)

"""Several outputs of one axis in one plot: a forecast with its bounds, after the numbers that went in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.palette import PALE_BLUE, SCALE_INK, SCALE_LINE
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.hover import GridHover, Rect
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.series_colours import series_colours
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.views.lines import draw_value_axis, y_of
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, distinct_captions, row_name
from hubexplore.display.values.views.svg_drawing import (
    WIDTH,
    Side,
    SvgDrawing,
    captions,
    round_ticks,
    tick_text,
    width_of,
)
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Plot"
MAX_PLOTS: Final = 4
"""Maximum number of rows that have a plot."""
MAX_STEPS: Final = 2000
"""Maximum number of steps of an output: longer ones are signals, whose plots are of their own."""
_MIN_STEPS: Final = 3
MIN_CURVE: Final = 8
"""Minimum number of steps of which likeness says anything."""
_MIN_LIKENESS: Final = 0.3
"""From this correlation of neighbours on, a row is a curve."""
AHEAD: Final = frozenset({
    "ahead", "forecast", "forecasts", "future", "horizon", "next", "pred", "predicted", "prediction",
    "predictions", "yhat",
})  # fmt: skip
"""Words in names of outputs that go on with what went in."""
OF_ANOTHER_KIND: Final = frozenset({
    "attention", "embedding", "embeddings", "encoding", "features", "hidden", "latent", "logits",
    "probabilities", "scores", "state", "weights",
})  # fmt: skip
"""Words in names of outputs that are no series, whatever their shape."""
_SCORES: Final = frozenset({
    "logit", "logits", "prob", "probabilities", "probability", "probs", "score", "scores",
})  # fmt: skip
_MIN_SCORED: Final = 50
"""A series of up to as many steps may be a row of features, of which each has a class."""
_LOWER: Final = frozenset({"lower", "low", "min", "minimum", "lo"})
_UPPER: Final = frozenset({"upper", "high", "max", "maximum", "hi"})
_QUANTILE: Final = re.compile(r"(?:^|[^a-z])(?:q|p|quantile|percentile)_?(\d+(?:\.\d+)?)$", re.IGNORECASE)
_FONT: Final = 9.0


@dataclass(frozen=True)
class Bands:
    """Outputs [steps] or [rows, steps] over one axis.

    Attributes:
      members: the outputs, lines before bounds.
      lines: outputs that are lines, float [rows, steps] each, by name.
      band: lower and upper bound; None if there is none.
      history: what went in, float [rows, earlier steps]; None if nothing did that continues.
      beneath: what went in on the same axis, float [rows, steps]; None if nothing did.
    """

    members: tuple[Member, ...]
    lines: tuple[tuple[str, Array], ...]
    band: tuple[tuple[str, Array], tuple[str, Array]] | None = None
    history: tuple[str, Array] | None = None
    beneath: tuple[str, Array] | None = None

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        steps = max(array.shape[1] for _, array in self._all)
        return f"{counted(len(self.members), 'output')} over {counted(steps, 'step')}"

    @property
    def _all(self) -> tuple[tuple[str, Array], ...]:
        return (*self.lines, *(self.band or ()), *((self.beneath,) if self.beneath else ()))

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = distinct_captions(self.members[0].rows)
        count = len(self._all[0][1])
        figures, hovers = [], []
        for number in range(min(count, MAX_PLOTS)):
            picture, hover = self.plot(number, row_name(rows, number))
            title = tag("figcaption", row_name(rows, number))
            figures.append(tag("figure", picture, title, class_="plot") if count > 1 else picture)
            hovers.append(hover)
        left = count - len(figures)
        note = f"The first {len(figures)} of {count:,} rows." if left else ""
        names = [name for name, _ in self._all]
        steps = min(array.shape[1] for _, array in self._all)
        first_row = np.stack([array[0][:steps] for _, array in self._all], axis=1)
        grid = number_grid(first_row, [str(at) for at in range(steps)], names)
        return with_numbers(VIEW, Figure(join(*figures), tuple(hovers), note, grid), lambda: grid)

    def plot(self, number: int, name: str) -> tuple[Markup, GridHover]:
        """Draws a row, which has a name."""
        history = self.history[1][number] if self.history else np.zeros(0)
        steps = max(array.shape[1] for _, array in self._all)
        numbers = np.concatenate([history, *(array[number] for _, array in self._all)])
        low, high = numerics.limits_of(numerics.drawable(numbers))
        # Bounds are read by their distance: the axis need not contain 0.
        margin = (high - low) * 0.06 or 1.0
        low, high = low - margin, high + margin
        ticks = round_ticks(low, high, 6)
        left = width_of([tick_text(tick) for tick in ticks], _FONT) + 10
        area = (left, 8.0, WIDTH - left - 4, 150.0)
        legend = self._legend()
        drawing = SvgDrawing(WIDTH, 182.0 + 15 * -(-len(legend) // 2))
        size = len(history) + steps
        x = area[0] + (np.arange(size) + 0.5) * area[2] / size
        begin = len(history)
        if self.band:
            ends = [y_of(numerics.drawable(array[number]), area, (low, high)) for _, array in self.band]
            width = min(map(len, ends))
            drawing.band(x[begin : begin + width], ends[0][:width], ends[1][:width], PALE_BLUE)
        draw_value_axis(drawing, area, ticks, (low, high))
        if self.history:
            y = y_of(numerics.drawable(history), area, (low, high))
            drawing.line(x[:begin], y, SCALE_INK, 1.2)
        if self.beneath:
            y = y_of(numerics.drawable(self.beneath[1][number]), area, (low, high))
            drawing.line(x[begin : begin + len(y)], y, SCALE_INK, 1.0)
        colours = series_colours(range(len(self.lines)))
        for at, (_, array) in enumerate(self.lines):
            y = y_of(numerics.drawable(array[number]), area, (low, high))
            drawing.line(x[begin : begin + len(y)], y, colours[at], 1.6)
        places = [str(at - begin) for at in range(size)]
        self._draw_steps(drawing, area, begin, size)
        for at, (text, colour) in enumerate(
            zip(captions([text for text, _ in legend], 34), legend, strict=True)
        ):
            left_of, top = 12 + at % 2 * (WIDTH / 2), 186 + 15 * (at // 2)
            drawing.line([left_of, left_of + 22], [top, top], colour[1], 3.0)
            drawing.text(left_of + 28, top, text, size=_FONT)
        texts = tuple(self._text(number, at, history) for at in range(size))
        hover = GridHover(drawing.box(*area), 1, size, texts, (), tuple(places))
        alt_text = f"{name}: plot of {', '.join(text for text, _ in legend)} over {counted(steps, 'step')}"
        return drawing.picture(alt_text), hover

    def _draw_steps(self, drawing: SvgDrawing, area: Rect, begin: int, size: int) -> None:
        """Writes the numbers of the steps below the plot; 0 is the first one that came out."""
        left, top, width, height = area
        for step in round_ticks(-begin, size - begin - 1, 8):
            if step == int(step):
                x = left + (step + begin + 0.5) * width / size
                side: Side = "right" if x > left + width - 12 else "center"
                drawing.text(x, top + height + 10, tick_text(step), side, size=_FONT)
        if begin:
            x = left + begin * width / size
            drawing.line([x, x], [top, top + height], SCALE_LINE, 0.8, (3.0, 3.0))

    def _legend(self) -> list[tuple[str, str]]:
        colours = series_colours(range(len(self.lines)))
        entries = [(name, colours[at]) for at, (name, _) in enumerate(self.lines)]
        if self.band:
            first, last = (name for name, _ in self.band)
            stem = last.rpartition(" [")[0]
            # Columns of one output: its name once.
            is_one = bool(stem) and first.startswith(f"{stem} [")
            entries.append((f"{first} to {last.removeprefix(stem).lstrip() if is_one else last}", PALE_BLUE))
        given = [series for series in (self.history, self.beneath) if series is not None]
        return [*((name, SCALE_INK) for name, _ in given), *entries]

    def _text(self, number: int, at: int, history: Array) -> str:
        if at < len(history):
            return numerics.number_text(float(history[at]))
        step = at - len(history)
        return "; ".join(
            f"{name} {numerics.number_text(float(array[number][step]))}"
            for name, array in self._all
            if step < array.shape[1]
        )


def find(scene: Scene) -> Iterator[Group]:
    """Yields outputs of one axis: a lower and an upper bound, with what lies between them; forecasts."""
    yield from _scores_of_steps(scene)
    found = [
        (member, array)
        for member, array in scene.numbers()
        if is_number(array) and member.sound is None and member.shape != (None,)
    ]
    series = [
        (member, numerics.as_floats(np.atleast_2d(steps)))
        for member, array in found
        if (steps := _without_column(array)).ndim in (1, 2) and _MIN_STEPS <= steps.shape[-1] <= MAX_STEPS
    ]
    by_shape: dict[tuple[int, ...], list[tuple[Member, Array]]] = {}
    for member, array in series:
        by_shape.setdefault(array.shape, []).append((member, array))
    banded = [group for pairs in by_shape.values() if (group := _banded(scene, pairs)) is not None]
    yield from banded
    used = {member.name for group in banded for member in group.members}
    yield from _continued(scene, [pair for pair in series if pair[0].name not in used])


def _without_column(array: Array) -> Array:
    """Returns a series [rows, steps, 1] as [rows, steps]; other arrays unchanged."""
    return array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array


def _banded(scene: Scene, pairs: list[tuple[Member, Array]]) -> Bands | None:
    bounds = _bounds(pairs)
    if bounds is None:
        return None
    lower, upper = bounds
    between = [
        pair for pair in pairs if pair[0] not in (lower[0], upper[0]) and _lies(lower[1], pair[1], upper[1])
    ]
    members = (*(pair[0] for pair in between), lower[0], upper[0])
    return Bands(
        members,
        tuple((member.name, array) for member, array in between),
        ((lower[0].name, lower[1]), (upper[0].name, upper[1])),
        history_of(scene, len(lower[1])),
    )


def _continued(scene: Scene, series: list[tuple[Member, Array]]) -> Iterator[Bands]:
    """Yields what continues the one series that went in: forecasts, of several horizons or one."""
    by_rows: dict[int, list[tuple[Member, Array]]] = {}
    for member, array in series:
        by_rows.setdefault(len(array), []).append((member, array))
    for rows, pairs in by_rows.items():
        history = history_of(scene, rows)
        if history is None:
            continue
        further = [
            (member, array)
            for member, array in pairs
            # Rows of features, and what is predicted of them, are no series, whatever their lengths.
            if (member.words & AHEAD or _is_series(scene, history))
            # Ids of what is recommended are no series, nor are those of what was seen before.
            and (member.words & AHEAD or not (member.is_integer and _is_of_integers(scene, history[0])))
            # What is as long as the input may be on its axis: a filter, a reconstruction.
            and (array.shape[1] != history[1].shape[1] or member.words & AHEAD)
            and not member.words & OF_ANOTHER_KIND
            and _continues(history[1], array)
        ]
        if further:
            members = tuple(member for member, _ in further)
            yield Bands(members, tuple((member.name, array) for member, array in further), None, history)


def _is_series(scene: Scene, history: tuple[str, Array]) -> bool:
    """Returns whether the one input is a series: it has an axis for its one variable, or is a curve."""
    name, steps = history
    has_axis = any(
        member.name == name and member.array is not None and member.array.ndim == 3 for member in scene.inputs
    )
    return has_axis or (steps.shape[1] >= MIN_CURVE and is_curve(steps))


def _is_of_integers(scene: Scene, name: str) -> bool:
    return any(member.name == name and member.is_integer for member in scene.inputs)


def _scores_of_steps(scene: Scene) -> Iterator[Bands]:
    """Yields a score for each step of a long series that went in: the steps are places, not classes."""
    lengths = {
        given.shape
        for other in scene.inputs
        if (given := other.array) is not None
        and given.ndim == 2
        and given.dtype.kind == "f"
        and _MIN_SCORED < given.shape[1] <= MAX_STEPS
    }
    for member, array in scene.numbers():
        if array.shape in lengths and array.dtype.kind == "f" and member.words & _SCORES:
            yield Bands((member,), ((member.name, numerics.as_floats(array)),))


def _continues(history: Array, array: Array) -> bool:
    """Returns whether an output is in the units of the history, and a curve as it is."""
    return is_within_reach(history, array) and not numerics.add_up_to_one(array) and is_curve(array)


def is_within_reach(history: Array, array: Array) -> bool:
    """Returns whether an output is in the units of the history: not far from what its numbers are."""
    low, high = numerics.limits_of(numerics.drawable(history))
    reach = 1.5 * ((high - low) or abs(high) or 1.0)
    lowest, highest = numerics.limits_of(numerics.drawable(array))
    return low - reach <= lowest and highest <= high + reach


def is_curve(array: Array) -> bool:
    """Returns whether neighbours in rows [rows, steps] are alike; a few numbers always are."""
    if array.shape[1] < MIN_CURVE:
        return True
    rows = np.nan_to_num(numerics.drawable(array[:32]), posinf=0, neginf=0)
    centred = rows / (np.abs(rows).max() or 1.0)
    centred = centred - centred.mean(-1, keepdims=True)
    power = float((centred**2).sum())
    return float((centred[:, 1:] * centred[:, :-1]).sum()) >= _MIN_LIKENESS * power


def _bounds(pairs: list[tuple[Member, Array]]) -> tuple[tuple[Member, Array], tuple[Member, Array]] | None:
    """Returns the lower and the upper bound among outputs of one shape, if names and numbers agree."""
    quantiles = [
        (float(match[1]), pair) for pair in pairs if (match := _QUANTILE.search(pair[0].name)) is not None
    ]
    if len(quantiles) >= 2:
        quantiles.sort(key=lambda entry: entry[0])
        lower, upper = quantiles[0][1], quantiles[-1][1]
    else:
        low = [pair for pair in pairs if pair[0].words & _LOWER]
        high = [pair for pair in pairs if pair[0].words & _UPPER]
        if len(low) != 1 or len(high) != 1:
            return None
        lower, upper = low[0], high[0]
    return (lower, upper) if _lies(lower[1], upper[1], upper[1]) else None


def _lies(lower: Array, middle: Array, upper: Array) -> bool:
    with np.errstate(invalid="ignore"):
        slack = 1e-6 * (np.abs(upper) + np.abs(lower))
        return bool(((middle >= lower - slack) & (middle <= upper + slack)).mean() >= 0.99)


def history_of(scene: Scene, rows: int) -> tuple[str, Array] | None:
    """Returns the one input that is a series of numbers for each row, [rows, steps] or [rows, steps, 1]."""
    found = []
    for member in scene.inputs:
        array = member.array
        if array is None or not is_number(array) or not array.size:
            continue
        array = np.atleast_2d(_without_column(array))
        if array.ndim == 2 and len(array) == rows and _MIN_STEPS <= array.shape[1] <= MAX_STEPS:
            found.append((member.name, numerics.as_floats(array)))
    return found[0] if len(found) == 1 else None

"""Outputs [rows, steps, columns]: quantiles of a series, or the variables of one, each after its history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.together.bands import (
    AHEAD,
    MAX_STEPS,
    MIN_CURVE,
    OF_ANOTHER_KIND,
    VIEW,
    Bands,
    history_of,
    is_curve,
    is_within_reach,
)
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, distinct_captions, row_name
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

MAX_PLOTS: Final = 12
"""Maximum number of plots, each of a variable of a row."""
MAX_VARIABLES: Final = 64
"""Maximum number of variables of a series; more columns are those of an encoding."""
_MAX_COLUMNS: Final = 8
"""Maximum number of columns that are lines of one plot."""
_MIN_PICTURE: Final = 4
_IN_ORDER: Final = 0.99
_PLACES: Final = frozenset({
    "anchors", "bbox", "bboxes", "box", "boxes", "joints", "keypoints", "landmarks", "points", "pose",
})  # fmt: skip


@dataclass(frozen=True)
class Variables:
    """A series of several variables that goes on with the one that went in.

    Attributes:
      members: the one output, [rows, steps, variables].
      variables: each with its history; their scales differ, so that each has a plot of its own.
    """

    members: tuple[Member, ...]
    variables: tuple[Bands, ...]

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        ahead, history = self.variables[0].lines[0][1], self.variables[0].history
        before = f" after {history[1].shape[1]:,}" if history is not None else ""
        return f"{counted(len(self.variables), 'variable')} over {counted(ahead.shape[1], 'step')}{before}"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = distinct_captions(self.members[0].rows)
        count = len(self.variables[0].lines[0][1])
        shown = self.variables[:MAX_PLOTS]
        figures, hovers = [], []
        for number in range(min(count, max(1, MAX_PLOTS // len(shown)))):
            for at, variable in enumerate(shown):
                title = f"{row_name(rows, number)} · variable {at}" if count > 1 else f"variable {at}"
                picture, hover = variable.plot(number, title)
                figures.append(tag("figure", picture, tag("figcaption", title), class_="plot"))
                hovers.append(hover)
        drawn = len(figures) // len(shown)
        notes = [f"The first {drawn} of {count:,} rows."] if drawn < count else []
        if len(shown) < len(self.variables):
            notes.append(f"The first {len(shown)} of {counted(len(self.variables), 'variable')}.")
        lines = [variable.lines[0] for variable in self.variables]
        first_row = np.stack([array[0] for _, array in lines], axis=1)
        grid = number_grid(first_row, [str(at) for at in range(len(first_row))], [name for name, _ in lines])
        figure = Figure(join(*figures), tuple(hovers), " ".join(notes), grid)
        return with_numbers(VIEW, figure, lambda: grid)


def find(scene: Scene) -> Iterator[Group]:
    """Yields outputs [rows, steps, columns] whose columns are variables, quantiles or a few curves."""
    for member, array in scene.numbers():
        is_series = array.ndim == 3 and array.dtype.kind == "f" and array.shape[2] > 1
        if is_series and member.sound is None and not member.words & _PLACES:
            group = _group(scene, member, numerics.as_floats(array))
            if group is not None:
                yield group


def _group(scene: Scene, member: Member, array: Array) -> Group | None:
    rows, steps, count = array.shape
    given = _series_of_variables(scene, member, array)
    lines = [(f"{member.name} [{at}]", array[..., at]) for at in range(count)]
    if given is not None and _goes_on(given[1], member, array):
        variables = (
            Bands((member,), (line,), None, (f"{given[0]} [{at}]", given[1][..., at]))
            for at, line in enumerate(lines)
        )
        return Variables((member,), tuple(variables))
    is_narrow = count <= _MAX_COLUMNS and max(count, MIN_CURVE - 1) < steps <= MAX_STEPS
    # Two open dimensions, or many rows, are rather those of a picture.
    are_rows = rows < _MIN_PICTURE or (member.shape or (0, 0))[:2].count(None) == 1
    if not is_narrow or not are_rows:
        return None
    if given is not None:
        return Bands((member,), tuple(lines))
    history = history_of(scene, rows)
    with np.errstate(invalid="ignore"):
        is_ordered = count > 2 and bool((np.diff(array, axis=-1) >= 0).mean() >= _IN_ORDER)
    # Columns in order after a series are its quantiles, however it goes up and down.
    if not (is_ordered and history) and not all(is_curve(line) for _, line in lines):
        return None
    if is_ordered:
        return Bands((member,), tuple(lines[1:-1]), (lines[0], lines[-1]), history)
    return Bands((member,), tuple(lines), None, history)


def _series_of_variables(scene: Scene, member: Member, array: Array) -> tuple[str, Array] | None:
    """Returns the one input [rows, earlier steps, columns] that is a series of as many columns."""
    if member.words & OF_ANOTHER_KIND or array.shape[2] > MAX_VARIABLES:
        return None
    found = [
        (other.name, numerics.as_floats(given))
        for other in scene.inputs
        if (given := other.array) is not None
        and given.ndim == 3
        and given.dtype.kind == "f"
        and (len(given), given.shape[2]) == (len(array), array.shape[2])
        and MIN_CURVE <= given.shape[1] <= MAX_STEPS
    ]
    return found[0] if len(found) == 1 else None


def _goes_on(given: Array, member: Member, array: Array) -> bool:
    """Returns whether each variable of an output continues that of the input, in its units."""
    # What is as long as the input may be on its axis: a filter, a reconstruction.
    is_ahead = array.shape[1] != given.shape[1] or bool(member.words & AHEAD)
    return (
        is_ahead
        and array.shape[1] <= MAX_STEPS
        and all(is_within_reach(given[..., at], array[..., at]) for at in range(array.shape[2]))
    )

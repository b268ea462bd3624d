"""Outputs on the axis of the series that went in: what a filter, an autoencoder or a detector makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hubexplore.display.values import numerics
from hubexplore.display.values.together.bands import (
    AHEAD,
    MAX_STEPS,
    OF_ANOTHER_KIND,
    Bands,
    history_of,
    is_curve,
    is_within_reach,
)
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.summary.tensor_values import Array

MIN_STEPS: Final = 16
"""Minimum number of steps: shorter rows are those of a table."""


def find(scene: Scene) -> Iterator[Group]:
    """Yields the outputs [rows, steps] of the shape of the one series that went in.

    Those in its units share a plot with it; each of the others has a plot of its own. Rows in which
    neighbours are not alike, neither of the input nor of an output, are those of an encoding.
    """
    for rows in sorted({array.shape[0] for _, array in scene.numbers() if array.ndim == 2}):
        history = history_of(scene, rows)
        if history is None or not MIN_STEPS <= history[1].shape[1] <= MAX_STEPS:
            continue
        name, series = history
        found = [
            (member, numerics.as_floats(array))
            for member, array in scene.numbers()
            if array.shape == series.shape and _may_be_series(member, array)
        ]
        if not any(map(is_curve, (series, *(array for _, array in found)))):
            continue
        beside = [(member, array) for member, array in found if is_within_reach(series, array)]
        if beside:
            lines = tuple((member.name, array) for member, array in beside)
            members = tuple(member for member, _ in beside)
            yield Bands(members, lines, beneath=(f"{name} (input)", series))
        for member, array in found:
            if not is_within_reach(series, array):
                yield Bands((member,), ((member.name, array),))


def _may_be_series(member: Member, array: Array) -> bool:
    is_plain = array.dtype.kind == "f" and member.sound is None and not member.labels
    return is_plain and not member.words & (OF_ANOTHER_KIND | AHEAD)

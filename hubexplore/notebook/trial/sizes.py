"""Sizes for the dimensions that an input leaves open."""

from __future__ import annotations

from typing import Final

from hubexplore.notebook.trial.fields import IMAGE, SPARSE, Field

SIZES: Final = (2, 1, 3, 8, 16, 32, 64, 224, 299)
"""Tried in this order for an unknown dimension; 224 and 299 are of images."""

WORDS: Final = 6
"""Words in a row of text."""


def shape_for(field: Field, rows: int, size: int | None = None) -> tuple[int, ...]:
    """A full shape for a value of an input.

    Args:
      field: the input.
      rows: for an unknown first dimension.
      size: for the other unknown ones; None means the sides of an image, `WORDS` of a text, and else the
        first of `SIZES`.
    """
    if field.shape is None:
        # A list where anything goes; rows where rows are what it is about.
        behind = field.ragged_rank or (1 if field.kind == SPARSE else 0)
        return (rows, *[size or SIZES[0]] * behind)
    sides: dict[int, int] = {}
    if field.asks == IMAGE and size is None:
        sides = {1: field.height, 2: field.width}
    if field.dtype == "string" and size is None:
        sides = {1: WORDS}
    if field.asks == IMAGE:
        sides[3] = field.channels
    return tuple(
        own if own is not None else rows if place == 0 else sides.get(place, size or SIZES[0])
        for place, own in enumerate(field.shape)
    )


def is_open(field: Field) -> bool:
    """Whether a size would change the shape: a dimension behind the first is unknown."""
    return field.shape is not None and None in field.shape[1:]

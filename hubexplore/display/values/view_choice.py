"""Which views suit a value: a choice by dtype, shape and name.

The names of the views are labels of the panel, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.values import numerics
from hubexplore.display.values.complex_parts import CARTESIAN, POLAR
from hubexplore.display.values.value_kinds import are_picture_files, is_number, is_text
from hubexplore.summary.graph.sounds import MAX_CHANNELS, Sound
from hubexplore.summary.graph.sounds import SPECTROGRAM as SPECTROGRAM_KIND
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array, flat_of, kind_of

SCORES: Final = "Scores"
SIMILARITY: Final = "Similarity"
MAP: Final = "Map"
IMAGES: Final = "Images"
TILES: Final = "Tiles"
PLOT: Final = "Plot"
HEAT: Final = "Heat map"
TABLE: Final = "Table"
TEXT: Final = "Text"
ROWS: Final = "Rows"
NUMBERS: Final = "Numbers"
SLICES: Final = "Slices"
FILM: Final = "Film"
ONE_ROW: Final = "One row"
SOUND: Final = "Sound"
SPECTROGRAM: Final = "Spectrogram"
MOTION: Final = "Motion"

MAX_SIMILARITY_ROWS: Final = 200
"""Maximum number of rows for the similarity view, which compares each row with each."""
MAX_MAP_ROWS: Final = 20_000
"""Maximum number of rows for the map."""
MAX_COMPARED_NUMBERS: Final = 4_000_000
"""Maximum number of values for the similarity view and the map; more would take seconds."""
MAX_SCORE_CLASSES: Final = 20_000
"""Maximum number of classes for the scores."""
MIN_EMBEDDING_COLUMNS: Final = 16
"""Minimum number of columns that look like an embedding rather than a few numbers."""
MAX_FRAMES: Final = 24
"""Maximum number of slices or frames that are shown at once rather than with a slider."""
_SCORE_WORDS: Final = ("prob", "logit", "score", "softmax", "class", "prediction")
_MAX_LIKENESS: Final = 0.3
"""Up to this correlation of neighbours the numbers of a row are in no order."""
_MIN_HEARD: Final = 4_000
"""Minimum number of samples of what nothing but its numbers says to be sound."""
_FEW_COMPLEX: Final = 8
"""Up to this many complex numbers, the grid comes first."""
_MAX_COMPLEX_LINES: Final = 4
"""Up to this many rows of complex numbers are drawn as lines."""
_FEW_FRAMES: Final = 6
"""Up to this many frames a film is seen at once."""
_MIN_FRAMES: Final = 8
"""Minimum number of pictures that may be a film, where the shape does not say so."""
_MAX_FLAGS: Final = 12
"""Up to this many truth values in a row are read."""
_MAX_COMPARED: Final = 64
_NEAR: Final = 0.5
_HIGH_SCORE: Final = 0.5
"""The highest of the scores of classes of which several may be true is above this number."""
_LOW_SCORE: Final = 0.1
_MOST: Final = 0.5
"""More than this share of such scores is below `_LOW_SCORE`."""
_SMOOTH: Final = 0.5
"""Minimum correlation of neighbouring pixels of a motion."""
_AGAINST: Final = 0.8
"""Two numbers whose correlation is below minus this number are one number with two signs."""
_MIN_SLICE: Final = 16
"""Minimum side of the slices of a volume without an axis of channels."""
_MIN_MOTION_SIDE: Final = 16
"""Minimum height and width of what is drawn as motion."""
_MIN_IMAGE_SIDE: Final = 4
"""Minimum height and width in pixels of what is shown as an image."""
_MIN_MATRIX_COLUMNS: Final = 8
"""A matrix of fewer columns is read rather than looked at: the corners of boxes, for example."""
_MAX_READ_NUMBERS: Final = 64
"""Up to this many integers (ids, sizes, counts) are read one by one, so the grid comes first."""


def suitable_views(
    value: Any,
    *,
    name: str = "",
    labels: Sequence[str] = (),
    shape: Shape = None,
    sound: Sound | None = None,
    is_picture: bool = False,
) -> tuple[str, ...]:
    """Returns the names of the views that suit a value, best first; always at least one.

    Args:
      value: an array, SparseTensorValue or RaggedTensorValue.
      name: name of the output; "probabilities" is a hint where the shape allows scores.
      labels: names of the classes in the last dimension.
      shape: the shape that the signature declares. An open last dimension of a vector counts rows, not
        classes.
      sound: what is known of a value that is sound.
      is_picture: whether a matrix is a grey picture.
    """
    if kind_of(value) != "dense":
        return (ROWS,)
    array = flat_of(value)
    if is_text(array):
        return (IMAGES, TEXT, TABLE) if are_picture_files(array) else (TEXT, TABLE)
    if array.dtype.kind == "c" and array.ndim and array.size > 1:
        parts = (POLAR, CARTESIAN)
        # A few are read one by one.
        rest = (TABLE, *parts) if array.size <= _FEW_COMPLEX else (*parts, TABLE)
        return (*_sound_view(array, sound), *rest)
    if array.dtype.kind == "b" and array.ndim > 1 and (drawn := _picture_views(array.shape)):
        return (*drawn, TABLE)
    if not array.ndim or not is_number(array) or not array.size:
        # More truth values than a table shows are looked at.
        is_wide = array.dtype.kind == "b" and array.ndim == 2 and array.shape[1] > _MAX_FLAGS
        return (*((HEAT,) if is_wide and array.size else ()), TABLE if array.ndim else NUMBERS)
    heard = _sound_view(array, sound)
    if is_picture and array.ndim == 2:
        real: tuple[str, ...] = (IMAGES, HEAT, TABLE)
    else:
        real = _real_views(array, name, labels, () if heard else shape)
    return (*heard, *real)


def _real_views(array: Array, name: str, labels: Sequence[str], shape: Shape) -> tuple[str, ...]:
    """Returns the views of real numbers that are not heard."""
    if array.ndim == 1 and shape == (None,) and len(labels) != len(array):
        # A number for each row of the input.
        return (TABLE, PLOT) if array.size == 1 or _are_read(array) else (PLOT, TABLE)
    number_views = _number_views(array, name, labels)
    # Only with an open number of rows can the user add one.
    if number_views[0] == PLOT and shape is not None and shape[:1] == (None,) and _is_lone_embedding(array):
        return (ONE_ROW, *number_views)
    return number_views


def part_view(array: Array) -> str:
    """Returns the view for the real numbers that are a part of complex ones: one that is drawn."""
    if array.ndim == 3 and len(array) == 1:
        return HEAT
    if array.ndim > 2 and (drawn := [view for view in _picture_views(array.shape) if view != SLICES]):
        return drawn[0]
    return HEAT if array.ndim > 1 and math.prod(array.shape[:-1]) > _MAX_COMPLEX_LINES else PLOT


def _sound_view(array: Array, sound: Sound | None) -> tuple[str, ...]:
    """Returns the view of a value that is sound; none for others."""
    if sound is not None and sound.kind == SPECTROGRAM_KIND:
        is_stack = array.ndim in (2, 3) or (array.ndim == 4 and array.shape[3] == 1)
        sides = array.shape[1:3] if array.ndim > 2 else array.shape
        return (SPECTROGRAM,) if is_stack and min(sides) > 1 else ()
    if array.dtype.kind == "c":
        return ()
    if sound is not None or looks_like_sound(array):
        is_row = array.ndim in (1, 2) or (array.ndim == 3 and array.shape[2] <= MAX_CHANNELS)
        return (SOUND,) if is_row and array.shape[min(array.ndim, 2) - 1] > 1 else ()
    return ()


def looks_like_sound(array: Array) -> bool:
    """Returns whether floats swing about 0 within -1 to 1, neighbours alike, for a quarter of a second."""
    if array.dtype.kind != "f" or array.ndim not in (1, 2) or array.shape[-1] < _MIN_HEARD:
        return False
    row = numerics.as_floats(array.reshape(-1, array.shape[-1])[0])
    if not np.isfinite(row).all() or not -1.01 <= row.min() < 0 < row.max() <= 1.01:
        return False
    power = float((row**2).mean())
    likeness = float((row[1:] * row[:-1]).mean())
    return abs(float(row.mean())) < 0.1 * power**0.5 and likeness > _MAX_LIKENESS * power


def _number_views(array: Array, name: str, labels: Sequence[str]) -> tuple[str, ...]:
    """Returns the views of real numbers in one dimension or more."""
    # A single number is read; its plot would be one bar of full height.
    if array.size == 1 and array.ndim < 3:
        return (TABLE, PLOT)
    if array.ndim < 3:
        row_views = _row_views(array, name, labels)
        if _are_long_ids(array):
            # Ids are read one by one, however many; neither their sizes nor their products mean anything.
            return (ROWS, TABLE, *(view for view in (PLOT, HEAT) if view in row_views))
        # Moved to the front, not added: row_views has the grid already, as one of the last.
        return (TABLE, *(view for view in row_views if view != TABLE)) if _are_read(array) else row_views
    pictures = _picture_views(array.shape)
    if _is_motion(array, name):
        return (MOTION, *(pictures or (HEAT,)), TABLE)
    if array.ndim == 4 and IMAGES in pictures and _is_film(array):
        pictures = (FILM, *pictures)
    if array.ndim == 3 and IMAGES not in pictures and array.shape[2] < _MIN_MATRIX_COLUMNS:
        # How much each of some counts for each of others, as attention does, is looked at.
        are_shares = numerics.add_up_to_one(numerics.as_floats(array[:32]))
        first = (HEAT, TABLE) if array.shape[1] > 1 and are_shares else (TABLE, HEAT)
        return (*first, PLOT, *pictures)
    return (*pictures, *((HEAT,) if array.ndim == 3 else ()), PLOT, TABLE)


def _picture_views(shape: Sequence[int]) -> tuple[str, ...]:
    """Returns the views of values of rank 3 or more as images or tiles."""
    # [h, w, c] before [n, h, w]: a last dimension of 1, 3 or 4 is far more often channels than a width.
    if len(shape) == 3 and shape[2] in (1, 3, 4) and _is_picture(shape[:2]):
        return (IMAGES,)
    if len(shape) == 3 and _is_picture(shape[1:]):
        return (TILES,)
    if are_slices(shape):
        return (SLICES, TILES)
    if len(shape) == 4 and _is_picture(shape[1:3]):
        return (IMAGES, TILES) if shape[3] in (1, 3, 4) else (TILES,)
    return _stack_views(shape) if len(shape) > 4 and _is_picture(shape[-3:-1]) else ()


def are_slices(shape: Sequence[int]) -> bool:
    """Returns whether a shape is that of volumes: [rows, depth, side, side] with another depth.

    Pictures of many channels have equal sizes before the last one.
    """
    return len(shape) == 4 and shape[1] != shape[2] == shape[3] >= _MIN_SLICE and shape[1] >= _MIN_IMAGE_SIDE


def _stack_views(shape: Sequence[int]) -> tuple[str, ...]:
    """Returns the views of volumes and films, [..., height, width, channels] of rank 5 or more."""
    count, is_deep = math.prod(shape[:-3]), len(shape) == 5
    sliced = (SLICES,) if is_deep and shape[1] >= _MIN_IMAGE_SIDE else ()
    if shape[-1] not in (1, 3, 4):
        return sliced
    if shape[-1] == 1:
        return (IMAGES, *sliced) if count <= MAX_FRAMES else (*sliced, IMAGES)
    # Colours change with time, not with depth. A film of a few frames is seen at once.
    film = (FILM,) if is_deep and shape[1] > 1 else ()
    return (IMAGES, *film) if count <= _FEW_FRAMES else (*film, IMAGES)


def _is_film(array: Array) -> bool:
    """Returns whether pictures [frames, height, width, channels] are a film: neighbours are alike."""
    if len(array) < _MIN_FRAMES:
        return False
    step = [max(1, size // 16) for size in array.shape[1:3]]
    few = numerics.drawable(numerics.as_floats(array[:_MAX_COMPARED, :: step[0], :: step[1]]))
    few = np.nan_to_num(few, posinf=0, neginf=0)
    near = float(np.abs(few[1:] - few[:-1]).mean())
    # Half of the film apart: in a film that is far, among pictures as far as the next one.
    half = len(few) // 2
    far = float(np.abs(few[half:] - few[: len(few) - half]).mean())
    return 0 < near < _NEAR * far


def _is_motion(array: Array, name: str) -> bool:
    """Returns whether numbers [..., height, width, 2] are how far each pixel moves, right and down.

    They have both signs and change little from pixel to pixel. Scores of two classes are against each other.
    """
    is_field = array.ndim in (3, 4) and array.shape[-1] == 2 and array.dtype.kind == "f"
    if (
        not is_field
        or min(array.shape[-3:-1]) < _MIN_MOTION_SIDE
        or any(word in name.lower() for word in _SCORE_WORDS)
    ):
        return False
    field = numerics.as_floats(array.reshape(-1, *array.shape[-3:])[0])
    if not np.isfinite(field).all() or not field.min() < 0 < field.max():
        return False
    centred = field - field.mean((0, 1))
    power = (centred**2).sum((0, 1))
    likeness = [(centred[1:] * centred[:-1]).sum((0, 1)), (centred[:, 1:] * centred[:, :-1]).sum((0, 1))]
    against = float((centred[..., 0] * centred[..., 1]).sum())
    return bool(np.all(np.minimum(*likeness) >= _SMOOTH * power)) and against > -_AGAINST * float(
        np.sqrt(power.prod())
    )


def _are_read(array: Array) -> bool:
    """Returns whether numbers are few integers: bars of ids, such as classes, would be taken for scores."""
    return array.dtype.kind in "iu" and array.size <= _MAX_READ_NUMBERS


def _are_long_ids(array: Array) -> bool:
    """Returns whether a matrix may hold rows of ids: integers from 0 on that take more than a byte."""
    is_wide = array.ndim == 2 and array.size > _MAX_READ_NUMBERS and array.dtype.itemsize > 1
    return is_wide and array.dtype.kind in "iu" and bool(array.min() >= 0)


def _row_views(array: Array, name: str, labels: Sequence[str]) -> tuple[str, ...]:
    if array.ndim == 2:
        return _matrix_views(array, name, labels)
    return (*((SCORES,) if _is_scores(array[None], name, labels) else ()), PLOT, TABLE)


def _matrix_views(array: Array, name: str, labels: Sequence[str]) -> tuple[str, ...]:
    rows, columns = array.shape
    compared = _comparison_views(rows, columns)
    # Lines of more rows than there are colours cannot be told apart; a heat map can.
    rest = (PLOT, HEAT, TABLE) if rows <= 8 or columns == 1 else (HEAT, PLOT, TABLE)
    if _is_scores(array, name, labels):
        return (SCORES, *rest, *compared)
    # Any matrix may hold scores. The view comes last, for users who know that theirs does.
    possible = (SCORES,) if 1 < columns <= MAX_SCORE_CLASSES else ()
    # The columns of an embedding mean nothing by themselves, but distances between rows do.
    if columns >= MIN_EMBEDDING_COLUMNS and compared:
        return (*compared, *rest, *possible)
    return (*rest, *compared, *possible)


def _comparison_views(rows: int, columns: int) -> tuple[str, ...]:
    if rows < 2 or columns < 2 or rows * columns > MAX_COMPARED_NUMBERS:
        return ()
    similarity = (SIMILARITY,) if rows <= MAX_SIMILARITY_ROWS else ()
    # Two points always lie on a line: their map says nothing.
    return (*similarity, MAP) if 2 < rows <= MAX_MAP_ROWS else similarity


def _are_independent_scores(sample: Array) -> bool:
    """Returns whether rows of many floats from 0 to 1, [rows, columns], are few high ones among many near 0.

    Such are the scores of classes of which several may be true; those of an embedding are spread evenly.
    """
    if sample.ndim != 2 or sample.shape[-1] < MIN_EMBEDDING_COLUMNS:
        return False
    if not np.isfinite(sample).all() or sample.min() < 0 or sample.max() > 1:
        return False
    is_whole = bool(np.all(sample == np.round(sample)))
    return bool(sample.max() > _HIGH_SCORE and (sample < _LOW_SCORE).mean() > _MOST) and not is_whole


def _is_scores(array: Array, name: str, labels: Sequence[str]) -> bool:
    """Returns whether rows look like scores: the labels fit, the name says so, or the sum is 1."""
    columns = array.shape[-1]
    if not 1 < columns <= MAX_SCORE_CLASSES or array.dtype.kind in "iu":
        return False
    # Integers were excluded above: ids and counts have as many columns as classes now and then.
    if len(labels) == columns:
        return True
    # 32 rows decide: all of them would read an output of any size once more.
    sample = numerics.as_floats(array[:32])
    if numerics.add_up_to_one(sample) or _are_independent_scores(sample):
        return True
    with np.errstate(all="ignore"):
        # Detectors return ids of classes as floats.
        are_ids = bool(np.all(sample == np.round(sample)) and np.ptp(sample) > 1)
        # Logarithms of the chances of tokens are none of classes, whose chances add up to 1.
        are_tokens = bool(np.all(sample <= 0)) and "log" in name.lower() and "logit" not in name.lower()
        if are_tokens and not np.allclose(np.exp(sample).sum(-1), 1, atol=1e-3):
            return False
    return not are_ids and any(word in name.lower() for word in _SCORE_WORDS)


def _is_lone_embedding(array: Array) -> bool:
    """Returns whether an array is one row of many numbers of both signs in no order.

    The curve of such a row shows nothing. That of a signal or a forecast does: neighbours in it are alike.
    """
    if array.ndim != 2 or len(array) != 1 or not MIN_EMBEDDING_COLUMNS <= array.shape[1] <= MAX_SCORE_CLASSES:
        return False
    row = numerics.drawable(numerics.as_floats(array[0]))
    row = row / (np.abs(row).max() or 1.0)
    centred = row - row.mean()
    likeness = float((centred[1:] * centred[:-1]).sum())
    return bool(row.min() < 0 < row.max()) and likeness < _MAX_LIKENESS * float((centred**2).sum())


def _is_picture(sizes: Sequence[int]) -> bool:
    return min(sizes) >= _MIN_IMAGE_SIDE

"""Values for the features of a tf.Example: texts, categories, picture files, numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.inputs import pictures
from hubexplore.inputs.examples.example_kinds import RAMP, RANDOM, SENTENCES, ZEROS
from hubexplore.inputs.examples.text_examples import named_text, plain_text, says_prose
from hubexplore.inputs.external import picture_files
from hubexplore.inputs.graph_uses import Use
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from hubexplore.summary.tensor_values import Array

_SIDE: Final = 64


def scene(kind: str, number: int, random: np.random.Generator) -> Array:
    """Returns a small picture of a kind of example, float [height, width, 3] from 0.0 to 1.0."""
    if kind == ZEROS:
        return np.zeros([_SIDE, _SIDE, 3])
    if kind == RAMP:
        return np.broadcast_to(np.linspace(0, 1, _SIDE)[:, None], [_SIDE, _SIDE, 3])
    return random.random([_SIDE, _SIDE, 3]) if kind == RANDOM else pictures.scene(_SIDE, _SIDE, 3, number)


def values(feature: Feature, kind: str, random: np.random.Generator, number: int, turn: int = 0) -> list[Any]:
    """Returns the values of a feature: bytes, int or float.

    Args:
      feature: of a tf.Example.
      kind: of the example.
      random: draws the numbers of all kinds but zeros and ramps, and the texts of random examples.
      number: of the tf.Example, from 0.
      turn: number of the input among those of the signature.
    """
    if feature.dtype == "string":
        return [_content(feature, kind, random, number + at, turn) for at in range(feature.count)]
    numbers: Array = np.zeros(feature.count)
    if kind == RAMP:
        numbers = np.arange(feature.count) / max(feature.count - 1, 1)
    elif kind != ZEROS:
        numbers = random.random(feature.count)
    if feature.dtype == "int64":
        return [int(entry) for entry in np.round(numbers)]
    # They are shown as text, where three digits read better.
    return [round(float(entry), 3) for entry in numbers]


def _content(feature: Feature, kind: str, random: np.random.Generator, number: int, turn: int) -> bytes:
    if feature.picture:
        encoding = Encoding("image", picture=feature.picture, base64=feature.base64)
        return picture_files.encoded_picture(scene(kind, number, random), encoding)
    if kind == ZEROS:
        return b""
    if (named := named_text(feature.name, number)) is not None:
        return named
    written = kind if kind in (RANDOM, RAMP) else SENTENCES
    return plain_text(Use(is_category=not says_prose(feature.name)), written, number, random, turn)

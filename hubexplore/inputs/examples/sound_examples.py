"""The built-in sounds as examples: rows of samples, and WAV files."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from hubexplore.inputs import sounds
from hubexplore.inputs.external.sound_arrays import default_choice, scaled
from hubexplore.inputs.fields import Field
from hubexplore.summary.graph.sounds import USUAL_RATE
from hubexplore.summary.reading.string_inputs import Encoding
from hubexplore.summary.tensor_values import Array


def name_of(number: int) -> str:
    """Returns the name of the built-in sound for a row."""
    names = list(sounds.samples())
    return names[number % len(names)]


def waveforms(field: Field, shape: Sequence[int]) -> Array:
    """Returns the built-in sounds in turn, as a value of this shape for an input of sounds."""
    choice = default_choice(field)
    rows, length, channels = (1, *shape, 1) if len(shape) == 1 else (*shape, 1)[:3]
    made = [
        sounds.read_audio(f"{sounds.SAMPLE}{name_of(number)}", choice.rate, samples=length)
        for number in range(rows)
    ]
    stack = (
        np.repeat(np.stack(made)[..., None], channels, axis=2) if rows else np.zeros([0, length, channels])
    )
    return scaled(stack.astype(np.float32), field.numpy, choice.scale).reshape(shape)


def wav_file(number: int, encoding: Encoding) -> bytes:
    """Returns a built-in sound as a WAV file that the graph decodes."""
    rate = encoding.rate or USUAL_RATE
    content = sounds.wav(sounds.read_audio(f"{sounds.SAMPLE}{name_of(number)}", rate), rate)
    return base64.urlsafe_b64encode(content) if encoding.base64 else content

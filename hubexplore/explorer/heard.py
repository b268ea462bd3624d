"""Which outputs of a run are sound, at what rate: what the graph says, and what went in and came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.values.value_kinds import is_number
from hubexplore.display.values.view_choice import looks_like_sound
from hubexplore.inputs.external.sound_arrays import Sounds as SoundsEntered
from hubexplore.summary.graph.sounds import (
    MAX_CHANNELS,
    MIN_SAMPLES,
    SPECTROGRAM,
    WAVEFORM,
    Sound,
    Sounds,
    is_rate,
)
from hubexplore.summary.tensor_values import flat_of, kind_of

if TYPE_CHECKING:
    from hubexplore.explorer.runs import Run
    from hubexplore.inputs.input_value import InputValue

NO_SOUNDS: Final = Sounds()


def sounds_of(run: Run, sounds: Sounds) -> Mapping[str, Sound]:
    """Returns what is known of the outputs of a run that are sound, by name.

    Args:
      run: a finished run.
      sounds: which inputs and outputs of its signature are sound.
    """
    outputs = run.outputs or {}
    length, rate = _given(run.request.input_values, sounds)
    found = {}
    for name, value in outputs.items():
        sound = sounds.outputs.get(name)
        if sound is None and length and _samples(value) == length:
            # As long as the sound that went in: a filter, or the sound itself.
            sound = Sound(WAVEFORM)
        if sound is None and kind_of(value) == "dense" and looks_like_sound(flat_of(value)):
            sound = sounds.other
        if sound is None:
            continue
        stated = _stated({**run.request.inputs, **outputs}.get(sound.rate_name))
        known = stated or rate or sound.rate
        seconds = length / rate if length and rate and sound.kind == SPECTROGRAM else 0.0
        found[name] = replace(sound, rate=known, seconds=seconds)
    return found


def _given(entered: Mapping[str, InputValue], sounds: Sounds) -> tuple[int, int]:
    """The number of samples that went in, and their rate; zeros where no sound did."""
    for name, entry in entered.items():
        if isinstance(entry, SoundsEntered):
            # Sounds that the graph decodes are strings, which do not show how many samples they have.
            return _samples(entry.value), entry.choice.rate
        if name in sounds.inputs and _samples(entry.value):
            return _samples(entry.value), sounds.inputs[name].rate
    return 0, 0


def _samples(value: Any) -> int:
    """The number of samples of what may be waveforms; 0 for other values."""
    array = flat_of(value)
    if kind_of(value) != "dense" or not is_number(array) or not 1 <= array.ndim <= 3:
        return 0
    if array.ndim == 3 and array.shape[2] > MAX_CHANNELS:
        return 0
    length = array.shape[0] if array.ndim == 1 else array.shape[1]
    return length if length >= MIN_SAMPLES else 0


def _stated(value: Any) -> int:
    """The rate that a number states; 0 for anything else."""
    array = np.asarray(value if value is not None else 0)
    if array.size != 1 or array.dtype.kind not in "iuf":
        return 0
    number = float(array.reshape(()))
    return int(number) if np.isfinite(number) and is_rate(number) else 0

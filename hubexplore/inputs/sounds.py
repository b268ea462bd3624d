"""Sounds as arrays: files read at the rate that a module expects, and a few that hubexplore makes itself.

This module is public: the code that the explorer writes for a run imports it, and people keep that code. It
never imports TensorFlow; soundfile (libsndfile) and soxr are imported when a file is read. What a function
returns for the same arguments stays the same, so that the code reproduces the run.
"""

from __future__ import annotations

import functools
import io
import os
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.input_value import short
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["read_audio", "samples", "wav"]

Source = str | os.PathLike[str] | bytes | BinaryIO

SAMPLE: Final = "sample:"
"""Before the name of a built-in sound, in place of a path."""
MAX_NUMBERS: Final = 100_000_000
"""Maximum number of numbers that a file is decoded to: 38 minutes in stereo at 22,050 Hz."""
LIMITS: Final = (1_000, 1_000_000)
"""Lowest and highest rate, in samples in a second."""
_SAMPLE_RATE: Final = 22_050
SAMPLE_NAMES: Final = ("melody", "chirp", "vowels")
"""Names of the `samples`, which are made when the first of them is asked for."""
# What the resampler's filter needs beyond the last sample, in seconds.
_MARGIN: Final = 0.1


@dataclass(frozen=True)
class Recording:
    """What a file holds.

    Attributes:
      numbers: float32 [samples, channels], -1.0 to 1.0.
      rate: samples in a second.
      seconds: how long the file is, which may be more than was read.
    """

    numbers: Array
    rate: int
    seconds: float


def read_audio(
    file: Source, rate: int | None = None, *, samples: int | None = None, channels: int = 1
) -> npt.NDArray[np.float32]:
    """Reads a sound as a module takes it.

    Args:
      file: path, content or binary file in a format of libsndfile, such as WAV, FLAC, OGG or MP3; or
        `"sample:melody"` and so on for one of `samples()`.
      rate: samples in a second that are wanted; the sound is resampled. None keeps those of the file.
      samples: how many are wanted: what is longer is cut off, a shorter sound ends in silence. None for all.
      channels: 1 for the mean of all channels of the file; 2 repeats the channel of a mono file.

    Returns:
      float32 [samples], -1.0 to 1.0; [samples, channels] for more than one channel.

    Raises:
      SignatureError: the file is not a sound that can be read, or too long; or an argument is out of range.
      FileNotFoundError: there is no such file.
    """
    for number, name, (low, high) in (
        (rate, "rate", LIMITS), (samples, "samples", (1, MAX_NUMBERS)), (channels, "channels", (1, 2)),
    ):  # fmt: skip
        if number is not None and not low <= number <= high:
            raise SignatureError(f"{name} must be from {low:,} to {high:,}; got {number!r}.")
    needed = None if samples is None else (samples, rate)
    numbers: Array = fitted(decoded(file, needed), rate, samples, channels)
    return numbers


def decoded(file: Source, needed: tuple[int, int | None] | None = None) -> Recording:
    """Returns what a file holds.

    Args:
      file: as `read_audio` takes it.
      needed: how many samples at which rate are needed; None for all.

    Raises:
      SignatureError, FileNotFoundError: as `read_audio`.
    """
    name, source = _opened(file)
    try:
        import soundfile
    except (ImportError, OSError) as error:  # without libsndfile the import fails
        raise SignatureError(
            f"Sounds are read with the package soundfile, which is missing: {error}."
        ) from None
    try:
        with soundfile.SoundFile(source) as opened:
            frames, seconds = opened.frames, opened.frames / opened.samplerate
            if needed is not None:
                count, rate = needed
                frames = min(
                    frames, int((count / (rate or opened.samplerate) + _MARGIN) * opened.samplerate) + 1
                )
            # What a file says of its length is not true of every file: nothing is allocated for it.
            if frames * opened.channels > MAX_NUMBERS:
                raise SignatureError(
                    f"{name} is too long a sound: {seconds:,.0f} s. Cut it first, or read a part: samples=."
                )
            numbers = opened.read(frames, dtype="float32", always_2d=True)
            return Recording(numbers, int(opened.samplerate), seconds)
    except soundfile.SoundFileError as error:
        raise SignatureError(_unreadable(name, error)) from None


def fitted(recording: Recording, rate: int | None, samples: int | None, channels: int) -> Any:
    """Returns a recording at a rate, with a number of samples and channels; as `read_audio`."""
    numbers = recording.numbers
    if channels == 1:
        numbers = numbers.mean(axis=1, keepdims=True, dtype=np.float32)
    elif numbers.shape[1] == 1:
        numbers = numbers.repeat(channels, axis=1)
    else:
        numbers = numbers[:, :channels]
    if rate is not None and rate != recording.rate:
        import soxr

        numbers = np.asarray(soxr.resample(numbers, recording.rate, rate), np.float32)
    if samples is not None:
        numbers = np.pad(numbers[:samples], ((0, max(0, samples - len(numbers))), (0, 0)))
    return np.ascontiguousarray(numbers[:, 0] if channels == 1 else numbers)


def wav(numbers: Array, rate: int) -> bytes:
    """Returns a sound as a WAV file of 16 bits.

    Args:
      numbers: real numbers [samples] or [samples, channels], -1.0 to 1.0; what is louder is clipped. int16 is
        written as it is.
      rate: samples in a second.
    """
    array = np.asarray(numbers)
    if array.dtype != np.int16:
        louder = np.nan_to_num(array.astype(np.float64), posinf=1, neginf=-1)
        array = np.round(np.clip(louder, -1, 1) * 32767).astype(np.int16)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(array.shape[1] if array.ndim > 1 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array.astype("<i2").tobytes())
    return content.getvalue()


@functools.cache
def samples() -> Mapping[str, bytes]:
    """The built-in sounds: WAV files of about two seconds at 22,050 Hz, by name.

    Returns:
      A read-only mapping: "melody" (four notes), "chirp" (a tone that rises from 100 Hz to 5 kHz) and
      "vowels" (a synthetic voice: a, e, i, o, u).
    """
    drawn = (_melody(), _chirp(), _vowels())
    return MappingProxyType(
        {name: wav(0.8 * numbers, _SAMPLE_RATE) for name, numbers in zip(SAMPLE_NAMES, drawn, strict=True)}
    )


def _opened(file: Source) -> tuple[str, Any]:
    """Returns how messages call a file, and what soundfile opens."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return "This file", io.BytesIO(file)
    if isinstance(file, str) and file.startswith(SAMPLE):
        name = file.removeprefix(SAMPLE)
        if name not in samples():
            known = [f"{SAMPLE}{one}" for one in samples()]
            raise SignatureError(f"{short(file)!r} is not one of {', '.join(known)}.{closest(file, known)}")
        return repr(file), io.BytesIO(samples()[name])
    if isinstance(file, (str, os.PathLike)):
        # Opened here, so that a missing file is a FileNotFoundError: libsndfile calls it a system error.
        with open(file, "rb") as opened:
            return repr(short(os.path.basename(os.fspath(file)))), io.BytesIO(opened.read())
    return "This file", file


def _unreadable(name: str, error: Exception) -> str:
    reason = str(error).rpartition(": ")[2].rstrip(".")
    return (
        f"{name} cannot be read as a sound ({reason}). WAV, FLAC, OGG and MP3 can; convert others first, as "
        "with ffmpeg -i sound.m4a sound.wav."
    )


# ---- the built-in sounds


def _time(seconds: float) -> Array:
    return np.arange(round(seconds * _SAMPLE_RATE)) / _SAMPLE_RATE


def _faded(numbers: Array, seconds: float = 0.02) -> Array:
    """Fades in and out: a sound that begins at once begins with a click."""
    count = min(round(seconds * _SAMPLE_RATE), len(numbers) // 2)
    slope = np.linspace(0, 1, count)
    faded: Array = numbers * np.concatenate([slope, np.ones(len(numbers) - 2 * count), slope[::-1]])
    return faded


def _chirp() -> Array:
    t = _time(2.0)
    # The phase is the integral of a frequency that grows exponentially from 100 to 5,000 Hz.
    growth = np.log(50) / 2
    return _faded(np.sin(2 * np.pi * 100 * (np.exp(growth * t) - 1) / growth))


def _melody() -> Array:
    t = _time(0.5)
    notes = []
    for frequency in (261.63, 329.63, 392.0, 523.25):  # C, E, G, C
        overtones = sum(np.sin(2 * np.pi * frequency * k * t) / k**2 for k in (1, 2, 3, 4))
        notes.append(_faded(overtones * np.exp(-3 * t)))
    whole = np.concatenate(notes)
    return np.asarray(whole / np.abs(whole).max())


def _vowels() -> Array:
    # Frequencies of the first two formants of a male voice, in hertz.
    formants = ((730, 1090), (530, 1840), (270, 2290), (570, 840), (300, 870))
    t = _time(0.42)
    pitch = 118 + 6 * np.sin(2 * np.pi * 4.5 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / _SAMPLE_RATE
    spoken = []
    for first, second in formants:
        voice = np.zeros_like(t)
        for k in range(1, 60):
            frequency = 118 * k
            # Two resonances of 90 and 140 Hz width over the falling spectrum of the vocal cords.
            weight = 1 / (1 + ((frequency - first) / 90) ** 2) + 0.5 / (1 + ((frequency - second) / 140) ** 2)
            voice += (weight + 0.02) / k**0.5 * np.sin(k * phase)
        spoken.append(_faded(voice / np.abs(voice).max(), 0.05))
    return np.concatenate(spoken)

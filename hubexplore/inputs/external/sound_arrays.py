"""Sounds as the value of an input: read, resampled to its rate, cut or padded to its length."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.inputs import sounds
from hubexplore.inputs.external.picture_arrays import short_names
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.text import nested_lists
from hubexplore.summary.graph.sounds import USUAL_RATE
from hubexplore.summary.tensor_values import Array

Scale = Literal["-1 to 1", "-32768 to 32767"]

MAX_NUMBERS: Final = 100_000_000
"""Maximum number of values of all sounds together, as the module takes them."""
SUFFIXES: Final = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64")
"""Of names of files that hold sounds."""
_BEGINNINGS: Final = (b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"RF64", b"riff\x2e\x91\xcf\x11")
_LOUDEST: Final = 32768.0


@dataclass(frozen=True)
class SoundChoice:
    """How a sound becomes numbers.

    Attributes:
      rate: samples in a second.
      scale: the numbers for the loudest sound; int16 takes whole numbers, whatever this says.
    """

    rate: int = USUAL_RATE
    scale: Scale = "-1 to 1"


@dataclass(frozen=True)
class Sounds(InputValue):
    """Sounds for an input; `value` has one per row, or their WAV files where the graph decodes these.

    Attributes:
      names: names of the files.
      choice: how they became numbers.
      base64: whether they are WAV files in web-safe base64.
      are_samples: whether all of them are built-in (`sounds.samples()`).
      origin: what the files hold, such as "44,100 Hz, 2 channels, 3.2 s"; of the first one.
    """

    names: tuple[str, ...] = ()
    choice: SoundChoice = SoundChoice()
    base64: bool = False
    are_samples: bool = False
    origin: str = ""


def is_sound_file(content: bytes, name: str = "") -> bool:
    """Returns whether a file seems to hold sound, by its first bytes; MP3 without a header by its name."""
    if content[:4] == b"RIFF":
        return content[8:12] == b"WAVE"
    is_mp3 = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0
    return content.startswith(_BEGINNINGS) or (is_mp3 and name.lower().endswith(".mp3"))


def path_of(field: Field, value: Any) -> str | None:
    """Returns the path of a sound that a variable of the notebook holds; None for other values.

    A string is a path only where the input takes numbers: elsewhere it may be the value itself.
    """
    if not takes_sounds(field) or not isinstance(value, os.PathLike if field.encoded else (str, os.PathLike)):
        return None
    path = os.fspath(value)
    is_sound = isinstance(path, str) and path.lower().endswith(SUFFIXES)
    return str(path) if is_sound else None


def takes_sounds(field: Field) -> bool:
    """Returns whether an input takes sounds: as numbers, or as WAV files that the graph decodes."""
    return not field.problem and (field.sound is not None or field.encoded == "audio")


def default_choice(field: Field) -> SoundChoice:
    """Returns the initial choice for an input: the rate that the module states, or the usual one."""
    stated = field.encoding.rate or (field.sound.rate if field.sound is not None else 0)
    scale: Scale = "-32768 to 32767" if field.dtype == "int16" else "-1 to 1"
    return SoundChoice(stated or USUAL_RATE, scale)


def read_sounds(field: Field, files: Sequence[tuple[str, bytes]], choice: SoundChoice) -> Sounds:
    """Decodes sounds for an input.

    Args:
      field: an input that takes sounds.
      files: (name, content) of one or more files.
      choice: how they become numbers.

    Raises:
      SignatureError: a file is not a sound, damaged or too long; or there are too many or too few.
    """
    is_file = field.encoded == "audio"
    shape = field.shape if is_file or field.shape is not None else (None,)
    rows = (shape[0] if shape else 1) if is_file or len(shape or ()) > 1 else 1
    if not files or (rows is not None and rows != len(files)):
        expected = (
            "at least one sound" if rows is None else "one sound" if rows == 1 else f"exactly {rows} sounds"
        )
        raise SignatureError(f"Input {field.name!r} takes {expected}; got {len(files)}.")
    length, channels = _layout(field)
    read, origin = [], ""
    total = 0
    for name, content in files:
        try:
            needed = None if length is None else (length, choice.rate)
            recording = sounds.decoded(content, needed)
        except SignatureError as error:
            raise SignatureError(str(error).replace("This file", repr(short(name)), 1)) from None
        origin = origin or _origin(recording)
        read.append(sounds.fitted(recording, choice.rate, length, channels))
        total += read[-1].size
        if total > MAX_NUMBERS:
            raise SignatureError(
                f"These {len(files)} sounds are too long together: the limit is "
                f"{MAX_NUMBERS / 1e6:.0f} million samples. Cut them first, or choose fewer."
            )
    value = _files(field, read, choice.rate) if is_file else _numbers(field, read, choice)
    names = tuple(name for name, _ in files)
    return Sounds(
        value,
        picture=short_names(names),
        names=names,
        choice=choice,
        base64=field.encoding.base64,
        are_samples=all(sounds.samples().get(name) == content for name, content in files),
        contents=tuple(content for _, content in files),
        origin=origin,
    )


def waveforms(field: Field, entry: InputValue) -> tuple[Array, int] | None:
    """Returns a value as sounds to listen to, float or int16 [rows, samples], and their rate.

    Returns:
      None for a value that is no sound, such as strings that are not WAV files.
    """
    rate = entry.choice.rate if isinstance(entry, Sounds) else default_choice(field).rate
    array = np.asarray(entry.value)
    if field.encoded == "audio":
        rows = []
        for content in array.reshape(-1)[:8]:
            try:
                plain = base64.urlsafe_b64decode(content) if field.encoding.base64 else content
                recording = sounds.decoded(bytes(plain))
            except (SignatureError, TypeError, ValueError):
                return None
            rate = recording.rate
            rows.append(sounds.fitted(recording, None, None, 1))
        longest = max(map(len, rows), default=0)
        padded = [np.pad(row, (0, longest - len(row))) for row in rows]
        return (np.stack(padded), rate) if longest else None
    if array.dtype.kind not in "iufV" or not array.size:
        return None
    stack = array.reshape(1, -1) if array.ndim == 1 else array.reshape(len(array), array.shape[1], -1)[..., 0]
    stack = stack if stack.dtype == np.int16 else stack.astype(np.float32)
    if isinstance(entry, Sounds) and entry.choice.scale != "-1 to 1" and stack.dtype != np.int16:
        stack = stack / np.float32(_LOUDEST)
    return stack, rate


def _layout(field: Field) -> tuple[int | None, int]:
    """The number of samples that an input takes, None for any, and its channels."""
    if field.encoded == "audio" or not field.shape:
        return None, 1
    size = field.shape[0] if len(field.shape) == 1 else field.shape[1]
    return size, (field.shape[2] or 1) if len(field.shape) > 2 else 1


def _numbers(field: Field, read: Sequence[Any], choice: SoundChoice) -> Any:
    """The sounds as rows of the dtype of the input; shorter ones end in silence."""
    longest = max(map(len, read))
    rows = [np.pad(row, ((0, longest - len(row)), *[(0, 0)] * (row.ndim - 1))) for row in read]
    stack = scaled(np.stack(rows), field.numpy, choice.scale)
    shape = field.shape or (None,)
    if len(shape) == 1:
        return stack[0]
    return stack[..., None] if len(shape) == 3 and stack.ndim == 2 else stack


def scaled(stack: Array, dtype: np.dtype[Any], scale: Scale) -> Array:
    """Returns numbers from -1 to 1 in a dtype and scale."""
    if dtype == np.int16:
        return np.clip(np.round(stack * _LOUDEST), -32768, 32767).astype(np.int16)
    return (stack * np.float32(_LOUDEST) if scale != "-1 to 1" else stack).astype(dtype)


def _files(field: Field, read: Sequence[Any], rate: int) -> Any:
    value = np.empty(len(read), object)
    for number, row in enumerate(read):
        content = sounds.wav(row, rate)
        value[number] = base64.urlsafe_b64encode(content) if field.encoding.base64 else content
    return nested_lists.shaped(field, value)


def _origin(recording: sounds.Recording) -> str:
    channels = recording.numbers.shape[1]
    heard = "mono" if channels == 1 else f"{channels} channels"
    return f"{recording.rate:,} Hz, {heard}, {recording.seconds:.1f} s"

"""What is sound is heard and seen: players, envelopes, spectrograms, WAV files."""

from __future__ import annotations

import base64
import io
import re
import wave
import zipfile
from typing import Any

import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values import sound_files
from hubexplore.display.values.views import sound as sound_view
from hubexplore.display.values.views import spectrogram
from hubexplore.summary.graph.sounds import SPECTROGRAM, WAVEFORM, Sound

T = np.arange(16_000) / 16_000
TONE = (0.5 * np.sin(2 * np.pi * 440 * T)).astype(np.float32)
HEARD = Sound(WAVEFORM, 16_000)


def played(html: str) -> list[tuple[int, Any]]:
    """Rate and samples of each player."""
    found = []
    for data in re.findall(r"data:audio/wav;base64,([^\"]+)", html):
        with wave.open(io.BytesIO(base64.b64decode(data))) as read:
            frames = np.frombuffer(read.readframes(read.getnframes()), "<i2")
            found.append((read.getframerate(), frames.reshape(-1, read.getnchannels())))
    return found


@pytest.mark.parametrize("shape", [(16_000,), (1, 16_000), (1, 16_000, 1)])
def test_a_player_for_each_row(shape: tuple[int, ...]) -> None:
    shown = values.render(TONE.reshape(shape), heard=HEARD)
    assert shown.view == "Sound"
    ((rate, samples),) = played(shown.html)
    assert rate == 16_000
    np.testing.assert_allclose(samples[:, 0] / 32767, TONE, atol=1e-4)
    assert "1.00 s at 16,000 Hz." in shown.html
    assert len(shown.hovers) == 1


def test_stereo_and_sounds_of_16_bits() -> None:
    stereo = np.stack([TONE * 32767, 0 * TONE], 1)[None].astype(np.int16)
    ((_, samples),) = played(values.render(stereo, heard=HEARD).html)
    assert samples.shape == (16_000, 2)
    assert abs(int(samples[:, 0].max()) - 16383) < 3


@pytest.mark.parametrize("factor", [3.0, 20_000.0])
def test_what_is_louder_than_a_file_allows_is_scaled_down(factor: float) -> None:
    shown = values.render(factor * TONE, heard=HEARD)
    ((_, samples),) = played(shown.html)
    assert 9_000 < samples.max() <= 32767
    assert "played as loud as can be" in shown.html


def test_numbers_that_are_none() -> None:
    odd = TONE.copy()
    odd[10], odd[20] = np.nan, np.inf
    assert played(values.render(odd, heard=HEARD).html)


def test_a_player_is_bounded() -> None:
    shown = values.render(np.tile(TONE, 60), heard=HEARD)
    assert len(shown.html) < 1.3 * sound_view.MAX_BYTES
    assert "The first 23.4 s can be played" in shown.html


def test_the_reader_sets_the_rate() -> None:
    (control,) = values.controls(TONE, "Sound", Sound())
    assert (control.value, control.low, control.high) == (16_000, 4_000, 96_000)
    shown = values.render(TONE, heard=Sound(), settings={"rate": 8_000.0})
    assert played(shown.html)[0][0] == 8_000
    assert "2.00 s at 8,000 Hz, as nothing states the rate." in shown.html
    name, content = sound_files.wav_files(TONE, "y", Sound(), {"rate": 8_000.0})
    with wave.open(io.BytesIO(content)) as read:
        assert (name, read.getframerate(), read.getnframes()) == ("y.wav", 8_000, 16_000)


def test_several_files_are_an_archive() -> None:
    name, content = sound_files.wav_files(np.stack([TONE, TONE]), "y", HEARD, {})
    assert name == "y.zip"
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["y_0.wav", "y_1.wav"]


def test_without_a_word_only_what_swings_like_a_sound_is_one() -> None:
    random = np.random.default_rng(0)
    assert values.suitable_views(TONE[None])[0] == "Sound"
    trend = np.linspace(0, 1, 16_000)
    for other in (random.normal(size=[1, 16_000]), trend[None], TONE[None, :2_000], TONE[None] + 0.7):
        assert "Sound" not in values.suitable_views(other.astype(np.float32))


@pytest.mark.parametrize("shape", [(50, 129), (1, 50, 129), (1, 50, 129, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_spectrograms(shape: tuple[int, ...], dtype: Any) -> None:
    value = np.random.default_rng(0).random(shape).astype(dtype)
    shown = values.render(value, heard=Sound(SPECTROGRAM, 16_000, seconds=2.0))
    assert shown.view == "Spectrogram"
    assert "50 frames of 129 bins, the lowest at the bottom." in shown.html
    assert "decibels" in shown.html


def test_time_is_to_the_right_and_frequency_up() -> None:
    frames = np.zeros([20, 129])
    frames[15, 100] = 1  # late and high
    figure = spectrogram.spectrograms(frames, (), Sound(SPECTROGRAM, 16_000, seconds=2.0))
    (hover,) = figure.hovers
    assert isinstance(hover, values.GridHover)
    row, column = divmod(int(np.argmax([float(text) for text in hover.values])), hover.columns)
    assert (row, column) == (40 - 1 - 31, 15)
    assert hover.row_captions[row] == "6.2 kHz"
    assert hover.column_captions[column] == "1.5 s"


def test_logarithms_are_not_taken_again() -> None:
    shown = values.render(np.random.default_rng(0).normal(size=[50, 64]), heard=Sound(SPECTROGRAM))
    assert "decibels" not in shown.html

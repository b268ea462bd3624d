"""Sounds as numbers: read in any format, resampled, cut and padded; and as the value of an input."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import hubexplore
from hubexplore.errors import SignatureError
from hubexplore.inputs import sounds
from hubexplore.inputs.external import sound_arrays, sources
from hubexplore.inputs.external.sound_arrays import SoundChoice
from hubexplore.inputs.fields import Field
from tests.inputs.fields_of import field

RATE = 16_000
T = np.arange(RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 440 * T)


def file(numbers: Any, rate: int = RATE, form: str = "WAV", subtype: str | None = None) -> bytes:
    """The content of a file of a sound."""
    content = io.BytesIO()
    soundfile.write(content, numbers, rate, format=form, subtype=subtype)
    return content.getvalue()


def audio(dtype: str, *shape: int | None) -> Field:
    return field(dtype, shape, name="audio")


def pitch(numbers: Any, rate: int) -> float:
    """The loudest frequency of a sound in hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(numbers))) * rate / len(numbers))


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("FLAC", None), ("OGG", "VORBIS"), ("MP3", None)],
)
def test_formats(form: str, subtype: str | None) -> None:
    read = sounds.read_audio(file(TONE, form=form, subtype=subtype), RATE)
    assert read.dtype == np.float32
    assert pitch(read, RATE) == pytest.approx(440, abs=2)
    assert sound_arrays.is_sound_file(file(TONE, form=form, subtype=subtype), f"x.{form.lower()}")


def test_a_path_an_open_file_and_a_name(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(file(TONE))
    with path.open("rb") as opened:
        assert len(sounds.read_audio(opened)) == RATE
    assert len(hubexplore.read_audio(path)) == len(sounds.read_audio(str(path))) == RATE
    assert len(sounds.read_audio("sample:chirp", 8_000)) == 16_000
    with pytest.raises(FileNotFoundError):
        sounds.read_audio(tmp_path / "none.wav")
    with pytest.raises(SignatureError, match="Did you mean 'sample:melody'"):
        sounds.read_audio("sample:melodie")


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_the_pitch_stays_at_another_rate(rate: int) -> None:
    read = sounds.read_audio(file(TONE), rate)
    assert len(read) == rate
    assert pitch(read, rate) == pytest.approx(440, abs=1)


def test_lengths_and_channels() -> None:
    stereo = file(np.stack([TONE, 0 * TONE], 1))
    np.testing.assert_allclose(sounds.read_audio(stereo), TONE / 2, atol=1e-4)
    both = sounds.read_audio(stereo, channels=2)
    assert both.shape == (RATE, 2)
    assert np.abs(both[:, 1]).max() == 0
    longer = sounds.read_audio(file(TONE), samples=20_000)
    assert longer.shape == (20_000,)
    assert not longer[RATE:].any()
    # What is cut off does not matter: only the beginning is read.
    whole = sounds.read_audio(file(TONE), 8_000)
    np.testing.assert_array_equal(sounds.read_audio(file(TONE), 8_000, samples=2_000), whole[:2_000])


@pytest.mark.parametrize("content", [b"", b"text", b"RIFF\xff\xff\xff\x7fWAVEfmt ", file(TONE)[:30]])
def test_what_is_no_sound(content: bytes) -> None:
    with pytest.raises(SignatureError, match=r"^This file cannot be read as a sound \(.*ffmpeg"):
        sounds.read_audio(content)


def test_what_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "MAX_NUMBERS", 10_000)
    with pytest.raises(SignatureError, match="too long a sound: 1 s"):
        sounds.read_audio(file(TONE))
    assert len(sounds.read_audio(file(TONE), samples=100)) == 100


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"samples": 0}, {"channels": 6}])
def test_arguments_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(SignatureError, match=next(iter(wrong))):
        sounds.read_audio(file(TONE), **wrong)


def test_wav() -> None:
    with wave.open(io.BytesIO(sounds.wav(np.array([0.0, 1.0, -2.0, np.nan]), 8_000))) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (8_000, 1, 2)
        assert np.frombuffer(read.readframes(4), "<i2").tolist() == [0, 32767, -32767, 0]


def test_an_import_does_not_pay_for_it() -> None:
    code = (
        "import sys, hubexplore.inputs.sounds, hubexplore.notebook.panel.fields.sound_field\n"
        "print({'soundfile', 'soxr'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("shape", "made"),
    [
        ((None,), (RATE,)), ((8_000,), (8_000,)), ((None, None), (1, RATE)), ((1, 20_000), (1, 20_000)),
        ((None, None, 1), (1, RATE, 1)), ((None, None, 2), (1, RATE, 2)),
    ],
)  # fmt: skip
def test_values(shape: tuple[int | None, ...], made: tuple[int, ...]) -> None:
    for dtype in ("float32", "float64", "int16"):
        value = sound_arrays.read_sounds(audio(dtype, *shape), [("a", file(TONE))], SoundChoice()).value
        assert value.shape == made
        assert value.dtype == dtype
        loud = 0.5 * 32768 if dtype == "int16" else 0.5
        assert np.abs(value).max() == pytest.approx(loud, rel=0.01)


def test_several_sounds_end_in_silence() -> None:
    files = [("a", file(TONE)), ("b", file(TONE[:4_000]))]
    value = sound_arrays.read_sounds(audio("float32", None, None), files, SoundChoice()).value
    assert value.shape == (2, RATE)
    assert not value[1, 4_000:].any()
    with pytest.raises(SignatureError, match="takes one sound; got 2"):
        sound_arrays.read_sounds(audio("float32", None), files, SoundChoice())


def test_scale_and_rate() -> None:
    choice = SoundChoice(8_000, "-32768 to 32767")
    read = sound_arrays.read_sounds(audio("float32", None), [("a.wav", file(TONE))], choice)
    assert read.value.shape == (8_000,)
    assert np.abs(read.value).max() == pytest.approx(16384, rel=0.01)
    assert read.origin == "16,000 Hz, mono, 1.0 s"
    heard = sound_arrays.waveforms(audio("float32", None), read)
    assert heard is not None
    assert heard[1] == 8_000
    assert np.abs(heard[0]).max() == pytest.approx(0.5, rel=0.01)


def test_a_path_in_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(file(TONE))
    names = {"tone": path, "text": str(path), "other": tmp_path / "x.txt", "none": tmp_path / "none.wav"}
    asked = audio("float32", None, RATE)
    assert sources.variables(asked, names) == ["none", "text", "tone"]
    for name in ("tone", "text"):
        read = sources.from_variable(asked, names, name)
        assert isinstance(read, sound_arrays.Sounds)
        assert read.value.shape == (1, RATE)
    with pytest.raises(SignatureError, match="Variable 'none': the file cannot be read: No such file"):
        sources.from_variable(asked, names, "none")
    assert sources.variables(field("float32", (None, 3)), names) == []


def test_a_file_that_is_dropped_on_the_form() -> None:
    read = sources.read_file(audio("float32", None, RATE), "tone.flac", file(TONE, form="FLAC"))
    assert isinstance(read, sound_arrays.Sounds)
    assert read.value.shape == (1, RATE)
    with pytest.raises(SignatureError, match=r"^'bad.wav' cannot be read as a sound"):
        sources.read_file(audio("float32", None, RATE), "bad.wav", b"RIFF\0\0\0\0WAVE")

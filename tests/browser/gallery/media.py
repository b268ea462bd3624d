"""Exhibits: sounds in and out, spectrograms, films."""

from __future__ import annotations

import re
from pathlib import Path

import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.panel import Panel

tf1 = tf.compat.v1
RATE = 16_000


def gate() -> None:
    """Keeps what is loud of a sound, frequency by frequency."""
    samples = tf1.placeholder(tf.float32, [None, None], "samples")
    spectrum = tf.signal.stft(samples, 400, 160, 512)
    loud = tf.cast(tf.abs(spectrum) > 4.0, tf.complex64)
    sound = tf.signal.inverse_stft(spectrum * loud, 400, 160, 512)
    hub.add_signature("default", {"samples": samples}, {"sound": sound})


def voice_in(panel: Panel, folder: Path) -> None:
    panel.choose("Built-in sound", "vowels")
    expect(panel.node).to_contain_text("16,000 Hz, from 22,050 Hz, mono, 2.1 s")


def check_sound(panel: Panel) -> None:
    sound = panel.output("sound")
    expect(sound.locator("audio")).to_have_count(1)
    expect(sound).to_contain_text("2.10 s at 16,000 Hz.")
    expect(sound.get_by_role("button", name="Download sound as WAV")).to_be_visible()


def listener() -> None:
    """Returns what a sound consists of: its spectrum over the time, in hertz and in mels."""
    samples = tf1.placeholder(tf.float32, [None], "samples")
    magnitudes = tf.abs(tf.signal.stft(samples, 512, 160, 512))
    to_mels = tf.signal.linear_to_mel_weight_matrix(64, 257, RATE, 60.0, 7600.0)
    mels = tf.math.log(tf.tensordot(magnitudes, to_mels, 1) + 1e-3)
    hub.add_signature("default", {"samples": samples}, {"spectrum": magnitudes, "mels": mels})


def check_spectrogram(panel: Panel) -> None:
    for name in ("spectrum", "mels"):
        expect(panel.output(name).get_by_label("View")).to_have_value("Spectrogram")
        expect(panel.output(name).get_by_role("img")).to_be_visible()


def echo() -> None:
    """Mixes each frame of a film with the one before."""
    clip = tf1.placeholder(tf.float32, [None, 16, 64, 96, 3], "clip")
    before = tf.concat([clip[:, :1], clip[:, :-1]], 1)
    hub.add_signature("default", {"clip": clip}, {"echo": (clip + before) / 2})


def film_in(panel: Panel, folder: Path) -> None:
    panel.fill("Sample film", rows=1)


def check_film(panel: Panel) -> None:
    film = panel.output("echo")
    expect(film.get_by_role("button", name="Play: Frame")).to_be_visible()
    expect(film).to_contain_text(re.compile("Frame 0 of 16"))


EXHIBITS = (
    Exhibit(
        "sound", "Sounds in and out",
        "A file, the microphone or a built-in sound, at the rate of the module; the result can be played.",
        gate, voice_in, check_sound,
    ),
    Exhibit(
        "spectrogram", "Spectrograms",
        "Time is to the right and frequency up; colours are decibels.",
        listener, voice_in, check_spectrogram,
    ),
    Exhibit(
        "film", "A film",
        "A film is one frame with a slider and a button that plays it.",
        echo, film_in, check_film,
    ),
)  # fmt: skip

"""Modules that take and return sounds."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.panel import Panel

tf1 = tf.compat.v1
RATE = 16_000


def spectra(waveforms: tf.Tensor) -> tf.Tensor:
    return tf.signal.stft(waveforms, 400, 160, 512)


def cleaner() -> None:
    """Leaves out what is quiet."""
    waveforms = tf1.placeholder(tf.float32, [None, None], "waveforms")
    spectrum = spectra(waveforms)
    loud = tf.cast(tf.abs(spectrum) > 1.0, tf.complex64)
    hub.add_signature(
        "default",
        {"waveforms": waveforms},
        {"cleaned": tf.signal.inverse_stft(spectrum * loud, 400, 160, 512)},
    )


def melody_in(panel: Panel, folder: Path) -> None:
    panel.upload(folder / "melody.wav")
    expect(panel.node.locator("audio")).to_have_count(1)


def check_sound(panel: Panel) -> None:
    sound = panel.output("cleaned")
    expect(sound.locator("audio")).to_have_count(1)
    expect(sound.get_by_role("img").first).to_be_visible()


def listener() -> None:
    """Returns the loudness of each pitch over time."""
    waveform = tf1.placeholder(tf.float32, [None], "waveform")
    weights = tf.signal.linear_to_mel_weight_matrix(64, 257, RATE, 60.0, 7600.0)
    mel = tf.tensordot(tf.abs(spectra(waveform)), weights, 1)
    hub.add_signature("default", {"waveform": waveform}, {"log_mel": tf.math.log(mel + 1e-3)})


def check_spectrogram(panel: Panel) -> None:
    spectrogram = panel.output("log_mel")
    expect(spectrogram.get_by_label("View")).to_have_value("Spectrogram")
    expect(spectrogram.get_by_role("img").first).to_be_visible()


EXHIBITS = (
    Exhibit(
        "audio", "A sound in, a sound out",
        "A file is resampled to what the module takes; what comes out has a player and its envelope.",
        cleaner, melody_in, check_sound,
    ),
    Exhibit(
        "spectrogram", "A spectrogram",
        "A spectrogram is a picture with time to the right and the pitch upwards.",
        listener, melody_in, check_spectrogram,
    ),
)  # fmt: skip

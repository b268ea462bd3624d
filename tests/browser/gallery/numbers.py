"""Modules that take or return series, tables and unusual numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery.drawings import waves
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.panel import Panel

tf1 = tf.compat.v1


def forecaster() -> None:
    """Continues a series by its last period, less certainly with every step."""
    past = tf1.placeholder(tf.float32, [None, 48], "past")
    mean = past[:, -24:] + (tf.reduce_mean(past[:, -24:], 1) - tf.reduce_mean(past[:, :24], 1))[:, None]
    spread = tf.sqrt(tf.range(1.0, 25.0))[None] / 4
    hub.add_signature(
        "default", {"past": past}, {"lower": mean - spread, "mean": mean, "upper": mean + spread}
    )


def series_in(panel: Panel, folder: Path) -> None:
    series = waves(48, 2, 7) + np.arange(48) / 24
    panel.field("past").fill(" ".join(f"{number:.2f}" for number in series))


def check_forecast(panel: Panel) -> None:
    expect(panel.output("mean, lower, upper").get_by_role("img").first).to_be_visible()


def fourier() -> None:
    """Returns the spectrum of a signal."""
    signal = tf1.placeholder(tf.float32, [None, 64], "signal")
    hub.add_signature("default", {"signal": signal}, {"spectrum": tf.signal.rfft(signal)})


def signal_in(panel: Panel, folder: Path) -> None:
    panel.field("signal").fill(" ".join(f"{number:.3f}" for number in waves(64, 3, 10)))


def check_complex(panel: Panel) -> None:
    spectrum = panel.output("spectrum")
    expect(spectrum).to_contain_text("1 × 33 complex64")
    expect(spectrum.get_by_label("View")).to_have_value("Magnitude and phase")
    expect(spectrum.get_by_role("img").first).to_be_visible()


def quantizer() -> None:
    """Returns numbers in 8 bits, with the ends of their range."""
    values = tf1.placeholder(tf.float32, [None, 8], "values")
    quantized, low, high = tf.quantization.quantize(values, -1.0, 1.0, tf.quint8)
    hub.add_signature("default", {"values": values}, {"quantized": quantized, "low": low, "high": high})


def values_in(panel: Panel, folder: Path) -> None:
    panel.field("values").fill("-1 -0.5 -0.1 0 0.1 0.25 0.5 1\n0 0 0 1 1 0 0 0")


def check_quantized(panel: Panel) -> None:
    expect(panel.results.get_by_role("region").first).to_have_accessible_name("quantized")
    expect(panel.output("quantized").get_by_label("View")).to_have_value("Table")
    expect(panel.output("high, low").get_by_role("row")).to_have_count(3)


EXHIBITS = (
    Exhibit(
        "forecast", "A forecast",
        "The mean, the band of its bounds and the history before them share one axis.",
        forecaster, series_in, check_forecast,
    ),
    Exhibit(
        "complex", "Complex numbers",
        "A spectrum is drawn by magnitude and phase; real and imaginary parts are a view away.",
        fourier, signal_in, check_complex,
    ),
    Exhibit(
        "quantised", "Quantised numbers",
        "Quantised numbers are shown as the integers that they are.",
        quantizer, values_in, check_quantized,
    ),
)  # fmt: skip

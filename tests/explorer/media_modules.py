"""Modules of sounds, films, drawings and odd numbers, as other people make them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import hubexplore as hub

tf1 = tf.compat.v1
RATE = 16_000


def _stft(samples: tf.Tensor) -> tf.Tensor:
    return tf.signal.stft(samples, 400, 160, 512)


def _mel(magnitudes: tf.Tensor, bins: int = 64) -> tf.Tensor:
    weights = tf.signal.linear_to_mel_weight_matrix(bins, 257, RATE, 60.0, 7600.0)
    return tf.math.log(tf.tensordot(magnitudes, weights, 1) + 1e-3)


def sounds() -> None:
    """What models of sound take and return; none of the names says so."""
    x = tf1.placeholder(tf.float32, [None], "x")
    spectrum = _stft(x)
    mels = _mel(tf.abs(spectrum))
    dense = tf1.get_variable("dense", [64, 32], initializer=tf1.random_normal_initializer(seed=5))
    results = {"a": tf.abs(spectrum), "b": mels, "c": spectrum, "embedding": tf.matmul(mels, dense)}
    hub.add_signature("analyse", {"x": x}, results)

    x = tf1.placeholder(tf.float32, [None, None], "rows")
    spectrum = _stft(x)
    loud = tf.cast(tf.abs(spectrum) > 0.5, tf.complex64)
    back = tf.signal.inverse_stft(spectrum * loud, 400, 160, 512)
    hub.add_signature("clean", {"x": x}, {"y": back[:, : tf.shape(x)[1]]})

    x = tf1.placeholder(tf.float32, [None, RATE], "second")
    features = tf.reshape(_mel(tf.abs(_stft(x))), [-1, 98 * 64])
    weights = tf1.get_variable("weights", [98 * 64, 12], initializer=tf1.random_normal_initializer(seed=1))
    hub.add_signature("name", {"x": x}, {"y": tf.nn.softmax(tf.matmul(features, weights) / 1000)})

    files = tf1.placeholder(tf.string, [], "files")
    decoded = tf.audio.decode_wav(files, desired_channels=1)
    spectrum = tf.raw_ops.AudioSpectrogram(input=decoded.audio, window_size=512, stride=256)
    mfcc = tf.raw_ops.Mfcc(spectrogram=spectrum, sample_rate=decoded.sample_rate)
    hub.add_signature("decode", {"x": files}, {"m": mfcc, "s": spectrum, "w": decoded.audio[:, 0]})

    text = tf1.placeholder(tf.string, [None], "text")
    pitch = 200.0 + 10.0 * tf.cast(tf.strings.length(text), tf.float32)
    t = tf.range(24_000, dtype=tf.float32) / 24_000
    spoken = 0.6 * tf.sin(2 * np.pi * pitch[:, None] * t[None]) * tf.exp(-2 * t)[None]
    hub.add_signature("speak", {"text": text}, {"y": spoken, "sample_rate": tf.constant(24_000)})

    x = tf1.placeholder(tf.int16, [None, None, 1], "pcm")
    rate = tf1.placeholder_with_default(tf.constant(22_050), [], "rate")
    hub.add_signature("quieter", {"x": x, "sampleRate": rate}, {"y": x // 2, "sampleRate": tf.identity(rate)})


def no_sounds() -> None:
    """Long rows of numbers that are no sounds."""
    past = tf1.placeholder(tf.float32, [None, 512], "past")
    hub.add_signature("forecast", {"past": past}, {"mean": tf.tile(past[:, -1:], [1, 12])})
    features = tf1.placeholder(tf.float32, [None, 1024], "features")
    weights = tf1.get_variable("dense", [1024, 2048], initializer=tf1.random_normal_initializer(seed=2))
    hub.add_signature("embed", {"features": features}, {"y": tf.nn.relu(tf.matmul(features, weights))})
    column = tf1.placeholder(tf.float32, [None], "column")
    hub.add_signature("score", {"column": column}, {"y": tf.sigmoid(column)})
    words = tf1.placeholder(tf.float32, [None, 40, 16], "words")
    mixed = tf.math.real(tf.signal.fft(tf.cast(words, tf.complex64)))
    hub.add_signature("mix", {"words": words}, {"y": mixed})
    area, rate = tf1.placeholder(tf.float32, [None], "area"), tf1.placeholder(tf.float32, [], "rate")
    hub.add_signature("prices", {"area": area, "rate": rate}, {"y": area * rate})


def drawings() -> None:
    """Readers of digits: how much ink is in each quarter, with and without an axis of channels."""
    for name, shape in (("grey", [None, 28, 28, 1]), ("square", [None, 28, 28])):
        image = tf1.placeholder(tf.float32, shape, name)
        quarters = tf.reshape(image, [-1, 2, 14, 2, 14])
        ink = tf.reshape(tf.reduce_mean(quarters, [2, 4]), [-1, 4])
        hub.add_signature(name, {"image": image}, {"scores": tf.nn.softmax(20 * ink), "image": image + 0})


def generators() -> None:
    """A picture and a sound made of a vector."""
    z = tf1.placeholder(tf.float32, [None, 128], "z")
    first = tf1.get_variable("first", [128, 8 * 8 * 3], initializer=tf1.random_normal_initializer(seed=3))
    small = tf.reshape(tf.matmul(z, first) / 8, [-1, 8, 8, 3])
    picture = tf.sigmoid(tf.image.resize(small, [96, 96], "bicubic"))
    hub.add_signature("picture", {"z": z}, {"image": picture})
    few = tf1.placeholder(tf.float32, [None, 4], "few")
    t = tf.range(16_000, dtype=tf.float32) / RATE
    pitch = 220 * 2 ** (few / 2)
    tones = tf.sin(2 * np.pi * pitch[:, :, None] * t) / 4
    hub.add_signature("sound", {"z": few}, {"y": tf.reduce_sum(tones, 1)})


def films() -> None:
    """Films in and out, with and without an axis of rows."""
    x = tf1.placeholder(tf.float32, [None, None, 64, 64, 3], "x")
    hub.add_signature("invert", {"video": x}, {"video": 1 - x, "frames": x[0]})
    short = tf1.placeholder(tf.float32, [None, 8, 32, 48, 3], "short")
    hub.add_signature("short", {"clip": short}, {"mean": tf.reduce_mean(short, 1)})


def odd_numbers() -> None:
    """Complex and quantised numbers, in and out."""
    x = tf1.placeholder(tf.complex64, [None, 64], "x")
    hub.add_signature("spectrum", {"x": x}, {"y": tf.signal.fft(x), "first": x[0, 0]})
    y = tf1.placeholder(tf.float32, [None, 32, 32], "y")
    hub.add_signature("plane", {"y": y}, {"y": tf.signal.fft2d(tf.cast(y, tf.complex64))})
    q = tf1.placeholder(tf.quint8, [None, 16], "q")
    plain = tf.quantization.dequantize(q, -1.0, 1.0)
    hub.add_signature("levels", {"q": q}, {"numbers": plain, "same": tf.identity(q)})
    z = tf1.placeholder(tf.qint8, [2], "z")
    hub.add_signature("signed", {"z": z}, {"z": tf.identity(z)})

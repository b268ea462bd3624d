"""What of a signature is sound: the graph and what stands beside decide, not the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer.subject import Subject
from hubexplore.summary.graph import sounds
from hubexplore.summary.graph.sounds import SPECTROGRAM, WAVEFORM, Sounds, find_sounds, has_samples
from hubexplore.summary.graph.traversal import consumers_of
from hubexplore.summary.model import MessageSummary, SignatureSummary, TensorSummary
from tests.explorer import media_modules

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def heard() -> Subject:
    return Subject(hub.create_module_spec(media_modules.sounds))


def kinds(sounds: Sounds) -> tuple[dict[str, tuple[str, int]], dict[str, tuple[str, int]]]:
    inputs, outputs = (
        {name: (sound.kind, sound.rate) for name, sound in some.items()}
        for some in (sounds.inputs, sounds.outputs)
    )
    return inputs, outputs


def test_a_spectrum_in_the_graph_says_that_an_input_is_a_waveform(heard: Subject) -> None:
    inputs, outputs = kinds(heard.sounds((), "analyse"))
    assert inputs == {"x": (WAVEFORM, 0)}
    assert outputs == {"a": (SPECTROGRAM, 0), "b": (SPECTROGRAM, 0), "c": (SPECTROGRAM, 0)}


def test_what_comes_back_from_a_spectrum_is_a_waveform(heard: Subject) -> None:
    assert kinds(heard.sounds((), "clean")) == ({"x": (WAVEFORM, 0)}, {"y": (WAVEFORM, 0)})


def test_scores_made_of_a_spectrum_are_no_spectrogram(heard: Subject) -> None:
    """And 16,000 samples of what is analysed are a second."""
    assert kinds(heard.sounds((), "name")) == ({"x": (WAVEFORM, 16_000)}, {})


def test_ops_that_read_wav_files(heard: Subject) -> None:
    _, outputs = kinds(heard.sounds((), "decode"))
    assert outputs == {"m": (SPECTROGRAM, 0), "s": (SPECTROGRAM, 0), "w": (WAVEFORM, 0)}


def test_a_rate_beside_it_says_that_an_input_is_a_waveform(heard: Subject) -> None:
    sounds = heard.sounds((), "quieter")
    assert kinds(sounds)[0] == {"x": (WAVEFORM, 22_050)}
    assert sounds.inputs["x"].rate_name == "sampleRate"


@pytest.mark.parametrize("signature", ["forecast", "embed", "score", "prices", "mix"])
def test_long_rows_alone_are_no_sounds(signature: str) -> None:
    subject = Subject(hub.create_module_spec(media_modules.no_sounds))
    assert subject.sounds((), signature) == Sounds()


def test_an_attached_rate_counts_also_in_a_message_of_unknown_type() -> None:
    tensor = TensorSummary("x", "float32", (None, None), "dense", "x:0")
    signature = SignatureSummary("default", (tensor,), ())
    known = MessageSummary("info", "SoundInfo", (("audio.sampleRate", "22050"),), 4)
    unknown = MessageSummary("info", "", (("1.2", "48000"), ("1.3", "48001")), 4)
    assert kinds(find_sounds(signature, [known]))[0] == {"x": (WAVEFORM, 22_050)}
    assert kinds(find_sounds(signature, [unknown]))[0] == {"x": (WAVEFORM, 48_000)}
    assert find_sounds(signature, [MessageSummary("i", "", (("1.3", "48001"),), 4)]) == Sounds()


def test_a_name_is_a_hint_where_the_shape_fits() -> None:
    fitting = TensorSummary("inputAudio", "float32", (None, None), "dense", "x:0")
    short = TensorSummary("audio_features", "float32", (None, 128), "dense", "y:0")
    signature = SignatureSummary("default", (fitting, short), ())
    assert list(find_sounds(signature).inputs) == ["inputAudio"]


@pytest.mark.parametrize(
    ("dtype", "shape", "fits"),
    [
        ("float32", (None,), True), ("int16", (1, 16_000), True), ("float32", (None, None, 2), True),
        ("float32", None, False), ("int32", (None,), False), ("float32", (None, 28, 28), False),
        ("float32", (None, 64), False), ("float32", (None, None, 80), False), ("float32", (), False),
    ],
)  # fmt: skip
def test_shapes_of_samples(dtype: str, shape: tuple[int | None, ...] | None, fits: bool) -> None:
    assert has_samples(dtype, shape) is fits


def test_the_graph_is_walked_once_for_all_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each walk is linear in the graph, and there may be hundreds of inputs."""

    def many() -> None:
        inputs = {f"x{number}": tf1.placeholder(tf.float32, [None]) for number in range(20)}
        hub.add_signature(inputs=inputs, outputs=tf.add_n(list(inputs.values())))

    walks: list[int] = []

    def walk(nodes: Mapping[str, Any]) -> dict[str, list[str]]:
        walks.append(len(nodes))
        return consumers_of(nodes)

    monkeypatch.setattr(sounds, "consumers_of", walk)
    Subject(hub.create_module_spec(many)).sounds((), "default")
    assert len(walks) == 1

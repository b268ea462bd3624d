"""Fields of sounds, drawings, films and vectors, in a process without a front end."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

import hubexplore as hub
from hubexplore.errors import HubError
from hubexplore.inputs import sounds
from hubexplore.inputs.external.picture_arrays import Pictures
from hubexplore.inputs.external.sound_arrays import Sounds
from hubexplore.inputs.input_value import InputValue
from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.fields.field import FieldBox
from hubexplore.notebook.panel.fields.sketch import MAX_BYTES
from tests.explorer import media_modules


def panel(module: Any, signature: str) -> tuple[Explorer, FieldBox]:
    explorer = hub.explore(hub.create_module_spec(module), signature)
    (box,) = explorer._try.form._boxes.values()
    return explorer, box


def upload(source: Any, name: str, content: bytes) -> None:
    source._handle_custom_msg({"kind": "begin", "names": [name], "sizes": [len(content)]}, [])
    source._handle_custom_msg({"kind": "piece", "index": 0}, [memoryview(content)])
    source._handle_custom_msg({"kind": "end"}, [])


def drawing() -> bytes:
    """A stroke in the upper left, ink on white paper."""
    picture = PIL.Image.new("L", (280, 280), 255)
    picture.paste(0, (20, 20, 60, 120))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def test_sounds_come_first_and_say_their_rate() -> None:
    explorer, box = panel(media_modules.sounds, "name")
    assert list(box._ways) == ["sound", "typed", "file", "variable", "example"]
    source = box._sources["sound"]
    with pytest.raises(HubError, match="'x' has no sound yet: choose, drop or record one"):
        box.entry()
    upload(source._upload, "voice.wav", sounds.samples()["vowels"])
    entry = box.entry()
    assert isinstance(entry, Sounds)
    assert entry.value.shape == (1, 16_000)
    assert "16,000 Hz, from 22,050 Hz, mono, 2.1 s" in source._preview.value
    assert source._preview.value.count("<audio") == 1
    assert "<audio" in box.static_html()
    source._rate.value = 8_000
    assert "8,000 Hz, from 22,050 Hz" in source._preview.value
    upload(source._recorder, "recording.wav", sounds.samples()["chirp"])
    recorded = box.entry()
    assert isinstance(recorded, Sounds)
    assert recorded.names == ("recording.wav",)
    source._samples.value = "melody"
    assert isinstance(again := box.entry(), Sounds)
    assert again.are_samples
    upload(source._upload, "bad.wav", b"no sound")
    assert "cannot be read as a sound" in source._preview.value
    with pytest.raises(HubError, match="no sound yet"):
        box.entry()
    box.put(recorded)
    assert box.entry() is recorded
    assert source._rate.value == 8_000
    explorer.close()


def test_a_graph_that_decodes_wav() -> None:
    explorer, box = panel(media_modules.sounds, "decode")
    source = box._sources["sound"]
    source._samples.value = "chirp"
    entry = box.entry()
    assert entry.value.shape == ()
    assert bytes(entry.value[()])[:4] == b"RIFF"
    assert "<audio" in source._preview.value
    run = explorer._try.runner.run(explorer._try.request())
    assert run.outputs is not None
    assert run.outputs["w"].shape == (32_000,)
    explorer._try.show(run)
    views = {output["name"]: output["view"] for output in explorer._try.results.shown["outputs"]}
    assert views == {"m": "Spectrogram", "s": "Spectrogram", "w": "Sound"}
    explorer.close()


def test_outputs_are_heard_at_the_rate_of_the_run() -> None:
    explorer, _ = panel(media_modules.sounds, "speak")
    explorer._try.run(["a word"])
    outputs = {output["name"]: output for output in explorer._try.results.shown["outputs"]}
    assert outputs["y"]["view"] == "Sound"
    assert "1.00 s at 24,000 Hz." in outputs["y"]["html"]
    assert outputs["y"]["downloads"][0] == ["wav", "WAV"]
    explorer.close()


@pytest.mark.parametrize("signature", ["grey", "square"])
def test_a_drawing_is_a_picture(signature: str) -> None:
    explorer, box = panel(media_modules.drawings, signature)
    source = box._sources["image"]
    assert (source._sketch.width, source._sketch.height, source._sketch.dark) == (28, 28, True)
    source._sketch._handle_custom_msg({"kind": "drawn"}, [memoryview(drawing())])
    entry = box.entry()
    assert isinstance(entry, Pictures)
    assert entry.names == ("sketch.png",)
    assert entry.value.shape == ((1, 28, 28, 1) if signature == "grey" else (1, 28, 28))
    assert entry.value.reshape(28, 28)[8, 4] == 1
    assert entry.value.reshape(28, 28)[20, 20] == 0
    source._sketch._handle_custom_msg({"kind": "cleared"}, [])
    with pytest.raises(HubError, match="no image yet"):
        box.entry()
    # The front end is not trusted.
    for buffers in ([], [memoryview(bytes(MAX_BYTES + 1))], [memoryview(b"no picture")]):
        source._sketch._handle_custom_msg({"kind": "drawn"}, buffers)
        with pytest.raises(HubError, match="no image yet"):
            box.entry()
    explorer.close()


def test_paper_is_as_dark_as_the_example() -> None:
    explorer, box = panel(media_modules.drawings, "grey")
    source = box._sources["image"]
    bright = np.full([1, 28, 28, 1], 255, np.float32)
    bright[0, 9:19, 9:19] = 0
    box.put(InputValue(bright, variable="digits"))
    assert not source._sketch.dark
    assert source._scale.value == "0 to 255"
    box._source_choice.value = "image"
    source._sketch._handle_custom_msg({"kind": "drawn"}, [memoryview(drawing())])
    assert box.entry().value[0, 20, 20, 0] == 255
    explorer.close()


def test_the_vector_of_a_generator() -> None:
    explorer, box = panel(media_modules.generators, "picture")
    sliders = box._sources["typed"]._sliders
    assert box.entry().value.shape == (1, 128)
    assert not box.entry().value.any()
    assert len(sliders._sliders) == 16
    sliders._dice.click()
    drawn = box.entry().value
    assert 0.8 < drawn.std() < 1.2
    sliders._part.value = 112
    assert [slider.description for slider in sliders._sliders] == [f"[{index}]" for index in range(112, 128)]
    sliders._sliders[-1].value = 2.5
    moved = box.entry().value
    assert moved[0, 127] == 2.5
    np.testing.assert_array_equal(moved[0, :127], drawn[0, :127])
    sliders._zero.click()
    assert not box.entry().value.any()
    explorer.close()


def test_pictures_are_sent_in_their_own_size() -> None:
    explorer, _ = panel(media_modules.generators, "picture")
    explorer._try.run(np.zeros([2, 128], np.float32))
    results, sent = explorer._try.results, []
    results.send = lambda message, buffers: sent.append((message, buffers))
    assert results.shown["outputs"][0]["natives"] == [True, True]
    for place in (1, 2, -1, "x", None, True):
        results._on_message({"kind": "picture", "output": 0, "place": place}, [])
    ((message, (content,)), *others) = sent
    assert message == {"kind": "file", "name": "image_1.png", "type": "image/png"}
    assert PIL.Image.open(io.BytesIO(content)).size == (96, 96)
    assert len(others) == 0
    explorer.close()

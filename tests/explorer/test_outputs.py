"""What groups of outputs read of a run: pictures that went in, declared shapes, names of classes."""

from __future__ import annotations

import datetime
import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

import hubexplore as hub
from hubexplore.explorer.outputs import pictures_of, scene_of
from hubexplore.explorer.runs import Run, RunRequest
from hubexplore.inputs.input_value import InputValue, Sparse
from hubexplore.summary.call_record import CallRecord

RANDOM = np.random.default_rng(3)


def png(height: int, width: int) -> bytes:
    content = io.BytesIO()
    PIL.Image.fromarray(np.full((height, width, 3), 200, np.uint8)).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("value", "count", "size"),
    [
        (RANDOM.uniform(size=(2, 6, 8, 3)).astype(np.float32), 2, (6, 8)),
        (RANDOM.integers(0, 255, (1, 28, 28, 1)).astype(np.uint8), 1, (28, 28)),
        (RANDOM.integers(0, 255, (6, 8, 4)).astype(np.uint8), 1, (6, 8)),
        (np.array([png(1500, 60)], object), 1, (1500, 60)),
        (np.array(png(10, 20), object), 1, (10, 20)),
        (RANDOM.uniform(size=(1, 3000, 2000, 1)), 1, (3000, 2000)),
    ],
)
def test_pictures_are_found_with_their_sizes(value: Any, count: int, size: tuple[int, int]) -> None:
    pictures = pictures_of({"x": value, "flag": np.array(True)})
    assert [picture.size for picture in pictures] == [size] * count
    for picture in pictures:
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape[2] == 3
        assert max(picture.pixels.shape) <= 1024


@pytest.mark.parametrize(
    "value",
    [
        np.array([b"a sentence"], object),
        np.array(["text"], object),
        np.array([png(4, 4), b"no picture"], object),
        np.zeros((2, 10)),
        np.zeros((0, 8, 8, 3)),
        np.zeros((1, 8, 8, 16)),
        np.zeros((100, 8, 8, 3)),
        Sparse(np.zeros((0, 2), int), np.zeros(0), np.array([8, 8])),
    ],
)
def test_other_inputs_are_not_pictures(value: Any) -> None:
    assert pictures_of({"x": value}) == ()


def test_of_two_inputs_with_pictures_neither_is_meant() -> None:
    picture = np.zeros((1, 8, 8, 3))
    assert pictures_of({"content": picture, "style": picture}) == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["hidden", "echo", "tokens", "answer"], ["answer", "hidden", "echo", "tokens"]),
        (["answer", "hidden", "default"], ["default", "answer", "hidden"]),
        (["file", "hidden"], ["file", "hidden"]),
        (["hidden", "file"], ["hidden", "file"]),
        (["confidence", "hidden", "answer"], ["answer", "hidden", "confidence"]),
    ],
)
def test_the_main_output_comes_first(names: list[str], expected: list[str]) -> None:
    values = {
        "hidden": np.zeros((1, 8)),
        "echo": np.array([b"question"], object),
        "tokens": np.array([[b"a", b"b"]], object),
        "answer": np.array([b"answer"], object),
        "file": np.array([b"\x00\xff"], object),
        "default": np.zeros(1),
        "confidence": np.float32(0.5),
    }
    request = RunRequest((), "default", {"x": InputValue(values["echo"])})
    call = CallRecord(1, datetime.datetime(2026, 1, 1), "module", "default", (), (), 0.0)
    run = Run(1, request, {name: values[name] for name in names}, call)
    scene = scene_of(hub.summarize("sample:half-plus-two"), run)
    assert [member.name for member in scene.outputs] == expected

"""What groups of outputs read of a run: pictures that went in, declared shapes, names of classes."""

from __future__ import annotations

import datetime
import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

import hubexplore as hub
from hubexplore.display.values.together.scene import Member, Picture
from hubexplore.explorer.outputs import is_lone_picture, pictures_of, scene_of
from hubexplore.explorer.runs import Run, RunRequest
from hubexplore.inputs.input_value import InputValue, Sparse
from hubexplore.summary.call_record import CallRecord
from hubexplore.summary.model import SignatureSummary, TensorSummary

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
        (["chances", "confidence", "hidden"], ["chances", "hidden", "confidence"]),
        (["hidden", "chances", "answer"], ["answer", "chances", "hidden"]),
        (["hidden", "chances", "default"], ["default", "chances", "hidden"]),
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
        "chances": np.array([[0.25, 0.75]]),
    }
    request = RunRequest((), "default", {"x": InputValue(values["echo"])})
    call = CallRecord(1, datetime.datetime(2026, 1, 1), "module", "default", (), (), 0.0)
    run = Run(1, request, {name: values[name] for name in names}, call)
    scene = scene_of(hub.summarize("sample:half-plus-two"), run)
    assert [member.name for member in scene.outputs] == expected


def declared(shape: Any, dtype: str = "float32", name: str = "x") -> SignatureSummary:
    return SignatureSummary("default", (TensorSummary(name, dtype, shape),), ())


@pytest.mark.parametrize(
    ("shape", "value", "count"),
    [
        ((32, 48), RANDOM.uniform(size=(32, 48)), 0),
        ((32, 32), RANDOM.uniform(size=(32, 32)), 1),
        ((None, 32, 32), RANDOM.uniform(size=(5, 32, 32)), 5),
        ((32, 48, 3), RANDOM.uniform(size=(32, 48, 3)), 1),
        ((None, 32), RANDOM.uniform(size=(32, 32)), 0),
    ],
)
def test_the_declared_shape_says_which_dimensions_are_sides(shape: Any, value: Any, count: int) -> None:
    pictures = pictures_of({"x": value}, declared(shape))
    assert len(pictures) == count
    assert all(picture.pixels.shape[2] == 3 for picture in pictures)


@pytest.mark.parametrize(
    ("name", "value", "shape", "expected"),
    [
        ("depth", np.zeros((30, 40), np.float32), (None, None), True),  # as large as the picture
        ("features", np.zeros((30, 41), np.float32), (None, None), False),
        ("grey", np.zeros((50, 60), np.uint8), (50, 60), True),
        ("output_image", np.zeros((50, 60), np.float32), (50, 60), True),
        ("weights", np.zeros((32, 32), np.float32), (32, 32), False),
        ("codes", np.zeros((32, 784), np.uint8), (None, 784), False),
    ],
)
def test_matrices_that_are_pictures(name: str, value: Any, shape: Any, expected: bool) -> None:
    picture = Picture(np.zeros((30, 40, 3), np.uint8), (30, 40))
    assert is_lone_picture(name, value, shape, (picture,)) == expected
    assert ("Images" in Member(name, value, is_picture=expected).views) == expected

"""Expressions that make examples, each with a function that makes the same value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from hubexplore.inputs import pictures
from hubexplore.inputs.code import film_code, sound_code
from hubexplore.summary.tensor_values import Array

Candidate = tuple[str, Callable[[], Any]]


def candidates(value: Array, random: np.random.Generator) -> Iterator[Candidate]:
    """Yields expressions that make examples, each with a function that makes the same value."""
    shape, dtype, count = value.shape, value.dtype, value.size
    if dtype.kind not in "biufc":
        return
    cast = f".astype({dtype.name!r})"
    yield f"np.zeros({shape!r}, {dtype.name!r})", lambda: np.zeros(shape, dtype)
    yield f"np.ones({shape!r}, {dtype.name!r})", lambda: np.ones(shape, dtype)
    if dtype.kind == "c":
        text = f"(random.random({shape!r}) + 1j * random.random({shape!r})){cast}"
        yield text, lambda: np.asarray(random.random(shape) + 1j * random.random(shape)).astype(dtype)
        return
    yield f"random.random({shape!r}){cast}", lambda: np.asarray(random.random(shape)).astype(dtype)
    # The limits that `examples` draws integers with: flags and small ids, quantised levels, and the pixels of
    # images of integers.
    for top in (2, 128, 256):
        make = functools.partial(random.integers, 0, top, shape)
        yield f"random.integers(0, {top}, {shape!r}){cast}", functools.partial(_array_of, make, dtype)
    end = f"{cast}.reshape({shape!r})"
    ramp: Array = np.arange(count) / max(count - 1, 1)
    yield f"(np.arange({count}) / {max(count - 1, 1)}){end}", lambda: ramp.astype(dtype).reshape(shape)
    yield f"(np.arange({count}) % 2){end}", lambda: (np.arange(count) % 2).astype(dtype).reshape(shape)
    is_grey = len(shape) == 3 and shape[1] == shape[2]
    if is_grey or (len(shape) == 4 and shape[3] in (1, 3)):
        yield from _drawing_candidates(value, (*shape, 1)[:4])
    # One picture, without a dimension of rows.
    if (len(shape) == 2 and min(shape) > 1) or (len(shape) == 3 and shape[2] in (1, 3)):
        yield from _drawing_candidates(value, (1, *shape, 1)[:4])
    yield from sound_code.candidates(value)
    yield from film_code.candidates(value)
    if dtype.kind == "f" and len(shape) <= 2:
        normal = f"random.standard_normal({shape!r}){cast}"
        yield normal, lambda: np.asarray(random.standard_normal(shape)).astype(dtype)


def _array_of(make: Callable[[], Any], dtype: np.dtype[Any]) -> Array:
    made: Array = np.asarray(make()).astype(dtype)
    return made


def _drawing_candidates(value: Array, sizes: Sequence[int]) -> Iterator[Candidate]:
    """Yields expressions for examples that are drawings: rows, height, width and channels are given."""
    shape, dtype = value.shape, value.dtype
    count, height, width, channels = sizes
    numbers = range(count)

    def stored(drawn: list[Array]) -> Array:
        array = np.reshape(drawn, shape)
        return np.round(array * 255).astype(dtype) if dtype.kind in "iu" else array.astype(dtype)

    def written(draw: str) -> str:
        array = f"np.reshape([{draw} for n in range({count})], {shape!r})"
        if shape == (height, width, channels) and draw.endswith(", n)"):
            array = draw.replace(", n)", ")")  # one picture, the first of them
        array = f"np.round({array} * 255)" if dtype.kind in "iu" else array
        return f"{array}.astype({dtype.name!r})"

    if height == width == pictures.DIGIT_SIDE and channels == 1:
        yield (
            written("pictures.digit(n % 10)"),
            lambda: stored([pictures.digit(n % 10) for n in numbers]),
        )
    yield (
        written(f"pictures.scene({height}, {width}, {channels}, n)"),
        lambda: stored([pictures.scene(height, width, channels, n) for n in numbers]),
    )

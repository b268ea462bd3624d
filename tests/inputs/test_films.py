"""Films as a module takes them, and the vectors, grey squares and films that are told by their shapes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs import pictures
from hubexplore.inputs.code.expressions import Expressions
from hubexplore.inputs.examples import examples
from hubexplore.inputs.external import film_arrays, picture_arrays
from hubexplore.inputs.external.picture_arrays import ImageChoice
from hubexplore.inputs.fields import ARRAY, IMAGE, Field
from hubexplore.inputs.media_kinds import is_latent
from hubexplore.summary.model import TensorSummary
from tests.inputs.fields_of import field

GREYS = [25 * number for number in range(10)]


def frames(levels: list[int] = GREYS, size: tuple[int, int] = (12, 8)) -> list[PIL.Image.Image]:
    return [PIL.Image.new("RGB", size, (level, level, level)) for level in levels]


def film(form: str, levels: list[int] = GREYS) -> bytes:
    """The content of a file of a film."""
    content = io.BytesIO()
    first, *rest = frames(levels)
    first.save(content, form, save_all=True, append_images=rest, duration=40, **options(form))
    return content.getvalue()


def options(form: str) -> dict[str, Any]:
    return {"lossless": True} if form == "WEBP" else {}


def taking(*shape: int | None, dtype: str = "float32") -> Field:
    return field(dtype, shape, name="clip")


def levels(value: Any) -> list[int]:
    return [round(255 * float(frame.mean())) for frame in value[0]]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_formats(form: str) -> None:
    read = film_arrays.read_film(taking(None, None, None, None, 3), [("f", film(form))], ImageChoice())
    assert read.value.shape == (1, 10, 8, 12, 3)
    assert read.value.dtype == np.float32
    assert levels(read.value) == pytest.approx(GREYS, abs=4)
    assert (read.found, len(read.kept)) == (10, 10)


def test_a_number_of_frames_is_spread_over_the_film() -> None:
    read = film_arrays.read_film(taking(None, 4, 4, 4, 1), [("f", film("PNG"))], ImageChoice())
    assert read.value.shape == (1, 4, 4, 4, 1)
    assert read.kept == (0, 3, 6, 9)
    longer = film_arrays.read_film(taking(1, 12, 4, 4, 3), [("f", film("PNG"))], ImageChoice())
    assert longer.kept == (*range(10), 9, 9)


def test_a_picture_for_each_frame_in_the_order_of_the_numbers() -> None:
    files = []
    for number in (10, 9, 1):
        content = io.BytesIO()
        frames([number * 20])[0].save(content, "PNG")
        files.append((f"frame {number}.png", content.getvalue()))
    read = film_arrays.read_film(taking(None, None, 4, 4, 3), files, ImageChoice())
    assert levels(read.value) == [20, 180, 200]


@pytest.mark.parametrize("content", [b"", b"GIF89a broken", film("GIF")[:200]])
def test_what_is_no_film(content: bytes) -> None:
    with pytest.raises(SignatureError, match="'f'"):
        film_arrays.read_film(taking(None, None, 4, 4, 3), [("f", content)], ImageChoice())


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SignatureError, match="takes 2 films at once"):
        film_arrays.read_film(taking(2, None, 4, 4, 3), [("f", film("GIF"))], ImageChoice())
    monkeypatch.setattr(film_arrays, "MAX_READ", 5)
    with pytest.raises(SignatureError, match="has 10 frames; at most 5 frames are read"):
        film_arrays.read_film(taking(1, None, 4, 4, 3), [("f", film("GIF"))], ImageChoice())
    monkeypatch.setattr(picture_arrays, "MAX_TOTAL_PIXELS", 300)
    monkeypatch.setattr(film_arrays, "MAX_READ", 50)
    with pytest.raises(SignatureError, match="too large a film"):
        film_arrays.read_film(taking(1, None, 4, 4, 3), [("f", film("GIF"))], ImageChoice())


@pytest.mark.parametrize(
    "choice", [ImageChoice(), ImageChoice("pad", "-1 to 1"), ImageChoice("stretch", invert=True)]
)
@pytest.mark.parametrize("several", [False, True])
def test_code(choice: ImageChoice, several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if several:
        for number, frame in enumerate(frames()):
            frame.save(f"{number}.png")
    else:
        Path("film.gif").write_bytes(film("GIF"))
    files = [(path.name, path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    read = film_arrays.read_film(taking(None, 6, 6, 4, 1), files, choice)
    expressions = Expressions()
    expression = expressions.write(read)
    names: dict[str, Any] = {}
    exec("\n".join(expressions.before), names)
    np.testing.assert_array_equal(eval(expression, names), read.value)


def test_examples_are_films_in_which_something_moves() -> None:
    asked = taking(None, None, 16, 16, 3)
    assert examples.kinds([asked])[0] == "Sample film"
    made = examples.fill([asked], "Sample film", 2)["clip"]
    assert made.value.shape == (2, 16, 16, 16, 3)
    assert np.abs(np.diff(made.value, axis=1)).mean() > 0.001
    assert "pictures.film(2, 16, 16, 16, 3)" in Expressions().write(made)
    np.testing.assert_array_equal(pictures.film(1, 2, 4, 4, 3)[0, 0], pictures.scene(4, 4, 3, position=0.0))


def test_what_is_a_film_and_a_grey_square() -> None:
    assert taking(None, 16, 8, 8, 3).film is not None
    assert taking(None, 16, 8, 8, 2).film is None
    assert taking(None, 28, 28).asks == IMAGE
    assert taking(None, 28, 28).channels == 1
    for other in (taking(None, 28, 20), taking(None, 128, 128), taking(None, None, None), taking(None, 8, 8)):
        assert other.asks == ARRAY


def output(*shape: int | None, dtype: str = "float32") -> TensorSummary:
    return TensorSummary("y", dtype, shape, "dense", "y:0")


@pytest.mark.parametrize(
    ("shape", "made", "expected"),
    [
        ((None, 128), output(None, 64, 64, 3), True), ((None, 512), output(None, None, None, 3), True),
        ((1, 2), output(None, 28, 28), True), ((None, 64), output(None, 16_000), True),
        ((None, 128), output(None, 10), False), ((None, 1024), output(None, 2048), False),
        ((None, None), output(None, 64, 64, 3), False), ((None, 4096), output(None, 64, 64, 3), False),
        ((None, 64, 64, 3), output(None, 64, 64, 3), False), ((None,), output(None, 64, 64, 3), False),
    ],
)  # fmt: skip
def test_vectors_of_generators(shape: tuple[int | None, ...], made: TensorSummary, expected: bool) -> None:
    assert is_latent("float32", shape, [made]) is expected
    assert not is_latent("int32", shape, [made])


def test_choice_like_a_value() -> None:
    ink = np.zeros((2, 28, 28, 1))
    ink[:, 9:19, 9:19] = 1
    assert picture_arrays.choice_like(ink) == ImageChoice(invert=True)
    assert picture_arrays.choice_like(255 - 255 * ink[..., 0]) == ImageChoice(scale="0 to 255")
    assert picture_arrays.choice_like(1 - 2 * ink) == ImageChoice(scale="-1 to 1")
    assert picture_arrays.choice_like(0 * ink) is None
    assert picture_arrays.choice_like(np.array(["a"])) is None

"""Pictures as a module takes them."""

from __future__ import annotations

import io
import struct
import warnings
import weakref
import zlib
from typing import Any

import numpy as np
import PIL.Image
import pytest

from hubexplore.errors import HubError
from hubexplore.inputs import pictures
from hubexplore.inputs.external import picture_arrays
from hubexplore.inputs.external.picture_arrays import ImageChoice
from tests.inputs.fields_of import field

COLOR = field("float32", (None, 4, 6, 3))
GREY = field("float32", (None, 8, 8, 1))
BYTES = field("uint8", (None, 4, 6, 3))
RED = (255, 0, 0)


def file(picture: Any, form: str = "PNG", **options: Any) -> bytes:
    """The content of a file of a picture."""
    written = io.BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


def plain(color: Any, size: tuple[int, int] = (12, 8), mode: str = "RGB") -> Any:
    """A picture of one color."""
    return PIL.Image.new(mode, size, color)


def read(content: bytes, into: Any = COLOR, **choice: Any) -> Any:
    """The value of a picture."""
    return picture_arrays.read_pictures(into, [("p", content)], ImageChoice(**choice)).value


@pytest.mark.parametrize("form", picture_arrays.FORMATS)
def test_formats(form: str) -> None:
    """Each becomes [1, height, width, channels] of the dtype of the input."""
    value = read(file(plain(RED), form))
    assert value.shape == (1, 4, 6, 3)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value[0, 0, 0], [1, 0, 0], atol=0.02)


def test_scales() -> None:
    """Black and white become what was chosen; an input of bytes takes nothing but bytes."""
    content = file(PIL.Image.fromarray(np.repeat(np.array([[[0] * 3, [255] * 3]], np.uint8), 3, 1)))
    for scale, low, high in (("0 to 1", 0, 1), ("-1 to 1", -1, 1), ("0 to 255", 0, 255)):
        for invert in (False, True):
            value = read(content, scale=scale, invert=invert, fit="stretch")
            assert sorted({value.min(), value.max()}) == [low, high]
            assert (value[0, 0, 0, 0] == high) is np.True_ if invert else value[0, 0, 0, 0] == low
    value = read(content, BYTES, scale="0 to 1", fit="stretch")
    assert value.dtype == np.uint8
    assert (value.min(), value.max()) == (0, 255)


def test_fits() -> None:
    """A tall picture, red above and blue below, is cut at its ends, gets white sides, or is pressed."""
    tall = plain(RED, (6, 40))
    tall.paste((0, 0, 255), (0, 20, 6, 40))
    cut, margins, pressed = (read(file(tall), fit=fit)[0] for fit in ("crop", "pad", "stretch"))
    np.testing.assert_allclose(cut[0, 0], [1, 0, 0], atol=0.1)
    np.testing.assert_allclose(margins[:, 0], np.ones([4, 3]))
    np.testing.assert_allclose(margins[0, 3] + margins[0, 2], [2, 1.0, 1.0], atol=1.0)
    np.testing.assert_allclose(pressed[0, :, 0], np.ones(6), atol=0.1)
    for fit in ("crop", "pad", "stretch"):
        for size in ((1, 4000), (4000, 1)):
            assert read(file(plain(RED, size)), fit=fit).shape == (1, 4, 6, 3)


def test_any_size_is_its_own() -> None:
    free = field("float32", (None, None, None, 3))
    assert free.hint == "a picture of any size, in colour"
    assert read(file(plain("red", (200, 40))), free).shape == (1, 40, 200, 3)
    assert read(file(plain("red", (2000, 400))), free).shape == (1, 102, 512, 3)
    assert read(file(plain("red", (2000, 1))), free).shape == (1, 1, 512, 3)
    two = [("a.png", file(plain("red", (20, 10)))), ("b.png", file(plain("red", (30, 30))))]
    assert picture_arrays.read_pictures(free, two, ImageChoice()).value.shape == (2, 10, 20, 3)


def test_transparent_is_paper() -> None:
    """What shows through is white, whatever color it hides."""
    half = plain((*RED, 0), mode="RGBA")
    np.testing.assert_array_equal(read(file(half)), np.ones([1, 4, 6, 3], np.float32))
    palette = plain(0, mode="P")
    np.testing.assert_array_equal(read(file(palette, transparency=0)), np.ones([1, 4, 6, 3], np.float32))


def test_turned() -> None:
    """A camera says how it was held."""
    picture = plain(RED, (60, 40))
    picture.paste((0, 0, 255), (30, 0, 60, 40))
    exif = PIL.Image.Exif()
    exif[0x112] = 6
    value = read(file(picture, "JPEG", exif=exif), fit="stretch")[0]
    np.testing.assert_allclose(value[0, :, 0], np.ones(6), atol=0.2)
    np.testing.assert_allclose(value[3, :, 2], np.ones(6), atol=0.2)


def test_deep_and_grey() -> None:
    """16 bits per pixel keep their brightness; grey inputs take colored pictures."""
    deep = PIL.Image.fromarray(np.full([8, 8], 257 * 100, np.uint16))
    np.testing.assert_allclose(read(file(deep), GREY), np.full([1, 8, 8, 1], 100 / 255), atol=1e-6)
    assert read(file(plain(RED)), GREY).shape == (1, 8, 8, 1)


def test_animation_and_batch() -> None:
    """The first frame counts; several files are several rows, as many as the input takes."""
    moving = file(plain(RED), "GIF", save_all=True, append_images=[plain((0, 0, 255))])
    files = [("a.gif", moving), ("b.png", file(plain((0, 0, 255))))]
    input_value = picture_arrays.read_pictures(COLOR, files, ImageChoice())
    np.testing.assert_allclose(input_value.value[:, 0, 0], [[1, 0, 0], [0, 0, 1]], atol=0.02)
    assert input_value.picture == "a.gif and 1 more"
    with pytest.raises(HubError, match="exactly 3; got 2"):
        picture_arrays.read_pictures(field("float32", (3, 4, 6, 3)), files, ImageChoice())
    with pytest.raises(HubError, match="at least one"):
        picture_arrays.read_pictures(COLOR, [], ImageChoice())
    with pytest.raises(HubError, match="too many at once"):
        picture_arrays.read_pictures(field("float32", (None, 4096, 4096, 3)), files * 4, ImageChoice())


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("side", [8_000, 12_000, 200_000, 2**31 - 1])
def test_bombs(side: int) -> None:
    """A small file that says it is huge is refused before anything is decoded, without a warning."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    limit = PIL.Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(HubError, match="too large a picture"):
            read(bomb)
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


SEEMS = (
    (b"", "an empty file"), (b"%PDF-1.7", "PDF"), (b"PK\x03\x04aa", "ZIP"), (b"\x93NUMPY\x01", "NumPy array"),
    (b"<!DOCTYPE html><html>", "web page"), (b"<svg onload=alert(1)>", "SVG"), (b"hello", "text"),
    ("é".encode() * 600, "text"), (b"a" + "é".encode() * 600, "text"),
    (b"\0\0\0\x18ftypheic", "HEIC"),
    (b"\0\1\2\3", "something else"), (b"II*\0", "TIFF"),
    (b"\xff\xd8junk", "JPEG"), (b"\xe9t\xe9", "something"),
)  # fmt: skip


@pytest.mark.parametrize(("content", "words"), SEEMS, ids=range(len(SEEMS)))
def test_no_pictures(content: bytes, words: str) -> None:
    """A file that is no picture is told what it seems to be, and its name cannot play tricks."""
    name = "<img onerror>\u202e\x1b[31m\n" * 50
    with pytest.raises(HubError) as caught:
        picture_arrays.read_pictures(COLOR, [(name, content)], ImageChoice())
    assert words in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 400


def test_damaged() -> None:
    """A picture that ends too early, at any place, is a SignatureError or still a picture."""
    random = np.random.default_rng(0)
    picture = PIL.Image.fromarray(random.integers(0, 256, (30, 30, 3)).astype(np.uint8))
    for form in picture_arrays.FORMATS:
        content = file(picture, form)
        for end in range(1, len(content), max(1, len(content) // 40)):
            for damaged in (content[:end], content[:end] + b"\xff" * 9 + content[end + 9 :]):
                try:
                    assert read(damaged).shape == (1, 4, 6, 3)
                except HubError as error:
                    assert "p" in str(error)  # noqa: PT017 - most places fail, but which is for Pillow to say
    with pytest.raises(HubError, match="truncated or damaged"):
        read(file(picture)[:1500])


def test_choices() -> None:
    """Tiny grey pictures are taken for writing; bytes are bytes."""
    assert picture_arrays.default_choice(GREY) == ImageChoice("crop", "0 to 1", True)
    assert picture_arrays.default_choice(field("float32", (None, 64, 64, 1))) == ImageChoice()
    assert picture_arrays.default_choice(COLOR) == ImageChoice()
    assert picture_arrays.default_choice(BYTES).scale == "0 to 255"


@pytest.mark.parametrize("scale", ["0 to 1", "-1 to 1", "0 to 255"])
def test_preview(scale: str) -> None:
    """A preview is the picture in the module's own pixels."""
    landscape = pictures.samples()["landscape"]
    value = read(landscape, field("float32", (None, 64, 64, 3)), scale=scale)
    (shown,) = picture_arrays.preview(value)
    seen = np.asarray(PIL.Image.open(io.BytesIO(shown)), int)
    np.testing.assert_allclose(seen, np.asarray(PIL.Image.open(io.BytesIO(landscape)), int), atol=1)


def test_previews_of_anything() -> None:
    """Values that are no pictures, NaN and infinities show something or nothing, and never fail."""
    assert picture_arrays.preview(np.zeros([3, 3])) == ()
    assert picture_arrays.preview(np.array([[b"a"]], object)) == ()
    assert picture_arrays.preview(np.zeros([0, 4, 4, 3])) == ()
    assert len(picture_arrays.preview(np.zeros([20, 4, 4, 1]))) == 8
    strange = np.array([np.nan, np.inf, -np.inf, -3e38, 3e38, 2, 0, 1] * 2, np.float32).reshape(1, 4, 4, 1)
    assert len(picture_arrays.preview(strange)) == 1


def test_samples() -> None:
    """They are small, always the same, and look like what they are called."""
    assert list(pictures.samples()) == ["cube", "landscape", "digit"]
    for name, content in pictures.samples().items():
        assert PIL.Image.open(io.BytesIO(content)).size == (64, 64)
        assert len(content) < 5000
        assert picture_arrays.read_pictures(COLOR, [(name, content)], ImageChoice()).are_samples
    assert not picture_arrays.read_pictures(COLOR, [("cube", file(plain(RED)))], ImageChoice()).are_samples


def test_many_large_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files of large pictures are decoded one after the other, and not without end."""
    monkeypatch.setattr(picture_arrays, "MAX_TOTAL_PIXELS", 250)
    large = ("p", file(plain(RED)))  # 96 pixels
    assert picture_arrays.read_pictures(COLOR, [large] * 2, ImageChoice()).value.shape == (2, 4, 6, 3)
    decoded: list[Any] = []
    whole = picture_arrays.open_picture

    def decode(*arguments: Any) -> Any:
        assert not any(reference() is not None for reference in decoded[:-1])
        picture = whole(*arguments)
        decoded.append(weakref.ref(picture[0]))
        return picture

    monkeypatch.setattr(picture_arrays, "open_picture", decode)
    with pytest.raises(HubError, match="5 pictures are too large together"):
        picture_arrays.read_pictures(COLOR, [large] * 5, ImageChoice())
    assert len(decoded) == 3

"""Files of pictures that a graph decodes itself."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs import pictures
from hubexplore.inputs.external import picture_files
from hubexplore.inputs.fields import Field
from hubexplore.summary.reading.string_inputs import Encoding


def field(shape: Any = (None,), in_base64: bool = False) -> Field:
    encoding = Encoding("image", picture="PNG", base64=in_base64)
    return Field("x", "string", shape, "dense", "text", "a file", encoding=encoding)


def file(form: str = "PNG", size: tuple[int, int] = (400, 100)) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", size, "red").save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", picture_files.FORMATS)
def test_files_stay_as_they_are(form: str) -> None:
    content = file(form)
    assert content.startswith(picture_files.BEGINNINGS)
    input_value = picture_files.read(field(), [("a.x", content), ("b.x", content)])
    assert input_value.value.tolist() == [content, content]
    assert input_value.words == "picture a.x and 1 more"
    assert not input_value.are_samples
    assert picture_files.read(field(()), [("a", content)]).value[()] == content
    assert picture_files.read(field((None, 1)), [("a", content)] * 2).value.shape == (2, 1)
    (web,) = picture_files.read(field(in_base64=True), [("a", content)]).value
    assert base64.urlsafe_b64decode(web) == content
    (preview, _) = picture_files.preview(field(), input_value.value)
    with PIL.Image.open(io.BytesIO(preview)) as shown:
        assert (shown.format, shown.size) == ("PNG", (192, 48))


def test_ours() -> None:
    input_value = picture_files.read(field(), list(pictures.samples().items())[:2])
    assert input_value.are_samples
    assert not picture_files.read(field(), [("cube", file())]).are_samples


def test_what_the_graph_could_not_decode() -> None:
    for content, words in (
        (
            file("WEBP"),
            "seems to be a WebP picture; save it as PNG. Supported formats are PNG, JPEG, GIF and BMP",
        ),
        (file("TIFF"), "seems to be a TIFF picture"), (b"hello", "seems to be text"), (b"", "an empty file"),
        (file()[:-30], "truncated or damaged"), (file("GIF", (20_000, 3_000)), "too large a picture"),
    ):  # fmt: skip
        with pytest.raises(SignatureError, match=words):
            picture_files.read(field(), [("good", file()), ("bad", content)])
    with pytest.raises(SignatureError, match="at least one picture"):
        picture_files.read(field(), [])
    with pytest.raises(SignatureError, match=r"found 2 values, expected the shape \(1\)"):
        picture_files.read(field((1,)), [("a", file())] * 2)


def test_previews_of_anything() -> None:
    """Strings from elsewhere may be no pictures."""
    value = np.array([file(), b"no", "no", None, 3, file("WEBP"), base64.urlsafe_b64encode(file())], object)
    assert len(picture_files.preview(field(), value)) == 1
    assert len(picture_files.preview(field(in_base64=True), value)) == 1
    assert len(picture_files.preview(field(), np.array([file()] * 20, object))) == 8
    assert picture_files.preview(field(()), np.array(b"no", object)) == ()

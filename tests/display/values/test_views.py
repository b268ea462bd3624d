"""Which views suit a value, and that each can be drawn."""

import base64
import io
import json
import re
import struct
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from PIL import Image

from hubexplore.display import palette, values
from hubexplore.display.values.views.svg_drawing import SvgDrawing, coloured
from tests.display.values.composites import Ragged, Sparse, deep, ragged, sparse

RANDOM = np.random.default_rng(0)
SHARES = RANDOM.uniform(size=(3, 10)) ** 4
SHARES /= SHARES.sum(1, keepdims=True)

BEST = {
    "embeddings": (RANDOM.normal(size=(4, 64)), "Similarity"),
    "one embedding": (RANDOM.normal(size=(1, 64)), "Plot"),
    "shares": (SHARES, "Scores"),
    "one row of shares": (SHARES[0], "Scores"),
    "images": (RANDOM.uniform(size=(2, 8, 8, 3)), "Images"),
    "grey images": (RANDOM.uniform(size=(2, 8, 8, 1)), "Images"),
    "one image": (RANDOM.uniform(size=(8, 8, 3)), "Images"),
    "bytes of images": (RANDOM.integers(0, 255, (2, 8, 8, 3)).astype(np.uint8), "Images"),
    "frames of films": (RANDOM.uniform(size=(2, 3, 8, 8, 3)), "Images"),
    "activations": (RANDOM.normal(size=(2, 8, 8, 24)), "Tiles"),
    "corners of boxes": (RANDOM.uniform(size=(1, 20, 4)), "Table"),
    "one number in a row": (np.array([20.0]), "Table"),
    "vector": (RANDOM.normal(size=12), "Plot"),
    "matrix": (RANDOM.normal(size=(20, 3)), "Heat map"),
    "bfloat16": (RANDOM.normal(size=(2, 3)).astype(ml_dtypes.bfloat16), "Plot"),
    "a few integers": (np.arange(12).reshape(3, 4), "Table"),
    "many integers": (np.arange(100).reshape(4, 25), "Rows"),
    "counts": (np.arange(100), "Plot"),
    "texts": (np.array([b"a", b"b"], object), "Text"),
    "one text": (np.array(b"a", object), "Text"),
    "scalar": (np.float32(3.25), "Numbers"),
    "booleans": (np.array([True, False]), "Table"),
    "complex": (np.array([1 + 2j, 3]), "Table"),
    "nothing": (np.zeros((0, 10)), "Table"),
    "rank 6": (np.zeros((1, 2, 1, 2, 1, 2)), "Plot"),
    "sparse": (sparse(), "Rows"),
    "ragged": (ragged(), "Rows"),
}
ODD = {
    **{name: value for name, (value, _) in BEST.items()},
    "deep": deep(),
    "all NaN": np.full((3, 20), np.nan),
    "some NaN": np.where(RANDOM.uniform(size=(3, 20)) < 0.3, np.nan, 1.0),
    "infinite": np.array([[np.inf, -np.inf, 1.0], [0.0, 1.0, 2.0]]),
    "extremes": np.array([[1e308, -1e308, 5e-324], [1e308, 1e308, 1e308]]),
    "all the same": np.full((3, 20), 7.0),
    "zeros": np.zeros((3, 20)),
    "images of NaN": np.full((1, 8, 8, 3), np.nan),
    "images all the same": np.full((1, 8, 8, 3), 0.5),
    "one row, one column": np.ones((1, 1)),
    "no columns": np.zeros((3, 0)),
    "no images": np.zeros((0, 8, 8, 3)),
    "half": np.array([1, 2], np.float16),
    "largest integers": np.array([2**63 - 1, -(2**63)]),
    "float8": np.ones((3, 4)).astype(ml_dtypes.float8_e5m2),
    "int4": np.ones((3, 4)).astype(ml_dtypes.int4),
    "images of bfloat16": np.ones((2, 9, 9, 3)).astype(ml_dtypes.bfloat16),
    "long double": np.ones((2, 3), np.longdouble),
    "objects": np.array([None, 1, "a", {}], object),
    "bytes": np.zeros(3, "V5"),
    "records": np.zeros(3, [("a", "i4")]),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "no entries in a row": np.zeros((1, 0)),
    "images with opacity": RANDOM.uniform(size=(1, 8, 8, 4)),
    "truths as images": np.ones((1, 8, 8, 3), bool),
    "texts of rank 3": np.full((2, 2, 2), b"x", object),
    "no texts": np.zeros(0, object),
    "one NaN between numbers": np.array([[1, np.nan, 3, np.nan], [1, 2, 3, 4]]),
    "infinite vector": np.array([np.inf, 1.0, -np.inf, np.nan]),
    "activations of NaN": np.full((1, 8, 8, 6), np.nan),
    "empty sparse": Sparse(np.zeros((0, 2), int), np.zeros(0), np.array([3, 5])),
    "empty ragged": Ragged(np.zeros(0), [np.array([0])]),
}


@pytest.mark.parametrize("name", BEST)
def test_the_best_view_comes_first(name: str) -> None:
    value, best = BEST[name]
    assert values.suitable_views(value)[0] == best


@pytest.mark.parametrize("name", ODD)
def test_every_view_can_be_drawn(name: str) -> None:
    for view in values.suitable_views(ODD[name]):
        drawn = values.render(ODD[name], view, name=name)
        assert drawn.view == view
        assert drawn.html
        assert len(drawn.hovers) == drawn.html.count("<img")
        for hover in drawn.hovers:
            record = None if hover is None else hover.to_dict()
            assert "NaN" not in json.dumps(record, allow_nan=False)
            if isinstance(hover, values.GridHover):
                assert len(hover.values) == hover.rows * hover.columns <= 4096
    assert values.facts(ODD[name])
    assert len(values.brief(ODD[name])) <= 80


def test_a_name_is_a_hint() -> None:
    logits = RANDOM.normal(size=(2, 10))
    assert values.suitable_views(logits)[0] != "Scores"
    assert values.suitable_views(logits, name="logits")[0] == "Scores"
    assert values.suitable_views(logits, labels=[str(digit) for digit in range(10)])[0] == "Scores"


def test_chances_of_tokens_are_none_of_classes() -> None:
    assert values.suitable_views(np.full((2, 9), -1.0), name="token_log_probs")[0] != "Scores"
    assert values.suitable_views(np.log([[0.5, 0.3, 0.2]]), name="log_probs")[0] == "Scores"
    assert values.suitable_views(np.full((2, 9), -1.0), name="logits")[0] == "Scores"


def test_attention_and_many_truth_values_are_looked_at() -> None:
    weights = RANDOM.uniform(size=(2, 9, 7))
    assert values.suitable_views(weights)[0] == "Table"
    assert values.suitable_views(weights / weights.sum(-1, keepdims=True))[0] == "Heat map"
    flags = RANDOM.uniform(size=(2, 200)) > 0.9
    assert [values.suitable_views(flags)[0], values.suitable_views(flags[:, :12])[0]] == ["Heat map", "Table"]
    assert values.render(flags).html.count("<img") == 1


def test_one_embedding_says_what_to_do_with_it() -> None:
    row = RANDOM.normal(size=(1, 64))
    assert values.suitable_views(row, shape=(None, 64)) == ("One row", *values.suitable_views(row))
    assert values.suitable_views(row, shape=(1, 64))[0] == "Plot"  # there is no second row to add
    assert "Infinity" not in values.render(row * 1e300, shape=(None, 64)).html
    html = values.render(row, shape=(None, 64)).html
    assert "Add a second row to the input" in html
    assert f"[{np.abs(row).argmax()}] " in html
    tone = np.sin(np.arange(64) / 5)[None]
    assert values.suitable_views(tone, shape=(None, 64))[0] == "Plot"


def test_lines_of_a_text_stay_lines() -> None:
    html = values.render(np.array([b"one\n  two\r\n<b>\x1b", b"three"], object)).html
    assert '<pre class="lines">one\n  two\n&lt;b&gt;\\x1b</pre>' in html
    assert "<code>three</code>" in html
    single = values.render(np.array([b"one"], object), rows=["the only prompt"]).html
    assert ["<ol" in single, "<li" in single, "the only prompt" in single] == [False] * 3
    prompts = values.render(np.array([b"one", b"two"], object), rows=["first", "second"]).html
    assert '<li><p class="note">first</p><code>one</code></li>' in prompts


def test_a_row_of_texts_is_chips() -> None:
    html = values.render(np.array([[b"a", b"", b"<b>"]] * 2, object), rows=["first", "second"]).html
    assert html.count('class="chip"') == 6
    assert '<p class="note">first</p>' in html
    assert "<b>" not in html
    words = Ragged(np.array([b"a", b"b", b"c"], object), [np.array([0, 2, 3])])
    assert values.render(words).html.count('class="chip"') == 3


@pytest.mark.parametrize("name", ["log_probability", "score", "prediction"])
def test_one_number_for_each_row_has_no_classes(name: str) -> None:
    numbers = np.array([0.25, 0.75])  # the sum is 1 by accident
    assert values.suitable_views(numbers, name=name, shape=(None,)) == ("Plot", "Table")
    drawn = values.render(numbers, name=name, shape=(None,), rows=["Ann", "Bob"])
    hover = drawn.hovers[0]
    assert isinstance(hover, values.GridHover)
    assert hover.column_captions == ("Ann", "Bob")
    assert values.suitable_views(numbers, name=name, shape=(2,))[0] == "Scores"
    assert values.suitable_views(numbers, name=name, shape=(None,), labels=["no", "yes"])[0] == "Scores"


def test_a_class_for_each_row_is_read() -> None:
    classes = np.array([13, 12])
    assert values.suitable_views(classes, name="prediction", shape=(None,)) == ("Table", "Plot")
    assert values.suitable_views(np.arange(65), name="counts", shape=(None,)) == ("Plot", "Table")


def test_complex_numbers_are_drawn_by_magnitude_and_by_phase() -> None:
    spectrum = np.fft.rfft(RANDOM.normal(size=(2, 64)))
    assert values.suitable_views(spectrum) == ("Magnitude and phase", "Real and imaginary", "Table")
    magnitude, phase = (values.render(part, "Plot") for part in (np.abs(spectrum), np.angle(spectrum)))
    assert values.render(spectrum).hovers == magnitude.hovers + phase.hovers
    assert values.suitable_views(np.array(1 + 2j)) == ("Numbers",)
    # Neither the rows of a short-time spectrum nor its columns are compared or ranked.
    assert values.render(np.fft.rfft(RANDOM.normal(size=(40, 64)))).html.count("<img") == 2
    # What is smaller than the fourth digit of the other part is rounding.
    table = values.render(np.array([[-31.99j, 2.5 - 1e-9j, np.nan + 1j]]), "Table").html
    assert [text in table for text in ("0-31.99j", "2.5+0j", "nan+1j")] == [True] * 3


def test_rows_of_ids_are_read() -> None:
    ids = RANDOM.integers(0, 30_000, (2, 300))
    assert values.suitable_views(ids)[0] == "Rows"
    html = values.render(ids, rows=["first", "second"]).html
    assert f'<p class="note">second</p><code>{ids[1, 0]} {ids[1, 1]} ' in html
    assert "… and 44 more" in html
    assert values.suitable_views(-ids)[0] != "Rows"
    assert values.suitable_views(ids.astype(np.uint8))[0] != "Rows"  # a grey picture


def test_files_of_pictures_are_pictures() -> None:
    content = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 255, (20, 30, 3)).astype(np.uint8)).save(content, "PNG")
    file = content.getvalue()
    assert values.suitable_views(np.array(file, object)) == ("Images", "Text", "Table")
    for value, count in ((np.array(file, object), 1), (np.array([file, file], object), 2)):
        html = values.render(value).html
        assert html.count("<img") == html.count("20 × 30 pixels</figcaption>") == count
    assert values.suitable_views(np.array([file, b"text"], object))[0] == "Text"
    # What begins as a picture and is none, or is a huge one, is shown as bytes.
    header = struct.pack(">II", 100_000, 100_000)
    for broken in (file[:60], file[:16] + header + file[24:]):
        rendered = values.render(np.array([broken], object))
        assert rendered.view == "Text"
        assert f"{len(broken):,} bytes" in rendered.html
        assert len(rendered.html) < 1000


def test_attention_is_a_matrix_for_each_head() -> None:
    attention = RANDOM.dirichlet(np.ones(12), (1, 8, 12))
    assert "8 tiles of 12 × 12, numbered by matrix" in values.render(attention).html
    assert "numbered by channel" in values.render(RANDOM.normal(size=(1, 8, 12, 12))).html


def test_infinite_scores_have_no_bar() -> None:
    finite, infinite = (values.render(np.array([[best, 2.0, 1.0]]), "Scores").html for best in (3.0, np.inf))
    assert ["have no bar" in html for html in (finite, infinite)] == [False, True]
    # The best one is orange.
    colours = [
        base64.b64decode(html.partition("base64,")[2].partition('"')[0]) for html in (finite, infinite)
    ]
    assert [palette.ORANGE.encode() in svg for svg in colours] == [True, False]


def test_a_single_number_needs_no_table() -> None:
    assert values.render(np.array([[0.83]])).html == "<p><strong>0.83</strong></p>"
    assert "<table" in values.render(np.array([0.83]), rows=["a customer"]).html


def test_truth_values_of_pixels_are_a_picture() -> None:
    mask = RANDOM.uniform(size=(1, 40, 60, 1)) > 0.5
    assert values.suitable_views(mask) == ("Images", "Tiles", "Table")
    assert "0 is black, 1 is white" in values.render(mask).html
    assert values.suitable_views(mask[0, :2, :2, 0]) == ("Table",)


def test_the_only_picture_has_no_number() -> None:
    pictures = RANDOM.uniform(size=(2, 12, 12, 3))
    assert "<figcaption" not in values.render(pictures[:1]).html
    assert "<figcaption" in values.render(pictures).html
    assert "<figcaption" in values.render(pictures[:1], rows=["a king"]).html


def test_a_few_high_numbers_among_many_low_ones_are_scores() -> None:
    scores = np.random.default_rng(0).random((3, 521)) ** 8
    assert values.suitable_views(scores.astype(np.float32))[0] == "Scores"
    for other in (scores ** (1 / 8), scores / 3, scores - 0.1, np.round(scores), np.eye(8) * 0.9):
        assert values.suitable_views(other)[0] != "Scores"


def test_ids_are_not_scores() -> None:
    ids = np.array([[1.0, 18.0, 1.0, 44.0]], np.float32)
    assert values.suitable_views(ids, name="detection_classes")[0] != "Scores"
    assert values.suitable_views(np.array([[0.0, 1.0, 0.0, 0.0]]), name="class")[0] == "Scores"


def test_a_view_that_does_not_suit_gives_the_best() -> None:
    assert values.render(np.zeros(3), "Images").view == "Plot"


HUGE = {
    "vector": np.arange(10_000_000, dtype=np.float32),
    "matrix": RANDOM.normal(size=(3000, 3000)).astype(np.float32),
    "embeddings": RANDOM.normal(size=(200, 512)),
    "images": RANDOM.uniform(size=(100, 64, 64, 3)),
    "large image": RANDOM.uniform(size=(1, 512, 512, 3)),
    "activations": RANDOM.normal(size=(4, 56, 56, 512)),
    "texts": np.array([b"x" * 10_000] * 1000, object),
    "tokens": np.array([[b"<" * 3000] * 60] * 200, object),
    "escapes": np.array([b"\x1b" * 10_000] * 1000, object),
    "ragged": Ragged(RANDOM.normal(size=(1000, 60, 60)), [np.arange(0, 1001, 10)]),
    "sparse": Sparse(np.zeros((10_000, 2), int), np.full(10_000, b"v" * 5000, object), np.array([9, 9])),
    "wide embeddings": RANDOM.normal(size=(6, 200_000)),
    "photographs": RANDOM.uniform(size=(24, 224, 224, 3)),
    "classes": RANDOM.uniform(size=(50, 20_000)),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_large_is_bounded(name: str) -> None:
    for view in values.suitable_views(HUGE[name]):
        drawn = values.render(
            HUGE[name], view, name=name, rows=["c" * 10_000] * 200, labels=["l" * 10_000] * 20
        )
        hovers = sum(len(str(hover.to_dict())) for hover in drawn.hovers if hover)
        assert len(drawn.html) < 300_000, view
        assert hovers < 300_000, view
    assert len(values.facts(HUGE[name])) < 100
    assert len(values.brief(HUGE[name])) < 80


def test_the_same_values_give_the_same_picture() -> None:
    for view in values.suitable_views(SHARES):
        first, second = values.render(SHARES, view), values.render(SHARES, view)
        assert first == second
        assert first.html == second.html


HOSTILE = (
    "<img src=x onerror=alert(1)>", "</text><script>alert(1)</script>", "$x_{1}$ \\alpha", "日本語 עברית",
    "\u202eevil\u202c", "two\nlines", "n" * 10_000, "\x1b[31mred", "", "_underscored_legend",
)  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.pictures: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.pictures += [value or "" for name, value in attrs if name == "src"]


DRAWN = {
    "xmlns", "xmlns:xlink", "width", "height", "viewbox", "transform", "d", "x", "y", "style", "xlink:href",
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "font-size", "font-weight",
    "text-anchor", "preserveaspectratio",
}  # fmt: skip


def test_a_mask_in_bytes_is_seen() -> None:
    mask = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1) % 21
    assert "0 is black, 20 is white" in values.render(mask, "Images").html


def test_the_content_of_a_file_is_no_text() -> None:
    assert values.brief(np.array([b"\x89PNG\r\n\x1a\n", b"words", b"\0\1"], object)) == (
        '[8 bytes, "words", 2 bytes] (3)'
    )


def test_frames_are_named_by_their_places() -> None:
    html = values.render(BEST["frames of films"][0], rows=["a film"]).html
    assert [f"<figcaption>{name}</figcaption>" in html for name in ("a film, 2", "image 1, 0")] == [
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["shares", "embeddings", "images", "matrix", "activations"])
def test_hostile_captions_are_text(name: str) -> None:
    value: Any = BEST[name][0]
    rows = [HOSTILE[number % len(HOSTILE)] for number in range(len(value))]
    labels = [HOSTILE[number % len(HOSTILE)] for number in range(value.shape[-1])]
    for view in values.suitable_views(value):
        html = values.render(value, view, name=HOSTILE[0], rows=rows, labels=labels).html
        page = Elements(html)
        drawings = [
            base64.b64decode(picture.partition(",")[2]).decode()
            for picture in page.pictures
            if "svg" in picture[:20]
        ]
        assert all(picture.startswith("data:image/") for picture in page.pictures)
        for drawing in map(Elements, drawings):
            assert drawing.names <= {"svg", "rect", "path", "text", "image"}
            assert drawing.attributes <= DRAWN
        assert "script" not in page.names
        assert not [attribute for attribute in page.attributes if attribute.startswith("on")]
        assert not {"\x1b", "\u202e"} & set("".join([html, *drawings]))


def test_what_is_drawn_is_what_was_asked_for() -> None:
    """Places in points from the top left; a text is text, a NaN parts a line, a point has no length."""
    drawing = SvgDrawing(100, 50)
    drawing.bar(1, 2, 30.126, 4, "#ff0000")
    drawing.line([0, 1, 2, 3], [5, np.nan, 6, 7], "#00ff00", 2, (1.5, 2))
    drawing.dots(np.array([8.0, 9]), np.array([10.0, 11]), 3, "#0000ff")
    drawing.text(20, 30, HOSTILE[1], "right", size=10, bold=True, turn=90)
    (img,) = Elements(drawing.picture("words")).pictures
    svg = base64.b64decode(img.partition(",")[2]).decode()
    assert '<rect x="1" y="2" width="30.13" height="4" fill="#ff0000"></rect>' in svg
    assert (
        '<path d="M0 5M2 6L3 7" fill="none" stroke="#00ff00" stroke-width="2" stroke-dasharray="3 4">' in svg
    )
    assert (
        '<path d="M8 10h0M9 11h0" fill="none" stroke="#0000ff" stroke-width="3" stroke-linecap="round">'
        in svg
    )
    assert (
        '<text x="20" y="33.6" fill="#1f2933" font-size="10" text-anchor="end" font-weight="bold" '
        'transform="rotate(-90 20 33.6)">&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;</text>' in svg
    )
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert 'width="100pt" height="50pt" viewBox="0 0 100 50"' in svg


def test_cells_are_an_image_of_their_colours() -> None:
    colours = coloured(np.array([[0.0, 0.5, 1.0, np.nan]]), 0.0, 1.0)
    # The ends of viridis, its middle, and the grey of NaN.
    assert colours.tolist() == [
        [[0x44, 1, 0x54, 255], [32, 144, 140, 255], [0xFD, 0xE7, 0x24, 255], [0xD5, 0xDA, 0xDF, 255]]
    ]
    assert coloured(np.array([0.0]), -2.0, 2.0).tolist() == [[247, 247, 247, 255]]  # white in the middle
    drawing = SvgDrawing(10, 10)
    drawing.pixels(1, 2, 8, 4, colours)
    (img,) = Elements(drawing.picture("words")).pictures
    svg = base64.b64decode(img.partition(",")[2]).decode()
    data = re.search('xlink:href="data:image/png;base64,([^"]+)"', svg)
    assert data is not None
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1])))).tolist() == colours.tolist()


def test_texts_are_escaped() -> None:
    html = values.render(np.array([text.encode() for text in HOSTILE], object), "Text").html
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert len(html) < 20_000


def test_choosing_needs_neither_tensorflow_nor_pillow() -> None:
    code = (
        "import sys, numpy\n"
        "from hubexplore.display import values\n"
        "values.suitable_views(numpy.ones((2, 30)))\n"
        "values.facts(numpy.ones(2)); values.brief(numpy.ones(2))\n"
        "assert not {'tensorflow', 'PIL', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

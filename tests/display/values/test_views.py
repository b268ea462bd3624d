"""Which views suit a value, and that each can be drawn."""

import base64
import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hubexplore.display import values
from hubexplore.display.values.views.svg import drawing_only
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
    "many integers": (np.arange(100).reshape(4, 25), "Similarity"),
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
    assert values.views(value)[0] == best


@pytest.mark.parametrize("name", ODD)
def test_every_view_can_be_drawn(name: str) -> None:
    for view in values.views(ODD[name]):
        drawn = values.render(ODD[name], view, name=name)
        assert drawn.view == view
        assert drawn.html
        assert len(drawn.hovers) == drawn.html.count("<img")
        for hover in drawn.hovers:
            told = None if hover is None else hover.to_dict()
            assert "NaN" not in json.dumps(told, allow_nan=False)
            if isinstance(hover, values.GridHover):
                assert len(hover.values) == hover.rows * hover.columns <= 4096
    assert values.facts(ODD[name])
    assert len(values.brief(ODD[name])) <= 80


def test_a_name_is_a_hint() -> None:
    logits = RANDOM.normal(size=(2, 10))
    assert values.views(logits)[0] != "Scores"
    assert values.views(logits, name="logits")[0] == "Scores"
    assert values.views(logits, labels=[str(digit) for digit in range(10)])[0] == "Scores"


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
    for view in values.views(HUGE[name]):
        drawn = values.render(
            HUGE[name], view, name=name, rows=["c" * 10_000] * 200, labels=["l" * 10_000] * 20
        )
        hovers = sum(len(str(hover.to_dict())) for hover in drawn.hovers if hover)
        assert len(drawn.html) < 300_000, view
        assert hovers < 300_000, view
    assert len(values.facts(HUGE[name])) < 100
    assert len(values.brief(HUGE[name])) < 80


def test_the_same_values_give_the_same_picture() -> None:
    for view in values.views(SHARES):
        assert values.render(SHARES, view) == values.render(SHARES, view)


def test_the_readers_settings_of_matplotlib_neither_matter_nor_change() -> None:
    import matplotlib as mpl

    with mpl.rc_context():
        plain = values.render(SHARES, "Heat map")
        mpl.rcParams.update({"font.size": 30, "path.sketch": (1, 100, 2), "figure.autolayout": True})
        mpl.rcParams.update({"image.cmap": "gray", "svg.fonttype": "path", "font.sans-serif": ["Arial"]})
        before = dict(mpl.rcParams)
        assert values.render(SHARES, "Heat map") == plain
        assert dict(mpl.rcParams) == before


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
    "xmlns", "xmlns:xlink", "id", "width", "height", "viewbox", "version", "transform", "d", "x", "y",
    "style", "xlink:href",
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
    for view in values.views(value):
        html = values.render(value, view, name=HOSTILE[0], rows=rows, labels=labels).html
        page = Elements(html)
        drawings = [
            base64.b64decode(each.partition(",")[2]).decode() for each in page.pictures if "svg" in each[:20]
        ]
        assert all(each.startswith("data:image/") for each in page.pictures)
        for drawing in map(Elements, drawings):
            assert drawing.names <= {"svg", "g", "defs", "path", "use", "text", "image"}
            assert drawing.attributes <= DRAWN
        assert "script" not in page.names
        assert not [each for each in page.attributes if each.startswith("on")]
        assert not {"\x1b", "\u202e"} & set("".join([html, *drawings]))


def test_svg_keeps_only_the_drawing() -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">'
        b"<script>x()</script><style>*{}</style><metadata>then</metadata><foreignObject/>"
        b'<image xlink:href="https://elsewhere/a.png"/><use xlink:href="//elsewhere/b.svg#c"/>'
        b'<a xlink:href="javascript:x()"><text>t</text></a>'
        b'<text onclick="x()" style="font-family: F; fill: red">k</text></svg>'
    )
    kept = drawing_only(drawing).decode()
    assert not [each for each in ("script", "onload", "onclick", "then", "elsewhere", "<a") if each in kept]
    assert "fill: red" in kept
    assert ">k</text>" in kept


def test_texts_are_escaped() -> None:
    html = values.render(np.array([each.encode() for each in HOSTILE], object), "Text").html
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert len(html) < 20_000


def test_choosing_needs_neither_tensorflow_nor_matplotlib() -> None:
    code = (
        "import sys, numpy\n"
        "from hubexplore.display import values\n"
        "values.views(numpy.ones((2, 30))); values.facts(numpy.ones(2)); values.brief(numpy.ones(2))\n"
        "assert not {'tensorflow', 'matplotlib', 'PIL', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The picture of the layers agrees with the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pytest

from tools.layers import HEADS, Layer, drawing, lines, own, rows, title

SPACE = "{http://www.w3.org/2000/svg}"
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "layers.svg"


def project(*layers: str, source: str = "hubexplore.errors", forbidden: str = "numpy") -> dict[str, Any]:
    contracts = [
        {"type": "layers", "layers": layers},
        {"type": "forbidden", "source_modules": [source], "forbidden_modules": [forbidden]},
    ]
    return {"tool": {"importlinter": {"contracts": contracts}}}


def texts(svg: str) -> list[str]:
    """All that is written in a picture, in its order: graphviz's, from left to right and down."""
    return [each.text or "" for each in Tree.fromstring(svg).iter(f"{SPACE}text")]


def test_the_picture_is_of_these_contracts() -> None:
    """Sizes and places depend on graphviz's version and on fonts; the words do not."""
    svg, layers = PICTURE.read_text("utf-8"), own()
    expected = list(HEADS)
    for row in layers:
        boxes, right = lines(row)
        expected += [line for box in boxes for line in box] + right
    assert texts(svg) == expected, "run `make pictures` to draw it again"
    assert f"<title>{title(layers)}</title>" in svg


def test_a_row_for_each_layer() -> None:
    layers = rows(project("hubexplore.notebook | hubexplore.samples", "hubexplore.errors"))
    assert [[layer.name for layer in row] for row in layers] == [["notebook", "samples"], ["errors"]]
    assert layers[1][0].description.startswith("What can go wrong")


def test_a_forbidden_package_is_named_where_it_may_be_imported() -> None:
    ((samples, notebook), (errors,)) = rows(
        project("hubexplore.samples|hubexplore.notebook", "hubexplore.errors", forbidden="pandas")
    )
    assert samples.imports == notebook.imports == ("pandas",)
    assert errors.imports == ()


def test_the_part_of_a_layer_that_may_not() -> None:
    ((notebook,),) = rows(project("hubexplore.notebook", source="hubexplore.notebook.magics"))
    assert notebook.imports == ("numpy, not in magics",)


@pytest.mark.usefixtures("dot")
def test_it_is_an_image_with_a_title_and_strangers_words_are_text() -> None:
    layers = rows(project("hubexplore.notebook | hubexplore.samples", "hubexplore.errors"))
    layers[0][0] = Layer("<b>", 'says "&" <script>', ("a, b",))
    svg = drawing(layers)
    root = Tree.fromstring(svg)
    named = root.find(f"{SPACE}title")
    assert named is not None
    assert named.text == "Layers from top to bottom: <b> and samples; errors"
    assert root.get("role") == "img"
    assert {"<b>", 'says "&" <script>', "<b>: a, b", "samples: numpy"} <= set(texts(svg))
    assert not list(root.iter(f"{SPACE}script"))
    assert '[fill="#1f2933"] { fill: #e4e7eb; }' in svg, "in the dark words are bright"

"""The picture of the layers agrees with the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

from tools.layers import drawing, picture, rows

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "layers.svg"


def project(*layers: str, source: str = "hubexplore.errors", forbidden: str = "numpy") -> dict[str, Any]:
    contracts = [
        {"type": "layers", "layers": layers},
        {"type": "forbidden", "source_modules": [source], "forbidden_modules": [forbidden]},
    ]
    return {"tool": {"importlinter": {"contracts": contracts}}}


def test_the_picture_is_of_these_contracts() -> None:
    assert PICTURE.read_text("utf-8") == picture(), "make pictures draws it anew"


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


def test_it_is_an_image_with_a_title() -> None:
    svg = Tree.fromstring(drawing(rows(project("hubexplore.notebook", "hubexplore.errors"))))
    title = svg.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == "Layers from top to bottom: notebook; errors"
    assert svg.get("role") == "img"

"""Draws the layers of the package, from the contracts that import-linter enforces.

    python -m tools.layers docs/pictures/layers.svg

A row is a layer: it imports only rows below it. The words are the first line of its docstring; on the right
stand the packages that no contract forbids it and that are forbidden elsewhere.
"""

from __future__ import annotations

import ast
import math
import sys
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from graphviz import Digraph

from hubexplore.display import palette
from hubexplore.display.diagram.graphviz_svg import cleaned, render
from hubexplore.display.markup import Markup, tag

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "hubexplore"
TOTAL: Final = 72
"""Characters that fit beside one another in the boxes of a row."""
RIGHT: Final = 34
"""Characters of a line on the right."""
SHOWN: Final = 3
"""Maximum number of packages of a contract that are named."""
HEADS: Final = ("Each layer imports only the layers below it", "Packages reserved for these layers")
FONT: Final = "system-ui,DejaVu Sans,sans-serif"
BREAK: Final = Markup("<BR/>")
DARK: Final = {
    palette.INK: "#e4e7eb", palette.DIM: "#b0bac5", palette.BOXES["grey"][0]: "#24303d",
}  # fmt: skip
STYLE: Final = (
    "@media (prefers-color-scheme: dark) { "
    + " ".join(f'[fill="{light}"] {{ fill: {dark}; }}' for light, dark in DARK.items())
    + " }"
)


@dataclass(frozen=True)
class Layer:
    """One box.

    Attributes:
      name: without the package's.
      description: what it is.
      imports: packages of others that it may import and some layers may not.
    """

    name: str
    description: str
    imports: tuple[str, ...]


def rows(project: dict[str, Any]) -> list[list[Layer]]:
    """The layers from top to bottom; those in one row do not import each other."""
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract for contract in contracts if contract["type"] == "layers")
    forbidden = [contract for contract in contracts if contract["type"] == "forbidden"]
    return [
        [_layer(name.strip(), forbidden) for name in row.replace("|", ":").split(":")]
        for row in layers["layers"]
    ]


def _layer(name: str, forbidden: list[dict[str, Any]]) -> Layer:
    allowed = []
    for contract in forbidden:
        if name in contract["source_modules"]:
            continue
        modules = contract["forbidden_modules"]
        more = f" and {len(modules) - SHOWN} more" if len(modules) > SHOWN else ""
        inside = sorted(
            source_module.removeprefix(f"{name}.")
            for source_module in contract["source_modules"]
            if source_module.startswith(f"{name}.")
        )
        but = f", not in {', '.join(inside)}" if inside else ""
        allowed.append(", ".join(modules[:SHOWN]) + more + but)
    return Layer(name.removeprefix(f"{PACKAGE}."), _docstring(name), tuple(allowed))


def _docstring(module: str) -> str:
    """Its first line, without its full stop; nothing is imported for it."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    # Parsed, not imported: a layer may import TensorFlow, and the picture needs no more than its docstring.
    return (
        (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "")
        .split("\n")[0]
        .rstrip(".")
        .replace("`", "")
    )


def title(layers: list[list[Layer]]) -> str:
    """Returns the alt text of the picture."""
    return "Layers from top to bottom: " + "; ".join(
        " and ".join(layer.name for layer in row) for row in layers
    )


def lines(row: list[Layer]) -> tuple[list[list[str]], list[str]]:
    """The lines of each box of a row, its name first, and those on the right of the row."""
    width = TOTAL // len(row)
    boxes = [[layer.name, *textwrap.wrap(layer.description, width)] for layer in row]
    # What not all of the row may import says whose it is.
    said = {
        words if all(words in layer.imports for layer in row) else f"{layer.name}: {words}": None
        for layer in row
        for words in layer.imports
    }
    return boxes, [line for words in said for line in textwrap.wrap(words, RIGHT)]


def dot_source(layers: list[list[Layer]]) -> str:
    """The picture as one table in DOT; graphviz finds the sizes."""
    # The least common multiple, so that each row can divide the table into boxes of equal width.
    columns = math.lcm(*map(len, layers))
    head = tag("TR", _cell([HEADS[0]], colspan=columns), _cell([HEADS[1]]))
    rows = [head]
    for row in layers:
        boxes, right = lines(row)
        cells = [_cell(box[1:], box[0], columns // len(row)) for box in boxes]
        rows.append(tag("TR", *cells, _cell(right)))
    table = tag("TABLE", *rows, BORDER=0, CELLSPACING=8, CELLPADDING=8)
    graph = Digraph(
        graph_attr={"bgcolor": "transparent", "pad": "0"},
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": "11", "fontcolor": palette.DIM},
    )
    graph.node("n0", f"<{table}>")
    return str(graph.source)


def _cell(words: list[str], name: str = "", colspan: int = 1) -> Markup:
    """Words without a box, or with a name above and a box around."""
    fill, edge = palette.BOXES["grey"]
    looks = {"BORDER": 1, "COLOR": edge, "BGCOLOR": fill, "STYLE": "rounded"} if name else {"BORDER": 0}
    bold = [tag("FONT", tag("B", name), COLOR=palette.INK, **{"POINT-SIZE": 13}), BREAK] if name else []
    below = [part for line in words for part in (line, BREAK)]
    return tag("TD", *bold, *below, ALIGN="LEFT", BALIGN="LEFT", COLSPAN=colspan, **looks)


def drawing(layers: list[list[Layer]]) -> str:
    """The picture, as SVG that needs nothing else; in the dark its colours are others.

    Raises:
      DiagramError: there is no program `dot`, or it fails.
    """
    svg = cleaned(render(dot_source(layers), "svg"), title(layers), (), FONT)
    # An SVG in an `img` sees the colour scheme of the browser, but no style sheet of the page.
    return svg.replace("</title>", f"</title><style>{STYLE}</style>", 1) + "\n"


def own() -> list[list[Layer]]:
    """The layers of this project."""
    return rows(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8")))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawing(own()), encoding="utf-8")

"""Draws the layers of the package, from the contracts that import-linter enforces.

    python -m tools.layers docs/pictures/layers.svg

A row is a layer: it imports only rows below it. Its text is the first line of its docstring. On the right are
the packages that it may import and some other layers may not.
"""

from __future__ import annotations

import ast
import sys
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as Tree

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "hubexplore"
WIDTH: Final = 860
ROW: Final = 74
GAP: Final = 10
MARGIN: Final = 14
RIGHT: Final = 250
"""Width in pixels of the column of packages on the right."""
HEAD: Final = 26
MAX_PACKAGES: Final = 3
"""Maximum number of packages of a contract that are named."""
STYLE: Final = """
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2933; }
.name { font-weight: 600; font-size: 15px; }
.quiet { fill: #52606d; font-size: 12px; }
.box { fill: #eef2f7; stroke: #7b8794; }
.line { stroke: #7b8794; fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e4e7eb; } .quiet { fill: #b0bac5; } .box { fill: #24303d; stroke: #7b8794; }
}
"""


@dataclass(frozen=True)
class Layer:
    """One box.

    Attributes:
      name: without the name of the package.
      description: first line of its docstring.
      imports: third-party packages that it may import and some layers may not.
    """

    name: str
    description: str
    imports: tuple[str, ...]


def rows(project: dict[str, Any]) -> list[list[Layer]]:
    """Returns the layers from top to bottom. Layers in one row do not import each other."""
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract for contract in contracts if contract["type"] == "layers")
    forbidden = [contract for contract in contracts if contract["type"] == "forbidden"]
    return [
        [_layer(name.strip(), forbidden) for name in names.replace("|", ":").split(":")]
        for names in layers["layers"]
    ]


def _layer(name: str, forbidden: list[dict[str, Any]]) -> Layer:
    allowed = []
    for contract in forbidden:
        # A package is worth naming only if some layers must not import it.
        if name in contract["source_modules"]:
            continue
        modules = contract["forbidden_modules"]
        more = f" and {len(modules) - MAX_PACKAGES} more" if len(modules) > MAX_PACKAGES else ""
        exceptions = sorted(
            module.removeprefix(f"{name}.")
            for module in contract["source_modules"]
            if module.startswith(f"{name}.")
        )
        but = f", not in {', '.join(exceptions)}" if exceptions else ""
        allowed.append(", ".join(modules[:MAX_PACKAGES]) + more + but)
    return Layer(name.removeprefix(f"{PACKAGE}."), _docstring(name), tuple(allowed))


def _docstring(module: str) -> str:
    """Returns the first line of a module's docstring, without its full stop. Nothing is imported."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (
        (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "")
        .split("\n")[0]
        .rstrip(".")
        .replace("`", "")
    )


def drawing(layers: list[list[Layer]]) -> str:
    """Returns the picture as a self-contained SVG."""
    height = 2 * MARGIN + HEAD + len(layers) * (ROW + GAP) - GAP
    svg = Tree.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=str(WIDTH),
        height=str(height),
        role="img",
    )
    title = Tree.SubElement(svg, "title")
    title.text = "Layers from top to bottom: " + "; ".join(
        " and ".join(layer.name for layer in row) for row in layers
    )
    Tree.SubElement(svg, "style").text = STYLE
    _text(svg, MARGIN, MARGIN + 14, "Each layer imports only those below it", "quiet")
    _text(svg, WIDTH - MARGIN - RIGHT + 16, MARGIN + 14, "Packages that only some layers may import", "quiet")
    for number, row in enumerate(layers):
        top = MARGIN + HEAD + number * (ROW + GAP)
        _row(svg, row, top)
    Tree.indent(svg, " ")
    return Tree.tostring(svg, encoding="unicode") + "\n"


def _row(svg: Tree.Element, row: list[Layer], top: int) -> None:
    width = (WIDTH - 2 * MARGIN - RIGHT - GAP * (len(row) - 1)) / len(row)
    for column, layer in enumerate(row):
        left = MARGIN + column * (width + GAP)
        Tree.SubElement(
            svg,
            "rect",
            {
                "class": "box", "x": f"{left:g}", "y": str(top), "width": f"{width:g}", "height": str(ROW),
                "rx": "6",
            },
        )  # fmt: skip
        _text(svg, left + 12, top + 22, layer.name, "name")
        for line, text in enumerate(textwrap.wrap(layer.description, int((width - 24) / 6.6))[:2]):
            _text(svg, left + 12, top + 42 + 17 * line, text, "quiet")
    # Packages that only one layer of the row may import begin with its name. A dict keeps their order.
    permissions = {
        text if all(text in other.imports for other in row) else f"{layer.name}: {text}": None
        for layer in row
        for text in layer.imports
    }
    lines = [line for text in permissions for line in textwrap.wrap(text, 36)][:4]
    start = top + (ROW - 16 * len(lines)) / 2 + 12
    for line, text in enumerate(lines):
        _text(svg, WIDTH - MARGIN - RIGHT + 16, start + 16 * line, text, "quiet")


def _text(svg: Tree.Element, x: float, y: float, text: str, kind: str) -> None:
    Tree.SubElement(svg, "text", {"class": kind, "x": f"{x:g}", "y": f"{y:g}"}).text = text


def picture() -> str:
    """Returns the picture of this project."""
    return drawing(rows(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), encoding="utf-8")

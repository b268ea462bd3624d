"""All colours in one place: those of pictures, of cards and grids, and of the explorer panel.

Pictures (diagrams and drawings) have white paper in every theme, and dark themes invert the whole picture, so
their colours are fixed. HTML follows JupyterLab's theme: a colour is a variable of the theme, with a fallback
for pages without that theme. Style sheets use these colours as custom properties, named `--hub-` and the key
in the mappings below; no other file of the package contains a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# Pictures: text and lines.

PAPER: Final = "#ffffff"
INK: Final = "#1f2933"
DIM: Final = "#52606d"
"""Secondary text in a diagram."""
EDGE: Final = "#7b8794"
"""Arrows, and boxes without a colour of their own."""
FAINT_EDGE: Final = "#9aa5b1"
SCALE_INK: Final = "#5d6975"
"""Secondary text and lines in a drawing of values."""
SCALE_LINE: Final = "#c3cad1"
GRID_LINE: Final = "#e3e7eb"

# Pictures: what is drawn. Lines and fills of one hue have names of one kind.

BLUE: Final = "#2b6cb0"
PALE_BLUE: Final = "#aecbea"
"""The area between two bounds, around a blue line."""
ORANGE: Final = "#c05621"
GREEN: Final = "#2f855a"
PINK: Final = "#b83280"
SERIES: Final = (BLUE, ORANGE, GREEN, "#805ad5", PINK, SCALE_INK, "#975a16", "#00838f")
"""Colours of the lines of one drawing, in order."""
CATEGORIES: Final = (
    "#2b6cb0", "#dd6b20", "#2f855a", "#c53030", "#6b46c1",
    "#8d5524", "#d53f8c", "#5d6975", "#9a9a00", "#0097a7",
    "#90b8e0", "#f6ad76", "#86c9a0", "#f29a9a", "#b7a3e3",
    "#c9a27e", "#f3a6cf", "#a9b2bb", "#cfcf60", "#80d0d8",
)  # fmt: skip
"""Colours of the points of a map, one for each category: ten strong ones, then the same hues pale."""
NOT_A_NUMBER: Final = "#d5dadf"
GROUP_FILLS: Final = ("#fafbfc", "#f3f6f9")
"""Fills of groups of boxes: nested groups alternate."""
# Fills are pale and lines strong: text stays readable on a fill, also after dark themes have inverted both.
BOXES: Final[Mapping[str, tuple[str, str]]] = {
    "green": ("#d3f0df", GREEN),
    "blue": ("#d6e4fb", "#2b5fad"),
    "grey": ("#eef1f5", EDGE),
    "violet": ("#e9e2f8", "#6b46c1"),
    "pale": ("#f7f7f7", EDGE),
    "white": (PAPER, FAINT_EDGE),
    "yellow": ("#fdebc8", "#b7791f"),
    "pink": ("#fbdcea", PINK),
    "red": ("#fde2e2", "#c53030"),
}
"""Fill and line of a box in a diagram."""

# Pictures: numbers as colours, from the lowest to the highest, evenly spaced.

# Every fifth of the 256 colours of the original, from the first to the last; `coloured` interpolates.
_VIRIDIS: Final = (
    "440154 45085b 470f62 471669 481d6f 482374 472a79 46307d 453681 433c84 414286 3e4888 3c4d8a "
    "3a538b 37588c 355d8c 32628d 30678d 2e6c8e 2c718e 2a768e 287a8e 267f8e 24848d 23898d 218d8c "
    "1f928c 1e978a 1e9b89 1ea087 20a585 23a982 28ae7f 2eb27c 35b778 3dbb74 45bf6f 4fc369 59c764 "
    "64cb5d 70ce56 7cd24f 88d547 95d73f a2da37 afdc2e bdde26 cae01e d7e219 e4e318 f1e51c fde724"
)
SEQUENTIAL: Final = _VIRIDIS.split()
"""viridis (Stéfan van der Walt and Nathaniel Smith, CC0): its brightness rises for all kinds of eyes."""
_RED_BLUE: Final = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
DIVERGING: Final = _RED_BLUE.split()
"""ColorBrewer's RdBu, from blue to red: the middle is white."""
# Fills of boxes with text on them: pale enough for ink on white paper, and for both inverted in dark themes.
AMOUNTS: Final = ("ffffff", "fff2dc", "fee2b6", "fed296", "fdc27e", "fdb168")
"""From nothing, which is paper, to the largest amount."""
CHANGES: Final = ("96c2ea", "bcd9f2", "deecf8", "ffffff", "fee2b6", "fdca8a", "fdb168")
"""From the lowest negative number to the highest positive one; 0, which is paper, is in the middle."""
LOUDNESS: Final = ("ffffff", "fee6ce", "fdb27b", "f1773c", "c8403f", "842a6d", "3b1560", "0c0524")
"""From silence, which is paper, to the loudest. Dark themes invert both: there silence is dark."""

# HTML.

DARKENED: Final = "invert(.92) hue-rotate(180deg)"
"""The CSS filter that makes white paper dark and keeps hues."""


def shade(scale: Sequence[str], share: float) -> str:
    """Returns the colour at a share from 0 to 1 of a scale of evenly spaced colours, as in "#fdcc8a"."""
    place = min(max(share, 0.0), 1.0) * (len(scale) - 1)
    below = min(int(place), len(scale) - 2)
    ends = (bytes.fromhex(scale[below]), bytes.fromhex(scale[below + 1]))
    mixed = (round(low + (high - low) * (place - below)) for low, high in zip(*ends, strict=True))
    return "#" + bytes(mixed).hex()


def themed(variable: str, otherwise: str) -> str:
    """Returns a colour of JupyterLab's theme, with its value for pages without that theme."""
    return f"var(--jp-{variable}, {otherwise})"


# The fallbacks derive from the text of the page (inherit, currentColor, transparency), because cards also
# stand in pages whose ground is not known, such as GitHub and exported notebooks.
CARD: Final[Mapping[str, str]] = {
    "text": themed("content-font-color1", "inherit"),
    # The secondary text of JupyterLab is too faint on its raised grounds.
    "dim": f"color-mix(in srgb, {themed('content-font-color1', 'currentColor')} 76%, transparent)",
    "line": themed("border-color2", "rgba(128, 128, 128, .35)"),
    "fill": themed("layout-color2", "rgba(128, 128, 128, .14)"),
    "bar": themed("brand-color1", "#3d86c6"),
    "danger": themed("error-color1", "#c62828"),
}
"""A card or grid, which may be part of any page."""
CARD_CONTRAST: Final[Mapping[str, str]] = {"dim": "inherit", "line": "currentColor", "danger": "currentColor"}
"""Changes to `CARD` if the reader asks for more contrast."""
CARD_FORCED: Final[Mapping[str, str]] = {"dim": "CanvasText", "line": "CanvasText", "danger": "CanvasText"}
"""Changes to `CARD` if the reader's system chooses the colours."""
PAGE: Final = ("#1b1b1f", "#fff")
"""Colours of text and background of a self-contained page."""
DARK_PAGE: Final = ("#e4e4e8", "#17181c")
"""The same for readers who prefer dark pages."""
CARD_ON_DARK_PAGE: Final[Mapping[str, str]] = {
    "bar": "#6aa9de",
    "danger": "#ff8a80",
    "line": "rgba(255, 255, 255, .22)",
    "fill": "rgba(255, 255, 255, .09)",
}
# The panel is only seen in Jupyter, so its fallbacks may be opaque; they are those of the light theme.
PANEL: Final[Mapping[str, str]] = {
    "ink": themed("ui-font-color1", PAGE[0]),
    # As for cards.
    "quiet": f"color-mix(in srgb, {themed('ui-font-color1', PAGE[0])} 76%, transparent)",
    "edge": themed("border-color2", "#c7ccd1"),
    "ground": themed("layout-color1", "#fff"),
    "raised": themed("layout-color2", "#f3f4f6"),
    "accent": themed("brand-color1", "#1976d2"),
    "on-accent": "#fff",
    "warning": themed("warn-color1", "#b45309"),
    "error": themed("error-color1", "#c62828"),
    "tip": themed("inverse-layout-color1", "#111"),
    "tip-ink": themed("ui-inverse-font-color0", "#fff"),
    "mark": "#d81b60",
    "mark-rim": "#fff",
    "veil": "rgba(0, 0, 0, .6)",
    "shadow": "rgba(0, 0, 0, .25)",
    "paper": PAPER,
    "dark-paper": "#141414",
    "selected": "#b3005e",
    "focused": "#0b57d0",
    "darkened": DARKENED,
}
"""The explorer panel in a notebook. Paper, and selections on it, have the colours of pictures."""

_HOST_INK: Final = f"var(--vscode-foreground, {DARK_PAGE[0]})"
_HOST_DIM: Final = f"color-mix(in srgb, {_HOST_INK} 72%, transparent)"
_HOST_GROUND: Final = f"var(--vscode-editor-background, {DARK_PAGE[1]})"
_HOST_RAISED: Final = "var(--vscode-editorWidget-background, #26282e)"
_HOST_LINE: Final = "rgba(255, 255, 255, .3)"
# VS Code and Colab bring the variables of JupyterLab's light theme along with ipywidgets, also when they are
# dark. ipywidgets derives `widgets-` from others at the root, so that these have to be set as well.
DARK_HOST: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("content-font-color0", "content-font-color1", "ui-font-color0", "ui-font-color1"), _HOST_INK
    ),
    **dict.fromkeys(
        ("content-font-color2", "content-font-color3", "ui-font-color2", "ui-font-color3"), _HOST_DIM
    ),
    **dict.fromkeys(("layout-color0", "layout-color1"), _HOST_GROUND),
    **dict.fromkeys(("layout-color2", "layout-color3"), _HOST_RAISED),
    **dict.fromkeys(("border-color0", "border-color1", "border-color2", "border-color3"), _HOST_LINE),
    **dict.fromkeys(("brand-color0", "brand-color1", "brand-color2", "brand-color3"), "#4a9be8"),
    **dict.fromkeys(("inverse-layout-color1", "inverse-layout-color2"), "#f3f4f6"),
    **dict.fromkeys(("ui-inverse-font-color0", "ui-inverse-font-color1"), "#111"),
    **dict.fromkeys(("warn-color0", "warn-color1"), "#ffb74d"),
    **dict.fromkeys(("error-color0", "error-color1"), "#ff8a80"),
    **dict.fromkeys(
        ("widgets-color", "widgets-label-color", "widgets-readout-color", "widgets-input-color"), _HOST_INK
    ),
    "widgets-input-background-color": f"var(--vscode-input-background, {DARK_PAGE[1]})",
    "widgets-input-border-color": _HOST_LINE,
    "widgets-slider-handle-background-color": _HOST_RAISED,
    "widgets-slider-handle-border-color": _HOST_INK,
}
"""JupyterLab's variables in dark front ends that have those of its light theme, or none."""


def jupyter_variables(colours: Mapping[str, str]) -> str:
    """Returns a CSS declaration, `--jp-name: colour;`, for each colour."""
    return " ".join(f"--jp-{name}: {colour};" for name, colour in colours.items())


def properties(colours: Mapping[str, str], between: str = " ") -> str:
    """Returns a CSS declaration, `--hub-name: colour;`, for each colour."""
    return between.join(f"--hub-{name}: {colour};" for name, colour in colours.items())

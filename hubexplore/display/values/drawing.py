"""Plots: quiet colours on white paper, drawn by matplotlib as SVG, the same for the same values.

Only the object API is used, so that nobody's pyplot state or style matters or changes.
"""

from __future__ import annotations

import base64
import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hubexplore.display.markup import Markup, tag
from hubexplore.display.tables import visible
from hubexplore.display.values.hover import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#1f2933"
DIM: Final = "#66727f"
LINE: Final = "#c3cad1"
ACCENT: Final = "#2b6cb0"
STRONG: Final = "#c05621"
COLOURS: Final = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5", "#b83280", "#718096", "#975a16", "#00838f")
CAPTION: Final = 30
"""Characters of a caption in a picture; tables have all of it."""
_FONT: Final = 10.0  # points, as in everything below
_CHARACTER: Final = 5.6
_SETTINGS: Final = {
    "svg.fonttype": "none", "svg.hashsalt": "hubexplore", "text.parse_math": False,
    "font.family": ["sans-serif"], "font.size": _FONT, "axes.unicode_minus": True,
    "axes.edgecolor": LINE, "axes.labelcolor": DIM, "text.color": INK, "xtick.color": LINE,
    "ytick.color": LINE, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.facecolor": "white",
    "axes.grid": False, "axes.titlesize": _FONT, "axes.linewidth": 0.8,
}  # fmt: skip


class Drawing:
    """A figure of a size in points, with axes at places in points from the top left.

    Args:
      width: of the whole.
      height: of the whole.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="white")
        FigureCanvasSVG(self._figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Adds axes."""
        x, y, share, tall = self.box(left, top, width, height)
        axes = self._figure.add_axes((x, 1 - y - tall, share, tall))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0, pad=4)
        return axes

    def box(self, left: float, top: float, width: float, height: float) -> Box:
        """A place as shares of the picture."""
        return left / self.width, top / self.height, width / self.width, height / self.height

    def picture(self, words: str) -> Markup:
        """Returns the drawing as an image; `words` say what is seen."""
        content = io.BytesIO()
        with _quiet():
            self._figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
        data = base64.b64encode(content.getvalue()).decode()
        return tag("img", src=f"data:image/svg+xml;base64,{data}", alt=words, width=round(self.width * 4 / 3))


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draws inside with our looks, whatever the reader's settings of matplotlib are."""
    import matplotlib.style

    with matplotlib.style.context(["default", _SETTINGS]), _quiet():
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # A caption may be in a script for which matplotlib's font, of which it only takes widths, has no glyphs.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def caption(text: str) -> str:
    """A caption as it stands in a picture: one line, cut."""
    return visible(text, CAPTION)


def width_of(captions: list[str]) -> float:
    """Points that the longest of some captions takes, about."""
    return max((len(each) for each in captions), default=0) * _CHARACTER + 10

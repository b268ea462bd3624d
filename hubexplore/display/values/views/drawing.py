"""Drawings: quiet colours on white paper, made by matplotlib as SVG, the same for the same values.

Shapes are put on the figure itself, at places in points from the top left. Axes of matplotlib would lay
themselves out, for ten times the time; and nobody's settings of matplotlib matter here or change.
"""

from __future__ import annotations

import base64
import contextlib
import io
import math
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hubexplore.display.markup import Markup, tag
from hubexplore.display.values.hover import Box
from hubexplore.display.values.value_kinds import Array, within
from hubexplore.display.values.views.svg import drawing_only
from hubexplore.display.wording import apart, visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist

INK: Final = "#1f2933"
DIM: Final = "#5d6975"
LINE: Final = "#c3cad1"
PALE: Final = "#e3e7eb"
ACCENT: Final = "#2b6cb0"
STRONG: Final = "#c05621"
WIDTH: Final = 440.0
"""Points; fits a notebook's cell of 600 pixels."""
CAPTION: Final = 30
"""Characters of a caption in a picture; tables have more of it."""
FONT: Final = 10.0
_NARROW: Final = frozenset("fijlrtI.,:;!|'()[]{}/\\ ")
_WIDE: Final = frozenset("mwMW@%−+=<>~…")
_SETTINGS: Final = {
    "svg.fonttype": "none", "svg.hashsalt": "hubexplore", "svg.image_inline": True, "path.sketch": None,
    "figure.autolayout": False, "figure.constrained_layout.use": False,
    "path.effects": [], "text.usetex": False, "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
}  # fmt: skip
Side = Literal["left", "center", "right"]
Points = Array | Sequence[float]


class Drawing:
    """A picture of a size in points, to which shapes are added.

    Args:
      width: of the whole.
      height: of the whole.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._shapes: list[Callable[[], Artist]] = []

    def bar(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        """Adds a filled rectangle."""
        from matplotlib.patches import Rectangle

        self._shapes.append(
            lambda: Rectangle(
                (left, self.height - top - height), width, height, facecolor=colour, linewidth=0,
                transform=_identity(),
            )
        )  # fmt: skip

    def line(
        self, x: Points, y: Points, colour: str = LINE, width: float = 0.8, dashes: tuple[float, ...] = ()
    ) -> None:
        """Adds a line through points; NaN interrupts it."""
        from matplotlib.lines import Line2D

        self._shapes.append(
            lambda: Line2D(
                np.asarray(x), self.height - np.asarray(y), color=colour, linewidth=width, marker="None",
                linestyle=(0, dashes) if dashes else "-", solid_joinstyle="round", transform=_identity(),
            )
        )  # fmt: skip

    def dots(self, x: Array, y: Array, size: float = 6.0, colour: str = ACCENT) -> None:
        """Adds round points."""
        from matplotlib.lines import Line2D

        self._shapes.append(
            lambda: Line2D(
                x, self.height - y, linestyle="None", marker="o", markersize=size, markeredgewidth=0,
                markerfacecolor=colour, transform=_identity(),
            )
        )  # fmt: skip

    def text(
        self, x: float, y: float, words: str, side: Side = "left", *,
        colour: str = INK, size: float = FONT, bold: bool = False, turn: float = 0.0,
    ) -> None:  # fmt: skip
        """Adds a text: `y` is the middle of its height; `turn` is in degrees against the clock."""
        from matplotlib.text import Text

        self._shapes.append(
            lambda: Text(
                x, self.height - y - size * 0.36, words, color=colour, fontsize=size, rotation=turn,
                fontweight="bold" if bold else "normal", horizontalalignment=side, rotation_mode="anchor",
                verticalalignment="baseline", parse_math=False, usetex=False, transform=_identity(),
            )
        )  # fmt: skip

    def pixels(self, left: float, top: float, width: float, height: float, colours: Array) -> None:
        """Adds cells of even size; `colours` are uint8 [rows, columns, 4]."""
        self._shapes.append(
            lambda: _pixels(left, self.height - top - height, width, height, np.ascontiguousarray(colours))
        )

    def box(self, left: float, top: float, width: float, height: float) -> Box:
        """A place as shares of the picture."""
        shares = left / self.width, top / self.height, width / self.width, height / self.height
        return round(shares[0], 5), round(shares[1], 5), round(shares[2], 5), round(shares[3], 5)

    def picture(self, words: str) -> Markup:
        """Returns the drawing as an image; `words` say what is seen."""
        import matplotlib as mpl

        content = io.BytesIO()
        with mpl.rc_context(_SETTINGS), _quiet():  # type: ignore[arg-type] # its type lacks some settings
            self._draw(content)
        data = base64.b64encode(drawing_only(content.getvalue())).decode()
        return tag("img", src=f"data:image/svg+xml;base64,{data}", alt=words, width=round(self.width * 4 / 3))

    def _draw(self, content: io.BytesIO) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(
            figsize=(self.width / 72, self.height / 72), dpi=72, facecolor="white", linewidth=0, layout=None
        )
        for order, shape in enumerate(self._shapes):
            artist = shape()
            artist.set_zorder(order)  # what was added last lies on top
            figure.add_artist(artist)
        write: Any = FigureCanvasSVG(figure).print_svg
        write(content, metadata={"Date": None, "Creator": None})


def _identity() -> Any:
    # At 72 dots per inch matplotlib's display coordinates are points from the bottom left.
    from matplotlib.transforms import IdentityTransform

    return IdentityTransform()


def _pixels(left: float, bottom: float, width: float, height: float, colours: Array) -> Artist:
    from matplotlib.artist import Artist
    from matplotlib.transforms import Affine2D

    class Pixels(Artist):
        """An image whose pixels become cells, however few there are."""

        def draw(self, renderer: Any) -> None:
            context = renderer.new_gc()
            place = Affine2D().scale(width, height)
            renderer.draw_image(context, left, bottom, colours[::-1], place)
            context.restore()

    return Pixels()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # A caption may be in a script for which matplotlib's font, of which it only takes widths, has no glyphs.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def coloured(cells: Array, low: float, high: float) -> Array:
    """Numbers as colours, uint8 [..., 4]; NaN is grey. They part at 0 if the limits lie evenly around it."""
    import matplotlib as mpl

    reach = (high - low) or 1.0
    colours = mpl.colormaps["RdBu_r" if low == -high else "viridis"](
        within((cells - low) / reach, 0.0, 1.0), bytes=True
    )
    colours[np.isnan(cells)] = (0xD5, 0xDA, 0xDF, 255)
    found: Array = colours
    return found


def caption(text: str, limit: int = CAPTION) -> str:
    """A caption as it stands in a picture: one line, its end cut off."""
    return visible(text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…", limit + 1)


def captions(texts: Sequence[str], limit: int = CAPTION) -> list[str]:
    """Captions of several things in one picture: those of different ones differ."""
    return apart(texts, limit, caption)


def width_of(captions: Sequence[str], size: float = FONT, bold: bool = False) -> float:
    """Points that the longest of some captions takes, about."""
    return size * (1.12 if bold else 1.0) * max((sum(map(_share, each)) for each in captions), default=0.0)


def _share(character: str) -> float:
    """Width of a character as a share of the size of the font."""
    if character in _NARROW:
        return 0.36
    if character in _WIDE or unicodedata.east_asian_width(character) in "WF":
        return 0.98
    return 0.7 if character.isupper() else 0.64


def round_steps(low: float, high: float, count: int) -> list[float]:
    """At most about `count` round numbers from `low` to `high`."""
    reach = high - low
    if not 0 < reach < math.inf:
        return [low]
    raw = reach / count
    unit = 10.0 ** math.floor(math.log10(raw)) if raw > 1e-290 else 0.0
    step = next((unit * each for each in (1, 2, 5) if unit * each >= raw * 0.999), unit * 10)
    first = math.ceil(low / step - 1e-9) if step else 0
    found = [(first + each) * step for each in range(count + 2)]
    # Of numbers that lie closer than float64 can tell apart only the ends are written.
    return [each for each in found if each <= high + step * 1e-9] if step > abs(low) * 1e-12 else [low, high]


def step_text(number: float) -> str:
    """A number beside an axis, in so few digits that it has room."""
    known = number if abs(number) > 1e-300 else 0.0
    words = f"{known:.6g}"
    return (words if len(words) <= 6 else f"{known:.3g}").replace("-", "−")

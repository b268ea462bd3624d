"""The rows as points, which are coloured, hovered and selected with a lasso: jupyter-scatter's widget.

jupyter-scatter draws 200,000 points by WebGL, selects in the browser, and is an anywidget, which JupyterLab,
VS Code, Colab and Voila show without an extension of their own.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import traitlets

from hubexplore.display.palette import BLUE, INK, PAPER
from hubexplore.errors import MissingExtraError
from hubexplore.mapped.colouring import Colouring, places_frame
from hubexplore.mapped.projection import Points
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, script
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.summary.tensor_values import Array

HEIGHT: Final = 420
"""Height of the map in screen pixels."""
_MARGINS: Final = (0.12, 0.03)
"""Room at the left and right, and above and below the points, as a share of what they span.

jupyter-scatter fits the limits of both axes into the height of the map, which may be more than its width.
"""
_FEW: Final = 2_000
"""Number of points up to which they are drawn larger."""
_SIZES: Final = (5, 3)
"""Diameter in screen pixels of few points, and of many."""
_BUTTONS: Final = ["pan_zoom", "lasso", "full_screen", "download", "reset"]


class Postponement(FrontendWidget):
    """Lets a slow browser list the rows of a new selection before it draws the selection on the map."""

    _esm = script("postpone.js")
    answers = traitlets.Int().tag(sync=True)
    """Number of selections whose rows are listed."""


class PointMap(widgets.VBox):
    """A map of rows; those without a point are left out.

    Args:
      on_selection: is called with the positions of the rows that the user selected, int64, in order.

    Raises:
      MissingExtraError: (an ImportError) jupyter-scatter is not installed.
    """

    def __init__(self, on_selection: Callable[[Array], None]) -> None:
        super().__init__(classes=("hub-map",))
        self._jscatter = _import_jscatter()
        self._on_selection = on_selection
        self._postponement = Postponement()
        self._rows: Array = np.zeros(0, np.int64)
        self._scatter: Any = None
        self._is_own_change = False
        self._frame: Any = None
        self._coloured = 0

    def show(self, points: Points, colours: Colouring) -> None:
        """Shows other points; the selection is kept."""
        selected = self.selected
        if self._scatter is not None:
            close_all([self._scatter.widget])
            self._scatter = None
        self._rows = np.flatnonzero(np.isfinite(points.places).all(axis=1))
        if not self._rows.size:
            self.children = [widgets.HTML("<em>No row has a vector of finite numbers.</em>")]
            return
        self._frame = places_frame(points.places[self._rows])
        self._scatter = self._made()
        self.colour(colours)
        self.select(selected)

    def colour(self, colours: Colouring) -> None:
        """Colours the points by something else."""
        if self._scatter is None:
            return
        # A column of its own each time: jscatter encodes a column once.
        self._coloured += 1
        column = f"colour {self._coloured}"
        self._frame[column] = colours.column(self._rows)
        self._scatter.color(by=column, map=list(colours.inks), norm=colours.limits)

    @property
    def selected(self) -> Array:
        """Positions of the selected rows, int64."""
        if self._scatter is None:
            return np.zeros(0, np.int64)
        chosen = np.asarray(
            self._scatter.widget.selection if self._scatter.widget.selection is not None else []
        )
        return np.sort(self._rows[chosen.astype(np.int64)])

    def select(self, rows: Array) -> None:
        """Selects rows, as far as they have points, without a call of `on_selection`."""
        if self._scatter is None:
            return
        self._is_own_change = True
        try:
            self._scatter.selection(np.flatnonzero(np.isin(self._rows, rows)))
        finally:
            self._is_own_change = False

    def _made(self) -> Any:
        scatter = self._jscatter.Scatter(
            data=self._frame, x="x", y="y", height=HEIGHT, axes=False, background_color=PAPER, color=BLUE,
            color_selected=INK, legend=False, opacity_unselected=0.25,
            size=_SIZES[len(self._frame) > _FEW], x_scale=_limits(self._frame["x"].to_numpy(), _MARGINS[0]),
            y_scale=_limits(self._frame["y"].to_numpy(), _MARGINS[1]),
        )  # fmt: skip
        # The browser sends a selection at once, not after it has drawn it.
        scatter.options(regl_scatterplot_options={"syncEvents": True})
        _send_no_selection_back(scatter.widget)
        scatter.widget.observe(self._on_change, "selection")
        self.children = [scatter.show(_BUTTONS), self._postponement]
        return scatter

    def _on_change(self, _: Any) -> None:
        if self._is_own_change:
            return
        try:
            self._on_selection(self.selected)
        finally:
            self._postponement.answers += 1


def _limits(values: Array, margin: float) -> tuple[float, float]:
    """Returns the limits of an axis beyond the outermost points, which the edge would cut in half."""
    low, high = float(values.min()), float(values.max())
    room = margin * (high - low or 1.0)
    return low - room, high + room


def _send_no_selection_back(widget: Any) -> None:
    """Keeps the kernel from sending a selection back to the browser that made it.

    ipywidgets does that for other browsers of the same kernel. Here all points would be drawn a second time,
    before the table is.
    """
    metadata = widget.trait_metadata

    def trait_metadata(name: str, key: str, default: Any = None) -> Any:
        return False if (name, key) == ("selection", "echo_update") else metadata(name, key, default)

    widget.trait_metadata = trait_metadata


def import_ahead() -> None:
    """Begins to import jupyter-scatter in a thread, while the caller computes: it takes a second.

    What fails there fails again, and is raised, where the package is needed.
    """

    def work() -> None:
        with contextlib.suppress(Exception):
            importlib.import_module("jscatter")

    if "jscatter" not in sys.modules:
        threading.Thread(target=work, daemon=True, name="hubexplore-import").start()


def _import_jscatter() -> Any:
    try:
        import jscatter
    except ImportError:
        raise MissingExtraError(
            "The lens draws its map with a package that is not installed: pip install 'hubexplore[lens]'"
        ) from None
    return jscatter

"""`hubexplore.lens`: a panel over a mapped data set, with its map, its rows and its mistakes."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import numpy as np

from hubexplore.display.card.html import framed
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.wording import counted
from hubexplore.errors import HubError
from hubexplore.mapped import colouring, projection
from hubexplore.mapped.neighbours import nearest_to
from hubexplore.mapped.projection import PCA, Points
from hubexplore.mapped.subject import LensSubject, subject_of
from hubexplore.mapped.tables import class_tables, row_details, row_table
from hubexplore.mapped.tables.row_table import RowView
from hubexplore.mapped.tables.still import legend, still_map
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.browser_widgets import Message, PanelMonitor, panel_style, style
from hubexplore.notebook.panel.lens.pick_list import PickList
from hubexplore.notebook.panel.lens.point_map import PointMap, import_ahead
from hubexplore.notebook.panel.lens.query import Query
from hubexplore.notebook.panel.lens.search import Search, search_by
from hubexplore.notebook.panel.open_panels import OPEN_PANELS
from hubexplore.notebook.panel.panel_texts import error_text, one_line_traceback
from hubexplore.notebook.panel.snapshot import Snapshot
from hubexplore.notebook.panel.widget_closing import close_all
from hubexplore.notebook.panel.worker import Task, Worker
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from pandas import DataFrame

VIEW: Final = "application/vnd.jupyter.widget-view+json"
_STILL_ROWS: Final = 10
"""Number of rows of the table in the static picture."""


def lens(
    result: Any,
    other: Any = None,
    *,
    label: Any = None,
    prediction: Any = None,
    vectors: Any = None,
    classes: Sequence[str] | None = None,
    find: Any = None,
) -> Lens:
    """Shows a panel over a mapped data set: a map of its vectors, its rows, and where it is wrong.

    ```python
    result = hubexplore.map("sample:digits", digits)
    hubexplore.lens(result, label="digit")
    ```

    Rows that are selected on the map, or picked in a table, are `lens.selected`, a DataFrame.

    Args:
      result: a DataFrame as `hubexplore.map` returns it, a Series, an array with a row per input, a dict of
        arrays, or the path of Parquet files.
      other: the result of another module for the same rows; the panel sorts by how far the two disagree.
      label: the column with the right answers: classes, or numbers.
      prediction: the column that is compared with it: classes, numbers, or scores of classes; found by its
        values where there is only one that fits.
      vectors: the column that is drawn as a map, a list or array of one size in each row; by default the
        last one that does not hold scores.
      classes: names of the classes, in the order of the scores.
      find: what makes the vector of an input, whose nearest rows the panel then shows: the handle of the
        module or a `Predictor`, whose inputs are entered as in `explore`, or a function from a text to a
        vector [size].

    Raises:
      ConversionError: (a ValueError) the result is not a table, or has no such column.
      PathError: (an OSError) a file cannot be read.
      MissingExtraError: (an ImportError) a package is not installed.
    """
    import_ahead()
    with one_line_traceback():
        subject = subject_of(
            result, other, label=label, prediction=prediction, vectors=vectors, classes=classes
        )
        size = subject.matrix.shape[1]
        return Lens(subject, None if find is None else search_by(find, subject.vectors, size))


class LensMonitor(PanelMonitor):
    """The monitor of a lens, with its style."""

    _css = panel_style() + style("lens.css")


class Lens(ipywidgets.VBox):
    """A map of rows, a table of those that are selected, and tables of mistakes.

    Args:
      subject: the data.
      find: makes the vector of an input.
    """

    _is_closed = True

    def __init__(self, subject: LensSubject, find: Search | None = None) -> None:
        super().__init__(_dom_classes=("hubexplore-panel", "hub-lens-panel"))
        self._subject, self._find = subject, find
        self._worker = Worker()
        self._task: Task | None = None
        panel = weakref.proxy(self)

        def draw() -> Markup:
            html: Markup = panel._static_html()
            return html

        picture = f"hubexplore-still-{secrets.token_hex(8)}"
        self._snapshot = Snapshot(draw, picture)
        self._monitor = LensMonitor(picture=picture)
        self._monitor.listen(lambda message, _: panel._on_message(message))
        self._points = projection.principal_components(subject.matrix)
        self._selected: Array = np.zeros(0, np.int64)
        self._title = ""
        self._neighbours = np.zeros(0, np.int64)
        choices = colouring.choices(subject)
        self._colours = colouring.colouring(subject, next(iter(choices)))
        self._view = RowView(np.arange(len(subject)))
        self._make_widgets(choices)
        self._is_closed = False
        self._list(np.arange(len(subject)), "All rows")

    @property
    def selected(self) -> DataFrame:
        """The rows that are selected, as a table; empty if none are."""
        return self._subject.frame.iloc[self._selected]

    def select(self, rows: Sequence[int] | Array) -> None:
        """Selects rows by their positions, from 0."""
        positions = np.unique(np.asarray(rows, np.int64))
        if positions.size and not 0 <= positions[0] <= positions[-1] < len(self._subject):
            raise HubError(
                f"Rows are selected by their positions, from 0 to {len(self._subject) - 1}: got "
                f"{positions[0]} to {positions[-1]}."
            )
        self._choose(positions, "Selected")

    def close(self) -> None:
        """Removes the panel from the screen."""
        if self._is_closed:
            return
        self._is_closed = True
        self._cancel()
        self._snapshot.close()
        close_all([self])
        super().close()

    def __repr__(self) -> str:
        return f"<Lens: {self._subject.sentence}>"

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if getattr(get_ipython(), "kernel", None) is None:
            print(f"{self!r}: the lens needs a notebook, such as JupyterLab.")  # noqa: T201
            return
        OPEN_PANELS.show(self, get_ipython())
        text = f"Lens of {self._subject.sentence}: the live panel needs its kernel; its last state is below"
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display({VIEW: view, "text/plain": text}, raw=True)
        self._snapshot.show()

    def _make_widgets(self, choices: dict[str, str]) -> None:
        """Makes the widgets; their callbacks refer to the panel weakly, so that it can be collected."""
        panel = weakref.proxy(self)

        # Functions, since a method of a proxy would refer to the panel itself.
        def on_lasso(rows: Array) -> None:
            panel._on_lasso(rows)

        def on_pick(key: str) -> None:
            panel._pick(key)

        self._rows = PickList(on_pick)
        self._details = PickList(on_pick)
        self._mistakes = PickList(on_pick)
        self._slices = PickList(on_pick)
        has_map = self._subject.matrix.shape[1] > 0
        self._method = widgets.Dropdown(
            options=projection.methods(),
            value=PCA,
            description="Map by",
            layout={"width": "auto"},
            style={"description_width": "initial"},
        )
        self._colour = widgets.Dropdown(
            options=[(text, key) for key, text in choices.items()], description="Colour",
            style={"description_width": "initial"},
            layout={"width": "auto"},
        )  # fmt: skip
        self._method.observe(lambda change: panel._on_method(change["new"]), "value")
        self._colour.observe(lambda change: panel._on_colour(change["new"]), "value")
        self._cancel_button = widgets.Button(
            description="Cancel", layout=widgets.Layout(display="none", width="auto")
        )
        self._cancel_button.on_click(lambda _: panel._on_cancel())
        self._status = widgets.HTML()
        self._legend = widgets.HTML()
        controls = widgets.HBox([self._method, self._colour, self._cancel_button], classes=("hub-row",))
        left: list[widgets.Widget] = []
        self._map: PointMap | None = None
        if has_map:
            self._map = PointMap(on_lasso)
            self._map.show(self._points, self._colours)
            left = [controls, self._map, self._legend, self._status]
        self._draw_legend()
        parts = {"map": left or [self._status], "tabs": [self._right()], "row": [self._details]}
        columns = widgets.Box(
            [widgets.VBox(content, classes=(f"hub-lens-{name}",)) for name, content in parts.items()],
            classes=("hub-lens",),
        )
        heading = widgets.HTML(tag("div", self._subject.sentence, class_="hub-title"))
        self.children = [self._monitor, heading, columns]

    def _right(self) -> widgets.Widget:
        """Returns the tabs beside the map."""
        panel = weakref.proxy(self)
        parts: dict[str, list[widgets.Widget]] = {"Rows": [self._rows]}
        self._query: Query | None = None
        if self._find is not None:
            # A function, since a method of a proxy would refer to the panel itself.
            def on_query(vector: Callable[[], Array], name: str) -> None:
                panel._find_nearest(vector, name)

            self._query = Query(self._find, on_query)
            if self._query.form is None:
                parts["Rows"].insert(0, self._query)
            else:
                parts["Find"] = [self._query]
        classes = self._subject.classes
        if classes is not None:
            self._mistakes.show(
                join(class_tables.confusion_table(classes), class_tables.score_histogram(classes))
            )
            parts["Mistakes"] = [self._mistakes]
        if self._subject.errors is not None or self._subject.disagreement is not None:
            parts["Slices"] = [self._slices]
        self._tabs = widgets.Tab([widgets.VBox(content) for content in parts.values()], titles=tuple(parts))
        self._tabs.observe(lambda _: panel._on_tab(), "selected_index")
        return self._tabs

    def _on_tab(self) -> None:
        # Slices read all columns: only who opens the tab waits for it.
        if not self._slices.html and self._tabs.get_title(self._tabs.selected_index or 0) == "Slices":
            is_share = self._subject.classes is not None
            measured = (
                "Wrong" if is_share else "Error" if self._subject.errors is not None else "Disagreement"
            )
            self._slices.show(
                class_tables.slices_table(self._subject.slices, is_share=is_share, measured=measured)
            )

    def _on_colour(self, key: str) -> None:
        self._colours = colouring.colouring(self._subject, key)
        if self._map is not None:
            self._map.colour(self._colours)
        self._draw_legend()
        self._snapshot.changed()

    def _on_method(self, method: str) -> None:
        """Makes the map by another method: at once, or in another process with progress."""
        self._cancel()
        if method == PCA:
            self._show_points(projection.principal_components(self._subject.matrix))
            return
        task = self._task = Task()
        panel, matrix = weakref.proxy(self), self._subject.matrix

        def show(points: Points | None) -> None:
            panel._show_points(points)

        self._say(f"{method}: starting")
        self._cancel_button.layout.display = None
        tell = self._teller(method)
        self._worker.start(
            lambda: projection.embedded(matrix, method, tell, lambda: task.cancelled),
            show,
            lambda error: panel._fail(error_text(error)),
            task=task,
        )

    def _teller(self, method: str) -> Callable[[float | None], None]:
        """Returns a function that shows progress; widgets may be changed from the worker's thread."""
        panel = weakref.proxy(self)
        beats = [0]

        def tell(share: float | None) -> None:
            if share is not None:
                beats[0] = -1
                panel._say(f"{method}: {share:.0%}")
            elif beats[0] >= 0:
                beats[0] += 1
                panel._say(f"{method}: working{'.' * (1 + beats[0] % 3)}")

        return tell

    def _on_cancel(self) -> None:
        self._cancel()
        self._method.value = PCA

    def _cancel(self) -> None:
        self._worker.cancel()
        self._task = None
        self._cancel_button.layout.display = "none"
        self._say("")

    def _show_points(self, points: Points | None) -> None:
        self._cancel_button.layout.display = "none"
        self._task = None
        if points is None:
            return
        self._points = points
        self._say(f"{counted(points.left_out, 'row')} without a finite vector" if points.left_out else "")
        if self._map is not None:
            self._map.show(points, self._colours)
        self._snapshot.changed()

    def _on_lasso(self, rows: Array) -> None:
        self._selected = rows
        self._list(
            rows if rows.size else np.arange(len(self._subject)), "Selected" if rows.size else "All rows"
        )

    def _find_nearest(self, vector: Callable[[], Array], name: str) -> None:
        """Shows the rows nearest to a vector, which may take a while to compute."""
        self._say("Finding the nearest rows …")
        try:
            found = nearest_to(self._subject.matrix, vector())
        except Exception as error:  # noqa: BLE001 - shown here: the function is the user's
            self._fail(error_text(error))
            return
        self._neighbours = found.rows
        self._say("")
        self._details.show(row_details.neighbour_table(self._subject, found, f"Nearest to {name}."))

    def _on_message(self, message: Message) -> None:
        """Takes the keys of the panel: Ctrl+Enter in the form asks for the nearest rows."""
        if message["kind"] != "run" or self._query is None:
            return
        # A front end may send anything: only texts count.
        texts, edits = message.get("texts"), message.get("edits")
        typed = [text if isinstance(text, str) else None for text in texts] if isinstance(texts, list) else []
        self._query.ask(typed, edits if isinstance(edits, list) else ())

    def _pick(self, key: str) -> None:
        """Does what a picked element stands for; a key that is not one of ours does nothing."""
        kind, _, rest = key.partition(":")
        try:
            numbers = [int(number) for number in rest.split(",")] if kind != "select" else []
        except ValueError:
            return
        match kind, numbers:
            case "row", [at] if 0 <= at < len(self._subject):
                self._pick_row(at)
            case "sort", [at] if 0 <= at < len(self._subject.listing[0].columns):
                self._sort(at)
            case "page", [page]:
                self._view = self._view.turned(page)
                self._draw_rows()
            case "cell", [label, prediction]:
                self._pick_cell(label, prediction)
            case "score", [at]:
                self._pick_scores(at)
            case "slice", [at] if 0 <= at < len(self._subject.slices):
                slice_ = self._subject.slices[at]
                self._choose(slice_.rows, f"{slice_.column}: {slice_.value}")
            case "select", []:
                self._choose(np.sort(self._neighbours), "Nearest")

    def _pick_row(self, at: int) -> None:
        self._view = replace(self._view, picked=at)
        self._draw_rows()
        parts = [row_details.row_details(self._subject, at)]
        if self._subject.matrix.shape[1]:
            try:
                found = nearest_to(self._subject.matrix, self._subject.matrix[at], without=at)
            except HubError as error:
                parts.append(tag("p", error_text(error), class_="hub-quiet"))
            else:
                self._neighbours = np.append(found.rows, at)
                parts.append(row_details.neighbour_table(self._subject, found, "Nearest rows."))
        self._details.show(join(*parts))

    def _sort(self, at: int) -> None:
        falling = not self._view.falling if self._view.sort == at else True
        frame = self._subject.listing[0]
        rows = row_table.sorted_rows(frame, self._view.rows, frame.columns[at], falling=falling)
        self._view = RowView(rows, 0, at, falling, self._view.picked)
        self._draw_rows()

    def _pick_cell(self, label: int, prediction: int) -> None:
        classes = self._subject.classes
        if classes is None or not (0 <= label < len(classes.names) and 0 <= prediction < len(classes.names)):
            return
        rows = np.flatnonzero((classes.labels == label) & (classes.predictions == prediction))
        self._choose(rows, f"{classes.names[label]} predicted as {classes.names[prediction]}")

    def _pick_scores(self, at: int) -> None:
        classes = self._subject.classes
        if classes is None or classes.scores is None:
            return
        edges = class_tables.score_edges(classes)
        if 0 <= at < len(edges) - 1:
            inside = (classes.scores >= edges[at]) & (
                (classes.scores < edges[at + 1]) | (at == len(edges) - 2) & (classes.scores <= edges[at + 1])
            )
            self._choose(
                np.flatnonzero(inside & classes.is_compared), f"score {edges[at]:.3g} to {edges[at + 1]:.3g}"
            )

    def _choose(self, rows: Array, title: str) -> None:
        """Selects rows on the map and lists them."""
        self._selected = rows
        if self._map is not None:
            self._map.select(rows)
        self._tabs.selected_index = 0
        self._list(rows, title)

    def _list(self, rows: Array, title: str) -> None:
        """Lists rows, those with the highest error or disagreement first."""
        measured = self._subject.errors
        if measured is None and self._subject.disagreement is not None:
            measured = self._subject.disagreement[0]
        if measured is not None:
            values = np.nan_to_num(measured[rows], nan=-1)
            rows = rows[np.argsort(-values, kind="stable")]
        self._title = title
        self._view = RowView(rows)
        self._draw_rows()

    def _draw_rows(self) -> None:
        title = f"{self._title}: {counted(len(self._view.rows), 'row')}"
        self._rows.show(row_table.table(*self._subject.listing, self._view, title))
        self._snapshot.changed()

    def _draw_legend(self) -> None:
        self._legend.value = str(legend(self._colours))

    def _say(self, text: str) -> None:
        self._status.value = str(tag("div", text, role="status", class_="hub-status hub-quiet"))

    def _fail(self, text: str) -> None:
        self._cancel_button.layout.display = "none"
        self._status.value = str(tag("div", text, role="alert", class_="hub-error"))

    def _static_html(self) -> Markup:
        """Returns the map, the first rows and the mistakes as static HTML."""
        parts = [tag("p", tag("strong", self._subject.sentence))]
        if self._map is not None:
            parts.append(still_map(self._points, self._colours, self._selected))
        view = replace(self._view, rows=self._view.rows[:_STILL_ROWS], page=0)
        title = f"{self._title}: {counted(len(self._view.rows), 'row')}"
        parts.append(row_table.table(*self._subject.listing, view, title))
        if self._subject.classes is not None:
            parts.append(class_tables.confusion_table(self._subject.classes))
        return framed(*parts)

"""The Variants tab: the content of each graph variant, and what differs between two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hubexplore.display.card import html, signature_sections
from hubexplore.display.card.html import framed
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import tags_text, visible
from hubexplore.errors import HubError
from hubexplore.notebook.panel import light_widgets as widgets

MAX_ROWS: Final = 200
"""Maximum number of rows of the matrix."""
MAX_MATRIX_BYTES: Final = 100_000
"""Maximum size of the matrix in bytes of HTML."""


class VariantsTab(widgets.VBox):
    """The matrix of variants and signatures; if the module has several variants, a comparison of two.

    Args:
      summary: of the module.
      changed: is called when the content of the tab has changed.
    """

    def __init__(self, summary: Summary, changed: Callable[[], None]) -> None:
        self._summary = summary
        self._notify = changed
        matrix = signature_sections.matrix(summary.variants, RowBudget(MAX_ROWS, MAX_MATRIX_BYTES))
        table = html.section(matrix, "no signatures")
        self._matrix = join(Markup(summary.variants._repr_html_() or ""), table)
        children: list[widgets.Widget] = [widgets.HTML(self._matrix)]
        self._comparison = widgets.HTML()
        # Most modules have one variant: a comparison with nothing would only be in the way.
        if len(summary.variants) > 1:
            options = [(tags_text(variant.tags), index) for index, variant in enumerate(summary.variants)]
            style = {"description_width": "initial"}
            # The values are numbers, since a damaged file may have two variants with the same tags.
            self._first = widgets.Dropdown(description="Compare", options=options, index=0, style=style)
            self._second = widgets.Dropdown(description="with", options=options, index=1, style=style)
            for dropdown in (self._first, self._second):
                dropdown.observe(self._on_choice, "value")
            row = widgets.HBox([self._first, self._second], classes=("hub-row",))
            children += [row, self._comparison]
        super().__init__(children)
        if len(summary.variants) > 1:
            self._compare()

    def static_html(self) -> Markup:
        """Returns the tab as static HTML."""
        return join(Markup(self._matrix), Markup(self._comparison.value))

    def _on_choice(self, _: object) -> None:
        self._compare()
        self._notify()

    def _compare(self) -> None:
        first, second = (self._summary.variants[dropdown.value] for dropdown in (self._first, self._second))
        try:
            if first is second:
                comparison = framed(tag("p", "Choose two different variants."))
            else:
                comparison = Markup(self._summary.compare(first.tags, second.tags)._repr_html_() or "")
        except HubError as error:
            comparison = framed(tag("p", visible(str(error), 400)))
        self._comparison.value = comparison

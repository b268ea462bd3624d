"""The choice of what a variable is compared with: another graph variant, or another module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.display.markup import tag
from hubexplore.display.rich.summaries import Summary
from hubexplore.display.wording import tags_text, visible
from hubexplore.explorer.weights import aligned
from hubexplore.hub.summarize import summarize_nearest
from hubexplore.notebook.panel import light_widgets as widgets
from hubexplore.notebook.panel.panel_texts import error_text
from hubexplore.notebook.panel.worker import Worker
from hubexplore.summary.compare.weight_values import checksum
from hubexplore.summary.compare.weights.changes import Side
from hubexplore.summary.lookup import find_variant
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary

NOTHING: Final = "nothing"
MODULE: Final = "another module"
MSG_READING: Final = "Reading {handle} …"
_STYLE: Final = {"description_width": "initial"}


@dataclass(frozen=True)
class Other:
    """What variables are compared with.

    Attributes:
      title: what it is called above its values.
      summary: of the module.
      variables: of one of its variants, by name.
    """

    title: str
    summary: ModuleSummary
    variables: Mapping[str, VariableSummary]

    def remark(self, variable: VariableSummary, summary: ModuleSummary) -> str:
        """Returns how a variable of `summary` compares, without reading its values: checksums decide."""
        other = self.variables.get(variable.name)
        if other is None:
            return "only here"
        if other.shape != variable.shape:
            return "other shape"
        if other.dtype != variable.dtype:
            return "other type"
        sums = checksum(variable, summary.source), checksum(other, self.summary.source)
        if None in sums:
            return ""
        return "equal" if sums[0] == sums[1] else "differs"


class OtherModule(widgets.VBox):
    """Chooses what variables are compared with; `other` is None for nothing.

    Args:
      summary: of the module on screen.
      changed: is called when the choice has changed.
    """

    def __init__(self, summary: Summary, changed: Callable[[], None]) -> None:
        self._summary, self._changed = summary, changed
        self.other: Other | None = None
        self._worker = Worker()
        self._variants = {
            f"variant {tags_text(variant.tags)}": variant for variant in summary.variants[:50]
        } if len(summary.variants) > 1 else {}  # fmt: skip
        self._choice = widgets.Dropdown(
            description="Compare with",
            options=[NOTHING, *self._variants, MODULE],
            style=_STYLE,
            layout={"width": "auto"},
        )
        self._handle = widgets.Text(
            description="Module", placeholder="path or handle", continuous_update=False, style=_STYLE,
            layout=widgets.Layout(),
        )  # fmt: skip
        self._open = widgets.Button(
            description="Compare", tooltip="Read this module and compare", layout=widgets.Layout()
        )
        self._status = widgets.HTML()
        self._row = widgets.HBox([self._choice, self._handle, self._open], classes=("hub-row",))
        super().__init__([self._row, self._status])
        self._choice.observe(lambda _: self._on_choice(), "value")
        self._open.on_click(lambda _: self.read(self._handle.value))
        # Enter in the field.
        self._handle.observe(lambda _: self.read(self._handle.value), "value")
        self._arrange()

    def _arrange(self) -> None:
        is_module = self._choice.value == MODULE
        for widget in (self._handle, self._open):
            widget.layout.display = None if is_module else "none"

    def _on_choice(self) -> None:
        self._arrange()
        self._worker.cancel()
        self._status.value = ""
        variant = self._variants.get(self._choice.value)
        title = self._choice.value
        self.other = None if variant is None else Other(title, self._summary, aligned(variant))
        self._changed()

    def sides(self, variables: Sequence[VariableSummary]) -> tuple[Side, Side] | None:
        """Returns the two sides of a comparison of weights; None if nothing is compared.

        Args:
          variables: of the module on screen.
        """
        if self.other is None:
            return None
        title = visible(self._summary.title)
        second = Side(self.other.title, tuple(self.other.variables.values()), self.other.summary.source)
        return Side(title, tuple(variables), self._summary.source), second

    def read(self, handle: str) -> None:
        """Reads another module in the background: its handle may be that of a download."""
        if not handle.strip() or self._worker.is_busy:
            return
        text = MSG_READING.format(handle=visible(handle.strip()))
        self._status.value = tag("span", text, role="status", class_="hub-spin")
        self._worker.start(lambda: summarize_nearest(handle.strip()).value, self._done, self._fail)

    def _done(self, summary: ModuleSummary) -> None:
        variant = self._variant_of(summary)
        title = visible(summary.title)
        if len(summary.variants) > 1:
            title += f", variant {tags_text(variant.tags)}"
        self._status.value = tag("span", f"Compared with {title}", role="status", class_="hub-quiet")
        self.other = Other(title, summary, aligned(variant))
        self._changed()

    def _variant_of(self, summary: ModuleSummary) -> VariantSummary:
        """Returns the variant with the tags of the first one here, else the first."""
        same = find_variant(summary, self._summary.variants[0].tags) if self._summary.variants else None
        return same or summary.variants[0]

    def _fail(self, error: BaseException) -> None:
        self._status.value = tag("div", error_text(error), role="alert", class_="hub-error")
        self.other = None
        self._changed()

    def wait(self) -> None:
        """Waits for what is being read; for callers without an event loop."""
        self._worker.wait()

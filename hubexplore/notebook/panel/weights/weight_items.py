"""The values of a variable, and of two variables side by side, as items that `Results` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubexplore.display import values
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.weight_views import (
    pair_views,
    render_weight,
    render_weight_pair,
    weight_controls,
    weight_views,
)
from hubexplore.display.wording import shape_text
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.tensor_values import Array
from hubexplore.summary.weights.variable_values import VariableValues

MAX_DOWNLOAD: Final = 16_000_000
"""Maximum number of bytes of values that can be downloaded."""


@dataclass(frozen=True)
class Weight:
    """The values of a variable.

    Attributes:
      variable: its summary.
      read: its values, or a sample of its rows.
      rows: captions of the rows that were read.
      is_embedding: whether each row stands for something, such as a word.
    """

    variable: VariableSummary
    read: VariableValues
    rows: tuple[str, ...] = ()
    is_embedding: bool = False

    @property
    def name(self) -> str:  # noqa: D102 - as ResultItem
        return self.variable.name

    @property
    def facts(self) -> str:  # noqa: D102
        text = values.facts(self.read.array)
        return text if self.read.rows is None else f"{sample_text(self)} · of these {text}"

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102
        return weight_views(self.read.array, self.is_embedding)

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        return weight_controls(self.read.array, view)

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> Rendered:  # noqa: D102
        return render_weight(self.read.array, view or self.views[0], self.rows, settings)

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:  # noqa: D102
        # A sample would be taken for the whole.
        return values.forms(self.read.array) if self.read.rows is None else ()

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> tuple[str, bytes] | None:  # noqa: D102
        return values.download(self.read.array, stem, form)


def sample_text(weight: Weight) -> str:
    """Returns how much of a variable was read, for one that is too large to be read whole."""
    rows = len(weight.read.array)
    noun = "numbers" if weight.read.array.ndim == 1 else "rows"
    return (
        f"{shape_text(weight.variable.shape)}, too large to be read whole: {rows:,} of "
        f"{weight.read.count:,} {noun}, evenly spaced"
    )


@dataclass(frozen=True)
class WeightPair:
    """A variable, and the variable of the same name elsewhere, at the same rows."""

    first: Weight
    second: Array
    titles: tuple[str, str]

    forms: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:  # noqa: D102 - as ResultItem
        return self.first.name

    @property
    def facts(self) -> str:  # noqa: D102
        return "" if self.first.read.rows is None else sample_text(self.first)

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102
        return pair_views(self.first.read.array, self.first.is_embedding)

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        return weight_controls(self.first.read.array, view)

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> Rendered:  # noqa: D102
        return render_weight_pair(
            self.first.read.array,
            self.second,
            view=view,
            is_embedding=self.first.is_embedding,
            rows=self.first.rows,
            titles=self.titles,
            settings=settings,
        )

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> None:  # noqa: D102
        return None

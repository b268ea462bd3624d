"""Lists of a summary that show themselves: tuples for code, grids for readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from hubexplore.display.card import content, html, text
from hubexplore.display.card.blocks import Section
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables import frames
from hubexplore.summary.model import FileSummary, VariableSummary, VariantSummary

if TYPE_CHECKING:
    from hubexplore.display.rich.weight_statistics import Statistics
    from hubexplore.summary.source import Source

Item_co = TypeVar("Item_co", covariant=True)
ROWS_IN_HTML = 300
"""Maximum number of rows of a list that is shown alone, in HTML."""
ROWS_IN_TEXT = 80
"""Maximum number of rows of a list that is shown alone, in text."""
BYTES = 200_000
"""Maximum size of the HTML of a list in bytes."""


class Listing(tuple[Item_co, ...]):
    """What graph variants hold of one kind: a tuple that is shown as a grid; `df` is a data frame.

    Made by the summary: `summary.ops`, `summary.variants[0].ops`.
    """

    _kind: str
    _variants: tuple[VariantSummary, ...]

    def __new__(  # noqa: D102 - as the class says
        cls, items: Iterable[Item_co] = (), kind: str = "", variants: Iterable[VariantSummary] = ()
    ) -> Listing[Item_co]:
        listing = super().__new__(cls, items)
        listing._kind = kind
        listing._variants = tuple(variants)
        return listing

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame` of all items; see `hubexplore.display.tables.frames`."""
        return frames.of_variants(self._kind, self._variants)

    def _section(self, rows: int) -> Section | None:
        return content.SECTIONS[self._kind].make(self._variants, RowBudget(rows, BYTES))

    @property
    def _empty(self) -> str:
        return f"no {self._kind.replace('_', ' ')}"

    def __repr__(self) -> str:
        return text.section(self._section(ROWS_IN_TEXT), self._empty)

    @automatic
    def _repr_html_(self) -> str:
        return html.section(self._section(ROWS_IN_HTML), self._empty)


class Variables(Listing[VariableSummary]):
    """The variables of a module, each once."""

    _source: Source | None = None

    def stats(self, pattern: str | None = None) -> Statistics:
        """Reads the weights and returns minimum, maximum, mean, standard deviation, ... of each variable.

        Args:
          pattern: a part of a name, or a whole name with `*` and `?`; None for all variables.

        Raises:
          HubError: no name matches, or there are no weights that can be read.
        """
        from hubexplore.display.rich import weight_statistics
        from hubexplore.summary.weights.statistics import select, source_stats

        chosen = select(self, pattern)
        total = sum(variable.bytes or 0 for variable in chosen)
        return weight_statistics.collected(source_stats(chosen, self._source), total)


class Variants(Listing[VariantSummary]):
    """The graph variants of a module."""

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame` with a row per graph variant."""
        return frames.overview(self)

    def _section(self, rows: int) -> Section | None:
        return content.variants_section(self, RowBudget(rows, BYTES))


class Files(Listing[FileSummary]):
    """The files of a module."""

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame` of names and sizes."""
        return frames.of_files(self)

    def _section(self, rows: int) -> Section | None:
        return content.files(self, RowBudget(rows, BYTES))


def variables(
    items: Sequence[VariableSummary], variants: Iterable[VariantSummary], source: Source | None
) -> Variables:
    """Returns the variables of these variants; statistics are read from `source`."""
    listing = Variables(items, "variables", variants)
    # Set after construction: a tuple takes its content in __new__, and its signature is that of all listings.
    listing._source = source
    return listing

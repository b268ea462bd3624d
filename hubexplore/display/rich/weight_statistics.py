"""Statistics of weights as a grid with a small histogram for each variable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.card import html
from hubexplore.display.card.text import BOLD, PLAIN
from hubexplore.display.markup import Markup
from hubexplore.display.rich.reading_bar import reading_bar
from hubexplore.display.rich.self_shown import SelfShown
from hubexplore.display.tables.grid import Column, Grid, Remark, Row, grid_html, grid_lines
from hubexplore.display.tables.histogram import Sparkline
from hubexplore.display.wording import counted, omission, shape_text
from hubexplore.summary.weights.statistics import VariableStats

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS: Final = 120
"""Maximum number of variables that are shown; the data frame has all."""
WIDTH: Final = 128
"""Terminal columns of a line, more than elsewhere: many numbers, and the complete name."""


class Statistics(SelfShown, tuple[VariableStats, ...]):
    """Statistics of variables, sorted by name: a tuple that shows itself; `.df` is a data frame."""

    __slots__ = ()

    @property
    def df(self) -> pd.DataFrame:
        """A row for each variable; None for a statistic that does not exist."""
        import pandas as pd

        names = [field.name for field in dataclasses.fields(VariableStats)]
        rows = [[getattr(stats, name) for name in names] for stats in self]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> list[dict[str, Any]]:
        """The same as plain lists and dicts, as in JSON; an infinite deviation is text."""
        return [{name: _plain(value) for name, value in dataclasses.asdict(stats).items()} for stats in self]

    def to_text(self, colour: bool = False, width: int = WIDTH) -> str:
        """The statistics as an aligned grid; with `colour` the caption is bold."""
        return text(self, colour, width)

    def _page_title(self) -> str:
        return "Statistics of weights"

    def _markup(self) -> Markup:
        return markup(self)


def collected(stats: Iterable[VariableStats], total_bytes: int = 0) -> Statistics:
    """Reads the statistics, with a progress bar if that takes a while, and returns them sorted by name.

    Args:
      stats: see `hubexplore.summary.weights.statistics.variable_stats`.
      total_bytes: size of these variables in the checkpoint.
    """
    collected: list[VariableStats] = []
    with reading_bar(total_bytes) as advance:
        for variable in stats:
            collected.append(variable)
            advance(variable.bytes)
    return Statistics(sorted(collected, key=lambda variable: variable.name))


def text(stats: Iterable[VariableStats], colour: bool = False, width: int = WIDTH) -> str:
    """Returns the statistics as an aligned grid; with `colour` its caption is bold by ANSI escapes."""
    (_, caption), *rows = grid_lines(_grid(tuple(stats)), width)
    return "\n".join([(BOLD if colour else PLAIN).format(caption), *(line for _, line in rows)])


def markup(stats: Iterable[VariableStats]) -> Markup:
    """Returns the statistics as an HTML grid."""
    return html.framed(grid_html(_grid(tuple(stats))))


def _grid(stats: tuple[VariableStats, ...]) -> Grid:
    """Lists variables with NaN or Inf first, so that they are never left out; only then they have columns."""
    has_odd = any(variable.nans or variable.infs for variable in stats)
    # sorted() is stable, so variables stay sorted by name within both groups.
    ordered = sorted(stats, key=lambda variable: not (variable.nans or variable.infs))
    rows = tuple(_row(variable, has_odd) for variable in ordered[:MAX_ROWS])
    numbers = ("Min", "Max", "Mean", "Std", "Zeros", *(("NaN", "Inf") if has_odd else ()))
    columns = (
        Column("Name", code=True),
        Column("Type"),
        Column("Shape"),
        *(Column(name, "right") for name in numbers),
        Column("Histogram"),
    )
    return Grid(_caption(stats), columns, rows, omission(len(stats) - len(rows), "variable"))


def _caption(stats: tuple[VariableStats, ...]) -> str:
    if not stats:
        return "No variables, so no weights"
    numbers = sum(variable.count or 0 for variable in stats if variable.zeros is not None)
    nans, infs = (sum(getattr(variable, name) or 0 for variable in stats) for name in ("nans", "infs"))
    affected = counted(sum(1 for variable in stats if variable.nans or variable.infs), "variable")
    anomalies = f"{nans:,} NaN and {infs:,} Inf in {affected}" if nans or infs else "no NaN, no Inf"
    return f"Weights of {counted(len(stats), 'variable')}: {counted(numbers, 'number')}, {anomalies}"


def _row(stats: VariableStats, has_odd: bool) -> Row:
    read_as = f", {stats.note}" if stats.note and stats.zeros is not None else ""
    start = (stats.name, f"{stats.dtype}{read_as}", shape_text(stats.shape))
    # Weights that could not be read have no statistics; the note states why.
    if stats.zeros is None:
        return (*start, Remark(stats.note))
    numbers = (stats.minimum, stats.maximum, stats.mean, stats.std)
    counts = (stats.zeros, stats.nans or 0, stats.infs or 0)
    return (
        *start,
        *(_number(number) for number in numbers),
        *(f"{count:,}" for count in counts[: 3 if has_odd else 1]),
        _histogram(stats),
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _histogram(stats: VariableStats) -> str:
    if not stats.histogram:
        return "no elements" if stats.count == 0 else "no finite number"
    value_noun = stats.note or "numbers"
    counts = ", ".join(map(str, stats.histogram))
    low, high = _number(stats.minimum), _number(stats.maximum)
    bins = counted(len(stats.histogram), "bin")
    return Sparkline(stats.histogram, f"{value_noun} from {low} to {high} in {bins}: {counts}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if value in (float("inf"), float("-inf")) else value

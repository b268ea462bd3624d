"""What changed in the weights of two modules, shown: sorted by relative change, and rolled up by scope."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.card import html
from hubexplore.display.card.text import BOLD, PLAIN
from hubexplore.display.markup import Markup
from hubexplore.display.rich import weight_change_view as view
from hubexplore.display.rich.reading_bar import reading_bar
from hubexplore.display.rich.self_shown import SelfShown
from hubexplore.display.safe_display import automatic
from hubexplore.display.wording import visible
from hubexplore.errors import HubError, closest
from hubexplore.summary.compare.weights.records import (
    ScopeChange,
    Uncompared,
    VariableChange,
    WeightChanges,
)
from hubexplore.summary.compare.weights.scopes import MAX_DEPTH, scope_changes

if TYPE_CHECKING:
    import pandas as pd

    from hubexplore.summary.compare.weights.changes import Side

MEASURES: Final = {
    "relative": "relative change",
    "norm": "norm of the difference",
    "share": "share of changed numbers",
    "cosine": "cosine",
}
"""What a scope or variable can be coloured by -> its name in a legend."""
_PAIRED: Final = ("nans", "infs", "damaged")

MSG_MEASURE: Final = "series() takes one of {measures}. Got {measure!r}.{hint}"


class ScopeChanges(tuple[ScopeChange, ...]):
    """The changes of scopes, sorted by name: a tuple that shows itself; `.df` is a data frame."""

    __slots__ = ()

    @property
    def df(self) -> pd.DataFrame:
        """A row for each scope; the first, "", is the whole module."""
        return _frame(self, ScopeChange)

    def __repr__(self) -> str:
        return view.scopes_text(self)

    @automatic
    def _repr_html_(self) -> str:
        return html.framed(view.scopes_html(self))


@dataclass(frozen=True, repr=False)
class ShownWeightChanges(SelfShown, WeightChanges):
    """Changes of weights that show themselves; `.df` is a data frame of all variables."""

    @property
    def df(self) -> pd.DataFrame:
        """A row for each variable that was compared, in order; None for a number that does not exist."""
        return _frame(self.variables, VariableChange)

    def scopes(self, depth: int = MAX_DEPTH) -> ScopeChanges:
        """Returns the changes rolled up to scopes.

        Args:
          depth: number of parts of the deepest scopes: 1 for the outermost ones.
        """
        return ScopeChanges(scope_changes(self.variables, depth))

    def series(self, measure: str = "relative") -> pd.Series:
        """Returns a number for each scope and variable, by name: what `graph(color=...)` takes.

        Args:
          measure: "relative", "norm", "share" or "cosine"; see `VariableChange`.

        Returns:
          float64 numbers with the names as index. Scopes and variables without such a number are left out; a
          name that both have is that of the scope.

        Raises:
          HubError: there is no such measure.
        """
        import pandas as pd

        if measure not in MEASURES:
            hint = closest(measure, MEASURES)
            measures = ", ".join(map(repr, MEASURES))
            raise HubError(MSG_MEASURE.format(measures=measures, measure=measure, hint=hint))
        numbers: dict[str, float] = {}
        for change in (*self.scopes(), *self.variables):
            number: float | None = getattr(change, measure)
            if number is not None and change.name:
                numbers.setdefault(change.name, number)
        return pd.Series(numbers, dtype="float64", name=MEASURES[measure])

    def to_dict(self) -> dict[str, Any]:
        """The same as plain lists and dicts, as in JSON; an infinite number is text."""
        return {
            "first": self.first,
            "second": self.second,
            "same": self.same,
            "variables": [_plain(change) | {"share": change.share} for change in self.variables],
            "scopes": [_plain(change) | {"share": change.share} for change in self.scopes()],
            "uncompared": [_plain(item) for item in self.uncompared],
        }

    def to_text(self, colour: bool = False, width: int = view.WIDTH) -> str:
        """The changes as text; with `colour` the first line and the captions are bold."""
        return text(self, colour, width)

    def _page_title(self) -> str:
        return f"{visible(self.first)} and {visible(self.second)}"

    def _markup(self) -> Markup:
        return markup(self)


def displayable(changes: WeightChanges) -> ShownWeightChanges:
    """Returns the changes as ones that show themselves."""
    return ShownWeightChanges(changes.first, changes.second, changes.variables, changes.uncompared)


def collected(first: Side, second: Side) -> ShownWeightChanges:
    """Reads and compares the weights of two sides, with a progress bar if that takes a while.

    Raises:
      HubError: a side has variables, but no values that can be read.
      DamagedModuleError: a data file is missing or truncated.
    """
    # Imported here, since it loads NumPy.
    from hubexplore.summary.compare.weights.changes import compare_weights, plan

    planned = plan(first, second)
    with reading_bar(planned.size) as advance:
        return displayable(compare_weights(planned, advance))


def text(changes: WeightChanges, colour: bool = False, width: int = view.WIDTH) -> str:
    """Returns the changes as text; with `colour` the first line and the captions are bold."""
    bold = BOLD if colour else PLAIN
    return "\n".join(bold.format(line) if strong else line for strong, line in view.lines(changes, width))


def markup(changes: WeightChanges) -> Markup:
    """Returns the changes as HTML."""
    return html.framed(*view.blocks(changes))


def _frame(rows: Iterable[ScopeChange | VariableChange], kind: type[Any]) -> pd.DataFrame:
    import pandas as pd

    names = [field.name for field in dataclasses.fields(kind)]
    columns: dict[str, list[Any]] = {}
    for name in names:
        values = [getattr(row, name) for row in rows]
        if name in _PAIRED:
            columns |= {f"first_{name}": [value[0] for value in values],
                        f"second_{name}": [value[1] for value in values]}  # fmt: skip
        else:
            columns[name] = values
        if name == "changed":
            columns["share"] = [row.share for row in rows]
    return pd.DataFrame(columns)


def _plain(item: VariableChange | ScopeChange | Uncompared) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in dataclasses.asdict(item).items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value

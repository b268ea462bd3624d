"""Dicts and lists of live variables that show themselves as a table of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from hubexplore.display.automatic import automatic
from hubexplore.display.listing import Variables
from hubexplore.display.listing import variables as listing
from hubexplore.summary.model import VariableSummary, VariantSummary

Key = TypeVar("Key")
Value = TypeVar("Value")
Describe = Callable[[], Iterable[VariableSummary]]
"""Summaries of the variables in a container; called only when it is shown."""


class ShownDict(dict[Key, Value]):
    """An ordinary dict of variables that is shown as their table."""

    def __init__(self, content: Mapping[Key, Value], describe: Describe) -> None:
        super().__init__(content)
        self._describe = describe

    def __repr__(self) -> str:
        return repr(_shown(self._describe))

    @automatic
    def _repr_html_(self) -> str | None:
        return _shown(self._describe)._repr_html_()


class ShownList(list[Value]):
    """An ordinary list of variables that is shown as their table."""

    def __init__(self, content: Iterable[Value], describe: Describe) -> None:
        super().__init__(content)
        self._describe = describe

    def __repr__(self) -> str:
        return repr(_shown(self._describe))

    @automatic
    def _repr_html_(self) -> str | None:
        return _shown(self._describe)._repr_html_()


def _shown(describe: Describe) -> Variables:
    own = tuple(describe())
    return listing(own, (VariantSummary((), (), variables=own),), None)

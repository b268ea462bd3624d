"""Dicts and lists of live variables that show themselves as a table of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from hubexplore.display.safe_display import automatic
from hubexplore.summary.model import VariableSummary, VariantSummary

if TYPE_CHECKING:
    from hubexplore.display.rich.listings import Variables

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Described:
    """Shows a container as the table of the variables that `_describe` finds in it, if it is there."""

    _describe: Callable[[Any], Iterable[VariableSummary]] | None

    def __repr__(self) -> str:
        return repr(_shown(self._describe(self))) if self._describe else super().__repr__()

    @automatic
    def _repr_html_(self) -> str | None:
        return _shown(self._describe(self))._repr_html_() if self._describe else None


class ShownDict(_Described, dict[Key, Value]):
    """An ordinary dict of variables that is shown as their table.

    Args:
      content: what a dict is made of.
      describe: returns the summaries of what is in a dict; called only when it is shown. Without it, as where
        others make a dict of the same type for other values, it is shown as any dict.
    """

    def __init__(
        self,
        content: Mapping[Key, Value] | Iterable[tuple[Key, Value]] = (),
        describe: Callable[[Any], Iterable[VariableSummary]] | None = None,
    ) -> None:
        super().__init__(content)
        self._describe = describe


class ShownList(_Described, list[Value]):
    """An ordinary list of variables that is shown as their table; see `ShownDict`."""

    def __init__(
        self,
        content: Iterable[Value] = (),
        describe: Callable[[Any], Iterable[VariableSummary]] | None = None,
    ) -> None:
        super().__init__(content)
        self._describe = describe


def _shown(content: Iterable[VariableSummary]) -> Variables:
    from hubexplore.display.rich import listings

    variables = tuple(content)
    return listings.variables(variables, (VariantSummary((), (), variables=variables),), None)

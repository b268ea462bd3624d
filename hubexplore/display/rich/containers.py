"""Dicts and lists of live variables that show themselves as a grid of their content."""

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
    """Shows a container as a grid of the variables that `_describe` returns; without it, as any container."""

    _describe: Callable[[Any], Iterable[VariableSummary]] | None

    def __repr__(self) -> str:
        return repr(_listing(self._describe(self))) if self._describe else super().__repr__()

    @automatic
    def _repr_html_(self) -> str | None:
        return _listing(self._describe(self))._repr_html_() if self._describe else None


class ShownDict(_Described, dict[Key, Value]):
    """A dict of variables that is shown as a grid.

    Args:
      content: the items of the dict.
      describe: returns summaries of the variables in the dict; called only when it is shown. Without it, as
        when TensorFlow maps over a structure and makes a dict of the same type, it is shown as any dict.
    """

    def __init__(
        self,
        content: Mapping[Key, Value] | Iterable[tuple[Key, Value]] = (),
        describe: Callable[[Any], Iterable[VariableSummary]] | None = None,
    ) -> None:
        # dict subclasses are rebuilt by tf.nest and copy with one argument, so `describe` has to be
        # optional.
        super().__init__(content)
        self._describe = describe


class ShownList(_Described, list[Value]):
    """A list of variables that is shown as a grid; see `ShownDict`."""

    def __init__(
        self,
        content: Iterable[Value] = (),
        describe: Callable[[Any], Iterable[VariableSummary]] | None = None,
    ) -> None:
        super().__init__(content)
        self._describe = describe


def _listing(content: Iterable[VariableSummary]) -> Variables:
    # Imported on display: TensorFlow users who never show a dict of variables do not load the cards.
    from hubexplore.display.rich import listings

    variables = tuple(content)
    return listings.variables(variables, (VariantSummary((), (), variables=variables),), None)

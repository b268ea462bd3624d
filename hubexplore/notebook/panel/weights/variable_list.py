"""The list of variables, filtered while its user types; one of them is chosen by click or Enter."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import traitlets

from hubexplore.display.wording import apart, number_text, shape_text, size_text, visible
from hubexplore.notebook.panel.browser_widgets import FrontendWidget, Message, script, style
from hubexplore.summary.model import VariableSummary

MAX_ROWS: Final = 100
"""Number of rows that are shown at first, and that "Show more" adds."""
MAX_FILTER: Final = 200
"""Maximum number of characters of a filter."""


class VariableList(FrontendWidget):
    """Shows those variables whose name fits a filter.

    The browser has the rows on screen only: however many variables there are, a key that is typed costs one
    message and one answer.

    Messages: `filter` {text}, `more`, `open` {number}, where a number is the index of a variable.

    Args:
      variables: all variables, in the order of the list.
      chosen: is called with a variable that was clicked.
      filtered: is called when the filter has changed.
      remark: returns what is known of a variable and another one it is compared with; "" for nothing.
      products: returns the multiply-adds of the op that reads a variable; "" for none.
    """

    _esm = script("variables.js")
    _css = style("variables.css")
    shown = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        variables: Sequence[VariableSummary],
        chosen: Callable[[VariableSummary], None],
        filtered: Callable[[], None],
        remark: Callable[[VariableSummary], str],
        products: Callable[[VariableSummary], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._variables = tuple(variables)
        # Both are searched without regard to case, which few remember.
        self._names = [variable.name.lower() for variable in self._variables]
        self._chosen, self._filtered, self._remark = chosen, filtered, remark
        self._products = products
        self._order: Sequence[int] = range(len(self._variables))
        self._found: Sequence[int] = self._order
        self._text = ""
        self._limit = MAX_ROWS
        self.listen(self._on_message)
        self.draw()

    @property
    def text(self) -> str:
        """The filter."""
        return self._text

    @property
    def found(self) -> list[VariableSummary]:
        """The variables that the filter lets through."""
        return [self._variables[number] for number in self._found]

    def filter(self, text: str) -> None:
        """Shows the variables whose name contains a text, or as a whole matches it as a pattern with * and ?.

        Linear in the number of variables: 79,000 names take some 10 ms.
        """
        self._text = text[:MAX_FILTER]
        self._limit = MAX_ROWS
        self._find()
        self.draw()
        self._filtered()

    def sort(self, rank: Callable[[VariableSummary], int] | None) -> None:
        """Sorts the rows by a rank; None restores the first order. Equal ranks keep the first order."""
        ranks = None if rank is None else [rank(variable) for variable in self._variables]
        numbers = range(len(self._variables))
        self._order = numbers if ranks is None else sorted(numbers, key=ranks.__getitem__)
        self._find()
        self.draw()

    def _find(self) -> None:
        fits = _test(self._text.strip().lower())
        self._found = [number for number in self._order if fits(self._names[number])]

    def draw(self) -> None:
        """Updates the rows."""
        numbers = self._found[: self._limit]
        variables = [self._variables[number] for number in numbers]
        names = apart([variable.name for variable in variables])
        rows = [
            {
                "number": number,
                "name": name,
                "type": visible(variable.dtype),
                "shape": shape_text(variable.shape),
                "parameters": number_text(variable.parameters),
                "size": size_text(variable.bytes),
                "products": self._products(variable),
                "remark": self._remark(variable),
            }
            for number, variable, name in zip(numbers, variables, names, strict=True)
        ]
        self.shown = {
            "text": self._text, "rows": rows, "found": len(self._found), "total": len(self._variables),
        }  # fmt: skip

    def _on_message(self, message: Message, _: Sequence[Any]) -> None:
        match message:
            case {"kind": "filter", "text": str(text)}:
                self.filter(text)
            case {"kind": "more"}:
                self._limit += MAX_ROWS
                self.draw()
            case {"kind": "open", "number": int(number)} if 0 <= number < len(self._variables):
                self.selected = number
                self._chosen(self._variables[number])


def _test(text: str) -> Callable[[str], bool]:
    """Returns a test of names in lower case."""
    if not re.search(r"[*?\[]", text):
        return lambda name: text in name
    matches = re.compile(fnmatch.translate(text)).match
    # As a part of a name, too: brackets are characters of some names.
    return lambda name: matches(name) is not None or text in name

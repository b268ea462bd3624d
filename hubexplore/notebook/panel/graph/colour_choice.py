"""Chooses what the colours of the graph stand for: kinds, what is counted or measured, or own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hubexplore.display.diagram import Scale, scale_of
from hubexplore.display.diagram.colouring import COUNTED, PARAMETERS, counted
from hubexplore.display.rich.summaries import Summary
from hubexplore.errors import HubError, closest
from hubexplore.notebook.panel import light_widgets as widgets

KINDS: Final = "kinds"
TIME: Final = "time"
OWN: Final = "own numbers"
_LABELS: Final = {"parameters": PARAMETERS, **{label: key for key, (label, _) in COUNTED.items()}}
"""Text of a choice -> quantity that is counted."""

MSG_NO_VARIABLE: Final = (
    "Enter the name of a variable of the notebook that holds numbers by name: a dict or a pandas Series of "
    "names of ops, scopes or variables."
)
MSG_NOT_THERE: Final = "The notebook has no variable {name!r}.{hint}"


class ColourChoice(widgets.HBox):
    """A list of what boxes can be coloured by, and a text box for the variable with the user's numbers.

    Args:
      changed: is called when something else was chosen.
      namespace: returns the variables of the notebook.
    """

    def __init__(self, changed: Callable[[], None], namespace: Callable[[], Mapping[str, Any]]) -> None:
        self._changed, self._namespace = changed, namespace
        self._offered: dict[str, Scale] = {}
        style = {"description_width": "initial"}
        self._list = widgets.Dropdown(
            description="Colour by", style=style, layout=widgets.Layout(width="auto"), options=self._options()
        )
        self._variable = widgets.Text(
            placeholder="variable of the notebook", continuous_update=False,
            layout=widgets.Layout(display="none", width="16em"),
        )  # fmt: skip
        self._list.observe(lambda _: self._on_list(), "value")
        self._variable.observe(lambda _: changed(), "value")
        super().__init__([self._list, self._variable], classes=["hub-row"])

    @property
    def value(self) -> str:
        """What was chosen."""
        return str(self._list.value)

    def choose(self, value: str) -> None:
        """Chooses something, as the user does in the list."""
        self._list.value = value

    def name_variable(self, name: str) -> None:
        """Enters the name of a variable with numbers."""
        self._variable.value = name

    def offer(self, label: str, scale: Scale) -> None:
        """Adds a choice, or replaces the one of this label, and chooses it."""
        self._offered[label] = scale
        chosen = self.value
        self._list.options = self._options()
        if chosen == label:
            self._changed()
        else:
            self._list.value = label

    def forget(self) -> None:
        """Removes what was offered: it belongs to another module."""
        self._offered.clear()
        self._list.options = self._options()

    def scale(self, summary: Summary, signature: str, tags: tuple[str, ...]) -> Scale | None:
        """Returns the scale of what was chosen; None for kinds, and for times that are still to be measured.

        Raises:
          HubError: it cannot be counted, or the user's variable is not there or holds something else.
        """
        chosen = self.value
        if chosen in self._offered:
            return self._offered[chosen]
        if chosen == OWN:
            return self._own()
        quantity = _LABELS.get(chosen)
        if quantity is None:
            return None
        if quantity == PARAMETERS:
            return scale_of(PARAMETERS)
        return counted(quantity, summary.cost(signature=signature, tags=tags).by_op(quantity))

    def _own(self) -> Scale:
        name, variables = self._variable.value.strip(), self._namespace()
        if not name:
            raise HubError(MSG_NO_VARIABLE)
        if name not in variables:
            raise HubError(MSG_NOT_THERE.format(name=name, hint=closest(name, list(variables))))
        return scale_of(variables[name], name)

    def _options(self) -> list[str]:
        others = [label for label in self._offered if label != TIME]
        return [KINDS, *_LABELS, TIME, *others, OWN]

    def _on_list(self) -> None:
        self._variable.layout.display = None if self.value == OWN else "none"
        # The variable is still to be entered.
        if self.value != OWN or self._variable.value:
            self._changed()

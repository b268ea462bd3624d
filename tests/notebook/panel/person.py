"""Somebody at the Try tab of a panel, without a browser."""

from __future__ import annotations

from typing import Any

from hubexplore.notebook.panel.explorer import Explorer
from hubexplore.notebook.panel.tabs.try_tab import TryTab


class Person:
    """Somebody at a panel."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        self.tab: TryTab = explorer._try

    def type(self, name: str, text: str) -> None:
        self.tab.form._boxes[name]._sources["typed"]._text.value = text

    def run(self) -> None:
        self.tab.start()
        self.tab.worker.wait()

    @property
    def error(self) -> str:
        return self.tab.status.error_text

    def output(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            output for output in self.tab.results.shown["outputs"] if output["name"] == name
        )
        return found

    def hear(self, part: Any, **message: Any) -> None:
        part._handle_custom_msg(message, [])


def only(person: Person) -> str:
    """The name of the only input."""
    (field,) = person.tab.form.fields
    return field.name

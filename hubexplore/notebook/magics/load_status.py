"""The progress of `%hub_load`: one display in the notebook that is updated."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Final

from IPython.core.interactiveshell import InteractiveShell

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.theme import BUSY
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.summary.model import ModuleSummary

_NOTHING: Final = {"text/plain": "", "text/html": ""}


class LoadStatus:
    """One display that is updated; removed if the body of the `with` raises.

    A terminal cannot change what it has printed, so that nothing is shown there.

    Args:
      shell: the shell that shows it.
      is_enabled: whether to show anything.
    """

    def __init__(self, shell: InteractiveShell, is_enabled: bool) -> None:
        self._publisher = shell.display_pub
        self._is_enabled = is_enabled and getattr(shell, "kernel", None) is not None
        self._id = ""

    def show(self, words: str, summary: ModuleSummary | None = None, busy: bool = False) -> None:
        """Replaces what is shown by a line, with the card of a module above it; `busy` adds a spinner."""
        if not self._is_enabled:
            return
        paragraph = tag("p", visible(words, MAX_SENTENCE), class_="facts busy" if busy else "facts")
        line = tag("div", *((tag("style", BUSY),) if busy else ()), paragraph, class_="hubexplore")
        plain = visible(words, MAX_SENTENCE)
        if summary is None:
            self._publish({"text/plain": plain, "text/html": str(line)})
            return
        from hubexplore.display.card import html, text

        card: Markup = html.module(summary)
        self._publish({"text/plain": f"{text.module(summary)}\n{plain}", "text/html": str(join(card, line))})

    def _publish(self, data: dict[str, str]) -> None:
        is_first = not self._id
        # Random, so that displays of another kernel in the same document keep apart.
        self._id = self._id or os.urandom(8).hex()
        transient = {"display_id": self._id}
        self._publisher.publish(data=data, metadata={}, transient=transient, update=not is_first)

    def __enter__(self) -> LoadStatus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the card of a module that is not loaded must not stay in the notebook.
        if kind is not None and self._id:
            self._publish(dict(_NOTHING))

"""The words of a run that the module does not know, as one of its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hubexplore.display import values
from hubexplore.display.values.control import NO_SETTINGS, Control, Settings
from hubexplore.display.values.views.marked_texts import unknown_words
from hubexplore.display.wording import counted

VIEW: Final = "Words"


@dataclass(frozen=True)
class UnknownWords:
    """Words that the vocabulary of the module lacks, marked in the texts that went in."""

    rows: tuple[str, ...]
    words: tuple[str, ...]

    name: str = "Unknown words"
    views: tuple[str, ...] = (VIEW,)
    forms: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as ResultItem
        return f"{counted(len(self.words), 'word')} that the vocabulary of the module does not contain"

    def controls(self, view: str) -> tuple[Control, ...]:  # noqa: D102
        return ()

    def render(self, view: str | None, settings: Settings = NO_SETTINGS) -> values.Rendered:  # noqa: D102
        return values.Rendered(VIEW, unknown_words(self.rows, self.words))

    def download(self, form: str, stem: str, settings: Settings = NO_SETTINGS) -> None:  # noqa: D102
        return None

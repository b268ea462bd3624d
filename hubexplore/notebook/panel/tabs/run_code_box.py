"""The code of the last run; copying it saves the files that it reads beside the notebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.display.wording import visible
from hubexplore.errors import HubError
from hubexplore.explorer.runs import RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.notebook.panel.browser_widgets import CodeBox, Message
from hubexplore.notebook.panel.panel_texts import error_text

if TYPE_CHECKING:
    from hubexplore.explorer.run_code import RunCode

MSG_SAVED: Final = "Saved {names} beside the notebook"


class RunCodeBox(CodeBox):
    """Shows the code of a run in several languages. The message `save` {language} saves its files."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._codes: tuple[RunCode, ...] = ()
        self._run: tuple[Subject, RunRequest, Sequence[str]] | None = None
        self.listen(self._on_message)

    def write(self, subject: Subject, request: RunRequest, fetch: Sequence[str] = ()) -> None:
        """Shows the code that repeats a run, and returns further tensors of it."""
        # Not before a run: it imports the code of all kinds of values.
        from hubexplore.explorer import run_code

        self._run = subject, request, fetch
        # The kernel runs in the folder of the notebook, and so does what is pasted there.
        self._codes = run_code.codes(subject, request, Path(), fetch)
        self.codes = [[code.language, code.text, ", ".join(code.files)] for code in self._codes]

    def clear(self) -> None:
        """Removes the code."""
        self._codes, self._run = (), None
        self.codes = []

    def _on_message(self, message: Message, _: Sequence[Any]) -> None:
        language = message.get("language")
        code = next((code for code in self._codes if code.language == language), None)
        if message["kind"] != "save" or code is None or not code.files:
            return
        from hubexplore.inputs.code import data_files

        try:
            data_files.save(code.files, Path())
        except HubError as error:
            if self._run is not None:
                self.write(*self._run)  # with names that are free now
            self.send({"kind": "saved", "text": error_text(error)})
            return
        self.send({"kind": "saved", "text": MSG_SAVED.format(names=visible(", ".join(code.files)))})

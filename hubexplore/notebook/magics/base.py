"""What all magics share: the shell, the sessions, the settings, and the meaning of words on a line."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics
from traitlets import Bool, Enum, Int, observe

from hubexplore.display.wording import printable
from hubexplore.errors import closest
from hubexplore.session.registry import SessionBook
from hubexplore.trust import gate

if TYPE_CHECKING:
    from hubexplore.display.rich.summaries import Summary
    from hubexplore.hub.module import Module
    from hubexplore.notebook.extension import Preloading
    from hubexplore.session.session import NotebookSession
    from hubexplore.summary.wishes import Signatures

# The classes of a module, by the file that defines them. `isinstance` against a class that is not imported
# yet is false anyway, and importing one would load TensorFlow.
_SUBJECT_CLASSES: Final = (
    ("hubexplore.hub.module", "Module"),
    ("hubexplore.hub.spec", "ModuleSpec"),
    ("hubexplore.summary.model", "ModuleSummary"),
)
_SPEC_CLASSES: Final = _SUBJECT_CLASSES[1:2]
TRUST_HELP: Final = (
    "Run it even if it can touch things outside of itself, such as files. That is remembered for its content."
)
INPUTS_HELP: Final = (
    "Of a frozen graph or checkpoint: the tensors that are its inputs, separated by commas; by default the "
    "placeholders that the outputs need."
)
OUTPUTS_HELP: Final = "The tensors that are its outputs, each as TENSOR or NAME=TENSOR."


class HubMagicsBase(Magics):
    """Settings and helpers of the magics; `%config HubMagics` lists the settings.

    Args:
      shell: the running IPython shell.
      book: the sessions, which are opened on first use.
    """

    show_progress = Bool(True, help="Show the progress of %hub_load and of calls in batches.").tag(
        config=True
    )
    batch_size = Int(
        0,
        min=0,
        help="Rows that %hub_call runs at a time without --batch-size; 0 means all at once.",
    ).tag(config=True)
    verify_exports = Bool(
        True, help="Load an export again and compare the outputs of every signature."
    ).tag(config=True)  # fmt: skip

    preload_tensorflow = Bool(
        True,
        help="Import TensorFlow in the background of a notebook when the cell with %load_ext hubexplore has "
        "ended. Without it, TensorFlow is imported, and takes its memory, when it is first needed.",
    ).tag(config=True)

    untrusted = Enum(
        gate.POLICIES,
        "refuse",
        help="What happens with a module that can touch things outside of itself, such as files, and that "
        "the user does not trust: refuse to run it, warn, or allow it.",
    ).tag(config=True)

    @observe("untrusted")
    def _on_untrusted(self, change: Any) -> None:
        # Of the process, so that sessions and explorers that Python code opens follow it as well.
        gate.set_policy(change["new"])

    def __init__(self, shell: InteractiveShell, book: SessionBook) -> None:
        super().__init__(shell)
        self.notebook = shell
        self.book = book
        self.preloading: Preloading | None = None

    @property
    def session(self) -> NotebookSession:
        """The current session, which is opened on first use."""
        return self.book.current

    def signatures(self, name: str) -> list[str]:
        """Names of the signatures of a loaded module, given by name; [] for any other name."""
        module = self.named(name)
        if isinstance(module, str):
            loaded = self.book.current.modules() if self.book.is_started else {}
            module = loaded.get(module, module)
        return [] if isinstance(module, str) else list(module.get_signature_names())

    def module_names(self) -> list[str]:
        """Names of loaded modules: those in the session, and variables of the user that hold one."""
        names = list(self.book.current.names) if self.book.is_started else []
        # IPython keeps results in _, __ and _1, which are not names that anyone would type.
        variables = [
            name
            for name, value in self.notebook.user_ns.items()
            if name[0] != "_" and self._is_subject(value)
        ]
        return list(dict.fromkeys([*names, *variables]))

    def named(self, name: str) -> Module | str:
        """The module in a variable of the user, whatever name it was loaded by; else the name itself."""
        value = self.notebook.user_ns.get(name)
        return value if _is_instance(value, _SUBJECT_CLASSES[:1]) else name

    def source(self, word: str) -> Any:
        """What to load: the spec or path in a variable, else the word itself as a handle."""
        value = self.notebook.user_ns.get(word)
        # A path that exists wins over a variable of its name, so that a folder can always be loaded.
        is_path = isinstance(value, (str, bytes, os.PathLike)) and not os.path.exists(word)  # noqa: PTH110 - as resolve()
        return value if is_path or _is_instance(value, _SPEC_CLASSES) else word

    def summary(self, word: str, signatures: Signatures | None = None) -> Summary:
        """The summary of what a word stands for: a variable, a loaded name, or a handle."""
        from hubexplore.hub.summarize import summarize

        return summarize(self.subject(word), signatures=signatures)

    def subject(self, word: str) -> Any:
        """What a word stands for: the module, spec or summary in a variable, a loaded module, or a handle."""
        value = self.notebook.user_ns.get(word)
        if self._is_subject(value):
            return value
        if self.book.is_started and word in self.book.current.names:
            return self.book.current.module(word)
        source = self.source(word)
        # A single word that is not a path cannot be a handle: say so, and do not try to open it.
        if source == word and re.fullmatch(r"[\w-]+", word) and not os.path.exists(word):  # noqa: PTH110
            names = self.module_names()
            raise UsageError(
                f"Nothing is called {printable(word)!r}: no variable with a module, no loaded module, no "
                f"directory.{closest(word, names)} Loaded modules: {names}."
            )
        return source

    def _is_subject(self, value: object) -> bool:
        return _is_instance(value, _SUBJECT_CLASSES)


def _is_instance(value: object, classes: tuple[tuple[str, str], ...]) -> bool:
    """Whether a value is an instance of one of the classes, none of which is imported for this."""
    modules = ((sys.modules.get(module), name) for module, name in classes)
    return any(module is not None and isinstance(value, getattr(module, name)) for module, name in modules)

"""Makes the subject of a panel: finds the session and the name of a Module in the notebook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hubexplore.explorer.subject import Subject

if TYPE_CHECKING:
    from hubexplore.session.registry import SessionBook
    from hubexplore.session.session import NotebookSession
    from hubexplore.summary.formats.graph_files.chosen_signatures import Signatures


def find(
    x: Any,
    session: NotebookSession | None,
    book: SessionBook | None,
    signatures: Signatures | None = None,
) -> Subject:
    """Returns the subject for the argument of `explore`.

    Args:
      x: see `explore`.
      session: of a Module; None to search the sessions of `book` and of the notebook's variables.
      book: the sessions of the magics; None if the magics are not loaded.
      signatures: see `explore`.

    Raises:
      HubError: as `Subject`.
    """
    graph = getattr(x, "graph", None)
    if session is None and graph is not None:
        sessions = [*(book.sessions() if book is not None else ()), *_sessions_in_variables()]
        session = next((candidate for candidate in sessions if candidate.owns(graph)), None)
    name = None
    # `%hub_call` finds a module by its name in the current session of the magics, and in no other session.
    if session is not None and book is not None and book.is_started and session is book.current:
        name = next((name for name, module in session.modules().items() if module is x), None)
    return Subject(x, session, name, signatures)


def notebook_book() -> SessionBook | None:
    """Returns the sessions of the magics in this notebook; None if the magics are not loaded."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    magics = shell.magics_manager.registry.get("HubMagics") if shell is not None else None
    return magics.book if magics is not None else None


def _sessions_in_variables() -> list[NotebookSession]:
    """Returns the sessions that are values of variables of the notebook."""
    from IPython.core.getipython import get_ipython

    # Importing it would import TensorFlow, and for nothing: without it no variable holds a session.
    module = sys.modules.get("hubexplore.session.session")
    shell = get_ipython()
    if shell is None or module is None:
        return []
    return [value for value in list(shell.user_ns.values()) if isinstance(value, module.NotebookSession)]

"""From what a person passes to what is tried: the session and name of a Module are found in the notebook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hubexplore.explorer.subject import Subject

if TYPE_CHECKING:
    from hubexplore.session.registry import SessionBook
    from hubexplore.session.session import NotebookSession


def find(x: Any, session: NotebookSession | None, book: SessionBook | None) -> Subject:
    """What is tried.

    Args:
      x: see `explore`.
      session: of a Module; None to look for it among those of `book` and of the notebook's variables.
      book: the sessions of the magics, if they are loaded.

    Raises:
      HubError: as `Subject`.
    """
    graph = getattr(x, "graph", None)
    if session is None and graph is not None:
        known = [*(book.sessions() if book is not None else ()), *_in_variables()]
        session = next((each for each in known if each.owns(graph)), None)
    name = None
    # Code calls modules by the names that they have in the session that the magics use.
    if session is not None and book is not None and book.is_started and session is book.current:
        name = next((name for name, module in session.modules().items() if module is x), None)
    return Subject(x, session, name)


def notebook_book() -> SessionBook | None:
    """The sessions of the magics in this notebook; None where they are not loaded."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    magics = shell.magics_manager.registry.get("HubMagics") if shell is not None else None
    return magics.book if magics is not None else None


def _in_variables() -> list[NotebookSession]:
    """The sessions that variables of the notebook hold."""
    from IPython.core.getipython import get_ipython

    module = sys.modules.get("hubexplore.session.session")
    shell = get_ipython()
    if shell is None or module is None:  # nobody has made a session yet
        return []
    return [each for each in list(shell.user_ns.values()) if isinstance(each, module.NotebookSession)]

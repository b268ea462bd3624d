"""From what a person passes to what is tried: the session and name of a Module are found in the notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hubexplore.notebook.trial.subject import Subject

if TYPE_CHECKING:
    from hubexplore.notebook.session import NotebookSession


def find(x: Any, session: NotebookSession | None = None) -> Subject:
    """What is tried.

    Args:
      x: see `explore`.
      session: of a Module; None to look for it among those of the notebook.
    """
    graph = getattr(x, "graph", None)
    if session is None and graph is not None:
        session = next((each for each in _sessions() if each.graph is graph), None)
    name = None
    if session is not None:
        name = next((name for name, module in session.modules().items() if module is x), None)
    return Subject(x, session, name)


def _sessions() -> Iterator[NotebookSession]:
    """The sessions that the magics opened, then those that variables of the notebook hold."""
    from IPython.core.getipython import get_ipython

    known = sys.modules.get("hubexplore.notebook.session")
    shell = get_ipython()
    if shell is None or known is None:  # nobody has made a session yet
        return
    magics = shell.magics_manager.registry.get("HubMagics")
    if magics is not None:
        yield from magics.book.sessions()
    yield from (each for each in list(shell.user_ns.values()) if isinstance(each, known.NotebookSession))

"""The magics: each parses its line, calls the session, and returns a value.

One file per job; `HubMagics` is all of them. Nothing here imports TensorFlow or pandas when it is loaded.
"""

from __future__ import annotations

from typing import Final

from hubexplore.notebook.magics.call_magics import CallMagics
from hubexplore.notebook.magics.graph_magic import GraphMagics
from hubexplore.notebook.magics.load_magics import LoadMagics
from hubexplore.notebook.magics.module_magic import ModuleMagics
from hubexplore.notebook.magics.session_magic import SessionMagics
from hubexplore.notebook.magics.show_magics import ShowMagics
from hubexplore.notebook.magics.try_magic import TryMagics

_PARTS: Final = (
    *(LoadMagics, CallMagics, TryMagics),
    *(ModuleMagics, GraphMagics, ShowMagics, SessionMagics),
)


class HubMagics(
    LoadMagics,
    CallMagics,
    TryMagics,
    ModuleMagics,
    GraphMagics,
    ShowMagics,
    SessionMagics,
):
    """All `%hub_...` magics, over one book of sessions."""

    registered = True
    magics = {
        kind: {name: method for part in _PARTS for name, method in part.magics[kind].items()}
        for kind in ("line", "cell")
    }

    def close(self) -> None:
        """Closes all sessions."""
        self.book.close_all()

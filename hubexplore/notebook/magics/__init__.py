"""The magics: each parses its line, calls the session, and returns a value.

One file per job; `HubMagics` is all of them. Nothing here imports TensorFlow or pandas when it is loaded.
"""

from __future__ import annotations

from typing import Final

from hubexplore.notebook.magics.authoring import AuthoringMagics
from hubexplore.notebook.magics.building import BuildingMagics
from hubexplore.notebook.magics.calling import CallingMagics
from hubexplore.notebook.magics.loading import LoadingMagics
from hubexplore.notebook.magics.looking import LookingMagics
from hubexplore.notebook.magics.sessions import SessionMagics
from hubexplore.notebook.magics.trying import TryingMagics

_PARTS: Final = (
    *(LoadingMagics, CallingMagics, TryingMagics),
    *(AuthoringMagics, BuildingMagics, LookingMagics, SessionMagics),
)


class HubMagics(
    LoadingMagics,
    CallingMagics,
    TryingMagics,
    AuthoringMagics,
    BuildingMagics,
    LookingMagics,
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

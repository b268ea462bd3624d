"""`%hub_session`."""

from __future__ import annotations

import argparse
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class
from IPython.core.magic_arguments import argument

from hubexplore.display.rich.small_table import Table
from hubexplore.display.tables.grid import Column
from hubexplore.errors import closest
from hubexplore.notebook.magics.base import HubMagicsBase
from hubexplore.notebook.magics.line_parser import magic

ACTIONS = ("list", "new", "use", "reset", "close")


@magics_class
class SessionMagics(HubMagicsBase):
    """The magic that selects the session of the others."""

    @magic()
    @argument(
        "action",
        nargs="?",
        help="list, new NAME, use NAME, reset [NAME] or close [NAME]; by default NAME is the current one.",
    )
    @argument("name", nargs="?", help="Name of a session.")
    @argument(
        "--target",
        default="",
        help="Address at which a new session runs, as in grpc://host:port; by default this process.",
    )
    @line_magic
    def hub_session(self, options: argparse.Namespace) -> Any:
        """Return the current session, or list, open, select, reset or close sessions.

        `session = %hub_session` gives the Python object behind all magics. `reset` drops all modules,
        variables and trained values; `close` also ends the session.

        The equivalent Python: `session = hubexplore.NotebookSession(NAME, target)`,
        `session.reset()`, `session.close()`.
        """
        book, action, name = self.book, options.action, options.name
        # First: a wrong line changes no session.
        _check(action, name, options.target)
        match action:
            case None:
                return self.session
            case "new":
                return book.new(name, options.target)
            case "use":
                return book.use(name)
            case "reset":
                return book.reset(name)
            case "close":
                book.close(name)
        return self._sessions()

    def _sessions(self) -> Table:
        columns = [Column("Session", code=True), Column("In use"), Column("Runs"), Column("Modules")]
        # Names are known before sessions exist: listing opens none of them.
        made = {session.name: session for session in self.book.sessions()}
        rows = [
            (
                name,
                "yes" if name == self.book.current_name else "",
                (made[name].target or "here") if name in made else "not yet",
                ", ".join(made[name].names) if name in made else "",
            )
            for name in self.book.names()
        ]
        return Table("Sessions", columns, rows)


def _check(action: str | None, name: str | None, target: str) -> None:
    """Raises UsageError if the arguments do not fit together."""
    if action is not None and action not in ACTIONS:
        raise UsageError(
            f"%hub_session has no action {action!r}.{closest(action, ACTIONS)} Actions are list, new NAME "
            f"[--target T], use NAME, reset [NAME] and close [NAME]."
        )
    if action in ("new", "use") and name is None:
        raise UsageError(f"%hub_session {action} needs a name: %hub_session {action} NAME.")
    if target and action != "new":
        raise UsageError("--target needs a new session: %hub_session new NAME --target grpc://host:port.")
    if action in (None, "list") and name is not None:
        raise UsageError(f"%hub_session list takes no name; to switch to it: %hub_session use {name}.")

"""What `%load_ext hubexplore` and `%unload_ext hubexplore` do."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hubexplore.notebook.startup import quiet_tensorflow

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from hubexplore.notebook.magics import HubMagics

_NAMES = ("hub_load", "hub_call", "hub_export")


def load(shell: InteractiveShell) -> None:
    """Registers the magics over a new session; a second call replaces the first."""
    unload(shell)
    with quiet_tensorflow():
        from hubexplore.notebook.magics import HubMagics
        from hubexplore.notebook.session import NotebookSession

        session = NotebookSession()
    shell.register_magics(HubMagics(shell, session))


def unload(shell: InteractiveShell) -> None:
    """Removes the magics and closes their session; without them it does nothing."""
    magics = shell.magics_manager
    registered = cast("HubMagics | None", magics.registry.pop("HubMagics", None))
    if registered is not None:
        registered.close()
    for name in _NAMES:
        magics.magics["line"].pop(name, None)

"""The work of `%load_ext hubexplore` and `%unload_ext hubexplore`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from hubexplore.notebook.magics import HubMagics

_NAME = "HubMagics"
_EVENT = "post_run_cell"


def load(shell: InteractiveShell) -> None:
    """Registers the magics with a new book of sessions; a second call replaces the first."""
    from hubexplore.hub.quiet_start import LOG_LEVEL
    from hubexplore.notebook.magics import HubMagics
    from hubexplore.notebook.magics.completion import install
    from hubexplore.session.registry import SessionBook

    # TensorFlow reads the level once, when it is imported, and a cell of the user may import it before we do.
    os.environ.setdefault(LOG_LEVEL, "1")
    unload(shell)
    magics = HubMagics(shell, SessionBook())  # adds itself to shell.configurables
    shell.register_magics(magics)
    install(magics)
    magics.preloading = Preloading(shell, magics)


def unload(shell: InteractiveShell) -> None:
    """Removes magics, completions and settings, and closes all sessions; does nothing if none are loaded."""
    manager = shell.magics_manager
    registered = cast("HubMagics | None", manager.registry.pop(_NAME, None))
    if registered is None:
        return
    from hubexplore.notebook.magics.completion import uninstall

    uninstall(registered)
    # IPython registers magics and has no way to remove them: each trace is undone by hand.
    for kind, names in registered.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
    configurables: list[Any] = shell.configurables  # its type hint leaves magics out
    configurables[:] = [configurable for configurable in configurables if configurable is not registered]
    if registered.preloading is not None:
        registered.preloading.stop()
    registered.close()


class Preloading:
    """Begins the import at the end of the cell that makes it, if the magics are set so by then.

    Not at once: the rest of that cell may set `HubMagics.preload_tensorflow`, and environment variables that
    TensorFlow reads when it is imported. A terminal has no waiting time that this would save.
    """

    def __init__(self, shell: InteractiveShell, magics: HubMagics) -> None:
        self._shell = shell
        self._magics = magics
        if getattr(shell, "kernel", None) is not None:
            shell.events.register(_EVENT, self._begin)

    def _begin(self, _: object = None) -> None:
        self.stop()
        if self._magics.preload_tensorflow:
            from hubexplore.session.tf_startup import IN_BACKGROUND

            IN_BACKGROUND.start()

    def stop(self) -> None:
        """Begins nothing any more; what has begun goes on."""
        with contextlib.suppress(ValueError):  # it is not registered
            self._shell.events.unregister(_EVENT, self._begin)

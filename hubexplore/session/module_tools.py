"""What a session does with a module beside calling it: maps, measures, exports, saves and cuts it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import hubexplore
from hubexplore.hub.module import Module
from hubexplore.session.tf_session import ManagedSession
from hubexplore.summary.files.paths import EXPORT, to_write

if TYPE_CHECKING:
    from hubexplore.display.rich.measured_view import ShownMeasurement
    from hubexplore.session.session import NotebookSession


class ModuleTools:
    """The part of a `NotebookSession` that is the same for every module; each tool is imported when used."""

    _session: ManagedSession
    _building: threading.RLock

    @property
    def _itself(self) -> NotebookSession:
        raise NotImplementedError

    def _check_open(self) -> None:
        """Raises GraphError if the session is closed."""
        raise NotImplementedError

    def _live(self, module: Module | str) -> Module:
        """Returns a module that is loaded here."""
        raise NotImplementedError

    def map(self, module: Any, data: Any, **options: Any) -> Any:
        """Maps a data set through a module that is loaded here; the options are those of `hubexplore.map`."""
        return hubexplore.map(module, data, session=self._itself, **options)

    def cost(
        self, module: Module | str, inputs: Any = None, signature: str | None = None, **options: Any
    ) -> ShownMeasurement:
        """Measures what a signature costs on this machine: time by op, memory, latency by number of rows.

        Args:
          module: loaded here, or its name.
          inputs: values, as `call` takes them, or shapes as tuples of sizes; None for generated values.
          signature: its name; None means the one that `call` takes.
          options: `batches`, the numbers of rows of the curve (1, 2, 4, ... by default), and `seconds`, the
            time for it (10 by default, 0 for no curve).

        Raises what `call` raises, and SignatureError (a TypeError) if no inputs are found that it accepts.
        """
        from hubexplore.session.cost.measure import measure

        self._check_open()
        return measure(self._itself, self._session, self._live(module), inputs, signature, **options)

    def export(
        self,
        module: Module | str,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        verify: bool = False,
    ) -> Any:
        """Writes a module with the values its variables have now.

        Args:
          module: loaded here, or its name.
          path: directory to write; it appears whole or not at all.
          overwrite: replace a module at `path`; anything else there is still refused.
          verify: load it again and compare the outputs of every signature on generated inputs.

        Returns:
          An ExportReport, which is also a path: where it is, what was compared, and what looks wrong.

        Raises:
          ExportExistsError: (a FileExistsError) something is there.
          ExportError: (an OSError) it could not be written.
        """
        from hubexplore.session.export.checked_export import export

        self._check_open()
        live = self._live(module)
        target = to_write(path, EXPORT)
        with self._building:
            return export(live, self._session, target, overwrite=overwrite, verify=verify)

    def save(self, module: Module | str, path: str | os.PathLike[str], **options: Any) -> Any:
        """Writes a module, loaded here, as a TF2 SavedModel with the values its variables have now.

        The options are those of `hub.save`, which says what is written: `overwrite`, `verify`, `version`.

        Returns:
          A SaveReport, which is also a path: where it is, what was compared, and what is not in it.
        """
        from hubexplore.session.export.save import save

        self._check_open()
        with self._building:
            return save(self._live(module), path, session=self._session, **options)

    def cut(self, module: Module | str, inputs: Any = None, outputs: Any = None, **options: Any) -> Module:
        """Cuts a part out of a module that is loaded here, and loads it with the values of this session.

        Args:
          module: loaded here, or its name.
          inputs: see `ModuleSpec.cut`; tensors of the session's graph are taken as well.
          outputs: likewise.
          **options: `name` to load it by (by default that of the module and `_cut`), `trainable` (by default
            as the module is), `check` (by default True), and those of `ModuleSpec.cut` but `tags`.

        Raises what `ModuleSpec.cut` and `load` raise; then nothing has changed.
        """
        from hubexplore.session.cutting.live import cut

        self._check_open()
        with self._building:
            return cut(self._itself, lambda: self._session, self._live(module), inputs, outputs, **options)

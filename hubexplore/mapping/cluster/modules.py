"""Brings the files of a module to the workers that do not have them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from distributed import WorkerPlugin

from hubexplore.errors import HubError
from hubexplore.mapping.predictor import Predictor, installed
from hubexplore.mapping.running.callee import open_spec
from hubexplore.session.tf_startup import import_tensorflow
from hubexplore.trust.content import content_names

_NAME: Final = "hubexplore-module-{digest}"


def bring(predictor: Predictor, client: Any) -> None:
    """Makes sure that all workers can load a module, also those that join later.

    A worker that finds the same content under the handle, at its own path or in its own cache, gets nothing.
    """
    # A predictor imports TensorFlow when it arrives: before that, without the log that notebooks would show.
    client.run(import_tensorflow)
    has_it = client.run(can_load, predictor)
    if all(has_it.values()) and has_it:
        return
    client.register_plugin(ModulePlugin(predictor), name=_NAME.format(digest=predictor.digest))


def can_load(predictor: Predictor) -> bool:
    """Whether this process can load the module of a predictor."""
    try:
        predictor.load()
    except (HubError, OSError):
        return False
    return True


class ModulePlugin(WorkerPlugin):
    """Installs the files of a module on each worker that lacks them, also on one that is started anew.

    Args:
      predictor: of the module, whose files are on this machine.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        place = open_spec(predictor.handle, predictor.tags, trust=False).spec.place
        self._files = {name: Path(place.path(name)).read_bytes() for name in content_names(place)}
        # A frozen graph is a file, anything else a folder.
        self._entry = "" if place.names is None else next(iter(place.names))

    def setup(self, worker: Any) -> None:
        """Writes the files, and says where they are; runs on the worker."""
        if can_load(self._predictor):
            return
        # Dask removes its folder when the worker ends.
        home = getattr(worker, "local_directory", None)
        folder = Path(tempfile.mkdtemp(prefix="hubexplore-module-", dir=home))
        for name, content in self._files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        installed(self._predictor.digest, str(folder / self._entry))

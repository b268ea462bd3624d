"""Where the files of a model are: all that loading needs to know of what shows the model later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hubexplore.summary.files.filesystem import join
from hubexplore.summary.module_format import VARIABLES_PREFIX

# Types only: loading a module must not import what reads a summary of it.
if TYPE_CHECKING:
    from hubexplore.summary.files.filesystem import Filesystem
    from hubexplore.summary.formats.graph_files.model_files import ModelFiles


@dataclass(frozen=True)
class ModuleDirectory:
    """Where the files of a model are, and what reads them.

    Attributes:
      directory: that holds them.
      filesystem: what reads it.
      names: of its files, where other things may be in the directory; None where all of it is the model.
      prefix: what the names of the checkpoint's files begin with.
    """

    directory: str
    filesystem: Filesystem
    names: tuple[str, ...] | None = None
    prefix: str = VARIABLES_PREFIX

    def path(self, name: str) -> str:
        """The path of a file or folder in it."""
        return join(self.directory, name)

    @classmethod
    def of(cls, files: ModelFiles, filesystem: Filesystem) -> ModuleDirectory:
        """The place of a model that is not a directory of its own."""
        folder = files.folder
        prefix = files.prefix[len(folder) :].lstrip("/") if files.prefix.startswith(folder) else files.prefix
        return cls(folder, filesystem, files.names(filesystem), prefix)

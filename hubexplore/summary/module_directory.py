"""Where the files of a model are: all that loading needs to know of what shows the model later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hubexplore.summary.files.filesystem import join
from hubexplore.summary.module_format import GRAPH_FILES, VARIABLES_PREFIX

# Types only: loading a module must not import what reads a summary of it.
if TYPE_CHECKING:
    from hubexplore.summary.files.filesystem import Filesystem, Mark
    from hubexplore.summary.formats.graph_files.model_files import ModelFiles


@dataclass(frozen=True)
class ModuleDirectory:
    """Where the files of a model are, and what reads them.

    Attributes:
      directory: that holds them.
      filesystem: what reads it.
      names: of its files, where other things may be in the directory; None where all of it is the model.
      prefix: what the names of the checkpoint's files begin with.
      graph_marks: what the files of the graphs were before these were read, by name; None if nobody looked.
    """

    directory: str
    filesystem: Filesystem
    names: tuple[str, ...] | None = None
    prefix: str = VARIABLES_PREFIX
    graph_marks: Mapping[str, Mark] | None = field(default=None, compare=False, repr=False)

    def path(self, name: str) -> str:
        """The path of a file or folder in it."""
        return join(self.directory, name)

    def marked(self) -> ModuleDirectory:
        """The same with the marks of its graph files as they are now; to be called before they are read."""
        names = GRAPH_FILES if self.names is None else self.names
        return replace(self, graph_marks={name: self.filesystem.mark(self.path(name)) for name in names})

    @property
    def has_changed(self) -> bool:
        """Whether the files of the graphs are other ones than those that were read, as far as is known."""
        return self.graph_marks is not None and any(
            self.filesystem.mark(self.path(name)) != mark for name, mark in self.graph_marks.items()
        )

    @classmethod
    def of(cls, files: ModelFiles, filesystem: Filesystem) -> ModuleDirectory:
        """The place of a model that is not a directory of its own."""
        folder = files.folder
        prefix = files.prefix[len(folder) :].lstrip("/") if files.prefix.startswith(folder) else files.prefix
        return cls(folder, filesystem, files.names(filesystem), prefix).marked()

"""Where the graphs and weights of a summarised module are, for what is looked at later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubexplore.summary.wishes import NO_WISHES, Wishes

# Types only: the readers, which are above this file, import it.
if TYPE_CHECKING:
    from hubexplore.summary.files.filesystem import Filesystem
    from hubexplore.summary.module_directory import ModuleDirectory
    from hubexplore.summary.reading.resources import AssetFolder
    from hubexplore.summary.weights.checkpoint_index import CheckpointIndex


@dataclass(frozen=True)
class Weights:
    """A checkpoint: the path that its files begin with, its index, and what reads it."""

    prefix: str
    index: CheckpointIndex
    filesystem: Filesystem


@dataclass(frozen=True)
class Source:
    """What a summary was made from.

    Attributes:
      meta_graphs: sorted tags -> MetaGraphDef-shaped message, this package's own or TensorFlow's. Not to be
        changed.
      weights: None where there is no checkpoint, or it cannot be read.
      assets: the folder of the files that the graphs read; None where the module is not on disk.
      wishes: what has to be said again to load the module so; a graph without signatures has none of its own.
      place: of the module's files; None where it is not on disk.
    """

    meta_graphs: Mapping[tuple[str, ...], Any]
    weights: Weights | None = None
    assets: AssetFolder | None = None
    wishes: Wishes = NO_WISHES
    place: ModuleDirectory | None = None

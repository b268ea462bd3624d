"""Checkpoints written by TensorFlow's own op, and how they are read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tensorflow as tf

from hubexplore.summary.files.filesystem import Filesystem, LocalFilesystem
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.source import Weights
from hubexplore.summary.weights.checkpoint_index import read_index


def save(prefix: Path, tensors: Mapping[str, object], slices: Sequence[str] | None = None) -> str:
    """Writes a checkpoint in one shard; `slices` as SaveV2 takes them, for names in the order given."""
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(tensors),
        shape_and_slices=slices or [""] * len(tensors),
        tensors=[tf.convert_to_tensor(tensor) for tensor in tensors.values()],
    )
    return str(prefix)


def merge(prefix: Path, parts: Sequence[str]) -> str:
    """Makes one checkpoint of several, a shard each."""
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=list(parts), destination_prefix=str(prefix))
    return str(prefix)


def weights_at(prefix: str, filesystem: Filesystem | None = None) -> Weights:
    """The checkpoint at `prefix`."""
    index = read_index(Path(f"{prefix}.index").read_bytes())
    return Weights(prefix, index, filesystem or LocalFilesystem())


def variables_of(weights: Weights) -> list[VariableSummary]:
    """A variable for each tensor of the checkpoint."""
    return [
        VariableSummary(name, dtype_name(entry.dtype), entry.shape, trainable=True, key=name)
        for name, entry in weights.index.entries.items()
    ]


@dataclass
class WatchedFilesystem(LocalFilesystem):
    """This machine's files; keeps which ranges were read."""

    ranges: list[tuple[str, int, int]] = field(default_factory=list)

    def read_range(self, path: str, offset: int, size: int) -> bytes:
        """Reads and remembers."""
        self.ranges.append((path, offset, size))
        return super().read_range(path, offset, size)

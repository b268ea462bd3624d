"""Which variables and assets hold other values, of two modules."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hubexplore.errors import HubError
from hubexplore.summary.files.filesystem import join
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import AssetSummary, VariableSummary, VariantSummary, elements
from hubexplore.summary.reading.resources import AssetFolder, files_of, is_inside
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, Slice, shard_name

_LARGEST: Final = 1 << 31
"""Bytes of a variable that are read where both sides cut it in other ways, so that checksums say nothing."""
_PIECE: Final = 1 << 22


class _Stored(NamedTuple):
    entry: CheckpointEntry
    weights: Weights

    @property
    def checksums(self) -> str:
        return " ".join(f"{extent.crc32c:08x}" for extent in self.entry.extents)

    @property
    def layout(self) -> tuple[int, tuple[int, ...], tuple[Slice, ...]]:
        return self.entry.dtype, self.entry.shape, self.entry.slices


def other_weights(
    first: Iterable[VariantSummary], source: Source, second: Iterable[VariantSummary], other: Source
) -> Iterator[tuple[str, str, str]]:
    """Yields (name, what is stored, what the other side stores) of variables whose values are not the same.

    Only variables of one dtype and shape are compared; others differ as facts do. Their checksums are, and
    where they are cut into other slices the values.
    """
    here, there = _stored(first, source), _stored(second, other)
    for name in here.keys() & there.keys():
        one, two = here[name], there[name]
        if one.layout[:2] != two.layout[:2]:
            continue
        if one.layout == two.layout:
            if one.checksums != two.checksums:
                yield name, f"checksum {one.checksums}", f"checksum {two.checksums}"
        elif (difference := _other_values(one, two)) is not None:
            yield name, *difference


def checksum(variable: VariableSummary, source: Source | None) -> str | None:
    """Returns what identifies the stored value of a variable; None if it is not stored."""
    if source is None or source.weights is None or variable.key not in source.weights.index.entries:
        return None
    return _Stored(source.weights.index.entries[variable.key], source.weights).checksums


def _stored(variants: Iterable[VariantSummary], source: Source) -> Mapping[str, _Stored]:
    found: dict[str, _Stored] = {}
    if source.weights is not None:
        for variable in (each for variant in variants for each in variant.variables):
            entry = source.weights.index.entries.get(variable.key)
            if entry is not None:
                found.setdefault(variable.name, _Stored(entry, source.weights))
    return found


def _other_values(one: _Stored, two: _Stored) -> tuple[str, str] | None:
    """Reads both; returns how they differ, None if they do not."""
    dtype = dtype_name(one.entry.dtype)
    texts = [_cut(each.entry) for each in (one, two)]
    if max(one.entry.size, two.entry.size) > _LARGEST or number_encoding.width(dtype) is None:
        return f"{texts[0]}, not compared", f"{texts[1]}, not compared"
    try:
        values, others = _values(one, dtype), _values(two, dtype)
    except (HubError, OSError, ValueError) as error:
        return f"{texts[0]}, not compared: {error}", f"{texts[1]}, not compared"
    unequal = np.flatnonzero((values != others).any(axis=-1))
    if not len(unequal):
        return None
    count = f"{len(unequal):,} of {len(values):,} values differ"
    return f"{texts[0]}, {count}", f"{texts[1]}, {count}"


def _cut(entry: CheckpointEntry) -> str:
    return f"in {len(entry.slices)} slices" if entry.slices else "in one piece"


def _values(stored: _Stored, dtype: str) -> npt.NDArray[np.uint8]:
    """Returns the bytes of all values, one row per value."""
    entry, width = stored.entry, number_encoding.width(dtype) or 1
    if entry.size != (elements(entry.shape) or 0) * width:
        raise ValueError("its size in the checkpoint is not that of its shape")
    whole = np.zeros((*entry.shape, width), np.uint8)
    # The index holds the slices sorted by where they begin; the list of them may have another order.
    places = sorted(entry.slices, key=lambda each: [(start, size or -1) for start, size in each]) or [()]
    for place, extent in zip(places, entry.extents, strict=True):
        path = shard_name(stored.weights.prefix, extent.shard, stored.weights.index.num_shards)
        data = np.frombuffer(stored.weights.filesystem.read_range(path, extent.offset, extent.size), np.uint8)
        part = whole[tuple(slice(start, None if size is None else start + size) for start, size in place)]
        part[...] = data.reshape(part.shape)
    return whole.reshape(-1, width)


def asset_digests(variant: VariantSummary, source: Source | None) -> Mapping[str, str]:
    """Returns the SHA-256, as hex digits, of each asset that can be read, by its name.

    Of a module on disk it is that of the file when the module was read; of one in memory, that of the file
    which the graph names, as it is now.
    """
    if source is None or not variant.assets:
        return {}
    if source.assets is not None:
        folder = source.assets
        found = {each.name: folder.checksums.get(each.name) or _read(folder, each) for each in variant.assets}
        return {name: digest for name, digest in found.items() if digest}
    if variant.tags not in source.meta_graphs:
        return {}
    meta_graph = source.meta_graphs[variant.tags]
    paths = files_of(meta_graph, {node.name: node for node in meta_graph.graph_def.node})
    named = {each.name: next(filter(None, map(paths.get, each.tensors)), "") for each in variant.assets}
    return {name: digest for name, path in named.items() if path and (digest := _content(path))}


def _read(folder: AssetFolder, asset: AssetSummary) -> str:
    """The SHA-256 of an asset that was not read with the module, as hex digits; "" where that fails."""
    if asset.size is None or not is_inside(asset.name):
        return ""
    whole = hashlib.sha256()
    try:
        for offset in range(0, asset.size, _PIECE):
            whole.update(folder.filesystem.read_range(join(folder.directory, asset.name), offset, _PIECE))
    except OSError:
        return ""
    return whole.hexdigest()


def _content(path: str) -> str:
    """The SHA-256 of a file of this machine, as hex digits; "" where there is none."""
    if is_url(path) or not Path(path).is_file():
        return ""
    with contextlib.suppress(OSError), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""

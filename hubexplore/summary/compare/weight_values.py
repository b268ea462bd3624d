"""Compares the values of variables and the contents of assets of two modules."""

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
from hubexplore.summary.files.links import is_own
from hubexplore.summary.files.paths import is_url
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.model import AssetSummary, VariableSummary, VariantSummary, elements
from hubexplore.summary.reading.resources import AssetFolder, files_of, is_inside
from hubexplore.summary.source import Source, Weights
from hubexplore.summary.weights import number_encoding
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry, Slice, shard_name

_MAX_BYTES: Final = 1 << 31
"""Maximum size of a variable that is read because both sides slice it differently, in bytes."""
_READ_BYTES: Final = 1 << 22
"""Number of bytes of an asset that are read at a time."""


class _StoredVariable(NamedTuple):
    entry: CheckpointEntry
    weights: Weights

    @property
    def checksums(self) -> str:
        return " ".join(f"{extent.crc32c:08x}" for extent in self.entry.extents)

    @property
    def layout(self) -> tuple[int, tuple[int, ...], tuple[Slice, ...]]:
        return self.entry.dtype, self.entry.shape, self.entry.slices


def differing_variables(
    first: Iterable[VariantSummary], source: Source, second: Iterable[VariantSummary], other: Source
) -> Iterator[tuple[str, str, str]]:
    """Yields (name, text, other side's text) of the variables that both sides store with other values.

    Only variables of equal dtype and shape are compared; a difference of these is a difference of facts. The
    checksums of the checkpoints decide, so that no values are read; values are read only if both sides slice
    a variable differently, because checksums are those of slices.
    """
    variables, other_variables = _stored_variables(first, source), _stored_variables(second, other)
    for name in variables.keys() & other_variables.keys():
        variable, other_variable = variables[name], other_variables[name]
        # Other dtypes or shapes are differences of facts, which are listed under variables.
        if variable.layout[:2] != other_variable.layout[:2]:
            continue
        if variable.layout == other_variable.layout:
            if variable.checksums != other_variable.checksums:
                yield name, f"checksum {variable.checksums}", f"checksum {other_variable.checksums}"
        elif (difference := _value_differences(variable, other_variable)) is not None:
            yield name, *difference


def checksum(variable: VariableSummary, source: Source | None) -> str | None:
    """Returns the CRC-32C checksums of the stored slices of a variable, as hex digits; None if not stored."""
    if source is None or source.weights is None or variable.key not in source.weights.index.entries:
        return None
    return _StoredVariable(source.weights.index.entries[variable.key], source.weights).checksums


def _stored_variables(variants: Iterable[VariantSummary], source: Source) -> Mapping[str, _StoredVariable]:
    stored: dict[str, _StoredVariable] = {}
    if source.weights is not None:
        for variable in (variable for variant in variants for variable in variant.variables):
            entry = source.weights.index.entries.get(variable.key)
            if entry is not None:
                stored.setdefault(variable.name, _StoredVariable(entry, source.weights))
    return stored


def _value_differences(stored: _StoredVariable, other: _StoredVariable) -> tuple[str, str] | None:
    """Reads both variables and returns how either side is described; None if all values are equal."""
    dtype = dtype_name(stored.entry.dtype)
    texts = [_slicing_text(side.entry) for side in (stored, other)]
    if max(stored.entry.size, other.entry.size) > _MAX_BYTES or number_encoding.width(dtype) is None:
        return f"{texts[0]}, not compared", f"{texts[1]}, not compared"
    try:
        values, other_values = _value_bytes(stored, dtype), _value_bytes(other, dtype)
    except (HubError, OSError, ValueError) as error:
        return f"{texts[0]}, not compared: {error}", f"{texts[1]}, not compared"
    unequal = np.flatnonzero((values != other_values).any(axis=-1))
    if not len(unequal):
        return None
    count = f"{len(unequal):,} of {len(values):,} values differ"
    return f"{texts[0]}, {count}", f"{texts[1]}, {count}"


def _slicing_text(entry: CheckpointEntry) -> str:
    return f"in {len(entry.slices)} slices" if entry.slices else "in one piece"


def _value_bytes(stored: _StoredVariable, dtype: str) -> npt.NDArray[np.uint8]:
    """Returns the bytes of all values, one row per value, so that NaN equals itself."""
    entry, width = stored.entry, number_encoding.width(dtype) or 1
    if entry.size != (elements(entry.shape) or 0) * width:
        raise ValueError("its size in the checkpoint does not match its shape")
    values = np.zeros((*entry.shape, width), np.uint8)
    # The index holds the slices sorted by where they begin; the list of them may have another order.
    slices = sorted(entry.slices, key=lambda bounds: [(start, size or -1) for start, size in bounds]) or [()]
    for bounds, extent in zip(slices, entry.extents, strict=True):
        path = shard_name(stored.weights.prefix, extent.shard, stored.weights.index.num_shards)
        data = np.frombuffer(stored.weights.filesystem.read_range(path, extent.offset, extent.size), np.uint8)
        part = values[tuple(slice(start, None if size is None else start + size) for start, size in bounds)]
        # Slices are views, so this writes into `values`; a slice of the wrong size raises a ValueError.
        part[...] = data.reshape(part.shape)
    return values.reshape(-1, width)


def asset_digests(variant: VariantSummary, source: Source | None) -> Mapping[str, str]:
    """Returns asset name -> SHA-256 of its content, as hex digits, for each asset that can be read.

    For a module on disk it is the content at the time when the module was read; for a module in memory, the
    present content of the file that the graph names.
    """
    if source is None or not variant.assets:
        return {}
    if source.assets is not None:
        folder = source.assets
        digests = {
            asset.name: folder.checksums.get(asset.name) or _asset_digest(folder, asset)
            for asset in variant.assets
        }
        return {name: digest for name, digest in digests.items() if digest}
    if variant.tags not in source.meta_graphs:
        return {}
    meta_graph = source.meta_graphs[variant.tags]
    paths = files_of(meta_graph, {node.name: node for node in meta_graph.graph_def.node})
    paths_by_name = {
        asset.name: next(filter(None, map(paths.get, asset.tensors)), "") for asset in variant.assets
    }
    return {name: digest for name, path in paths_by_name.items() if path and (digest := _file_digest(path))}


def _asset_digest(folder: AssetFolder, asset: AssetSummary) -> str:
    """Returns the SHA-256 of an asset that was not read with the module, as hex digits; "" if that fails."""
    # The name comes from the module; one that leads out of its folder is not read.
    path = join(folder.directory, asset.name)
    if asset.size is None or not is_inside(asset.name) or not is_own(path, folder.directory):
        return ""
    digest = hashlib.sha256()
    try:
        for offset in range(0, asset.size, _READ_BYTES):
            digest.update(folder.filesystem.read_range(path, offset, _READ_BYTES))
    except OSError:
        return ""
    return digest.hexdigest()


def _file_digest(path: str) -> str:
    """Returns the SHA-256 of a file on this machine, as hex digits; "" if there is no such file."""
    if is_url(path) or not Path(path).is_file():
        return ""
    # The path was written on another machine, or its file may change or vanish at any time.
    with contextlib.suppress(OSError), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""

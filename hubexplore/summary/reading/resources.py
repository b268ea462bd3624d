"""Tables and assets of a graph variant, and which table is filled from which file."""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.errors import reading
from hubexplore.summary.files.filesystem import Filesystem, join
from hubexplore.summary.files.links import is_own
from hubexplore.summary.graph.messages import AssetFileDef, dtype_name
from hubexplore.summary.graph.traversal import calls_of_attr, node_of
from hubexplore.summary.model import AssetSummary, TableSummary

ASSETS_COLLECTION: Final = "saved_model_assets"
_FILEPATHS: Final = "asset_filepaths"
_KINDS: Final = ("HashTable", "MutableHashTable", "MutableHashTableOfTensors", "MutableDenseHashTable")
TABLE_OPS: Final = frozenset(
    f"{prefix}{kind}{suffix}" for prefix in ("", "Anonymous") for kind in _KINDS for suffix in ("", "V2")
)
CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_DTYPES: Final = ("key_dtype", "value_dtype")
_PASSING: Final = frozenset({"Identity", "StringJoin", "Reshape", "ExpandDims", "ReadVariableOp"})
_LINES: Final = 5
_HEAD: Final = 4096
_MAX_LINE: Final = 200


@dataclass(frozen=True)
class AssetFolder:
    """Where the files of a module's assets lie, what reads them, and what was in them.

    Attributes:
      directory: path of the folder.
      filesystem: what reads it.
      checksums: name -> SHA-256, as hex digits, when the module was read; without files that could not be.
    """

    directory: str
    filesystem: Filesystem
    checksums: Mapping[str, str] = field(default_factory=dict, compare=False)


def read_tables(nodes: Mapping[str, Any], library: Any) -> tuple[TableSummary, ...]:
    """The lookup tables, without their assets, in the order of the nodes.

    Besides the nodes that are tables there are those that make one by calling a function, as a TF2 model does
    that was wrapped in a TF1 one.
    """
    makers = _makers(library)
    tables = []
    for name, node in nodes.items():
        op = node.op
        table = node if op in TABLE_OPS else None
        # A function that makes a table takes no inputs; a call with inputs works on a table that exists.
        if makers and table is None and op in CALLS and not node.input:
            table = next((makers[call] for call in _called(node) if call in makers), None)
        if table is not None:
            attributes = table.attr
            key, value = (
                dtype_name(attributes[attribute].type) if attribute in attributes else ""
                for attribute in _DTYPES
            )
            tables.append(TableSummary(name, table.op, key, value))
    return tuple(tables)


def _makers(library: Any) -> dict[str, Any]:
    """Function name -> the node of the table that it makes, itself or through a function it calls."""
    makers: dict[str, Any] = {}
    callers: dict[str, list[str]] = {}
    for function in library.function:
        name = function.signature.name
        for node in function.node_def:
            if node.op in TABLE_OPS:
                makers.setdefault(name, node)
            elif node.op in CALLS:
                for call in _called(node):
                    callers.setdefault(call, []).append(name)
    # From the tables back to their callers, breadth-first: each function is queued once, also in recursion.
    queue = list(makers)
    for name in queue:  # grows while it is walked
        for caller in callers.get(name, ()):
            if caller not in makers:
                makers[caller] = makers[name]
                queue.append(caller)
    return makers


def _called(node: Any) -> list[str]:
    return [call.name for attr in node.attr.values() for call in calls_of_attr(attr)]


def read_assets(
    meta_graph: Any,
    nodes: Mapping[str, Any],
    tables: tuple[TableSummary, ...],
    folder: AssetFolder | None,
) -> tuple[tuple[AssetSummary, ...], tuple[TableSummary, ...]]:
    """The assets, sorted by name, and the tables with the names of the assets that they are filled from.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: its index, node name -> node.
      tables: see `read_tables`.
      folder: the `assets` folder; None if there is none, so that paths in the graph name the files.

    Raises:
      DamagedModuleError: the list of assets is not readable.
    """
    files = files_of(meta_graph, nodes)
    if not files:
        return (), tables
    uses = _uses(nodes, {node_of(tensor) for tensor in files}, {table.node for table in tables})
    tensors_of: dict[str, list[str]] = {}
    for tensor, name in files.items():
        tensors_of.setdefault(name, []).append(tensor)
    labels = _labels(tensors_of) if folder is None else {}
    assets = []
    for name, tensors in sorted(tensors_of.items()):
        size, lines = _look(name, folder)
        used_by = dict.fromkeys(table for tensor in tensors for table in uses.get(node_of(tensor), ()))
        assets.append(AssetSummary(labels.get(name, name), size, tuple(tensors), tuple(used_by), lines))
    named = tuple(
        TableSummary(
            table.node,
            table.op,
            table.key_dtype,
            table.value_dtype,
            tuple(dict.fromkeys(asset.name for asset in assets if table.node in asset.tables)),
        )
        for table in tables
    )
    return tuple(assets), named


def files_of(meta_graph: Any, nodes: Mapping[str, Any]) -> dict[str, str]:
    """Tensor name -> file name; for a graph that was never written, the paths its constants hold."""
    # TF1 writers list assets in a collection, later ones in a field of their own; a graph in memory has only
    # the constants with the paths.
    definitions = list(meta_graph.asset_file_def)
    if ASSETS_COLLECTION in meta_graph.collection_def:
        for packed in meta_graph.collection_def[ASSETS_COLLECTION].any_list.value:
            with reading("The module's list of assets", DecodeError):
                definitions.append(AssetFileDef.FromString(packed.value))
    if definitions or _FILEPATHS not in meta_graph.collection_def:
        return {definition.tensor_info.name: definition.filename for definition in definitions}
    paths = {}
    for tensor in meta_graph.collection_def[_FILEPATHS].node_list.value:
        node = nodes.get(node_of(tensor))
        if node is not None and "value" in node.attr and node.attr["value"].tensor.string_val:
            paths[tensor] = os.fsdecode(node.attr["value"].tensor.string_val[0])
    return paths


def _labels(paths: Iterable[str]) -> dict[str, str]:
    """Path -> as many of its last parts as tell it from the others."""
    labels: dict[str, str] = {}
    open_, length = list(paths), 0
    while open_:
        length += 1
        tails = {path: "/".join(path.split("/")[-length:]) for path in open_}
        counts = Counter(tails.values())
        labels |= {path: tail for path, tail in tails.items() if counts[tail] == 1 or tail == path}
        open_ = [path for path in open_ if path not in labels]
    return labels


def _uses(nodes: Mapping[str, Any], assets: set[str], tables: set[str]) -> dict[str, list[str]]:
    """Asset node -> tables it fills: those that are inputs of an op that takes the asset too.

    The op is an InitializeTableFromTextFile, or a call of a function that holds one. The path may pass
    through an Identity or a variable on its way.
    """
    # One pass in the order of the graph is enough: writers put a node after its inputs. `holder` maps a node
    # that passes a path on to the asset it comes from.
    holder = {name: name for name in assets}
    takers: list[tuple[list[str], list[str]]] = []
    for name, node in nodes.items():
        inputs = [node_of(producer) for producer in node.input]
        taken = [holder[producer] for producer in inputs if producer in holder]
        if not taken:
            continue
        if node.op in _PASSING:
            holder[name] = taken[0]
        elif node.op == "AssignVariableOp":
            holder.setdefault(inputs[0], taken[0])
        takers.append((taken, inputs))
    uses: dict[str, list[str]] = {}
    for taken, inputs in takers:
        filled = [producer for producer in inputs if producer in tables]
        for asset in taken:
            uses.setdefault(asset, []).extend(filled)
    return uses


def is_inside(name: str) -> bool:
    """Whether an asset's file name stays below the `assets` folder."""
    parts = name.replace("\\", "/").split("/")
    is_rooted = parts[0] == "" or (parts[0].endswith(":") and len(parts) > 1)  # "/x", "C:\\x", "gs://x"
    return bool(name) and not is_rooted and ".." not in parts


def _look(name: str, folder: AssetFolder | None) -> tuple[int | None, tuple[str, ...]]:
    """Size in bytes, None if the file is not there, and the first lines of an asset."""
    if folder is None:
        return (Path(name).stat().st_size if Path(name).is_file() else None), ()
    if not is_inside(name):
        return None, ()
    path = join(folder.directory, name)
    try:
        size = folder.filesystem.size(path)
        shown = is_own(path, folder.directory)
        return size, _first_lines(folder.filesystem.read(path, _HEAD), size) if shown else ()
    except (OSError, ValueError):
        return None, ()


def _first_lines(head: bytes, size: int) -> tuple[str, ...]:
    """The first lines, if it is text: UTF-8, or UTF-16 that says so."""
    # "utf-8-sig" also reads UTF-8 without a byte order mark, and leaves the mark out of the first line.
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in head:
        return ()
    cut = len(head) < size
    # The head may end within a character.
    text = head.decode(encoding, errors="ignore" if cut else "replace")
    if "\ufffd" in text or "\0" in text:
        return ()
    lines = text.splitlines()[: _LINES + 1]
    return tuple(line[:_MAX_LINE] for line in lines[:_LINES])

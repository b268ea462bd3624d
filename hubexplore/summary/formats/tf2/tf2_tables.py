"""Tables of a TF2 SavedModel whose content is in the checkpoint, since it can change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.formats.new_nodes import set_empty, unused
from hubexplore.summary.formats.tf2 import object_graph
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.weights.checkpoint_index import CheckpointEntry

_KEYS: Final = "/.ATTRIBUTES/table-keys"
_VALUES: Final = "/.ATTRIBUTES/table-values"


@dataclass(frozen=True)
class Contents:
    """What the checkpoint has for a table: its tensor in the flat graph, a free name, and what is stored.

    Attributes:
      tensor: of the table.
      name: of the op that fills it.
      stored: names of constants for the keys and the values -> names in the checkpoint.
    """

    tensor: str
    name: str
    stored: Mapping[str, str]


def find_contents(
    objects: Any,
    nodes: Mapping[str, Any],
    names: Iterable[str],
    tensor_of: Callable[[str], str],
    entries: Mapping[str, CheckpointEntry],
) -> list[Contents]:
    """The tables whose keys and values were saved with the variables, since they can change.

    Args:
      objects: SavedObjectGraph-shaped message.
      nodes: of the graph in the file, by name.
      names: of the nodes of the flat graph.
      tensor_of: tensor in the file -> tensor in the flat graph.
      entries: what the checkpoint holds by name.
    """
    if not any(name.endswith(_KEYS) for name in entries):
        return []
    paths = object_graph.checkpoint_paths(objects.nodes)
    used = {name.lower() for name in names}
    found = []
    for node, number in object_graph.captured(nodes, objects).items():
        keys, values = f"{paths.get(number, '')}{_KEYS}", f"{paths.get(number, '')}{_VALUES}"
        tensor = tensor_of(f"{node}:0")
        if keys in entries and values in entries and node_of(tensor).lower() in used:
            base = unused(f"{node_of(tensor)}/stored", used)
            found.append(Contents(tensor, base, {f"{base}/keys": keys, f"{base}/values": values}))
    return found


def add_import(nodes: list[Any], table: Contents, entries: Mapping[str, CheckpointEntry]) -> str:
    """Adds the nodes that fill a table, and returns the name of the op."""
    new = type(nodes[0])(name=table.name, op="LookupTableImportV2")
    new.input.append(table.tensor)
    table_keys = next(iter(table.stored.values()))
    for attribute, (name, stored_as) in zip(("Tin", "Tout"), table.stored.items(), strict=True):
        entry = entries[stored_as]
        constant = type(new)(name=name, op="Const")
        set_empty(constant, entry.dtype, entry.shape)
        nodes.append(constant)
        new.input.append(name)
        if len(entries[table_keys].shape) > 1:
            # A table of one kind saves its buckets, and takes them back although the shape is not one that
            # the op is declared for.
            hidden = type(new)(name=f"{name}/any_shape", op="PlaceholderWithDefault")
            hidden.input.append(name)
            hidden.attr["dtype"].type = entry.dtype
            hidden.attr["shape"].shape.unknown_rank = True
            nodes.append(hidden)
            new.input[-1] = hidden.name
        new.attr[attribute].type = entry.dtype
    nodes.append(new)
    return table.name

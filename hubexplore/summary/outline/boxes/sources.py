"""What a flow draws from, with what the summary knows of it: variables, tables, assets, and their readers."""

from __future__ import annotations

from typing import Any

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import VariantSummary, elements
from hubexplore.summary.outline.data import ASSET, TABLE, Box, Weight
from hubexplore.summary.outline.dataflow.flow import VARIABLE, Flow
from hubexplore.summary.outline.dataflow.node_kinds import attribute_kind


class Stock:
    """The sources of a flow.

    Attributes:
      weights: number of a variable's first node -> the variable.
      parts: number of a variable's first node -> all of its nodes.
      whole: number of any node of a variable -> that of its first node.
      readers: number of a variable's (any part), table's or asset's node -> the nodes that read it.
    """

    def __init__(self, flow: Flow, variant: VariantSummary) -> None:
        self.flow, self.variant = flow, variant
        self.weights: dict[int, Weight] = {}
        self.parts: dict[int, list[int]] = {}
        self.whole: dict[int, int] = {}
        self._read_weights()
        drawn_from = {number for number, kind in enumerate(flow.kinds) if kind in (VARIABLE, TABLE, ASSET)}
        self.readers: dict[int, list[int]] = {}
        for number, wires in enumerate(flow.wires) if drawn_from else ():
            for source, _ in wires:
                if source in drawn_from:
                    self.readers.setdefault(source, []).append(number)

    def _read_weights(self) -> None:
        """Finds the variables: the summary's, and what else the graph has; parts of one are one."""
        known: dict[str, Weight] = {}
        for variable in self.variant.variables:
            weight = Weight(variable.name, variable.dtype, variable.shape, variable.parameters)
            known.update(
                (node, weight) for node in (variable.node, *(each.node for each in variable.partitions))
            )
        first: dict[str, int] = {}
        for number, kind in enumerate(self.flow.kinds):
            if kind != VARIABLE:
                continue
            found = known.get(self.flow.names[number]) or self._weight_of_node(number)
            whole = self.whole[number] = first.setdefault(found.name, number)
            self.weights.setdefault(whole, found)
            self.parts.setdefault(whole, []).append(number)

    def _weight_of_node(self, number: int) -> Weight:
        """The variable of a node that the summary does not know, from the node's own attributes."""
        message = self.flow.messages[number]
        dtype, shape = "", None
        if message is not None and attribute_kind(message, "dtype") == "type":
            dtype = dtype_name(message.attr["dtype"].type).removesuffix("_ref")
        if message is not None and attribute_kind(message, "shape") == "shape":
            shape = shape_of(message.attr["shape"].shape)
        return Weight(self.flow.names[number], dtype, shape, elements(shape))

    def tables_and_assets(self, limit: int) -> tuple[list[tuple[Box, list[int]]], dict[str, list[int]]]:
        """Returns (box, nodes it stands for) of what the slice reads, and asset -> tables filled from it.

        Args:
          limit: at most so many boxes for tables, and one more; likewise for assets.
        """
        flow, variant = self.flow, self.variant
        facts = {each.node: each for each in variant.tables}
        tables = [number for number in sorted(self.readers) if flow.kinds[number] == TABLE]
        found: list[tuple[Box, list[int]]] = []
        filled: dict[str, list[int]] = {}
        for number in tables[:limit]:
            name = flow.names[number]
            table = facts.get(name)
            note = f"{table.key_dtype} to {table.value_dtype}" if table else _types(flow.messages[number])
            found.append((Box(name, name, TABLE, ops=((flow.ops[number], 1),), note=note), [number]))
            for asset in table.assets if table else ():
                filled.setdefault(asset, []).append(number)
        if tables[limit:]:
            found.append((surplus(TABLE, len(tables) - limit), tables[limit:]))
        assets = {node_of(tensor): each.name for each in variant.assets for tensor in each.tensors}
        nodes = {
            assets[flow.names[number]]: number
            for number in sorted(self.readers)
            if flow.kinds[number] == ASSET and flow.names[number] in assets
        }
        names = list(dict.fromkeys([*nodes, *filled]))
        for name in names[:limit]:
            box = Box(name, name, ASSET, nodes=int(name in nodes), note=_size_note(variant, name))
            found.append((box, [nodes[name]] if name in nodes else []))
        if names[limit:]:
            rest = [nodes[name] for name in names[limit:] if name in nodes]
            found.append((surplus(ASSET, len(names) - limit), rest))
        return found, filled


def surplus(kind: str, count: int, alone: bool = False) -> Box:
    """The box for what is beyond a limit; `alone` if nothing of that kind is shown besides."""
    label = f"{count:,} {kind}{'s' if count > 1 else ''}"
    if not alone:
        label = f"... and {label.replace(' ', ' more ', 1)}"
    return Box(label, label, kind, nodes=count)


def _size_note(variant: VariantSummary, name: str) -> str:
    size = next((each.size for each in variant.assets if each.name == name), None)
    return "" if size is None else f"{size:,} bytes"


def _types(table: Any) -> str:
    """What a table that the summary does not know, in a function body, maps to what."""
    names = ("key_dtype", "value_dtype")
    if table is None or not all(name in table.attr for name in names):
        return ""
    return " to ".join(dtype_name(table.attr[name].type) for name in names)

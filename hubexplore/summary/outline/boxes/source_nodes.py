"""The sources of a flow: variables, tables and assets, with facts of the summary, and their readers."""

from __future__ import annotations

from typing import Any

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import VariantSummary, elements
from hubexplore.summary.outline.data import ASSET, TABLE, Box, Weight
from hubexplore.summary.outline.dataflow.flow import VARIABLE, DataFlow
from hubexplore.summary.outline.dataflow.node_kinds import attribute_kind


class SourceNodes:
    """The nodes that a flow reads its variables, tables and assets from.

    A variable has several nodes if it is partitioned, or if the graph refers to it more than once; its first
    node stands for it.

    Attributes:
      weights: first node of a variable -> the variable.
      parts: first node of a variable -> all of its nodes.
      first_nodes: any node of a variable -> its first node.
      readers: any node of a variable, table or asset -> the nodes that read it.
    """

    def __init__(self, flow: DataFlow, variant: VariantSummary) -> None:
        self.flow, self.variant = flow, variant
        self.weights: dict[int, Weight] = {}
        self.parts: dict[int, list[int]] = {}
        self.first_nodes: dict[int, int] = {}
        self._read_weights()
        sources = {number for number, kind in enumerate(flow.kinds) if kind in (VARIABLE, TABLE, ASSET)}
        self.readers: dict[int, list[int]] = {}
        for number, wires in enumerate(flow.wires) if sources else ():
            for source, _ in wires:
                if source in sources:
                    self.readers.setdefault(source, []).append(number)

    def _read_weights(self) -> None:
        """Finds the variables: those of the summary, and those that only the graph has."""
        weights: dict[str, Weight] = {}
        for variable in self.variant.variables:
            weight = Weight(variable.name, variable.dtype, variable.shape, variable.parameters)
            weights.update(
                (node, weight) for node in (variable.node, *(part.node for part in variable.partitions))
            )
        node_of_name: dict[str, int] = {}
        for number, kind in enumerate(self.flow.kinds):
            if kind != VARIABLE:
                continue
            node_weight = weights.get(self.flow.names[number]) or self._weight_of_node(number)
            first = self.first_nodes[number] = node_of_name.setdefault(node_weight.name, number)
            self.weights.setdefault(first, node_weight)
            self.parts.setdefault(first, []).append(number)

    def _weight_of_node(self, number: int) -> Weight:
        """Returns the variable of a node that the summary does not list, by the attributes of the node."""
        message = self.flow.messages[number]
        dtype, shape = "", None
        if message is not None and attribute_kind(message, "dtype") == "type":
            dtype = dtype_name(message.attr["dtype"].type).removesuffix("_ref")
        if message is not None and attribute_kind(message, "shape") == "shape":
            shape = shape_of(message.attr["shape"].shape)
        return Weight(self.flow.names[number], dtype, shape, elements(shape))

    def tables_and_assets(self, limit: int) -> tuple[list[tuple[Box, list[int]]], dict[str, list[int]]]:
        """Returns (box, nodes that it stands for) of tables and assets, and asset -> tables filled from it.

        Args:
          limit: maximum number of tables with a box; the others share one. The same for assets.
        """
        flow, variant = self.flow, self.variant
        table_summaries = {table.node: table for table in variant.tables}
        tables = [number for number in sorted(self.readers) if flow.kinds[number] == TABLE]
        boxes: list[tuple[Box, list[int]]] = []
        tables_by_asset: dict[str, list[int]] = {}
        for number in tables[:limit]:
            name = flow.names[number]
            table = table_summaries.get(name)
            note = (
                f"{table.key_dtype} to {table.value_dtype}" if table else _table_types(flow.messages[number])
            )
            boxes.append((Box(name, name, TABLE, ops=((flow.ops[number], 1),), note=note), [number]))
            for asset in table.assets if table else ():
                tables_by_asset.setdefault(asset, []).append(number)
        if tables[limit:]:
            boxes.append((surplus_box(TABLE, len(tables) - limit), tables[limit:]))
        assets = {node_of(tensor): asset.name for asset in variant.assets for tensor in asset.tensors}
        nodes = {
            assets[flow.names[number]]: number
            for number in sorted(self.readers)
            if flow.kinds[number] == ASSET and flow.names[number] in assets
        }
        names = list(dict.fromkeys([*nodes, *tables_by_asset]))
        for name in names[:limit]:
            box = Box(name, name, ASSET, nodes=int(name in nodes), note=_size_note(variant, name))
            boxes.append((box, [nodes[name]] if name in nodes else []))
        if names[limit:]:
            rest = [nodes[name] for name in names[limit:] if name in nodes]
            boxes.append((surplus_box(ASSET, len(names) - limit), rest))
        return boxes, tables_by_asset


def surplus_box(kind: str, count: int, alone: bool = False) -> Box:
    """Returns the box for what is beyond a limit; `alone` if nothing else of that kind is shown."""
    label = f"{count:,} {kind}{'s' if count > 1 else ''}"
    if not alone:
        label = f"... and {label.replace(' ', ' more ', 1)}"
    return Box(label, label, kind, nodes=count)


def _size_note(variant: VariantSummary, name: str) -> str:
    size = next((asset.size for asset in variant.assets if asset.name == name), None)
    return "" if size is None else f"{size:,} bytes"


def _table_types(table: Any) -> str:
    """Returns "string to int64", say, for a table that the summary does not list; "" if it has no types."""
    names = ("key_dtype", "value_dtype")
    if table is None or not all(name in table.attr for name in names):
        return ""
    return " to ".join(dtype_name(table.attr[name].type) for name in names)

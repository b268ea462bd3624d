"""What a graph does with the values of an input: which table ids index, which vocabulary reads strings."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of
from hubexplore.summary.model import VariantSummary
from hubexplore.summary.sizes.shape_inference import constant

MAX_WORDS: Final = 50
"""Words of a vocabulary that are looked at."""
_MAX_CALL_DEPTH: Final = 6  # of functions that call functions
# These give values on unchanged, from their first input or from any.
_PASS_THROUGH: Final = frozenset({
    "Cast", "ConcatV2", "Enter", "EnsureShape", "Exit", "ExpandDims", "Identity", "IdentityN", "Merge",
    "Pack", "PlaceholderWithDefault", "Reshape", "Slice", "Snapshot", "Squeeze", "StopGradient",
    "StridedSlice", "Switch", "Tile", "Transpose", "Unique", "Unpack",
    # tf.map_fn
    "TensorArrayReadV3", "TensorArrayScatterV3", "TensorListFromTensor", "TensorListGetItem",
})  # fmt: skip
_SPLITS: Final = frozenset({"StringSplit", "StringSplitV2"})
# To these it does not matter how large an id is.
_HARMLESS: Final = frozenset({"Equal", "NotEqual", "Rank", "Shape", "Size", "ZerosLike", "OnesLike"})
_GATHERS: Final = frozenset({"Gather", "GatherV2", "ResourceGather"})
_SEGMENTS: Final = frozenset({"SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSum"})
_LOOKUPS: Final = frozenset({"LookupTableFind", "LookupTableFindV2"})
_TABLE_INITIALIZERS: Final = frozenset(
    {"InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2"}
)


@dataclass
class Use:
    """What is known of the values of an input.

    Attributes:
      below: ids have to be less than this; None where nothing says so.
      is_sure: whether ids are used for nothing else.
      words: of the vocabulary in which strings are looked up.
      is_split: whether strings are split into words first.
      texts: strings that the graph can read, where it reads numbers or records.
      raw: dtype of the numbers whose bytes the strings are, by the name of the DecodeRaw that reads them.
    """

    below: int | None = None
    is_sure: bool = True
    words: tuple[bytes, ...] = ()
    is_split: bool = False
    texts: tuple[bytes, ...] = ()
    raw: dict[str, str] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        """Whether strings are no texts, but something that the graph reads."""
        return bool(self.texts or self.raw)

    def limit(self, rows: int | None) -> None:
        """Notes the rows of a table."""
        if rows is not None and rows > 0:
            self.below = rows if self.below is None else min(self.below, rows)
        else:
            self.is_sure = False


class Uses:
    """Looks in a graph for what becomes of values.

    Args:
      meta_graph: MetaGraphDef-shaped message; it is not changed.
      variant: its summary, which has the beginnings of the files that fill tables.
    """

    def __init__(self, meta_graph: Any, variant: VariantSummary) -> None:
        graph = meta_graph.graph_def
        self._library = {function.signature.name: function for function in graph.library.function}
        self._graph = _Scope(index_nodes(graph.node))
        self._variant = variant

    def of(self, tensor: str) -> Use:
        """What the graph does with the values of an input, given by the name of its tensor."""
        use = Use()
        if tensor:
            self._follow(self._graph, node_of(tensor), use, 0)
        return use

    def _follow(self, scope: _Scope, start: str, use: Use, depth: int) -> None:
        seen = {start}
        stack = [(start, False)]
        while stack:
            name, is_split = stack.pop()
            for consumer, position in scope.consumers.get(name, ()):
                node = scope.nodes[consumer]
                if node.op in _PASS_THROUGH or node.op in _SPLITS or (node.op in _GATHERS and position == 0):
                    if consumer not in seen:
                        seen.add(consumer)
                        stack.append((consumer, is_split or node.op in _SPLITS))
                elif calls := [call.name for attr in node.attr.values() for call in calls_of_attr(attr)]:
                    self._follow_calls(
                        calls, position - (node.op in ("If", "StatelessIf", "Case")), use, depth
                    )
                else:
                    self._note_use(scope, node, position, use, is_split)

    def _follow_calls(self, calls: list[str], position: int, use: Use, depth: int) -> None:
        for name in calls:
            function = self._library.get(name)
            arguments = [] if function is None else list(function.signature.input_arg)
            if function is not None and 0 <= position < len(arguments) and depth < _MAX_CALL_DEPTH:
                inner = _Scope(index_nodes(function.node_def))
                self._follow(inner, arguments[position].name, use, depth + 1)

    def _note_use(self, scope: _Scope, node: Any, position: int, use: Use, is_split: bool) -> None:
        op = node.op
        if (op in _GATHERS or op in _SEGMENTS) and position == 1:
            use.limit(scope.size(node.input[0], 0))
        elif op == "OneHot" and position == 0:
            use.limit(scope.number(node.input[1]))
        elif op == "SparseSoftmaxCrossEntropyWithLogits" and position == 1:
            use.limit(scope.size(node.input[0], -1))
        elif op in _LOOKUPS and position == 1 and not use.words:
            use.words, use.is_split = tuple(self._words(node.input[0])), is_split
        elif op == "DecodeRaw":
            use.raw[node.name] = dtype_name(node.attr["out_type"].type)
        elif position == 0 and (texts := tuple(_texts(node))):
            use.texts = texts
        elif op not in _HARMLESS:
            use.is_sure = False

    def _words(self, table: str) -> list[bytes]:
        """The first words of a vocabulary: constants of the graph, or the beginning of a file."""
        name = node_of(table)
        for consumer, position in self._graph.consumers.get(name, ()):
            node = self._graph.nodes[consumer]
            keys = (
                self._graph.nodes.get(node_of(node.input[1]))
                if node.op in _TABLE_INITIALIZERS and position == 0
                else None
            )
            if keys is not None and keys.op == "Const":
                return list(keys.attr["value"].tensor.string_val)[:MAX_WORDS]
        for asset in self._variant.assets:
            if name in asset.tables:
                lines = [line.split("\t")[0] for line in asset.first_lines if line]
                return [line.encode("utf-8", "surrogateescape") for line in lines]
        return []


@dataclass
class _Scope:
    """The nodes of a graph or function, and who takes what each of them makes."""

    nodes: Mapping[str, Any]
    consumers: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, node in self.nodes.items():
            for position, edge in enumerate(node.input):
                if edge[:1] != "^":
                    self.consumers.setdefault(node_of(edge), []).append((name, position))

    def size(self, edge: str, position: int) -> int | None:
        """A dimension of a variable, a constant, or a tensor whose static shape was noted."""
        for node in self._origins(edge):
            if node.op == "Const":
                shown = [node.attr["value"].tensor.tensor_shape]
            elif "shape" in node.attr:
                shown = [node.attr["shape"].shape]
            else:
                noted = "_output_shapes" in node.attr
                shown = list(node.attr["_output_shapes"].list.shape) if noted else []
            dims = shape_of(shown[0]) if shown else None
            if dims:
                return dims[position]
        return None

    def number(self, edge: str) -> int | None:
        """A constant."""
        for node in self._origins(edge):
            value = constant(node) if node.op == "Const" else None
            if value is not None and value.size == 1:
                return int(value.reshape(-1)[0])
        return None

    def _origins(self, edge: str) -> Iterator[Any]:
        """A node and those before it that it gives on unchanged."""
        node = self.nodes.get(node_of(edge))
        seen = set()
        # A damaged graph may go round in a circle.
        while node is not None and node.name not in seen:
            seen.add(node.name)
            yield node
            passes = node.op in ("Identity", "ReadVariableOp", "Enter", "StopGradient") and node.input
            node = self.nodes.get(node_of(node.input[0])) if passes else None


def _texts(node: Any) -> Iterator[bytes]:
    """Strings that an op can read."""
    match node.op:
        case "StringToNumber":
            yield from (b"1", b"2", b"3")
        case "DecodeJSONExample":
            yield b'{"features": {"feature": {}}}'
        case "DecodeBase64":
            yield from (base64.urlsafe_b64encode(text).rstrip(b"=") for text in (b"bread", b"wine"))
        case "DecodeCSV":
            types = [dtype_name(enum) for enum in node.attr["OUT_TYPE"].list.type]
            yield ",".join("a" if dtype == "string" else "1" for dtype in types).encode()

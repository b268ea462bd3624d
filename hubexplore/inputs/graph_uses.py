"""What a graph does with the values of an input: the table that ids index, the vocabulary of strings.

This is a heuristic for examples. A wrong guess costs one attempt of the search for an example that runs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.graph.messages import dtype_name
from hubexplore.summary.graph.traversal import calls_of_attr, index_nodes, node_of
from hubexplore.summary.model import VariantSummary
from hubexplore.summary.sizes.shape_inference import constant

MAX_WORDS: Final = 50
"""Maximum number of words of a vocabulary that are read."""
_ORDINARY: Final = re.compile(r"[^\W\d_]{2,}")
_MAX_CALL_DEPTH: Final = 6
"""Maximum depth of functions that call functions; a recursive function would have no end."""
# Ops whose output holds the values of an input unchanged. It may be any input of the op: a wrong one, such as
# the shape of a Reshape, leads to ops that say nothing about ids.
_PASS_THROUGH: Final = frozenset({
    "Abs", "Cast", "ConcatV2", "Enter", "EnsureShape", "Exit", "ExpandDims", "Identity", "IdentityN", "Merge",
    "Pack", "PlaceholderWithDefault", "RaggedTensorToTensor", "Reshape", "Slice", "Snapshot", "Squeeze",
    "StopGradient", "StridedSlice", "Switch", "Tile", "Transpose", "Unique", "Unpack",
    # What tf.map_fn consists of, with TensorArrays in TF1 control flow and TensorLists in functions.
    "TensorArrayReadV3", "TensorArrayScatterV3", "TensorListFromTensor", "TensorListGetItem",
})  # fmt: skip
# Ops that keep a number in a string a number, but may change a word.
_EDITS: Final = frozenset({
    "RegexReplace", "Select", "SelectV2", "StaticRegexReplace", "StringJoin", "StringLower", "StringStrip",
    "StringUpper", "Substr", "UnicodeTranscode",
})  # fmt: skip
_SPLITS: Final = frozenset({"StringSplit", "StringSplitV2"})
# Ops that accept ids of any size.
_HARMLESS: Final = frozenset({
    "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual", "OnesLike", "Rank", "Shape", "Sign",
    "Size", "ZerosLike",
})  # fmt: skip
_GATHERS: Final = frozenset({"Gather", "GatherV2", "ResourceGather"})
_SEGMENTS: Final = frozenset({"SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSum"})
_LOOKUPS: Final = frozenset({"LookupTableFind", "LookupTableFindV2"})
_COMPARISONS: Final = frozenset({"Equal", "NotEqual"})
_TABLE_INITIALIZERS: Final = frozenset(
    {"InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2"}
)


@dataclass
class Use:
    """What is known about the values of an input.

    Attributes:
      below: ids have to be less than this; None where the graph shows no limit.
      is_sure: whether all uses of the ids are known and have a limit.
      words: first words of the vocabulary in which strings are looked up, ordinary ones first.
      is_split: whether strings are split into words before the lookup.
      texts: strings that the graph can parse, where it parses numbers or records.
      raw: where strings are the bytes of numbers: their dtype, by the name of the DecodeRaw node.
      is_category: whether strings are names of categories: looked up or compared as a whole.
    """

    below: int | None = None
    is_sure: bool = True
    words: tuple[bytes, ...] = ()
    is_split: bool = False
    texts: tuple[bytes, ...] = ()
    raw: dict[str, str] = field(default_factory=dict)
    is_category: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the graph parses the strings, so that sentences do not fit."""
        return bool(self.texts or self.raw)

    def limit(self, rows: int | None) -> None:
        """Records that ids index a table with this number of rows; None if that is unknown."""
        if rows is not None and rows > 0:
            self.below = rows if self.below is None else min(self.below, rows)
        else:
            self.is_sure = False


class Uses:
    """Follows values through a graph.

    Args:
      meta_graph: MetaGraphDef-shaped message; not changed.
      variant: its summary, which holds the first lines of vocabulary files.
    """

    def __init__(self, meta_graph: Any, variant: VariantSummary) -> None:
        graph = meta_graph.graph_def
        self._library = {function.signature.name: function for function in graph.library.function}
        self._graph = _Scope(index_nodes(graph.node))
        self._variant = variant

    def of(self, tensor: str) -> Use:
        """What the graph does with the values of a tensor, given by its name."""
        use = Use()
        if tensor:
            self._follow(self._graph, node_of(tensor), use, 0)
        return use

    def _follow(self, scope: _Scope, start: str, use: Use, depth: int) -> None:
        # Depth first, each node once: linear in the edges that the values reach. A node that is reached both
        # split and whole keeps the way that came first, which is enough for an example.
        seen = {start}
        stack = [(start, False, False)]
        while stack:
            name, is_split, is_edited = stack.pop()
            for consumer, position in scope.consumers.get(name, ()):
                node = scope.nodes[consumer]
                if _passes(node, position):
                    use.is_sure &= node.op not in _EDITS
                    if consumer not in seen:
                        seen.add(consumer)
                        stack.append(
                            (consumer, is_split or node.op in _SPLITS, is_edited or node.op in _EDITS)
                        )
                elif calls := [call.name for attr in node.attr.values() for call in calls_of_attr(attr)]:
                    # The first input of a branch op is its condition, which the branches do not get.
                    self._follow_calls(
                        calls, position - (node.op in ("If", "StatelessIf", "Case")), use, depth
                    )
                elif not is_edited:
                    self._note_use(scope, node, position, use, is_split)
                elif node.op == "StringToNumber":
                    use.texts = tuple(_texts(node))

    def _follow_calls(self, calls: list[str], position: int, use: Use, depth: int) -> None:
        for name in calls:
            function = self._library.get(name)
            arguments = [] if function is None else list(function.signature.input_arg)
            if function is not None and 0 <= position < len(arguments) and depth < _MAX_CALL_DEPTH:
                # A body is indexed again for each call; example graphs call few functions, and the depth is
                # bounded.
                inner = _Scope(index_nodes(function.node_def))
                self._follow(inner, arguments[position].name, use, depth + 1)

    def _note_use(self, scope: _Scope, node: Any, position: int, use: Use, is_split: bool) -> None:
        op = node.op
        # Input 0 of a gather is the table, input 1 the ids. The classes of logits are their last dimension.
        if (op in _GATHERS or op in _SEGMENTS) and position == 1:
            use.limit(scope.size(node.input[0], 0))
        elif op == "OneHot" and position == 0:
            use.limit(scope.number(node.input[1]))
        elif op == "SparseSoftmaxCrossEntropyWithLogits" and position == 1:
            use.limit(scope.size(node.input[0], -1))
        elif op in _LOOKUPS and position == 1 and not use.words:
            use.words, use.is_split = tuple(_ordinary_first(self._words(node.input[0]))), is_split
            use.is_category |= not is_split
        elif op in _COMPARISONS and not use.words and (words := scope.words(node.input[1 - position])):
            use.words, use.is_split, use.is_category = words, is_split, not is_split
        elif op == "DecodeRaw":
            use.raw[node.name] = dtype_name(node.attr["out_type"].type)
        elif position == 0 and (texts := tuple(_texts(node))):
            use.texts = texts
        elif op not in _HARMLESS:
            use.is_sure = False

    def _words(self, table: str) -> list[bytes]:
        """The first words of a vocabulary: constants in the graph, or the first lines of a file."""
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


def _ordinary_first(words: list[bytes]) -> list[bytes]:
    """Puts words of letters before [PAD], <s>, ##ing and numbers, with which a vocabulary often begins."""
    return sorted(words, key=lambda word: _ORDINARY.fullmatch(word.decode("utf-8", "replace")) is None)


@dataclass
class _Scope:
    """The nodes of a graph or a function body, and the consumers of each: (node, index of the input)."""

    nodes: Mapping[str, Any]
    consumers: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, node in self.nodes.items():
            for position, edge in enumerate(node.input):
                if edge[:1] != "^":  # a control input passes no value
                    self.consumers.setdefault(node_of(edge), []).append((name, position))

    def size(self, edge: str, position: int) -> int | None:
        """A dimension of a variable, a constant, or a tensor with a recorded static shape."""
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
        """The number in a constant of one entry; None for anything else."""
        for node in self._origins(edge):
            value = constant(node) if node.op == "Const" else None
            if value is not None and value.size == 1:
                return int(value.reshape(-1)[0])
        return None

    def words(self, edge: str) -> tuple[bytes, ...]:
        """The strings in a constant; none for anything else."""
        nodes = list(self._origins(edge))
        if not nodes or nodes[-1].op != "Const":
            return ()
        return tuple(nodes[-1].attr["value"].tensor.string_val)[:MAX_WORDS]

    def _origins(self, edge: str) -> Iterator[Any]:
        """The node of an edge, then those upstream from which its value comes unchanged."""
        node = self.nodes.get(node_of(edge))
        seen = set()
        # A damaged graph, or one with a while loop, may have a cycle.
        while node is not None and node.name not in seen:
            seen.add(node.name)
            yield node
            passes = node.op in ("Identity", "ReadVariableOp", "Enter", "StopGradient") and node.input
            node = self.nodes.get(node_of(node.input[0])) if passes else None


def _passes(node: Any, position: int) -> bool:
    """Whether the values of an input are among the outputs of a node, whole or in parts."""
    return (
        node.op in _PASS_THROUGH
        or node.op in _SPLITS
        or node.op in _EDITS
        or (node.op in _GATHERS and position == 0)
    )


def _texts(node: Any) -> Iterator[bytes]:
    """Strings that a parsing op accepts."""
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

"""What the nodes of a graph without signatures are for: inputs, training, state.

Writers of graphs name none of this, so op types tell, and for gradients the scope that `tf.gradients` makes.
Messages are NodeDef-shaped, this package's own or TensorFlow's; they are not changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hubexplore.summary.dtypes import REFERENCE
from hubexplore.summary.graph.ops.op_definitions import OpDefinition, definition
from hubexplore.summary.graph.ops.op_outputs import output_dtypes
from hubexplore.summary.graph.traversal import consumers_of, follow, node_of

Nodes = Mapping[str, Any]

VARIABLES: Final = frozenset({"Variable", "VariableV2", "VarHandleOp"})
PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
TABLE_INITIALIZERS: Final = frozenset(
    {
        "InitializeTable", "InitializeTableV2", "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2", "LookupTableImport", "LookupTableImportV2",
        "LookupTableInsert", "LookupTableInsertV2",
    }
)  # fmt: skip
# Ends of an input pipeline: a model continues with what they return.
_PIPELINE_ENDS: Final = frozenset(
    {
        "QueueDequeue", "QueueDequeueV2", "QueueDequeueMany", "QueueDequeueManyV2", "QueueDequeueUpTo",
        "QueueDequeueUpToV2", "IteratorGetNext", "IteratorGetNextSync", "Unstage",
    }
)  # fmt: skip
# What decodes a file or a record. Graphs for one image feed its argument, a constant in their files.
_DECODERS: Final = re.compile(
    r"Decode(Jpeg|Png|Gif|Bmp|Image|AndCropJpeg|Wav|Raw|CSV)|Parse(Single)?Example(V2)?"
)
# A node whose effect is outside of its outputs. What it takes is not the result of the model.
_WRITERS: Final = re.compile(
    r"Assign(Add|Sub)?(VariableOp)?|(Resource)?(Sparse)?Apply\w+|ResourceSparseApply\w+"
    r"|(Resource)?Scatter(Nd)?(Update|Add|Sub|Mul|Div|Min|Max)|CountUpTo|ResourceCountUpTo"
    r"|Accumulator\w+|SparseAccumulator\w+|\w*Enqueue\w*|QueueClose(V2)?|MakeIterator|Stage"
    r"|(Initialize|LookupTable(Import|Insert|Remove|Export))\w*|DestroyTemporaryVariable"
)
# They only look at what they take, which may be a result of the model all the same.
_OBSERVERS: Final = re.compile(r"\w*Summary\w*")
# What they return is not the result of a model.
_NO_RESULTS: Final = re.compile(
    r"Const|HostConst|Restore(V2|Slice)?|MergeV2Checkpoints|ShardedFilename|IsVariableInitialized|VarIsInitializedOp|\w*Dataset\w*|\w*Iterator\w*"
    r"|\w*Queue\w*|\w*Reader\w*|MatchingFiles|ReadFile|Switch|RefSwitch|ControlTrigger|LoopCond"
    r"|NextIteration|LookupTableSize(V2)?|PlaceholderWithDefault|Placeholder(V2)?|VariableShape"
)
_COLLECTORS: Final = frozenset({"Const", "EmptyTensorList", "TensorListReserve", "StackV2", "Stack"})
_SAVERS: Final = re.compile(r"Save(V2|Slices)?|Restore(V2|Slice)?|ShardedFilename|MergeV2Checkpoints")
_GRADIENTS: Final = re.compile(r"(?:^|/)gradients(?:_\d+)?/")
_SHAPES: Final = frozenset({"Shape", "ShapeN", "Size", "Rank"})
# Handles of resources, datasets and the like can be neither given nor shown.
_HANDLES: Final = frozenset({"resource", "variant", "invalid", ""})


def is_input(node: Any) -> bool:
    """Whether a model may begin with the outputs of a node."""
    return node.op in PLACEHOLDERS or node.op in _PIPELINE_ENDS


def inputs(nodes: Nodes) -> list[str]:
    """The nodes that a model may begin with.

    A placeholder whose default is computed from another input, as that for the features of a picture is in a
    graph that was trained again, is a place in the middle.
    """
    found = [name for name, node in nodes.items() if is_input(node)]
    ends = set(found)
    return [
        name
        for name in found
        if nodes[name].op != "PlaceholderWithDefault" or not _needs(nodes, nodes[name].input, ends)
    ]


def _needs(nodes: Nodes, edges: Iterable[str], ends: set[str]) -> bool:
    """Whether one of the tensors is computed from one of the nodes."""
    stack = [node_of(edge) for edge in edges if edge[:1] != "^"]
    seen = set(stack)
    while stack:
        name = stack.pop()
        if name in ends:
            return True
        before = [node_of(edge) for edge in nodes[name].input if edge[:1] != "^"] if name in nodes else []
        stack.extend(other for other in before if other not in seen)
        seen.update(before)
    return False


def is_pipeline_end(node: Any) -> bool:
    """Whether a node returns what a queue or an iterator holds."""
    return node.op in _PIPELINE_ENDS


def is_writer(node: Any) -> bool:
    """Whether a node changes a variable, a queue or a table."""
    return _WRITERS.fullmatch(node.op) is not None


def is_observer(node: Any) -> bool:
    """Whether a node makes a summary."""
    return _OBSERVERS.fullmatch(node.op) is not None


def is_shape_of(node: Any) -> bool:
    """Whether a node says how large a tensor is."""
    return node.op in _SHAPES


def is_no_result(node: Any) -> bool:
    """Whether what a node returns is never the result of a model."""
    return _NO_RESULTS.fullmatch(node.op) is not None


def decoded_constants(nodes: Nodes) -> list[str]:
    """String constants that a decoder of files takes: the input of a graph that has no placeholder."""
    return [
        producer
        for node in nodes.values()
        if node.input and _DECODERS.fullmatch(node.op)
        for producer in (node_of(node.input[0]),)
        if producer in nodes and nodes[producer].op == "Const" and nodes[producer].attr["dtype"].type == 7
    ]


def saver_nodes(nodes: Nodes) -> set[str]:
    """The nodes that say which file a saver writes and reads."""
    stack = [node_of(node.input[0]) for node in nodes.values() if node.input and _SAVERS.fullmatch(node.op)]
    found: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in found and nodes[name].op != "Const":
            found.add(name)
            stack.extend(node_of(edge) for edge in nodes[name].input if edge[:1] != "^")
    return found


def training_nodes(nodes: Nodes) -> set[str]:
    """The nodes that compute gradients and what is made of them, if any changes a variable; else none."""
    # The forward loop collects values for its gradient in lists that are made in the scope of the gradient.
    gradients = [
        name for name, node in nodes.items() if _GRADIENTS.search(name) and node.op not in _COLLECTORS
    ]
    if not gradients:
        return set()
    below = follow(consumers_of(nodes), gradients)
    return below if any(is_writer(nodes[name]) for name in below) else set()


def dtypes_of(node: Any, functions: Mapping[str, OpDefinition]) -> tuple[str, ...] | None:
    """The dtype of each output of a node, without "_ref"; None where its op is not known."""
    op = functions.get(node.op) or definition(node.op)
    if op is None:
        return None
    return tuple(name.removesuffix("_ref") for name in output_dtypes(op, node.attr))


def is_value(dtype: str) -> bool:
    """Whether tensors of a dtype hold values."""
    return dtype not in _HANDLES


def base_dtype(number: int) -> int:
    """The number of a dtype without its reference."""
    return number - REFERENCE if number > REFERENCE else number


def used_nodes(nodes: Nodes, left_out: Iterable[str]) -> set[str]:
    """The nodes whose outputs a node takes that is not left out and does more than look at them."""
    skipped = set(left_out)
    return {
        node_of(edge)
        for name, node in nodes.items()
        if name not in skipped and not is_observer(node)
        for edge in node.input
        if edge[:1] != "^"
    }

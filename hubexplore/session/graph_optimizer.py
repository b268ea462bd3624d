"""Whether a session needs TensorFlow's graph optimizer (Grappler), which dominates the time of a first call.

It folds constants and fuses ops, which is worth its time where weights are constants, and which can change
the last bits of outputs. So modules and frozen graphs always run with it, as they do in a `tf.Session`. In a
TF2 SavedModel the weights are resource variables, of which it can fold nothing: measured on MobileNetV2,
ResNet50, EfficientNetB0, a transformer and an LSTM, outputs are the same to the bit without it, calls take
between 0.9 and 1.1 times as long, and the first call takes half the time.

A session begins without the optimizer only where nothing can tell the difference later: whatever needs it
moves the session to one that has it, in which everything is initialised again. That gives variables and
tables the values that they had, since calls must not write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

from hubexplore.hub import tf_internals
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.spec import ModuleSpec
from hubexplore.summary.model import TF2_SAVED_MODEL

_ASSIGN: Final = "AssignVariableOp"
# Stateful ops that leave variables and tables as they are, or as initialisers made them.
_HARMLESS: Final = frozenset(
    {
        "Assert", "HashTable", "HashTableV2", "InitializeTable", "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2", "InitializeTableV2", "LookupTableExport", "LookupTableExportV2",
        "LookupTableFind", "LookupTableFindV2", "LookupTableImport", "LookupTableImportV2", "LookupTableSize",
        "LookupTableSizeV2", "Placeholder", "Print", "PrintV2", "ReadVariableOp", "ResourceGather",
        "ResourceGatherNd", "RestoreV2", "StatefulPartitionedCall", "VarHandleOp", "VarIsInitializedOp",
        "VariableShape",
    }
)  # fmt: skip
_MAX_BYTES: Final = 1 << 29
"""Size of the variables above which they are not read twice, which would take longer than the optimizer."""


def is_dispensable(spec: ModuleSpec, tags: Iterable[str] | None, trainable: bool) -> bool:
    """Whether a variant runs as well without the optimizer, and a second initialisation gives the same state.

    Linear in the nodes of its graph.
    """
    if trainable or not isinstance(spec, DefinedSpec) or spec.format_name != TF2_SAVED_MODEL:
        return False
    # First, since a graph with unknown ops has no plan.
    if _may_write(spec.variant(tags).as_read):
        return False
    variables = spec.state_plan(frozenset(tags or ()), trainable).variables.values()
    size = sum((item.shape.num_elements() or 0) * item.dtype.size for item in variables)
    return bool(0 < size <= _MAX_BYTES)


def _may_write(meta_graph: Any) -> bool:
    graph = meta_graph.graph_def
    bodies = chain.from_iterable(function.node_def for function in graph.library.function)
    in_functions = {node.op for node in bodies}
    counts = Counter(node.op for node in graph.node)
    # Asked first: reading an entry that is not there makes one.
    key = "variables"
    variables = meta_graph.collection_def[key].bytes_list.value if key in meta_graph.collection_def else ()
    # Each variable has one op that initialises it; one more, or one in a function, belongs to a call.
    if _ASSIGN in in_functions or counts.pop(_ASSIGN, 0) > len(variables):
        return True
    return any(_is_stateful(op_type) for op_type in in_functions | set(counts) if op_type not in _HARMLESS)


def _is_stateful(op_type: str) -> bool:
    definition = tf_internals.op_def(op_type)
    # The functions that If and While call are in the library, whose ops are examined as well.
    return definition is None or (definition.is_stateful and op_type not in ("If", "While", "Case"))

"""What makes parts of a module's graph run: loading, calls, training."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.summary.analysis.objects import Objects
from hubexplore.summary.analysis.program import Program
from hubexplore.summary.capabilities.model import Trigger, When
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.messages import VariableDef
from hubexplore.summary.graph.traversal import tensor_of
from hubexplore.summary.module_format import INIT_OP, INTERNAL_SIGNATURES, MAIN_OPS

# Collections of variables, as VariableDef messages.
_VARIABLES: Final = (
    "variables", "local_variables", "model_variables", "trainable_variables", "moving_average_variables",
    "metric_variables",
)  # fmt: skip
# Collections of nodes that loaders of one kind or another run.
_INITIALIZERS: Final = (
    "table_initializer", "init_op", "local_init_op", "ready_op", "ready_for_local_init_op", "asset_filepaths",
)  # fmt: skip
_TRAINING: Final = ("update_ops", "regularization_losses", "losses", "train_op")
_TRAIN_OP: Final = "__saved_model_train_op"


@dataclass(frozen=True)
class Entry:
    """Something that makes parts of a graph run.

    Attributes:
      trigger: which kind, and of which signature.
      label: what it is called at the beginning of a chain.
      roots: names of nodes and tensors of the graph that it computes.
      functions: names of functions that it calls.
      fed: tensors ("node:0") that get their values from outside.
      is_signature: whether it is a signature; else a call is one of a function of an object.
      is_replaced: whether loading restores a value from the checkpoint in its place.
    """

    trigger: Trigger
    label: str
    roots: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    fed: frozenset[str] = frozenset()
    is_signature: bool = False
    is_replaced: bool = False


def entries_of(
    meta_graph: Any, program: Program, objects: Objects, tags: tuple[str, ...], restored: Collection[str]
) -> list[Entry]:
    """All that makes parts of a graph run, in the order load, call, train.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      program: its graph.
      objects: of a TF2 SavedModel.
      tags: of the graph variant.
      restored: names in the checkpoint.
    """
    loaded, trained = Trigger(When.LOADED, tags), Trigger(When.TRAINED, tags)
    return [
        *_loading(meta_graph, loaded, restored),
        *(Entry(loaded, label, functions=names) for label, names in objects.loading()),
        *_signatures(meta_graph, tags),
        *(
            Entry(Trigger(When.CALLED, tags, label), f"function {label!r}", functions=names)
            for label, names in objects.calls()
        ),
        *_training(meta_graph, program, trained),
    ]


def _loading(meta_graph: Any, trigger: Trigger, restored: Collection[str]) -> Iterator[Entry]:
    for name in MAIN_OPS:
        if roots := _nodes(meta_graph, name):
            yield Entry(trigger, f"initializer {name!r}", roots)
    if INIT_OP in meta_graph.signature_def:
        yield Entry(trigger, f"initializer {INIT_OP!r}", _outputs(meta_graph.signature_def[INIT_OP]))
    for name in _INITIALIZERS:
        if roots := _nodes(meta_graph, name):
            yield Entry(trigger, f"initializers {name!r}", roots)
    if meta_graph.saver_def.restore_op_name:
        saver = meta_graph.saver_def
        yield Entry(
            trigger,
            "restoring the checkpoint",
            (saver.restore_op_name,),
            fed=frozenset({tensor_of(saver.filename_tensor_name)}),
        )
    free: dict[str, None] = {}
    replaced: dict[str, None] = {}
    for variable in variables_of(meta_graph):
        names = (variable.initializer_name, variable.initial_value_name)
        key = variable.variable_name.partition(":")[0]
        part = variable.save_slice_info_def.full_name
        (replaced if key in restored or part in restored else free).update(dict.fromkeys(filter(None, names)))
        free.update(dict.fromkeys(filter(None, (variable.variable_name, variable.snapshot_name))))
    yield Entry(trigger, "initializers of variables", tuple(free))
    yield Entry(trigger, "initializers of variables", tuple(replaced), is_replaced=True)


def variables_of(meta_graph: Any) -> Iterator[Any]:
    """The VariableDef messages that collections list; what is not one is left out."""
    seen: set[bytes] = set()
    for name in _VARIABLES:
        if name in meta_graph.collection_def:
            for content in meta_graph.collection_def[name].bytes_list.value:
                if content not in seen:
                    seen.add(content)
                    try:
                        yield VariableDef.FromString(content)
                    except DecodeError:
                        continue


def _nodes(meta_graph: Any, collection: str) -> tuple[str, ...]:
    if collection not in meta_graph.collection_def:
        return ()
    return tuple(meta_graph.collection_def[collection].node_list.value)


def _signatures(meta_graph: Any, tags: tuple[str, ...]) -> Iterator[Entry]:
    for name in sorted(meta_graph.signature_def):
        if name not in INTERNAL_SIGNATURES:
            signature = meta_graph.signature_def[name]
            fed = frozenset(
                tensor_of(tensor) for info in signature.inputs.values() for tensor in component_names(info)
            )
            yield Entry(
                Trigger(When.CALLED, tags, name),
                f"signature {name!r}",
                _outputs(signature),
                fed=fed,
                is_signature=True,
            )


def _outputs(signature: Any) -> tuple[str, ...]:
    outputs = sorted(signature.outputs.items())
    return tuple(tensor for _, info in outputs for tensor in component_names(info))


def _training(meta_graph: Any, program: Program, trigger: Trigger) -> Iterator[Entry]:
    for name in _TRAINING:
        if roots := _nodes(meta_graph, name):
            yield Entry(trigger, f"collection {name!r}", roots)
    if _TRAIN_OP in meta_graph.signature_def:
        yield Entry(trigger, f"signature {_TRAIN_OP!r}", _outputs(meta_graph.signature_def[_TRAIN_OP]))
    for name in program.functions:
        for gradient in program.gradients_of(name):
            if gradient in program.functions:
                yield Entry(trigger, f"gradient of {name!r}", functions=(gradient,))
    for gradient in program.registered_gradients:
        if gradient in program.functions:
            yield Entry(trigger, "custom gradient", functions=(gradient,))

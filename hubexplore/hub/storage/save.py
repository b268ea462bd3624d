"""Writes the variables of a module: from a session, or copied from a training checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import CheckpointMismatchError
from hubexplore.hub import tf_internals
from hubexplore.hub.graph.state import State
from hubexplore.hub.storage.glob_paths import restorable
from hubexplore.hub.variants.checkpoint import Checkpoint, StoredVariable, stored_variables
from hubexplore.hub.variants.restore import find_misfit, restore_node, string_const
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.files.paths import for_tensorflow

_LOGGER: Final = logging.getLogger("hubexplore")
# Internal ops of TensorFlow without Python wrappers; a release without them reads variables one by one.
_BULK_READ_OPS: Final = ("_VarHandlesOp", "_ReadVariablesOp")


@dataclass(frozen=True)
class PublishedValues:
    """Values that an export copies from the checkpoint of a module without a change.

    Attributes:
      source: path prefix of the checkpoint.
      dtypes: key of the variable -> dtype.
      names: key -> name in the checkpoint, where they differ.
    """

    source: str
    dtypes: Mapping[str, tf.DType]
    names: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> list[tf.Tensor]:
        """The values, whole also where variables are partitioned; adds one op to the default graph."""
        if not self.dtypes:
            return []
        return list(
            tf.raw_ops.RestoreV2(
                prefix=self.source,
                tensor_names=[self.names.get(key, key) for key in self.dtypes],
                shape_and_slices=[""] * len(self.dtypes),
                dtypes=list(self.dtypes.values()),
            )
        )


class SessionSaver:
    """Saves the variables of one module from any session on its graph.

    The ops it needs are added to the graph on the first call, once. A finalized graph is left alone:
    values then pass through Python.

    Args:
      state: of the module.
      unchanged: values of other graph variants, which are written as well.
    """

    def __init__(self, state: State, unchanged: PublishedValues) -> None:
        self._state = state
        self._unchanged = unchanged
        self._ops: tuple[tf.Tensor, tf.Operation] | None = None

    @property
    def has_values(self) -> bool:
        """Whether there is anything to save."""
        return bool(self._state.variables or self._unchanged.dtypes)

    def warn_of_lacking(self, by_variant: Mapping[frozenset[str], Sequence[VariableSpec]]) -> None:
        """Logs which variables are not saved; graph variants that need them cannot be loaded from the export.

        Args:
          by_variant: tags -> variables.
        """
        _warn_of_lacking(
            by_variant, {spec.key for spec, _ in self._state.variables} | self._unchanged.dtypes.keys()
        )

    def save(self, session: tf.compat.v1.Session, prefix: str) -> None:
        """Writes a V2 checkpoint at `prefix`; one data file and its index."""
        specs = [spec for spec, _ in self._state.variables]
        # A finalized graph cannot get the ops of a save; one that was saved from before has them.
        if self._ops is None and self._state.graph.finalized:
            _save_values(specs, session.run(self._values()), prefix, self._unchanged)
            return
        if self._ops is None:
            self._ops = self._add_ops(session)
        path, save = self._ops
        session.run(save, feed_dict={path: prefix})

    def _add_ops(self, session: tf.compat.v1.Session) -> tuple[tf.Tensor, Any]:
        """Adds what saving needs to the graph: the placeholder of the path, and the op."""
        specs = [spec for spec, _ in self._state.variables]
        with self._state.graph.as_default(), tf.control_dependencies(None), tf.name_scope("hub_export"):
            path = tf.compat.v1.placeholder(tf.string, shape=[], name="prefix")
            values = self._read_in_bulk() if self._can_read_in_bulk(session) else self._values()
            return path, _save_op(path, specs, values, self._unchanged)

    def _can_read_in_bulk(self, session: tf.compat.v1.Session) -> bool:
        """Whether all variables are resources of one CPU, so that one op can read them."""
        # Sessions that wrap another one need not have list_devices; an empty list means one read per
        # variable.
        devices: list[Any] = getattr(session, "list_devices", list)()
        return (
            all(tf_internals.is_op_registered(op) for op in _BULK_READ_OPS)
            and [device.device_type for device in devices] == ["CPU"]
            and bool(self._state.variables)
            and all(spec.proto.is_resource for spec, _ in self._state.variables)
        )

    def _read_in_bulk(self) -> list[tf.Tensor]:
        """The values of all variables from one op.

        A session optimises the graph of every new fetch; with one read per variable that takes longer than
        saving them (TensorFlow 2.21: 447 variables, 0.20 s against 0.10 s).
        """
        handles = [self._state.tensor(spec.proto.variable_name).op for spec, _ in self._state.variables]
        dtypes = [spec.dtype.base_dtype.as_datatype_enum for spec, _ in self._state.variables]
        graph_def = graph_pb2.GraphDef()
        node = graph_def.node.add(name="handles", op="_VarHandlesOp")
        node.attr["N"].i = len(handles)
        node.attr["dtypes"].list.type.extend(dtypes)
        for key, attr in (("containers", "container"), ("shared_names", "shared_name")):
            node.attr[key].list.s.extend(handle.get_attr(attr) for handle in handles)
        node.attr["shapes"].list.shape.extend(handle.get_attr("shape") for handle in handles)
        read = graph_def.node.add(name="read", op="_ReadVariablesOp")
        read.attr["N"].i = len(handles)
        read.attr["dtypes"].list.type.extend(dtypes)
        read.input.extend(f"handles:{number}" for number in range(len(handles)))
        (op,) = tf.import_graph_def(graph_def, return_elements=["read"], name="all")
        return list(op.outputs)

    def _values(self) -> list[tf.Tensor]:
        """One tensor for each variable; reads that are already in the graph."""
        return [
            self._state.tensor(spec.proto.snapshot_name or spec.proto.variable_name)
            for spec, _ in self._state.variables
        ]


def _save_op(
    path: Any, specs: Sequence[VariableSpec], values: Sequence[Any], unchanged: PublishedValues
) -> tf.Operation:
    return tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=[*(spec.key for spec in specs), *unchanged.dtypes],
        shape_and_slices=[*(spec.slice_spec for spec in specs), *([""] * len(unchanged.dtypes))],
        tensors=[*values, *unchanged.read()],
    )


def _save_values(
    specs: Sequence[VariableSpec], values: Sequence[Any], prefix: str, unchanged: PublishedValues
) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        # Another graph, as nothing can be added to a finalized one; values pass through Python, which costs a
        # copy.
        feeds = [tf.compat.v1.placeholder(spec.dtype.base_dtype) for spec in specs]
        save = _save_op(tf.constant(prefix), specs, feeds, unchanged)
        session.run(save, feed_dict=dict(zip(feeds, values, strict=True)))


def copy_checkpoint(
    source: str,
    prefix: str,
    by_variant: Mapping[frozenset[str], Sequence[VariableSpec]],
    names: Mapping[str, str],
    published: Checkpoint | None,
) -> None:
    """Writes a checkpoint at `prefix` with the variables of a module, read from another checkpoint.

    The graph variant without tags must find all that it needs, or, if there is none, any one variant. What
    `source` lacks of the others keeps its published value; without one it is left out, and a warning logged.

    Args:
      source: path prefix of the checkpoint to read, or a directory whose latest one is taken.
      prefix: of the checkpoint to write.
      by_variant: tags -> variables.
      names: variable key -> name in `source`.
      published: the checkpoint that the module has; None if it was made here.

    Raises:
      CheckpointMismatchError: (a ValueError) `source` does not fit; see `find_misfit`.
    """
    if tf.io.gfile.isdir(for_tensorflow(source)):
        latest = _latest_checkpoint(restorable(source))
        if latest is None:
            raise CheckpointMismatchError(
                f"The directory {source!r} holds no checkpoint; pass its path prefix."
            )
        source = latest
    readable = restorable(source)
    variables = _matching_variables(stored_variables(readable), by_variant, source, names)
    present = {spec.key for spec in variables}
    unchanged = published_values(published, by_variant, present)
    _warn_of_lacking(by_variant, present | unchanged.dtypes.keys())
    graph_def = graph_pb2.GraphDef()
    path = string_const(graph_def, "source", readable)
    restore_node(graph_def, "restore", path, variables, names)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        (restore,) = tf.import_graph_def(graph_def, return_elements=["restore"], name="")
        session.run(_save_op(tf.constant(prefix), variables, restore.outputs, unchanged))


def _latest_checkpoint(directory: str) -> str | None:
    """The path prefix of the latest checkpoint in a directory, as its file `checkpoint` says."""
    state = tf.train.get_checkpoint_state(directory)
    # tf.train.latest_checkpoint takes a name for a pattern, and misses "ckpt[1]".
    if state is not None and tf.io.gfile.exists(f"{state.model_checkpoint_path}.index"):
        return str(state.model_checkpoint_path)
    latest: str | None = tf.train.latest_checkpoint(directory)
    return latest


def _matching_variables(
    stored: Mapping[str, StoredVariable],
    by_variant: Mapping[frozenset[str], Sequence[VariableSpec]],
    source: str,
    names: Mapping[str, str],
) -> list[VariableSpec]:
    """The variables that a checkpoint has values for, each once; see `copy_checkpoint`."""
    # The variant without tags comes first; where others differ in the shape of a variable, its own counts.
    order = sorted((specs for specs in by_variant.items() if specs[1]), key=lambda item: bool(item[0]))
    required = order[:1] if frozenset() in by_variant else order
    misfits = [misfit for _, specs in required if (misfit := find_misfit(stored, specs, source, names))]
    if misfits and len(misfits) == len(required):
        raise misfits[0]
    parts_by_key: dict[str, list[VariableSpec]] = {}
    for _, specs in order:
        fitting: dict[str, list[VariableSpec]] = {}
        for spec in specs:
            if find_misfit(stored, [spec], source, names) is None:
                fitting.setdefault(spec.key, []).append(spec)
        # All parts of a variable are those of one variant, as another may cut it differently.
        parts_by_key = fitting | parts_by_key
    return [spec for parts in parts_by_key.values() for spec in parts]


def published_values(
    published: Checkpoint | None,
    by_variant: Mapping[frozenset[str], Sequence[VariableSpec]],
    present: set[str],
) -> PublishedValues:
    """The published values of variables that only other graph variants have.

    Args:
      published: the checkpoint of the module; None if it was made here.
      by_variant: tags -> variables.
      present: keys of the variables that have values. An instance has all parts of a variable, even where
        another variant cuts it differently.
    """
    needed = {spec.key for specs in by_variant.values() for spec in specs} - present
    if published is None:
        return PublishedValues("", {})
    dtypes = {key: published.variables[key].dtype for key in sorted(needed) if key in published.variables}
    return PublishedValues(restorable(published.prefix) if dtypes else "", dtypes, published.names)


def _warn_of_lacking(by_variant: Mapping[frozenset[str], Sequence[VariableSpec]], present: set[str]) -> None:
    for tags, specs in by_variant.items():
        lacking = sorted({spec.key for spec in specs} - present)
        if lacking:
            _LOGGER.warning(
                "The graph variant with tags %s cannot be loaded from this export, which holds no value for "
                "its %s. ModuleSpec.export(path, checkpoint_path) writes the values of all variants.",
                sorted(tags),
                ", ".join(map(repr, lacking)),
            )

"""Writing the variables of a module: from a session, or copied from a training checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from hubexplore.errors import CheckpointMismatchError, ExportError
from hubexplore.hub import tf_internals
from hubexplore.hub.checkpoint import held_by
from hubexplore.hub.globbing import restorable
from hubexplore.hub.restore import check_checkpoint, restore_node, string_const
from hubexplore.hub.state import State
from hubexplore.hub.variables import VariableSpec
from hubexplore.summary.paths import for_tensorflow

if TYPE_CHECKING:
    from hubexplore.hub.definition import DefinedSpec


_READ_AT_ONCE: Final = ("_VarHandlesOp", "_ReadVariablesOp")


class SessionSaver:
    """Saves the variables of one module from any session on its graph.

    The ops it needs are added to the graph on the first call, once. A finalized graph is left alone:
    values then pass through Python.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._ops: tuple[tf.Tensor, tf.Operation] | None = None

    def save(self, session: tf.compat.v1.Session, prefix: str) -> None:
        """Writes a V2 checkpoint at `prefix`; one data file and its index."""
        specs = [spec for spec, _ in self._state.variables]
        if self._ops is None and self._state.graph.finalized:
            _save_values(specs, session.run(self._values()), prefix)
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
            values = self._read_at_once() if self._can_read_at_once(session) else self._values()
            return path, _save_op(path, specs, values)

    def _can_read_at_once(self, session: tf.compat.v1.Session) -> bool:
        """Whether all variables are resources of one CPU, so that one op can read them."""
        devices: list[Any] = getattr(session, "list_devices", list)()
        return (
            all(tf_internals.is_op_registered(op) for op in _READ_AT_ONCE)
            and [device.device_type for device in devices] == ["CPU"]
            and all(spec.proto.is_resource for spec, _ in self._state.variables)
        )

    def _read_at_once(self) -> list[tf.Tensor]:
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


def _save_op(path: Any, specs: Sequence[VariableSpec], values: Sequence[Any]) -> tf.Operation:
    return tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=[spec.key for spec in specs],
        shape_and_slices=[spec.slice_spec for spec in specs],
        tensors=values,
    )


def _save_values(specs: Sequence[VariableSpec], values: Sequence[Any], prefix: str) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        feeds = [tf.compat.v1.placeholder(spec.dtype.base_dtype) for spec in specs]
        save = _save_op(tf.constant(prefix), specs, feeds)
        session.run(save, feed_dict=dict(zip(feeds, values, strict=True)))


def copy_checkpoint(
    source: str, prefix: str, variables: Sequence[VariableSpec], names: Mapping[str, str]
) -> None:
    """Writes a checkpoint at `prefix` with the variables of a module, read from another checkpoint.

    Args:
      source: path prefix of the checkpoint to read, or a directory whose latest one is taken.
      prefix: of the checkpoint to write.
      variables: what to write.
      names: variable key -> name in `source`.

    Raises:
      CheckpointMismatchError: (a ValueError) `source` does not fit; see `check_checkpoint`.
    """
    if tf.io.gfile.isdir(for_tensorflow(source)):
        latest = _latest_checkpoint(restorable(source))
        if latest is None:
            raise CheckpointMismatchError(
                f"The directory {source!r} holds no checkpoint; pass its path prefix."
            )
        source = latest
    readable = restorable(source)
    check_checkpoint(held_by(readable), variables, source, names)
    graph_def = graph_pb2.GraphDef()
    path = string_const(graph_def, "source", readable)
    restore_node(graph_def, "restore", path, variables, names)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        (restore,) = tf.import_graph_def(graph_def, return_elements=["restore"], name="")
        session.run(_save_op(tf.constant(prefix), variables, restore.outputs))


def _latest_checkpoint(directory: str) -> str | None:
    """The path prefix of the latest checkpoint in a directory, as its file `checkpoint` says."""
    state = tf.train.get_checkpoint_state(directory)
    # tf.train.latest_checkpoint takes a name for a pattern, and misses "ckpt[1]".
    if state is not None and tf.io.gfile.exists(f"{state.model_checkpoint_path}.index"):
        return str(state.model_checkpoint_path)
    latest: str | None = tf.train.latest_checkpoint(directory)
    return latest


def check_has_all_variables(spec: DefinedSpec, state: State) -> None:
    """Raises ExportError naming variables of other graph variants that this instance does not have.

    A module has one checkpoint for all its variants, so the instance to export must hold them all.
    """
    # By key: an instance has all parts of a variable, even where another variant cuts it differently.
    have = {held.key for held, _ in state.variables}
    for tags, needed in spec.variables_by_variant.items():
        missing = sorted({variable.key for variable in needed if variable.key not in have})
        if missing:
            raise ExportError(
                f"A module has one set of weights for all graph variants. The variant {sorted(tags)} also "
                f"needs {', '.join(map(repr, missing))}, which this instance does not have. Export an "
                f"instance made with tags={sorted(tags)}."
            )

"""The floor: the work in TensorFlow's C++ that no implementation of `hub.Module` can avoid.

It uses no code of hubexplore, so that it can judge it: it determines the reachable nodes of a signature by
itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.core.protobuf.control_flow_pb2 import WhileContextDef

from benchmarks.subjects import Subject

v1 = tf.compat.v1

# State lives outside an applied signature: these ops, and the nodes of a variable, are not copied.
STATE_OPS = {
    "VarHandleOp", "VariableV2", "Variable", "HashTableV2", "HashTable", "MutableHashTableV2",
    "MutableHashTable", "MutableHashTableOfTensorsV2", "AnonymousHashTable", "AutoReloadVariable",
}  # fmt: skip


def producer(edge: str) -> str:
    """Returns the name of the node in a node input, control input or tensor name."""
    return edge.removeprefix("^").partition(":")[0]


def reached(nodes: dict[str, Any], targets: list[str], stops: set[str]) -> set[str]:
    """Returns the names of the nodes that `targets` need, without `stops` and what only these need."""
    names: set[str] = set()
    stack = [producer(target) for target in targets]
    while stack:
        name = stack.pop()
        if name in names or name in stops:
            continue
        names.add(name)
        stack.extend(producer(edge) for edge in nodes[name].input)
    return names


@dataclass(frozen=True)
class Plan:
    """The graphs of the floors for one subject, prepared before any measurement.

    Attributes:
      state: variables (handle or ref, initialiser, value) and table initialisers, restored by one
        RestoreV2 from the module's checkpoint.
      apply: the nodes reached between the inputs, the state and the outputs (and update ops where trainable).
      inputs: names of the tensors that stand for the inputs.
      outputs: names of the tensors that the signature returns.
      trainable: names in `state` of the handles of trainable variables.
      borrowed: names of state tensors that `apply` uses.
      initialisers: names in `state` to run.
      total: nodes of the variant's whole graph.
    """

    state: Any
    apply: Any
    inputs: dict[str, tuple[int, Any]]
    outputs: list[str]
    trainable: list[str]
    borrowed: list[str]
    initialisers: list[str]
    snapshots: list[tuple[str, str, str]]
    total: int
    variables: int
    saved_model: bytes = field(repr=False)

    @property
    def calls(self) -> int:
        """The number of nodes that one call must add."""
        return len(self.apply.node)


def plan(subject: Subject) -> Plan:
    """Reads the subject's graph and cuts out the graphs of state and call."""
    raw = (subject.path / "saved_model.pb").read_bytes()
    saved = saved_model_pb2.SavedModel.FromString(raw)
    meta = next(meta for meta in saved.meta_graphs if set(meta.meta_info_def.tags) == set(subject.tags))
    nodes = {node.name: node for node in meta.graph_def.node}
    variables = _variables(meta)
    tables = list(meta.collection_def["table_initializer"].node_list.value)
    state, stops = _state(meta, nodes, subject.path, variables, tables)
    signature = meta.signature_def[subject.signature]
    outputs = [name for _, info in sorted(signature.outputs.items()) for name in _tensors(info)]
    targets = list(outputs)
    if subject.trainable:
        targets += meta.collection_def["update_ops"].node_list.value
    fed = {name for info in signature.inputs.values() for name in _tensors(info)}
    inputs = {producer(name) for name in fed}
    names = reached(nodes, targets, stops | inputs)
    # A TF1 loop is complete or absent: TensorFlow's gradients also need the exits that no output uses.
    loops = [WhileContextDef.FromString(raw) for raw in meta.collection_def["while_context"].bytes_list.value]
    exits = [
        name for loop in loops if loop.pivot_name.partition(":")[0] in names for name in loop.loop_exit_names
    ]
    names = reached(nodes, targets + exits, stops | inputs)
    apply = _cut(meta.graph_def, nodes, names)
    used = {edge.removeprefix("^") for node in apply.node for edge in node.input}
    placeholders = {
        name: (info.dtype, info.tensor_shape)
        for info in signature.inputs.values()
        for name in _tensors(info)
        if name in used or name.removesuffix(":0") in used
    }
    borrowed = [edge for edge in used if producer(edge) in stops and producer(edge) not in inputs]
    return Plan(
        state=state,
        apply=apply,
        inputs=placeholders,
        outputs=outputs,
        trainable=[v.variable_name for v in _variables(meta, "trainable_variables")],
        borrowed=borrowed,
        initialisers=[variable.initializer_name for variable in variables] + tables,
        snapshots=[(v.snapshot_name, *_slice(v)) for v in variables],
        total=len(nodes),
        variables=len(variables),
        saved_model=raw,
    )


def _variables(meta: Any, collection: str = "variables") -> list[Any]:
    raw = meta.collection_def[collection].bytes_list.value
    return [variable_pb2.VariableDef.FromString(proto) for proto in raw]


def _tensors(info: Any) -> list[str]:
    kind = info.WhichOneof("encoding")
    if kind == "coo_sparse":
        sparse = info.coo_sparse
        names = [sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
        return [str(name) for name in names]
    if kind == "composite_tensor":
        return [name for part in info.composite_tensor.components for name in _tensors(part)]
    return [info.name]


def _slice(variable: Any) -> tuple[str, str]:
    """Returns the variable's key in the checkpoint and its "shape_and_slice" text (empty for all of it)."""
    piece = variable.save_slice_info_def
    if not piece.full_name:
        return producer(variable.variable_name), ""
    spans = ":".join(f"{o},{s}" for o, s in zip(piece.var_offset, piece.var_shape, strict=True))
    return piece.full_name, " ".join(map(str, piece.full_shape)) + " " + spans


def _state(
    meta: Any, nodes: dict[str, Any], path: Path, variables: list[Any], tables: list[str]
) -> tuple[Any, set[str]]:
    """Returns the state's graph with one RestoreV2, and the names of the nodes that calls must not copy."""
    snapshots = [variable.snapshot_name for variable in variables]
    cuts = {producer(nodes[producer(v.initializer_name)].input[1]) for v in variables}
    targets = [variable.initializer_name for variable in variables] + snapshots + tables
    names = reached(nodes, targets, cuts)
    assets = _assets(meta)
    graph = _cut(meta.graph_def, nodes, names)
    # The module's own initialisers then assign the restored values: one RestoreV2 reads the checkpoint once.
    assigns = {producer(v.initializer_name): index for index, v in enumerate(variables)}
    for node in graph.node:
        if node.name in assigns:
            index = assigns[node.name]
            node.input[1] = f"floor_restore:{index}" if index else "floor_restore"
        if node.name in assets:
            node.attr["value"].tensor.string_val[:] = [str(path / "assets" / assets[node.name]).encode()]
    if variables:
        graph.node.extend(_restore(path, variables, nodes))
    stops = {name for name in names if nodes[name].op in STATE_OPS}
    return graph, stops


def _assets(meta: Any) -> dict[str, str]:
    from tensorflow.core.protobuf import meta_graph_pb2

    file_names = {}
    for wrapped in meta.collection_def["saved_model_assets"].any_list.value:
        asset = meta_graph_pb2.AssetFileDef()
        wrapped.Unpack(asset)
        file_names[producer(asset.tensor_info.name)] = asset.filename
    return file_names


def _restore(path: Path, variables: list[Any], nodes: dict[str, Any]) -> list[Any]:
    """Returns the nodes of one RestoreV2 for all variables."""
    with tf.Graph().as_default() as graph:
        keys, slices = zip(*map(_slice, variables), strict=True)
        dtypes = [nodes[producer(v.variable_name)].attr["dtype"].type for v in variables]
        tf.raw_ops.RestoreV2(
            prefix=str(path / "variables" / "variables"),
            tensor_names=list(keys),
            shape_and_slices=list(slices),
            dtypes=[tf.dtypes.as_dtype(dtype) for dtype in dtypes],
            name="floor_restore",
        )
    return list(graph.as_graph_def().node)


def _cut(graph_def: Any, nodes: dict[str, Any], names: set[str]) -> Any:
    """Returns a GraphDef of these nodes, without devices and colocations, with the functions they call."""
    cut = v1.GraphDef(versions=graph_def.versions)
    cut.node.extend(node for name, node in nodes.items() if name in names)
    for node in cut.node:
        # Devices may not exist on this machine, and colocations may name nodes that are cut off.
        node.device = ""
        node.attr.pop("_class", None)
    cut.library.function.extend(_called(cut.node, graph_def.library))
    return cut


def _called(nodes: Any, library: Any) -> list[Any]:
    """Returns the functions that `nodes` call, directly or through other functions."""
    by_name = {function.signature.name: function for function in library.function}
    functions: dict[str, Any] = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        attrs = node.attr.values()
        calls = [attr.func.name for attr in attrs] + [call.name for attr in attrs for call in attr.list.func]
        for name in [node.op, *calls]:
            if name in by_name and name not in functions:
                functions[name] = by_name[name]
                stack.extend(by_name[name].node_def)
    return list(functions.values())


def build_state(floor: Plan) -> float:
    """Imports the state's nodes into the default graph; returns the seconds."""
    start = time.perf_counter()
    tf.import_graph_def(floor.state, name="module")
    return time.perf_counter() - start


def build_apply(floor: Plan) -> float:
    """Imports the nodes of one call into the default graph, which holds the state; returns the seconds."""
    graph = v1.get_default_graph()
    feeds = {
        name: v1.placeholder(tf.dtypes.as_dtype(dtype), tf.TensorShape(shape))
        for name, (dtype, shape) in floor.inputs.items()
    }
    for name in floor.borrowed:
        feeds[name] = graph.get_tensor_by_name(f"module/{name}" if ":" in name else f"module/{name}:0")
    # The placeholders are made before the clock starts, as for the two libraries in `rounds`.
    start = time.perf_counter()
    tf.import_graph_def(floor.apply, input_map=feeds, name="apply")
    return time.perf_counter() - start


def differentiable(floor: Plan) -> tuple[list[Any], list[Any]]:
    """Returns the outputs of one call and the trainable variables; both are created in the default graph."""
    graph = v1.get_default_graph()
    build_state(floor)
    build_apply(floor)
    outputs = [graph.get_tensor_by_name(f"apply/{name}") for name in floor.outputs]
    return outputs, [graph.get_tensor_by_name(f"module/{name}") for name in floor.trainable]


def initialise(floor: Plan) -> tuple[float, Any]:
    """Creates a session and runs one RestoreV2 with all assigns and table initialisers.

    Returns:
      Seconds, and the session.
    """
    graph = v1.get_default_graph()
    names = [f"module/{producer(name)}" for name in floor.initialisers]
    # Grouped before the clock starts, as the libraries get one op to run.
    run_all = tf.group(*[graph.get_operation_by_name(name) for name in names])
    start = time.perf_counter()
    session = v1.Session()
    session.run(run_all)
    return time.perf_counter() - start, session


def save(floor: Plan, session: Any, target: Path) -> float:
    """Runs one SaveV2 of all variables and writes the graph to `target`; returns the seconds."""
    graph = v1.get_default_graph()
    target.mkdir()
    # The ops are added before the clock starts: only writing is unavoidable.
    write: Any = tf.no_op()
    if floor.snapshots:
        values = [graph.get_tensor_by_name(f"module/{snapshot}") for snapshot, _, _ in floor.snapshots]
        write = tf.raw_ops.SaveV2(
            prefix=str(target / "variables"),
            tensor_names=[key for _, key, _ in floor.snapshots],
            shape_and_slices=[piece for _, _, piece in floor.snapshots],
            tensors=values,
        )
    start = time.perf_counter()
    session.run(write)
    (target / "saved_model.pb").write_bytes(floor.saved_model)
    return time.perf_counter() - start

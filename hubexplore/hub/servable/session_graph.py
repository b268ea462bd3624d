"""The graph of a SavedModel for loaders with sessions, such as TensorFlow Serving."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saver_pb2

from hubexplore.hub.servable.callables import Callable
from hubexplore.hub.servable.function_body import call_of, unused
from hubexplore.hub.servable.objects import OBJECT_GRAPH_KEY
from hubexplore.hub.servable.state import Resource, SavedVariable
from hubexplore.hub.variants.restore import groups
from hubexplore.summary.module_format import INIT_OP, MAIN_OPS

_METHOD: Final = "tensorflow/serving/predict"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_./-]")


class SessionGraph:
    """Fills a meta graph.

    Args:
      meta_graph: gets nodes, signatures, the op that initialises, and the description of the checkpoint.
    """

    def __init__(self, meta_graph: meta_graph_pb2.MetaGraphDef) -> None:
        self._meta_graph = meta_graph
        self._used: set[str] = set()
        self._edges: dict[int, str] = {}
        self._fed: dict[int, str] = {}
        self._initializers: list[str] = []

    def add_variables(self, variables: Iterable[SavedVariable]) -> None:
        """Adds the handles of variables."""
        for variable in variables:
            self._edges[variable.number] = self._handle(
                variable.name, variable.spec.dtype.base_dtype, variable.spec.shape
            )

    def add_file(self, number: int, filename: str) -> None:
        """Adds a file, whose path loaders feed while they initialise, and which is kept in a variable."""
        path = self._node("asset_path", "Placeholder")
        path.attr["dtype"].type = tf.string.as_datatype_enum
        path.attr["shape"].shape.SetInParent()
        self._fed[number] = path.name
        handle = self._handle(f"{path.name}/kept", tf.string, tf.TensorShape([]))
        assign = self._node(f"{handle}/Assign", "AssignVariableOp", [handle, path.name])
        assign.attr["dtype"].type = tf.string.as_datatype_enum
        self._initializers.append(assign.name)
        read = self._node(f"{handle}/Read", "ReadVariableOp", [handle])
        read.attr["dtype"].type = tf.string.as_datatype_enum
        self._edges[number] = read.name
        entry = self._meta_graph.asset_file_def.add(filename=filename)
        entry.tensor_info.name = f"{path.name}:0"

    def add_resources(self, resources: Sequence[Resource]) -> None:
        """Adds tables, and what fills them."""
        for resource in resources:
            names: dict[str, str] = {}
            for made in resource.nodes:
                node = self._node(made.name, made.op, [names.get(edge, edge) for edge in made.input])
                for key, value in made.attr.items():
                    if key != "_class":
                        node.attr[key].CopyFrom(value)
                names[made.name] = node.name
                self._edges[resource.number] = node.name
        # A filler may read other tables.
        for resource in resources:
            if resource.filler is not None:
                edges = [self._fed.get(number, self._edges[number]) for number in resource.captured]
                self._initializers.append(self._call("initialize", resource.filler, edges).name)

    def add_signature(self, name: str, made: Callable) -> None:
        """Adds a signature: placeholders, and a call of its function."""
        signature = self._meta_graph.signature_def[name]
        signature.method_name = _METHOD
        edges = []
        for field in made.inputs:
            placeholder = self._node(f"{name}_{field.name}", "Placeholder")
            placeholder.attr["dtype"].type = field.spec.dtype.as_datatype_enum
            placeholder.attr["shape"].shape.CopyFrom(field.spec.shape.as_proto())
            edges.append(placeholder.name)
            _describe(signature.inputs[field.name], f"{placeholder.name}:0", field.spec)
        edges.extend(self._edges[number] for number in made.captured)
        shapes = {number: field.spec.shape for number, field in enumerate(made.outputs)}
        # The name that TensorFlow gives such a call, by which programs know it.
        call = self._call("StatefulPartitionedCall", made.function, edges, shapes)
        for number, field in enumerate(made.outputs):
            _describe(signature.outputs[field.name], f"{call.name}:{number}", field.spec)

    def finish(self, variables: Sequence[SavedVariable], objects: bytes) -> None:
        """Adds what initialises, and what restores and saves the checkpoint.

        Args:
          variables: in any order.
          objects: what the checkpoint holds besides their values.
        """
        init = self._node("initialize_all", "NoOp", [f"^{name}" for name in self._initializers])
        self._meta_graph.collection_def[MAIN_OPS[0]].node_list.value.append(init.name)
        declared = self._meta_graph.signature_def[INIT_OP].outputs[INIT_OP]
        declared.name = init.name
        declared.tensor_shape.unknown_rank = True
        path = self._node("saver_filename", "Placeholder")
        path.attr["dtype"].type = tf.string.as_datatype_enum
        path.attr["shape"].shape.SetInParent()
        saver = self._meta_graph.saver_def
        saver.version = saver_pb2.SaverDef.V2
        saver.filename_tensor_name = f"{path.name}:0"
        saver.save_tensor_name = f"{self._saving(path.name, variables, objects)}:0"
        saver.restore_op_name = self._restoring(path.name, variables)

    def _restoring(self, path: str, variables: Sequence[SavedVariable]) -> str:
        by_spec = {id(variable.spec): variable for variable in variables}
        assigned = []
        for group in groups([variable.spec for variable in variables]):
            members = [by_spec[id(spec)] for spec in group]
            names = self._strings("restore/names", [variable.key for variable in members])
            slices = self._strings("restore/slices", [""] * len(members))
            restore = self._node("restore/RestoreV2", "RestoreV2", [path, names, slices])
            restore.attr["dtypes"].list.type.extend(map(_dtype, members))
            for number, variable in enumerate(members):
                edges = [self._edges[variable.number], f"{restore.name}:{number}"]
                assign = self._node("restore/Assign", "AssignVariableOp", edges)
                assign.attr["dtype"].type = _dtype(variable)
                assigned.append(f"^{assign.name}")
        return str(self._node("restore/all", "NoOp", assigned).name)

    def _saving(self, path: str, variables: Sequence[SavedVariable], objects: bytes) -> str:
        reads = []
        for variable in variables:
            read = self._node("save/Read", "ReadVariableOp", [self._edges[variable.number]])
            read.attr["dtype"].type = _dtype(variable)
            reads.append(read.name)
        names = self._strings("save/names", [*(variable.key for variable in variables), OBJECT_GRAPH_KEY])
        slices = self._strings("save/slices", [""] * (len(variables) + 1))
        graph = self._strings("save/objects", [objects], scalar=True)
        save = self._node("save/SaveV2", "SaveV2", [path, names, slices, *reads, graph])
        save.attr["dtypes"].list.type.extend([*map(_dtype, variables), tf.string.as_datatype_enum])
        saved = self._node("save/path", "Identity", [path, f"^{save.name}"])
        saved.attr["T"].type = tf.string.as_datatype_enum
        return str(saved.name)

    def _handle(self, name: str, dtype: tf.DType, shape: tf.TensorShape) -> str:
        node = self._node(name, "VarHandleOp")
        node.attr["dtype"].type = dtype.as_datatype_enum
        node.attr["shape"].shape.CopyFrom(shape.as_proto())
        node.attr["shared_name"].s = node.name.encode()
        return str(node.name)

    def _call(self, name: str, function: Any, edges: Iterable[str], shapes: Any = None) -> Any:
        node = self._meta_graph.graph_def.node.add()
        node.CopyFrom(call_of(function, self._free(name), edges, shapes))
        return node

    def _strings(self, name: str, values: Sequence[str | bytes], *, scalar: bool = False) -> str:
        node = self._node(name, "Const")
        node.attr["dtype"].type = tf.string.as_datatype_enum
        tensor = node.attr["value"].tensor
        tensor.dtype = tf.string.as_datatype_enum
        tensor.tensor_shape.SetInParent()
        if not scalar:
            tensor.tensor_shape.dim.add(size=len(values))
        tensor.string_val.extend(value if isinstance(value, bytes) else value.encode() for value in values)
        return str(node.name)

    def _node(self, name: str, op: str, edges: Iterable[str] = ()) -> Any:
        node: graph_pb2.GraphDef = self._meta_graph.graph_def.node.add(name=self._free(name), op=op)
        node.input.extend(edges)
        return node

    def _free(self, name: str) -> str:
        free = unused(_op_name(name), self._used)
        self._used.add(free.lower())
        return free


def _dtype(variable: SavedVariable) -> int:
    return int(variable.spec.dtype.base_dtype.as_datatype_enum)


def _describe(info: Any, tensor: str, spec: tf.TensorSpec) -> None:
    info.name = tensor
    info.dtype = spec.dtype.as_datatype_enum
    info.tensor_shape.CopyFrom(spec.shape.as_proto())


def _op_name(text: str) -> str:
    """Text as the name of an op; names of signatures and inputs may be anything."""
    name = _NOT_IN_NAMES.sub("_", text)
    return name if name[:1].isalnum() or name[:1] == "." else f"op_{name}"

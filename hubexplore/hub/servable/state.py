"""The state of a graph variant as objects: its variables, tables and files, which functions capture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import function_pb2, graph_pb2

from hubexplore.hub import tf_internals
from hubexplore.hub.graph.slice import GraphSlice, check_complete, slice_graph
from hubexplore.hub.graph.state import IN_FUNCTIONS, find_fillers
from hubexplore.hub.servable.function_body import Argument, Body, Result, unused
from hubexplore.hub.servable.function_library import FunctionLibrary
from hubexplore.hub.servable.objects import Objects
from hubexplore.hub.storage import assets
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.hub.variants.variable_specs import VariableSpec
from hubexplore.summary.graph.traversal import Cut, node_of, reach, tensor_of

_SHARED_NAME: Final = "shared_name"
_NODE_NAME_SHARING: Final = "use_node_name_sharing"
_RESULT: Final = tf.TensorSpec([], tf.int32)
_HANDLE: Final = tf.TensorSpec([], tf.resource)


@dataclass(frozen=True)
class Resource:
    """A table or other resource.

    Attributes:
      number: of the object.
      nodes: that make it, the one with its handle last.
      filler: the function that fills it; None where nothing does.
      captured: objects that the filler gets.
    """

    number: int
    nodes: tuple[Any, ...]
    filler: Any
    captured: tuple[int, ...]


@dataclass(frozen=True)
class SavedVariable:
    """A variable, or one part of a partitioned one.

    Attributes:
      number: of the object.
      spec: what it is in the module.
      name: that it has in the SavedModel.
      key: of its value in the checkpoint.
    """

    number: int
    spec: VariableSpec
    name: str
    key: str


class FileList:
    """The files that graphs read, each once.

    Args:
      names: path -> file name in the SavedModel.
      objects: get an object for each.
    """

    def __init__(self, names: Mapping[str, str], objects: Objects) -> None:
        self.names = names
        self._objects = objects
        self.numbers: dict[str, int] = {}
        """File name -> number of its object, in the order of the list of files."""

    def number(self, path: str) -> int:
        """The object for a path."""
        name = self.names[path]
        if name not in self.numbers:
            self.numbers[name] = self._objects.add_asset(len(self.numbers))
        return self.numbers[name]


class VariantState:
    """The state of one graph variant. Tables become objects when a function captures them, or at the end.

    Args:
      variant: without references, its files part of the state.
      position: of the variant among those that are written.
      variables: name of a node -> the variable it is.
      objects: get an object for each resource.
      library: gets the functions that make and fill them.
      files: of all variants.
    """

    def __init__(  # noqa: PLR0917 - one caller
        self,
        variant: GraphVariant,
        position: int,
        variables: Mapping[str, SavedVariable],
        objects: Objects,
        library: FunctionLibrary,
        files: FileList,
    ) -> None:
        self.variant = variant
        self._position = position
        self._variables = variables
        self._objects = objects
        self._library = library
        self._files = files
        self._paths = {
            node_of(tensor): path
            for tensor, path in assets.used_files(variant.meta_graph, variant.nodes).items()
        }
        self.resources: dict[str, Resource] = {}
        self._fillers = find_fillers(variant, self._is_resource)

    def fill_tables(self) -> None:
        """Makes objects of all tables that are filled, also of those that no function captured."""
        for name in self._fillers:
            if name != IN_FUNCTIONS:
                self._resource(name)
        loose = self._fillers.get(IN_FUNCTIONS, [])
        if loose:
            # Their tables are in functions, and are found by name. Loaders initialise with an object only.
            stand_in = GraphSlice(graph_pb2.GraphDef(), function_pb2.FunctionDefLibrary(), {}, {})
            node = stand_in.graph_def.node.add(name=IN_FUNCTIONS, op="VarHandleOp")
            node.attr["dtype"].type = tf.int32.as_datatype_enum
            node.attr["shape"].shape.SetInParent()
            self._add_resource(IN_FUNCTIONS, stand_in, loose)

    def captured(self, graph_slice: GraphSlice, tensors: Iterable[str]) -> tuple[GraphSlice, list[str]]:
        """Leaves out of a slice what is captured.

        Args:
          graph_slice: a slice that was cut at the state.
          tensors: of the state that it uses.

        Returns:
          The slice, and the tensors that it captures, sorted. Nodes of the state that hold a value, such as a
          time, are in it.
        """
        nodes = self.variant.nodes
        tensors = sorted(tensors)
        plain = {node_of(tensor) for tensor in tensors if not self._is_handle(node_of(tensor))}
        names = {node.name for node in graph_slice.graph_def.node}
        if plain:
            names |= reach(nodes, plain).nodes
        if names != {node.name for node in graph_slice.graph_def.node}:
            graph_slice = slice_graph(self.variant, names)
        return graph_slice, [tensor for tensor in tensors if node_of(tensor) not in plain]

    def argument(self, tensor: str) -> Argument:
        """What a function gets for a tensor of the state."""
        name = node_of(tensor)
        if name in self._paths:
            return Argument(tensor, tf.string, tf.TensorShape([]))
        variable = self._variables.get(name)
        if variable is None:
            return Argument(tensor, tf.resource, tf.TensorShape([]))
        return Argument(
            tensor, tf.resource, tf.TensorShape([]), (variable.spec.dtype.base_dtype, variable.spec.shape)
        )

    def number(self, tensor: str) -> int:
        """The object that a function captures for a tensor of the state."""
        name = node_of(tensor)
        if name in self._paths:
            return self._files.number(self._paths[name])
        return self._variables[name].number if name in self._variables else self._resource(name).number

    def region(self, names: Iterable[str]) -> tuple[GraphSlice, list[str]]:
        """The slice that computes tensors or runs ops, and the state that it captures."""
        state = self.variant.state_nodes
        found = reach(self.variant.nodes, names, Cut(nodes=state, controls=state))
        check_complete(found.missing)
        return self.captured(slice_graph(self.variant, found.nodes), found.cut_tensors)

    def _is_resource(self, name: str) -> bool:
        return name not in self._variables and name not in self._paths and self._is_handle(name)

    def _is_handle(self, name: str) -> bool:
        if name in self._variables or name in self._paths:
            return True
        definition = tf_internals.op_def(self.variant.nodes[name].op)
        return bool(definition.output_arg) and definition.output_arg[0].type == tf.resource.as_datatype_enum

    def _resource(self, name: str) -> Resource:
        if name not in self.resources:
            graph_slice = slice_graph(self.variant, reach(self.variant.nodes, [name]).nodes)
            self._add_resource(name, graph_slice, self._fillers.get(name, []))
        return self.resources[name]

    def _add_resource(self, name: str, graph_slice: GraphSlice, initializers: list[str]) -> None:
        """Adds an object with the functions that make and fill it.

        Args:
          name: of the node with its handle.
          graph_slice: what makes it.
          initializers: ops that fill it.
        """
        number = self._objects.add_resource()
        # Before its functions are made: the filler captures the table itself.
        self.resources[name] = Resource(number, (), None, ())
        self._set_shared_name(graph_slice, name)
        label = f"{self._position}_{name}"
        maker = self._library.add(
            f"create_{label}", Body(graph_slice, (), [Result(tensor_of(name), tf.resource)]), self.variant
        )
        filler, captured = self._filler(label, initializers)
        self._objects.add_concrete(maker.signature.name, ((), {}), _HANDLE, ())
        children = {"_create_resource": self._objects.add_function([maker.signature.name], {})}
        if filler is not None:
            self._objects.add_concrete(filler.signature.name, ((), {}), _RESULT, captured)
            children["_initialize"] = self._objects.add_function([filler.signature.name], {})
        self._objects.set_children(number, children)
        nodes = sorted(graph_slice.graph_def.node, key=lambda node: bool(node.name == name))
        self.resources[name] = Resource(number, tuple(nodes), filler, captured)

    def _set_shared_name(self, graph_slice: GraphSlice, name: str) -> None:
        """Keeps resources of two variants apart, and those of one variant together that share a name."""
        for node in graph_slice.graph_def.node:
            if node.name != name:
                continue
            definition = tf_internals.op_def(node.op)
            if definition is None or all(attr.name != _SHARED_NAME for attr in definition.attr):
                continue
            shared = node.attr[_SHARED_NAME].s or os.fsencode(name)
            node.attr[_SHARED_NAME].s = b"%d/" % self._position + shared
            if any(attr.name == _NODE_NAME_SHARING for attr in definition.attr):
                # Otherwise a loader gives each node of a hash table a name of its own.
                node.attr[_NODE_NAME_SHARING].b = True

    def _filler(self, label: str, initializers: list[str]) -> tuple[Any, tuple[int, ...]]:
        if not initializers:
            return None, ()
        graph_slice, tensors = self.region(initializers)
        graph_def = graph_pb2.GraphDef()
        graph_def.CopyFrom(graph_slice.graph_def)
        done = graph_def.node.add(
            name=unused("done", {node.name.lower() for node in graph_def.node}), op="Const"
        )
        done.attr["dtype"].type = tf.int32.as_datatype_enum
        done.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0, tf.int32))
        body = Body(
            GraphSlice(graph_def, graph_slice.library, {}, {}),
            [self.argument(tensor) for tensor in tensors],
            [Result(f"{done.name}:0", tf.int32)],
            [node_of(name) for name in initializers],
        )
        filler = self._library.add(f"initialize_{label}", body, self.variant)
        return filler, tuple(self.number(tensor) for tensor in tensors)

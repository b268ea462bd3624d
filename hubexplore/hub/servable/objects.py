"""The objects of a SavedModel: what a loader makes, and which of them have values in the checkpoint.

Formats: tensorflow/core/protobuf/saved_object_graph.proto and trackable_object_graph.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import versions_pb2
from tensorflow.core.protobuf import saved_object_graph_pb2, trackable_object_graph_pb2

from hubexplore.hub import tf_saved_models

ROOT: Final = 0
OBJECT_GRAPH_KEY: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""Name in a checkpoint of the message that says which object each value belongs to."""
_VALUE: Final = "VARIABLE_VALUE"
_VERSIONS: Final = versions_pb2.VersionDef(producer=1, min_consumer=1)


class Objects:
    """Collects objects; the first one is the root, as which the model is loaded."""

    def __init__(self) -> None:
        self.saved = saved_object_graph_pb2.SavedObjectGraph()
        self._values: dict[int, tuple[str, str]] = {}
        self.add_node("_generic_user_object")

    def add_node(self, kind: str, children: Mapping[str, int] | None = None) -> int:
        """Adds an object of a class that every loader knows; returns its number."""
        number = len(self.saved.nodes)
        node = self.saved.nodes.add()
        node.user_object.identifier = kind
        node.user_object.version.CopyFrom(_VERSIONS)
        self.set_children(number, children or {})
        return number

    def add_list(self, members: Iterable[int]) -> int:
        """Adds a list of objects."""
        return self.add_node(
            "trackable_list_wrapper", {str(position): member for position, member in enumerate(members)}
        )

    def add_dict(self, members: Mapping[str, int]) -> int:
        """Adds a dict of objects; its keys may be any text."""
        return self.add_node("trackable_dict_wrapper", members)

    def set_children(self, number: int, children: Mapping[str, int]) -> None:
        """Lets an object have others, under names."""
        for name, child in children.items():
            self.saved.nodes[number].children.add(node_id=child, local_name=name)

    def add_variable(
        self, name: str, dtype: tf.DType, shape: tf.TensorShape, *, trainable: bool, key: str
    ) -> int:
        """Adds a variable.

        Args:
          name: that it has.
          dtype: of its elements.
          shape: of its value.
          trainable: whether gradients are computed for it by default.
          key: of its value in the checkpoint.
        """
        number = len(self.saved.nodes)
        variable = self.saved.nodes.add().variable
        variable.name, variable.trainable = name, trainable
        variable.dtype = dtype.as_datatype_enum
        variable.shape.CopyFrom(shape.as_proto())
        self._values[number] = name, key
        return number

    def add_asset(self, number_of_file: int) -> int:
        """Adds a file, by its position in the list of files."""
        number = len(self.saved.nodes)
        self.saved.nodes.add().asset.asset_file_def_index = number_of_file
        return number

    def add_resource(self) -> int:
        """Adds a table or other resource; its children `_create_resource` and `_initialize` make it."""
        number = len(self.saved.nodes)
        self.saved.nodes.add().resource.SetInParent()
        return number

    def add_function(self, concrete: Iterable[str], parameters: Mapping[str, Any]) -> int:
        """Adds a function that is chosen by its arguments.

        Args:
          concrete: names of the functions of the library that it stands for; see `add_concrete`.
          parameters: name -> default value.
        """
        number = len(self.saved.nodes)
        function = self.saved.nodes.add().function
        function.concrete_functions.extend(concrete)
        _describe(function.function_spec, list(parameters), tuple(parameters.values()), [])
        return number

    def add_signature(self, concrete: str, keywords: Sequence[str]) -> int:
        """Adds a function with keyword arguments only."""
        number = len(self.saved.nodes)
        function = self.saved.nodes.add().bare_concrete_function
        function.concrete_function_name = concrete
        function.argument_keywords.extend(keywords)
        function.allowed_positional_arguments = int(len(keywords) == 1)
        # A loader makes parameters of Python of these, which other names cannot be; without a description it
        # passes arguments by `argument_keywords`.
        if all(keyword.isidentifier() for keyword in keywords):
            _describe(function.function_spec, [], None, list(keywords))
        return number

    def add_concrete(
        self, name: str, inputs: tuple[tuple[Any, ...], dict[str, Any]], outputs: Any, captured: Iterable[int]
    ) -> None:
        """Describes a function of the library.

        Args:
          name: in the library.
          inputs: positional and keyword arguments: type specs, or values of Python.
          outputs: nested structure of type specs.
          captured: objects that it gets after its inputs.
        """
        concrete = self.saved.concrete_functions[name]
        concrete.bound_inputs.extend(captured)
        concrete.canonicalized_input_signature.CopyFrom(tf_saved_models.encode_structure(inputs))
        concrete.output_signature.CopyFrom(tf_saved_models.encode_structure(outputs))

    def values_message(self) -> bytes:
        """What the checkpoint has to hold under `OBJECT_GRAPH_KEY`."""
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        for number, saved in enumerate(self.saved.nodes):
            node = graph.nodes.add()
            for child in saved.children:
                node.children.add(node_id=child.node_id, local_name=child.local_name)
            if number in self._values:
                name, key = self._values[number]
                node.attributes.add(name=_VALUE, full_name=name, checkpoint_key=key)
                node.has_checkpoint_values.value = True
        return bytes(graph.SerializeToString(deterministic=True))


def _describe(spec: Any, arguments: list[str], defaults: tuple[Any, ...] | None, keywords: list[str]) -> None:
    fields: dict[str, Any] = {
        "args": arguments,
        "varargs": None,
        "varkw": None,
        "defaults": defaults or None,
        "kwonlyargs": keywords,
        "kwonlydefaults": None,
        "annotations": {},
    }
    # Written field by field, as an encoded dict would not be a FullArgSpec.
    named = spec.fullargspec.named_tuple_value
    named.name = "FullArgSpec"
    for key, value in fields.items():
        entry = named.values.add(key=key)
        entry.value.CopyFrom(tf_saved_models.encode_structure(value))
    spec.input_signature.none_value.SetInParent()

"""The functions of a SavedModel: those that are made, and those of the graph variants that these call."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from tensorflow.core.framework import function_pb2

from hubexplore.hub.graph.functions import rename_functions
from hubexplore.hub.graph.slice import GraphSlice
from hubexplore.hub.servable.function_body import Body, function_of
from hubexplore.hub.variants.graph_variant import GraphVariant

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_]+")


class FunctionLibrary:
    """Collects functions, each name once.

    Graph variants may use one name for different functions. Then all those of the later variant get new
    names, since any of them may call one that differs.
    """

    def __init__(self) -> None:
        self.message = function_pb2.FunctionDefLibrary()
        self._added: set[str] = set()
        self._contents: dict[str, bytes] = {}
        self._endings: dict[int, str] = {}
        self._copied: set[str] = set()

    def add(self, purpose: str, body: Body, variant: GraphVariant) -> Any:
        """Adds the function of a body of a graph variant, with all that it calls; returns it."""
        called = body.graph_slice.library
        if called.function:
            body = replace(body, graph_slice=self._with_library(body.graph_slice, variant))
        return self.add_function(function_of(self.free_name(purpose), body))

    def add_function(self, function: Any) -> Any:
        """Adds a function whose name is free; returns it."""
        self._added.add(function.signature.name)
        self.message.function.append(function)
        return self.message.function[-1]

    def free_name(self, purpose: str) -> str:
        """A name as TensorFlow gives them: its hashes of a SavedModel need the number at the end."""
        base, number = _NOT_IN_NAMES.sub("_", purpose), len(self._added)
        while (name := f"__inference_{base}_{number}") in self._added or name in self._contents:
            number += 1
        return name

    def _ending(self, variant: GraphVariant) -> str:
        """What all names of functions of a variant get at their end."""
        key = id(variant)
        if key not in self._endings:
            contents = {
                function.signature.name: function.SerializeToString(deterministic=True)
                for function in variant.library.function
            }
            ending, number = "", 0
            while any(
                f"{name}{ending}" in self._added
                or self._contents.get(f"{name}{ending}", content) != content
                or (ending and f"{name}{ending}" in contents)
                for name, content in contents.items()
            ):
                number += 1
                ending = f"_variant_{number}"
            self._endings[key] = ending
            self._contents |= {f"{name}{ending}": content for name, content in contents.items()}
        return self._endings[key]

    def _with_library(self, graph_slice: GraphSlice, variant: GraphVariant) -> GraphSlice:
        """Adds the functions that a slice calls; returns it with their new names."""
        ending = self._ending(variant)
        graph_def = type(graph_slice.graph_def)()
        graph_def.CopyFrom(graph_slice.graph_def)
        graph_def.library.CopyFrom(graph_slice.library)
        if ending:
            functions = graph_slice.library.function
            rename_functions(
                graph_def,
                {function.signature.name: f"{function.signature.name}{ending}" for function in functions},
            )
        library = function_pb2.FunctionDefLibrary()
        library.CopyFrom(graph_def.library)
        graph_def.ClearField("library")
        for function in library.function:
            for node in function.node_def:
                if node.op == "HashTableV2" and node.attr["shared_name"].s:
                    # Otherwise a loader gives it a name of its own in each function, and none is filled.
                    node.attr["use_node_name_sharing"].b = True
        names = {function.signature.name for function in library.function} - self._copied
        self.message.function.extend(
            function for function in library.function if function.signature.name in names
        )
        self.message.gradient.extend(
            gradient for gradient in library.gradient if gradient.function_name in names
        )
        self._copied |= names
        return replace(graph_slice, graph_def=graph_def, library=library)

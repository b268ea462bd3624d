"""The objects of a TF2 SavedModel, as far as they run functions: on loading, or when users call them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hubexplore.summary.analysis.asset_files import AssetPath
from hubexplore.summary.analysis.folding import constant_parts
from hubexplore.summary.analysis.values import Value, constant, dependent
from hubexplore.summary.capabilities.model import Origin

# Methods of tables and other resources that TensorFlow's loader calls by itself; the last when the object is
# dropped, which no user asks for either.
RUN_ON_LOADING: Final = frozenset({"_create_resource", "_initialize", "_destroy_resource"})
_SIGNATURES: Final = "signatures/"
_LONGEST_PATH: Final = 200


class Objects:
    """What the objects of a meta graph run.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: of its graph, by name.
      path_of: an asset.
    """

    def __init__(self, meta_graph: Any, nodes: Mapping[str, Any], path_of: AssetPath) -> None:
        graph = meta_graph.object_graph_def if meta_graph.HasField("object_graph_def") else None
        self._objects = list(graph.nodes) if graph is not None else []
        self._functions = graph.concrete_functions if graph is not None else {}
        self._assets = [path_of(asset.filename) for asset in meta_graph.asset_file_def]
        self._nodes = nodes

    def loading(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields (label, function names) of what TensorFlow's loader calls."""
        for number, saved_object in enumerate(self._objects):
            path = self._paths.get(number, "")
            for child in saved_object.children:
                if child.local_name in RUN_ON_LOADING:
                    yield f"{child.local_name} of {path!r}", self._of(child.node_id)
            for name in sorted(saved_object.saveable_objects):
                restore = saved_object.saveable_objects[name].restore_function
                yield f"restoring {path!r}", self._of(restore)

    def calls(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields (name, function names) of the functions that users can call; signatures by name."""
        by_loader = {
            child.node_id
            for saved_object in self._objects
            for child in saved_object.children
            if child.local_name in RUN_ON_LOADING
        }
        for number in range(len(self._objects)):
            if number not in by_loader and (names := self._of(number)):
                path = self._paths.get(number, "")
                yield path.removeprefix(_SIGNATURES) or names[0], names

    def captured(self) -> dict[str, list[list[Value]]]:
        """Function name -> the values of the arguments that it captures, for calls from outside."""
        called = {name for _, names in (*self.loading(), *self.calls()) for name in names}
        return {
            name: [[self._value(number) for number in self._functions[name].bound_inputs]]
            for name in called
            if name in self._functions
        }

    @functools.cached_property
    def _paths(self) -> dict[int, str]:
        """Number of an object -> its shortest path."""
        paths = {0: ""} if self._objects else {}
        queue = list(paths)
        for number in queue:  # grows while it is walked
            above = f"{paths[number]}/" if paths[number] else ""
            for child in self._objects[number].children:
                if child.node_id not in paths and 0 <= child.node_id < len(self._objects):
                    paths[child.node_id] = (above + child.local_name)[-_LONGEST_PATH:]
                    queue.append(child.node_id)
        return paths

    def _of(self, number: int) -> tuple[str, ...]:
        """The functions that an object is."""
        if not 0 <= number < len(self._objects):
            return ()
        saved_object = self._objects[number]
        match saved_object.WhichOneof("kind"):
            case "function":
                return tuple(saved_object.function.concrete_functions)
            case "bare_concrete_function":
                return (saved_object.bare_concrete_function.concrete_function_name,)
        return ()

    def _value(self, number: int) -> Value:
        """The value of an object that a function captures."""
        if not 0 <= number < len(self._objects):
            return dependent(Origin.COMPUTED)
        saved_object = self._objects[number]
        match saved_object.WhichOneof("kind"):
            case "asset":
                index = saved_object.asset.asset_file_def_index
                if 0 <= index < len(self._assets):
                    return constant(self._assets[index])
            case "constant":
                node = self._nodes.get(saved_object.constant.operation)
                parts = constant_parts(node) if node is not None else None
                if parts is not None:
                    return constant(*parts)
            case "variable":
                return dependent(Origin.VARIABLE, saved_object.variable.name or self._paths.get(number, ""))
        return dependent(Origin.COMPUTED, self._paths.get(number, ""))

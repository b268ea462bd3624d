"""The objects of a TF2 SavedModel: their paths, their names in the checkpoint, and what functions capture.

The objects are a graph: object 0 is the root, and each names its children. A variable may have several paths.

Sources: tensorflow/core/protobuf/saved_object_graph.proto; tensorflow/python/checkpoint/graph_view.py for the
names in the checkpoint; tensorflow/python/saved_model/save.py for captures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

VALUE: Final = "/.ATTRIBUTES/VARIABLE_VALUE"
OPTIMIZER_SLOT: Final = "/.OPTIMIZER_SLOT/"
"""What the name of an optimizer's slot in a checkpoint contains."""
MOST_OBJECTS: Final = 250_000
"""Maximum number of objects that are read."""
# Characters of an object's path; the paths of a chain of objects together grow with the square of its length.
_LONGEST_PATH: Final = 2_000
# Children under which Keras repeats what its layers have under names of their own, by number.
_BOOKKEEPING: Final = re.compile(
    r"_.*|keras_api|layer(_with_weights)?-\d+|(non_)?(trainable_)?(variables|weights)", re.DOTALL
)
_GENERIC: Final = re.compile(r"(Variable)?(_\d+)?")
_CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


def checkpoint_paths(objects: Any) -> dict[int, str]:
    """Object number -> shortest path from object 0, its parts escaped as in a checkpoint.

    Slots of an optimizer have paths that are built of those of the variable and the optimizer. Objects with a
    path longer than `_LONGEST_PATH` are left out, with what is below them.
    """
    paths = _shortest(objects, escaped, lambda name: True)
    for index, saved_object in enumerate(objects):
        for slot in saved_object.slot_variables:
            owner = paths.get(slot.original_variable_node_id)
            if owner is not None and index in paths:
                name = f"{owner}{OPTIMIZER_SLOT}{paths[index]}/{escaped(slot.slot_name)[:_LONGEST_PATH]}"
                paths.setdefault(slot.slot_variable_node_id, name)
    return paths


def escaped(name: str) -> str:
    """The name of a child as a part of a name in a checkpoint."""
    return name.replace(".", "..").replace("/", ".S")


def _shortest(objects: Any, spell: Callable[[str], str], follows: Callable[[str], bool]) -> dict[int, str]:
    """Object number -> shortest path from object 0 along the children whose names are followed."""
    count = len(objects)
    paths = {0: ""} if count else {}
    queue = list(paths)
    for number in queue:  # grows while it is walked
        above = f"{paths[number]}/" if paths[number] else ""
        for child in objects[number].children:
            if child.node_id not in paths and 0 <= child.node_id < count and follows(child.local_name):
                path = above + spell(child.local_name)
                if len(path) <= _LONGEST_PATH:
                    paths[child.node_id] = path
                    queue.append(child.node_id)
    return paths


def is_bookkeeping(name: str) -> bool:
    """Whether a child has a name that its author did not choose."""
    return _BOOKKEEPING.fullmatch(name) is not None


def variable_names(objects: Any, numbers: Iterable[int]) -> dict[int, str]:
    """Names for some variables of a model, by which users recognise them; several may be equal.

    It is the shortest path of attributes that the author named ("dense/kernel"). A variable that only lists
    of Keras lead to ("variables/3", "layer_with_weights-0/kernel") has the name that it got when it was made,
    unless that is TensorFlow's own "Variable"; then it is the path after all.

    Args:
      objects: all objects.
      numbers: of the variables.

    Returns:
      Object number -> name.
    """
    told = _shortest(objects, lambda name: name, lambda name: not is_bookkeeping(name))
    names: dict[int, str] = {}
    listed: dict[int, str] = {}
    for number in numbers:
        made = objects[number].variable.name.removesuffix(":0")
        name = told.get(number) or ("" if _GENERIC.fullmatch(made) else made)
        if not name and not listed:
            listed = _shortest(objects, lambda name: name, lambda name: True)
        names[number] = name or listed.get(number) or made
    return names


def captured(nodes: Mapping[str, Any], object_graph: Any) -> dict[str, int]:
    """Node -> number of the object that it stands for, for what the calls in a graph pass on to functions.

    A function takes its arguments first, and then what it captures: the file lists the objects in that order.

    Args:
      nodes: of the graph, by name.
      object_graph: SavedObjectGraph-shaped message.
    """
    functions = object_graph.concrete_functions
    numbers: dict[str, int] = {}
    for node in nodes.values():
        if node.op not in _CALLS:
            continue
        function = node.attr["f"].func.name
        if function not in functions:
            continue
        bound = functions[function].bound_inputs
        inputs = [edge for edge in node.input if not edge.startswith("^")]
        if 0 < len(bound) <= len(inputs):
            for edge, number in zip(inputs[-len(bound) :], bound, strict=True):
                if 0 <= number < len(object_graph.nodes):
                    numbers.setdefault(edge.partition(":")[0], number)
    return numbers

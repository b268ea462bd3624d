"""Prepares the loops of a SavedModel that collect tensors in lists, for the LiteRT converter.

The loops of recurrent layers collect what they compute in such lists. A list is made with the shape of its
elements, whose batch size is open: `[-1, 5]`. LiteRT fills a list with zeros when it is made, and the
converter refuses the constant. It takes a shape that is computed from a tensor with the same batch, and the
model is then open, too. The first state of the loop is such a tensor; without one, an input of the signature.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2, function_pb2
from tensorflow.core.protobuf import saved_model_pb2

from hubexplore.summary.module_format import GRAPH_FILE

RESERVE: Final = "TensorListReserve"
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_NO_SHAPE: Final = frozenset({tf.resource.as_datatype_enum, tf.variant.as_datatype_enum})
_SHAPES: Final = "_output_shapes"

Source = tuple[str, int]
"""A tensor, and its dtype as an enum."""


def open_lists(folder: str) -> None:
    """Replaces such shapes in the functions of a SavedModel, and separates its loops.

    Args:
      folder: of the SavedModel, on this machine.
    """
    path = Path(os.path.join(folder, GRAPH_FILE))
    message = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    libraries = [meta_graph.graph_def.library for meta_graph in message.meta_graphs]
    changed = [_open_function(function) for library in libraries for function in library.function]
    changed += [_separate_loops(library) for library in libraries]
    if any(changed):
        path.write_bytes(message.SerializeToString(deterministic=True))


def _separate_loops(library: function_pb2.FunctionDefLibrary) -> bool:
    """Gives each loop that carries lists functions of its own; says whether any had to be copied.

    The converter changes the arguments of these functions as it lowers the lists of a loop, and refuses the
    next loop that has the same functions, as that of another signature of the model.
    """
    functions = {function.signature.name: function for function in library.function}
    before = len(functions)
    waiting, used = list(functions.values()), set[str]()
    while waiting:
        for node in waiting.pop().node_def:
            if node.op not in _LOOPS or tf.variant.as_datatype_enum not in node.attr["T"].list.type:
                continue
            for part in (node.attr["cond"].func, node.attr["body"].func):
                if part.name in used and part.name in functions:
                    copy = library.function.add()
                    copy.CopyFrom(functions[part.name])
                    copy.signature.name = part.name = _free_name(part.name, functions)
                    functions[part.name] = copy
                    waiting.append(copy)
                used.add(part.name)
    return len(functions) > before


def _free_name(name: str, taken: Collection[str]) -> str:
    number = 1
    while f"{name}_of_loop_{number}" in taken:
        number += 1
    return f"{name}_of_loop_{number}"


def _open_function(function: function_pb2.FunctionDef) -> bool:
    """Replaces the shapes in one function; says whether there were any."""
    constants = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in function.node_def
        if node.op == "Const" and node.attr["dtype"].type in (tf.int32, tf.int64)
    }
    changed = False
    for node in [node for node in function.node_def if node.op == RESERVE]:
        shape = constants.get(node.input[0].partition(":")[0])
        if shape is None or shape.ndim != 1 or -1 not in shape:
            continue
        source = _source(function, node, shape.tolist())
        if source is not None:
            node.input[0] = _Nodes(function, node).shape_like(source, shape.tolist())
            changed = True
    return changed


def _source(function: function_pb2.FunctionDef, reserve: Any, shape: Sequence[int]) -> Source | None:
    """A tensor whose open dimensions are those of the elements of a list."""
    handle = f"{reserve.name}:handle:0"
    for node in function.node_def:
        if node.op in _LOOPS and handle in node.input:
            for tensor, dtype, dims in _states(node):
                if dims == list(shape):
                    return tensor, dtype
    if -1 in shape[1:]:
        return None
    for position, argument in enumerate(function.signature.input_arg):
        shapes = function.arg_attr[position].attr[_SHAPES].list.shape
        dims = _dims(shapes[0]) if len(shapes) == 1 else None
        if dims and dims[0] == -1 and argument.type not in _NO_SHAPE:
            return argument.name, argument.type
    return None


def _states(loop: Any) -> Iterator[tuple[str, int, list[int] | None]]:
    """What a loop begins with: tensor, dtype, and the sizes in all of its rounds."""
    shapes = loop.attr["output_shapes"].list.shape
    for tensor, dtype, shape in zip(loop.input, loop.attr["T"].list.type, shapes, strict=False):
        if dtype not in _NO_SHAPE:
            yield tensor, dtype, _dims(shape)


def _dims(shape: Any) -> list[int] | None:
    return None if shape.unknown_rank else [dim.size for dim in shape.dim]


class _Nodes:
    """Adds nodes to a function beside one of its nodes."""

    def __init__(self, function: function_pb2.FunctionDef, beside: Any) -> None:
        self._function, self._beside = function, beside
        self._used = {node.name for node in function.node_def}
        self._int = beside.attr["shape_type"].type

    def shape_like(self, source: Source, shape: Sequence[int]) -> str:
        """Returns the name of a shape whose open sizes are those of a tensor."""
        tensor, dtype = source
        whole = self._add("Shape", [tensor], T=dtype, out_type=self._int)
        sizes = [
            self._size(f"{whole}:output:0", axis) if size == -1 else self._constant(size, self._int)
            for axis, size in enumerate(shape)
        ]
        packed = self._add("Pack", sizes, T=self._int, N=len(sizes), axis=0)
        return f"{packed}:output:0"

    def _size(self, shape: str, axis: int) -> str:
        bounds = [self._constant([value], tf.int32.as_datatype_enum) for value in (axis, axis + 1, 1)]
        taken = self._add(
            "StridedSlice", [shape, *bounds], T=self._int, Index=tf.int32.as_datatype_enum, shrink_axis_mask=1
        )
        return f"{taken}:output:0"

    def _constant(self, value: Any, dtype: int) -> str:
        tensor = tf.make_tensor_proto(value, tf.as_dtype(dtype))
        name = self._add("Const", [], dtype=dtype)
        self._function.node_def[-1].attr["value"].tensor.CopyFrom(tensor)
        return f"{name}:output:0"

    def _add(self, op: str, inputs: Sequence[str], **attributes: int) -> str:
        number = 0
        while (name := f"{self._beside.name}/open_{op}_{number}") in self._used:
            number += 1
        self._used.add(name)
        node = self._function.node_def.add(name=name, op=op, input=inputs)
        for key, value in attributes.items():
            is_type = key in ("T", "out_type", "Index", "dtype")
            made = attr_value_pb2.AttrValue(type=value) if is_type else attr_value_pb2.AttrValue(i=value)
            node.attr[key].CopyFrom(made)
        return name

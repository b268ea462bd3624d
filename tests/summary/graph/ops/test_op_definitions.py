"""The table of ops is what TensorFlow registers, and says of outputs what TensorFlow says."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import attr_value_pb2, graph_pb2, op_def_pb2

from hubexplore.summary.graph.messages import MetaGraphDef, NodeDef
from hubexplore.summary.graph.ops.op_definitions import (
    Argument,
    OpDefinition,
    attribute,
    definition,
    definition_of,
    known_ops,
    line_of,
    parse_line,
)
from hubexplore.summary.graph.ops.op_outputs import output_dtypes, output_of

TABLE_OF: Final = (2, 21)
"""The TensorFlow that the table was made with. Others have more or fewer ops and attributes."""
INSTALLED: Final = tuple(int(part) for part in tf.__version__.split(".")[:2])
DTYPES: Final = tuple(
    dtype.as_datatype_enum
    for dtype in (tf.int32, tf.int64, tf.float32, tf.float64, tf.uint8, tf.string, tf.bool, tf.half)
)
ITEMS: Final = {
    "int": "i: 1 ", "float": "f: 1 ", "bool": "b: true ", "string": 's: "x" ', "func": 'func { name: "f" } ',
    "shape": "shape { unknown_rank: true } ", "tensor": "tensor { dtype: DT_FLOAT float_val: 1 }",
}  # fmt: skip
"""Kind of attribute -> a value of it, in protobuf's text form."""
CHANGED: Final = {
    "CustomAggregator": "later gives what it counts too",
    "XlaSparseDenseMatmulWithCsrInput": "gave float32, which later is the default of an attribute",
}
"""Ops that give something else in TensorFlow 2.16 than in the table, and why."""


@functools.cache
def registered() -> list[Any]:
    # In a process of its own: whatever ran in this one may have registered further ops, as tf.lite does.
    program = (
        "import sys\nfrom tensorflow.python.client import pywrap_tf_session as session\n"
        "sys.stdout.buffer.write(session.TF_GetBuffer(session.TF_GetAllOpList()))"
    )
    data = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    return list(op_def_pb2.OpList.FromString(data).op)


def of(name: str) -> OpDefinition:
    op_definition = definition(name)
    assert op_definition is not None
    return op_definition


def test_every_op_of_this_tensorflow_is_as_in_the_table() -> None:
    ops = {op.name: definition_of(op) for op in registered()}
    if INSTALLED == TABLE_OF:
        assert ops.keys() == known_ops()
        assert [name for name, op in ops.items() if definition(name) != op] == []
        return
    # A release adds ops, and attributes with defaults to ops; what an output is stays, for graphs are kept.
    shared = ops.keys() & known_ops()
    assert len(shared) > 0.95 * len(ops)
    different = {name for name in shared if of(name).outputs != ops[name].outputs}
    assert different <= CHANGED.keys()


def test_every_line_is_read_as_it_was_written() -> None:
    ops = [of(name) for name in known_ops()]
    assert [parse_line(line_of(op)) for op in ops] == ops


def test_every_default_is_that_of_tensorflow() -> None:
    compared = 0
    for op in registered():
        attributes = of(op.name).attributes if op.name in known_ops() else {}
        for each in op.attr:
            if each.HasField("default_value") and each.name in attributes:
                default = attributes[each.name].default
                assert default is not None
                parsed = attr_value_pb2.AttrValue.FromString(default.SerializeToString())
                assert parsed == each.default_value, f"{op.name}.{each.name}"
                compared += 1
    assert compared > 1500


def test_what_an_output_is_agrees_with_tensorflow() -> None:
    """A node of each op, its attributes as far from their defaults as may be, imported by TensorFlow."""
    different, agreed = [], 0
    for op in registered():
        known = definition(op.name)
        # Shape functions of what only TensorFlow's own optimizer writes end the process for odd attributes;
        # what configures a TPU wants a configuration.
        if known is None or op.name.startswith("_") or "TPU" in op.name:
            continue
        if INSTALLED != TABLE_OF and op.name in CHANGED:
            continue
        graph_def = _graph_of(op)
        try:
            with tf.Graph().as_default() as graph:
                tf.graph_util.import_graph_def(graph_def, name="")
        except ValueError:
            continue  # 52 of 1,656 ops want attributes or shapes that fit each other
        real = [_name(tensor.dtype) for tensor in graph.get_operation_by_name("op").outputs]
        attributes = graph_def.node[0].attr
        if list(output_dtypes(known, attributes)) != real:
            different.append(op.name)
        for number, dtype in enumerate(real):
            if output_of(known, attributes, str(number)) != (number, dtype):
                different.append(f"{op.name}:{number}")
        agreed += 1
    assert different == []
    assert agreed > 1500


def _name(dtype: tf.DType) -> str:
    name: str = dtype.name
    return name


def _graph_of(op: Any) -> Any:
    """A graph of one node of this op, and of what feeds it."""
    graph = graph_pb2.GraphDef()
    graph.versions.producer = 1  # before any op was deprecated
    graph.library.function.add().signature.name = "f"
    node = graph.node.add(name="op", op=op.name)
    used: set[int] = set()
    for each in op.attr:
        _fill(node.attr[each.name], each, used)
    dtypes = [dtype for argument in op.input_arg for dtype in _fed(argument, node.attr)]
    for number, (is_reference, dtype) in enumerate(dtypes):
        source = graph.node.add(name=f"in{number}", op="VariableV2" if is_reference else "Placeholder")
        source.attr["dtype"].type = dtype
        source.attr["shape"].shape.unknown_rank = True
        graph.node[0].input.append(source.name)
    return graph


def _fed(argument: Any, attributes: Any) -> Iterator[tuple[bool, int]]:
    if argument.type_list_attr:
        dtypes = list(attributes[argument.type_list_attr].list.type)
    else:
        count = attributes[argument.number_attr].i if argument.number_attr else 1
        dtypes = [argument.type or attributes[argument.type_attr].type] * count
    for dtype in dtypes:
        yield argument.is_ref, dtype


def _fill(value: Any, attr: Any, used: set[int]) -> None:
    """Sets an attribute: dtypes other than the default and than each other, the default of all else."""
    size = max(attr.minimum, 2)
    if attr.type == "type":
        value.type = _dtype(attr, used)
    elif attr.type == "list(type)":
        value.list.type.extend(_dtype(attr, used) for _ in range(size))
    elif attr.HasField("default_value"):
        value.CopyFrom(attr.default_value)
    elif attr.type == "int":
        value.i = size
    elif attr.allowed_values.list.s:
        value.s = attr.allowed_values.list.s[0]
    elif attr.type.startswith("list"):
        # As many as a shape has dimensions, or as there are dtypes.
        items = ITEMS[attr.type[5:-1]] * (4 if attr.type == "list(int)" else size)
        text_format.Parse(f"list {{ {items} }}", value)
    else:
        text_format.Parse(ITEMS[attr.type], value)


def _dtype(attr: Any, used: set[int]) -> int:
    allowed: list[int] = list(attr.allowed_values.list.type) or list(DTYPES)
    default = attr.default_value.type

    def rank(dtype: int) -> tuple[bool, bool, int]:
        return dtype == default, dtype in used, DTYPES.index(dtype) if dtype in DTYPES else len(DTYPES)

    chosen = min(allowed, key=rank)
    used.add(chosen)
    return chosen


def node(op: str, **attributes: str) -> Any:
    """A node with attributes in protobuf's text form."""
    made = NodeDef(name="n", op=op)
    for name, text in attributes.items():
        text_format.Parse(text, made.attr[name])
    return made


@pytest.mark.parametrize(
    ("made", "port", "expected"),
    [
        (node("TopKV2", T="type: DT_FLOAT"), "1", (1, "int32")),
        (node("TopKV2", T="type: DT_FLOAT", index_type="type: DT_INT16"), "indices:0", (1, "int16")),
        (node("ArgMax", T="type: DT_FLOAT", Tidx="type: DT_INT32"), "", (0, "int64")),
        (node("Unique", T="type: DT_STRING"), "1", (1, "int32")),
        (node("MaxPool"), "", (0, "float32")),
        (node("ResizeBilinear", T="type: DT_UINT8"), "", (0, "float32")),
        (node("Multinomial", T="type: DT_FLOAT"), "", (0, "int64")),
        (node("Split", T="type: DT_HALF", num_split="i: 3"), "2", (2, "float16")),
        (node("Split", T="type: DT_HALF", num_split="i: 3"), "3", (None, "")),
        (node("Split", T="type: DT_HALF", num_split="i: 999999999999"), "output:9999", (9999, "float16")),
        (node("Split", T="type: DT_HALF", num_split="i: -1"), "", (None, "")),
        (node("IteratorGetNext", output_types="list { type: [DT_INT64, DT_BOOL] }"), "1", (1, "bool")),
        (node("VariableV2", dtype="type: DT_INT32"), "", (0, "int32_ref")),
        (node("VarHandleOp", dtype="type: DT_INT32"), "", (0, "resource")),
        (node("Identity"), "", (0, "")),
        (node("Identity", T='placeholder: "T"'), "", (0, "")),
        (
            node("ParseExampleV2", num_sparse="i: 2", sparse_types="list { type: [DT_INT64, DT_FLOAT] }"),
            "sparse_values:1",
            (3, "float32"),
        ),
        (node("NoOp"), "", (None, "")),
    ],
)  # fmt: skip
def test_one_output(made: Any, port: str, expected: tuple[int | None, str]) -> None:
    assert output_of(of(made.op), made.attr, port) == expected


def test_an_attribute_is_the_nodes_or_the_default() -> None:
    for made, expected in ((node("MaxPool"), b"NHWC"), (node("MaxPool", data_format='s: "NCHW"'), b"NCHW")):
        value = attribute(made, "data_format")
        assert value is not None
        assert value.s == expected
    assert attribute(node("MaxPool"), "ksize") is None
    assert attribute(node("Addons>Own"), "T") is None
    assert definition("Addons>Own") is None


def test_a_function_is_defined_by_its_signature() -> None:
    function = MetaGraphDef().graph_def.library.function.add()
    function.signature.name = "own"
    function.signature.output_arg.add(name="y", type=9)
    assert definition_of(function.signature).outputs == (Argument("y", "int64"),)


def test_the_table_is_read_when_it_is_needed() -> None:
    code = (
        "import hubexplore.display, hubexplore.summary.graph.ops.op_definitions as ops\n"
        "assert not ops._lines.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

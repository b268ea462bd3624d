"""Models whose paths look harmless until the graph is read as TensorFlow reads it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability, Origin
from tests.strangers.cases import hostile_graph
from tests.strangers.making import Canaries, GraphModel, node_of, raw, serialized, v1

READS = Capability.READS
UNKNOWN_PATH = (Origin.COMPUTED, Origin.CONSTANT, Origin.ASSET)


def packed(text: str) -> bytes:
    """A tensor of one string, as `tensor_content` holds it."""
    data = text.encode()
    assert 127 < len(data) < 1 << 14 or len(data) < 128
    size = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    return size + data


def unwritten(model: GraphModel, node: str, content: bytes = b"") -> None:
    """Leaves out the elements of a constant, which makes them zeros or those of the content."""

    def edit(saved_model: Any) -> None:
        tensor = node_of(saved_model, node).attr["value"].tensor
        for field in ("string_val", "int_val"):
            if not content:
                tensor.ClearField(field)
        tensor.tensor_content = content

    model.edits.append(edit)


def climbing(canaries: Canaries) -> str:
    return str(canaries.secret).lstrip("/")


# How constants are written.


@hostile_graph("string in the packed content of a constant", READS, "ReadFile", "{secret}")
def packed_string(model: GraphModel, canaries: Canaries) -> None:
    path = tf.constant("", name="path")
    unwritten(model, "path", packed(str(canaries.secret)))
    model.signature(raw.ReadFile(filename=path))


@hostile_graph("packed content that outweighs written elements", READS, "ReadFile", "{secret}")
def packed_over_written(model: GraphModel, canaries: Canaries) -> None:
    where = model.asset("words.txt", "a\n")
    at = tf.constant([0], name="at")
    text = tf.constant(str(canaries.secret) + "....")
    unwritten(model, "at", (0).to_bytes(4, "little"))
    model.edits.append(lambda found: node_of(found, "at").attr["value"].tensor.int_val.__setitem__(0, 999))
    cut = raw.Substr(input=text, pos=tf.reshape(at, []), len=len(str(canaries.secret)), unit="BYTE")
    with tf.control_dependencies([where]):
        model.signature(raw.ReadFile(filename=cut))


@hostile_graph("joined to an empty constant that is not written", READS, "ReadFile", "{secret}")
def joined_to_unwritten(model: GraphModel, canaries: Canaries) -> None:
    empty = tf.constant("", name="empty")
    unwritten(model, "empty")
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[empty, str(canaries.secret)])))


@hostile_graph("cut at a number that is not written", READS, "ReadFile", "{secret}")
def cut_at_unwritten(model: GraphModel, canaries: Canaries) -> None:
    zero = tf.constant(0, name="zero")
    unwritten(model, "zero")
    path = str(canaries.secret)
    model.signature(raw.ReadFile(filename=raw.Substr(input=path, pos=zero, len=len(path), unit="BYTE")))


# What is between a constant and the path.


@hostile_graph("asset that a loop of functions lengthens", READS, "ReadFile", "", UNKNOWN_PATH)
def lengthened_by_while(model: GraphModel, canaries: Canaries) -> None:
    start = model.asset("words.txt", "a\n")
    _, path = tf.while_loop(
        lambda at, _: at < 40,
        lambda at, text: (at + 1, raw.StringJoin(inputs=[text, "/.."])),
        [0, start],
        maximum_iterations=40,
    )
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[path, "/" + climbing(canaries)])))


@hostile_graph("asset that a function in a loop lengthens", READS, "ReadFile", "", UNKNOWN_PATH)
def lengthened_by_function(model: GraphModel, canaries: Canaries) -> None:
    start = model.asset("words.txt", "a\n")

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string)])
    def body(at: Any, text: Any) -> Any:
        return at + 1, raw.StringJoin(inputs=[text, "/.."])

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string)])
    def condition(at: Any, text: Any) -> Any:
        return at < 40

    _, path = raw.While(
        input=[tf.constant(0), start],
        cond=condition.get_concrete_function(),
        body=body.get_concrete_function(),
    )
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[path, "/" + climbing(canaries)])))


@hostile_graph("asset that a reduction of a dataset lengthens", READS, "ReadFile", "", UNKNOWN_PATH)
def lengthened_by_reduce(model: GraphModel, canaries: Canaries) -> None:
    start = model.asset("words.txt", "a\n")
    path = tf.data.Dataset.range(40).reduce(start, lambda text, _: raw.StringJoin(inputs=[text, "/.."]))
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[path, "/" + climbing(canaries)])))


@hostile_graph("asset that a scan of a dataset lengthens", READS, "ReadFile", "", UNKNOWN_PATH)
def lengthened_by_scan(model: GraphModel, canaries: Canaries) -> None:
    start = model.asset("words.txt", "a\n")

    def step(text: Any, _: Any) -> Any:
        longer = raw.StringJoin(inputs=[text, "/.."])
        return longer, raw.ReadFile(filename=raw.StringJoin(inputs=[text, "/" + climbing(canaries)]))

    dataset = tf.data.Dataset.range(40).scan(start, step).skip(39)
    model.signature(dataset.get_single_element())


@hostile_graph("one path among hundreds of an asset's", READS, "ReadFile", "{secret}")
def among_hundreds(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    halves = [[f"/{at}" for at in range(200)], [f"/{at}" for at in range(200, 400)]]
    many = [raw.StringJoin(inputs=[asset, tf.constant(half)]) for half in halves]
    paths = raw.ConcatV2(values=[*many, [str(canaries.secret)]], axis=0)
    model.signature(raw.ReadFile(filename=paths[400]))


@hostile_graph("one call among hundreds of a function", READS, "ReadFile", "{secret}")
def among_calls(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def read(path: Any) -> Any:
        return raw.ReadFile(filename=path)

    found = [read(asset) for _ in range(100)]
    model.signature(raw.StringJoin(inputs=[*found, read(tf.constant(str(canaries.secret)))]))


@hostile_graph("second component of an optional", READS, "ReadFile", "{secret}")
def in_optional(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    optional = raw.OptionalFromValue(components=[asset, str(canaries.secret)])
    _, path = raw.OptionalGetValue(
        optional=optional, output_types=[tf.string, tf.string], output_shapes=[[], []]
    )
    model.signature(raw.ReadFile(filename=path))


@hostile_graph("variable of an asset that has a second handle", READS, "ReadFile", "", Origin.VARIABLE)
def shared_variable(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    first = raw.VarHandleOp(dtype=tf.string, shape=[], shared_name="held", name="first")
    second = raw.VarHandleOp(dtype=tf.string, shape=[], shared_name="held", name="second")
    with tf.control_dependencies([raw.AssignVariableOp(resource=first, value=asset)]):
        change = raw.AssignVariableOp(resource=second, value=tf.constant(str(canaries.secret)))
    with tf.control_dependencies([change]):
        model.signature(raw.ReadFile(filename=raw.ReadVariableOp(resource=first, dtype=tf.string)))


@hostile_graph("variable of an asset that a function changes", READS, "ReadFile", "", Origin.VARIABLE)
def variable_in_function(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    held = raw.VarHandleOp(dtype=tf.string, shape=[], shared_name="held", name="held")

    @tf.function(input_signature=[tf.TensorSpec([], tf.resource), tf.TensorSpec([], tf.string)])
    def change(handle: Any, path: Any) -> Any:
        raw.AssignVariableOp(resource=handle, value=path)
        return tf.constant(1.0)

    with tf.control_dependencies([raw.AssignVariableOp(resource=held, value=asset)]):
        done = change(held, tf.constant(str(canaries.secret)))
    with tf.control_dependencies([done]):
        model.signature(raw.ReadFile(filename=raw.ReadVariableOp(resource=held, dtype=tf.string)))


@hostile_graph("piece of the path of an asset", READS, "ReadFile", "", UNKNOWN_PATH)
def piece_of_asset(model: GraphModel, canaries: Canaries) -> None:
    asset = model.asset("words.txt", "a\n")
    # The first letters of the real path of the asset lead to wherever the module is.
    begin = raw.Substr(input=asset, pos=0, len=8, unit="BYTE")
    model.signature(raw.ReadFile(filename=raw.StringJoin(inputs=[begin, str(canaries.secret)[8:]])))


# Which argument of a function is which.


@hostile_graph("second argument of a call on a device", READS, "ReadFile", "{secret}")
def in_remote_call(model: GraphModel, canaries: Canaries) -> None:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.string)])
    def read(before: Any, path: Any) -> Any:
        return raw.ReadFile(filename=path)

    given = [model.asset("words.txt", "a\n"), tf.constant(str(canaries.secret))]
    device = "/job:localhost/replica:0/task:0/device:CPU:0"
    model.signature(
        raw.RemoteCall(target=device, args=given, Tout=[tf.string], f=read.get_concrete_function())[0]
    )


@hostile_graph("argument of the body of a counting loop", READS, "ReadFile", "", UNKNOWN_PATH)
def in_counting_loop(model: GraphModel, canaries: Canaries) -> None:
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string)])
    def read(before: Any, path: Any) -> Any:
        return raw.ReadFile(filename=path)

    given = [tf.constant(str(canaries.secret))]
    model.signature(raw.For(start=0, limit=1, delta=1, input=given, body=read.get_concrete_function())[0])


@hostile_graph("state of a generator", READS, "ReadFile", "", UNKNOWN_PATH)
def in_generator(model: GraphModel, canaries: Canaries) -> None:
    asset, text = model.asset("words.txt", "a\n"), [tf.TensorSpec([], tf.string)]

    @tf.function(input_signature=text)
    def begin(_: Any) -> Any:
        return tf.constant(str(canaries.secret))

    @tf.function(input_signature=text)
    def read(path: Any) -> Any:
        return raw.ReadFile(filename=path)

    @tf.function(input_signature=text)
    def end(_: Any) -> Any:
        return tf.constant(0)

    dataset = raw.GeneratorDataset(
        init_func_other_args=[asset], next_func_other_args=[], finalize_func_other_args=[],
        init_func=begin.get_concrete_function(), next_func=read.get_concrete_function(),
        finalize_func=end.get_concrete_function(), output_types=[tf.string], output_shapes=[[]],
    )  # fmt: skip
    first = raw.TakeDataset(
        input_dataset=dataset, count=tf.constant(1, tf.int64), output_types=[tf.string], output_shapes=[[]]
    )
    model.signature(
        raw.DatasetToSingleElement(dataset=first, output_types=[tf.string], output_shapes=[[]])[0]
    )


@hostile_graph(
    "one of two serialized graphs with the same names",
    Capability.WRITES,
    "CacheDatasetV2",
    "{new}",
    runs=False,
)
def in_one_of_two_graphs(model: GraphModel, canaries: Canaries) -> None:
    path = str(canaries.new)
    which = v1.placeholder_with_default(True, [], name="which")
    graphs = [serialized(lambda: cached(path)), serialized(lambda: cached(""))]
    chosen = raw.SelectV2(condition=which, t=graphs[0], e=graphs[1])
    model.signature(
        raw.DatasetToSingleElement(
            dataset=raw.DatasetFromGraph(graph_def=chosen), output_types=[tf.int64], output_shapes=[[]]
        )[0]
    )


def cached(path: str) -> Any:
    return tf.data.Dataset.range(1).cache(path)

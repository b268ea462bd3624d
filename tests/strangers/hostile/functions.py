"""Models that act in a function: called by ops, by datasets, by training, or by nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from hubexplore.summary.capabilities.model import Capability, When
from tests.strangers.cases import hostile_graph
from tests.strangers.making import Canaries, GraphModel, raw, v1

READS, WRITES = Capability.READS, Capability.WRITES
FLOAT = tf.TensorSpec([], tf.float32)
NUMBER = tf.TensorSpec([], tf.int64)


def read(canaries: Canaries) -> Any:
    """Returns the length of a file, which must not be read."""
    return tf.strings.length(raw.ReadFile(filename=str(canaries.secret)))


def in_function(
    place: str, when: When | tuple[When, ...] = When.CALLED, runs: bool = True
) -> Callable[[Any], Any]:
    """Registers a model that calls, with a scalar `x`, what reads the secret file."""

    def register(make: Callable[[Any, Canaries], Any]) -> Any:
        def fill(model: GraphModel, canaries: Canaries) -> None:
            x = v1.placeholder(tf.float32, [], "x")
            model.signature(make(x, canaries), {"x": x})

        fill.__name__ = make.__name__
        hostile_graph(place, READS, "ReadFile", "{secret}", when=when, runs=runs)(fill)
        return make

    return register


def trap(canaries: Canaries, *specs: Any) -> Any:
    """Returns a function that reads the file, and returns its first argument."""

    def body(*args: Any) -> Any:
        return args[0] + tf.cast(read(canaries), args[0].dtype)

    return tf.function(body).get_concrete_function(*(specs or [FLOAT]))


@in_function("StatefulPartitionedCall")
def partitioned_call(x: Any, canaries: Canaries) -> Any:
    return tf.function(lambda v: v + tf.cast(read(canaries), tf.float32))(x)


@in_function("PartitionedCall, which is taken for pure")
def pure_call(x: Any, canaries: Canaries) -> Any:
    return raw.PartitionedCall(args=[x], Tout=[tf.float32], f=trap(canaries))[0]


@in_function("three calls deep")
def nested_calls(x: Any, canaries: Canaries) -> Any:
    inner = tf.function(lambda v: v + tf.cast(read(canaries), tf.float32))
    middle = tf.function(lambda v: inner(v) * 2.0)
    return tf.function(lambda v: middle(v) * 2.0)(x)


@in_function("branch of If")
def if_branch(x: Any, canaries: Canaries) -> Any:
    return tf.cond(x < 100.0, lambda: x + tf.cast(read(canaries), tf.float32), lambda: x)


@in_function("branch of StatelessIf")
def stateless_if(x: Any, canaries: Canaries) -> Any:
    quiet = tf.function(lambda v: v).get_concrete_function(FLOAT)
    return raw.StatelessIf(
        cond=x < 100.0, input=[x], Tout=[tf.float32], then_branch=trap(canaries), else_branch=quiet
    )[0]


@in_function("branch of Case")
def case_branch(x: Any, canaries: Canaries) -> Any:
    quiet = tf.function(lambda v: v).get_concrete_function(FLOAT)
    return raw.Case(branch_index=1, input=[x], Tout=[tf.float32], branches=[quiet, trap(canaries), quiet])[0]


@in_function("condition of While")
def while_condition(x: Any, canaries: Canaries) -> Any:
    return tf.while_loop(lambda v: v < 0.0 * tf.cast(read(canaries), tf.float32), lambda v: [v + 1.0], [x])[0]


@in_function("body of While")
def while_body(x: Any, canaries: Canaries) -> Any:
    return tf.while_loop(lambda v: v < 9.0, lambda v: [v + tf.cast(read(canaries), tf.float32)], [x])[0]


@in_function("body of For")
def for_body(x: Any, canaries: Canaries) -> Any:
    body = trap(canaries, FLOAT)
    wrapped = tf.function(lambda _, v: body(v)).get_concrete_function(tf.TensorSpec([], tf.int32), FLOAT)
    return raw.For(start=0, limit=2, delta=1, input=[x], body=wrapped)[0]


@in_function("function of MapDefun")
def map_defun(x: Any, canaries: Canaries) -> Any:
    return raw.MapDefun(
        arguments=[tf.reshape(x, [1])],
        captured_inputs=[],
        output_types=[tf.float32],
        output_shapes=[[]],
        f=trap(canaries),
    )[0]


@in_function("function of BatchFunction")
def batch_function(x: Any, canaries: Canaries) -> Any:
    spec = tf.TensorSpec([None], tf.float32)
    return raw.BatchFunction(
        in_tensors=[tf.reshape(x, [1])],
        captured_tensors=[],
        f=trap(canaries, spec),
        num_batch_threads=1,
        max_batch_size=1,
        batch_timeout_micros=1,
        Tout=[tf.float32],
    )[0]


@in_function("forward function of SymbolicGradient")
def symbolic_gradient(x: Any, canaries: Canaries) -> Any:
    return raw.SymbolicGradient(input=[x, tf.constant(1.0)], Tout=[tf.float32], f=trap(canaries))[0]


@in_function("function of TensorFlow 1, called by its name")
def defun_call(x: Any, canaries: Canaries) -> Any:
    from tensorflow.python.framework import function

    @function.Defun(tf.float32)
    def legacy(v: Any) -> Any:
        return v + tf.cast(read(canaries), tf.float32)

    return legacy(x)


def in_dataset(place: str, runs: bool = True) -> Callable[[Any], Any]:
    """Registers a model that reads a dataset, whose function reads the secret file."""

    def register(make: Callable[[Any, Canaries], Any]) -> Any:
        def fill(model: GraphModel, canaries: Canaries) -> None:
            dataset = make(tf.data.Dataset.range(3), canaries)
            model.signature(dataset.reduce(tf.constant(0, tf.int64), lambda count, *_: count + 1))

        fill.__name__ = make.__name__
        hostile_graph(place, READS, "ReadFile", "{secret}", runs=runs)(fill)
        return make

    return register


def long(canaries: Canaries) -> Any:
    """Returns a number that the secret file decides."""
    return tf.cast(read(canaries), tf.int64)


@in_dataset("function of Dataset.map")
def dataset_map(dataset: Any, canaries: Canaries) -> Any:
    return dataset.map(lambda v: v + long(canaries))


@in_dataset("function of Dataset.map, in parallel")
def dataset_parallel_map(dataset: Any, canaries: Canaries) -> Any:
    return dataset.map(lambda v: v + long(canaries), num_parallel_calls=2)


@in_dataset("function of Dataset.filter")
def dataset_filter(dataset: Any, canaries: Canaries) -> Any:
    return dataset.filter(lambda v: v < long(canaries))


@in_dataset("function of Dataset.flat_map")
def dataset_flat_map(dataset: Any, canaries: Canaries) -> Any:
    return dataset.flat_map(lambda v: tf.data.Dataset.from_tensors(v + long(canaries)))


@in_dataset("function of Dataset.interleave")
def dataset_interleave(dataset: Any, canaries: Canaries) -> Any:
    return dataset.interleave(lambda v: tf.data.Dataset.from_tensors(v + long(canaries)))


@in_dataset("function of Dataset.scan")
def dataset_scan(dataset: Any, canaries: Canaries) -> Any:
    start = tf.constant(0, tf.int64)
    return dataset.scan(start, lambda state, v: (state + long(canaries), v))


@in_dataset("function of Dataset.take_while")
def dataset_take_while(dataset: Any, canaries: Canaries) -> Any:
    return dataset.take_while(lambda v: v < long(canaries))


@in_dataset("function of Dataset.group_by_window")
def dataset_window(dataset: Any, canaries: Canaries) -> Any:
    return dataset.group_by_window(lambda v: v + long(canaries), lambda _, window: window.batch(2), 2)


def _generator(init: Any, after: Any, finalize: Any) -> Any:
    return raw.GeneratorDataset(
        init_func_other_args=[],
        next_func_other_args=[],
        finalize_func_other_args=[],
        init_func=init,
        next_func=after,
        finalize_func=finalize,
        output_types=[tf.int64],
        output_shapes=[[]],
    )


@in_dataset("function that ends GeneratorDataset")
def generator_finalize(dataset: Any, canaries: Canaries) -> Any:
    init = tf.function(lambda: tf.constant(0, tf.int64)).get_concrete_function()

    end = tf.function(lambda v: v + 1).get_concrete_function(NUMBER)
    made = _generator(init, end, trap(canaries, NUMBER))
    return tf.data.experimental.from_variant(made, NUMBER).take(1)


@hostile_graph("dataset of OneShotIterator", READS, "ReadFile", "{secret}")
def one_shot(model: GraphModel, canaries: Canaries) -> None:
    dataset = tf.data.Dataset.range(3).map(lambda v: v + long(canaries))
    model.signature(v1.data.make_one_shot_iterator(dataset).get_next())


@hostile_graph("function of Dataset.reduce", READS, "ReadFile", "{secret}")
def dataset_reduce(model: GraphModel, canaries: Canaries) -> None:
    numbers = tf.data.Dataset.range(3)
    model.signature(numbers.reduce(tf.constant(0, tf.int64), lambda count, v: count + v + long(canaries)))


# Training, and what nobody reaches.


@hostile_graph("update op", WRITES, "WriteFile", "{new}", when=When.TRAINED)
def update_op(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.tags = ("train",)
    model.collect(v1.GraphKeys.UPDATE_OPS, raw.WriteFile(filename=str(canaries.new), contents="boo"))


@hostile_graph("regularization loss", READS, "ReadFile", "{secret}", when=When.TRAINED)
def regularization_loss(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    model.tags = ("train",)
    loss = tf.cast(read(canaries), tf.float32, name="loss")
    model.collections["regularization_losses"] = [loss.name]


@hostile_graph("gradient that the library names for a function", READS, "ReadFile", "{secret}")
def library_gradient(model: GraphModel, canaries: Canaries) -> None:
    x = v1.placeholder(tf.float32, [], "x")
    harmless = tf.function(lambda v: v * 2.0).get_concrete_function(FLOAT)
    gradient = trap(canaries, FLOAT, FLOAT)
    gradient.add_to_graph(model.graph)
    model.signature(
        raw.SymbolicGradient(input=[x, tf.constant(1.0)], Tout=[tf.float32], f=harmless)[0], {"x": x}
    )

    def edit(saved_model: Any) -> None:
        library = saved_model.meta_graphs[0].graph_def.library
        names = {any(n.op == "ReadFile" for n in f.node_def): f.signature.name for f in library.function}
        library.gradient.add(function_name=names[False], gradient_func=names[True])

    model.edits.append(edit)


@hostile_graph("node that nothing reaches", WRITES, "WriteFile", "{new}", when=When.ASKED)
def unreached(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    raw.WriteFile(filename=str(canaries.new), contents="boo")


@hostile_graph("function that nothing calls", READS, "ReadFile", "{secret}", when=When.ASKED)
def uncalled_function(model: GraphModel, canaries: Canaries) -> None:
    model.plain()
    trap(canaries).add_to_graph(model.graph)

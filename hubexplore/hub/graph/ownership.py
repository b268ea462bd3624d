"""Checks that a call of a module, and the tensors passed to it, belong to the right graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError, SignatureError
from hubexplore.hub import tf_internals

MSG_EAGER: Final = (
    "Module {name!r} belongs to a graph, but TensorFlow is executing eagerly here. Call it under "
    "`with module.graph.as_default():` and run the result in a tf.compat.v1.Session of that graph. "
    "hub.eval_function_for_module takes and returns values, and needs neither."
)
MSG_OTHER_GRAPH: Final = (
    "Module {name!r} belongs to one graph and can be called only in it; the default graph here is another "
    "one. Call it under `with module.graph.as_default():`, or make a Module in the current graph."
)
MSG_FUNCTION: Final = """\
Module {name!r} belongs to one graph, but it is called in the function {function!r}, which is outside of \
it: Dataset.map, tf.function and similar calls trace a Python function into a new graph. Outside of \
graphs, use hub.load, whose result can be called in any function:

    module = hub.load(handle)
    dataset = dataset.batch(32).map(module)

or build the dataset, with its map, under `with module.graph.as_default():`, and read it with \
tf.compat.v1.data.make_initializable_iterator."""
MSG_STATE_IN_FUNCTION: Final = """\
hub.Module is made in the function {function!r}, where nothing could initialise its variables and tables: \
Dataset.map, tf.function, tf.cond and tf.while_loop trace a Python function into a new graph. Make the \
module outside of that function, and call it inside:

    module = hub.Module(handle)
    result = tf.cond(condition, lambda: module(x), lambda: y)  # or dataset.map(module), ...

If there is no graph around the function, use hub.load, whose result can be called in any function:

    module = hub.load(handle)
    dataset = dataset.batch(32).map(module)"""
MSG_REPLICA: Final = """\
hub.Module is made in a function that a {strategy} runs once for each of {count} replicas, but all of \
them share the module. Make it outside of strategy.run, and call it inside:

    module = hub.Module(handle)
    with strategy.scope():
        strategy.run(lambda: module(x))"""
MSG_FOREIGN: Final = (
    "Input {input!r} is {label}, but module {module!r} can use only tensors of the graph in which it is "
    "called. {remedy}"
)
_REMEDY_GRAPH: Final = (
    "Make the tensor under `with module.graph.as_default():`, or pass its value: an array or a list."
)
_REMEDY_FUNCTION: Final = (
    "Call the module inside of that function, or let the function return the tensor and pass the result."
)
_REMEDY_EAGER: Final = "Pass its value: tensor.numpy()."


def check_callable(name: str, home: tf.Graph) -> tf.Graph:
    """Checks that the module `name` of the graph `home` can be called here; returns the default graph.

    Raises:
      GraphError: (a RuntimeError) the default graph is neither `home` nor a function inside of it.
    """
    graph = tf.compat.v1.get_default_graph()
    if tf.executing_eagerly():
        raise GraphError(MSG_EAGER.format(name=name))
    # The usual case first: one comparison of objects.
    if graph is home or tf_internals.is_inside(graph, home):
        return graph
    if tf_internals.is_function_graph(graph):
        raise GraphError(MSG_FUNCTION.format(name=name, function=graph.name))
    raise GraphError(MSG_OTHER_GRAPH.format(name=name))


def check_state_can_be_initialised(graph: tf.Graph) -> None:
    """Checks that a module with variables or tables can be made in `graph`.

    Raises:
      GraphError: (a RuntimeError) it is the body of a function other than one of `wrap_function`, whose
        initialisers can be run through its `prune`.
    """
    if tf_internals.is_function_graph(graph) and not tf_internals.is_wrapped_function(graph):
        raise GraphError(MSG_STATE_IN_FUNCTION.format(function=graph.name))


def check_not_in_replica() -> None:
    """Raises GraphError in a function that a distribution strategy runs for several replicas."""
    if not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context():
        return
    strategy = tf.distribute.get_strategy()
    # One replica shares with nobody, so OneDeviceStrategy is fine.
    count = strategy.num_replicas_in_sync
    if count > 1:
        raise GraphError(MSG_REPLICA.format(strategy=type(strategy).__name__.removesuffix("V1"), count=count))


def check_tensors(module: str, values: Mapping[str, Any], graph: tf.Graph) -> None:
    """Checks that the tensors among the inputs of a call can be used in `graph`.

    Raises:
      SignatureError: (a TypeError and ValueError) names the first input with a tensor of another graph.
    """
    for name in sorted(values):
        # Tensors may be inside of lists and composites.
        for component in tf.nest.flatten(values[name], expand_composites=True):
            if tf.is_tensor(component):
                _check_tensor(module, name, component, graph)


def _check_tensor(module: str, name: str, tensor: Any, graph: tf.Graph) -> None:
    home = tf_internals.graph_of(tensor)
    if home is None:
        # A function may be called eagerly, where the tensor lives; a plain graph never is.
        if not tf_internals.is_function_graph(graph):
            _refuse(module, name, "an eager tensor", _REMEDY_EAGER)
    elif home is not graph and not tf_internals.is_inside(graph, home):
        label = getattr(tensor, "name", "")
        if tf_internals.is_function_graph(home):
            _refuse(module, name, f"the tensor {label!r} of the function {home.name!r}", _REMEDY_FUNCTION)
        _refuse(module, name, f"the tensor {label!r} of another graph", _REMEDY_GRAPH)


def _refuse(module: str, name: str, label: str, remedy: str) -> None:
    raise SignatureError(MSG_FOREIGN.format(input=name, label=label, module=module, remedy=remedy))

"""Which graph a call of a module, and what it is given, belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError, SignatureError
from hubexplore.hub import tf_internals

MSG_EAGER: Final = (
    "Module {name!r} belongs to a graph, but TensorFlow is executing eagerly here. Call it under "
    "`with module.graph.as_default():` and run the result in a tf.compat.v1.Session of that graph. "
    "hub.eval_function_for_module takes values and gives values without either."
)
MSG_OTHER_GRAPH: Final = (
    "Module {name!r} belongs to one graph and can be called only there; the default graph here is another "
    "one. Call it under `with module.graph.as_default():`, or make a Module in the graph that you are in."
)
MSG_FUNCTION: Final = """\
Module {name!r} belongs to one graph, but it is called in the function {function!r}, which is outside of \
it: Dataset.map, tf.function and others like them make a new graph out of the Python function that they are \
given. Apply the module to batches outside of it:

    with hub.eval_function_for_module(handle) as f:
        for batch in dataset.batch(32).as_numpy_iterator():
            outputs = f(batch)

or build the dataset, with its map, under `with module.graph.as_default():`, and read it through \
tf.compat.v1.data.make_initializable_iterator."""
MSG_FOREIGN: Final = (
    "Input {input!r} is {what}, but module {module!r} can use only tensors of the graph in which it is "
    "called. {remedy}"
)
_REMEDY_GRAPH: Final = (
    "Make the tensor under `with module.graph.as_default():`, or pass its value: an array or a list."
)
_REMEDY_FUNCTION: Final = (
    "Call the module inside of that function, or let the function return the tensor and pass what it returns."
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
    if graph is home or tf_internals.is_inside(graph, home):
        return graph
    if tf_internals.is_function_graph(graph):
        raise GraphError(MSG_FUNCTION.format(name=name, function=graph.name))
    raise GraphError(MSG_OTHER_GRAPH.format(name=name))


def check_tensors(module: str, values: Mapping[str, Any], graph: tf.Graph) -> None:
    """Checks that the tensors among the inputs of a call can be used in `graph`.

    Raises:
      SignatureError: (a TypeError and ValueError) names the first input with a tensor of another graph.
    """
    for name in sorted(values):
        for part in tf.nest.flatten(values[name], expand_composites=True):
            if tf.is_tensor(part):
                _check_tensor(module, name, part, graph)


def _check_tensor(module: str, name: str, tensor: Any, graph: tf.Graph) -> None:
    own = tf_internals.graph_of(tensor)
    if own is None:
        # A function may be called where the tensor is; a graph never is.
        if not tf_internals.is_function_graph(graph):
            _refuse(module, name, "an eager tensor", _REMEDY_EAGER)
    elif own is not graph and not tf_internals.is_inside(graph, own):
        label = getattr(tensor, "name", "")
        if tf_internals.is_function_graph(own):
            _refuse(module, name, f"the tensor {label!r} of the function {own.name!r}", _REMEDY_FUNCTION)
        _refuse(module, name, f"the tensor {label!r} of another graph", _REMEDY_GRAPH)


def _refuse(module: str, name: str, what: str, remedy: str) -> None:
    raise SignatureError(MSG_FOREIGN.format(input=name, what=what, module=module, remedy=remedy))

"""Notices that a module is called in a loop."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphGrowthWarning
from hubexplore.hub import tf_internals
from hubexplore.hub.tensor_info import components

MANY_CALLS: Final = 10
MSG_GROWTH: Final = (
    "Signature {signature!r} of module {name!r} was applied for the {count}th time to inputs of the same "
    "dtypes and shapes. Each application grows the graph, and with it the memory and the time of every run. "
    "Apply it once to a placeholder and feed that in each step, or use hub.eval_function_for_module or "
    "NotebookSession.call, which do so."
)
# The frames of count(), Module.__call__ and the wrapper that keeps AutoGraph out of it lie above the
# caller's.
_STACK_LEVEL: Final = 4


class CallCounter:
    """Counts the calls of one module and warns once per signature, at a cost that does not grow.

    Args:
      name: of the module.
      graph: of the module.
    """

    def __init__(self, name: str, graph: tf.Graph) -> None:
        self._name = name
        self._graph = graph
        self._counts: dict[Any, int] = {}
        self._warned: set[str] = set()

    def count(self, signature: str, inputs: Mapping[str, Any], graph: tf.Graph) -> None:
        """To be called by `Module.__call__` for each call in `graph`; warns with GraphGrowthWarning.

        Calls inside of functions and loops do not count: these are built once and then only run.
        """
        if signature in self._warned or graph is not self._graph or _is_built_once(graph):
            return
        tensors = (tensor for name in sorted(inputs) for tensor in components(inputs[name]))
        # Calls with other dtypes or shapes count separately: a smaller last batch is not a loop.
        key = (signature, *((tensor.dtype, _sizes(tensor)) for tensor in tensors))
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] == MANY_CALLS:
            self._warned.add(signature)
            message = MSG_GROWTH.format(signature=signature, name=self._name, count=MANY_CALLS)
            warnings.warn(message, GraphGrowthWarning, stacklevel=_STACK_LEVEL)


def _is_built_once(graph: tf.Graph) -> bool:
    is_function = tf_internals.is_function_graph(graph)
    return is_function or tf_internals.control_flow_context(graph) is not None


def _sizes(tensor: tf.Tensor) -> Any:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())

"""Takes out of a graph what a replaced module, or a failed load, left there, as far as TF1 allows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from hubexplore.hub.module import Module


def free(module: Module, session: tf.compat.v1.Session) -> None:
    """Frees the memory of a module's variables and tables, and takes them out of all collections.

    Its ops stay, since nothing can be removed from a graph. Reference variables keep their memory, too.

    Args:
      module: to free; it can no longer be called afterwards.
      session: of its graph.
    """
    graph = module.graph
    prefixes = module.scopes
    with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
        handles = [
            variable.handle for variable in module.variables if getattr(variable, "handle", None) is not None
        ]
        handles += [
            op.outputs[0]
            for op in graph.get_operations()
            if op.name.startswith(prefixes[0]) and op.type in ("HashTableV2", "MutableHashTableV2")
        ]
        # A variable that was never initialised has no resource yet, which is not an error here.
        destroyers = [
            tf.raw_ops.DestroyResourceOp(resource=handle, ignore_lookup_error=True) for handle in handles
        ]
    # Else training loops, savers and initialisers would go on using what was destroyed.
    for key in graph.get_all_collection_keys():
        items = graph.get_collection_ref(key)
        # In place, since the graph has its own reference to this list.
        items[:] = [item for item in items if not _name(item).startswith(prefixes)]
    if destroyers:  # a graph without an op refuses even to run nothing
        session.run(destroyers)


def _name(item: Any) -> str:
    """The name of an op, tensor or variable in a collection; "" for anything else."""
    name = getattr(item, "name", "")
    return name if isinstance(name, str) else ""


@contextlib.contextmanager
def collections_as_before(graph: tf.Graph) -> Iterator[None]:
    """Removes from all collections what joined them, if an error or interrupt ends the work inside."""
    sizes = {key: len(graph.get_collection_ref(key)) for key in graph.get_all_collection_keys()}
    try:
        yield
    except BaseException:
        for key in graph.get_all_collection_keys():
            del graph.get_collection_ref(key)[sizes.get(key, 0) :]
        raise

"""Tensors of a graph as a function of NumPy arrays that is compiled once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.tensor_info import components

_MOST_OPS: Final = 200
_MOST_BYTES: Final = 1_000_000
# Stateful ops that neither wait for others nor write.
_READS: Final = frozenset(
    {
        "VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "Variable", "VariableV2",
        "HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSizeV2",
    }
)  # fmt: skip
_CONTROL_FLOW: Final = frozenset({"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"})


class CompiledCall:
    """Runs placeholders -> fetches; running it adds nothing to the graph.

    Args:
      session: of the graph.
      placeholders: dense ones, in the order of the arrays that `run` takes.
      fetches: what `results` returns, by name: Tensor, SparseTensor or RaggedTensor; no placeholders.
      timeout: seconds after which a run ends with `tf.errors.DeadlineExceededError`; None for no limit.
      stoppable: whether to add the ops of a `Stop` where a loop may go on for ever.
    """

    def __init__(
        self,
        session: tf.compat.v1.Session,
        placeholders: Iterable[tf.Tensor],
        fetches: Mapping[str, Any],
        timeout: float | None = None,
        stoppable: bool = False,
    ) -> None:
        self._fetches = dict(fetches)
        self._names = list(fetches)
        self._dense = all(isinstance(fetch, tf.Tensor) for fetch in fetches.values())
        flat = [tensor for fetch in fetches.values() for tensor in components(fetch)]
        given = list(placeholders)
        self.stop = Stop(session, flat) if stoppable and may_be_endless(flat) else None
        """Ends runs from outside; None where they end by themselves."""
        targets = self.stop.targets if self.stop else ()
        self.run = tf_internals.compiled(session, flat, given, timeout, targets=targets)
        """Takes one array per placeholder; gives the flat values that `results` takes."""
        self._make_light = functools.partial(tf_internals.compiled, session, flat, given, in_caller=True)
        self._may_be_light = timeout is None and self.stop is None and _is_light(flat)

    @functools.cached_property
    def run_light(self) -> Callable[..., Sequence[Any]]:
        """As `run`, and several times as fast where the ops themselves take microseconds.

        They run in one thread, so it is for small inputs. Signatures of many ops, or with loops or functions,
        only have `run`.
        """
        return self._make_light() if self._may_be_light else self.run

    def results(self, flat: Sequence[Any]) -> dict[str, Any]:
        """Values by the names of the fetches: arrays, SparseTensorValue, RaggedTensorValue."""
        if self._dense:
            return dict(zip(self._names, flat, strict=True))
        parts = iter(flat)
        return {name: _value(fetch, parts) for name, fetch in self._fetches.items()}


class Stop:
    """Ends runs of a graph from outside, between two ops: one that fails ends all of its run.

    TensorFlow has no call that ends a run. So an op waits beside what is run, without a thread; at the end of
    the run another op lets it go on, and `now` makes it fail. Each is for one run at a time: of two, the one
    that ends first could let go of the other one's op, and wait for its own.

    Args:
      session: of the graph.
      fetches: tensors that the run fetches. One that has no value, because a condition was not met, ends the
        run by itself.
    """

    def __init__(self, session: tf.compat.v1.Session, fetches: Iterable[tf.Tensor]) -> None:
        graph: tf.Graph = session.graph
        with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            queue = tf.queue.FIFOQueue(1, [tf.bool], [[]], name="hub_stop")
            self.name = str(queue.queue_ref.op.name)
            with tf.control_dependencies([fetch.op for fetch in fetches]):
                done = queue.enqueue(True)
            self.targets = (queue.dequeue().op, done)
            end = queue.close(cancel_pending_enqueues=True)
        # In the thread that calls: loops that have to end may occupy all others.
        self._end = tf_internals.compiled(session, [], [], targets=[end], in_caller=True)

    def now(self) -> None:
        """Ends all runs that go on, and those that begin later, with `tf.errors.OutOfRangeError`."""
        self._end()


def may_be_endless(fetches: Iterable[tf.Tensor]) -> bool:
    """Whether what these need has loops, or functions, in which loops may be."""
    return any(op.type == "LoopCond" or tf_internals.takes_functions(op.type) for op in _needed(fetches))


def _is_light(fetches: Iterable[tf.Tensor]) -> bool:
    """Whether what these need is a few ops that run once each, hold little, and wait for nothing."""
    held = 0
    for number, op in enumerate(_needed(fetches)):
        if op.type == "Const":  # each compiled call has copies of its own
            held += (op.outputs[0].shape.num_elements() or 0) * op.outputs[0].dtype.size
        if number >= _MOST_OPS or held > _MOST_BYTES or not _is_simple(op.type):
            return False
    return True


def _needed(fetches: Iterable[tf.Tensor]) -> Iterator[tf.Operation]:
    """The ops that tensors need, each once."""
    waiting = [fetch.op for fetch in fetches]
    seen = {op.name for op in waiting}
    while waiting:
        op = waiting.pop()
        yield op
        for other in (*(tensor.op for tensor in op.inputs), *op.control_inputs):
            if other.name not in seen:
                seen.add(other.name)
                waiting.append(other)


def _is_simple(op_type: str) -> bool:
    if op_type in _READS:
        return True
    definition = tf_internals.op_def(op_type)
    is_stateful = definition is None or definition.is_stateful
    return not is_stateful and op_type not in _CONTROL_FLOW and not tf_internals.takes_functions(op_type)


def _value(fetch: Any, parts: Iterator[Any]) -> Any:
    own = [next(parts) for _ in components(fetch)]
    if isinstance(fetch, tf.SparseTensor):
        return tf.compat.v1.SparseTensorValue(*own)
    if isinstance(fetch, tf.RaggedTensor):
        return ragged_value(own[0], own[1:])
    return own[0]

"""Tensors of a graph as a function of NumPy arrays that is compiled once."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.tensor_info import components

_MOST_OPS: Final = 200
_MOST_BYTES: Final = 1_000_000
_MOST_COPIED: Final = 20_000_000
"""Bytes of constants up to which each thread that calls at the same time may have a compiled call."""
# Stateful ops that neither wait for others nor write.
_READS: Final = frozenset(
    {
        "VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "Variable", "VariableV2",
        "HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSizeV2",
    }
)  # fmt: skip
# What waits for others, or asks them for as long as they like.
_WAITS: Final = re.compile(
    r"Queue(Dequeue|Enqueue)\w*|BarrierTakeMany|(Ordered)?(Map)?(Uns|S)tage\w*|Reader(Read|NumRecords)\w*|"
    r"(MultiDevice)?IteratorGetNext\w*|MakeIterator"
)
_DEEPER: Final = {
    **dict.fromkeys(("Switch", "RefSwitch"), 1),
    **dict.fromkeys(("Merge", "RefMerge", "Exit", "RefExit"), -1),
}
_CONTROL_FLOW: Final = frozenset({"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"})


class CompiledCall:
    """Runs placeholders -> fetches; running it adds nothing to the graph.

    Args:
      session: of the graph.
      placeholders: dense ones, in the order of the arrays that `run` takes.
      fetches: what `results` returns, by name: Tensor, SparseTensor or RaggedTensor; no placeholders.
      timeout: seconds after which a run ends with `tf.errors.DeadlineExceededError`; None for no limit.
      stoppable: whether to add the ops of a `Stop` where a run may take long.
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
        self.stop = Stop(session, flat) if stoppable and _may_take_long(flat) else None
        """Ends runs from outside; None where they end by themselves, and soon."""
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
      fetches: tensors and ops that the run fetches. A tensor that has no value, because a condition was not
        met, ends the run by itself; ops that may not run for that reason must not be among these.
    """

    def __init__(self, session: tf.compat.v1.Session, fetches: Iterable[tf.Tensor | tf.Operation]) -> None:
        graph: tf.Graph = session.graph
        with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            queue = tf.queue.FIFOQueue(1, [tf.bool], [[]], name="hub_stop")
            self.name = str(queue.queue_ref.op.name)
            with tf.control_dependencies([_op(fetch) for fetch in fetches]):
                done = queue.enqueue(True)
            self.targets = (queue.dequeue().op, done)
            end = queue.close(cancel_pending_enqueues=True)
        # In the thread that calls: loops that have to end may occupy all others.
        self._end = tf_internals.compiled(session, [], [], targets=[end], in_caller=True)

    def now(self) -> None:
        """Ends all runs that go on, and those that begin later, with `tf.errors.OutOfRangeError`."""
        self._end()


def may_be_endless(fetches: Iterable[tf.Tensor | tf.Operation]) -> bool:
    """Whether what these need has loops, ops that wait for others, or functions, in which both may be."""
    return any(_is_endless(op.type) for op in _needed(fetches))


def surely_runs(op: tf.Operation) -> bool:
    """Whether an op of a TF1 graph runs whatever conditions say: it is in no branch of a `tf.cond`.

    A branch begins with a Switch, and ends with a Merge; so does a loop, which an Exit leaves.
    """
    depths: dict[str, int] = {}
    waiting = [op]
    while waiting:
        current = waiting[-1]
        before = [each for each in _inputs(current) if not _is_back_edge(current, each)]
        unknown = [each for each in before if each.name not in depths]
        if unknown and current.name not in depths:
            depths[current.name] = 0  # so that a cycle of damaged graphs ends
            waiting.extend(unknown)
            continue
        waiting.pop()
        depth = max((depths[each.name] for each in before), default=0)
        depths[current.name] = max(0, depth + _DEEPER.get(current.type, 0))
    return depths[op.name] == 0


def _is_back_edge(op: tf.Operation, source: tf.Operation) -> bool:
    return op.type in ("Merge", "RefMerge") and source.type in ("NextIteration", "RefNextIteration")


def _may_take_long(fetches: Sequence[tf.Tensor]) -> bool:
    if _is_light(fetches):
        return False
    return may_be_endless(fetches) or _held(fetches) <= _MOST_COPIED


def _held(fetches: Iterable[tf.Tensor]) -> int:
    """Bytes of the constants that these need."""
    return sum(_size(op) for op in _needed(fetches) if op.type == "Const")


def _size(constant: tf.Operation) -> int:
    (value,) = constant.outputs
    return int((value.shape.num_elements() or 0) * value.dtype.size)


def _is_endless(op_type: str) -> bool:
    is_loop = op_type == "LoopCond" or _WAITS.fullmatch(op_type) is not None
    return is_loop or tf_internals.takes_functions(op_type)


def _is_light(fetches: Iterable[tf.Tensor]) -> bool:
    """Whether what these need is a few ops that run once each, hold little, and wait for nothing."""
    held = 0
    for number, op in enumerate(_needed(fetches)):
        if op.type == "Const":  # each compiled call has copies of its own
            held += _size(op)
        if number >= _MOST_OPS or held > _MOST_BYTES or not _is_simple(op.type):
            return False
    return True


def _op(fetch: tf.Tensor | tf.Operation) -> tf.Operation:
    return fetch if isinstance(fetch, tf.Operation) else fetch.op


def _inputs(op: tf.Operation) -> Iterator[tf.Operation]:
    yield from (tensor.op for tensor in op.inputs)
    yield from op.control_inputs


def _needed(fetches: Iterable[tf.Tensor | tf.Operation]) -> Iterator[tf.Operation]:
    """The ops that tensors and ops need, and these, each once."""
    waiting = [_op(fetch) for fetch in fetches]
    seen = {op.name for op in waiting}
    while waiting:
        op = waiting.pop()
        yield op
        for other in _inputs(op):
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

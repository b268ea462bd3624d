"""Compiles tensors of a graph into a function of NumPy arrays, once."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub import tf_internals
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.tensor_info import components

_MAX_LIGHT_OPS: Final = 200
"""Maximum number of ops of a call that may run in the calling thread."""
_MAX_LIGHT_BYTES: Final = 1_000_000
"""Maximum size of the constants of a call that may run in the calling thread, in bytes."""
_MAX_COPIED_BYTES: Final = 20_000_000
"""Maximum size of the constants of a call of which each concurrent thread may have a copy, in bytes."""
# Stateful ops that neither wait for other ops nor write.
_READ_OPS: Final = frozenset(
    {
        "VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "Variable", "VariableV2",
        "HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSizeV2",
    }
)  # fmt: skip
# Ops that wait for other ops, or call into something that may take any time.
_WAITING_OPS: Final = re.compile(
    r"Queue(Dequeue|Enqueue)\w*|BarrierTakeMany|(Ordered)?(Map)?(Uns|S)tage\w*|Reader(Read|NumRecords)\w*|"
    r"(MultiDevice)?IteratorGetNext\w*|MakeIterator"
)
# How an op changes the number of TF1 conds and loops that it is in.
_DEPTH_CHANGES: Final = {
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
        feeds = list(placeholders)
        work = _Work(flat)
        awaited = work.surely_computed() if stoppable and work.may_take_long else []
        self.stop = Stop(session, awaited) if awaited else None
        """Ends runs from outside; None if they end soon by themselves."""
        targets = self.stop.targets if self.stop else ()
        self.run = tf_internals.compiled(session, flat, feeds, timeout, targets=targets)
        """Takes one array per placeholder; returns the flat values that `results` takes."""
        self._make_light = functools.partial(tf_internals.compiled, session, flat, feeds, in_caller=True)
        self._may_be_light = timeout is None and self.stop is None and work.is_light

    @functools.cached_property
    def run_light(self) -> Callable[..., Sequence[Any]]:
        """As `run`, and several times as fast where the ops themselves take microseconds.

        All ops run in one thread, so this is for small inputs. For signatures with many ops, loops or
        functions, it is `run`.
        """
        return self._make_light() if self._may_be_light else self.run

    def results(self, flat: Sequence[Any]) -> dict[str, Any]:
        """Values by the names of the fetches: arrays, SparseTensorValue, RaggedTensorValue."""
        # The usual case, in which each flat value is a result.
        if self._dense:
            return dict(zip(self._names, flat, strict=True))
        parts = iter(flat)
        return {name: _value(fetch, parts) for name, fetch in self._fetches.items()}


STOP_SCOPE: Final = "hub_stop"
"""Beginning of the names of the ops by which a run can be ended."""


class Stop:
    """Ends runs of a graph from outside, between two ops: one that fails ends all of its run.

    TensorFlow (2.16 to 2.21) has no call that ends a run, and closing the session would end all of them. So
    each run also runs an op that waits on an empty queue, which takes no thread. When the fetches are done, a
    second op fills the queue and the run ends normally; `now` closes the queue, so that the waiting op fails
    and with it the run.

    A Stop is for one run at a time: of two runs, the one that ends first could release the waiting op of the
    other and then wait itself for ever.

    Args:
      session: of the graph.
      fetches: tensors and ops that the run fetches. Those that may not be computed, because a condition is
        not met, must not be among these: the run would wait for them for ever.
    """

    def __init__(self, session: tf.compat.v1.Session, fetches: Iterable[tf.Tensor | tf.Operation]) -> None:
        graph: tf.Graph = session.graph
        # Scopes of the caller must not apply; a control dependency would make the op wait that is to be
        # waited for.
        with graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            queue = tf.queue.FIFOQueue(1, [tf.bool], [[]], name=STOP_SCOPE)
            self.name = str(queue.queue_ref.op.name)
            done = queue.enqueue(True)
            # `tf.control_dependencies` would mark the fetches, and TensorFlow warns of changes to an op that
            # has run.
            tf_internals.add_control_inputs(done, [_op(fetch) for fetch in fetches])
            self.targets = (queue.dequeue().op, done)
            end = queue.close(cancel_pending_enqueues=True)
        # In the calling thread: the loops that must end may occupy all threads of the pool.
        self._end = tf_internals.compiled(session, [], [], targets=[end], in_caller=True)

    def now(self) -> None:
        """Ends all current and later runs with `tf.errors.OutOfRangeError`."""
        self._end()


def may_be_endless(fetches: Iterable[tf.Tensor | tf.Operation]) -> bool:
    """Whether these need loops, ops that wait for others, or functions, which may contain both."""
    # Asked once per op type: ops are thousands, op types a few dozen.
    return any(map(_is_endless, {op.type for op in _needed(fetches)}))


def surely_runs(op: tf.Operation, depths: dict[str, int] | None = None) -> bool:
    """Whether an op of a TF1 graph runs whatever conditions say: it is in no branch of a `tf.cond`.

    A branch begins with a Switch and ends with a Merge; a loop begins with a Merge, which ends no branch, and
    a Switch, and an Exit leaves it. The depth of an op is that of its deepest input, changed by its own type.
    Linear in the ops that it needs; depth first without recursion, as graphs are deeper than Python's stack.
    Back edges of loops are left out, so the walk meets no cycle in a valid graph.

    Args:
      op: the op.
      depths: of the ops that were walked for others; filled.
    """
    depths = {} if depths is None else depths
    if op.name in depths:
        return depths[op.name] == 0
    stack = [op]
    while stack:
        current = stack[-1]
        sources = [source for source in _inputs(current) if not _is_back_edge(current, source)]
        unvisited = [source for source in sources if source.name not in depths]
        if unvisited and current.name not in depths:
            depths[current.name] = 0  # so that a cycle of damaged graphs ends
            stack.extend(unvisited)
            continue
        stack.pop()
        depth = max((depths[source.name] for source in sources), default=0)
        begins_loop = any(_is_back_edge(current, source) for source in _inputs(current))
        change = 0 if begins_loop else _DEPTH_CHANGES.get(current.type, 0)
        depths[current.name] = max(0, depth + change)
    return depths[op.name] == 0


def _is_back_edge(op: tf.Operation, source: tf.Operation) -> bool:
    return op.type in ("Merge", "RefMerge") and source.type in ("NextIteration", "RefNextIteration")


class _Work:
    """What some fetches make TensorFlow do, from one walk along the ops that they need.

    Attributes:
      is_light: whether these are only a few ops, each of which runs once, is small, and waits for nothing.
      may_take_long: whether a run can be worth stopping: it may be endless, or each concurrent run can have
        its own copy of the constants.
    """

    def __init__(self, fetches: Sequence[tf.Tensor]) -> None:
        self._fetches = fetches
        ops = list(_needed(fetches))
        op_types = {op.type for op in ops}
        constants = sum(_size(op) for op in ops if op.type == "Const")
        self.is_light = (
            len(ops) <= _MAX_LIGHT_OPS and constants <= _MAX_LIGHT_BYTES and all(map(_is_simple, op_types))
        )
        self.may_take_long = not self.is_light and (
            constants <= _MAX_COPIED_BYTES or any(map(_is_endless, op_types))
        )
        self._has_branches = not op_types.isdisjoint(_DEPTH_CHANGES)

    def surely_computed(self) -> list[tf.Tensor]:
        """Those fetches that are computed whatever conditions say."""
        depths: dict[str, int] = {}
        return [fetch for fetch in self._fetches if not self._has_branches or surely_runs(fetch.op, depths)]


def _size(constant: tf.Operation) -> int:
    (value,) = constant.outputs
    return int((value.shape.num_elements() or 0) * value.dtype.size)


def _is_endless(op_type: str) -> bool:
    is_loop = op_type == "LoopCond" or _WAITING_OPS.fullmatch(op_type) is not None
    return is_loop or tf_internals.takes_functions(op_type)


def _op(fetch: tf.Tensor | tf.Operation) -> tf.Operation:
    return fetch if isinstance(fetch, tf.Operation) else fetch.op


def _inputs(op: tf.Operation) -> Iterator[tf.Operation]:
    yield from (tensor.op for tensor in op.inputs)
    yield from op.control_inputs


def _needed(fetches: Iterable[tf.Tensor | tf.Operation]) -> Iterator[tf.Operation]:
    """The ops of some fetches and all ops that these need, each once."""
    stack = [_op(fetch) for fetch in fetches]
    visited = {op.name for op in stack}
    while stack:
        op = stack.pop()
        yield op
        for source in _inputs(op):
            if source.name not in visited:
                visited.add(source.name)
                stack.append(source)


def _is_simple(op_type: str) -> bool:
    if op_type in _READ_OPS:
        return True
    definition = tf_internals.op_def(op_type)
    is_stateful = definition is None or definition.is_stateful
    return not is_stateful and op_type not in _CONTROL_FLOW and not tf_internals.takes_functions(op_type)


def _value(fetch: Any, parts: Iterator[Any]) -> Any:
    values = [next(parts) for _ in components(fetch)]
    if isinstance(fetch, tf.SparseTensor):
        return tf.compat.v1.SparseTensorValue(*values)
    if isinstance(fetch, tf.RaggedTensor):
        return ragged_value(values[0], values[1:])
    return values[0]

"""A TensorFlow session that initialises what is new in its graph before it runs anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.running.compiled_call import Stop, may_be_endless, surely_runs
from hubexplore.hub.running.run_error_classes import ServerGoneError
from hubexplore.hub.running.run_errors import readable
from hubexplore.session.interruption import Helper, borrowed, try_for

_KEYS: Final = tf.compat.v1.GraphKeys
_MOST_POOLS: Final = 1000
"""Maximum number of pools of stops; a loop that makes new fetches for every step would fill the memory."""
_CLOSING_SECONDS: Final = 1.0
"""Longest time to wait for an op that does not end when a session is closed."""
_VARIABLES: Final = (_KEYS.GLOBAL_VARIABLES, _KEYS.LOCAL_VARIABLES)


@dataclass(frozen=True)
class _StopPool:
    """The stops for runs that fetch the same tensors and ops.

    Attributes:
      fetches: what is fetched. Kept, so that the identities by which the pool is found stay taken.
      awaited: those of `fetches` that surely end; a stop waits for them to know that the run is over.
      are_needed: whether such a run may go on for ever.
      idle: stops that no run uses at the moment.
    """

    fetches: list[tf.Tensor | tf.Operation]
    awaited: list[tf.Tensor | tf.Operation]
    are_needed: bool
    idle: list[Stop] = field(default_factory=list)


def _stops_for(fetches: list[tf.Tensor | tf.Operation]) -> _StopPool:
    """A new pool for runs that fetch these.

    What a condition may skip is not awaited: a run whose stop waited for it would never end.
    """
    are_needed = may_be_endless(fetches)
    ops = [fetch.op if isinstance(fetch, tf.Tensor) else fetch for fetch in fetches]
    awaited = [fetch for fetch, op in zip(fetches, ops, strict=True) if are_needed and surely_runs(op)]
    return _StopPool(fetches, awaited, are_needed and bool(awaited))


class ManagedSession(tf.compat.v1.Session):  # type: ignore[misc]  # TensorFlow is untyped
    """A `tf.compat.v1.Session` whose `run` first initialises variables and tables that joined the graph.

    What is initialised already, by this session or by user code, is left alone, so no trained value is lost.
    `run` can be interrupted: control comes back at once, while TensorFlow finishes what it has begun.

    Args:
      target: address of a TensorFlow server; empty for this process.
      graph: to run.
      check_server: see the attribute.
      is_optimized: whether TensorFlow optimizes what it runs; see `graph_optimizer`.
    """

    def __init__(
        self,
        target: str,
        graph: tf.Graph,
        check_server: Callable[[], None] | None = None,
        is_optimized: bool = True,
    ) -> None:
        self.check_server = check_server
        """Raises if the server is gone; None for a session of this process."""
        self._helper = Helper()
        # By the identities of the tensors that are fetched, which the entry keeps alive.
        self._pools: dict[tuple[int, ...], _StopPool] = {}
        # On a server, sessions would otherwise share the variables and tables of equal names.
        config = tf.compat.v1.ConfigProto(isolate_session_state=True)
        self.is_optimized = is_optimized
        if not is_optimized:
            config.graph_options.rewrite_options.disable_meta_optimizer = True
        super().__init__(target, graph, config)
        self._seen: set[str] = set()  # names of ops, unique in a graph
        self._sizes: tuple[int, ...] = ()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """See `tf.compat.v1.Session.run`."""
        self.initialize_new()
        pool = self._pool_of(fetches)
        if pool is None:
            return self.hand_over(super().run, fetches, feed_dict, options, run_metadata)
        # Concurrent runs need a stop each: a stop lets go at the end of its run, whichever run that is.
        with borrowed(pool.idle, lambda: Stop(self, pool.awaited)) as stop:
            both = [fetches, stop.targets]
            return self.hand_over(super().run, both, feed_dict, options, run_metadata, stop=stop.now)[0]

    def _pool_of(self, fetches: Any) -> _StopPool | None:
        """The stops for runs of these fetches; None where none is needed or possible.

        None can be added to a finalized graph, and on a server a run is only left, not ended.
        """
        if self.graph.finalized or self.check_server is not None:
            return None
        try:
            flat = tf.nest.flatten(fetches, expand_composites=True)
            elements = [self.graph.as_graph_element(item) if isinstance(item, str) else item for item in flat]
        except (KeyError, TypeError, ValueError):  # Session.run reports what is wrong with them
            return None
        kinds = (tf.Tensor, tf.Operation)
        fetched = [item for item in elements if isinstance(item, kinds) and item.graph is self.graph]
        key = tuple(map(id, fetched))
        pool = self._pools.get(key)
        if pool is None:
            if len(self._pools) >= _MOST_POOLS:
                self._pools.clear()
            pool = self._pools[key] = _stops_for(fetched)
        return pool if pool.are_needed else None

    def hand_over(
        self, work: Callable[..., Any], *arguments: Any, stop: Callable[[], None] | None = None
    ) -> Any:
        """Calls `work`, which runs this session; an interrupt returns at once, and `stop` ends the work."""
        try:
            return self._helper.run(work, *arguments, check=self.check_server, stop=stop)
        except UnicodeDecodeError as error:
            raise readable(error) from error

    @property
    def left_behind(self) -> int:
        """How many runs that were interrupted are still going on."""
        return self._helper.left_behind

    def wait_for_left_behind(self) -> None:
        """Waits until runs that were interrupted have ended."""
        self._helper.wait_for_left_behind()

    def close(self) -> None:
        """Frees what the session holds, and ends runs that go on.

        Does not wait for a server that is gone, and only `_CLOSING_SECONDS` for an op that does not end.
        """
        self._helper.close()
        if self.check_server is not None:
            try:
                self.check_server()
            except ServerGoneError:
                return
        try_for(super().close, _CLOSING_SECONDS)

    def _plain_run(self, fetches: Any) -> Any:
        """Runs without initialising anything first."""
        return self.hand_over(super().run, fetches)

    def _initialise(self, ops: list[tf.Operation]) -> None:
        """Runs initialisers so that an interrupt ends them: an author may have put any op into one."""
        pool = _stops_for([*ops])
        if not pool.are_needed or self.graph.finalized or self.check_server is not None:
            self._plain_run(ops)
            return
        stop = Stop(self, pool.awaited)
        self.hand_over(super().run, [*ops, *stop.targets], stop=stop.now)

    def initialize_new(self, fresh: Iterable[Any] = ()) -> list[str]:
        """Initialises the variables and tables that are new in the graph; returns their names.

        Args:
          fresh: variables known to be uninitialised, which saves a query.
        """
        # Sizes of the collections tell in a microsecond that nothing is new; this precedes every run.
        collections = [self.graph.get_collection_ref(key) for key in (*_VARIABLES, _KEYS.TABLE_INITIALIZERS)]
        sizes = tuple(map(len, collections))
        if sizes == self._sizes:
            return []
        *variable_lists, tables = collections
        known = {variable.op.name for variable in fresh}
        variables = {variable.op.name: variable for items in variable_lists for variable in items}
        new = {name: variable for name, variable in variables.items() if name not in self._seen}
        empty = known | self._uninitialized([variable for name, variable in new.items() if name not in known])
        initializers = {name: variable.initializer for name, variable in new.items() if name in empty}
        initializers |= {op.name: op for op in tables if op.name not in self._seen}
        done = self._run_all(list(initializers.items()))
        # After the work: initialisers that an interrupt cut short are run again.
        self._seen.update(new, initializers)
        # The sizes from before the work: what other threads added meanwhile is new to the next call.
        self._sizes = sizes
        return done

    def _uninitialized(self, variables: list[Any]) -> set[str]:
        """Names of those of the variables that have no value yet."""
        if not variables:
            return set()
        with self.graph.as_default(), tf.control_dependencies(None), tf.compat.v1.name_scope(None):
            names = self._plain_run(tf.compat.v1.report_uninitialized_variables(variables))
        return {name.decode() for name in names}

    def _run_all(self, initializers: list[tuple[str, Any]]) -> list[str]:
        """Runs initialisers, again those that need the work of another; returns the names of those done.

        All at once nearly always succeeds. Otherwise one by one, in rounds, until a round gets nowhere: at
        most n rounds of n runs for a chain of n in reverse order. What fails then needs a feed, and is left.
        """
        done: list[str] = []
        waiting = initializers
        while waiting:
            try:
                self._initialise([op for _, op in waiting])
                return done + [name for name, _ in waiting]
            except (tf.errors.FailedPreconditionError, tf.errors.InvalidArgumentError):
                if len(waiting) == 1:
                    return done
            later = []
            for name, op in waiting:
                try:
                    self._initialise([op])
                    done.append(name)
                except (tf.errors.FailedPreconditionError, tf.errors.InvalidArgumentError):
                    later.append((name, op))
            if len(later) == len(waiting):
                return done
            waiting = later
        return done

"""A TensorFlow session that initialises what is new in its graph before it runs anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.running.compiled_call import Stop, may_be_endless, surely_runs
from hubexplore.hub.running.run_errors import ServerGoneError, readable
from hubexplore.session.interruption import Helper, borrowed, try_for

_KEYS: Final = tf.compat.v1.GraphKeys
_REMEMBERED: Final = 1000
_CLOSING: Final = 1.0
_VARIABLES: Final = (_KEYS.GLOBAL_VARIABLES, _KEYS.LOCAL_VARIABLES)


@dataclass(frozen=True)
class _Stops:
    """What ends runs that fetch `given`: those of `free`, which no run uses now, wait for `wanted`."""

    given: list[tf.Tensor | tf.Operation]
    wanted: list[tf.Tensor | tf.Operation]
    are_needed: bool
    free: list[Stop] = field(default_factory=list)


def _stops(fetches: list[tf.Tensor | tf.Operation]) -> _Stops:
    """Ops that a condition may leave out are left alone: one that waited for them would never end."""
    are_needed = may_be_endless(fetches)
    wanted = [each for each in fetches if isinstance(each, tf.Tensor) or (are_needed and surely_runs(each))]
    return _Stops(fetches, wanted, are_needed and bool(wanted))


class ManagedSession(tf.compat.v1.Session):  # type: ignore[misc]  # TensorFlow is untyped
    """A `tf.compat.v1.Session` whose `run` first initialises variables and tables that joined the graph.

    What was initialised, by it or by anybody else, is never initialised again, so no trained value is lost.
    `run` can be interrupted: control comes back at once, while TensorFlow finishes what it has begun.
    """

    def __init__(self, target: str, graph: tf.Graph, check_server: Callable[[], None] | None = None) -> None:
        self.check_server = check_server
        """Raises if the server is gone; None for a session of this process."""
        self._helper = Helper()
        # By the identities of the tensors that are fetched, which the entry keeps alive.
        self._stops: dict[tuple[int, ...], _Stops] = {}
        # On a server, sessions would otherwise share the variables and tables of equal names.
        super().__init__(target, graph, tf.compat.v1.ConfigProto(isolate_session_state=True))
        self._seen: set[str] = set()  # names of ops, unique in a graph
        self._sizes: tuple[int, ...] = ()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """See `tf.compat.v1.Session.run`."""
        self.initialize_new()
        stops = self._stops_of(fetches)
        if stops is None:
            return self.hand_over(super().run, fetches, feed_dict, options, run_metadata)
        # Each run has one of its own: the end of one must not be the end of another.
        with borrowed(stops.free, lambda: Stop(self, stops.wanted)) as stop:
            both = [fetches, stop.targets]
            return self.hand_over(super().run, both, feed_dict, options, run_metadata, stop=stop.now)[0]

    def _stops_of(self, fetches: Any) -> _Stops | None:
        """What ends runs of these; None where that is not needed or not possible."""
        if self.graph.finalized or self.check_server is not None:
            return None
        try:
            flat = tf.nest.flatten(fetches, expand_composites=True)
            found = [self.graph.as_graph_element(each) if isinstance(each, str) else each for each in flat]
        except (KeyError, TypeError, ValueError):  # Session.run says what is wrong with them
            return None
        kinds = (tf.Tensor, tf.Operation)
        given = [each for each in found if isinstance(each, kinds) and each.graph is self.graph]
        key = tuple(map(id, given))
        stops = self._stops.get(key)
        if stops is None:
            if len(self._stops) >= _REMEMBERED:
                self._stops.clear()
            stops = self._stops[key] = _stops(given)
        return stops if stops.are_needed else None

    def hand_over(
        self, work: Callable[..., Any], *arguments: Any, stop: Callable[[], None] | None = None
    ) -> Any:
        """Calls `work`, which runs this session, so that an interrupt can leave it; `stop` then ends it."""
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

        Does not wait for a server that is gone, and only `_CLOSING` seconds for an op that does not end.
        """
        self._helper.close()
        if self.check_server is not None:
            try:
                self.check_server()
            except ServerGoneError:
                return
        try_for(super().close, _CLOSING)

    def _plain_run(self, fetches: Any) -> Any:
        """Runs without looking for what is new."""
        return self.hand_over(super().run, fetches)

    def _initialise(self, ops: list[tf.Operation]) -> None:
        """Runs initialisers, which authors of modules wrote: they may take as long as any call."""
        new = _stops([*ops])
        if not new.are_needed or self.graph.finalized or self.check_server is not None:
            self._plain_run(ops)
            return
        stop = Stop(self, new.wanted)
        self.hand_over(super().run, [*ops, *stop.targets], stop=stop.now)

    def initialize_new(self, fresh: Iterable[Any] = ()) -> list[str]:
        """Initialises the variables and tables that are new in the graph; returns their names.

        Args:
          fresh: variables of which it is known that nobody initialised them yet, which saves asking.
        """
        collections = [self.graph.get_collection_ref(key) for key in (*_VARIABLES, _KEYS.TABLE_INITIALIZERS)]
        sizes = tuple(map(len, collections))
        if sizes == self._sizes:
            return []
        *variable_lists, tables = collections
        known = {variable.op.name for variable in fresh}
        variables = {each.op.name: each for items in variable_lists for each in items}
        new = {name: each for name, each in variables.items() if name not in self._seen}
        empty = known | self._uninitialized([each for name, each in new.items() if name not in known])
        initializers = {name: each.initializer for name, each in new.items() if name in empty}
        initializers |= {op.name: op for op in tables if op.name not in self._seen}
        done = self._run_all(list(initializers.items()))
        self._seen.update(new, initializers)
        # Asking may have added nothing to the collections; what others add meanwhile is seen next time.
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
        """Runs initialisers, again where one needs what another one makes; leaves those that need a feed."""
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

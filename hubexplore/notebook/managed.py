"""A TensorFlow session that initialises what is new in its graph before it runs anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.explain import ServerGoneError, readable
from hubexplore.notebook.interrupting import run_interruptibly

_KEYS: Final = tf.compat.v1.GraphKeys
_VARIABLES: Final = (_KEYS.GLOBAL_VARIABLES, _KEYS.LOCAL_VARIABLES)
# A run that took so many seconds the last time is not worth a thread of its own, which costs microseconds.
_QUICK: Final = 0.1
_REMEMBERED: Final = 1000


class ManagedSession(tf.compat.v1.Session):  # type: ignore[misc]  # TensorFlow is untyped
    """A `tf.compat.v1.Session` whose `run` first initialises variables and tables that joined the graph.

    What was initialised, by it or by anybody else, is never initialised again, so no trained value is lost.
    `run` can be interrupted: control comes back at once, while TensorFlow finishes what it has begun.
    """

    def __init__(self, target: str, graph: tf.Graph, check_server: Callable[[], None] | None = None) -> None:
        self.check_server = check_server
        """Raises if the server is gone; None for a session of this process."""
        # On a server, sessions would otherwise share the variables and tables of equal names.
        super().__init__(target, graph, tf.compat.v1.ConfigProto(isolate_session_state=True))
        self._seen: set[str] = set()  # names of ops, unique in a graph
        self._sizes: tuple[int, ...] = ()
        self._took: dict[Any, float] = {}

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """See `tf.compat.v1.Session.run`."""
        self.initialize_new()
        own, key = super().run, _key(fetches)
        begin = time.perf_counter()
        try:
            if self._took.get(key, _QUICK) < _QUICK and self.check_server is None:
                result = own(fetches, feed_dict, options, run_metadata)
            else:
                result = run_interruptibly(
                    lambda: own(fetches, feed_dict, options, run_metadata), self.check_server
                )
        except UnicodeDecodeError as error:
            raise readable(error) from error
        if len(self._took) > _REMEMBERED:
            self._took.clear()
        self._took[key] = time.perf_counter() - begin
        return result

    def close(self) -> None:
        """Frees what the session holds; does not wait for a server that is gone."""
        if self.check_server is not None:
            try:
                self.check_server()
            except ServerGoneError:
                return
        super().close()

    def _plain_run(self, fetches: Any) -> Any:
        """Runs without looking for what is new."""
        own = super().run
        try:
            return run_interruptibly(lambda: own(fetches), self.check_server)
        except UnicodeDecodeError as error:
            raise readable(error) from error

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
                self._plain_run([op for _, op in waiting])
                return done + [name for name, _ in waiting]
            except (tf.errors.FailedPreconditionError, tf.errors.InvalidArgumentError):
                if len(waiting) == 1:
                    return done
            later = []
            for name, op in waiting:
                try:
                    self._plain_run(op)
                    done.append(name)
                except (tf.errors.FailedPreconditionError, tf.errors.InvalidArgumentError):
                    later.append((name, op))
            if len(later) == len(waiting):
                return done
            waiting = later
        return done


def _key(fetches: Any) -> Any:
    """What tells one thing to fetch from another, without looking into it for long."""
    return tuple(map(id, fetches)) if isinstance(fetches, (list, tuple)) else id(fetches)

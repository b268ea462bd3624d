"""Whether a module and its export give the same outputs, on generated inputs for each signature.

The user's session only reads the variables, since a signature may count, train or reset. Two copies run
instead, each in its own graph and session: the module as it is now, and as it was written. A signature runs
twice in the first copy: outputs that differ there are random, or follow the clock, and are not compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.error_line import error_line
from hubexplore.hub.module import Module
from hubexplore.hub.running.feeds import Feeds
from hubexplore.hub.running.missing_kernels import ops_without_kernel
from hubexplore.hub.running.run_errors import explain_run_error
from hubexplore.hub.running.signature_runner import AppliedSignatures
from hubexplore.inputs.examples import example_search
from hubexplore.inputs.fields import fields
from hubexplore.session.export.differences import Assets, difference
from hubexplore.session.export.report import ComparedSignature
from hubexplore.session.export.side_effects import Effects, effects
from hubexplore.session.interruption import run_interruptibly, stoppable, try_for
from hubexplore.session.memory import estimate
from hubexplore.session.variable_values import read
from hubexplore.summary.graph.ops.op_kernels import reason
from hubexplore.summary.lookup import named_signature, named_variant

_ERRORS: Final = (HubError, tf.errors.OpError)
MSG_NO_INPUTS: Final = "no inputs were found that it accepts"
MSG_OUTSIDE: Final = "not run, because it writes files, uses the network or runs code: {ops}"
MSG_NO_COPY: Final = "the module cannot be loaded a second time to compare with: {error}"
MSG_NO_KERNEL: Final = "the op {op!r} cannot run: {reason}"
MSG_FAILS: Final = "the exported signature fails: {error}"


def compare_with_export(
    module: Module, session: tf.compat.v1.Session, path: str
) -> tuple[ComparedSignature, ...]:
    """Runs every signature of a copy of `module` and of the module at `path` on the same inputs.

    Args:
      module: live; its variables and tables stay as they are.
      session: of its graph.
      path: of the export.
    """
    values = read(session, module.variables)
    # In a thread of its own: the main thread handles no signal while it is inside TensorFlow.
    return run_interruptibly(lambda: _compare_all(module, values, path))


def _compare_all(module: Module, values: Sequence[Any], path: str) -> tuple[ComparedSignature, ...]:
    names = sorted(module.get_signature_names())
    after = ModuleCopy(path, module.tags)
    try:
        before = ModuleCopy(module.spec, module.tags, values)
    except _ERRORS as error:
        after.close()
        return tuple(
            ComparedSignature(name, 0, None, MSG_NO_COPY.format(error=error_line(error))) for name in names
        )
    try:
        return tuple(_compare(name, module, before, after) for name in names)
    finally:
        before.close()
        after.close()


def _compare(name: str, module: Module, before: ModuleCopy, after: ModuleCopy) -> ComparedSignature:
    side_effects = after.effects(name)
    runs = run_twice(
        module, name, side_effects, lambda inputs: before.run(name, inputs, side_effects.stateful)
    )
    if isinstance(runs, str):
        return ComparedSignature(name, 0, None, runs)
    try:
        # The module itself accepted these inputs, so from here on a failure is a difference.
        written = after.run(name, runs.inputs, side_effects.stateful)
    except _ERRORS as error:
        return ComparedSignature(name, len(runs.first), math.inf, MSG_FAILS.format(error=error_line(error)))
    return _compare_steady(name, side_effects, runs, written, (before.assets, after.assets))


@dataclass(frozen=True)
class TwoRuns:
    """Two runs of a signature on the same inputs: what differs between them is random, or follows the clock.

    Attributes:
      inputs: the values that the signature accepted.
      first: outputs of the first run by name.
      second: those of the second one.
    """

    inputs: dict[str, Any]
    first: Mapping[str, Any]
    second: Mapping[str, Any]

    @property
    def steady(self) -> list[str]:
        """Names of the outputs that are the same in both."""
        return [key for key in self.first if difference(self.first[key], self.second[key]) == 0]


def run_twice(
    module: Module, name: str, side_effects: Effects, run: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> TwoRuns | str:
    """Runs a signature on the first generated inputs that it accepts; returns the reason if it cannot.

    Args:
      module: whose signature it is.
      name: of the signature.
      side_effects: of a run.
      run: runs a copy of it.
    """
    if side_effects.outside:
        return MSG_OUTSIDE.format(ops=", ".join(side_effects.outside))
    if missing_kernels := ops_without_kernel(module, name):
        return MSG_NO_KERNEL.format(op=missing_kernels[0], reason=reason(missing_kernels[0]))
    problem = MSG_NO_INPUTS
    for inputs in made_up(module, name):
        try:
            return TwoRuns(inputs, run(inputs), run(inputs))
        except _ERRORS as error:
            problem = f"{MSG_NO_INPUTS}: {error_line(error)}"
    return problem


def _compare_steady(
    name: str,
    side_effects: Effects,
    runs: TwoRuns,
    written: Mapping[str, Any],
    assets: tuple[Assets, Assets],
) -> ComparedSignature:
    """Compares the outputs that are the same on each run of the module itself."""
    first, steady = runs.first, runs.steady
    others = [repr(key) for key in first if key not in steady]
    variation = "random" if side_effects.random else "different on each run"
    if not steady:
        return ComparedSignature(name, 0, None, f"its outputs are {variation}")
    largest = max(difference(first[key], written[key], *assets) for key in steady)
    note = f"{', '.join(others)} not compared: {variation}" if others else ""
    return ComparedSignature(name, len(steady), largest, note)


def made_up(module: Module, name: str) -> Iterator[dict[str, Any]]:
    """Yields examples of values for the inputs of a signature."""
    summary = module.summary()
    variant = named_variant(summary, module.tags)
    signature = named_signature(variant, name)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    for example in example_search.candidates(fields(signature, variant, meta_graph)):
        yield {key: value.value for key, value in example.items()}


class ModuleCopy:
    """A module in a graph and session of its own.

    Args:
      spec: a ModuleSpec or path.
      tags: of the graph variant.
      values: of its variables, in the order of `Module.variables`; None for those of the checkpoint.
      trainable: see `Module`.
      optimize: whether TensorFlow's graph optimizer may change how it is computed.

    Attributes:
      module: in the graph of the copy.
      applied: its signatures.
      assets: its files.
      session: the current one.
    """

    def __init__(
        self,
        spec: Any,
        tags: Iterable[str],
        values: Sequence[Any] | None = None,
        *,
        trainable: bool = False,
        optimize: bool = True,
    ) -> None:
        self._config = None if optimize else _unoptimized()
        with tf.Graph().as_default() as graph:
            self.module = Module(spec, tags=tags, trainable=trainable)
            variables = list(self.module.variables)
            self._feeds: dict[Any, Any] = {}
            if values is not None:
                # Fed, since constants would be in the graph, whose protocol buffer cannot exceed 2 GB.
                inputs = [tf.compat.v1.placeholder(variable.dtype.base_dtype) for variable in variables]
                self._feeds = dict(zip(inputs, values, strict=True))
                assignments = [
                    tf.compat.v1.assign(variable, value, validate_shape=False).op
                    for variable, value in zip(variables, inputs, strict=True)
                ]
            else:
                assignments = [variable.initializer for variable in variables]
            self._assign = tf.group(*assignments)
            assigned_names = {variable.op.name for variable in variables}
            all_variables = (*tf.compat.v1.global_variables(), *tf.compat.v1.local_variables())
            self._initialize = tf.group(
                *(
                    variable.initializer
                    for variable in all_variables
                    if variable.op.name not in assigned_names
                ),
                tf.compat.v1.tables_initializer(),
            )
            paths = graph.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
        self.applied = AppliedSignatures()
        self._graph = graph
        self.assets = Assets(path.item() for path in map(tf.get_static_value, paths) if path is not None)
        self._open()

    def _open(self) -> None:
        self.session = tf.compat.v1.Session(graph=self._graph, config=self._config)
        # Variables of the module first: the initialisers of others may read them.
        self._run(self._assign, self._feeds)
        self._run(self._initialize)
        self._is_dirty = False

    def _run(self, fetches: Any, feeds: Mapping[Any, Any] | None = None, options: Any = None) -> Any:
        """Runs it; an interrupt closes the session, which is of no further use then, and so ends the run."""
        return stoppable(self.session.run, fetches, feeds, options, stop=lambda: self.close(0.0))

    def effects(self, signature: str) -> Effects:
        """The side effects of a signature."""
        spec = self.module.spec
        if isinstance(spec, DefinedSpec):
            return effects(spec.apply_plan(self.module.tags, signature, False))
        return Effects(stateful=True, random=False, outside=())

    def run(self, signature: str, inputs: Mapping[str, Any], stateful: bool) -> dict[str, Any]:
        """All outputs of a signature, run on the state as it was in the beginning."""
        self.start(stateful)
        applied = self.applied.get(self.module, signature)
        estimate.check(applied, inputs, most=example_search.MEMORY)
        results: dict[str, Any] = self.fetch(applied.outputs, signature, inputs)
        return results

    def start(self, stateful: bool) -> None:
        """Brings the state back to what it was in the beginning, for a run that may change it."""
        if self._is_dirty:
            self.close()
            self._open()
        # Before the run: one that fails may have changed something by then.
        self._is_dirty = stateful

    def arrays(self, signature: str, inputs: Mapping[str, Any]) -> list[Any]:
        """The dense arrays of the inputs of a signature, sorted by name, those of one input in order."""
        return list(Feeds(signature, self.module.get_input_info_dict(signature)).arrays(dict(inputs)))

    def fetch(self, fetches: Any, signature: str, inputs: Mapping[str, Any]) -> Any:
        """Runs something that depends on the placeholders of a signature."""
        return self.fetch_arrays(fetches, signature, self.arrays(signature, inputs))

    def fetch_arrays(self, fetches: Any, signature: str, arrays: Sequence[Any]) -> Any:
        """The same with the dense arrays of the inputs, in the order of `arrays`."""
        applied = self.applied.get(self.module, signature)
        fed = dict(zip(applied.placeholders, arrays, strict=True))
        limited = tf.compat.v1.RunOptions(timeout_in_ms=round(example_search.RUN_SECONDS * 1000))
        try:
            try:
                return self._run(fetches, fed, limited)
            except tf.errors.UnimplementedError:
                if self._config is not None:
                    raise
                # The optimizer may fuse ops to one that no kernel computes, such as a grouped convolution
                # with its bias on a CPU (TensorFlow 2.21). What the graph says can still be run.
                self._config = _unoptimized()
                self.close()
                self._open()
                return self._run(fetches, fed, limited)
        except tf.errors.DeadlineExceededError as error:
            raise explain_run_error(error, timeout=example_search.RUN_SECONDS) or error from error

    def close(self, patience: float = 1.0) -> None:
        """Frees what the session holds; waits at most `patience` seconds for an op that does not end."""
        try_for(self.session.close, patience)


def _unoptimized() -> Any:
    """The configuration of a session that computes just what the graph says."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1  # L0
    return config

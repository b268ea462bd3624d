"""Whether a module and its export give the same outputs, on inputs made up for each signature.

Nothing runs in the user's session but a read of the variables: a signature may count, train or reset. Two
copies run instead, each in a graph and session of its own: the module as it is now, and as it was written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import HubError
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.module import Module
from hubexplore.hub.running.feeds import Feeds
from hubexplore.hub.running.run_errors import explain_run_error, ops_without_kernel
from hubexplore.hub.running.signature_runner import AppliedSignature
from hubexplore.inputs.examples import example_search
from hubexplore.inputs.fields import fields
from hubexplore.session.export.differences import Assets, difference
from hubexplore.session.export.report import ComparedSignature
from hubexplore.session.export.side_effects import Effects, effects
from hubexplore.session.interruption import run_interruptibly, stoppable, try_for
from hubexplore.session.memory import estimate
from hubexplore.summary.graph.op_kernels import reason
from hubexplore.summary.lookup import named_signature, named_variant

_ERRORS: Final = (HubError, tf.errors.OpError)
MSG_NO_INPUTS: Final = "no inputs were found that it accepts"
MSG_OUTSIDE: Final = "not run, because it writes files or runs Python: {ops}"
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
    variables = list(module.variables)
    values = session.run(variables) if variables else []
    return run_interruptibly(lambda: _compared(module, values, path))


def _compared(module: Module, values: Sequence[Any], path: str) -> tuple[ComparedSignature, ...]:
    names = sorted(module.get_signature_names())
    after = _Copy(path, module.tags)
    try:
        before = _Copy(module.spec, module.tags, values)
    except _ERRORS as error:
        after.close()
        return tuple(
            ComparedSignature(name, 0, None, MSG_NO_COPY.format(error=_first(error))) for name in names
        )
    try:
        return tuple(_compare(name, module, before, after) for name in names)
    finally:
        before.close()
        after.close()


def _compare(name: str, module: Module, before: _Copy, after: _Copy) -> ComparedSignature:
    does = after.effects(name)
    if does.outside:
        return ComparedSignature(name, 0, None, MSG_OUTSIDE.format(ops=", ".join(does.outside)))
    if lacking := ops_without_kernel(module, name):
        return ComparedSignature(
            name, 0, None, MSG_NO_KERNEL.format(op=lacking[0], reason=reason(lacking[0]))
        )
    refused = MSG_NO_INPUTS
    for inputs in made_up(module, name):
        try:
            first = before.run(name, inputs, does.stateful)
            second = before.run(name, inputs, does.stateful)
        except _ERRORS as error:
            refused = f"{MSG_NO_INPUTS}: {_first(error)}"
            continue
        try:
            written = after.run(name, inputs, does.stateful)
        except _ERRORS as error:
            return ComparedSignature(name, len(first), math.inf, MSG_FAILS.format(error=_first(error)))
        return _judged(name, does, before, after, (first, second, written))
    return ComparedSignature(name, 0, None, refused)


def _judged(
    name: str, does: Effects, before: _Copy, after: _Copy, results: tuple[Mapping[str, Any], ...]
) -> ComparedSignature:
    """Compares those outputs that are the same on each run of the module itself."""
    first, second, written = results
    steady = [key for key in first if difference(first[key], second[key]) == 0]
    others = [repr(key) for key in first if key not in steady]
    how = "random" if does.random else "different on each run"
    if not steady:
        return ComparedSignature(name, 0, None, f"its outputs are {how}")
    largest = max(difference(first[key], written[key], before.assets, after.assets) for key in steady)
    note = f"{', '.join(others)} not compared: {how}" if others else ""
    return ComparedSignature(name, len(steady), largest, note)


def made_up(module: Module, name: str) -> Iterator[dict[str, Any]]:
    """Values for the inputs of a signature, one example after the other."""
    summary = module.summary()
    variant = named_variant(summary, module.tags)
    signature = named_signature(variant, name)
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    for given in example_search.trials(fields(signature, variant, meta_graph)):
        yield {key: each.value for key, each in given.items()}


class _Copy:
    """A module in a graph and session of its own.

    Args:
      spec: a ModuleSpec or path.
      tags: of the graph variant.
      values: of its variables, in the order of `Module.variables`; None for those of the checkpoint.
    """

    def __init__(self, spec: Any, tags: Iterable[str], values: Sequence[Any] | None = None) -> None:
        with tf.Graph().as_default() as graph:
            self._module = Module(spec, tags=tags)
            own = list(self._module.variables)
            self._feeds: dict[Any, Any] = {}
            if values is not None:
                inputs = [tf.compat.v1.placeholder(each.dtype.base_dtype) for each in own]
                self._feeds = dict(zip(inputs, values, strict=True))
                assigned = [
                    tf.compat.v1.assign(each, value, validate_shape=False).op
                    for each, value in zip(own, inputs, strict=True)
                ]
            else:
                assigned = [each.initializer for each in own]
            self._given = tf.group(*assigned)
            known = {each.op.name for each in own}
            rest = (*tf.compat.v1.global_variables(), *tf.compat.v1.local_variables())
            self._others = tf.group(
                *(each.initializer for each in rest if each.op.name not in known),
                tf.compat.v1.tables_initializer(),
            )
            paths = graph.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
        self._applied: dict[str, AppliedSignature] = {}
        self._graph = graph
        self.assets = Assets(path.item() for path in map(tf.get_static_value, paths) if path is not None)
        self._open()

    def _open(self) -> None:
        self._session = tf.compat.v1.Session(graph=self._graph)
        self._run(self._given, self._feeds)
        self._run(self._others)
        self._touched = False

    def _run(self, fetches: Any, feeds: Mapping[Any, Any] | None = None, options: Any = None) -> Any:
        """Runs it so that an interrupt ends it: nobody needs the session of a copy any more."""
        return stoppable(self._session.run, fetches, feeds, options, stop=lambda: self.close(0.0))

    def effects(self, signature: str) -> Effects:
        """What a signature does besides giving outputs."""
        spec = self._module.spec
        if isinstance(spec, DefinedSpec):
            return effects(spec.apply_plan(self._module.tags, signature, False))
        return Effects(stateful=True, random=False, outside=())

    def run(self, signature: str, inputs: Mapping[str, Any], stateful: bool) -> dict[str, Any]:
        """All outputs of a signature, with the state as it was in the beginning."""
        if self._touched:
            self.close()
            self._open()
        feeds = Feeds(signature, self._module.get_input_info_dict(signature)).arrays(dict(inputs))
        if signature not in self._applied:
            self._applied[signature] = AppliedSignature(self._module, signature)
        applied = self._applied[signature]
        self._touched = stateful
        fed = dict(zip(applied.placeholders, feeds, strict=True))
        estimate.check(applied, inputs, most=example_search.MEMORY)
        limited = tf.compat.v1.RunOptions(timeout_in_ms=round(example_search.RUN_SECONDS * 1000))
        try:
            results: dict[str, Any] = self._run(applied.outputs, fed, limited)
        except tf.errors.DeadlineExceededError as error:
            raise explain_run_error(error, timeout=example_search.RUN_SECONDS) or error from error
        return results

    def close(self, patience: float = 1.0) -> None:
        """Frees what the session holds; waits so many seconds for an op that does not end."""
        try_for(self._session.close, patience)


def _first(error: BaseException) -> str:
    """The first line of a message."""
    return next(iter(str(error).splitlines()), type(error).__name__)

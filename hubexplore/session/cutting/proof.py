"""`check_cut`: runs a cut and the module that it was cut out of on one example, and compares all values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import CutError, HubError
from hubexplore.hub.cutting.cut import CutRecord
from hubexplore.hub.danger_check import require_trust
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.error_line import error_line
from hubexplore.hub.quiet_start import start_devices
from hubexplore.hub.running.missing_kernels import ops_without_kernel
from hubexplore.session.cutting.report import ComparedOutput, CutReport
from hubexplore.session.export.differences import Assets, difference
from hubexplore.session.export.verification import (
    MSG_NO_INPUTS,
    MSG_NO_KERNEL,
    MSG_OUTSIDE,
    ModuleCopy,
    made_up,
)
from hubexplore.session.fetches import resolve
from hubexplore.session.interruption import run_interruptibly
from hubexplore.summary.graph.ops.op_kernels import reason

_ERRORS: Final = (HubError, tf.errors.OpError)
MSG_TRUST: Final = "hubexplore trust add {title!r}; or cut without running it: check=False"
MSG_RANDOM: Final = "different on each run"
MSG_FAILS: Final = "the cut fails: {error}"


def check_cut(cut: Any, inputs: Mapping[str, Any] | None = None) -> CutReport:
    """Compares the outputs of a cut with the values that the module computes.

    Both run in graphs and sessions of their own, with the published values and without TensorFlow's graph
    optimizer, which may compute the two in different ways. The cut gets the values that its inputs have in
    the module, so all bits should be equal. Outputs that are different on each run are not compared.

    Args:
      cut: what `ModuleSpec.cut` returned.
      inputs: of the signature that was cut, by name; None for a generated example that it accepts.

    Returns:
      A CutReport, which shows itself: each output, the tensor that it is, and the largest difference.

    Raises:
      CutError: (a ValueError) `cut` is no cut.
      UntrustedModuleError: (a ValueError) the module can touch things outside of itself, and the user has
        not said to trust it.
    """
    origin = cut.origin_cut if isinstance(cut, DefinedSpec) else None
    if origin is None:
        raise CutError("check_cut takes what spec.cut(...) returned; a whole module has nothing to compare.")
    spec, record = origin
    require_trust(spec, remedy=MSG_TRUST.format(title=spec.title))
    start_devices()
    # In a thread of its own: the main thread handles no signal while it is inside TensorFlow.
    return run_interruptibly(lambda: _check(cut, spec, record, inputs))


def _check(
    cut: DefinedSpec, spec: DefinedSpec, record: CutRecord, inputs: Mapping[str, Any] | None
) -> CutReport:
    outputs: list[ComparedOutput] = []
    for tags in cut.get_tags():
        results = _Comparison(cut, spec, record, tags).run(inputs)
        labels = tuple(sorted(tags))
        for name, tensors in record.outputs[tags].items():
            result = results if isinstance(results, str) else results[name]
            found, note = (None, result) if isinstance(result, str) else (result, "")
            if isinstance(result, str) and result.startswith(MSG_FAILS.partition("{")[0]):
                found = math.inf
            outputs.append(ComparedOutput(name, ", ".join(tensors), labels, found, note))
    return CutReport(spec.title, tuple(outputs))


@dataclass(frozen=True)
class _Comparison:
    """A comparison in one graph variant."""

    cut: DefinedSpec
    spec: DefinedSpec
    record: CutRecord
    tags: frozenset[str]

    def run(self, inputs: Mapping[str, Any] | None) -> Mapping[str, float | str] | str:
        """Name of an output -> the largest difference, or why it was not compared; or why none was."""
        try:
            before = ModuleCopy(self.spec, self.tags, optimize=False)
        except _ERRORS as error:
            return f"the module cannot be loaded: {error_line(error)}"
        try:
            return self._compare(before, inputs)
        finally:
            before.close()

    def _compare(
        self, before: ModuleCopy, inputs: Mapping[str, Any] | None
    ) -> Mapping[str, float | str] | str:
        try:
            after = ModuleCopy(self.cut, self.tags, optimize=False)
        except _ERRORS as error:
            return MSG_FAILS.format(error=error_line(error))
        try:
            return self._compare_both(before, after, inputs)
        finally:
            after.close()

    def _compare_both(
        self, before: ModuleCopy, after: ModuleCopy, inputs: Mapping[str, Any] | None
    ) -> Mapping[str, float | str] | str:
        name, of = self.record.signature, self.record.of[self.tags]
        effects = [before.effects(of), after.effects(name)]
        outside = sorted({op for effect in effects for op in effect.outside})
        if outside:
            return MSG_OUTSIDE.format(ops=", ".join(outside))
        for module, signature in ((before.module, of), (after.module, name)):
            if missing := ops_without_kernel(module, signature):
                return MSG_NO_KERNEL.format(op=missing[0], reason=reason(missing[0]))
        stateful = any(effect.stateful for effect in effects)
        try:
            fetched = self._fetched(before)
        except _ERRORS as error:
            return f"the module cannot compute it apart: {error_line(error)}"
        values = self._values(before, fetched, inputs, stateful)
        if isinstance(values, str):
            return values
        fed, expected = values
        runs = []
        for _ in range(2):
            after.start(stateful)
            applied = after.applied.get(after.module, name)
            flat = {
                key: tf.nest.flatten(output, expand_composites=True)
                for key, output in applied.outputs.items()
            }
            try:
                runs.append(after.fetch_arrays(flat, name, fed))
            except _ERRORS as error:
                return MSG_FAILS.format(error=error_line(error))
        return _differences(expected, runs[0], runs[1], before.assets, after.assets)

    def _fetched(self, before: ModuleCopy) -> tuple[list[Any], dict[str, list[Any]]]:
        """The tensors of the module that the cut takes, in the order of feeds, and those that it returns."""
        of = self.record.of[self.tags]
        applied = before.applied.get(before.module, of)
        inputs, outputs = self.record.inputs[self.tags], self.record.outputs[self.tags]
        return (
            [resolve(tensor, before.module, applied) for name in sorted(inputs) for tensor in inputs[name]],
            {
                name: [resolve(tensor, before.module, applied) for tensor in tensors]
                for name, tensors in outputs.items()
            },
        )

    def _values(
        self,
        before: ModuleCopy,
        fetched: tuple[list[Any], dict[str, list[Any]]],
        inputs: Mapping[str, Any] | None,
        stateful: bool,
    ) -> tuple[list[Any], Mapping[str, Sequence[Any]]] | str:
        """What the module computes for an example: for the inputs of the cut, and for its outputs."""
        of = self.record.of[self.tags]
        problem = MSG_NO_INPUTS
        examples: Iterator[Mapping[str, Any]] = (
            made_up(before.module, of) if inputs is None else iter([inputs])
        )
        for example in examples:
            before.start(stateful)
            try:
                fed, outputs = before.fetch(fetched, of, example)
            except _ERRORS as error:
                if inputs is not None:
                    raise
                problem = f"{MSG_NO_INPUTS}: {error_line(error)}"
            else:
                return fed, outputs
        return problem


def _differences(
    expected: Mapping[str, Sequence[Any]],
    first: Mapping[str, Sequence[Any]],
    second: Mapping[str, Sequence[Any]],
    assets: Assets,
    other_assets: Assets,
) -> dict[str, float | str]:
    results: dict[str, float | str] = {}
    for name, values in expected.items():
        if any(difference(*pair) for pair in zip(first[name], second[name], strict=True)):
            results[name] = MSG_RANDOM
            continue
        pairs = zip(values, first[name], strict=True)
        results[name] = max(difference(value, other, assets, other_assets) for value, other in pairs)
    return results

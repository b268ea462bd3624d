"""Measures a signature that is loaded in a session: traced runs, then more and more rows."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from hubexplore.display.rich.measured_view import ShownMeasurement, displayable
from hubexplore.errors import HubError, SignatureError
from hubexplore.hub.error_line import error_line
from hubexplore.hub.module import Module
from hubexplore.hub.running.feeds import ragged_value
from hubexplore.hub.running.run_errors import explain_run_error
from hubexplore.inputs.examples import example_search
from hubexplore.inputs.fields import fields
from hubexplore.inputs.machine_memory import available_memory
from hubexplore.session.batches import by_input
from hubexplore.session.cost.curve import MAX_ROWS, doubled, measured_curve, quantile
from hubexplore.session.cost.rows import NO_ROWS, row_count, with_rows, with_values
from hubexplore.session.cost.trace import Trace, traced
from hubexplore.session.memory import estimate
from hubexplore.summary.cost import Cost, cost_of
from hubexplore.summary.cost.measured import BatchTime, MeasuredCost
from hubexplore.summary.lookup import default_signature, named_signature, named_variant
from hubexplore.summary.model import Shape
from hubexplore.summary.tensor_values import Array

if TYPE_CHECKING:
    from hubexplore.session.session import NotebookSession
    from hubexplore.session.tf_session import ManagedSession

SECONDS: Final = 10.0
"""Default time for the curve, in seconds."""
TRACED_RUNS: Final = 5
"""Number of runs with tracing, of which the one with the median time is shown."""
PLAIN_RUNS: Final = 30
MAX_SECONDS: Final = 1.0
"""Time in seconds after which no further traced, or plain, run begins."""
MEMORY_SHARE: Final = 0.5
"""Share of the free memory that a run may need by the estimate, which knows no scratch space of kernels."""

MSG_NO_INPUTS: Final = (
    "No inputs were found that signature {signature!r} accepts, so it cannot be measured: {reason} Give "
    "inputs of your own: cost({name!r}, inputs)."
)
MSG_BATCHES: Final = "batches= takes numbers of rows, each at least 1, as in (1, 8, 64); got {got!r}."
MSG_SECONDS: Final = "seconds= is the time for the curve, a number of at least 0; got {got!r}."
MSG_EXAMPLE: Final = "The inputs are generated: times may depend on values, such as the lengths of texts."


@dataclass(frozen=True)
class Request:
    """What is measured.

    Attributes:
      signature: its name.
      inputs: values by name, or the value of a single input; None for generated ones.
      steps: numbers of rows of the curve, ascending; None for 1, 2, 4, ...
      seconds: time for the curve; 0 for no curve.
    """

    signature: str
    inputs: Any = None
    steps: tuple[int, ...] | None = None
    seconds: float = SECONDS


def measure(
    session: NotebookSession,
    managed: ManagedSession,
    module: Module,
    inputs: Any = None,
    signature: str | None = None,
    *,
    batches: Iterable[int] | None = None,
    seconds: float = SECONDS,
) -> ShownMeasurement:
    """Returns what a signature costs on this machine; see `NotebookSession.cost`.

    Args:
      session: that loaded the module.
      managed: its TensorFlow session.
      module: live.
      inputs: values; None for generated ones.
      signature: its name; None for the default one.
      batches: numbers of rows of the curve; None for 1, 2, 4, ...
      seconds: time for the curve.
    """
    name = signature or default_signature(module.get_signature_names())
    request = Request(name, inputs, _checked_steps(batches), _checked_seconds(seconds))
    title = next((name for name, loaded in session.modules().items() if loaded is module), module.name)
    try:
        return displayable(_Measurement(session, managed, module, request).result(title))
    except (tf.errors.OpError, RuntimeError) as error:
        explained = session.explanation(error, module)
        if explained is None:
            raise
        raise explained from error


class _Measurement:
    def __init__(
        self, session: NotebookSession, managed: ManagedSession, module: Module, request: Request
    ) -> None:
        self._managed, self._module, self._request = managed, module, request
        self._runner = session.runner(module, request.signature)
        self._applied = session.applied(module, request.signature)
        self._infos = self._runner.feeds.infos
        self._notes: list[str] = []

    def result(self, title: str) -> MeasuredCost:
        inputs, arrays = self._first_inputs()
        seconds = quantile(sorted(self._times(arrays)), 0.5)
        trace = self._trace(arrays)
        rows = row_count(self._infos, arrays)
        curve, ended = self._curve(inputs, arrays, rows)
        if ended:
            self._notes.append(ended)
        shapes = tuple(_shapes(self._infos, arrays))
        return MeasuredCost(
            title,
            self._request.signature,
            tuple(sorted(self._module.tags)),
            shapes,
            max(rows, 1),
            trace.device,
            seconds,
            trace.peak_bytes,
            trace.ops,
            curve,
            self._counted(dict(shapes)),
            tuple(self._notes),
        )

    def _times(self, arrays: Sequence[Array]) -> list[float]:
        """Returns the times of some runs, of fewer if they take long."""
        times: list[float] = []
        while len(times) < PLAIN_RUNS and sum(times) < MAX_SECONDS:
            begin = time.perf_counter()
            self._runner.results(arrays)
            times.append(time.perf_counter() - begin)
        return times

    def _first_inputs(self) -> tuple[Mapping[str, Any], list[Array]]:
        """Returns inputs by name and as arrays: those that are given, or generated ones that run."""
        request = self._request
        if request.inputs is not None or not self._infos:
            arrays = list(self._runner.feeds.arrays(with_values(self._infos, request.inputs)))
            inputs = dict(_values(self._infos, arrays))
            estimate.check(self._applied, inputs)
            self._runner.results(arrays)
            return inputs, arrays
        reason = "it has none that can be generated."
        for example in self._examples():
            try:
                arrays = list(self._runner.feeds.arrays(example))
                estimate.check(self._applied, example, most=example_search.MEMORY)
                self._runner.results(arrays)
            except (HubError, tf.errors.OpError) as error:
                explained = explain_run_error(error) if isinstance(error, tf.errors.OpError) else None
                reason = f"{error_line(explained or error)}."
                continue
            self._notes.append(MSG_EXAMPLE)
            return example, arrays
        raise SignatureError(
            MSG_NO_INPUTS.format(signature=request.signature, reason=reason, name=self._module.name)
        )

    def _examples(self) -> Iterator[dict[str, Any]]:
        """Yields values of one row for the inputs, the likeliest first."""
        summary = self._module.spec.summary()
        variant = named_variant(summary, self._module.tags)
        signature = named_signature(variant, self._request.signature)
        meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source else None
        known = fields(signature, variant, meta_graph)
        for example in example_search.candidates(known, rows=1):
            yield {name: entry.value for name, entry in example.items()}

    def _trace(self, arrays: Sequence[Array]) -> Trace:
        """Returns the trace with the median time of several."""
        traces: list[Trace] = []
        end = time.perf_counter() + MAX_SECONDS
        while len(traces) < TRACED_RUNS and (len(traces) < 2 or time.perf_counter() < end):
            traces.append(traced(self._managed, self._module, self._applied, arrays))
        # The first one prepares the graph for tracing.
        later = sorted(traces[1:], key=lambda trace: sum(op.seconds for op in trace.ops))
        return later[len(later) // 2]

    def _curve(
        self, inputs: Mapping[str, Any], arrays: Sequence[Array], rows: int
    ) -> tuple[tuple[BatchTime, ...], str]:
        steps = self._request.steps
        if not self._request.seconds:
            return (), ""
        if rows == NO_ROWS:
            return (), "There is no curve: the inputs have no open first dimension that they share."
        free = available_memory()
        limit = MAX_ROWS
        if free is not None:
            fitting = estimate.rows_within(self._applied, inputs, int(free * MEMORY_SHARE))
            limit = fitting if fitting > 0 else limit
        chosen = list(doubled(limit)) if steps is None else [step for step in steps if step <= limit]
        curve, ended = measured_curve(
            self._runner.results,
            lambda count: with_rows(self._infos, arrays, count),
            chosen,
            self._request.seconds,
        )
        if not ended and limit < (MAX_ROWS if steps is None else max(steps)):
            ended = f"More than {limit:,} rows would need more than half of the free memory."
        return curve, ended

    def _counted(self, shapes: Mapping[str, Shape]) -> Cost | None:
        """Returns what is counted for the same shapes; None if the graph cannot be counted."""
        summary = self._module.spec.summary()
        try:
            variant = named_variant(summary, self._module.tags)
            return cost_of(summary, variant, dict(shapes) or None, self._request.signature)
        except HubError:
            return None


def _values(infos: Mapping[str, Any], arrays: Sequence[Array]) -> Iterator[tuple[str, Any]]:
    """Yields (input, the value that its arrays stand for)."""
    for name, info, own in by_input(infos, arrays):
        match info.kind:
            case "sparse":
                yield name, tf.compat.v1.SparseTensorValue(*own)
            case "ragged":
                yield name, ragged_value(own[0], list(own[1:]))
            case _:
                yield name, own[0]


def _shapes(infos: Mapping[str, Any], arrays: Sequence[Array]) -> Iterator[tuple[str, Shape]]:
    """Yields (input, shape of the array that it stands for)."""
    for name, info, own in by_input(infos, arrays):
        match info.kind:
            case "sparse":
                yield name, tuple(map(int, own[2]))
            case "ragged":
                yield name, (len(own[1]) - 1, *[None] * (len(own) - 1), *map(int, own[0].shape[1:]))
            case _:
                yield name, tuple(map(int, own[0].shape))


def _checked_seconds(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf:
        raise SignatureError(MSG_SECONDS.format(got=seconds))
    return seconds


def _checked_steps(batches: Iterable[int] | None) -> tuple[int, ...] | None:
    if batches is None:
        return None
    try:
        steps = {operator.index(step) for step in batches}
    except TypeError:
        raise SignatureError(MSG_BATCHES.format(got=batches)) from None
    if not steps or min(steps) < 1:
        raise SignatureError(MSG_BATCHES.format(got=batches))
    return tuple(sorted(steps))

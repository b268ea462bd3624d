"""What a session's calls add to a `SignatureRunner`: interrupts, the log, batches and fetched tensors."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf

from hubexplore.errors import NoSuchTensorError, SignatureError
from hubexplore.hub.module import Module
from hubexplore.hub.running.compiled_call import CompiledCall, surely_runs
from hubexplore.hub.running.signature_runner import AppliedSignatures, SignatureRunner
from hubexplore.session.batches import batches, is_batched, joined
from hubexplore.session.call_log import CallLog
from hubexplore.session.fetches import resolve
from hubexplore.session.interruption import borrowed
from hubexplore.session.tf_session import ManagedSession
from hubexplore.summary.lookup import default_signature
from hubexplore.summary.tensor_values import Array


@dataclass
class Runtime:
    """What the runners of a session share.

    Attributes:
      session: of the graph; everything in it is initialised.
      log: gets each call.
      applied: signatures applied to placeholders so far.
    """

    session: ManagedSession
    log: CallLog
    applied: AppliedSignatures


MSG_NOT_TAKEN: Final = (
    "{name!r} has no value in this call: it is in a branch of a condition that these inputs do not take. "
    "Fetch another tensor, or give inputs that take the branch."
)


@dataclass(frozen=True)
class Request:
    """What a caller asks for.

    Attributes:
      signature: its name; None means `default`.
      as_dict: whether to return all outputs by name.
      fetch: further tensors; None if the caller did not mention any, which decides what a call returns.
      timeout: time in seconds that a run may take; None for no limit.
    """

    signature: str | None = None
    as_dict: bool = False
    fetch: tuple[Any, ...] | None = None
    timeout: float | None = None


class SessionRunner(SignatureRunner):
    """A signature of a live module as a function of values, whose calls are logged and can be interrupted.

    Args:
      module: live.
      runtime: of the session.
      request: what to run and return.
      title: what the log calls the module.

    Raises:
      NoSuchSignatureError, SignatureError: as `NotebookSession.call`.
    """

    def __init__(self, module: Module, runtime: Runtime, request: Request, title: str = "") -> None:
        signature = request.signature or default_signature(module.get_signature_names())
        super().__init__(
            module, runtime.session, runtime.applied, signature, request.as_dict, takes_only_output=True
        )
        self._managed = runtime.session
        self._log = runtime.log
        self._fetch = request.fetch
        self._resolved: list[Any] = []
        self._timeout = request.timeout
        # What the log calls the arrays of an input: a sparse or ragged one has several.
        self._array_names = [
            name if len(info.component_names) == 1 else f"{name} ({part})"
            for name, info in self.feeds.infos.items()
            for part in range(len(info.component_names))
        ]
        self._called = (title or module.scope, signature)
        # Compiled calls that no thread runs now. Only a run that can be stopped needs one of its own, since
        # its stop ends whatever else runs by the same ops.
        self._idle_calls: list[CompiledCall] = []

    def use(self, session: ManagedSession) -> None:
        """Runs later calls in another session of the graph."""
        with self._applied.building:
            self._session = self._managed = session
            # A new list, since threads put what they run back into the old one.
            self._compiled, self._idle_calls = None, []

    def __call__(self, inputs: Any) -> Any:
        """Runs it on values; see `NotebookSession.call`."""
        return self._run_logged(self.feeds.arrays(inputs))

    def _run_logged(self, arrays: Sequence[Array]) -> Any:
        """Runs it on arrays, as the log does at a replay."""
        # Two clocks: durations must not change when somebody sets the time of day.
        started = time.time()
        begin = time.perf_counter()
        outputs, fetched = self._split(self.results(arrays))
        self._add_to_log(started, begin, arrays, outputs | fetched)
        return self._returned(outputs, fetched)

    def in_batches(self, inputs: Any, size: int, progress: bool | None) -> Any:
        """Runs it on at most `size` rows at a time; an interrupt stops at the next batch."""
        if self._fetch:
            raise SignatureError(
                "fetch= and batch_size= cannot be combined: a fetched tensor may have no rows."
            )
        arrays = self.feeds.arrays(inputs)
        rows, parts = batches(self.feeds.infos, arrays, size)
        fixed = [name for name in self.output_names if not is_batched(self.output_infos[name])]
        if fixed:
            raise SignatureError(
                f"The outputs {fixed} of signature {self.signature!r} have a fixed shape, not one row per "
                f"row of the inputs, so the outputs of batches cannot be joined. Leave batch_size out."
            )
        started = time.time()
        begin = time.perf_counter()
        done = []
        with _progress_bar(rows, progress) as update:
            for number, part in enumerate(parts):
                count = min(size, rows - number * size)
                done.append((count, self.results(part)))
                update(count)
        outputs = joined(done)
        self._add_to_log(started, begin, arrays, outputs)
        return self._returned(outputs, {})

    def _add_to_log(
        self, started: float, begin: float, arrays: Sequence[Array], results: dict[str, Any]
    ) -> None:
        """Adds a call that began at the time `started` and the clock's reading `begin`."""
        timing = (started, time.perf_counter() - begin)
        named = zip(self._array_names, arrays, strict=True)
        self._log.add(timing, self._called, named, results, self._run_logged)

    def _split(self, results: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The outputs, and what else was fetched, by name."""
        if not self._fetch:
            return results, {}
        values = list(results.values())
        count = len(self.output_names)
        outputs = dict(zip(self.output_names, values[:count], strict=True))
        for fetch, value, tensor in zip(self._fetch, values[count:], self._resolved, strict=True):
            if _is_left_out(value, tensor):
                raise NoSuchTensorError(MSG_NOT_TAKEN.format(name=_label(fetch)))
        return outputs, dict(zip(map(_label, self._fetch), values[count:], strict=True))

    def _returned(self, outputs: dict[str, Any], fetched: dict[str, Any]) -> Any:
        selected = self.selected(outputs)
        return selected if self._fetch is None else (selected, fetched)

    def _execute(
        self, call: CompiledCall, run: Callable[..., Sequence[Any]], arrays: Sequence[Array]
    ) -> Sequence[Any]:
        """Runs it so that an interrupt ends this run, and none that another thread began."""
        if call.stop is None:
            return self._hand_over(run, arrays)
        with borrowed(self._idle_calls, self._new_call) as own_call:
            stop = own_call.stop.now if own_call.stop else None
            return self._hand_over(own_call.run, arrays, stop)

    def _hand_over(
        self,
        run: Callable[..., Sequence[Any]],
        arrays: Sequence[Array],
        stop: Callable[[], None] | None = None,
    ) -> Sequence[Any]:
        flat: Sequence[Any] = self._managed.hand_over(run, *arrays, stop=stop)
        return flat

    def _compile(self) -> CompiledCall:
        with self._applied.building:
            # Asked under the lock, since two threads may make the first call at the same time.
            if self._compiled is None:
                self._compiled = self._new_call()
                self._idle_calls.append(self._compiled)
            return self._compiled

    def _new_call(self) -> CompiledCall:
        with self._applied.building:
            applied = self._applied.get(self.module, self.signature)
            fetches = self._output_tensors(applied)
            _check_labels(self._fetch or ())
            self._resolved = [resolve(fetch, self.module, applied) for fetch in self._fetch or ()]
            for index, tensor in enumerate(self._resolved):
                fetches[_free_key(index, fetches)] = tensor
            # A run on a server is left to itself at an interrupt, see `ManagedSession`.
            is_here = self._managed.check_server is None
            return CompiledCall(
                self._managed, applied.placeholders, fetches, self._timeout, stoppable=is_here
            )


def _free_key(index: int, taken: Container[str]) -> str:
    """A key for a fetched tensor that is no output; strangers chose the names of outputs."""
    key = f"fetch {index}"
    while key in taken:
        key += "_"
    return key


def _is_left_out(value: Any, tensor: Any) -> bool:
    """Whether a condition left a tensor out: TensorFlow then returns an array without entries."""
    return (
        isinstance(value, np.ndarray)
        and value.shape == (0,)
        and isinstance(tensor, tf.Tensor)
        and not (tensor.shape.rank == 1 and tensor.shape[0] in (None, 0))
        and not surely_runs(tensor.op)
    )


def _check_labels(fetches: Sequence[Any]) -> None:
    """Checks that no two different tensors would be returned under one name."""
    kinds: dict[str, set[bool]] = {}
    for fetch in fetches:
        kinds.setdefault(_label(fetch), set()).add(isinstance(fetch, str))
    ambiguous = [name for name, forms in kinds.items() if len(forms) > 1]
    if ambiguous:
        raise SignatureError(
            f"fetch= has both the name {ambiguous[0]!r}, which is looked up in the module, and a tensor of "
            f"the graph with this name, so two values would have one name. Fetch them in two calls."
        )


def _label(fetch: Any) -> str:
    return fetch if isinstance(fetch, str) else str(getattr(fetch, "name", fetch))


@contextlib.contextmanager
def _progress_bar(rows: int, progress: bool | None) -> Iterator[Callable[[int], object]]:
    """Shows how many rows are done; yields the function that takes the number of further rows."""
    if progress is False:
        yield lambda count: None
        return
    from tqdm.auto import tqdm

    # Where the caller did not ask for a bar, it appears only after a second.
    with tqdm(total=rows, unit="rows", leave=False, delay=0 if progress else 1) as bar:
        yield bar.update

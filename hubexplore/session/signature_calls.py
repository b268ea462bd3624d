"""One way to call a module: a signature, what to fetch, compiled once, timed and logged."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError
from hubexplore.hub.module import Module
from hubexplore.hub.running.compiled_call import CompiledCall
from hubexplore.hub.running.feeds import Feeds
from hubexplore.hub.running.signature_runner import AppliedSignature
from hubexplore.hub.tensor_info import DEFAULT_OUTPUT, select_outputs
from hubexplore.session.batches import batches, is_batched, joined
from hubexplore.session.call_log import CallLog
from hubexplore.session.fetches import resolve
from hubexplore.session.interruption import borrowed
from hubexplore.session.tf_session import ManagedSession
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

Array = np.ndarray[Any, Any]
LIGHT: Final = 0.001
"""Seconds: what is expected to take less is not worth several threads. Each run can be interrupted."""


@dataclass(frozen=True)
class Runtime:
    """What the routes of a session share.

    Attributes:
      session: of the graph; everything in it is initialised.
      log: gets each call.
      applied: signatures applied to placeholders so far.
      building: held by the thread that adds to the graph; runs need it not.
    """

    session: ManagedSession
    log: CallLog
    applied: dict[tuple[Module, str], AppliedSignature]
    building: threading.RLock = field(default_factory=threading.RLock)

    def apply(self, module: Module, signature: str) -> AppliedSignature:
        """A signature on placeholders; ops are added to the graph the first time only."""
        with self.building:
            if (module, signature) not in self.applied:
                self.applied[module, signature] = AppliedSignature(module, signature)
            return self.applied[module, signature]


@dataclass(frozen=True)
class Wish:
    """What a caller wants: a signature (None means `default`), all outputs or one, and further tensors.

    `timeout` is the time in seconds that a run may take; None for no limit.
    """

    signature: str | None = None
    as_dict: bool = False
    fetch: tuple[Any, ...] | None = None
    timeout: float | None = None


class Route:
    """A signature of a live module as a function of values.

    Args:
      module: live.
      runtime: of the session.
      wish: what is wanted of it.
      title: what the log calls the module.

    Raises:
      NoSuchSignatureError, SignatureError: as `NotebookSession.call`.
    """

    def __init__(self, module: Module, runtime: Runtime, wish: Wish, title: str = "") -> None:
        self.module = module
        self._runtime = runtime
        self._signature = wish.signature or DEFAULT_SIGNATURE
        self._as_dict = as_dict = wish.as_dict
        self._fetch = wish.fetch
        self._timeout = wish.timeout
        infos = module.get_input_info_dict(self._signature)
        self._outputs = module.get_output_info_dict(self._signature)
        select_outputs(self._signature, self._outputs, as_dict)
        self._feeds = Feeds(self._signature, infos)
        self._names = [
            name if len(info.component_names) == 1 else f"{name} ({part})"
            for name, info in infos.items()
            for part in range(len(info.component_names))
        ]
        self._title = title or module.scope
        self._call: CompiledCall | None = None
        # Those that no thread runs at the moment; only a run that can be stopped needs one of its own.
        self._free: list[CompiledCall] = []
        # How long the last run took, and on how many bytes.
        self._seconds = float("inf")
        self._size = 1

    def __call__(self, inputs: Any) -> Any:
        """Runs it on values."""
        return self._on(self._feeds.arrays(inputs))

    def _on(self, arrays: Sequence[Array]) -> Any:
        started = time.time()
        begin = time.perf_counter()
        call = self._call or self._compile()
        outputs, fetched = self._parted(call.results(self._run(call, arrays)))
        seconds = time.perf_counter() - begin
        named = zip(self._names, arrays, strict=True)
        self._runtime.log.add(
            (started, seconds), (self._title, self._signature), named, outputs | fetched, self._on
        )
        return self._selected(outputs, fetched)

    def in_batches(self, inputs: Any, size: int, progress: bool | None) -> Any:
        """Runs it on so many rows at a time; an interrupt stops at the next batch."""
        if self._fetch:
            raise SignatureError(
                "fetch= and batch_size= do not go together: fetched tensors may have no rows."
            )
        arrays = self._feeds.arrays(inputs)
        rows, parts = batches(self._feeds.infos, arrays, size)
        wrong = [name for name in self._wanted() if not is_batched(self._outputs[name])]
        if wrong:
            raise SignatureError(
                f"The outputs {wrong} of signature {self._signature!r} have a fixed shape, not one row per "
                f"row of the inputs, so those of batches cannot be put together. Leave batch_size out."
            )
        started = time.time()
        begin = time.perf_counter()
        call = self._call or self._compile()
        done = []
        with _bar(rows, progress) as update:
            for number, part in enumerate(parts):
                count = min(size, rows - number * size)
                done.append((count, call.results(self._run(call, part))))
                update(count)
        results = joined(done)
        seconds = time.perf_counter() - begin
        named = zip(self._names, arrays, strict=True)
        self._runtime.log.add((started, seconds), (self._title, self._signature), named, results, self._on)
        return self._selected(results, {})

    def _wanted(self) -> list[str]:
        return list(self._outputs) if self._as_dict else [DEFAULT_OUTPUT]

    def _parted(self, results: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The outputs, and what else was fetched, by name."""
        if not self._fetch:
            return results, {}
        values = [*results.values()]
        count = len(self._wanted())
        return dict(zip(results, values[:count], strict=False)), dict(
            zip(map(_label, self._fetch), values[count:], strict=True)
        )

    def _selected(self, outputs: dict[str, Any], fetched: dict[str, Any]) -> Any:
        selected = outputs if self._as_dict else outputs[DEFAULT_OUTPUT]
        return selected if self._fetch is None else (selected, fetched)

    def _compile(self) -> CompiledCall:
        with self._runtime.building:
            if self._call is None:
                self._call = self._compiled()
                self._free.append(self._call)
            return self._call

    def _compiled(self) -> CompiledCall:
        applied = self._runtime.apply(self.module, self._signature)
        fetches = {name: applied.outputs[name] for name in self._wanted()}
        _check_labels(self._fetch or ())
        for index, each in enumerate(self._fetch or ()):
            fetches[_free_key(index, fetches)] = resolve(each, self.module, applied)
        session = self._runtime.session
        is_here = session.check_server is None
        return CompiledCall(session, applied.placeholders, fetches, self._timeout, stoppable=is_here)

    def _run(self, call: CompiledCall, arrays: Sequence[Array]) -> Sequence[Any]:
        size = sum(array.nbytes for array in arrays) + 1
        is_light = self._seconds * max(size / self._size, 1.0) < LIGHT
        run = call.run_light if is_light else call.run
        begin = time.perf_counter()
        if call.stop is None:
            flat: Sequence[Any] = self._runtime.session.hand_over(run, *arrays)
        else:
            flat = self._run_stoppable(arrays)
        self._seconds, self._size = time.perf_counter() - begin, size
        return flat

    def _run_stoppable(self, arrays: Sequence[Array]) -> Sequence[Any]:
        """Runs it so that an interrupt ends this run, and none that another thread began."""
        with borrowed(self._free, self._another) as own:
            stop = own.stop.now if own.stop else None
            flat: Sequence[Any] = self._runtime.session.hand_over(own.run, *arrays, stop=stop)
            return flat

    def _another(self) -> CompiledCall:
        with self._runtime.building:
            return self._compiled()


def _free_key(index: int, taken: Container[str]) -> str:
    """A key for what is fetched besides outputs, whose names strangers chose."""
    key = f"fetch {index}"
    while key in taken:
        key += "_"
    return key


def _check_labels(fetches: Sequence[Any]) -> None:
    """Checks that no two different tensors would be returned under one name."""
    kinds: dict[str, set[bool]] = {}
    for each in fetches:
        kinds.setdefault(_label(each), set()).add(isinstance(each, str))
    twice = [name for name, found in kinds.items() if len(found) > 1]
    if twice:
        raise SignatureError(
            f"fetch= has the name {twice[0]!r}, which is looked for in the module, and a tensor of the graph "
            f"that is called so: the values would have one name. Fetch them in two calls."
        )


def _label(fetch: Any) -> str:
    return fetch if isinstance(fetch, str) else str(getattr(fetch, "name", fetch))


@contextlib.contextmanager
def _bar(rows: int, progress: bool | None) -> Iterator[Any]:
    """Shows how far it is, and yields the function that is told of rows done."""
    if progress is False:
        yield lambda count: None
        return
    from tqdm.auto import tqdm

    # Without a wish it appears only after a second.
    with tqdm(total=rows, unit="rows", leave=False, delay=0 if progress else 1) as bar:
        yield bar.update

"""Runs of a module: calls of a session's log, with what was typed and what came out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.values.value_kinds import is_readable
from hubexplore.errors import HubError, NoSuchTensorError
from hubexplore.explorer import known_words
from hubexplore.inputs.input_value import InputValue

if TYPE_CHECKING:
    from hubexplore.display.rich.measured_view import ShownMeasurement
    from hubexplore.explorer.subject import Subject, Tags
    from hubexplore.summary.call_record import CallRecord

MAX_RUNS: Final = 200
"""Maximum number of runs in the log."""
MAX_BYTES: Final = 256_000_000
"""Maximum number of bytes of values in the log; older runs keep their inputs only."""
_MAX_WORD: Final = 200
"""Characters of the longest word that is a caption; a longer one is data, such as a file in base64."""


@dataclass(frozen=True)
class RunRequest:
    """A request for a run: a signature of a graph variant, and a value for each of its inputs."""

    tags: Tags
    signature: str
    input_values: Mapping[str, InputValue] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Any]:
        """The values by name of the input."""
        return {name: entry.value for name, entry in self.input_values.items()}


@dataclass
class Run:
    """A finished run.

    Attributes:
      number: counts the runs of one panel from 1; examples that were tried do not count.
      request: what was run.
      outputs: values by name; None once they were too old to keep.
      call: its row in the log of the session that ran it; `session.log.replay(run.call.number)` repeats it.
      rows: captions of the rows of its outputs: the sentences that were typed.
      unknown_words: words of the inputs that the vocabulary of the module lacks, as the module spells them.
    """

    number: int
    request: RunRequest
    outputs: dict[str, Any] | None
    call: CallRecord
    rows: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()

    @property
    def asked(self) -> RunRequest:
        """The same as `request`, for programs that use the former name."""
        return self.request

    @property
    def seconds(self) -> float:
        """How long TensorFlow and the way to it took."""
        return self.call.seconds

    @property
    def size(self) -> int:
        """Size of its inputs and outputs in bytes."""
        return sum(map(_size, [*self.request.inputs.values(), *(self.outputs or {}).values()]))


class ModuleRunner:
    """Runs signatures of one module and remembers the runs.

    Its methods may be called in any thread, one at a time.

    Args:
      subject: the module.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.runs: list[Run] = []
        self._numbers = itertools.count(1)
        self._lookups: dict[tuple[Tags, str], tuple[known_words.WordLookup, ...]] = {}

    def run(self, request: RunRequest, replaced: Run | None = None) -> Run:
        """Runs a request and puts it into the log, unless it fails.

        Args:
          request: the request.
          replaced: a run in the log whose place and number the new one takes; None for a new number.

        Raises:
          HubError: the signature cannot be run on these inputs; the message states why.
          tf.errors.OpError, MemoryError: the run failed.
        """
        word_lookups = self._word_lookups(request)
        try:
            outputs, call, fetched = self.call(request, [lookup.keys for lookup in word_lookups])
        except NoSuchTensorError:
            # Inside of a function that must not run a second time.
            word_lookups = self._lookups[request.tags, request.signature] = ()
            outputs, call, fetched = self.call(request)
        kept = [entry for entry in self.runs if entry is not replaced]
        is_known = replaced is not None and len(kept) < len(self.runs)
        number = replaced.number if replaced is not None and is_known else next(self._numbers)
        unknown = known_words.unknown_words(word_lookups, fetched)
        run = Run(number, request, outputs, call, captions(request), unknown)
        self.runs[:] = [*kept, run]
        del self.runs[:-MAX_RUNS]
        log_bytes = 0
        # From the newest back. The run itself keeps its outputs, however large they are.
        for earlier in reversed(self.runs):
            log_bytes += earlier.size
            if log_bytes > MAX_BYTES and earlier is not run:
                earlier.outputs = None
        return run

    def call(
        self,
        request: RunRequest,
        fetch: Sequence[str] = (),
        most: int | None = None,
        timeout: float | None = None,
    ) -> tuple[dict[str, Any], CallRecord, dict[str, Any]]:
        """Runs it without making it a run of the panel; the session's log has it, like every call.

        Args:
          request: the request.
          fetch: names of further tensors of the module.
          most: maximum number of bytes for the run; by default the memory of the machine.
          timeout: maximum duration in seconds; None for no limit.

        Returns:
          The outputs by name, the call in the session's log, and what was fetched by name.
        """
        from hubexplore.session.memory import estimate

        session, module = self.subject.where(request.tags)
        inputs = request.inputs or None
        # Before the run, since Linux kills a process for which no memory is left.
        estimate.check(session.applied(module, request.signature), inputs or {}, most=most)
        with session.log.recording() as calls:
            result = session.call(
                module, inputs, request.signature, as_dict=True, fetch=tuple(fetch) or None, timeout=timeout
            )
        outputs, fetched = result if fetch else (result, {})
        return outputs, calls[-1], fetched

    def measure(self, request: RunRequest) -> ShownMeasurement:
        """Runs a request several times and returns what it costs: time by op, and memory.

        Raises what `call` raises.
        """
        session, module = self.subject.where(request.tags)
        return session.cost(module, request.inputs or None, request.signature, seconds=0)

    def _word_lookups(self, request: RunRequest) -> tuple[known_words.WordLookup, ...]:
        """Returns the lookups whose words a run fetches beside its outputs, if it has few texts."""
        sizes = [np.asarray(value, object).size for value in request.inputs.values() if _holds_texts(value)]
        if not 0 < sum(sizes) <= known_words.MAX_TEXTS:
            return ()
        key = request.tags, request.signature
        if key not in self._lookups:
            self._lookups[key] = known_words.lookups(self.subject.summary, *key)
        return self._lookups[key]

    def numbered(self, number: int) -> Run:
        """Returns a run by its number.

        Raises:
          HubError: the run is not in the log.
        """
        for run in self.runs:
            if run.number == number:
                return run
        raise HubError(f"Run {number} is not in the log, which has the last {MAX_RUNS} runs.")


def captions(request: RunRequest) -> tuple[str, ...]:
    """Returns captions for the rows of the outputs: the sentences if one input is a list of them."""
    texts = [
        value.reshape(-1)
        for entry in request.input_values.values()
        if _holds_texts(value := entry.value) and (value.ndim == 1 or value.shape[1:] == (1,))
    ]
    if len(texts) != 1 or not all(is_readable(text) for text in texts[0] if isinstance(text, bytes)):
        return ()
    found = tuple(
        text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in texts[0]
    )
    return () if any(_is_encoded(text) for text in found) else found


def _is_encoded(text: str) -> bool:
    """Returns whether a text is one word that is too long to be read."""
    return len(text) > _MAX_WORD and " " not in text and "\n" not in text


def _holds_texts(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "OSU"


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        # For strings nbytes counts the pointers only, which is good enough: typed texts are short.
        return value.nbytes
    parts = [getattr(value, name, None) for name in ("values", "flat_values", "indices")]
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))

"""Trial runs of a module: values in, values out, remembered."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hubexplore.display.values.value_kinds import is_readable
from hubexplore.errors import HubError
from hubexplore.inputs.input_value import InputValue

if TYPE_CHECKING:
    from hubexplore.explorer.subject import Subject, Tags

REMEMBERED: Final = 200
"""So many runs are in the log."""
KEPT: Final = 256_000_000
"""Bytes of values that are kept, the newest; older runs only say what they were."""


@dataclass(frozen=True)
class Asked:
    """What is to be run: a signature of a graph variant on what a person gave for each of its inputs."""

    tags: Tags
    signature: str
    given: Mapping[str, InputValue] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Any]:
        """The values by name of the input."""
        return {name: each.value for name, each in self.given.items()}


@dataclass
class Run:
    """A finished run.

    Attributes:
      number: counts from 1.
      asked: what was run.
      outputs: values by name; None once they were too old to keep.
      seconds: how long TensorFlow and the way to it took.
      rows: captions of the rows of its outputs: the sentences that were typed.
    """

    number: int
    asked: Asked
    outputs: dict[str, Any] | None
    seconds: float
    rows: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of its inputs and outputs."""
        return sum(map(_size, [*self.asked.inputs.values(), *(self.outputs or {}).values()]))


class Trial:
    """Runs signatures of one module and remembers the runs.

    Its methods may be called in any thread, one at a time.

    Args:
      subject: what is tried.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.runs: list[Run] = []
        self._numbers = itertools.count(1)

    def run(self, asked: Asked) -> Run:
        """Runs it; a run that fails is not remembered.

        Raises:
          HubError: it cannot be run so; the message says why.
          tf.errors.OpError, MemoryError: it failed while it ran.
        """
        outputs, seconds, _ = self.call(asked)
        return self.remember(asked, outputs, seconds)

    def remember(self, asked: Asked, outputs: dict[str, Any], seconds: float) -> Run:
        """Puts a run that was made by `call` into the log."""
        run = Run(next(self._numbers), asked, outputs, seconds, captions(asked))
        self.runs.append(run)
        del self.runs[:-REMEMBERED]
        kept = 0
        for each in reversed(self.runs):
            kept += each.size
            if kept > KEPT and each is not run:
                each.outputs = None
        return run

    def call(
        self,
        asked: Asked,
        fetch: Sequence[str] = (),
        most: int | None = None,
        timeout: float | None = None,
    ) -> tuple[dict[str, Any], float, dict[str, Any]]:
        """Runs it and remembers nothing.

        Args:
          asked: what to run.
          fetch: further tensors, by their names in the module.
          most: bytes that the run may take, if not all that the machine has.
          timeout: seconds that it may take; None for no limit.

        Returns:
          The outputs by name, the seconds it took, and what was fetched by name.
        """
        from hubexplore.session.memory import estimate

        session, module = self.subject.where(asked.tags)
        inputs = asked.inputs or None
        estimate.check(session.applied(module, asked.signature), inputs or {}, most=most)
        begin = time.perf_counter()
        if fetch:
            outputs, found = session.call(
                module, inputs, asked.signature, as_dict=True, fetch=tuple(fetch), timeout=timeout
            )
        else:
            found = {}
            outputs = session.call(module, inputs, asked.signature, as_dict=True, timeout=timeout)
        return outputs, time.perf_counter() - begin, found

    def numbered(self, number: int) -> Run:
        """A run by its number.

        Raises:
          HubError: it is not remembered.
        """
        for each in self.runs:
            if each.number == number:
                return each
        raise HubError(f"There is no run {number} in the log; it has the last {REMEMBERED}.")


def captions(asked: Asked) -> tuple[str, ...]:
    """What to call the rows of the outputs: the sentences, if one input is a list of texts, else nothing."""
    texts = [
        each.value
        for each in asked.given.values()
        if isinstance(each.value, np.ndarray) and each.value.dtype.kind in "OSU" and each.value.ndim == 1
    ]
    if len(texts) != 1 or not all(is_readable(each) for each in texts[0] if isinstance(each, bytes)):
        return ()
    return tuple(
        each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in texts[0]
    )


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        # Of texts only the pointers count here; what people type is short.
        return value.nbytes
    parts = [getattr(value, name, None) for name in ("values", "flat_values", "indices")]
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))

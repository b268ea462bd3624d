"""The log of a session's calls: what, when, how long; any of them can be run again."""

from __future__ import annotations

import collections
import contextlib
import datetime
import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.display.safe_display import automatic
from hubexplore.errors import NoSuchCallError
from hubexplore.summary.call_record import CallRecord, Shapes
from hubexplore.summary.tensor_values import Array, flat_of, shape_of

LENGTH: Final = 1000
"""Maximum number of calls in the log."""
LARGEST_KEPT: Final = 8_000_000
"""Maximum size in bytes of the inputs of one call that are kept for a replay."""
KEPT: Final = 64_000_000
"""Maximum size in bytes of all inputs that are kept; the oldest are dropped first."""

Again = Callable[[Sequence[Array]], Any]
_Described = tuple[tuple[str, np.dtype[Any], tuple[int | None, ...]], ...]


@dataclass(slots=True)
class _Entry:
    """A call as it happened. dtypes get their names only when the log is read: that takes microseconds."""

    number: int
    time: float
    module: str
    signature: str
    inputs: _Described
    outputs: _Described
    seconds: float
    arrays: Sequence[Array] | None
    again: Again | None

    @property
    def size(self) -> int:
        return sum(array.nbytes for array in self.arrays or ())


class CallLog(Sequence[CallRecord]):
    """The calls of a session, oldest first; bounded in number and memory. Shows itself as a table."""

    def __init__(self) -> None:
        self._entries: collections.deque[_Entry] = collections.deque(maxlen=LENGTH)
        self._numbers = itertools.count(1)
        self._with_arrays: collections.deque[_Entry] = collections.deque()
        self._kept = 0
        self._by_thread = threading.local()

    def add(
        self,
        timing: tuple[float, float],
        called: tuple[str, str],
        inputs: Iterable[tuple[str, Array]],
        outputs: Mapping[str, Any],
        again: Again,
    ) -> None:
        """Adds a call.

        Args:
          timing: when it began, in seconds since 1970, and how many seconds it took.
          called: name that the module is loaded by, and the signature's name.
          inputs: (name, array) of each array that was fed.
          outputs: values by name.
          again: runs the call again on such arrays.
        """
        named_arrays = tuple(inputs)
        size = sum(array.nbytes for _, array in named_arrays)
        entry = _Entry(
            next(self._numbers),
            timing[0],
            *called,
            tuple((name, array.dtype, array.shape) for name, array in named_arrays),
            tuple((name, *_described(value)) for name, value in outputs.items()),
            timing[1],
            # Copies: the caller may write into its arrays later, and a replay needs the values of now.
            [array.copy() for _, array in named_arrays] if size <= LARGEST_KEPT else None,
            again,
        )
        self._entries.append(entry)
        records = getattr(self._by_thread, "records", None)
        if records is not None:
            records.append(_record(entry))
        if entry.arrays is not None:
            self._with_arrays.append(entry)
            self._kept += size
            # Inputs may have no bytes at all, so their number needs a limit as well.
            while self._kept > KEPT or len(self._with_arrays) > LENGTH:
                oldest = self._with_arrays.popleft()
                self._kept -= oldest.size
                oldest.arrays = None

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[CallRecord]]:
        """Yields a list of the calls that this thread makes inside; other threads may call meanwhile."""
        records: list[CallRecord] = []
        outer = getattr(self._by_thread, "records", None)
        self._by_thread.records = records
        try:
            yield records
        finally:
            self._by_thread.records = outer

    def replay(self, number: int) -> Any:
        """Runs a call again, on the same inputs and with the weights as they are now; returns its values.

        Raises:
          NoSuchCallError: (a KeyError) there is no such call, or its inputs are not in memory.
        """
        entry = next((entry for entry in self._entries if entry.number == number), None)
        if entry is None:
            known = "nothing was called yet"
            if self._entries:
                known = f"those from {self._entries[0].number} to {self._entries[-1].number} are remembered"
            raise NoSuchCallError(f"There is no call number {number}; {known}.")
        if entry.again is None:
            raise NoSuchCallError(
                f"Call number {number} cannot run again: its module {entry.module!r} was replaced by loading "
                f"another one by the same name. Call that one."
            )
        if entry.arrays is None:
            raise NoSuchCallError(
                f"The inputs of call number {number} are not in memory: the log keeps up to "
                f"{LARGEST_KEPT // 1_000_000} MB of one call, and the newest {KEPT // 1_000_000} MB of all. "
                f"Call the module again with these inputs."
            )
        return entry.again(entry.arrays)

    def retire(self, callers: Collection[object]) -> None:
        """Frees what the calls of some objects hold; the calls stay in the log, but cannot run again.

        Args:
          callers: objects of which `again` is a method.
        """
        caller_ids = set(map(id, callers))
        for entry in self._entries if caller_ids else ():
            # Bound methods are created at each access, so the object that one belongs to identifies it.
            if id(getattr(entry.again, "__self__", None)) in caller_ids:
                entry.again = entry.arrays = None
        self._with_arrays = collections.deque(
            entry for entry in self._with_arrays if entry.arrays is not None
        )
        self._kept = sum(entry.size for entry in self._with_arrays)

    def forget(self) -> None:
        """Drops all calls and their inputs; the numbers go on."""
        self._entries.clear()
        self._with_arrays.clear()
        self._kept = 0

    @property
    def df(self) -> Any:
        """A `pandas.DataFrame`, a row per call."""
        # On first use, for speed only, as below: a session that shows no log does without the card.
        from hubexplore.display.rich import calls

        return calls.frame(list(self))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [_record(entry) for entry in list(self._entries)[index]]
        return _record(self._entries[index])

    def __iter__(self) -> Iterator[CallRecord]:
        # A copy: iterating over a deque to which another thread appends raises RuntimeError.
        return map(_record, tuple(self._entries))

    def __repr__(self) -> str:
        from hubexplore.display.rich import calls

        return calls.text(list(self))

    @automatic
    def _repr_html_(self) -> str:
        from hubexplore.display.rich import calls

        return calls.log_html(list(self))


def _record(entry: _Entry) -> CallRecord:
    return CallRecord(
        number=entry.number,
        time=datetime.datetime.fromtimestamp(entry.time).astimezone(),
        module=entry.module,
        signature=entry.signature,
        inputs=_named(entry.inputs),
        outputs=_named(entry.outputs),
        seconds=entry.seconds,
    )


def _named(described: _Described) -> Shapes:
    return tuple(
        (name, "string" if dtype.kind in "OSU" else dtype.name, shape) for name, dtype, shape in described
    )


def _described(value: Any) -> tuple[np.dtype[Any], tuple[int | None, ...]]:
    """dtype and shape of an array, SparseTensorValue or RaggedTensorValue."""
    return flat_of(value).dtype, shape_of(value)

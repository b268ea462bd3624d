"""The search for an example that runs, within bounds of time and number.

No analysis of a graph can tell whether it runs on a value: shapes depend on values, tables may be empty.
Hence the search runs examples, the likeliest first, until one raises no error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.display.wording import beginning
from hubexplore.errors import SignatureError
from hubexplore.inputs.examples import examples
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.text.literals import counted

ATTEMPTS: Final = 24
"""Maximum number of examples that are run."""
SECONDS: Final = 20.0
"""Time in seconds after which no further example is run."""
AFTER_NAN: Final = 6
"""Maximum number of examples that are run after the first one with an output that is not a number."""
RUN_SECONDS: Final = 10.0
"""Time in seconds after which the run of one example is stopped."""
MEMORY: Final = 2_000_000_000
"""Maximum memory in bytes of the run of an example; a larger one is refused before TensorFlow gets it."""
_MAX_MESSAGE: Final = 600
"""Maximum number of characters of the quoted error."""
# Classes of errors that do not depend on the values, so that no other example would run either.
_HOPELESS_ERRORS: Final = frozenset({"PermissionDeniedError", "NotInitializedError"})
# Some kernels say the same of lengths that are too large, which another example may mend.
_NOT_READY: Final = re.compile(r"not initialized|uninitialized|not found|does not exist", re.IGNORECASE)
_NO_KERNEL: Final = "No OpKernel was registered"


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Bounds:
    """When a search ends without a result.

    Attributes:
      attempts: maximum number of examples that are run.
      seconds: time in seconds after which no further example is run; `run` limits the time of one example.
      stopped: returns whether the search was cancelled; called before each example.
      clock: returns a time in seconds that never goes back.
    """

    attempts: int = ATTEMPTS
    seconds: float = SECONDS
    stopped: Callable[[], bool] = _never
    clock: Callable[[], float] = time.monotonic


DEFAULT_BOUNDS: Final = Bounds()


@dataclass
class _Failure:
    """The failed example that came closest to running."""

    error: Exception
    progress: int
    words: str


def find_example(
    fields: Sequence[Field],
    run: Callable[[dict[str, Any]], object],
    rows: int = examples.ROWS,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> dict[str, InputValue]:
    """Returns the first example on which `run` raises no error and returns no NaN.

    Where all outputs have NaN, as those of a model that was never trained, it is the first without an error.

    Args:
      fields: of the signature.
      run: takes values by the names of inputs and returns the outputs; an error means that they do not suit.
      rows: number of rows to start with; fewer are tried as well.
      bounds: bounds of the search.

    Raises:
      SignatureError: no example runs. It quotes the error of the example that got furthest in the graph, and
        states how many were tried.
      NoKernelError: TensorFlow has no kernel for an op; no further example is tried.
    """
    begin = bounds.clock()
    nearest: _Failure | None = None
    with_nan: dict[str, InputValue] | None = None
    tried = last = 0
    for example in candidates(fields, rows, bounds):
        tried += 1
        try:
            outputs = run({name: value.value for name, value in example.items()})
        except Exception as error:  # any error: the next example may run
            if _is_of_class(error, "NoKernelError"):
                raise  # the message is complete, and has nothing to do with the example
            progress = _progress(error)
            # The error furthest in the graph says most: earlier ones are about sizes that were only guessed.
            if nearest is None or progress > nearest.progress:
                nearest = _Failure(error, progress, _shapes_text(example))
            if is_hopeless(error):
                break
        else:
            if not _has_nan(outputs):
                return example
            if with_nan is None:
                with_nan, last = example, tried + AFTER_NAN
        if with_nan is not None and tried >= last:
            break
    if with_nan is not None:
        return with_nan
    ended = _ended(bounds, tried, bounds.clock() - begin)
    if nearest is None:
        raise SignatureError(
            "The search for an example was cancelled."
            if ended
            else "No example is possible: one of the inputs cannot be entered."
        )
    raise SignatureError(_message(nearest, tried, bounds.clock() - begin, ended)) from nearest.error


def _has_nan(outputs: object) -> bool:
    """Whether an array of floats, itself or in a dict, list or tuple, has an entry that is not a number."""
    if isinstance(outputs, Mapping):
        return any(map(_has_nan, outputs.values()))
    if isinstance(outputs, list | tuple):  # also the parts of sparse and ragged values
        return any(map(_has_nan, outputs))
    # NumPy's check knows neither strings nor some dtypes that other packages define.
    return isinstance(outputs, np.ndarray) and outputs.dtype.kind in "fc" and bool(np.isnan(outputs).any())


def candidates(
    fields: Sequence[Field], rows: int = examples.ROWS, bounds: Bounds = DEFAULT_BOUNDS
) -> Iterator[dict[str, InputValue]]:
    """Yields the examples to try, the likeliest first, as far as the bounds allow."""
    begin = bounds.clock()
    for tried, example in enumerate(examples.candidates(fields, rows)):
        if _ended(bounds, tried, bounds.clock() - begin):
            return
        yield example


def _ended(bounds: Bounds, tried: int, seconds: float) -> str:
    """Why the search ends; empty while it goes on."""
    if bounds.stopped():
        return "the search was cancelled"
    if tried >= bounds.attempts:
        return "that is the limit"
    return f"the search ends after {bounds.seconds:g} s" if tried and seconds > bounds.seconds else ""


def _message(nearest: _Failure, tried: int, seconds: float, ended: str) -> str:
    count = "1 was tried" if tried == 1 else f"{tried} were tried"
    after = f"; {ended}" if ended else ""
    which = "It" if tried == 1 else "The one that came closest"
    reason = beginning(str(nearest.error) or type(nearest.error).__name__, _MAX_MESSAGE)
    return (
        f"No example was found that runs: {count} in {seconds:.1f} s{after}. {which} ({nearest.words}) "
        f"failed: {reason}"
    )


def _shapes_text(example: dict[str, InputValue]) -> str:
    """The shapes of an example's inputs."""
    shown = [f"{name} {_shape_text(value.value)}" for name, value in example.items()]
    return beginning(", ".join(shown[:4]) + (", …" if len(shown) > 4 else ""), 200) or "no inputs"


def _shape_text(value: Any) -> str:
    sizes = getattr(value, "dense_shape", None)
    if sizes is None:
        sizes = getattr(value, "shape", None)
    if sizes is None:
        return f"[{counted(len(value), 'ragged row', 'ragged rows')}]"
    return f"[{', '.join(str(int(size)) for size in sizes)}]"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and its causes."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def is_hopeless(error: BaseException) -> bool:
    """Whether no inputs can avoid an error, for example that of a table that was never initialised."""
    return (
        _is_of_class(error, *_HOPELESS_ERRORS)
        or any(_NO_KERNEL in str(link) for link in _causes(error))
        or (_is_of_class(error, "FailedPreconditionError") and _NOT_READY.search(str(error)) is not None)
    )


def _is_of_class(error: BaseException, *classes: str) -> bool:
    """Whether an error or one of its causes is of a class with one of these names.

    By name, as this layer imports neither TensorFlow nor `hub`.
    """
    return any(kind.__name__ in classes for link in _causes(error) for kind in type(link).__mro__)


def _progress(error: BaseException) -> int:
    """How far a run got: the number of ops that the failed one depends on; 0 where nothing ran."""
    failed = next((op for link in _causes(error) if (op := getattr(link, "op", None)) is not None), None)
    if failed is None:
        return 0
    # Duck typed: `op` is that of tf.errors.OpError. The walk back is linear in the edges of the graph.
    seen: set[Any] = {failed}
    stack = [failed]
    while stack:
        for tensor in stack.pop().inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                stack.append(tensor.op)
    return len(seen)

"""Finding an example that runs, within bounds of time and number."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.display.wording import beginning
from hubexplore.errors import SignatureError
from hubexplore.inputs.examples import examples
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue

ATTEMPTS: Final = 24
"""Maximum number of examples that are run."""
SECONDS: Final = 20.0
"""Time after which no further example is run."""
RUN_SECONDS: Final = 10.0
"""Time after which the run of one example is stopped."""
MEMORY: Final = 2_000_000_000
"""Bytes that an example may take to run: more are refused before TensorFlow gets it."""
_MAX_MESSAGE: Final = 600
"""Characters of the quoted error."""
# What these say does not depend on the values: no other example would do.
_HOPELESS_ERRORS: Final = frozenset(
    {"FailedPreconditionError", "PermissionDeniedError", "NotInitializedError"}
)
_NO_KERNEL: Final = "No OpKernel was registered"


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Bounds:
    """When a search ends without a result.

    Attributes:
      attempts: maximum number of examples that are run.
      seconds: time after which no further example is run; how long one may run is up to `run`.
      stopped: whether nobody waits for the result any more; asked before each example.
      clock: seconds that have passed since some moment.
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
    """An example that runs: the first one on which `run` raises nothing.

    Args:
      fields: of the signature.
      run: takes values by the names of inputs; what it raises says that they do not suit.
      rows: to begin with; fewer are tried as well.
      bounds: of the search.

    Raises:
      SignatureError: none of them runs. It quotes the error of the example that got furthest
        in the graph, and says how many were tried.
      NoKernelError: TensorFlow cannot run an op that is needed; nothing more is tried.
    """
    begin = bounds.clock()
    nearest: _Failure | None = None
    tried = 0
    for example in trials(fields, rows, bounds):
        tried += 1
        try:
            run({name: value.value for name, value in example.items()})
        except Exception as error:  # whatever it is, the next example may do
            if _is_of_class(error, "NoKernelError"):
                raise  # it says all, and no example has a part in it
            progress = _progress(error)
            if nearest is None or progress > nearest.progress:
                nearest = _Failure(error, progress, _shapes_text(example))
            if is_hopeless(error):
                break
        else:
            return example
    ended = _ended(bounds, tried, bounds.clock() - begin)
    if nearest is None:
        raise SignatureError(
            "The search for an example was cancelled."
            if ended
            else "No example is possible for these inputs: one of them cannot be entered here."
        )
    raise SignatureError(_message(nearest, tried, bounds.clock() - begin, ended)) from nearest.error


def trials(
    fields: Sequence[Field], rows: int = examples.ROWS, bounds: Bounds = DEFAULT_BOUNDS
) -> Iterator[dict[str, InputValue]]:
    """The examples that are tried one after the other, the likeliest first; as many as the bounds allow."""
    begin = bounds.clock()
    for tried, example in enumerate(examples.trials(fields, rows)):
        if _ended(bounds, tried, bounds.clock() - begin):
            return
        yield example


def _ended(bounds: Bounds, tried: int, seconds: float) -> str:
    """Why no further example is run; empty where one may be."""
    if bounds.stopped():
        return "the search was cancelled"
    if tried >= bounds.attempts:
        return "no more are tried"
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
        return f"[{len(value)} ragged rows]"
    return f"[{', '.join(str(int(size)) for size in sizes)}]"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def is_hopeless(error: BaseException) -> bool:
    """Whether an error says that no inputs will do, as where a table was never initialised."""
    return _is_of_class(error, *_HOPELESS_ERRORS) or any(_NO_KERNEL in str(link) for link in _causes(error))


def _is_of_class(error: BaseException, *classes: str) -> bool:
    """Whether an error, or what it was raised from, is of a class of one of these names."""
    return any(kind.__name__ in classes for link in _causes(error) for kind in type(link).__mro__)


def _progress(error: BaseException) -> int:
    """How far a run got: the ops that the failed one depends on; 0 where it did not begin."""
    failed = next((op for link in _causes(error) if (op := getattr(link, "op", None)) is not None), None)
    if failed is None:
        return 0
    seen: set[Any] = {failed}
    stack = [failed]
    while stack:
        for tensor in stack.pop().inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                stack.append(tensor.op)
    return len(seen)

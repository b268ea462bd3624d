"""Messages of the panel, and the texts of runs and inputs in it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.display import values
from hubexplore.display.values.value_kinds import is_readable
from hubexplore.display.wording import beginning, tags_text, visible
from hubexplore.errors import HubError
from hubexplore.explorer.runs import Run, RunRequest
from hubexplore.inputs.input_value import InputValue

MSG_CANCELLING = (
    "Cancelled: the result of this run will be discarded. TensorFlow stops before the next op; an op that "
    "has begun cannot be stopped, and may keep processors busy until it is done."
)
MSG_CANCELLED = "Cancelled: the run has ended"
MSG_LEFT_BEHIND = (
    "Two cancelled runs are still busy with an op that TensorFlow cannot stop. Wait until one of them has "
    "ended, or restart the kernel."
)
MSG_NEEDS_TRUST = (
    "This module can touch things outside of itself: see the dangers above. If you trust it, click Trust and "
    "run."
)
MSG_BUSY = "Another run is in progress. Wait until it is done, or cancel it in the Try tab."
MSG_MEMORY = "There is not enough memory for this run. Use fewer or smaller rows."
MSG_BUG = (
    "This is a bug in hubexplore, not in your input: {kind}: {text}. Your earlier results are unaffected."
)

# A row of the log is one line of text.
_MAX_LISTED: Final = 4


def error_text(error: BaseException) -> str:
    """Returns what went wrong in the words of hubexplore or of TensorFlow, never a traceback."""
    if isinstance(error, HubError):
        # str() of a KeyError, which some HubErrors are too, is the repr of its message.
        return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, MemoryError):
        return MSG_MEMORY
    kind, text = type(error).__name__, str(getattr(error, "message", error)) or "no message"
    if hasattr(error, "error_code"):  # an OpError of TensorFlow
        # The first lines state the fault; the rest lists where in TensorFlow's code it occurred.
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Hint:")]
        out_of_memory = MSG_MEMORY + " " if kind == "ResourceExhaustedError" else ""
        return f"{out_of_memory}TensorFlow could not run the signature ({kind}): " + "\n".join(lines[:6])
    return MSG_BUG.format(kind=kind, text=beginning(text, 600))


def row_counts_text(request: RunRequest) -> str:
    """Returns a sentence on the number of rows of each input if these numbers differ, else ""."""
    # A scalar has no rows, and TensorFlow accepts it beside any number of them.
    counts = {
        name: len(entry.value)
        for name, entry in request.input_values.items()
        if isinstance(entry.value, list) or np.ndim(entry.value)
    }
    if len(set(counts.values())) < 2:
        return ""
    row_counts = ", ".join(f"{visible(name)} {count:,}" for name, count in counts.items())
    return f"The inputs have different numbers of rows: {row_counts}.\n"


def duration(seconds: float) -> str:
    """Returns a duration such as "3.2 ms" or "1.4 s"."""
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def title_of(run: Run) -> str:
    """Returns the title of the results of a run."""
    tags = run.request.tags
    variant = f", variant {tags_text(tags)}" if tags else ""
    return f"Run {run.number}: {visible(run.request.signature)}{variant} · {duration(run.seconds)}"


def row_of(run: Run) -> dict[str, Any]:
    """Returns a run as a row of the log; the keys are those of `Run` in log.js."""
    return {
        "number": run.number,
        "signature": visible(run.request.signature)
        + (f" ({tags_text(run.request.tags)})" if run.request.tags else ""),
        "inputs": _listed({name: _input_text(entry) for name, entry in run.request.input_values.items()})
        or "none",
        "outputs": _listed({name: values.brief(value) for name, value in run.outputs.items()})
        if run.outputs is not None
        else "no longer kept",
        "time": duration(run.seconds),
        "kept": run.outputs is not None,
    }


def _input_text(entry: InputValue) -> str:
    """Returns an input in short; its origin if it is binary data, such as the content of an image file."""
    value = entry.value
    is_binary = isinstance(value, np.ndarray) and any(
        isinstance(element, bytes) and not is_readable(element) for element in value.reshape(-1)[:1]
    )
    return visible(entry.words) if is_binary and entry.words else values.brief(entry.display_value)


def _listed(texts: dict[str, str]) -> str:
    items = [
        text if len(texts) == 1 else f"{visible(name, 24)}: {text}"
        for name, text in list(texts.items())[:_MAX_LISTED]
    ]
    left = len(texts) - len(items)
    return "; ".join(items) + (f"; … and {left} more" if left else "")

"""The words of the panel that depend on what happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from hubexplore.display import values
from hubexplore.display.values.value_kinds import is_readable
from hubexplore.display.wording import beginning, tags_text, visible
from hubexplore.errors import HubError
from hubexplore.explorer.runs import Asked, Run
from hubexplore.inputs.input_value import InputValue

MSG_CANCELLING = (
    "Cancelled: nothing of this run will be shown. TensorFlow ends it before the next op; an op that has "
    "begun cannot be stopped, and may keep processors busy until it is done."
)
MSG_CANCELLED = "Cancelled: the run has ended"
MSG_LEFT_BEHIND = (
    "Two cancelled runs are still busy with an op that TensorFlow cannot stop. Wait until one of them is "
    "done, or restart the kernel."
)
MSG_MEMORY = "There is not enough memory for this run. Give fewer rows, or smaller ones."
MSG_BUG = (
    "This is a bug in hubexplore, not in your input: {kind}: {text}. Your earlier results are unaffected."
)


def error_words(error: BaseException) -> str:
    """What went wrong, for people: the message of one of our errors or of TensorFlow; never a traceback."""
    if isinstance(error, HubError):
        return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, MemoryError):
        return MSG_MEMORY
    kind, text = type(error).__name__, str(getattr(error, "message", error)) or "no message"
    if hasattr(error, "error_code"):  # of TensorFlow; its first lines say what, the rest where in its code
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Hint:")]
        out_of_memory = MSG_MEMORY + " " if kind == "ResourceExhaustedError" else ""
        return f"{out_of_memory}TensorFlow could not run it ({kind}): " + "\n".join(lines[:6])
    return MSG_BUG.format(kind=kind, text=beginning(text, 600))


def rows_words(asked: Asked) -> str:
    """How many rows each input has, where they have not the same number; empty where they have."""
    counts = {
        name: len(each.value)
        for name, each in asked.given.items()
        if isinstance(each.value, list) or np.ndim(each.value)
    }
    if len(set(counts.values())) < 2:
        return ""
    listed = ", ".join(f"{visible(name)} {count:,}" for name, count in counts.items())
    return f"The inputs have different numbers of rows: {listed}.\n"


def duration(seconds: float) -> str:
    """As in "3.2 ms" or "1.4 s"."""
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def title_of(run: Run) -> str:
    """What a run is called above its results."""
    tags = run.asked.tags
    variant = f", variant {tags_text(tags)}" if tags else ""
    return f"Run {run.number}: {visible(run.asked.signature)}{variant} · {duration(run.seconds)}"


def row_of(run: Run) -> dict[str, Any]:
    """A run as a row of the log."""
    return {
        "number": run.number,
        "signature": visible(run.asked.signature)
        + (f" ({tags_text(run.asked.tags)})" if run.asked.tags else ""),
        "inputs": _listed({name: _given_words(each) for name, each in run.asked.given.items()}) or "none",
        "outputs": _listed({name: values.brief(each) for name, each in run.outputs.items()})
        if run.outputs is not None
        else "no longer kept",
        "time": duration(run.seconds),
        "kept": run.outputs is not None,
    }


def _given_words(given: InputValue) -> str:
    """An input in short; where it came from if it is bytes that say nothing to people."""
    value = given.value
    is_bytes = isinstance(value, np.ndarray) and any(
        isinstance(each, bytes) and not is_readable(each) for each in value.reshape(-1)[:1]
    )
    return visible(given.words) if is_bytes and given.words else values.brief(given.shown)


def _listed(found: dict[str, str]) -> str:
    shown = [
        words if len(found) == 1 else f"{visible(name, 24)}: {words}"
        for name, words in list(found.items())[:4]
    ]
    return "; ".join(shown) + (f"; … and {len(found) - 4} more" if len(found) > 4 else "")

"""`summarize`: what a module is, from whatever stands for one, without TensorFlow."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from hubexplore.display.rich.summaries import Summary, displayable
from hubexplore.errors import HandleError, SignatureError
from hubexplore.hub.resolve import read
from hubexplore.hub.resolve.nearest import Handle, Opened, open_nearest
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.reading.directory import read_module
from hubexplore.summary.wishes import Signatures


def summarize(module: Any, *, signatures: Signatures | None = None) -> Summary:
    """Returns everything known about a module, for display, comparison and code.

    ```python
    summary = hub.summarize("path/to/module")
    summary                        # in a notebook: a card; in a terminal: text
    summary.variables.df           # as a DataFrame
    summary.graph("default").svg   # as a diagram
    ```

    TensorFlow is neither run nor, for a path, imported (except by a handle that only TensorFlow can read,
    such as `gs://`, or that must be built first, such as a sample that was never used).

    Args:
      module: a path or handle as `load_module_spec` takes it, or of a folder with one such model in it; or a
        ModuleSpec; or a Module in a graph.
      signatures: of a frozen graph or a training checkpoint; see `load_module_spec`.

    Returns:
      A frozen `ModuleSummary` that shows itself.

    Raises:
      HandleError: (a ValueError) `module` is none of these.
      MissingModuleError: (a FileNotFoundError and ValueError) nothing is there.
      NotAModuleError: (a ValueError) it is something else; the message says what, and how to open it. A
        ModelsBelowError if it is a folder with several models.
      DamagedModuleError: (a ValueError) it is truncated or altered. Damage beside the graphs, such as missing
        weights, becomes a warning in the summary instead.
    """
    if isinstance(module, ModuleSummary):
        return displayable(module)
    if isinstance(module, (str, bytes, os.PathLike)):
        return summarize_nearest(module, signatures).value
    if signatures is not None:
        raise SignatureError("signatures= are for the path of a frozen graph or a training checkpoint.")
    # By its method, not by its class: importing these classes would load TensorFlow.
    method = getattr(module, "summary", None)
    # A class has the method as well, but is not a module.
    summary = method() if callable(method) and not isinstance(module, type) else None
    if isinstance(summary, ModuleSummary):
        return displayable(summary)
    raise HandleError(
        f"A summary is made from the path or handle of a module, a ModuleSpec or a Module; got a value "
        f"of type {type(module).__name__}."
    )


def summarize_nearest(handle: Handle, signatures: Signatures | None = None) -> Opened[Summary]:
    """Returns the summary of a path or handle, and which model that is if the path is that of a folder."""
    opened = open_nearest(handle, lambda nearest: _summary_of(nearest, signatures))
    if not opened.note:
        return opened
    return replace(opened, value=replace(opened.value, notes=(opened.note, *opened.value.notes)))


def _summary_of(handle: Handle, signatures: Signatures | None) -> Summary:
    title = redacted(text_of(handle))
    return displayable(
        read(handle, lambda directory: read_module(directory, filesystem_of(directory), title, signatures))
    )

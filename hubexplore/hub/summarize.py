"""`summarize`: what a module is, from whatever stands for one, without TensorFlow."""

from __future__ import annotations

import os
from typing import Any

from hubexplore.display.rich.summaries import Summary, displayable
from hubexplore.errors import HandleError
from hubexplore.hub.resolve import read
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.summary.files.paths import text_of
from hubexplore.summary.files.redaction import redacted
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.reading.directory import read_module


def summarize(module: Any) -> Summary:
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
      module: a path or handle as `load_module_spec` takes it, but of a TF1 Hub module, a TF1 SavedModel or a
        TF2 SavedModel; or a ModuleSpec; or a Module in a graph.

    Returns:
      A frozen `ModuleSummary` that shows itself.

    Raises:
      HandleError: (a ValueError) `module` is none of these.
      MissingModuleError: (a FileNotFoundError and ValueError) nothing is there.
      NotAModuleError: (a ValueError) it is something else; the message says what, and how to open it.
      DamagedModuleError: (a ValueError) it is truncated or altered. Damage beside the graphs, such as missing
        weights, becomes a warning in the summary instead.
    """
    if isinstance(module, ModuleSummary):
        return displayable(module)
    if isinstance(module, (str, bytes, os.PathLike)):
        title = redacted(text_of(module))
        return displayable(
            read(module, lambda directory: read_module(directory, filesystem_of(directory), title))
        )
    # By its method, not by its class: importing these classes would load TensorFlow.
    method = getattr(module, "summary", None)
    # A class has the method as well, but is not a module.
    summary = method() if callable(method) and not isinstance(module, type) else None
    if isinstance(summary, ModuleSummary):
        return displayable(summary)
    raise HandleError(
        f"A summary is made from the path or handle of a module, a ModuleSpec or a Module; got a "
        f"{type(module).__name__}."
    )

"""`doctor`: all checks, put together."""

from __future__ import annotations

from typing import Any, Final

from hubexplore.checkup.findings import WARNING, Finding, Section
from hubexplore.checkup.report import Report

MSG_UNKNOWN: Final = "No stumbling block of TensorFlow Hub is known by these words."


def doctor(
    module: Any = None,
    *,
    error: str | BaseException | None = None,
    topics: bool = False,
) -> Report:
    """Checks the installation, the cache and a module, and says what to do about each problem.

    ```python
    hub.doctor()                       # versions, JupyterLab, graphviz, proxies, the cache
    hub.doctor("path/to/module")       # also what is wrong with this module
    hub.doctor(error="Missing implementation that supports: loader")
    hub.doctor(topics=True)            # what users often stumble over, and how hubexplore solves it
    ```

    Nothing is downloaded, no part of a module runs, and TensorFlow is not imported (except by a handle that
    only TensorFlow can read, such as `gs://`, or a sample that was never used). An archive is unpacked into
    the cache, as by each use.

    Args:
      module: what `summarize` takes. Of an address, the copy in the cache is checked.
      error: an error or its message; only this is explained.
      topics: whether to list the stumbling blocks instead.

    Returns:
      A report that shows itself. `healthy` says whether there is no problem, `findings` has all findings.
    """
    if topics:
        from hubexplore.checkup import stumbling_blocks

        return Report((Section("Stumbling blocks", tuple(stumbling_blocks.listed())),))
    if error is not None:
        return _explained(error)
    sections, examined = [], True
    if module is not None:
        from hubexplore.checkup import module_health

        found, examined = module_health.examine(module)
        sections.append(Section("Module", tuple(found)))
    return Report((*sections, *_installation()), examined)


def _explained(error: str | BaseException) -> Report:
    from hubexplore.checkup import stumbling_blocks

    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    found = stumbling_blocks.explanations(text)
    if not found:
        remedy = "hubexplore doctor --list names all; hubexplore doctor checks the installation."
        found = [Finding("error", WARNING, MSG_UNKNOWN, remedy)]
        return Report((Section("The error", tuple(found)),), examined=False)
    return Report((Section("The error", tuple(found)),))


def _installation() -> list[Section]:
    from hubexplore.checkup import cache_health, environment, jupyter, packages

    return [
        Section("Packages", tuple(packages.findings())),
        Section("Jupyter", tuple(jupyter.findings())),
        Section("Programs and network", tuple(environment.findings())),
        Section("Cache", tuple(cache_health.findings())),
    ]

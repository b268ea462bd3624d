"""What one model can touch outside of itself, in a form that processes can hand to each other."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from hubexplore.cli.scanning.targets import Target, below
from hubexplore.errors import HubError, NotAModuleError
from hubexplore.summary.analysis import keras_code
from hubexplore.summary.capabilities.model import NOTHING, Capabilities
from hubexplore.summary.files.filesystem import join, open_regular
from hubexplore.summary.module_format import GRAPH_FILES
from hubexplore.summary.without_gc import without_gc

Verdict = Literal["danger", "no danger", "unreadable"]
_DEEPEST_ARCHIVE: Final = 3
KERAS: Final = "Keras model"
"""Format of a file that Keras wrote."""
INSIDE: Final = "!/"
"""Separates the path of an archive from the path of a model in it."""


@dataclass(frozen=True)
class Judged:
    """A model that was looked at.

    Attributes:
      label: what reports call it.
      file: path of the file that holds its graph, for reports that need one.
      verdict: whether it has dangers, or could not be read.
      format: as `ModuleSummary.format`; empty if it could not be read.
      capabilities: what was found.
      error: why it could not be read.
    """

    label: str
    file: str
    verdict: Verdict
    format: str = ""
    capabilities: Capabilities = NOTHING
    error: str = ""


def judged(target: Target, depth: int = 0) -> list[Judged]:
    """Returns what was found: of an archive each model in it, else one; none for a file that is no model."""
    try:
        if target.is_archive:
            return _archive(target, depth)
        return _keras(target, depth) or [_model(target)]
    except NotAModuleError as error:
        return [unreadable(target, error)] if target.is_certain else []
    except (HubError, OSError, RecursionError, MemoryError) as error:
        return [unreadable(target, error)]


def unreadable(target: Target, error: BaseException | str) -> Judged:
    """Returns the result for what could not be read."""
    if isinstance(error, OSError) and not isinstance(error, HubError) and error.strerror:
        is_pattern = isinstance(error, FileNotFoundError) and glob.has_magic(target.path)
        error = "No file matches this pattern." if is_pattern else f"{error.strerror}."
    text = error if isinstance(error, str) else str(error) or type(error).__name__
    return Judged(target.label, target.path, "unreadable", error=" ".join(text.split()))


@without_gc()
def _model(target: Target) -> Judged:
    from hubexplore.hub.resolve import read
    from hubexplore.hub.resolve.tf_filesystem import filesystem_of
    from hubexplore.summary.reading.directory import read_module

    def reader(directory: str) -> Judged:
        filesystem = filesystem_of(directory)
        summary = read_module(directory, filesystem, target.label)
        files = (join(target.path, name) for name in GRAPH_FILES)
        file = next(filter(filesystem.exists, files), target.path)
        capabilities = summary.capabilities
        verdict: Verdict = "danger" if capabilities.dangers else "no danger"
        return Judged(target.label, file, verdict, summary.format, capabilities)

    return read(target.path, reader)


def _keras(target: Target, depth: int) -> list[Judged]:
    """Returns what was found in a Keras model, and in modules of KerasLayers in it; empty if it is none."""
    if not target.path.lower().endswith(keras_code.SUFFIXES) or os.path.isdir(target.path):  # noqa: PTH112
        return []
    with open_regular(target.path) as file:
        capabilities = keras_code.of_file(Path(target.path), file)
        if capabilities is None:
            return []
        file.seek(0)
        has_modules = any(name.endswith(GRAPH_FILES) for name in keras_code.names_in(file))
    verdict: Verdict = "danger" if capabilities.dangers else "no danger"
    model = Judged(target.label, target.path, verdict, KERAS, capabilities)
    return [model, *(_archive(target, depth) if has_modules else ())]


def _archive(target: Target, depth: int) -> list[Judged]:
    from hubexplore.hub.resolve import archive

    if depth >= _DEEPEST_ARCHIVE:
        return [unreadable(target, f"archives in archives, more than {_DEEPEST_ARCHIVE} levels deep")]
    # Not into the cache, which keeps what is loaded: what is only scanned may be deleted right away.
    with tempfile.TemporaryDirectory(prefix="hubexplore-") as folder:
        with open_regular(target.path) as file:
            size = os.fstat(file.fileno()).st_size
            # Several models in it are no error here: each of them is judged.
            with contextlib.suppress(NotAModuleError):
                archive.extract(file, folder, target.label, size)
        results = []
        for inner in below(folder):
            label = f"{target.label}{INSIDE}{os.path.relpath(inner.path, folder)}"
            certain = replace(inner, label=label.removesuffix(f"{INSIDE}."))
            results += [replace(one, file=target.path) for one in judged(certain, depth + 1)]
    if not results:
        raise NotAModuleError(f"There is no model in the archive {target.label!r}.")
    return results

"""Gives a module that was made here files of its own, so that it is like one that was loaded.

What shows weights, compares them, asks the gate or sends a module to other processes reads files. The weights
are those that the variables start from: of the parts, whose checkpoints the graph restores, and of what is
new.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable

from hubexplore.hub.danger_check import is_vouched_for, require_trust
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.loading import spec_from_directory
from hubexplore.hub.parts.plain_start import with_plain_start
from hubexplore.hub.resolve.tf_filesystem import filesystem_of
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.storage.export import export, write_module
from hubexplore.hub.storage.initial_values import write_initial_values
from hubexplore.hub.storage.meta_graphs import read_variants
from hubexplore.summary.model import IN_MEMORY
from hubexplore.summary.module_directory import ModuleDirectory
from hubexplore.trust import gate
from hubexplore.trust.content import content_of


def check_weights(parts: Iterable[ModuleSpec]) -> None:
    """Checks, before anything is built, that the weights of modules can be read or computed.

    Raises:
      UntrustedModuleError: (a ValueError) the graph of a module would compute them, and it is not trusted.
    """
    for part in parts:
        # Values that come from a checkpoint are read without running anything of the module.
        if isinstance(part, DefinedSpec) and part.checkpoint is None and part.all_variables:
            require_trust(part)


def kept(spec: DefinedSpec, title: str, parts: Iterable[ModuleSpec]) -> DefinedSpec:
    """Writes a module into a temporary folder, which is removed when the process ends, and loads it.

    Args:
      spec: made by `create_module_spec`, of modules.
      title: what displays call it.
      parts: those modules. If all of them that have dangers are trusted, or were made in this process, so is
        the new one.

    Raises:
      ExportError: (an OSError and RuntimeError) the folder cannot be written.
    """
    is_vouched = all(map(is_vouched_for, parts))
    folder = os.path.join(temporary_folder(), "module")
    write = functools.partial(write_initial_values, spec) if spec.all_variables else None
    written = DefinedSpec(map(with_plain_start, spec.variants), title, None, asset_files=spec.asset_files)
    export(folder, lambda new: write_module(new, written, write))
    place = ModuleDirectory(folder, filesystem_of(folder)).marked()
    # Not under its path, which nobody should write into code: it is gone when the process ends.
    result = spec_from_directory(place, read_variants(folder), title, format_name=IN_MEMORY)
    if result.dangers and is_vouched:
        gate.trust_in_process(content_of(place).digest)
    return result


def temporary_folder() -> str:
    """Makes a folder that is removed when this process ends, and not when one that it forks does."""
    folder = tempfile.mkdtemp(prefix="hubexplore-")
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)

"""Small real modules to start with: `hub.Module("sample:digits")`.

Trained weights ship with the package. A sample's module is built from them, by hubexplore's own
authoring functions, when it is first asked for, and kept in the cache.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from hubexplore import errors
from hubexplore.hub.resolve import cache
from hubexplore.samples import files

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_NAMES = ("digits", "half-plus-two", "text-embedding")


def names() -> list[str]:
    """Returns the names of all samples."""
    return list(_NAMES)


def description(name: str) -> str:
    """Returns what a sample is, in one sentence; TensorFlow is not imported for it."""
    import ast

    source = files.PACKAGE / f"{name.replace('-', '_')}.py"
    first = (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").split("\n")[0]
    return first.partition("`: ")[2]


def resolve(name: str) -> str:
    """Returns the directory of the module `name`, building it if the cache does not have it.

    Args:
      name: One of `names()`. The handle `sample:NAME` stands for `resolve(NAME)`.

    Raises:
      HandleError: There is no such sample.
      DownloadError: The cache cannot be written.
    """
    if name not in _NAMES:
        listed = ", ".join(_NAMES)
        raise errors.HandleError(
            f"There is no sample {name!r}.{errors.closest(name, _NAMES)} The samples are: {listed}."
        )

    return cache.entry(
        _key(name),
        f"sample:{name}",
        lambda directory: _build(name, directory),
    )


path = resolve


def is_built(name: str) -> bool:
    """Whether the cache has the sample, so that nobody waits for it."""
    return os.path.isdir(os.path.join(cache.directory(), _key(name)))  # noqa: PTH112 - as in the cache


def _key(name: str) -> str:
    return f"sample-{name}-{files.digest(name)[:16]}"


def _build(name: str, directory: str) -> None:
    """Builds a sample, in a process of its own unless TensorFlow is loaded in this one already.

    To look at a module nobody should wait for TensorFlow, read its start-up log, or have it in memory.
    """
    if "tensorflow" not in sys.modules and sys.executable:
        command = [sys.executable, "-m", "hubexplore.samples.build", name, directory]
        with contextlib.suppress(OSError):
            # The command is our own.
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:  # noqa: S603
                return
    from hubexplore.samples import build as building

    building.build(name, directory)


def digit_images(count: int | None = None) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Returns images of handwritten digits that took no part in the training of `digits`.

    Args:
      count: How many, from the first; by default all 360.

    Returns:
      (images, labels): float32 [count, 8, 8, 1] in [0, 1], as the module takes them, and int64 [count].
    """
    import numpy as np

    with np.load(files.WEIGHTS / "digits" / "held_out.npz", allow_pickle=False) as archive:
        pixels, labels = archive["pixels"][:count], archive["labels"][:count]
    return pixels[..., np.newaxis].astype(np.float32) / files.LARGEST_PIXEL, labels.astype(np.int64)

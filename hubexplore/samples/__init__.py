"""Small real modules to start with: `hub.Module("sample:digits")`.

Trained weights ship with the package. The module of a sample is built from them by hubexplore's own
authoring functions when it is first requested, and stays in the cache.
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

# Not read from the folder: some of its files are no samples.
_NAMES = ("digits", "half-plus-two", "text-embedding")


def names() -> list[str]:
    """Returns the names of all samples."""
    return list(_NAMES)


def description(name: str) -> str:
    """Returns a description of a sample in one sentence, without importing TensorFlow."""
    import ast

    # Parsed rather than imported: the file of a sample imports TensorFlow.
    source = files.PACKAGE / f"{name.replace('-', '_')}.py"
    first = (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").split("\n")[0]
    return first.partition("`: ")[2]


def resolve(name: str) -> str:
    """Returns the directory of the module `name`; builds the module if it is not in the cache.

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
    """Returns whether the sample is in the cache, so that using it needs no build."""
    return os.path.isdir(os.path.join(cache.directory(), _key(name)))  # noqa: PTH112 - as in the cache


def _key(name: str) -> str:
    # The digest in the key: changed code or weights build a new entry, whatever the cache holds.
    return f"sample-{name}-{files.digest(name)[:16]}"


def _build(name: str, directory: str) -> None:
    """Builds a sample, in a process of its own unless TensorFlow is loaded in this one already.

    A user who only inspects a module should not have TensorFlow, its start-up log and its memory in the
    session.
    """
    if "tensorflow" not in sys.modules and sys.executable:
        command = [sys.executable, "-m", "hubexplore.samples.build", name, directory]
        # Where no process can be started (a sandbox, an embedded Python), the module is built in this one
        # below. The same is done after a failed build, so that its error reaches the user.
        with contextlib.suppress(OSError):
            # The command is fixed and needs no shell.
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:  # noqa: S603
                return
    from hubexplore.samples.build import build

    build(name, directory)


def digit_images(
    count: int | None = None, *, with_training: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Returns images of handwritten digits, by default those that were not used to train `digits`.

    Args:
      count: Number of images, from the first one on; by default all.
      with_training: Whether the 1,437 images that trained the module follow the 360 others.

    Returns:
      (images, labels): float32 [count, 8, 8, 1] in [0, 1], as the module takes them, and int64 [count].
    """
    import numpy as np

    sources = [files.HELD_OUT_DIGITS, *([files.TRAINING_DIGITS] if with_training else [])]
    parts = []
    for source in sources:
        with np.load(source, allow_pickle=False) as archive:
            parts.append((archive["pixels"], archive["labels"]))
    pixels, labels = (np.concatenate(arrays)[:count] for arrays in zip(*parts, strict=True))
    return pixels[..., np.newaxis].astype(np.float32) / files.LARGEST_PIXEL, labels.astype(np.int64)


def verses() -> list[tuple[str, str, str]]:
    """Returns the 3,779 verses of the four Gospels in the King James Version, in order.

    Each is (book, place, text), such as ("John", "11:35", "Jesus wept.").
    """
    import lzma

    with lzma.open(files.VERSES, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    return [(book, place, text) for book, place, text in rows]

"""Small real modules to start with: `hub.Module("sample:digits")`.

Trained weights ship with the package. A sample's module is built from them, by hubexplore's own
authoring functions, when it is first asked for, and kept in the cache.
"""

from __future__ import annotations

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

    def build(directory: str) -> None:
        # Imported only here: a sample that the cache has is found without loading TensorFlow.
        from hubexplore.samples import build as building

        building.build(name, directory)

    return cache.entry(f"sample-{name}-{files.digest(name)[:16]}", f"sample:{name}", build)


path = resolve


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

"""Films as Python: a function that reads their frames again, and the films that hubexplore draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from hubexplore.inputs import pictures
from hubexplore.inputs.code import pixel_code
from hubexplore.inputs.external.film_arrays import Films
from hubexplore.summary.tensor_values import Array

IMPORTS: Final = (
    "import numpy as np",
    "import PIL.Image",
    "import PIL.ImageOps",
    "import PIL.ImageSequence",
)
"""What the function needs."""


def function(name: str, source: Films) -> str:
    """Returns the function that reads a film as `film_arrays.read_film` does; the tests hold them equal."""
    pixels, numbers = pixel_code.lines(source.choice, source.value.shape[2:])
    if len(source.names) == 1:
        arguments = "file"
        reading = [
            "    with PIL.Image.open(file) as opened:",
            "        frames = [frame.convert('RGBA') for frame in PIL.ImageSequence.Iterator(opened)]",
        ]
    else:
        arguments = "*files"
        opened = "PIL.ImageOps.exif_transpose(PIL.Image.open(file)).convert('RGBA')"
        reading = [f"    frames = [{opened} for file in files]"]
    return "\n".join([
        f"def {name}({arguments}):",
        *reading,
        "    numbers = []",
        f"    for index in {_indices(source.kept)}:",
        "        image = frames[index]",
        *(f"        {line}" for line in pixels),
        f"        numbers.append({numbers})",
        "    return np.stack(numbers)",
    ])  # fmt: skip


def _indices(kept: tuple[int, ...]) -> str:
    """The indices as an expression: a range where they are one."""
    return f"range({len(kept)})" if kept == tuple(range(len(kept))) else str(list(kept))


def candidates(value: Array) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields expressions that make examples of films, each with a function that makes the same."""
    if value.ndim != 5 or value.shape[4] not in (1, 3):
        return
    sizes, dtype = value.shape, value.dtype
    drawn = f"pictures.film({', '.join(map(str, sizes))})"
    if dtype.kind == "u":
        text = f"np.round({drawn} * 255).astype({dtype.name!r})"
        yield text, lambda: np.round(pictures.film(*sizes) * 255).astype(dtype)
    else:
        yield f"{drawn}.astype({dtype.name!r})", lambda: pictures.film(*sizes).astype(dtype)

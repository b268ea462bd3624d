"""The vector of a typed text, by which a lens finds the nearest rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hubexplore.display.wording import visible
from hubexplore.errors import ConversionError
from hubexplore.summary.tensor_values import Array

Search = Callable[[str], Array]


def search_by(find: Any, vectors: Any, size: int) -> Search:
    """Returns a function from a text to its vector [size].

    Args:
      find: a handle or path; a `Predictor`; or a function from a text to a vector.
      vectors: the column of the map, by which one of several outputs is chosen.
      size: of the vectors of the map.
    """
    if callable(find) and not hasattr(find, "digest"):
        return lambda text: np.asarray(find(text), np.float32).reshape(-1)
    loaded: list[Any] = [find] if callable(find) else []

    def vector(text: str) -> Array:
        if not loaded:
            # On first use: it brings TensorFlow, and loads the module.
            from hubexplore.mapping.predictor import Predictor

            loaded.append(Predictor(find))
        return _row(loaded[0](np.array([text], object)), vectors, size)

    return vector


def _row(result: Any, vectors: Any, size: int) -> Array:
    """Returns the row of the output that has vectors like those of the map."""
    outputs = dict(result) if isinstance(result, Mapping) else {"output": result}
    rows = {name: np.asarray(value[0]).reshape(-1) for name, value in outputs.items() if np.ndim(value) > 1}
    if str(vectors) in rows:
        return rows[str(vectors)].astype(np.float32)
    fitting = [row for row in rows.values() if row.size == size and row.dtype.kind in "iuf"]
    if not fitting:
        listed = ", ".join(f"{visible(name)}: {row.size}" for name, row in rows.items()) or "none"
        raise ConversionError(
            f"The module has no output with vectors of {size} numbers, as the map has; its outputs have: "
            f"{listed}. Give find= what the map was made with: hub.Predictor(handle, signature)."
        )
    found: Array = fitting[0].astype(np.float32)
    return found

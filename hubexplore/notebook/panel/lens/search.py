"""The vector of an input, by which a lens finds the nearest rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hubexplore.display.wording import counted, visible
from hubexplore.errors import ConversionError
from hubexplore.hub.summarize import summarize
from hubexplore.summary.lookup import default_signature, default_tags, named_signature, named_variant
from hubexplore.summary.model import SignatureSummary, VariantSummary
from hubexplore.summary.tensor_values import Array

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a form needs to know to ask for the inputs of a module.

    Attributes:
      signature: the signature that makes the vectors.
      variant: its graph variant.
      meta_graph: of the variant; None if the summary comes without graphs.
    """

    signature: SignatureSummary
    variant: VariantSummary
    meta_graph: Any


@dataclass(frozen=True)
class TextSearch:
    """A function from a text to its vector."""

    function: Callable[[str], Any]

    def vector(self, text: str) -> Array:
        """Returns the vector of a text, float32 [size]."""
        return np.asarray(self.function(text), np.float32).reshape(-1)


class ModuleSearch:
    """A module that makes a vector of its inputs; it is loaded by the first search.

    Args:
      find: a handle, a path or a `Predictor`.
      vectors: the column of the map, by which one of several outputs is chosen.
      size: of the vectors of the map.

    Raises:
      HubError: the module cannot be read, or has no such signature.
    """

    def __init__(self, find: Any, vectors: Any, size: int) -> None:
        is_predictor = hasattr(find, "digest")
        self._find, self._predictor = find, find if is_predictor else None
        self._vectors, self._size = vectors, size
        summary = summarize(find.handle if is_predictor else find)
        tags = find.tags if is_predictor else None
        if tags is None:
            tags = default_tags(variant.tags for variant in summary.variants)
        variant = named_variant(summary, tags)
        name = find.signature if is_predictor else None
        if name is None:
            name = default_signature([signature.name for signature in variant.signatures])
        source = summary.source
        meta_graph = source.meta_graphs.get(variant.tags) if source is not None else None
        self.asked = Asked(named_signature(variant, name), variant, meta_graph)

    def vector(self, values: Values) -> Array:
        """Returns the vector of one row of inputs, float32 [size].

        Args:
          values: the value of each input by name, with the dimension of rows if the input has one.

        Raises:
          ConversionError: (a ValueError) the result has other vectors than the map, or several.
          HubError: the module cannot be run on the values.
        """
        if self._predictor is None:
            # On first use: it brings TensorFlow, and loads the module.
            from hubexplore.mapping.predictor import Predictor

            self._predictor = Predictor(self._find)
        with self._predictor.opened() as callee:
            outputs = callee.session.call(callee.module, dict(values), callee.signature, as_dict=True)
        columns = self._predictor.options.outputs
        if isinstance(columns, Mapping):
            outputs = {columns.get(name, name): value for name, value in outputs.items()}
        return self._chosen({name: value for name, value in outputs.items() if isinstance(value, np.ndarray)})

    def _chosen(self, outputs: Mapping[str, Array]) -> Array:
        """Returns the output that has vectors like those of the map."""
        rows = {name: value[0] if value.ndim > 1 and len(value) else value for name, value in outputs.items()}
        fitting = [name for name, row in rows.items() if row.size == self._size and row.dtype.kind in "iuf"]
        name = str(self._vectors) if str(self._vectors) in fitting else next(iter(fitting), None)
        if name is None:
            listed = ", ".join(f"{visible(key)}: {row.size}" for key, row in rows.items()) or "none"
            raise ConversionError(
                f"The module has no output with vectors of {self._size} numbers, as the map has; its outputs "
                f"have: {listed}. Give find= what the map was made with: hub.Predictor(handle, signature)."
            )
        if outputs[name].ndim > 1 and len(outputs[name]) != 1:
            count = counted(len(outputs[name]), "row")
            raise ConversionError(f"Enter one row: the input has {count}, and one is compared with the map.")
        found: Array = rows[name].reshape(-1).astype(np.float32)
        return found


Search = TextSearch | ModuleSearch


def search_by(find: Any, vectors: Any, size: int) -> Search:
    """Returns what makes the vector of an input.

    Args:
      find: a handle or path; a `Predictor`; or a function from a text to a vector.
      vectors: the column of the map, by which one of several outputs is chosen.
      size: of the vectors of the map.

    Raises:
      HubError: the module cannot be read, or has no such signature.
    """
    if callable(find) and not hasattr(find, "digest"):
        return TextSearch(find)
    return ModuleSearch(find, vectors, size)

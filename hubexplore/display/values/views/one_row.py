"""The One row view: what can be said of a single embedding, and what to do with it."""

from __future__ import annotations

from typing import Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.values import numerics
from hubexplore.display.values.views.plot import Figure, Texts, class_name
from hubexplore.summary.tensor_values import Array

MSG_ADD_A_ROW: Final = (
    "One row of {count:,} numbers. Add a second row to the input to see how similar the two are, and a third "
    "row for a map of them."
)
_LARGEST: Final = 5


def one_row(array: Array, labels: Texts) -> Figure:
    """Describes a row, real numbers [1, columns]: its length as a vector and its largest numbers."""
    row = numerics.drawable(numerics.as_floats(array[0]))
    places = np.argsort(-np.abs(row), kind="stable")[:_LARGEST].tolist()
    largest = " · ".join(f"[{class_name(labels, at)}] {numerics.signed_text(row[at])}" for at in places)
    scale = float(np.abs(row).max())
    # Scaled: the squares of large numbers would be infinite.
    norm = scale * float(np.sqrt(((row / scale) ** 2).sum()))
    lines = (
        tag("p", MSG_ADD_A_ROW.format(count=len(row))),
        tag("p", f"Norm {numerics.number_text(norm)}; largest numbers: {largest}", class_="note"),
    )
    return Figure(tag("div", join(*lines)), (), "")

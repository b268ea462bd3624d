"""Sizes for the dimensions that inputs leave open: read from the graph as far as it says them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from hubexplore.summary.model import Shape, SignatureSummary
from hubexplore.summary.sizes import Open, Solution, solutions

if TYPE_CHECKING:
    from hubexplore.inputs.fields import Field

SIZES: Final = (2, 1, 3, 8, 16, 32, 64, 224, 299)
"""Tried in this order for an unknown dimension; 224 and 299 are of images."""

WORDS: Final = 6
"""Words in a row of text."""


class Sizes:
    """The possible sizes of a signature's inputs, looked for when they are first asked for.

    Args:
      fields: of the signature.
      signature: whose outputs have shapes; None where they are not known.
      meta_graph: MetaGraphDef-shaped message of its variant; None where there is none.
    """

    def __init__(
        self, fields: Sequence[Field], signature: SignatureSummary | None = None, meta_graph: Any = None
    ) -> None:
        self._fields = fields
        self._signature = signature
        self._meta_graph = meta_graph

    @functools.cached_property
    def solutions(self) -> tuple[Solution, ...]:
        """Sizes that go together, the likeliest first; at least one."""
        inputs = {} if self._signature is None else {each.name: each for each in self._signature.inputs}
        opened = []
        for field in self._fields:
            tensor = inputs.get(field.name)
            parts = tensor.components if tensor is not None else ()
            name = tensor.tensor if tensor is not None else ""
            if field.kind == "sparse":
                name = next((part.tensor for part in parts if part.role == "dense shape"), "")
            opened.append(Open(field.name, _shape(field), name, field.kind, _usual(field)))
        outputs = () if self._signature is None else self._signature.outputs
        ends: dict[str, Shape] = {part.tensor: None for each in outputs for part in each.components}
        ends |= {each.tensor: each.shape for each in outputs if each.tensor}
        return solutions(self._meta_graph, opened, ends)


def shape_for(field: Field, rows: int, size: int | None = None, turn: int = 0) -> tuple[int, ...]:
    """A full shape for a value of an input.

    Args:
      field: the input.
      rows: for a first dimension that may have any size.
      size: for other ones that may have any; None means the sides of an image, `WORDS` of a text, and else
        the first of `SIZES`.
      turn: which of the solutions.
    """
    sizes = field.sizes or Sizes((field,))
    return sizes.solutions[turn].shape(field.name, rows, size)


def decoded(field: Field, rows: int, size: int | None, turn: int) -> tuple[tuple[str, int], ...]:
    """(dtype, count) of the numbers whose bytes the strings of an input are; nothing for other inputs."""
    if field.use is None or not field.use.raw:
        return ()
    sizes = (field.sizes or Sizes((field,))).solutions[turn]
    return tuple((dtype, sizes.count(node, rows, size)) for node, dtype in field.use.raw.items())


def turns(fields: Sequence[Field]) -> Iterator[tuple[int, int | None]]:
    """(Solution, size for what it leaves open) for inputs, the likeliest first."""
    found = next((field.sizes for field in fields if field.sizes), None) or Sizes(fields)
    best = found.solutions[0].broken if fields else 0
    likely = [turn for turn, each in enumerate(found.solutions) if each.broken == best]
    yield from ((turn, None) for turn in likely)
    yield from ((turn, size) for size in SIZES for turn in likely if found.solutions[turn].is_open)
    yield from ((turn, None) for turn in range(len(found.solutions)) if turn not in likely)


def _shape(field: Field) -> tuple[int | None, ...] | None:
    """The shape that an input states; rows where rows are what it is about."""
    if field.shape is not None:
        return field.shape
    behind = field.ragged_rank or (1 if field.kind == "sparse" else 0)
    return (None,) * (1 + behind) if behind else None


def _usual(field: Field) -> dict[int, int]:
    """Sizes for what is open, by dimension."""
    if field.height:
        return {1: field.height, 2: field.width, 3: field.channels}
    return {1: WORDS} if field.dtype == "string" else {}

"""Sizes for the unknown dimensions of inputs, inferred from the graph as far as it determines them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from hubexplore.summary.graph.sounds import USUAL_RATE
from hubexplore.summary.model import Shape, SignatureSummary
from hubexplore.summary.sizes import OpenInput, Solution, solutions

FILM_FRAMES: Final = 16
"""Number of frames of an example film where the input states none."""
FILM_SIZE: Final = 64
"""Side in pixels of an example film where the input states no size."""

if TYPE_CHECKING:
    from hubexplore.inputs.fields import Field

SIZES: Final = (2, 1, 3, 8, 16, 32, 64, 224, 299)
"""Sizes to try for an unknown dimension, in this order; 224 and 299 are common for images."""

WORDS_IN_ROW: Final = 6
"""Number of words in a row of text."""

IDS_IN_ROW: Final = 8
"""Number of ids in a row."""


class Sizes:
    """The possible sizes of the inputs of a signature, inferred on first use.

    Args:
      fields: of the signature.
      signature: its outputs have shapes that limit the inputs; None where it is unknown.
      meta_graph: MetaGraphDef-shaped message of its variant, or None.
    """

    def __init__(
        self, fields: Sequence[Field], signature: SignatureSummary | None = None, meta_graph: Any = None
    ) -> None:
        self._fields = fields
        self._signature = signature
        self._meta_graph = meta_graph

    @functools.cached_property
    def solutions(self) -> tuple[Solution, ...]:
        """Sizes that go together, the likeliest first; at least one.

        Inference walks the graph, which costs time linear in its nodes: hence once, and only when needed.
        """
        inputs = {} if self._signature is None else {tensor.name: tensor for tensor in self._signature.inputs}
        opened = []
        for field in self._fields:
            tensor = inputs.get(field.name)
            parts = tensor.components if tensor is not None else ()
            name = tensor.tensor if tensor is not None else ""
            # The dense shape of a sparse input is a tensor of its own, and ties it to the sizes of others.
            if field.kind == "sparse":
                name = next((part.tensor for part in parts if part.role == "dense shape"), "")
            opened.append(
                OpenInput(field.name, _stated_shape(field), name, field.kind, _default_sizes(field))
            )
        outputs = () if self._signature is None else self._signature.outputs
        # Outputs have static shapes in the signature, which limit what flows into them; components have none.
        ends: dict[str, Shape] = {part.tensor: None for output in outputs for part in output.components}
        ends |= {output.tensor: output.shape for output in outputs if output.tensor}
        return solutions(self._meta_graph, opened, ends)


def shape_for(field: Field, rows: int, size: int | None = None, turn: int = 0) -> tuple[int, ...]:
    """Returns a full shape for a value of an input.

    Args:
      field: the input.
      rows: size of an unknown first dimension.
      size: size of the other unknown dimensions; None means the side of an image, `WORDS_IN_ROW` for text,
        `IDS_IN_ROW` for integers, and the first of `SIZES` for anything else.
      turn: index of the solution.
    """
    # A field made on its own, without a graph, has no sizes.
    sizes = field.sizes or Sizes((field,))
    return sizes.solutions[turn].shape(field.name, rows, size)


def raw_counts(field: Field, rows: int, size: int | None, turn: int) -> tuple[tuple[str, int], ...]:
    """(dtype, count) of the numbers that the graph decodes from strings of raw bytes; () for other inputs."""
    if field.use is None or not field.use.raw:
        return ()
    sizes = (field.sizes or Sizes((field,))).solutions[turn]
    return tuple((dtype, sizes.count(node, rows, size)) for node, dtype in field.use.raw.items())


def size_choices(fields: Sequence[Field]) -> Iterator[tuple[int, int | None]]:
    """Yields (index of a solution, size for the dimensions it leaves open), the likeliest first.

    First the solutions that break the fewest constraints of the graph, then these with each size, and the
    others last: inference may have misread a graph, so that none of them is excluded.
    """
    sizes = next((field.sizes for field in fields if field.sizes), None) or Sizes(fields)
    best = sizes.solutions[0].broken if fields else 0
    likely = [turn for turn, solution in enumerate(sizes.solutions) if solution.broken == best]
    yield from ((turn, None) for turn in likely)
    yield from ((turn, size) for size in SIZES for turn in likely if sizes.solutions[turn].is_open)
    yield from ((turn, None) for turn in range(len(sizes.solutions)) if turn not in likely)


def _stated_shape(field: Field) -> tuple[int | None, ...] | None:
    """The static shape of an input; of the smallest rank for sparse and ragged inputs of unknown rank."""
    if field.sound is not None and field.shape == (None,):
        return (field.sound.rate or USUAL_RATE,)  # its open dimension are samples, not rows
    if field.is_lone and field.shape is not None:
        sides = (field.height, field.width, field.channels)
        return sides[: len(field.shape)]  # its open dimensions are sides, not rows
    if field.shape is not None:
        return field.shape
    behind = field.ragged_rank or (1 if field.kind == "sparse" else 0)
    return (None,) * (1 + behind) if behind else None


def _default_sizes(field: Field) -> dict[int, int]:
    """Sizes for unknown dimensions, by dimension."""
    if field.height:
        return {1: field.height, 2: field.width, 3: field.channels}
    if field.film is not None:
        return {1: FILM_FRAMES, 2: FILM_SIZE, 3: FILM_SIZE}
    if field.sound is not None:
        return {1: field.sound.rate or USUAL_RATE}
    # Ids and their masks: rows of one or two would say nothing about a model of texts.
    if field.asks == "integers" and field.shape is not None and len(field.shape) == 2:
        return {1: IDS_IN_ROW}
    return {1: WORDS_IN_ROW} if field.dtype == "string" else {}

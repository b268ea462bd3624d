"""Rules for ops that turn sounds into spectra, join texts, and parse records."""

from __future__ import annotations

from typing import Final

from hubexplore.summary.graph.declared_tensors import shape_of
from hubexplore.summary.sizes.polynomials import Number
from hubexplore.summary.sizes.rules.elements import broadcast
from hubexplore.summary.sizes.shape_inference import MAX_ENTRIES, Dims, Op, Rule


def _real_transform(op: Op) -> Dims:
    """A Fourier transform from or to real numbers, whose spectrum has only half of the last dimension."""
    dims, lengths = op.shape(0), op.vector(1)
    rank = 3 if "3D" in op.type else 2 if "2D" in op.type else 1
    if dims is None or len(dims) < rank:
        return None
    sizes: list[Number | None] = [None] * rank if lengths is None or len(lengths) != rank else [*lengths]
    # https://www.tensorflow.org/api_docs/python/tf/signal/rfft: fft_length / 2 + 1 numbers.
    if not op.type.startswith("I") and sizes[-1] is not None:
        sizes[-1] = sizes[-1] // 2 + 1
    return (*dims[:-rank], *sizes)


def _joined_texts(op: Op) -> Dims:
    """Joins texts of the same shape; a scalar is joined to each."""
    lists = [index for index in range(len(op.edges)) if op.shape(index) != ()]
    return broadcast(op, *lists) if lists else ()


def _segments(op: Op) -> Dims:
    """A sum for each segment, whose number is given; the ids take the first dimensions of the data."""
    dims, ids, count = op.shape(0), op.shape(1), op.value(2)
    if dims is None or ids is None:
        return None
    return (count if not isinstance(count, tuple) else None, *dims[len(ids) :])


def _parsed_examples(op: Op) -> list[Dims]:
    """Returns the shapes of the columns: sparse, dense and ragged ones, with a row for each record."""
    rows = op.shape(0)
    lists = op.attr["dense_shapes"].list.shape if "dense_shapes" in op.attr else ()
    sparse = op.count("num_sparse")
    ragged = len(op.attr["ragged_split_types"].list.type) if "ragged_split_types" in op.attr else 0
    if len(lists) > MAX_ENTRIES or ragged > MAX_ENTRIES or rows is None:
        raise ValueError("too many columns, or records of unknown rank")
    rank = len(rows) + 1
    dense = [shape_of(column) for column in lists]
    return [
        *[(None, rank)] * sparse, *[(None,)] * sparse, *[(rank,)] * sparse,
        *(None if column is None else (*rows, *column) for column in dense),
        *[(None,)] * ragged,
        *[(rows[0] + 1 if rows and rows[0] is not None else None,)] * ragged,
    ]  # fmt: skip


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("RFFT", "RFFT2D", "RFFT3D", "IRFFT", "IRFFT2D", "IRFFT3D"), _real_transform),
    **dict.fromkeys(("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin"), _segments),
    "ParseExampleV2": _parsed_examples,
    "StringJoin": _joined_texts,
    "UnsortedSegmentProd": _segments,
}

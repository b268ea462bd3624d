"""Reads both sides of variables, and returns what changed in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hubexplore.summary.compare.weights.one_side import OneSide
from hubexplore.summary.compare.weights.other_layouts import add_other_layouts
from hubexplore.summary.compare.weights.pieces import PIECE, Pair, Pieces
from hubexplore.summary.compare.weights.records import TEXTS, VariableChange, with_sums
from hubexplore.summary.compare.weights.stored import STRING, Stored
from hubexplore.summary.compare.weights.sums import Summing, Sums
from hubexplore.summary.compare.weights.texts import add_texts

Advance = Callable[[int], object]
"""Is called with the number of bytes read since the last call; may raise to stop."""

_BLOCK: Final = 1 << 18
"""Bytes that are looked at in one go of a variable that is not read by several threads."""


def read_changes(
    pairs: Sequence[Pair], advance: Advance = lambda size: None, piece: int = PIECE
) -> Iterator[VariableChange]:
    """Yields the change of each pair, in their order.

    Memory is bounded by a few blocks for each thread, whatever the size of the variables.

    Args:
      pairs: two sides of a variable, of equal dtype and shape.
      advance: is told of progress, in this thread.
      piece: bytes of either side that a thread takes at a time, a multiple of 64; the result does not depend
        on it, but for rounding.

    Raises:
      DamagedModuleError: a data file is missing or truncated.
      UnreadableModuleError: a data file cannot be read.
    """
    summing = Summing()
    with Pieces([pair for pair in pairs if _is_streamed(pair)], piece) as pieces:
        spans = iter(pieces)
        for pair in pairs:
            if not _is_streamed(pair):
                yield _whole(pair, summing, advance, min(piece, _BLOCK))
                continue
            sums, damaged = Sums(), (False, False)
            for span, found_sums, found in spans:
                sums.merge(found_sums)
                damaged = damaged[0] or found[0], damaged[1] or found[1]
                advance(2 * span.size)
                if span.ends_pair:
                    break
            yield _change(pair[0], sums, damaged)


def _is_streamed(pair: Pair) -> bool:
    return pair[0].dtype != STRING and pair[0].layout == pair[1].layout


def _whole(pair: Pair, summing: Summing, advance: Advance, piece: int) -> VariableChange:
    sums = Sums()
    with OneSide(pair[0], advance, piece) as first, OneSide(pair[1], advance, piece) as second:
        if pair[0].dtype == STRING:
            damaged, note = add_texts(sums, first, second)
        else:
            with np.errstate(all="ignore"):
                damaged, note = add_other_layouts(sums, first, second, summing)
    return _change(pair[0], sums, damaged, note)


def _change(stored: Stored, sums: Sums, damaged: tuple[bool, bool], note: str = "") -> VariableChange:
    facts = VariableChange(
        stored.name, stored.dtype, stored.shape, stored.count, stored.size, damaged=damaged, note=note
    )
    if note:
        return facts
    if stored.dtype == STRING:
        return replace(facts, changed=sums.changed, note=TEXTS)
    if not stored.is_decoded:
        return replace(facts, changed=sums.changed, note=f"{stored.dtype}: compared, but not decoded")
    return with_sums(facts, sums)

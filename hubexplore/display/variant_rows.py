"""What several graph variants hold, each thing once, with the variants that have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from hubexplore.summary.model import VariantSummary

Item = TypeVar("Item")


def with_holders(
    variants: Iterable[VariantSummary],
    items: Callable[[VariantSummary], Iterable[Item]],
    identity: Callable[[Item], Hashable],
) -> list[tuple[Item, list[VariantSummary]]]:
    """Returns (item, variants that have it) for each distinct item, in the order of first occurrence.

    Takes linear time.

    Args:
      variants: the graph variants of a module.
      items: returns what a variant holds.
      identity: returns what is equal for items that count as the same thing.
    """
    holders: dict[tuple[int, Hashable], tuple[Item, list[VariantSummary]]] = {}
    for variant in variants:
        # Two equal items of one variant are two things, so the key holds how often an item occurred before:
        # the second one of this variant joins the second one of another.
        occurrences: Counter[Hashable] = Counter()
        for item in items(variant):
            key = identity(item)
            holders.setdefault((occurrences[key], key), (item, []))[1].append(variant)
            occurrences[key] += 1
    return list(holders.values())

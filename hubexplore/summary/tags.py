"""Which graph variant is meant by tags that a user typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Tags = tuple[str, ...]

_SERVE: Final = ["serve"]
_TRAIN: Final = "train"


def chosen(typed_tags: str | Iterable[str], existing: Iterable[Tags]) -> Tags:
    """Returns the tags that are meant, sorted.

    Blanks around a tag are typing, and a comma separates two, unless a variant has a tag that is written so.

    Args:
      typed_tags: a text in which commas separate tags, or several tags; none means the variant without tags.
      existing: the sorted tags of all variants.
    """
    # Tags may hold commas and blanks, so what matches a variant literally goes first.
    known = set(existing)
    parts = typed_tags.split(",") if isinstance(typed_tags, str) else list(typed_tags)
    typed = _sorted(part.strip() for part in parts)
    literal = [
        tuple(sorted(set(parts))),
        _sorted(parts),
        *([(typed_tags,)] if isinstance(typed_tags, str) else []),
    ]
    return next((tags for tags in literal if tags in known), typed)


def _sorted(tags: Iterable[str]) -> Tags:
    return tuple(sorted(set(tags) - {""}))


def serving_tags(tag_sets: Iterable[Sequence[str]]) -> list[str]:
    """The tags of the graph variant for serving, or of one that is not for training; sorted."""
    # The fewest tags before more: a further tag, such as "gpu" or "tpu", says that a variant is for one kind
    # of machine. The tags themselves decide ties.
    return min(
        map(sorted, tag_sets), key=lambda tags: (tags != _SERVE, _TRAIN in tags, len(tags), tags), default=[]
    )

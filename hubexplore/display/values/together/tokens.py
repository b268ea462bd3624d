"""Rows of texts with their ids, as tokenizers return them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hubexplore.display.markup import join, tag
from hubexplore.display.theme import MARKS
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.scene import Group, Member, Scene, are_ids
from hubexplore.display.values.value_kinds import is_text
from hubexplore.display.values.views import texts
from hubexplore.display.values.views.plot import distinct_captions
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array, flat_of, kind_of

VIEW: Final = "Tokens"


@dataclass(frozen=True)
class Tokens:
    """An output of texts and one of ids, with the same number of entries in each row.

    Attributes:
      members: texts, then ids.
      unknown_words: what the vocabulary of the module lacks.
    """

    members: tuple[Member, Member]
    unknown_words: frozenset[str] = frozenset()

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        rows = _rows(self.members[0]) or []
        return f"{counted(len(rows), 'row')} · {counted(sum(map(len, rows)), 'token')}"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        words, ids = (_rows(member) or [] for member in self.members)
        names = distinct_captions(self.members[0].rows)
        count = min(len(words), texts.MAX_TEXTS)
        shown = zip(words[:count], ids[:count], strict=True)
        captions = [names[at] if at < len(names) else "" for at in range(count)]
        chips = (texts.chips(*pair, self.unknown_words) for pair in shown)
        style = (tag("style", MARKS),) if self.unknown_words else ()
        return Rendered(VIEW, join(*style, texts.listed(captions, chips, len(words))))


def find(scene: Scene) -> Iterator[Group]:
    """Yields texts and ids of one structure that no third output shares: with scores they are a ranking."""
    rows_of = {member.name: rows for member in scene.outputs if (rows := _rows(member))}
    for member in scene.outputs:
        rows = rows_of.get(member.name, [])
        if not rows or not is_text(rows[0]):
            continue
        lengths = list(map(len, rows))
        others = [
            other
            for other in scene.outputs
            if other is not member and list(map(len, rows_of.get(other.name, []))) == lengths
        ]
        if len(others) == 1 and max(lengths) > 1 and _hold_ids(rows_of[others[0].name]):
            yield Tokens((member, others[0]), frozenset(scene.unknown_words))


def _rows(member: Member) -> list[Array] | None:
    """Returns the rows of a matrix or of a ragged value of two dimensions; None for any other value."""
    flat = flat_of(member.value)
    if kind_of(member.value) == "dense":
        return list(flat) if flat.ndim == 2 and flat.size else None
    splits: Any = getattr(member.value, "nested_row_splits", ())
    if kind_of(member.value) != "ragged" or len(splits) != 1 or flat.ndim != 1 or not flat.size:
        return None
    return np.split(flat, np.asarray(splits[0])[1:-1])


def _hold_ids(rows: list[Array]) -> bool:
    return all(row.dtype.kind in "iu" and (not row.size or are_ids(row)) for row in rows)

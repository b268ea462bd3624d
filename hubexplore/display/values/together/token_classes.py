"""Scores of classes for each word of a sentence: each word with its likeliest class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.grid import Bar, Cell, Column, Grid, grid_html
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.ranking import MAX_RANKS, MAX_TABLES
from hubexplore.display.values.together.scene import Group, Member, Scene
from hubexplore.display.values.value_kinds import is_text, item_text
from hubexplore.display.values.view_choice import MIN_EMBEDDING_COLUMNS
from hubexplore.display.values.views.plot import class_name, distinct_captions, row_name
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Classes of words"


@dataclass(frozen=True)
class TokenClasses:
    """Scores of classes, [rows, words, classes].

    Attributes:
      members: the scores, then the words if these came out, too.
      scores: chances, or logits.
      words: texts [rows, words]; empty ones fill the rows up.
      word_name: the name of the words.
      class_names: names of the classes.
    """

    members: tuple[Member, ...]
    scores: Array
    words: Array
    word_name: str
    class_names: tuple[str, ...] = ()

    views = (VIEW,)
    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        return f"{counted(self.scores.shape[2], 'class')} for each of {counted(self.scores.shape[1], 'word')}"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = distinct_captions(self.members[0].rows)
        count = len(self.scores)
        has_titles = count > 1 or bool(rows)
        tables = [
            self._table(number, row_name(rows, number) if has_titles else "")
            for number in range(min(count, MAX_TABLES))
        ]
        left = count - len(tables)
        notes = [tag("p", f"… and {counted(left, 'row')} more; all of it is in .value", class_="note")]
        return Rendered(VIEW, join(*tables, *(notes if left else [])))

    def _table(self, number: int, caption: str) -> Markup:
        words = [item_text(word) for word in self.words[number]]
        size = max((at for at, word in enumerate(words, 1) if word), default=0)
        chances = _as_chances(self.scores[number])
        best = chances.argmax(-1)
        cells: list[tuple[Cell, ...]] = [
            (words[at], self._class_text(int(best[at])), _bar(float(chances[at, best[at]])))
            for at in range(min(size, MAX_RANKS))
        ]
        columns = (Column(self.word_name), Column("class"), Column("chance", "bar"))
        note = f"… and {size - MAX_RANKS:,} more; all of it is in .value" if size > MAX_RANKS else ""
        return grid_html(Grid(caption, columns, tuple(cells), note), VIEW)

    def _class_text(self, number: int) -> str:
        return class_name(self.class_names, number) if self.class_names else f"class {number}"


def find(scene: Scene) -> Iterator[Group]:
    """Yields scores [rows, words, classes] beside the words [rows, words] that they are about."""
    texts = {
        array.shape: (member, array)
        for member in (*scene.inputs, *scene.outputs)
        if (array := member.array) is not None and array.ndim == 2 and is_text(array)
    }
    for member, array in scene.numbers():
        found = texts.get(array.shape[:2]) if array.ndim == 3 and array.dtype.kind == "f" else None
        if found is None or not _are_scores(array, member, scene):
            continue
        beside = (found[0],) if any(other is found[0] for other in scene.outputs) else ()
        names = member.labels or (scene.class_names if len(scene.class_names) == array.shape[2] else ())
        yield TokenClasses((member, *beside), numerics.as_floats(array), found[1], found[0].name, names)


def _are_scores(array: Array, member: Member, scene: Scene) -> bool:
    """Returns whether there are scores of a few classes for each word; many numbers are its embedding."""
    count = array.shape[2]
    is_named = count in (len(scene.class_names), len(member.labels))
    # How much each word counts for each is attention.
    return count > 1 and count != array.shape[1] and (is_named or count < MIN_EMBEDDING_COLUMNS)


def _as_chances(scores: Array) -> Array:
    """Returns scores [words, classes] as chances: logits by their softmax."""
    with np.errstate(all="ignore"):
        if np.all(scores >= 0) and np.all(scores <= 1):
            return scores
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        chances: Array = np.nan_to_num(powers / powers.sum(-1, keepdims=True))
    return chances


def _bar(chance: float) -> Bar:
    return Bar(chance, numerics.rounded_text(chance, 4))

"""Scores of the tokens that went in: where an answer begins and ends, or how much each token counts."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.grid import Column, Grid, grid_html
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered, with_numbers
from hubexplore.display.values.together.bands import MAX_STEPS, Bands
from hubexplore.display.values.together.scene import Group, Member, Scene, are_shares
from hubexplore.display.values.value_kinds import is_text, item_text
from hubexplore.display.values.views.lists import number_grid
from hubexplore.display.values.views.plot import Figure, Texts, distinct_captions, row_name
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

SPANS: Final = "Spans"
POSITIONS: Final = "Positions"
MAX_ROWS: Final = 4
"""Maximum number of rows that are drawn."""
MAX_SPANS: Final = 5
"""Maximum number of spans of a row that are listed."""
MAX_LENGTH: Final = 30
"""Maximum number of tokens of a span."""
_TRIED: Final = 20
"""Number of the likeliest first and last tokens that are tried with each other."""
_MIN_TOKENS: Final = 2
_MAX_WORDS: Final = 12
_STARTS: Final = frozenset({"begin", "first", "start", "starts"})
_ENDS: Final = frozenset({"end", "ends", "last", "stop"})
_MASKS: Final = frozenset({"mask", "masks"})


@dataclass(frozen=True)
class Positions:
    """Outputs with a score for each token.

    Attributes:
      members: the outputs; those of the first and of the last token of a span come first.
      scores: float [rows, tokens] of each member.
      words: the token of each position, one list for each row; empty if they did not go in.
      lengths: how many tokens of each row count: those after them fill it up.
      has_spans: whether the first two members are scores of the first and of the last token.
    """

    members: tuple[Member, ...]
    scores: tuple[Array, ...]
    words: tuple[Texts, ...]
    lengths: tuple[int, ...]
    has_spans: bool

    controls: tuple[Control, ...] = ()

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102 - as Group
        return (SPANS,) if self.has_spans else (POSITIONS,)

    @property
    def facts(self) -> str:  # noqa: D102
        tokens = counted(self.scores[0].shape[1], "token")
        return f"{counted(len(self.members), 'score')} for each of {tokens}"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        rows = distinct_captions(self.members[0].rows)
        count = len(self.scores[0])
        tables, figures, hovers = [], [], []
        for number in range(min(count, MAX_ROWS)):
            name = row_name(rows, number)
            title = name if count > 1 or rows else ""
            if self.has_spans:
                tables.append(self._spans_table(number, title))
            length = self.lengths[number]
            lines = tuple(
                (member.name, array[number : number + 1, :length])
                for member, array in zip(self.members, self.scores, strict=True)
            )
            picture, hover = Bands(self.members, lines).plot(0, name)
            named = tuple(self._word(number, at) for at in range(length))
            hovers.append(dataclasses.replace(hover, column_captions=named))
            caption = [tag("figcaption", title)] if title else []
            figures.append(tag("figure", picture, *caption, class_="plot"))
        note = f"The first {len(figures)} of {count:,} rows." if count > len(figures) else ""
        names = [member.name for member in self.members]
        first = np.stack([array[0, : self.lengths[0]] for array in self.scores], axis=1)
        grid = number_grid(first, [self._word(0, at) for at in range(len(first))], names)
        drawn = with_numbers(self.views[0], Figure(join(*figures), tuple(hovers), note, grid), lambda: grid)
        return dataclasses.replace(drawn, top=join(*tables, drawn.top))

    def _word(self, number: int, at: int) -> str:
        """Returns the position and the token at it."""
        words = self.words[number] if self.words else ()
        return f"{at}: {words[at]}" if at < len(words) else str(at)

    def _spans_table(self, number: int, caption: str) -> Markup:
        length = self.lengths[number]
        spans = best_spans(self.scores[0][number, :length], self.scores[1][number, :length])
        head = (Column("rank", "right"), Column("tokens", cut="end"), Column("first", "right"))
        columns = (*head, Column("last", "right"), Column("score", "right"))
        cells = tuple(
            (
                str(rank),
                self._text(number, first, last),
                str(first),
                str(last),
                numerics.signed_text(score),
            )
            for rank, (first, last, score) in enumerate(spans, 1)
        )
        return grid_html(Grid(caption, columns, cells), SPANS)

    def _text(self, number: int, first: int, last: int) -> str:
        words = self.words[number][first : last + 1] if self.words else ()
        more = " …" if len(words) > _MAX_WORDS else ""
        return " ".join(words[:_MAX_WORDS]) + more


def best_spans(starts: Array, ends: Array) -> list[tuple[int, int, float]]:
    """Returns the first token, the last token and the score of the likeliest spans, the best first.

    Args:
      starts: float [tokens], how likely a span begins at each: probabilities, or logits.
      ends: the same of its end.
    """
    are_chances = are_shares(starts) and are_shares(ends)
    firsts, lasts = (
        np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:_TRIED] for scores in (starts, ends)
    )
    spans = []
    for first, last in itertools.product(firsts.tolist(), lasts.tolist()):
        score = starts[first] * ends[last] if are_chances else starts[first] + ends[last]
        if first <= last < first + MAX_LENGTH and np.isfinite(score):
            spans.append((first, last, float(score)))
    return sorted(spans, key=lambda span: -span[2])[:MAX_SPANS]


def find(scene: Scene) -> Iterator[Group]:
    """Yields outputs [rows, tokens] with a number for each token of an input, or for each of an open number.

    The number of classes of a module is known, and the same in every run: what has an open number of entries
    in each row, or two outputs of one number, as many as tokens went in, is about the tokens.
    """
    tokens = _tokens(scene)
    by_shape: dict[tuple[int, ...], list[tuple[Member, Array]]] = {}
    for member, array in scene.numbers():
        is_scores = array.ndim == 2 and array.dtype.kind == "f" and not member.labels and member.sound is None
        if is_scores and _MIN_TOKENS <= array.shape[1] <= MAX_STEPS:
            by_shape.setdefault(array.shape, []).append((member, numerics.as_floats(array)))
    for shape, pairs in by_shape.items():
        # What names things of the same number is a list of them.
        if any(_lists_things(member, shape) for member in scene.outputs):
            continue
        ends = _start_and_end(pairs)
        are_open = all(member.shape is not None and member.shape[-1:] == (None,) for member, _ in pairs)
        has_tokens = shape in tokens
        are_as_long = len(pairs) > 1 and all(
            given.shape is None or member.shape is None or given.shape[-1] == member.shape[-1]
            for given, _ in tokens.get(shape, [])
            for member, _ in pairs
        )
        if not (has_tokens and (are_open or are_as_long)) and not (are_open and ends):
            continue
        ordered = [*ends, *(pair for pair in pairs if not any(pair is end for end in ends))]
        yield Positions(
            tuple(member for member, _ in ordered),
            tuple(array for _, array in ordered),
            _words(tokens.get(shape, [])),
            _lengths(tokens.get(shape, []), shape),
            bool(ends),
        )


def _tokens(scene: Scene) -> dict[tuple[int, ...], list[tuple[Member, Array]]]:
    """Returns the inputs that have a text or an integer for each token, by shape."""
    found: dict[tuple[int, ...], list[tuple[Member, Array]]] = {}
    for member in scene.inputs:
        array = member.array
        if array is not None and array.ndim == 2 and (is_text(array) or array.dtype.kind in "iu"):
            found.setdefault(array.shape, []).append((member, array))
    return found


def _lists_things(member: Member, shape: tuple[int, ...]) -> bool:
    array = member.array
    return array is not None and array.shape == shape and (is_text(array) or array.dtype.kind in "iub")


def _start_and_end(pairs: list[tuple[Member, Array]]) -> list[tuple[Member, Array]]:
    """Returns the scores of the first and of the last token of spans; nothing if there are none."""
    starts = [pair for pair in pairs if pair[0].words & _STARTS]
    ends = [pair for pair in pairs if pair[0].words & _ENDS]
    return [starts[0], ends[0]] if len(starts) == len(ends) == 1 and starts[0] is not ends[0] else []


def _words(tokens: list[tuple[Member, Array]]) -> tuple[Texts, ...]:
    """Returns the tokens as texts, else their ids: the input with the most different ones."""
    if not tokens:
        return ()
    _, array = max(tokens, key=lambda pair: (is_text(pair[1]), len(np.unique(pair[1].astype(str)))))
    return tuple([item_text(entry) for entry in row] for row in array[:MAX_ROWS])


def _lengths(tokens: list[tuple[Member, Array]], shape: tuple[int, ...]) -> tuple[int, ...]:
    masks = [array for member, array in tokens if member.words & _MASKS and not is_text(array)]
    if not masks:
        return (shape[1],) * shape[0]
    return tuple(max(int(np.flatnonzero(row)[-1]) + 1 if row.any() else shape[1], 1) for row in masks[0])

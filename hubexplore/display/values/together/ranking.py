"""Outputs with an entry for the same things, such as classes and scores, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Final, Literal

import numpy as np

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.tables.grid import Bar, Cell, Column, Grid, grid_html
from hubexplore.display.values import numerics
from hubexplore.display.values.control import Control
from hubexplore.display.values.rendering import Rendered
from hubexplore.display.values.together.scene import (
    Group,
    Member,
    Scene,
    are_ids,
    are_shares,
    is_column,
)
from hubexplore.display.values.value_kinds import is_number, is_text, item_text
from hubexplore.display.values.views.plot import Texts, distinct_captions, row_name
from hubexplore.display.wording import counted
from hubexplore.summary.tensor_values import Array

VIEW: Final = "Ranking"
PER_ROW: Final = "Table"
MAX_RANKS: Final = 50
"""Maximum number of entries of a row that are listed."""
MAX_CELL: Final = 120
"""Maximum number of characters of a text that stands in a table beside others for a row of the input."""
MAX_TABLES: Final = 8
"""Maximum number of rows that have a table."""
_CLASS_WORDS: Final = frozenset({
    "categories", "category", "class", "classes", "label", "labels", "probabilities", "probability", "probs",
    "score", "scores", "species", "topics",
})  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """Outputs of one shape, [entries] or [rows, entries], side by side.

    Attributes:
      members: texts first, then ids and truth values, then other numbers; else in the order of the outputs.
      class_names: names of the ids of the one output that holds ids.
      per_row: whether each entry belongs to a row of the input, so that there is no order of merit.
      chances: how likely each entry is, of the shape of the members: the likeliest is listed first; None if
        the entries stay in their order.
      given: the input with a text for each entry, such as the words that have tags.
    """

    members: tuple[Member, ...]
    class_names: tuple[str, ...] = ()
    per_row: bool = False
    chances: Array | None = None
    given: Member | None = None

    @property
    def views(self) -> tuple[str, ...]:  # noqa: D102 - as Group
        return (PER_ROW if self.per_row else VIEW,)

    controls: tuple[Control, ...] = ()

    @property
    def facts(self) -> str:  # noqa: D102 - as Group
        array = _entries(self.members[0])
        shape = () if array is None else array.shape
        size = " × ".join(f"{count:,}" for count in shape)
        return f"{size} · {counted(len(self.members), 'output')} of one shape"

    def draw(self, view: str, settings: dict[str, float]) -> Rendered:  # noqa: D102
        arrays = [array for member in self._columns if (array := _entries(member)) is not None]
        rows = distinct_captions(next((member.rows for member in self.members if member.rows), ()))
        if arrays[0].ndim == 1:
            names = rows if len(rows) == len(arrays[0]) else ()
            return Rendered(self.views[0], self._table(self._ordered(arrays, ...), names, ""))
        has_titles = len(arrays[0]) > 1 or bool(rows)
        tables = [
            self._table(self._ordered(arrays, number), (), row_name(rows, number) if has_titles else "")
            for number in range(min(len(arrays[0]), MAX_TABLES))
        ]
        left = len(arrays[0]) - len(tables)
        note = f"… and {counted(left, 'row')} more; all of it is in .value"
        notes = [tag("p", note, class_="note")] if left else []
        return Rendered(self.views[0], join(*tables, *notes))

    def _ordered(self, arrays: list[Array], number: int | EllipsisType) -> list[Array]:
        """Returns the entries of a row of the outputs, or of outputs of one row, the likeliest first."""
        if self.chances is None:
            return [array[number] for array in arrays]
        order = np.argsort(-self.chances[number], kind="stable")
        return [array[number][order] for array in arrays]

    @property
    def _columns(self) -> tuple[Member, ...]:
        return self.members if self.given is None else (self.given, *self.members)

    def _table(self, arrays: list[Array], names: Texts, caption: str) -> Markup:
        size = len(arrays[0])
        shown = [array[:MAX_RANKS] for array in arrays]
        is_ranked = not self.per_row and not names and any(map(_is_sorted, shown))
        columns = [Column("rank" if is_ranked else "", "left" if names else "right")]
        cells: list[list[Cell]] = [[row_name(names, at + is_ranked) for at in range(len(shown[0]))]]
        for member, array in zip(self._columns, shown, strict=True):
            if self.class_names and are_ids(array):
                columns.append(Column(member.name))
                cells.append([self._class_text(entry) for entry in array.tolist()])
                continue
            columns.append(Column(member.name, _alignment(array), keep_empty=True))
            cells.append(_cells(array))
        note = f"… and {size - MAX_RANKS:,} more; all of it is in .value" if size > MAX_RANKS else ""
        return grid_html(Grid(caption, tuple(columns), tuple(zip(*cells, strict=True)), note), self.views[0])

    def _class_text(self, entry: float) -> str:
        number = int(entry)
        is_named = 0 <= number < len(self.class_names) and bool(self.class_names[number].strip())
        return f"{self.class_names[number]} ({number})" if is_named else str(number)


def find(scene: Scene) -> Iterator[Group]:
    """Yields the groups of outputs of one shape of which one says what the other numbers are about."""
    by_shape: dict[tuple[int, ...], list[Member]] = {}
    for member in scene.outputs:
        array = _entries(member)
        # Vectors for one thing and matrices for several; a single entry is a table only if it is a row.
        if (
            array is not None
            and array.ndim in (1, 2)
            and (array.shape[-1] > 1 or _is_per_row(member))
            and len(array)
            and is_column(array)
            and not _is_prose(array)
        ):
            by_shape.setdefault(array.shape, []).append(member)
    for members in by_shape.values():
        arrays = {member.name: array for member in members if (array := _entries(member)) is not None}
        # Numbers for each row of the input are a table, whatever they mean.
        is_per_row = all(map(_is_per_row, members))
        has_names = any(_names_things(array) for array in arrays.values())
        given = _given(scene, members, arrays)
        if (
            len(members) + (given is not None) < 2
            or not (is_per_row or has_names)
            or _are_steps(arrays, scene)
        ):
            continue
        ordered = sorted(
            members,
            key=lambda member: (
                not _is_of_input(arrays[member.name], scene.rows),
                _precedence(arrays[member.name]),
            ),
        )
        with_ids = [member for member in members if are_ids(arrays[member.name])]
        class_names = scene.class_names if len(with_ids) == 1 else ()
        chances = None if is_per_row or given is not None else _chances(ordered)
        yield Ranking(tuple(ordered), class_names, is_per_row, chances, given)


def _given(scene: Scene, members: Sequence[Member], arrays: Mapping[str, Array]) -> Member | None:
    """Returns the one input with a text for each entry of rows of outputs that lack one; None without one."""
    shape = next(iter(arrays.values())).shape
    found = [
        member
        for member in scene.inputs
        if (given := member.array) is not None and given.ndim == 2 and given.shape == shape and is_text(given)
    ]
    has_words = any(_is_of_input_texts(arrays[member.name], found) for member in members)
    return found[0] if len(found) == 1 and not has_words else None


def _is_of_input_texts(array: Array, given: Sequence[Member]) -> bool:
    """Returns whether an output repeats the texts of an input."""
    return is_text(array) and any(
        member.array is not None and bool(np.all(array == member.array)) for member in given
    )


def _is_per_row(member: Member) -> bool:
    """Returns whether an output is declared to have one entry for each row of the input."""
    return member.shape in ((None,), (None, 1))


def _entries(member: Member) -> Array | None:
    """Returns an output as an array; that of one entry for each row without the dimension of the entry."""
    array = member.array
    is_column = array is not None and member.shape == (None, 1) and array.ndim == 2 and array.shape[1] == 1
    return array[:, 0] if is_column and array is not None else array


def _are_steps(arrays: dict[str, Array], scene: Scene) -> bool:
    """Returns whether the entries are about the steps of a series that went in, not about things."""
    shape = next(iter(arrays.values())).shape
    is_series = any(
        (given := member.array) is not None
        and given.shape == shape
        and given.dtype.kind == "f"
        and given.ndim == 2
        and given.shape[1] > MAX_RANKS
        for member in scene.inputs
    )
    return is_series and not any(is_text(array) for array in arrays.values())


def _is_of_input(array: Array, rows: Sequence[str]) -> bool:
    """Returns whether the entries of each row are parts of the text that went in, such as its words."""
    stack = array[None] if array.ndim == 1 else array
    if not is_text(array) or len(stack) != len(rows):
        return False
    return all(
        item_text(entry).lower() in text.lower()
        for entries, text in zip(stack, rows, strict=True)
        for entry in entries[:MAX_RANKS]
    )


def _chances(members: list[Member]) -> Array | None:
    """Returns the one output that says how likely each class is, float [..., entries]: its rows sum to 1.

    The weights of the words of a sentence do so too, but their order is that of the sentence: what the
    entries are is known only if they are the same in all rows, or if they are called classes.
    """
    arrays = [array for member in members if (array := _entries(member)) is not None]
    shares = [numerics.as_floats(array) for array in arrays if are_shares(array)]
    chances = [floats for floats in shares if np.allclose(floats.sum(-1), 1, atol=1e-3)]
    named = [array for array in arrays if is_text(array)]
    are_fixed = any(
        array.ndim == 2 and len(array) > 1 and bool(np.all(array == array[:1])) for array in named
    )
    are_called = any(member.words & _CLASS_WORDS for member in members)
    return chances[0] if len(chances) == 1 and (are_fixed or are_called) else None


def _is_sorted(array: Array) -> bool:
    """Returns whether an array holds scores or distances in order; equal ones throughout are not an order."""
    if _names_things(array):
        return False
    steps = np.diff(numerics.drawable(numerics.as_floats(array)))
    return bool(np.any(steps) and (np.all(steps >= 0) or np.all(steps <= 0)))


def _is_prose(array: Array) -> bool:
    """Returns whether rows have texts that are read, not looked up: long ones, or of several lines."""
    if array.ndim != 1 or not is_text(array):
        return False
    texts = [item_text(entry).strip("\n") for entry in array[:MAX_RANKS]]
    return any(len(text) > MAX_CELL or "\n" in text for text in texts)


def _names_things(array: Array) -> bool:
    return is_text(array) or array.dtype.kind == "b" or are_ids(array)


def _precedence(array: Array) -> int:
    if is_text(array):
        return 0
    return 1 if array.dtype.kind == "b" or are_ids(array) else 2


def _alignment(array: Array) -> Literal["left", "right", "bar"]:
    if is_text(array) or array.dtype.kind == "b":
        return "left"
    return "bar" if are_shares(array) else "right"


def _cells(array: Array) -> list[Cell]:
    if is_text(array):
        return [item_text(entry) for entry in array]
    if is_number(array) and are_shares(array):
        return [Bar(float(entry), numerics.number_text(entry)) for entry in numerics.as_floats(array)]
    return [numerics.signed_text(entry) for entry in np.asarray(array)]

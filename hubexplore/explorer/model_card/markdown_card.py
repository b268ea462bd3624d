"""The card of a model as Markdown, with the front matter that Hugging Face reads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from hubexplore.display.card import markdown
from hubexplore.display.card.blocks import Section
from hubexplore.display.values import numerics
from hubexplore.display.values.together.scene import Member
from hubexplore.display.values.value_facts import brief, facts
from hubexplore.display.values.value_kinds import is_foreign, is_number, is_readable, is_text, item_text
from hubexplore.display.wording import beginning, counted
from hubexplore.explorer.model_card.chapters import (
    NOT_WRITTEN,
    Chapter,
    Contents,
    Counted,
    Paragraph,
    Picture,
    Prompt,
)
from hubexplore.explorer.model_card.example_runs import Example
from hubexplore.summary.tensor_values import Array

MAX_VALUES: Final = 8
"""Maximum number of inputs, and of outputs, that an example shows."""
MAX_TEXTS: Final = 6
"""Maximum number of texts of a value."""
_MAX_NUMBERS: Final = 24
"""Maximum number of numbers of a value; of more, those at the corners are shown."""
_EDGE: Final = 3
"""How many rows, and columns, there are in a corner."""
_CORNERS: Final = [*range(_EDGE), *range(-_EDGE, 0)]
_DECIMALS: Final = 4
_SMALLEST: Final = 10.0**-_DECIMALS
"""The smallest number that has a digit in these decimals."""
BEST: Final = 3
"""Number of classes that are named for a row."""
FRONT_MATTER: Final = """\
---
library_name: tensorflow
tags:
- tensorflow
- tensorflow-hub
# To be written, as far as it applies:
# license: apache-2.0
# language: en
# datasets:
# - name-of-the-data-set
---
"""


def page(contents: Contents, picture_file: str | None) -> str:
    """Returns a card as the text of a file.

    Args:
      contents: of the card.
      picture_file: name of the file beside it with the picture of the graph; None if there is none.
    """
    parts = [f"# {markdown.text(contents.title)}", " · ".join(map(markdown.text, contents.facts))]
    for chapter in contents.chapters:
        parts += [f"## {markdown.text(chapter.heading)}", *_chapter(chapter, picture_file)]
    body = "\n\n".join(part for part in parts if part)
    return f"{FRONT_MATTER}\n{body}\n"


def _chapter(chapter: Chapter, picture_file: str | None) -> Iterator[str]:
    for part in chapter.parts:
        match part:
            case Paragraph():
                yield markdown.text(part.text)
            case Prompt():
                yield f"> **{NOT_WRITTEN}.** {markdown.text(part.question)}"
            case Section():
                # Most chapters have one section of their name.
                if part.heading in ("Warnings", "Notes"):
                    yield f"**{markdown.text(part.heading)}**"
                yield from markdown.blocks(part)
            case Picture():
                yield from _picture(part, picture_file)
            case Counted():
                yield markdown.fence(repr(part.cost).splitlines(), "text")
            case Example():
                yield from _example(part)


def _picture(part: Picture, file: str | None) -> Iterator[str]:
    if file is None:
        yield markdown.text(part.caption)
        yield markdown.fence(repr(part.diagram).splitlines())
    else:
        yield f"![{markdown.text(part.caption)}]({quote(file)})"


def _example(part: Example) -> Iterator[str]:
    yield f"### Signature {markdown.code(part.signature)}"
    if part.scene is None:
        yield f"No example of it ran: {markdown.text(part.failure)}"
        return
    if part.is_random:
        yield "Its outputs are drawn at random."
    yield from _values("Input", part.scene.inputs)
    yield from _values("Output", part.scene.outputs)


def _values(word: str, members: Sequence[Member]) -> Iterator[str]:
    for member in members[:MAX_VALUES]:
        yield f"{word} {markdown.code(member.name)}: {markdown.text(facts(member.value))}"
        lines = value_lines(member)
        if lines:
            yield markdown.fence(lines, "text")
    if len(members) > MAX_VALUES:
        yield f"... and {len(members) - MAX_VALUES:,} more"


def value_lines(member: Member) -> list[str]:
    """Returns a value in a few lines: texts, the likeliest classes of each row, or some of its numbers.

    There are none for a value of three or more dimensions.
    """
    array = member.array
    if array is None:
        return [brief(member.value)]
    if is_text(array):
        texts = [_text(item) for item in array.reshape(-1)[:MAX_TEXTS].tolist()]
        return [*texts, *(["..."] if array.size > MAX_TEXTS else [])]
    if member.labels and array.ndim == 2 and array.shape[-1] == len(member.labels) and is_number(array):
        return [_best(row, member.labels) for row in array[:MAX_TEXTS]]
    return _numbers(array)


def _text(item: str | bytes) -> str:
    # Serialized messages and files would be a line of escapes.
    is_binary = isinstance(item, bytes) and not is_readable(item)
    return counted(len(item), "byte") if is_binary else beginning(item_text(item), 96)


def _best(row: Array, labels: Sequence[str]) -> str:
    numbers = np.asarray(row, np.float64)
    order = np.argsort(-numbers, kind="stable")[:BEST]
    return ", ".join(f"{beginning(labels[index], 40)} {numbers[index]:.3g}" for index in order)


def _numbers(array: Array) -> list[str]:
    # Pages of brackets would say nothing of pictures and feature maps.
    if array.ndim > 2:
        return []
    if is_foreign(array):  # NumPy writes each of them with another number of digits
        array = numerics.as_floats(array)
    return np.array2string(
        array,
        precision=_DECIMALS,
        threshold=_MAX_NUMBERS,
        edgeitems=_EDGE,
        max_line_width=96,
        suppress_small=True,
        formatter=_formatter(array),
    ).splitlines()


def _formatter(array: Array) -> Any:
    """What writes the numbers of an array in place of NumPy, if decimals would show too little of them."""
    if array.dtype.kind not in "fc":
        return None
    shown = array
    if array.size > _MAX_NUMBERS:
        sides = (np.arange(size) for size in array.shape)
        shown = array[np.ix_(*(side if side.size <= 2 * _EDGE else side[_CORNERS] for side in sides))]
    parts = np.abs(np.stack([shown.real, shown.imag]).astype(np.float64))
    parts = parts[np.isfinite(parts) & (parts > 0)]
    is_small = bool(parts.size) and parts.max() < 100 * _SMALLEST
    if not is_small and not np.any(parts < _SMALLEST / 2):
        return None
    write: Callable[[Any], str] = numerics.number_text
    if not is_small and shown.dtype.kind == "f":
        write = functools.partial(numerics.rounded_text, decimals=_DECIMALS)
    width = max(len(write(number)) for number in shown.reshape(-1).tolist())
    return {"all": lambda number: write(number.item()).rjust(width)}

"""The Text view: texts with their line breaks, and rows of texts as chips, with ids where there are any."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from hubexplore.display.markup import Markup, join, tag
from hubexplore.display.theme import MARKS
from hubexplore.display.values.value_kinds import is_readable, item_text
from hubexplore.display.values.views.plot import Texts, row_name
from hubexplore.display.wording import MAX_SENTENCE, MAX_TEXT, counted, visible
from hubexplore.summary.tensor_values import Array

MAX_TEXTS: Final = 100
"""Maximum number of lines of a list."""
MAX_IN_ROW: Final = 40
"""Maximum number of texts in a line of a list."""
MAX_LINES: Final = 100
"""Maximum number of lines of a text that has line breaks."""
MAX_BYTES: Final = 64
"""Maximum number of bytes that are shown of what is not text."""
MAX_HTML: Final = 120_000
"""Maximum length in characters of the HTML of a list of texts."""


def text_list(array: Array, rows: Texts, typed: Sequence[str] = ()) -> Markup:
    """Returns texts as a list: an item for each row, with the tokens of the row.

    Args:
      array: of texts.
      rows: captions of the first dimension.
      typed: the texts of the captions as they went in. In texts that continue them, what is new is marked.
    """
    if not array.ndim:
        return _whole_text(array[()])
    if not array.size:
        return tag("p", "No texts.", class_="note")
    lines = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array[:, None]
    outer_shape = array.shape[:-1]
    has_names = len(lines) > 1 or array.ndim > 1
    names = [
        row_name(rows, number, outer_shape)
        if len(outer_shape) > 1 or (has_names and number < len(rows))
        else ""
        for number in range(min(len(lines), MAX_TEXTS))
    ]
    shown = lines[:MAX_TEXTS]
    prompts = list(typed[: len(shown)]) if array.ndim == 1 and len(typed) == len(lines) else []
    if prompts and all(_continues(line[0], prompt) for line, prompt in zip(shown, prompts, strict=True)):
        # The text begins with what its caption would say.
        continued = (_continuation(prompt, line[0]) for prompt, line in zip(prompts, shown, strict=True))
        return join(tag("style", MARKS), listed([""] * len(shown), continued, len(lines)))
    contents = (chips(line) if len(line) > 1 else _whole_text(line[0]) for line in shown)
    return listed(names, contents, len(lines))


def listed(names: Sequence[str], contents: Iterator[Markup], count: int) -> Markup:
    """Returns a list of bounded size.

    Args:
      names: the caption of each item; "" for none.
      contents: the items, made one by one; as many as names.
      count: number of rows of the value, of which these are the first.
    """
    items: list[Markup] = []
    remaining_size = MAX_HTML
    for name, content in zip(names, contents, strict=True):
        before = [tag("p", name, class_="note")] if name else []
        item = join(*before, content)
        remaining_size -= len(item)
        # The first item is always shown, however long it is: its texts are cut one by one already.
        if remaining_size < 0 and items:
            break
        items.append(item)
    if count == 1:
        # A single row needs no number.
        return tag("div", items[0])
    remaining = count - len(items)
    note = [more_note(remaining, "line")] if remaining else []
    return join(tag("ol", *(tag("li", item) for item in items), start=0), *note)


def chips(texts: Array, ids: Array | None = None, unknown: Collection[str] = ()) -> Markup:
    """Returns the texts of a row as chips, each with its id if there are ids; unknown ones are marked."""
    parts: list[Markup | str] = []
    for at, text in enumerate(texts[:MAX_IN_ROW]):
        number = [] if ids is None else [tag("small", item_text(ids[at]))]
        is_unknown = bool(unknown) and item_text(text) in unknown
        # The space separates them in copied text.
        parts += [
            tag("span", short_text(text), *number, class_="chip unknown" if is_unknown else "chip"),
            " ",
        ]
    more = [f"… and {len(texts) - MAX_IN_ROW:,} more"] if len(texts) > MAX_IN_ROW else []
    return tag("span", *parts, *more, class_="chips")


def more_note(remaining: int, noun: str) -> Markup:
    """Returns the note on what a list leaves out."""
    return tag("p", f"… and {counted(remaining, noun)} more; all of it is in .value", class_="note")


def short_text(item: Any) -> Markup:
    """Returns a text on one line, which is cut if it is long."""
    text = item_text(item)
    return tag("code", visible(text, MAX_TEXT)) if text else _empty()


def _whole_text(item: Any) -> Markup:
    """Returns a text, on as many lines as it has."""
    if isinstance(item, bytes) and not is_readable(item):
        return _binary(item)
    text = item_text(item)
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    if len(lines) == 1:
        return tag("code", visible(text, MAX_SENTENCE)) if text else _empty()
    more = [more_note(len(lines) - MAX_LINES, "line")] if len(lines) > MAX_LINES else []
    shown = "\n".join(visible(line, MAX_SENTENCE) for line in lines[:MAX_LINES])
    return join(tag("pre", shown, class_="lines"), *more)


def _binary(item: bytes) -> Markup:
    """Returns the beginning of bytes that are not text, and how many they are."""
    more = "…" if len(item) > MAX_BYTES else ""
    shown = visible(item_text(item[:MAX_BYTES]), MAX_SENTENCE)
    return join(tag("code", shown + more), tag("small", counted(len(item), "byte")))


def _continues(item: Any, prompt: str) -> bool:
    text = item_text(item)
    return bool(prompt) and len(text) > len(prompt) and text.startswith(prompt)


def _continuation(prompt: str, item: Any) -> Markup:
    """Returns a text that begins with a prompt, with the rest marked as new."""
    lines = item_text(item)[len(prompt) :].replace("\r\n", "\n").rstrip("\n").split("\n")
    new = "\n".join(visible(line, MAX_SENTENCE) for line in lines[:MAX_LINES])
    begun = "\n".join(visible(line, MAX_SENTENCE) for line in prompt.split("\n")[-MAX_LINES:])
    more = [more_note(len(lines) - MAX_LINES, "line")] if len(lines) > MAX_LINES else []
    if "\n" not in begun and "\n" not in new:
        return tag("code", begun, tag("ins", new))
    return join(tag("pre", begun, tag("ins", new), class_="lines"), *more)


def _empty() -> Markup:
    return tag("span", "(empty)", class_="note")

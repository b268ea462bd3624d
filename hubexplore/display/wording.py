"""Text and numbers as all displays write them, safe to print.

Characters that could move a cursor or turn the reading direction become escapes; long text is cut.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from hubexplore import errors
from hubexplore.summary.compare import replacement
from hubexplore.summary.confusables import reading, spelled_out
from hubexplore.summary.model import Shape, TensorSummary

MAX_TEXT: Final = 96
"""Maximum length in characters of a name."""
MAX_SENTENCE: Final = 400
"""Maximum length in characters of a sentence, caption or note."""
MAX_LISTED: Final = 12
"""Maximum number of graph variants that a line names."""
_NUMBERS: Final = re.compile("([0-9]+)")


def visible(text: str, limit: int = MAX_TEXT) -> str:
    r"""Returns `text` in one line of at most `limit` characters, unprintable ones as escapes (`\x1b`).

    With escapes it may be twice as long. Long text loses its middle, because both ends of a path or of a
    scoped name distinguish it from others.
    """
    # One character of the limit is the ellipsis. Cut before escaping: escapes must not be cut in halves.
    half = (limit - 1) // 2
    shown = printable(text if len(text) <= limit else f"{text[:half]}…{text[-half:]}")
    if len(shown) <= 2 * limit:
        return shown
    # The text is mostly escapes, of up to ten characters each.
    short = half // 5
    return printable(f"{text[:short]}…{text[-short:]}")


def apart(texts: Sequence[str], limit: int = MAX_TEXT, cut: Callable[[str, int], str] = visible) -> list[str]:
    """Returns each text cut, such that different texts do not read the same.

    Texts that the cut makes equal are shown where they begin to differ. Texts of different characters that
    look the same are spelled out. Texts that still read the same are numbered.

    Args:
      texts: names or sentences; equal ones stay equal.
      limit: maximum length in characters that `cut` is asked for.
      cut: turns a text into one line of limited length.
    """
    shown_texts = {text: cut(text, limit) for text in texts}
    # Each step only treats the groups that still read the same, so that most texts stay as they are.
    for distinguish in (_with_difference, _with_spelling, _with_number):
        groups: dict[str, dict[str, str]] = {}
        for text, shown in shown_texts.items():
            groups.setdefault(reading(shown), {})[text] = shown
        same = [group for group in groups.values() if len(group) > 1]
        if not same:
            break
        for group in same:
            shown_texts.update(distinguish(group, limit))
    return [shown_texts[text] for text in texts]


def _with_difference(group: Mapping[str, str], limit: int) -> dict[str, str]:
    size = limit // 2
    # The first and the last in alphabetical order share the prefix that all texts share.
    first, last = min(group), max(group)
    same = sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    # An eighth of the window shows what precedes the difference, so that readers can find it in the name.
    start = max(same - size // 8, 0)
    return {
        text: visible(
            f"{text[: limit - size - 2]}…{text[start : start + size]}{text[start + size :] and '…'}", limit
        )
        for text in group
        if len(text) > limit and start > limit - size - 2
    }


def _with_spelling(group: Mapping[str, str], limit: int) -> dict[str, str]:
    return {text: visible(spelled_out(text), limit) for text in group if reading(text) != text}


def _with_number(group: Mapping[str, str], limit: int) -> dict[str, str]:
    # The first one stays as it is: only the others need to be distinguished from it.
    others = list(group.items())[1:]
    return {text: f"{shown[: limit - 6]} ({number})" for number, (text, shown) in enumerate(others, 2)}


def printable(text: str) -> str:
    r"""Returns `text` with each unprintable character, line ends included, as its escape (`\x1b`)."""
    return errors.printable(text)


def beginning(text: str, limit: int = 60) -> str:
    """Returns `text` in one line, the end cut off if it is longer than `limit`."""
    return printable(text if len(text) <= limit else f"{text[:limit]}…")


def shape_text(shape: Shape) -> str:
    """Returns `(?, 224, 224, 3)`, "scalar", or "any shape" if the rank is unknown."""
    return visible(replacement.shape_text(shape))


def type_text(tensor: TensorSummary) -> str:
    """Returns "float32", or "sparse float32" for a tensor that is not dense."""
    return visible(tensor.dtype if tensor.kind == "dense" else f"{tensor.kind} {tensor.dtype}")


def tags_text(tags: Iterable[str]) -> str:
    """Returns "gpu, train", or "no tags" for the empty set."""
    return visible(replacement.tags_text(tags))


def tags_list(tags: Iterable[Iterable[str]]) -> str:
    """Returns "no tags | gpu, train" for graph variants with these tags; a dozen of them at most."""
    texts = [tags_text(tag_set) for tag_set in tags]
    return " | ".join(texts[:MAX_LISTED]) + (" | ..." if len(texts) > MAX_LISTED else "")


def size_text(size: int | None) -> str:
    """Returns a number of bytes as in "512 bytes", "4.1 kB", "102 MB"; "?" for an unknown size."""
    if size is None:
        return "?"
    if size < 1000:
        return counted(size, "byte")
    amount = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        # 999.5 and 99.95 are where rounding would give 1,000 and 100.0.
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}" if amount < 99.95 else f"{amount:,.0f} {unit}"


def number_text(number: int | None) -> str:
    """Returns "1,234", or "?" for an unknown number."""
    return "?" if number is None else f"{number:,}"


def amount_text(number: float, unit: str = "") -> str:
    """Returns a number for a label: "1,234", "12.3 M", "4.1 kB" for the unit "B", "1.2 ms" for "s"."""
    if not math.isfinite(number):
        return "not a number" if math.isnan(number) else "infinite"
    if unit == "B":
        return ("-" if number < 0 else "") + size_text(round(abs(number)))
    if unit == "s":
        return duration_text(number)
    if float(number).is_integer() and abs(number) < 100_000:
        return f"{int(number):,}"
    if abs(number) < 1_000:
        return f"{number:.3g}"
    amount, suffixes = float(number) / 1000, ["k", "M", "G", "T", "P"]
    # 999.5 is where rounding would give 1,000.
    while abs(amount) >= 999.5 and len(suffixes) > 1:
        amount /= 1000
        suffixes.pop(0)
    return f"{amount:.3g} {suffixes[0]}" if abs(amount) < 999.5 else f"{amount:,.0f} {suffixes[0]}"


def duration_text(seconds: float) -> str:
    """Returns a time as in "120 µs", "1.23 ms", "2.5 s"."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if abs(seconds) * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:,.3g} s"


def counted(count: int, noun: str) -> str:
    """Returns "1 variable", "1,234 variables", "2 entries"."""
    if count == 1:
        return f"1 {noun}"
    # Of the nouns that are counted, these have another plural: entry, entries; box, boxes; class, classes.
    if noun.endswith("ry"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}es" if noun.endswith(("x", "ss")) else f"{count:,} {noun}s"


def omission(left_out: int, noun: str) -> str:
    """Returns "... and 12 more variables" in place of what is not listed, or an empty text."""
    return f"... and {left_out:,} more {counted(left_out, noun).split(' ', 1)[1]}" if left_out > 0 else ""


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Returns a sort key that puts `block_2` before `block_10`."""
    parts = _NUMBERS.split(text)
    # Numbers compare by their length first, as text: int() refuses more than 4,300 digits since Python 3.11.
    return tuple(
        (len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (0, part)
        for index, part in enumerate(parts)
    )

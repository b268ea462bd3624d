"""Breaks a long Python expression at its brackets and commas, as an author would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 88
"""Maximum number of characters of a line, unless a single word is longer."""
_INDENT: Final = "    "
_SHORT: Final = 24
"""Up to this length the items of a list share lines; longer ones have lines of their own."""
_STRING: Final = r"b?'(?:[^'\\]|\\.)*'|b?\"(?:[^\"\\]|\\.)*\""
_TOKEN: Final = re.compile(rf"{_STRING}|[(\[{{]|[)\]}}]|,|[^'\"()\[\]{{}},]+|['\"]", re.DOTALL)
_LITERAL: Final = re.compile(rf"(.*?)({_STRING})", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|.)|.", re.DOTALL)
_WORD: Final = re.compile(r"[^ ]+ *| +")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass
class _Group:
    """A pair of brackets and the items between its commas."""

    opening: str
    items: list[_Item]
    ends_with_comma: bool = False

    def __str__(self) -> str:
        comma = "," if self.ends_with_comma else ""
        return f"{self.opening}{', '.join(map(_flat, self.items))}{comma}{_CLOSING[self.opening]}"


_Item = list["str | _Group"]


def broken(expression: str, indent: str = "", taken: int = 0) -> str:
    """Returns an expression on as many lines as it needs; the lines but the first begin with `indent`.

    Takes time linear in the length, for each level of brackets.

    Args:
      expression: on one line. Running the result gives the same value.
      indent: what precedes each further line.
      taken: number of characters that precede the first line.
    """
    tokens = iter(_TOKEN.findall(expression))
    items, _ = _items(tokens, "")
    if len(items) != 1:  # a bare tuple has no bracket to break at
        return expression
    return _laid_out(items[0], indent, taken, "")


def _items(tokens: Iterator[str], closing: str) -> tuple[list[_Item], bool]:
    """Returns the items up to a closing bracket, and whether a comma follows the last one."""
    items: list[_Item] = []
    item: _Item = []
    after_comma = False
    for symbol in tokens:
        if symbol == closing:
            break
        if symbol == ",":
            items.append(item)
            item, after_comma = [], True
            continue
        if symbol in _CLOSING:
            item.append(_Group(symbol, *_items(tokens, _CLOSING[symbol])))
        elif item or symbol.strip():
            item.append(symbol if item else symbol.lstrip())
        after_comma = after_comma and not item
    return ([*items, item] if item else items), bool(items) and not item and after_comma


def _flat(item: _Item) -> str:
    return "".join(map(str, item)).rstrip()


def _laid_out(item: _Item, indent: str, taken: int, end: str) -> str:
    """Returns an item, broken at its longest bracket if it does not fit; `end` follows its last line."""
    text = _flat(item)
    if taken + len(text) + len(end) <= WIDTH:
        return text + end
    groups = [at for at, part in enumerate(item) if _is_breakable(part, item[:at])]
    if not groups:
        return _broken_text(text, indent) + end
    longest = max(groups, key=lambda at: len(str(item[at])))
    group = item[longest]
    assert isinstance(group, _Group)  # noqa: S101 - chosen above
    before, after = "".join(map(str, item[:longest])), _flat(item[longest + 1 :])
    if _is_wrapper(group):
        # Brackets of an only argument stay with those around it: np.load(io.BytesIO(
        start, finish = f"{before}{group.opening}", f"{_CLOSING[group.opening]}{after}{end}"
        return start + _laid_out(group.items[0], indent, taken + len(start), finish)
    inner = indent + _INDENT
    lines = _lines_of(group, inner)
    return "\n".join([f"{before}{group.opening}", *lines, f"{indent}{_CLOSING[group.opening]}{after}{end}"])


def _is_breakable(part: str | _Group, before: _Item) -> bool:
    """Returns whether a part is a group, but not a key as in arrays['x']."""
    if not isinstance(part, _Group) or not part.items:
        return False
    is_after_value = bool(before) and (_is_group(before[-1]) or bool(re.search(r"\w$", str(before[-1]))))
    return part.opening != "[" or not is_after_value


def _is_wrapper(group: _Group) -> bool:
    """Returns whether a group holds nothing but another group, or a call."""
    if len(group.items) != 1 or group.ends_with_comma or group.opening != "(":
        return False
    parts = group.items[0]
    return isinstance(parts[-1], _Group) and bool(parts[-1].items) and sum(map(_is_group, parts)) == 1


def _is_group(part: str | _Group) -> bool:
    return isinstance(part, _Group)


def _lines_of(group: _Group, indent: str) -> list[str]:
    # A comma after a single item would make a tuple of it, and is no syntax after a comprehension.
    last = "," if len(group.items) > 1 or group.ends_with_comma else ""
    texts = [_flat(item) for item in group.items]
    if not last and group.opening == "(" and re.fullmatch(_STRING, texts[0], re.DOTALL):
        return _literals(texts[0], indent)
    ends = [*["," for _ in texts[1:]], last]
    if all(len(text) <= _SHORT for text in texts) and len(texts) > 1:
        return _filled([text + end for text, end in zip(texts, ends, strict=True)], indent)
    return [
        indent + _laid_out(item, indent, len(indent), end)
        for item, end in zip(group.items, ends, strict=True)
    ]


def _filled(words: list[str], indent: str) -> list[str]:
    """Returns lines of as many words as fit."""
    lines = [indent + words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def _broken_text(text: str, indent: str) -> str:
    """Returns a long string literal in brackets as several ones, which Python joins; other text as it is."""
    match = _LITERAL.fullmatch(text)
    if match is None:
        return text
    return "\n".join([f"{match[1]}(", *_literals(match[2], indent + _INDENT), f"{indent})"])


def _literals(literal: str, indent: str) -> list[str]:
    prefix, quote = "b" if literal[0] == "b" else "", literal[-1]
    room = WIDTH - len(indent) - len(prefix) - 2
    pieces = _pieces(literal[len(prefix) + 1 : -1], room)
    return [f"{indent}{prefix}{quote}{piece}{quote}" for piece in pieces]


def _pieces(content: str, room: int) -> list[str]:
    """Returns the content of a literal in pieces, cut after spaces and never inside of an escape."""
    pieces = [""]
    for word in _WORD.findall(content):
        if len(pieces[-1]) + len(word) > room and pieces[-1]:
            pieces.append("")
        # A word without spaces, such as base64, is cut anywhere but in an escape.
        for unit in _ESCAPE.findall(word) if len(word) > room else [word]:
            if len(pieces[-1]) + len(unit) > room and pieces[-1]:
                pieces.append("")
            pieces[-1] += unit
    return pieces

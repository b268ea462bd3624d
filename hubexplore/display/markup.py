"""The only file that makes HTML tags: plain strings are escaped here, `Markup` is passed on.

Why no library: a template engine escapes when it runs. Here a type states what is escaped, so that mypy finds
what is not.
"""

from __future__ import annotations

import html
import re
from typing import Final

_SEPARATED: Final = re.compile(r"(?<=[^_./:\s-][_./:-])(?=[^_./:\s-])")


# A subclass of str rather than a wrapper, so that it can be written and joined as it is.
class Markup(str):
    """A string that is HTML already.

    Functions that render return `Markup`. Joining pieces by `+` gives a plain `str`, so mypy finds the place
    where an escape was forgotten.
    """

    __slots__ = ()

    def _marimo_serialize_(self) -> str:
        # Its encoder knows no subclasses of str: it would send an empty object to a widget.
        return str(self)


def escape(value: str) -> Markup:
    """Returns `value` as HTML: unchanged if it is `Markup`, otherwise escaped, quotation marks included."""
    return value if isinstance(value, Markup) else Markup(html.escape(value, quote=True))


def join(*parts: str) -> Markup:
    """Returns the parts one after the other, each escaped unless it is `Markup`."""
    return Markup("".join(escape(part) for part in parts))


def tag(element: str, *children: str, **attributes: str | int | None) -> Markup:
    """Returns `<element attributes>children</element>`.

    Args:
      element: Name of the HTML element; never taken from a module, because it is not escaped.
      *children: Text, escaped, or `Markup`, passed on.
      **attributes: Values are escaped; `class_` stands for `class`, `aria_level` for `aria-level`;
        None leaves the attribute out.
    """
    # Keywords such as `class` and names with hyphens cannot be written as Python arguments.
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{element}{written}>{join(*children)}</{element}>")


def breakable(name: str) -> Markup:
    """Returns a name that browsers break between its words, after any of `_ . / : -`, before within one."""
    return Markup("<wbr>".join(map(escape, _SEPARATED.split(name))))


def document(title: str, style: Markup, *body: str) -> Markup:
    """Returns a complete, self-contained HTML page in English."""
    head = tag("head", Markup('<meta charset="utf-8">'), VIEWPORT, tag("title", title), tag("style", style))
    return Markup(f'<!doctype html>\n<html lang="en">{head}{tag("body", *body)}</html>\n')


VIEWPORT = Markup('<meta name="viewport" content="width=device-width, initial-scale=1">')

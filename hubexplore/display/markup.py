"""The one file that makes HTML tags: plain strings are escaped here, `Markup` is passed on.

Why no library: templates escape by habit, here a type says what is escaped and mypy finds what is not.
"""

from __future__ import annotations

import html


class Markup(str):
    """A string that already is HTML.

    Functions that render return `Markup`; joining pieces by `+` gives a plain `str` again, so mypy
    finds the place where an escape was forgotten.
    """

    __slots__ = ()


def escape(value: str) -> Markup:
    """Returns `value` as HTML text: itself if it is `Markup`, escaped (quotes too) if it is not."""
    return value if isinstance(value, Markup) else Markup(html.escape(value, quote=True))


def join(*parts: str) -> Markup:
    """Returns the parts one after the other, each escaped unless it is `Markup`."""
    return Markup("".join(escape(part) for part in parts))


def tag(element: str, *children: str, **attributes: str | int | None) -> Markup:
    """Returns `<element attributes>children</element>`.

    Args:
      element: Name of the HTML element; chosen by our code, never by a module.
      *children: Text, escaped, or `Markup`, passed on.
      **attributes: Values are escaped; `class_` stands for `class`, `aria_level` for `aria-level`;
        None leaves the attribute out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{element}{written}>{join(*children)}</{element}>")


def document(title: str, style: Markup, *body: str) -> Markup:
    """Returns a whole page in itself, in English."""
    head = tag("head", Markup('<meta charset="utf-8">'), VIEWPORT, tag("title", title), tag("style", style))
    return Markup(f'<!doctype html>\n<html lang="en">{head}{tag("body", *body)}</html>\n')


VIEWPORT = Markup('<meta name="viewport" content="width=device-width, initial-scale=1">')

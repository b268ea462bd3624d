"""The card of a model as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hubexplore.display import palette
from hubexplore.display.card import html
from hubexplore.display.card.blocks import Section
from hubexplore.display.markup import Markup, document, tag
from hubexplore.display.theme import PAGE_STYLE
from hubexplore.display.values.rendering import render
from hubexplore.display.values.together.scene import Member
from hubexplore.display.values.value_facts import facts
from hubexplore.display.wording import MAX_SENTENCE, visible
from hubexplore.explorer.model_card.chapters import (
    NOT_WRITTEN,
    Chapter,
    Contents,
    Paragraph,
    Picture,
    Prompt,
)
from hubexplore.explorer.model_card.example_runs import Example

MAX_VALUES: Final = 8
"""Maximum number of inputs, and of outputs, that an example shows."""
STYLE: Final = Markup(f"""
.hubexplore h1 {{ font-size: 190%; line-height: 1.2; margin: 0 0 .2em; overflow-wrap: anywhere; }}
.hubexplore h2 {{ font-size: 125%; margin: 1.6em 0 .4em; padding-bottom: .2em;
  border-bottom: 1px solid var(--hub-line); }}
.hubexplore h3 {{ font-size: 105%; margin: 1.1em 0 .3em; font-weight: 600; }}
.hubexplore .scroll {{ overflow-x: auto; }}
.hubexplore p.prompt {{ border-left: 3px solid var(--hub-bar); background: var(--hub-fill);
  padding: .5em .8em; max-width: 60em; }}
.hubexplore .value {{ margin: 0 0 .9em; overflow-x: auto; }}
@media screen and (prefers-color-scheme: dark) {{
  .hubexplore img:not(.photo) {{ filter: {palette.DARKENED}; mix-blend-mode: lighten; }}
}}
@media print {{
  body {{ margin: 0; max-width: none; padding: 0; font-size: 10pt; }}
  .hubexplore h2, .hubexplore h3 {{ break-after: avoid; }}
  .hubexplore tr, .hubexplore figure, .hubexplore p, .hubexplore img {{ break-inside: avoid; }}
  .hubexplore .tree details::details-content {{ content-visibility: visible; block-size: auto; }}
  .hubexplore :not(.tree) > details:not([open]) {{ display: none; }}
  .hubexplore .tree details:not([open]) {{ display: block; }}
  .hubexplore .tree, .hubexplore .scroll {{ min-width: 0; overflow: visible; }}
  .hubexplore.hubexplore pre, .hubexplore.hubexplore.hubexplore pre code {{ white-space: pre-wrap; }}
}}
""")


def page(contents: Contents) -> str:
    """Returns a card as an HTML page without script and remote resources."""
    return document(visible(contents.title), PAGE_STYLE, tag("main", card(contents)))


def card(contents: Contents) -> Markup:
    """Returns a card as a part of a page, with its style."""
    content: list[Markup] = [tag("style", STYLE), tag("h1", visible(contents.title))]
    if contents.facts:
        content.append(tag("p", " · ".join(visible(fact) for fact in contents.facts), class_="facts"))
    for chapter in contents.chapters:
        content += [tag("h2", chapter.heading), *_chapter(chapter)]
    return html.framed(*content)


def _chapter(chapter: Chapter) -> Iterator[Markup]:
    for part in chapter.parts:
        match part:
            case Paragraph():
                yield tag("p", visible(part.text, MAX_SENTENCE))
            case Prompt():
                yield tag("p", tag("b", f"{NOT_WRITTEN}."), " ", part.question, class_="prompt")
            case Section():
                if part.heading in ("Warnings", "Notes"):
                    yield tag("h3", part.heading)
                yield tag("div", html.blocks(part), class_="scroll")
            case Picture():
                yield part.diagram.html()
            case Example():
                yield from _example(part)


def _example(part: Example) -> Iterator[Markup]:
    yield tag("h3", "Signature ", tag("code", visible(part.signature)))
    if part.scene is None:
        yield tag("p", f"No example of it ran: {visible(part.failure, MAX_SENTENCE)}", class_="note")
        return
    if part.is_random:
        yield tag("p", "Its outputs are drawn at random.", class_="note")
    yield from _values("Input", part.scene.inputs)
    yield from _values("Output", part.scene.outputs)


def _values(word: str, members: Sequence[Member]) -> Iterator[Markup]:
    for member in members[:MAX_VALUES]:
        drawn = render(
            member.value,
            name=member.name,
            rows=member.rows,
            labels=member.labels,
            shape=member.shape,
            heard=member.sound,
        )
        name = tag("code", visible(member.name))
        yield tag("p", f"{word} ", name, " ", tag("small", facts(member.value)))
        yield tag("div", drawn.html, class_="value")
    if len(members) > MAX_VALUES:
        yield tag("p", f"... and {len(members) - MAX_VALUES:,} more", class_="note")

"""A card as static HTML: no script, no ids, nothing remote.

Folds are `<details>`, bars are elements with a width, beside the number. Where styles are stripped (GitHub,
untrusted notebooks), folds, headings and plain tables remain, and every bar is still a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubexplore.display.card import access_section
from hubexplore.display.card.blocks import Block, Card, Code, Findings, Lines, Section
from hubexplore.display.card.content import module_card
from hubexplore.display.card.signature_sections import tensors as tensor_grid
from hubexplore.display.card.variable_tree import ScopeFold, VariableTree
from hubexplore.display.markup import Markup, breakable, document, join, tag
from hubexplore.display.tables.grid import Bar, Column, Grid, bar_html, grid_html, name_html
from hubexplore.display.theme import PAGE_STYLE, STYLE
from hubexplore.display.wording import MAX_SENTENCE, counted, printable, size_text, visible
from hubexplore.summary.model import ModuleSummary, TensorSummary


def module(summary: ModuleSummary) -> Markup:
    """Returns a module as HTML: a header and folding sections, at most 300 kB for any module."""
    return framed(_card(module_card(summary)))


def page(summary: ModuleSummary) -> str:
    """Returns the same as one self-contained page."""
    title = f"{visible(summary.title)} - hubexplore"
    return document(title, PAGE_STYLE, tag("main", module(summary)))


def section(card_section: Section | None, empty: str) -> Markup:
    """Returns one section, unfolded, or the sentence `empty` for None."""
    return framed(_section(card_section, unfolded=True) if card_section else tag("p", empty))


def blocks(card_section: Section) -> Markup:
    """Returns what is in a section, without its fold and heading; for a page that has the style sheet."""
    return join(*(_block(block, card_section.heading) for block in card_section.blocks))


def outside_access(summary: ModuleSummary) -> Markup | None:
    """Returns what a module can touch outside of itself, unfolded if that is a danger; None for nothing."""
    access = access_section.outside_access(summary.capabilities)
    return framed(_section(access, access.open)) if access is not None else None


def tensor_table(tensors: Sequence[TensorSummary], caption: str = "") -> Markup:
    """Returns inputs or outputs as a grid, in their order."""
    return framed(grid_html(tensor_grid(tensors, caption)))


def framed(*content: str) -> Markup:
    """Returns a part of a page with the style sheet that grids, bars and folds need."""
    return tag("div", tag("style", STYLE), *content, class_="hubexplore")


def heading(text: str, level: int = 4) -> Markup:
    """Returns a heading for screen readers that stays out of JupyterLab's table of contents."""
    return tag("strong", breakable(visible(text)), role="heading", aria_level=level)


def _card(card: Card) -> Markup:
    facts = (tag("p", *_phrases(line, card.danger), class_="facts") for line in card.facts)
    return join(
        tag("p", heading(card.title, 3), class_="title"),
        *facts,
        *(_section(section, section.open) for section in card.sections),
    )


def _phrases(phrases: Sequence[str], danger: str) -> Iterator[str]:
    """Yields phrases with dots between them; the one that names dangers stands out."""
    for at, phrase in enumerate(phrases):
        if at:
            yield " · "
        yield tag("b", visible(phrase), class_="danger") if phrase == danger else visible(phrase)


def _section(card_section: Section, unfolded: bool) -> Markup:
    # The space separates heading and count where styles are stripped.
    summary = tag(
        "summary", heading(card_section.heading), " ", tag("small", visible(card_section.count, MAX_SENTENCE))
    )
    content = tag("div", *(_block(block, card_section.heading) for block in card_section.blocks))
    return tag("details", summary, content, open="" if unfolded else None)


def _block(block: Block, fallback_caption: str) -> Markup:
    match block:
        case Grid():
            return grid_html(block, fallback_caption)
        case Lines():
            return _lines(block)
        case VariableTree():
            return _tree(block, fallback_caption)
        case Code():
            return tag("pre", tag("code", "\n".join(map(printable, block.lines))))
        case Findings():
            return findings(block)


def _lines(block: Lines) -> Markup:
    caption = (tag("p", visible(block.caption, MAX_SENTENCE), class_="note"),) if block.caption else ()
    items = (
        tag("li", name_html(item) if block.code else visible(item, MAX_SENTENCE)) for item in block.items
    )
    return join(*caption, tag("ul", *items), *_note(block.note))


def findings(block: Findings) -> Markup:
    """Returns what a module can touch as a list; dangers stand out by a word and by colour."""
    items = (
        tag(
            "li",
            *((tag("b", "Danger", class_="danger"), ": ") if item.is_danger else ()),
            visible(item.sentence, MAX_SENTENCE),
            tag("div", tag("small", visible(item.chain, MAX_SENTENCE))),
        )
        for item in block.items
    )
    return join(tag("ul", *items, class_="findings"), *_note(block.note))


def _note(note: str) -> Sequence[Markup]:
    return (tag("p", note, class_="note"),) if note else ()


def _tree(tree: VariableTree, fallback_caption: str) -> Markup:
    return tag(
        "div", *_scope_contents(tree.root, tree.columns, fallback_caption), *_note(tree.note), class_="tree"
    )


def _scope_contents(scope: ScopeFold, columns: tuple[Column, ...], caption: str) -> list[Markup]:
    # A single scope would only hide everything behind one more click.
    is_only_scope = len(scope.scopes) == 1 and not scope.leaves
    content = [_scope(inner, columns, unfolded=is_only_scope) for inner in scope.scopes]
    if scope.leaves:
        content.append(grid_html(Grid("", columns, scope.leaves), caption))
    return [*content, *_note(scope.note)]


def _scope(scope: ScopeFold, columns: tuple[Column, ...], unfolded: bool) -> Markup:
    """Returns a scope as a fold, or as a line if its content is not listed."""
    heading_parts = (
        tag("b", name_html(scope.name), " ", tag("small", counted(scope.variables, "variable"))),
        " ",
        tag("span", f"{scope.parameters:,}", tag("span", " parameters, ", class_="aside"), class_="number"),
        tag("span", size_text(scope.bytes), tag("span", ", ", class_="aside"), class_="number"),
        tag("span", bar_html(Bar(scope.share)), class_="share"),
    )
    if not scope.scopes and not scope.leaves:
        return tag("p", *heading_parts, class_="scope")
    return tag(
        "details",
        tag("summary", *heading_parts, class_="scope"),
        tag("div", *_scope_contents(scope, columns, scope.name)),
        open="" if unfolded else None,
    )

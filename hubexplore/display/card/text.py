"""A card as plain text, for terminals and as the `text/plain` of a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from hubexplore.display.card.blocks import Block, Card, Code, Findings, Lines, Section
from hubexplore.display.card.content import module_card
from hubexplore.display.card.signature_sections import tensors as tensor_grid
from hubexplore.display.card.variable_tree import VariableTree, flat_rows
from hubexplore.display.tables.grid import Grid, grid_lines
from hubexplore.display.wording import MAX_SENTENCE, MAX_TEXT, printable, visible
from hubexplore.summary.model import ModuleSummary, TensorSummary

WIDTH: Final = 99
"""Terminal columns that a card fits into."""
BOLD: Final = "\x1b[1m{}\x1b[0m"
DIM: Final = "\x1b[2m{}\x1b[0m"
PLAIN: Final = "{}"

_Line = tuple[str, str]
"""The format of a line on a terminal with colours, and its text."""


def module(summary: ModuleSummary, colour: bool = False, width: int = WIDTH) -> str:
    """Returns a module as text: a header, then sections.

    Args:
      summary: the summary of the module.
      colour: whether headings are bold and notes dim, by ANSI escapes; there are no other escapes.
      width: terminal columns that lines should fit into; names are shortened for it, numbers are not.
    """
    return _joined_lines(_card(module_card(summary, unfoldable=True), width), colour)


def section(card_section: Section | None, empty: str, colour: bool = False) -> str:
    """Returns one section, or the sentence `empty` for None."""
    return _joined_lines(_section(card_section, WIDTH), colour) if card_section else empty


def tensor_table(tensors: Sequence[TensorSummary]) -> str:
    """Returns inputs or outputs as a grid, in their order."""
    return _joined_lines(_grid(tensor_grid(tensors), WIDTH), colour=False)


def _joined_lines(lines: Iterator[_Line], colour: bool) -> str:
    return "\n".join(look.format(text) if colour and text else text for look, text in lines)


def _card(card: Card, width: int) -> Iterator[_Line]:
    yield BOLD, visible(card.title)
    for line in card.facts:
        yield from ((PLAIN, part) for part in _wrapped_phrases([visible(phrase) for phrase in line], width))
    for card_section in card.sections:
        yield PLAIN, ""
        yield from _section(card_section, width)


def _wrapped_phrases(phrases: Sequence[str], width: int) -> Iterator[str]:
    """Yields lines of phrases separated by dots; no phrase is broken."""
    line = ""
    for phrase in phrases:
        if line and len(line) + len(phrase) + 3 > width:
            yield line
            line = ""
        line += f" · {phrase}" if line else phrase
    yield line


def _section(card_section: Section, width: int) -> Iterator[_Line]:
    yield BOLD, f"{card_section.heading}: {visible(card_section.count, MAX_SENTENCE)}"
    for at, block in enumerate(card_section.blocks):
        if at:
            yield PLAIN, ""
        # Users copy code by whole lines, which would not run with an indent.
        indent = "" if isinstance(block, Code) else "  "
        for look, line in _block(block, width - 2):
            yield look, f"{indent}{line}".rstrip()


def _block(block: Block, width: int) -> Iterator[_Line]:
    match block:
        case Grid():
            return _grid(block, width)
        case Lines():
            return _lines(block, width)
        case VariableTree():
            return _grid(Grid("", block.columns, tuple(flat_rows(block)), block.note), width)
        case Code():
            return ((PLAIN, printable(line)) for line in block.lines)
        case Findings():
            return findings(block, width)


def _grid(grid: Grid, width: int) -> Iterator[_Line]:
    return ((PLAIN if is_row else DIM, line) for is_row, line in grid_lines(grid, width))


def _lines(block: Lines, width: int) -> Iterator[_Line]:
    if block.caption:
        yield DIM, visible(block.caption, MAX_SENTENCE)
    for item in block.items:
        if block.code:
            yield PLAIN, visible(item, min(MAX_TEXT, width))
        else:
            yield from ((PLAIN, part) for part in textwrap.wrap(visible(item, MAX_SENTENCE), width))
    if block.note:
        yield DIM, block.note


def findings(block: Findings, width: int) -> Iterator[_Line]:
    """Yields (look, line) of what a module can touch; the look is a format such as `BOLD`."""
    for item in block.items:
        label = "DANGER " if item.is_danger else "note   "
        indent = " " * len(label)
        wrapped = textwrap.wrap(visible(item.sentence, MAX_SENTENCE), width - len(label)) or [""]
        for at, part in enumerate(wrapped):
            yield BOLD if item.is_danger else PLAIN, (indent if at else label) + part
        for part in textwrap.wrap(visible(item.chain, MAX_SENTENCE), width - len(label)):
            yield DIM, indent + part
    if block.note:
        yield DIM, block.note

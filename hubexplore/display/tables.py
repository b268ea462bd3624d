"""What is shown of a summary: which tables and rows, in which order, how much of it, and in which words.

The result is a `Page` of plain strings that is safe to print: a character that could move a cursor or
turn the reading direction is spelled out. Long lists are folded, and the page says what was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.model import ModuleSummary, SignatureSummary, TensorSummary, VariantSummary

MAX_TABLES: Final = 12
MAX_SIGNATURES: Final = 24
MAX_TENSORS: Final = 40
# On a whole page: after it no further signature is begun.
MAX_ROWS: Final = 240
MAX_TEXT: Final = 96
MAX_SENTENCE: Final = 400


@dataclass(frozen=True)
class Row:
    """One input or output: its name, its type ("float32", "sparse int64") and its shape."""

    name: str
    dtype: str
    shape: str


@dataclass(frozen=True)
class Side:
    """The inputs or the outputs of a signature; `note` says how many are not listed, or "none"."""

    label: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One signature, its inputs above its outputs."""

    name: str
    sides: tuple[Side, ...]


@dataclass(frozen=True)
class Table:
    """The signatures that one or more graph variants have in common."""

    caption: str
    sections: tuple[Section, ...]
    note: str = ""


@dataclass(frozen=True)
class Page:
    """All that is shown of one module."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    note: str = ""


def module_page(summary: ModuleSummary) -> Page:
    """Returns what is shown of a module; variants with equal signatures share a table."""
    groups: dict[tuple[SignatureSummary, ...], list[VariantSummary]] = {}
    for variant in summary.variants:
        groups.setdefault(variant.signatures, []).append(variant)
    tables: list[Table] = []
    for signatures, variants in list(groups.items())[:MAX_TABLES]:
        room = MAX_ROWS - sum(map(_height, tables))
        if room <= 0:
            break
        tables.append(_signature_table(variants, signatures, room))
    left_out = sum(len(variants) for variants in list(groups.values())[len(tables) :])
    return Page(
        title=visible(summary.title),
        facts=tuple((visible(label), visible(text)) for label, text in summary.facts),
        tables=tuple(tables),
        note=_folded(left_out, "graph variant"),
    )


def tensor_side(label: str, tensors: Sequence[TensorSummary]) -> Side:
    """Returns what is shown of some inputs or outputs, in the order given."""
    shown = tensors[:MAX_TENSORS]
    rows = tuple(Row(visible(each.name), _type_text(each), shape_text(each.shape)) for each in shown)
    return Side(label, rows, _folded(len(tensors) - len(shown), label) if tensors else "none")


def shape_text(shape: tuple[int | None, ...] | None) -> str:
    """Returns `(?, 224, 224, 3)`, "scalar", or "any shape" where the rank is unknown."""
    if shape is None:
        return "any shape"
    if not shape:
        return "scalar"
    sizes = ["?" if size is None else str(size) for size in shape]
    return visible(f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})")


def visible(text: str, limit: int = MAX_TEXT) -> str:
    r"""Returns `text` in one line of at most `limit` characters, unprintable ones as escapes (`\x1b`).

    What is too long loses its middle: both ends of a path or of a scoped name tell it from others.
    """
    half = (limit - 1) // 2
    return printable(text if len(text) <= limit else f"{text[:half]}…{text[-half:]}")


def printable(text: str) -> str:
    r"""Returns `text` with each unprintable character, line ends too, as its escape (`\x1b`)."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _signature_table(
    variants: Sequence[VariantSummary], signatures: Sequence[SignatureSummary], room: int
) -> Table:
    """Lists signatures until `room` rows are taken; the last one may take more."""
    sections: list[Section] = []
    for signature in signatures[:MAX_SIGNATURES]:
        if room <= 0:
            break
        sides = (tensor_side("input", signature.inputs), tensor_side("output", signature.outputs))
        sections.append(Section(visible(signature.name), sides))
        room -= _rows(sections[-1])
    return Table(_caption(variants), tuple(sections), _folded(len(signatures) - len(sections), "signature"))


def _height(table: Table) -> int:
    return sum(map(_rows, table.sections))


def _rows(section: Section) -> int:
    return sum(max(len(side.rows), 1) for side in section.sides)


def _caption(variants: Sequence[VariantSummary]) -> str:
    tag_sets = [", ".join(variant.tags) if variant.tags else "no tags" for variant in variants]
    return visible(f"Graph variant{'s' if len(variants) > 1 else ''}: {' | '.join(tag_sets)}")


def _type_text(tensor: TensorSummary) -> str:
    return visible(tensor.dtype if tensor.kind == "dense" else f"{tensor.kind} {tensor.dtype}")


def _folded(left_out: int, noun: str) -> str:
    if left_out <= 0:
        return ""
    return f"... and {left_out} more {noun}{'s' if left_out > 1 else ''}"

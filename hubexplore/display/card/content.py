"""What is shown of a module: a card of a header and sections, as data.

`text` and `html` decide only how a card looks, so the two cannot disagree. Long lists are shortened, and the
card states what was left out: every section has a budget, and the sum of all stays below 300 kB of HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.display.card import access_section, detail_sections, signature_sections
from hubexplore.display.card.blocks import Block, Card, Code, Lines, Section, bounded_grid, lines
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.card.variable_tree import build_tree, totals, unique_variables, variable_count
from hubexplore.display.markup import escape
from hubexplore.display.tables.grid import Column, Remark, Row
from hubexplore.display.wording import counted, number_text, shape_text, size_text, tags_text, visible
from hubexplore.summary.model import (
    UNNEEDED,
    ApplicationSummary,
    FileSummary,
    LiveSummary,
    ModuleSummary,
    Shape,
    VariantSummary,
)
from hubexplore.summary.reading.input_facts import read_inputs
from hubexplore.summary.usage import usage
from hubexplore.summary.without_gc import without_gc

SIGNATURE_BUDGET: Final = (240, 50_000)
"""Maximum number of rows, and of bytes of HTML, of the signatures."""
VARIABLE_BUDGET: Final = (280, 110_000)
"""Maximum number of rows, and of bytes of HTML, of the variables."""
DEFAULT_BUDGET: Final = (24, 6_000)
"""Maximum number of rows, and of bytes of HTML, of other sections."""
ROWS_IN_TEXT_CARD: Final = {"variables": 48, "ops": 12, "functions": 12, "collections": 12, "messages": 12}
"""Maximum number of rows of the sections that would be too long in text, which has no folds."""
MAX_SENTENCES: Final = 12
"""Maximum number of warnings, and of notes."""
MAX_CODE_BYTES: Final = 16_000
"""Maximum size of code in bytes of HTML. Longer code is left out: half of it would not run."""


@dataclass(frozen=True)
class SectionKind:
    """A section of what graph variants hold: its function, and its budget in a card (rows, bytes)."""

    make: Callable[[Sequence[VariantSummary], RowBudget], Section | None]
    budget: tuple[int, int] = DEFAULT_BUDGET


def variables(variants: Sequence[VariantSummary], budget: RowBudget) -> Section | None:
    """Returns the variables of all variants, each once, as a tree of name scopes."""
    entries = unique_variables(variants)
    if not entries:
        return None
    parameters, size = totals(entries)
    trainable = {entry.variable.trainable for entry in entries}
    trainability = (
        "" if len(trainable) > 1 else ", all trainable" if True in trainable else ", none trainable"
    )
    summary_text = (
        f"{variable_count(entries):,}, {counted(parameters, 'parameter')}, {size_text(size)}{trainability}"
    )
    return Section("Variables", summary_text, (build_tree(entries, budget),))


SECTIONS: Final[Mapping[str, SectionKind]] = {
    "signatures": SectionKind(signature_sections.signatures, SIGNATURE_BUDGET),
    "matrix": SectionKind(signature_sections.matrix),
    "variables": SectionKind(variables, VARIABLE_BUDGET),
    "assets": SectionKind(detail_sections.assets),
    "tables": SectionKind(detail_sections.lookup_tables),
    "messages": SectionKind(detail_sections.messages, (24, 2 * DEFAULT_BUDGET[1])),
    "losses": SectionKind(detail_sections.losses, (24, 8_000)),
    "update_ops": SectionKind(detail_sections.update_ops, (24, 8_000)),
    "collections": SectionKind(detail_sections.collections),
    "ops": SectionKind(detail_sections.ops, (24, 10_000)),
    "foreign_ops": SectionKind(detail_sections.foreign_ops),
    "functions": SectionKind(detail_sections.functions),
}
"""The sections that list what graph variants hold, in the order of a card."""


@without_gc()
def module_card(summary: ModuleSummary, unfoldable: bool = False) -> Card:
    """Returns the card of a module; sections without content are left out.

    Args:
      summary: the summary of the module.
      unfoldable: whether the card has no folds, as text has none, so that the longest lists are shorter.
    """
    candidates = [
        _sentences("Warnings", "more warning", summary.warnings),
        _sentences("Notes", "more note", summary.notes),
        access_section.outside_access(summary.capabilities),
    ]
    facts = _input_facts(summary)
    for name, kind in SECTIONS.items():
        # Before the variables, because these two sections belong to the signatures.
        if name == "variables":
            own_features = signature_sections.features(summary.variants, RowBudget(*DEFAULT_BUDGET), facts)
            candidates += [own_features, _code(summary)]
        # A new budget for each section, so that a long one never empties those after it.
        rows, size = kind.budget
        budget = RowBudget(ROWS_IN_TEXT_CARD.get(name, rows) if unfoldable else rows, size)
        if name == "signatures":
            candidates.append(signature_sections.signatures(summary.variants, budget, facts))
        else:
            candidates.append(kind.make(summary.variants, budget))
    candidates += [
        files(summary.files, RowBudget(*DEFAULT_BUDGET)),
        _unclaimed(summary.unclaimed),
        _calls(summary.live),
    ]
    sections = tuple(section for section in candidates if section is not None)
    phrases = tuple(filter(None, (_facts(summary), _live_facts(summary.live))))
    danger = access_section.verdict(summary.capabilities) if summary.capabilities.dangers else ""
    return Card(summary.title, phrases, sections, danger)


def files(file_list: Sequence[FileSummary], budget: RowBudget) -> Section | None:
    """Returns the files of the module."""
    if not file_list:
        return None
    columns = (Column("File", code=True), Column("Size", "right"))
    grid = bounded_grid(
        budget, columns, [(file.name, size_text(file.size)) for file in file_list], "", "file"
    )
    return Section("Files", f"{len(file_list):,}, {size_text(sum(file.size for file in file_list))}", (grid,))


def variants_section(variants: Sequence[VariantSummary], budget: RowBudget) -> Section | None:
    """Returns a grid of the graph variants."""
    if not variants:
        return None
    columns = (
        Column("Graph variant"), Column("Signatures", "right"), Column("Variables", "right"),
        Column("Parameters", "right"), Column("Nodes", "right"),
    )  # fmt: skip
    grid = bounded_grid(budget, columns, [_variant(variant) for variant in variants], "", "graph variant")
    return Section("Graph variants", f"{len(variants):,}", (grid,), open=True)


def _variant(variant: VariantSummary) -> Row:
    counts = (len(variant.signatures), len(variant.variables), variant.parameters, variant.nodes)
    return (tags_text(variant.tags), *map(number_text, counts))


def _facts(summary: ModuleSummary) -> tuple[str, ...]:
    entries = unique_variables(summary.variants)
    # Slots of an optimizer and the like are listed, but are no part of the model.
    needed = [entry for entry in entries if entry.variable.kind != UNNEEDED]
    version = summary.tensorflow_version
    tags = " | ".join(tags_text(variant.tags) for variant in summary.variants[:4])
    variants = counted(len(summary.variants), "graph variant") + (f": {tags}" if tags else "")
    # A single variant without tags is the usual case, which needs no mention.
    noteworthy = len(summary.variants) != 1 or summary.variants[0].tags
    return (
        summary.format,
        *((f"written by TensorFlow {version}",) if version else ()),
        *((variants,) if noteworthy else ()),
        *(
            ("no signatures",)
            if summary.variants and not any(variant.signatures for variant in summary.variants)
            else ()
        ),
        *((counted(totals(needed)[0], "parameter"),) if entries else ()),
        *((f"{size_text(summary.size)} on disk",) if summary.size is not None else ()),
        # Without its graphs, nothing is known.
        *((access_section.verdict(summary.capabilities),) if summary.scan is not None else ()),
        *((f"digest {summary.digest[:12]}",) if summary.digest else ()),
    )


def _live_facts(live: LiveSummary | None) -> tuple[str, ...]:
    if live is None:
        return ()
    calls = len(live.applications)
    return (
        f"in scope {live.scope}",
        tags_text(live.tags) if not live.tags else f"tags: {tags_text(live.tags)}",
        "trainable" if live.trainable else "not trainable",
        f"{counted(calls, 'call')} so far" if calls else "not called yet",
    )


def _sentences(title: str, noun: str, sentences: Sequence[str]) -> Section | None:
    if not sentences:
        return None
    shown = tuple(sentences[:MAX_SENTENCES])
    left_out = len(sentences) - len(shown)
    note = f"... and {counted(left_out, noun)}" if left_out else ""
    content: Block = Lines("", shown, note, code=False)
    return Section(title, f"{len(sentences):,}", (content,), open=True)


def _input_facts(summary: ModuleSummary) -> signature_sections.VariantFacts:
    """Returns what the graphs reveal about the inputs of the signatures that are shown."""
    graphs = summary.source.meta_graphs if summary.source else {}
    return {
        variant.tags: read_inputs(
            graphs[variant.tags], variant.signatures[: signature_sections.MAX_SIGNATURES]
        )
        for variant in summary.variants
        if variant.tags in graphs
    }


def _code(summary: ModuleSummary) -> Section | None:
    """Returns code that calls the module; it follows the sections on signatures."""
    example = usage(summary)
    # The size is that of the escaped code, because quotation marks take five to six bytes in HTML.
    if example is None or len(escape("\n".join(example.lines))) > MAX_CODE_BYTES:
        return None
    return Section("Code", f"calls the signature {visible(example.signature)}", (Code(example.lines),))


def _unclaimed(names: Sequence[str]) -> Section | None:
    if not names:
        return None
    content = lines(RowBudget(*DEFAULT_BUDGET), names, "tensor")
    return Section("Tensors in the checkpoint that no variable uses", f"{len(names):,}", (content,))


def _calls(live: LiveSummary | None) -> Section | None:
    if live is None or not live.applications:
        return None
    columns = (
        Column("Call", "right"),
        Column("Signature", code=True),
        *signature_sections.SIGNATURE_COLUMNS[1:],
    )
    rows = [row for at, call in enumerate(live.applications, 1) for row in _call(at, call)]
    grid = replace(bounded_grid(RowBudget(*DEFAULT_BUDGET), columns, rows, "", "call"), lead=3)
    return Section("Calls so far", f"{len(live.applications):,}", (grid,), open=True)


def _call(number: int, call: ApplicationSummary) -> list[Row]:
    rows = [*_call_side("input", call.inputs), *_call_side("output", call.outputs)]
    return [(str(number), call.signature, *rows[0][2:]), *rows[1:]]


def _call_side(label: str, tensors: Sequence[tuple[str, str, Shape]]) -> list[Row]:
    rows: list[Row] = [(None, None, None, name, dtype, shape_text(shape)) for name, dtype, shape in tensors]
    first = rows[0] if rows else (None, None, None, Remark("none"))
    return [(None, None, label, *first[3:]), *rows[1:]]

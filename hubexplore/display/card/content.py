"""What is shown of a module: a card of a header and sections, as data.

`text` and `html` decide only how a card looks, so the two cannot disagree. Long lists are folded, and the
card says what was left out: every section has its own room, and together they stay below 300 kB of HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.display.card import detail_sections, signature_sections
from hubexplore.display.card.blocks import Block, Card, Code, Lines, Section, lines, listed
from hubexplore.display.card.limits import Room
from hubexplore.display.card.variable_tree import count, each_once, roll_up, totals
from hubexplore.display.markup import escape
from hubexplore.display.tables.grid import Column, Remark, Row
from hubexplore.display.wording import counted, number_text, shape_text, size_text, tags_text, visible
from hubexplore.summary.model import (
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

# Rows, and bytes of HTML, that a section may take.
SIGNATURE_ROOM: Final = (240, 50_000)
VARIABLE_ROOM: Final = (280, 110_000)
ROOM: Final = (24, 6_000)
# Rows of sections that are long in most modules, where nothing folds.
IN_TEXT: Final = {"variables": 48, "ops": 12, "functions": 12, "collections": 12, "messages": 12}
MAX_WARNINGS: Final = 12
# Bytes of HTML that code may take: half of a copy would be of no use.
CODE: Final = 16_000


@dataclass(frozen=True)
class Kind:
    """A section of what graph variants hold: what makes it, and its room in a card (rows, bytes)."""

    make: Callable[[Sequence[VariantSummary], Room], Section | None]
    room: tuple[int, int] = ROOM


def variables(variants: Sequence[VariantSummary], room: Room) -> Section | None:
    """Returns the variables of all variants, each once, by name scope."""
    entries = each_once(variants)
    if not entries:
        return None
    parameters, size = totals(entries)
    trainable = {entry.variable.trainable for entry in entries}
    every = "" if len(trainable) > 1 else ", all trainable" if True in trainable else ", none trainable"
    said = f"{count(entries):,}, {counted(parameters, 'parameter')}, {size_text(size)}{every}"
    return Section("Variables", said, (roll_up(entries, room),))


SECTIONS: Final[Mapping[str, Kind]] = {
    "signatures": Kind(signature_sections.signatures, SIGNATURE_ROOM),
    "matrix": Kind(signature_sections.matrix),
    "variables": Kind(variables, VARIABLE_ROOM),
    "assets": Kind(detail_sections.assets),
    "tables": Kind(detail_sections.tables),
    "messages": Kind(detail_sections.messages, (24, 2 * ROOM[1])),
    "losses": Kind(detail_sections.losses, (24, 8_000)),
    "update_ops": Kind(detail_sections.update_ops, (24, 8_000)),
    "collections": Kind(detail_sections.collections),
    "ops": Kind(detail_sections.ops, (24, 10_000)),
    "foreign_ops": Kind(detail_sections.foreign_ops),
    "functions": Kind(detail_sections.functions),
}
"""In the order of a card."""


@without_gc()
def module_card(summary: ModuleSummary, unfoldable: bool = False) -> Card:
    """Returns the card of a module; sections without content are left out.

    Args:
      summary: the module.
      unfoldable: the card will lie open, as text does, so that the longest lists end sooner.
    """
    found = [_warnings(summary)]
    facts = _input_facts(summary)
    for name, kind in SECTIONS.items():
        if name == "variables":
            own_features = signature_sections.features(summary.variants, Room(*ROOM), facts)
            found += [own_features, _code(summary)]
        rows, size = kind.room
        room = Room(IN_TEXT.get(name, rows) if unfoldable else rows, size)
        if name == "signatures":
            found.append(signature_sections.signatures(summary.variants, room, facts))
        else:
            found.append(kind.make(summary.variants, room))
    found += [files(summary.files, Room(*ROOM)), _unclaimed(summary.unclaimed), _calls(summary.live)]
    sections = tuple(each for each in found if each is not None)
    return Card(summary.title, tuple(filter(None, (_facts(summary), _live_facts(summary.live)))), sections)


def files(own: Sequence[FileSummary], room: Room) -> Section | None:
    """Returns the files of the module."""
    if not own:
        return None
    columns = (Column("File", code=True), Column("Size", "right"))
    grid = listed(room, columns, [(each.name, size_text(each.size)) for each in own], "", "file")
    return Section("Files", f"{len(own):,}, {size_text(sum(each.size for each in own))}", (grid,))


def variants_section(variants: Sequence[VariantSummary], room: Room) -> Section | None:
    """Returns a table of the graph variants."""
    if not variants:
        return None
    columns = (
        Column("Graph variant"), Column("Signatures", "right"), Column("Variables", "right"),
        Column("Parameters", "right"), Column("Nodes", "right"),
    )  # fmt: skip
    grid = listed(room, columns, [_variant(each) for each in variants], "", "graph variant")
    return Section("Graph variants", f"{len(variants):,}", (grid,), open=True)


def _variant(variant: VariantSummary) -> Row:
    counts = (len(variant.signatures), len(variant.variables), variant.parameters, variant.nodes)
    return (tags_text(variant.tags), *map(number_text, counts))


def _facts(summary: ModuleSummary) -> tuple[str, ...]:
    entries = each_once(summary.variants)
    version = summary.tensorflow_version
    tags = " | ".join(tags_text(variant.tags) for variant in summary.variants[:4])
    variants = counted(len(summary.variants), "graph variant") + (f": {tags}" if tags else "")
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
        *((counted(totals(entries)[0], "parameter"),) if entries else ()),
        *((f"{size_text(summary.size)} on disk",) if summary.size is not None else ()),
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


def _warnings(summary: ModuleSummary) -> Section | None:
    if not summary.warnings:
        return None
    shown = summary.warnings[:MAX_WARNINGS]
    left_out = len(summary.warnings) - len(shown)
    note = f"... and {counted(left_out, 'more warning')}" if left_out else ""
    content: Block = Lines("", shown, note, code=False)
    return Section("Warnings", f"{len(summary.warnings):,}", (content,), open=True)


def _input_facts(summary: ModuleSummary) -> signature_sections.VariantFacts:
    """What the graphs say of the inputs of the signatures that are shown."""
    graphs = summary.source.meta_graphs if summary.source else {}
    return {
        each.tags: read_inputs(graphs[each.tags], each.signatures[: signature_sections.MAX_SIGNATURES])
        for each in summary.variants
        if each.tags in graphs
    }


def _code(summary: ModuleSummary) -> Section | None:
    """Returns code that calls the module, behind what it says of signatures."""
    found = usage(summary)
    if found is None or len(escape("\n".join(found.lines))) > CODE:
        return None
    return Section("Code", f"calls the signature {visible(found.signature)}", (Code(found.lines),))


def _unclaimed(names: Sequence[str]) -> Section | None:
    if not names:
        return None
    content = lines(Room(*ROOM), names, "tensor")
    return Section("Tensors in the checkpoint that no variable uses", f"{len(names):,}", (content,))


def _calls(live: LiveSummary | None) -> Section | None:
    if live is None or not live.applications:
        return None
    columns = (
        Column("Call", "right"),
        Column("Signature", code=True),
        *signature_sections.SIGNATURE_COLUMNS[1:],
    )
    rows = [row for at, each in enumerate(live.applications, 1) for row in _call(at, each)]
    grid = replace(listed(Room(*ROOM), columns, rows, "", "call"), lead=3)
    return Section("Calls so far", f"{len(live.applications):,}", (grid,), open=True)


def _call(number: int, call: ApplicationSummary) -> list[Row]:
    rows = [*_call_side("input", call.inputs), *_call_side("output", call.outputs)]
    return [(str(number), call.signature, *rows[0][2:]), *rows[1:]]


def _call_side(label: str, own: Sequence[tuple[str, str, Shape]]) -> list[Row]:
    rows: list[Row] = [(None, None, None, name, dtype, shape_text(shape)) for name, dtype, shape in own]
    first = rows[0] if rows else (None, None, None, Remark("none"))
    return [(None, None, label, *first[3:]), *rows[1:]]

"""Signatures as sections: their inputs above their outputs, and which graph variant has which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hubexplore.display.blocks import MAX_GROUPS, Section, shared
from hubexplore.display.grid import Column, Grid, Remark, Row
from hubexplore.display.room import Room
from hubexplore.display.tables import folded, shape_text, tags_text, type_text
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary

MAX_SIGNATURES: Final = 24
MAX_TENSORS: Final = 40
TENSOR_COLUMNS: Final = (Column("Name", code=True), Column("Type"), Column("Shape"))
SIGNATURE_COLUMNS: Final = (Column("Signature", code=True), Column(""), *TENSOR_COLUMNS)
# What TensorFlow's own tools write into every signature says nothing.
PLAIN_METHODS: Final = frozenset({"", "tensorflow/serving/predict"})


def signatures(variants: Sequence[VariantSummary], room: Room) -> Section | None:
    """Returns all signatures; variants that have the same share a table."""
    groups = shared(variants, lambda variant: variant.signatures)
    names = {signature.name for _, own in groups for signature in own}
    grids: list[Grid] = []
    for caption, own in groups[:MAX_GROUPS]:
        room.head(caption)
        grid = _grid(room, own, caption)
        if not grid.rows:
            break
        grids.append(grid)
    left_out = folded(len(groups) - len(grids), "graph variant")
    if left_out and grids:
        last = grids.pop()
        grids.append(replace(last, note="; ".join(filter(None, (last.note, left_out)))))
    return Section("Signatures", f"{len(names):,}", tuple(grids), open=True) if grids else None


def matrix(variants: Sequence[VariantSummary], room: Room) -> Section | None:
    """Returns which variant has which signature; None where there is only one variant, or no signature."""
    if len(variants) < 2:
        return None
    shown = variants[:MAX_GROUPS]
    first: dict[str, SignatureSummary] = {}
    for variant in variants:
        for signature in variant.signatures:
            first.setdefault(signature.name, signature)
    if not first:
        return None
    columns = (Column("Signature", code=True), *(Column(tags_text(variant.tags)) for variant in shown))
    room.head(*(column.name for column in columns))
    rows: list[Row] = []
    by_name = [{each.name: each for each in variant.signatures} for variant in shown]
    for name in sorted(first):
        cells = (name, *(_presence(own.get(name), first[name]) for own in by_name))
        if not room.take(cells):
            break
        rows.append(cells)
    notes = (folded(len(first) - len(rows), "signature"), folded(len(variants) - len(shown), "graph variant"))
    grid = Grid("", columns, tuple(rows), "; ".join(filter(None, notes)))
    return Section("Signatures by graph variant", f"{len(first):,}", (grid,))


def tensors(tensors: Sequence[TensorSummary], caption: str = "") -> Grid:
    """Returns a table of some inputs or outputs, in the order given."""
    rows = [(each.name, type_text(each), shape_text(each.shape)) for each in tensors[:MAX_TENSORS]]
    note = folded(len(tensors) - len(rows), "tensor") if tensors else "none"
    return Grid(caption, TENSOR_COLUMNS, tuple(rows), note, lead=0)


def _presence(own: SignatureSummary | None, first: SignatureSummary) -> str:
    if own is None:
        return "–"  # noqa: RUF001 - a dash for nothing
    return "yes" if (own.inputs, own.outputs) == (first.inputs, first.outputs) else "yes, other tensors"


def _grid(room: Room, own: Sequence[SignatureSummary], caption: str) -> Grid:
    """Lists signatures while there is room; all rows of one, or none of them but of the first."""
    rows: list[Row] = []
    listed = 0
    for signature in own[:MAX_SIGNATURES]:
        block = _rows(signature)
        fit = room.fit(block)
        if len(fit) < len(block) and (listed or not fit):
            break
        rows += fit
        listed += 1
    return Grid(caption, SIGNATURE_COLUMNS, tuple(rows), folded(len(own) - listed, "signature"), lead=2)


def _rows(signature: SignatureSummary) -> list[Row]:
    rows = [*_side("input", signature.inputs), *_side("output", signature.outputs)]
    if signature.method not in PLAIN_METHODS:
        rows.append((None, "method", Remark(signature.method)))
    return [(signature.name, *rows[0][1:]), *rows[1:]]


def _side(label: str, own: Sequence[TensorSummary]) -> list[Row]:
    rows: list[Row] = [
        (None, None, each.name, type_text(each), shape_text(each.shape)) for each in own[:MAX_TENSORS]
    ]
    if not own or len(own) > MAX_TENSORS:
        rows.append((None, None, Remark(folded(len(own) - MAX_TENSORS, label) or "none")))
    return [(None, label, *rows[0][2:]), *rows[1:]]

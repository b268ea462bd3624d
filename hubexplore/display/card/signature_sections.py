"""Sections on signatures: inputs and outputs, which graph variant has which, features of examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.display.card.blocks import MAX_GROUPS, Section, bounded_grid, grouped_by_content
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.tables.grid import Column, Grid, Remark, Row
from hubexplore.display.wording import counted, number_text, omission, shape_text, tags_text, type_text
from hubexplore.summary.model import SignatureSummary, TensorSummary, VariantSummary
from hubexplore.summary.reading.input_facts import Facts, InputFacts
from hubexplore.summary.reading.string_inputs import Encoding, Feature

MAX_SIGNATURES: Final = 24
MAX_TENSORS: Final = 40
"""Maximum number of inputs, and of outputs, that are listed of a signature."""
TENSOR_COLUMNS: Final = (Column("Name", code=True), Column("Type"), Column("Shape"))
SIGNATURE_COLUMNS: Final = (Column("Signature", code=True), Column(""), *TENSOR_COLUMNS)
VariantFacts = Mapping[tuple[str, ...], Facts]
NO_FACTS: Final[VariantFacts] = {}
PLAIN_METHODS: Final = frozenset({"", "tensorflow/serving/predict"})
"""Method names that are not shown: TensorFlow's tools write them into every signature."""


@dataclass(frozen=True)
class _AnnotatedSignature:
    """A signature with (name, note) pairs for its inputs."""

    signature: SignatureSummary
    notes: tuple[tuple[str, str], ...] = ()


def signatures(
    variants: Sequence[VariantSummary], budget: RowBudget, facts: VariantFacts = NO_FACTS
) -> Section | None:
    """Returns all signatures; variants with equal signatures share a grid.

    Args:
      variants: the graph variants of a module.
      budget: the budget of the section.
      facts: what the graphs reveal about inputs, by the tags of the variant.
    """

    def annotated(variant: VariantSummary) -> list[_AnnotatedSignature]:
        variant_facts = facts.get(variant.tags, {})
        return [
            _AnnotatedSignature(signature, tuple(_notes(signature, variant_facts)))
            for signature in variant.signatures
        ]

    groups = grouped_by_content(variants, annotated)
    names = {noted_signature.signature.name for _, group in groups for noted_signature in group}
    grids: list[Grid] = []
    for caption, group in groups[:MAX_GROUPS]:
        budget.head(caption)
        grid = _grid(budget, group, caption)
        if not grid.rows:
            break
        grids.append(grid)
    left_out = omission(len(groups) - len(grids), "graph variant")
    if left_out and grids:
        last = grids.pop()
        grids.append(replace(last, note="; ".join(filter(None, (last.note, left_out)))))
    return Section("Signatures", f"{len(names):,}", tuple(grids), open=True) if grids else None


def matrix(variants: Sequence[VariantSummary], budget: RowBudget) -> Section | None:
    """Returns which variant has which signature; None for a single variant or no signatures."""
    if len(variants) < 2:
        return None
    shown = variants[:MAX_GROUPS]
    first: dict[str, SignatureSummary] = {}
    for variant in variants:
        for signature in variant.signatures:
            # The first variant that has a signature is what the others are compared with.
            first.setdefault(signature.name, signature)
    if not first:
        return None
    columns = (Column("Signature", code=True), *(Column(tags_text(variant.tags)) for variant in shown))
    budget.head(*(column.name for column in columns))
    rows: list[Row] = []
    by_name = [{signature.name: signature for signature in variant.signatures} for variant in shown]
    for name in sorted(first):
        cells = (
            name,
            *(_presence_text(variant_signatures.get(name), first[name]) for variant_signatures in by_name),
        )
        if not budget.take(cells):
            break
        rows.append(cells)
    notes = (
        omission(len(first) - len(rows), "signature"),
        omission(len(variants) - len(shown), "graph variant"),
    )
    grid = Grid("", columns, tuple(rows), "; ".join(filter(None, notes)))
    return Section("Signatures by graph variant", f"{len(first):,}", (grid,))


def tensors(tensors: Sequence[TensorSummary], caption: str = "") -> Grid:
    """Returns inputs or outputs as a grid, in their order."""
    rows = [(tensor.name, type_text(tensor), shape_text(tensor.shape)) for tensor in tensors[:MAX_TENSORS]]
    note = omission(len(tensors) - len(rows), "tensor") if tensors else "none"
    return Grid(caption, TENSOR_COLUMNS, tuple(rows), note, lead=0)


def _presence_text(signature: SignatureSummary | None, first: SignatureSummary) -> str:
    if signature is None:
        return "–"  # noqa: RUF001 - a dash for nothing
    return (
        "yes"
        if (signature.inputs, signature.outputs) == (first.inputs, first.outputs)
        else "yes, other tensors"
    )


def _notes(signature: SignatureSummary, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yields (name of an input, note) for the inputs that need a note."""
    for tensor in signature.inputs:
        input_facts = facts.get((signature.name, tensor.name), InputFacts())
        remarks = [_encoding_text(input_facts.encoding), "no output uses it" if input_facts.unused else ""]
        if any(remarks):
            yield tensor.name, ", ".join(filter(None, remarks))


def _encoding_text(encoding: Encoding) -> str:
    """Returns what strings contain: "tf.Example of 17 features", "JPEG files"; nothing for text."""
    if encoding.kind == "example":
        features = counted(len(encoding.features), "feature")
        return f"tf.Example of {features}" if encoding.features else "tf.Example"
    if encoding.kind == "image":
        return f"{encoding.picture} files{' in web-safe base64' if encoding.base64 else ''}"
    return ""


def features(variants: Sequence[VariantSummary], budget: RowBudget, facts: VariantFacts) -> Section | None:
    """Returns the features of the tf.Example messages that signatures parse; equal sets are listed once."""
    parsers: dict[tuple[Feature, ...], dict[str, None]] = {}
    for variant in variants:
        for (signature, name), input_facts in facts.get(variant.tags, {}).items():
            if input_facts.encoding.features:
                parsers.setdefault(input_facts.encoding.features, {})[f"{signature}: {name}"] = None
    columns = (
        Column("Signature: input", code=True), Column("Feature", code=True), Column("Type"),
        Column("Values", "right"),
    )  # fmt: skip
    rows: list[Row] = []
    for feature_set, names in parsers.items():
        cells = [(feature.name, feature.dtype, number_text(feature.count)) for feature in feature_set]
        rows += [(None if at else ", ".join(names), *cell) for at, cell in enumerate(cells)]
    if not rows:
        return None
    budget.head(*(column.name for column in columns))
    grid = replace(bounded_grid(budget, columns, rows, "", "input"), lead=2)
    count = len({feature.name for feature_set in parsers for feature in feature_set})
    return Section("Features of tf.Example inputs", number_text(count), (grid,)) if grid.rows else None


def _grid(budget: RowBudget, group: Sequence[_AnnotatedSignature], caption: str) -> Grid:
    """Lists signatures within the budget, each completely or not at all; only the first may be cut."""
    columns: tuple[Column, ...] = SIGNATURE_COLUMNS
    if any(noted_signature.notes for noted_signature in group[:MAX_SIGNATURES]):
        columns = (*columns, Column("Note", cut="end"))
    rows: list[Row] = []
    shown = 0
    for noted_signature in group[:MAX_SIGNATURES]:
        block = _rows(noted_signature, len(columns) - len(SIGNATURE_COLUMNS))
        fit = budget.fit(block)
        # A signature with half of its tensors would look like a different signature.
        if len(fit) < len(block) and (shown or not fit):
            break
        rows += fit
        shown += 1
    return Grid(caption, columns, tuple(rows), omission(len(group) - shown, "signature"), lead=2)


def _rows(annotated: _AnnotatedSignature, note_cells: int) -> list[Row]:
    """Returns the rows of a signature; rows of tensors have `note_cells` (0 or 1) more cells, for notes."""
    signature, notes = annotated.signature, dict(annotated.notes)
    rows = [
        *_side("input", signature.inputs, note_cells, notes),
        *_side("output", signature.outputs, note_cells, {}),
    ]
    if signature.method not in PLAIN_METHODS:
        rows.append((None, "method", Remark(signature.method)))
    return [(signature.name, *rows[0][1:]), *rows[1:]]


def _side(
    label: str, side_tensors: Sequence[TensorSummary], note_cells: int, notes: Mapping[str, str]
) -> list[Row]:
    rows: list[Row] = [
        (
            None,
            None,
            tensor.name,
            type_text(tensor),
            shape_text(tensor.shape),
            *(notes.get(tensor.name, ""),) * note_cells,
        )
        for tensor in side_tensors[:MAX_TENSORS]
    ]
    if not side_tensors or len(side_tensors) > MAX_TENSORS:
        rows.append((None, None, Remark(omission(len(side_tensors) - MAX_TENSORS, label) or "none")))
    return [(None, label, *rows[0][2:]), *rows[1:]]

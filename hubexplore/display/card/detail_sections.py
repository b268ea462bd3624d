"""The other sections of a card: a function for each, from graph variants to a `Section` or None."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hubexplore.display.card.blocks import (
    MAX_GROUPS,
    Section,
    VariantGrid,
    bounded_grid,
    grouped_by_content,
    lines,
    variant_grid,
)
from hubexplore.display.card.limits import RowBudget
from hubexplore.display.tables.grid import Bar, Column, Row
from hubexplore.display.wording import beginning, counted, number_text, omission, size_text, tags_text
from hubexplore.summary.model import (
    AssetSummary,
    CollectionSummary,
    FunctionSummary,
    MessageSummary,
    OpSummary,
    TableSummary,
    VariantSummary,
)

Variants = Sequence[VariantSummary]
_ASSET: Final = (
    Column("File", code=True), Column("Size", "right"), Column("Used by", code=True),
    Column("Begins with", cut="end"),
)  # fmt: skip
_LOOKUP_TABLE: Final = (
    Column("Table", code=True),
    Column("Op"),
    Column("Looks up"),
    Column("Assets", code=True),
)
_MESSAGE: Final = (
    Column("Key", code=True),
    Column("Type"),
    Column("Field", code=True),
    Column("Value", cut="end"),
)
_COLLECTION: Final = (
    Column("Collection", code=True), Column("Entries", "right"), Column("Kind"),
    Column("First entries", code=True, cut="end"),
)  # fmt: skip
_FOREIGN: Final = (Column("Op", code=True), Column("Package", code=True), Column("Count", "right"))
_FUNCTION: Final = (
    Column("Function", code=True), Column("Takes", cut="end"), Column("Returns", cut="end"),
    Column("Nodes", "right"),
)  # fmt: skip

# "26 bytes" would read as a size, but means 26 entries.
ENTRY_NOUNS: Final = {"bytes": "serialized"}
"""Descriptions of kinds of collections that differ from the names of the kinds."""


def assets(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the files that the graphs read."""
    listed_assets = variant_grid(
        budget, variants, _ASSET, lambda variant: [_asset(asset) for asset in variant.assets], "asset"
    )
    # By name, because variants share the files of their assets, which count once.
    sizes = {asset.name: asset.size or 0 for variant in variants for asset in variant.assets}
    return _grid_section("Assets", listed_assets, size_text(sum(sizes.values())))


def lookup_tables(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the lookup tables."""
    listed_tables = variant_grid(
        budget,
        variants,
        _LOOKUP_TABLE,
        lambda variant: [_lookup_table(table) for table in variant.tables],
        "table",
    )
    return _grid_section("Tables", listed_tables)


def messages(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the attached messages, a row for each field."""

    def rows(variant: VariantSummary) -> list[Row]:
        return [row for message in variant.messages for row in _message(message)]

    return _grid_section("Attached messages", variant_grid(budget, variants, _MESSAGE, rows, "message"))


def losses(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the tensors of the regularization losses."""
    return _name_section(variants, budget, "Regularization losses", "losses")


def update_ops(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the nodes of the update ops."""
    return _name_section(variants, budget, "Update ops", "update_ops")


def collections(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the collections of the graphs."""

    def rows(variant: VariantSummary) -> list[Row]:
        return [_collection(collection) for collection in variant.collections]

    return _grid_section("Collections", variant_grid(budget, variants, _COLLECTION, rows, "collection"))


def ops(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns op types, most frequent first."""
    has_bodies = any(op.in_functions for variant in variants for op in variant.ops)
    if len(grouped_by_content(variants, lambda variant: variant.ops)) > 1:
        return _ops_of_several(variants, budget, has_bodies)
    columns = (
        Column("Op", code=True), Column("In the graph" if has_bodies else "Count", "right"),
        *((Column("In functions", "right"),) if has_bodies else ()), Column("Share", "bar"),
    )  # fmt: skip

    def rows(variant: VariantSummary) -> list[Row]:
        total = sum(op.count + op.in_functions for op in variant.ops)
        return [_op(op, has_bodies, total) for op in variant.ops]

    listed_ops = variant_grid(budget, variants, columns, rows, "op type")
    return (
        Section("Ops", _ops_count(len(listed_ops.names), variants), listed_ops.grids)
        if listed_ops.grids
        else None
    )


def _ops_of_several(variants: Variants, budget: RowBudget, has_bodies: bool) -> Section | None:
    """Returns op types with a count for each graph variant."""
    shown = variants[:MAX_GROUPS]
    counts_by_variant = [{op.op: op.count + op.in_functions for op in variant.ops} for variant in variants]
    highest_counts = Counter[str]()
    for counts in counts_by_variant:
        # The union of counters keeps the maximum, not the sum: a type is ranked by the variant that uses it
        # most.
        highest_counts |= Counter(counts)
    columns = (Column("Op", code=True), *(Column(tags_text(variant.tags), "right") for variant in shown))
    caption = "How often, in the graph and in its functions" if has_bodies else ""
    budget.head(caption, *(column.name for column in columns))
    rows = [
        (op, *(number_text(counts.get(op, 0)) for counts in counts_by_variant[: len(shown)]))
        for op, _ in highest_counts.most_common()
    ]
    grid = bounded_grid(budget, columns, rows, caption, "op type")
    notes = (grid.note, omission(len(variants) - len(shown), "graph variant"))
    grid = replace(grid, note="; ".join(filter(None, notes)))
    return Section("Ops", _ops_count(len(highest_counts), variants), (grid,)) if grid.rows else None


def _ops_count(types: int, variants: Variants) -> str:
    """Returns "58 types, 24 nodes in the graph and 123 in functions", or "4 types, 24 nodes"."""
    inside = [sum(op.in_functions for op in variant.ops) for variant in variants[:4]]
    nodes = f"{counted(types, 'type')}, {_alternatives([variant.nodes for variant in variants[:4]])}"
    return f"{nodes} in the graph and {_numbers(inside)} in functions" if any(inside) else nodes


def _alternatives(counts: Sequence[int]) -> str:
    return counted(1, "node") if set(counts) == {1} else f"{_numbers(counts)} nodes"


def _numbers(counts: Sequence[int]) -> str:
    """Returns "101 | 103": of several graph variants, equal numbers once."""
    return " | ".join(dict.fromkeys(map(number_text, counts)))


def foreign_ops(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the op types that TensorFlow may lack, and the packages that have them."""

    def rows(variant: VariantSummary) -> list[Row]:
        return [_foreign(op) for op in variant.ops if op.unknown]

    listed_ops = variant_grid(budget, variants, _FOREIGN, rows, "op type")
    return _grid_section("Ops that TensorFlow may lack", listed_ops, unfolded=True)


def functions(variants: Variants, budget: RowBudget) -> Section | None:
    """Returns the function library."""

    def rows(variant: VariantSummary) -> list[Row]:
        # sorted() is stable: functions of one size stay in the order of the library.
        largest_first = sorted(variant.functions, key=lambda function: -function.nodes)
        return [_function(function) for function in largest_first]

    return _grid_section("Functions", variant_grid(budget, variants, _FUNCTION, rows, "function"))


def _grid_section(heading: str, listing: VariantGrid, *more: str, unfolded: bool = False) -> Section | None:
    count = ", ".join((f"{len(listing.names):,}", *more))
    return Section(heading, count, listing.grids, unfolded) if listing.grids else None


def _name_section(variants: Variants, budget: RowBudget, heading: str, field: str) -> Section | None:
    groups: list[tuple[str, tuple[str, ...]]] = grouped_by_content(
        variants, lambda variant: getattr(variant, field)
    )
    name_lists = [lines(budget, names, "entry", caption) for caption, names in groups[:MAX_GROUPS]]
    fit = [name_list for name_list in name_lists if name_list.items]
    if not fit:
        return None
    left_out = omission(len(groups) - len(fit), "graph variant")
    fit[-1] = replace(fit[-1], note="; ".join(filter(None, (fit[-1].note, left_out))))
    names = {name for _, group_names in groups for name in group_names}
    return Section(heading, f"{len(names):,}", tuple(fit))


def _asset(asset: AssetSummary) -> Row:
    begins = beginning(" ↵ ".join(asset.first_lines))
    size = "missing" if asset.size is None else size_text(asset.size)
    used_by = asset.tables or tuple(name.removesuffix(":0") for name in asset.tensors)
    return (asset.name, size, ", ".join(used_by), begins)


def _lookup_table(table: TableSummary) -> Row:
    return (table.node, table.op, f"{table.key_dtype} → {table.value_dtype}", ", ".join(table.assets))


def _message(message: MessageSummary) -> list[Row]:
    kind = message.type or f"unknown, {size_text(message.size)}"
    # A message without set fields still has a row, which states that.
    fields = [(path, beginning(value) or "(empty)") for path, value in message.fields] or [
        ("", "no field is set")
    ]
    first, *others = fields
    return [(message.key, kind, *first), *((None, None, *field) for field in others)]


def _collection(collection: CollectionSummary) -> Row:
    first = ", ".join(collection.entries[:3])
    return (
        collection.name,
        number_text(collection.count),
        ENTRY_NOUNS.get(collection.kind, collection.kind),
        beginning(first),
    )


def _op(op: OpSummary, has_bodies: bool, total: int) -> Row:
    counts = (number_text(op.count), *((number_text(op.in_functions),) if has_bodies else ()))
    return (op.op, *counts, Bar((op.count + op.in_functions) / max(total, 1)))


def _foreign(op: OpSummary) -> Row:
    return (op.op, op.package or "?", number_text(op.count + op.in_functions))


def _function(function: FunctionSummary) -> Row:
    takes, gives = (_dtypes(arguments) for arguments in (function.inputs, function.outputs))
    return (function.name, takes, gives, number_text(function.nodes))


def _dtypes(arguments: Sequence[tuple[str, str]]) -> str:
    """Returns "2 float32, resource": neighbours of the same dtype are counted together."""
    runs = [(dtype, len(list(run))) for dtype, run in itertools.groupby(dtype for _, dtype in arguments)]
    return beginning(", ".join(f"{count} {dtype}" if count > 1 else dtype for dtype, count in runs))

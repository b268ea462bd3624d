"""Compares two graph variants, or two modules.

Facts are compared, not files: the order of things does not count, nor do the names of the tensors that a
signature feeds, nor the encoding of a message. If the graphs are at hand, what signatures and state run is
compared node by node (see `summary.compare.structure`), and what they can touch outside of the module; of two
modules also the weights and the contents of assets.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.summary.capabilities.model import NOTHING, Capabilities, Finding
from hubexplore.summary.compare.graphs import VariantOrigin, compare_origins, renamed
from hubexplore.summary.compare.outside_access import AccessComparison, compare_access
from hubexplore.summary.compare.replacement import obstacles, shape_text, tags_text
from hubexplore.summary.compare.structure import Basis, GraphComparison
from hubexplore.summary.compare.weight_values import asset_digests, differing_variables
from hubexplore.summary.compare.weights.records import WeightChanges
from hubexplore.summary.model import (
    LOCAL,
    AssetSummary,
    CollectionSummary,
    FunctionSummary,
    MessageSummary,
    ModuleSummary,
    OpSummary,
    SignatureSummary,
    TableSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.source import Source

SECTIONS: Final = (
    "outside access", "variants", "signatures", "inputs", "outputs", "variables", "weights", "ops",
    "collections", "losses", "update ops", "assets", "tables", "messages", "functions", "nodes", "attributes",
    "constants", "wiring",
)  # fmt: skip
"""Sections of differences, in the order in which they are listed."""

_ENTRY_NOUNS: Final = {"nodes": "node", "bytes": "byte string", "ints": "integer", "floats": "float"}
"""Kind of a collection -> what its entries are called."""
_NODE_BASES: Final = ("nodes", "structure", "files")
"""Bases of a comparison that has compared the nodes of the graphs."""

Tags = tuple[str, ...]
Descriptions = Mapping[tuple[str, str], str]
"""(section, name) -> description of the item as text."""


@dataclass(frozen=True)
class Difference:
    """One item that is not the same on both sides.

    Attributes:
      section: one of `SECTIONS`.
      name: name of the item, such as "dense/kernel" or "default: images".
      tags: tags of the variant; None for an item of the module.
      first: the item on the first side, as text; None if that side lacks it.
      second: the item on the second side, as text; None if that side lacks it.
    """

    section: str
    name: str
    tags: Tags | None
    first: str | None
    second: str | None

    @property
    def lacking(self) -> str:
        """The side that lacks the item: "first", "second", or "" if both have it."""
        return "first" if self.first is None else "second" if self.second is None else ""


@dataclass(frozen=True)
class Comparison:
    """What differs between two sides.

    Attributes:
      first: label of the first side: a module's title, or a variant's tags.
      second: label of the second side.
      differences: the differences, sorted by section, variant and name.
      reasons: why the second side cannot replace the first, as clauses; empty if it can. For the rules see
        `hubexplore.summary.compare.replacement`.
      basis: what the comparison rests on: "files" that are the same; "nodes" that were compared one by one;
        their "structure", if names differ; "counted" if a graph was too large; "" if the graphs were not at
        hand.
      unused: for either side, the number of nodes that no common signature and no part of the state needs.
      only_variants: the tags of the only graph variant of either module, if these were compared although
        they differ; else None.
      gained: what the second side can touch outside of itself and the first cannot, dangers first.
      weights: what changed in the values of the variables, number by number; None if they were not read.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...] = ()
    basis: Basis = ""
    unused: tuple[int, int] = (0, 0)
    only_variants: tuple[Tags, Tags] | None = None
    gained: tuple[Finding, ...] = ()
    weights: WeightChanges | None = None

    @property
    def same(self) -> bool:
        """Whether there is no difference at all."""
        return not self.differences

    @property
    def replaceable(self) -> bool:
        """Whether programs built for the first side work with the second; values do not count."""
        return not self.reasons


def compare_variants(
    first: VariantSummary,
    second: VariantSummary,
    sources: tuple[Source | None, Source | None] = (None, None),
    capabilities: tuple[Capabilities, Capabilities] = (NOTHING, NOTHING),
) -> Comparison:
    """Compares two graph variants, of one module or of two.

    Args:
      first: the first variant.
      second: the second variant.
      sources: sources of the graphs, weights and assets of either variant; without them only facts are
        compared. Weights are compared only if the sources differ.
      capabilities: of the modules that hold the variants.
    """
    first_origin, second_origin = VariantOrigin(first, sources[0]), VariantOrigin(second, sources[1])
    graphs = compare_origins(first_origin, second_origin)
    access = compare_access(*capabilities, [(first.tags, second.tags)])
    differences = [
        *_access_differences(access),
        *_variant_differences(first_origin, second_origin, graphs),
        *_weight_differences((first,), (second,), sources),
    ]
    return Comparison(
        tags_text(first.tags),
        tags_text(second.tags),
        ordered(differences),
        (*obstacles(first, second), *access.reasons),
        graphs.basis,
        graphs.unused,
        gained=access.gained,
    )


def compare_modules(first: ModuleSummary, second: ModuleSummary) -> Comparison:
    """Compares two modules variant by variant, and their weights if both have them.

    Variants correspond by their tags. If each module has only one, these are compared whatever their tags;
    but other tags prevent a replacement, because loading a module names its tags.
    """
    first_variants, second_variants = (
        {variant.tags: variant for variant in side.variants} for side in (first, second)
    )
    reasons: list[str] = []
    obstructed: dict[str, list[Tags]] = {}
    differences: list[Difference] = []
    comparisons: list[GraphComparison] = []
    # Equal digests mean equal files, so the graphs need not be compared. Their facts still are: they cost
    # little.
    are_same_files = bool(first.digest) and first.digest == second.digest
    for tags in first_variants.keys() ^ second_variants.keys():
        first_text, second_text = (
            "present" if tags in side else None for side in (first_variants, second_variants)
        )
        differences.append(Difference("variants", tags_text(tags), None, first_text, second_text))
    only_variants = None
    if len(first_variants) == len(second_variants) == 1 and first_variants.keys() != second_variants.keys():
        only_variants = first.variants[0].tags, second.variants[0].tags
    for tags, variant in first_variants.items():
        if tags not in second_variants:
            existing = "; ".join(map(tags_text, second_variants))
            reasons.append(f"there is no {_variant_text(tags)}" + (f", only: {existing}" if existing else ""))
        partner = second.variants[0] if only_variants is not None else second_variants.get(tags)
        if partner is None:
            continue
        origins = VariantOrigin(variant, first.source), VariantOrigin(partner, second.source)
        comparisons.append(GraphComparison("files") if are_same_files else compare_origins(*origins))
        differences += _variant_differences(*origins, comparisons[-1])
        for reason in obstacles(variant, partner):
            obstructed.setdefault(reason, []).append(tags)
    reasons += (_variants_prefix(len(first_variants), tags) + reason for reason, tags in obstructed.items())
    differences += _weight_differences(first.variants, second.variants, (first.source, second.source))
    pairs = (
        [only_variants]
        if only_variants is not None
        else [(tags, tags) for tags in first_variants.keys() | second_variants.keys()]
    )
    access = (
        AccessComparison()
        if are_same_files
        else compare_access(first.capabilities, second.capabilities, pairs)
    )
    unused = [sum(comparison.unused[side] for comparison in comparisons) for side in (0, 1)]
    return Comparison(
        first.title,
        second.title,
        ordered([*differences, *_access_differences(access)]),
        (*reasons, *access.reasons),
        _weakest(comparisons),
        (unused[0], unused[1]),
        only_variants,
        access.gained,
    )


def _weakest(comparisons: Iterable[GraphComparison]) -> Basis:
    """Returns the weakest basis among the comparisons of variants: that is what the whole rests on."""
    bases = {comparison.basis for comparison in comparisons}
    strengths: tuple[Basis, ...] = ("counted", "", "structure", "nodes", "files")
    return next((basis for basis in strengths if basis in bases), "")


def _variants_prefix(count: int, tags: list[Tags]) -> str:
    """Returns which of `count` graph variants a reason is about; "" if there is only one."""
    if count == 1:
        return ""
    if len(tags) == count:
        return "in all graph variants, "
    return f"{', '.join(map(_variant_text, tags))}: "


def _variant_text(tags: Tags) -> str:
    return f"graph variant {tags_text(tags) if tags else 'without tags'}"


def ordered(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Returns the differences as a comparison lists them: by section, variant and name."""
    return tuple(
        sorted(differences, key=lambda item: (SECTIONS.index(item.section), item.tags or (), item.name))
    )


# ---- variants


def _variant_differences(
    first: VariantOrigin, second: VariantOrigin, graphs: GraphComparison
) -> Iterator[Difference]:
    variant, other = first.variant, renamed(second.variant, graphs.matched)
    # The bodies of functions are compared as part of the graph, so their names matter only by number.
    if graphs.basis in _NODE_BASES:
        variant, other = _without_function_numbers(variant, other), _without_function_numbers(other, variant)
    first_descriptions, second_descriptions = _descriptions(variant, other), _descriptions(other, variant)
    # If the nodes are the same, counts of ops add nothing, and names of functions are the exporter's choice.
    redundant_sections = ("ops", "functions") if graphs.basis in _NODE_BASES and not graphs.findings else ()
    for section, name in first_descriptions.keys() | second_descriptions.keys():
        first_text = first_descriptions.get((section, name))
        second_text = second_descriptions.get((section, name))
        if first_text != second_text and section not in redundant_sections:
            yield Difference(section, name, variant.tags, first_text, second_text)
    # Both variants of one module have the same assets.
    if first.source is not second.source and graphs.basis != "files":
        yield from _asset_differences(first, second)
    yield from (
        Difference(finding.kind, finding.name, variant.tags, finding.first, finding.second)
        for finding in graphs.findings
    )


def _access_differences(access: AccessComparison) -> Iterator[Difference]:
    yield from (Difference("outside access", *difference) for difference in access.differences)


def _without_function_numbers(variant: VariantSummary, other: VariantSummary) -> VariantSummary:
    """Returns the variant with `__inference_f_*` for functions `__inference_f_12` that the other lacks."""
    # TensorFlow numbers functions by a counter of the process, so an export of the same program has other
    # numbers.
    other_names = {function.name for function in other.functions}
    functions = (
        function
        if function.name in other_names
        else replace(function, name=re.sub(r"_[0-9]+\Z", "_*", function.name))
        for function in variant.functions
    )
    return replace(variant, functions=tuple(functions))


def _asset_differences(first: VariantOrigin, second: VariantOrigin) -> Iterator[Difference]:
    """Yields the assets that have the same name, size and beginning, but other contents."""
    variant, other_variant = first.variant, second.variant
    sizes = {asset.name: _asset_text(asset, _unread_assets(variant)) for asset in other_variant.assets}
    similar = [
        asset.name
        for asset in variant.assets
        if sizes.get(asset.name) == _asset_text(asset, _unread_assets(other_variant))
    ]
    digests, other_digests = (asset_digests(origin.variant, origin.source) for origin in (first, second))
    for name in similar:
        if name in digests and name in other_digests and digests[name] != other_digests[name]:
            texts = (f"SHA-256 {side_digests[name][:16]}" for side_digests in (digests, other_digests))
            yield Difference("assets", f"{name}: content", first.variant.tags, *texts)


def _weight_differences(
    first: Iterable[VariantSummary],
    second: Iterable[VariantSummary],
    sources: tuple[Source | None, Source | None],
) -> Iterator[Difference]:
    source, other_source = sources
    if source is not None and other_source is not None and source is not other_source:
        for name, stored, other_stored in differing_variables(first, source, second, other_source):
            yield Difference("weights", name, None, stored, other_stored)


def _descriptions(variant: VariantSummary, other: VariantSummary) -> Descriptions:
    """Describes the items of a variant, in detail only those that both have; items of one name are joined."""
    texts_of: dict[tuple[str, str], list[str]] = {}
    for section, name, text in _described_items(variant, other):
        texts_of.setdefault((section, name), []).append(text)
    # Sorted, because items of one name, as messages of one collection, may come in any order.
    return {key: "; ".join(sorted(texts)) for key, texts in texts_of.items()}


def _described_items(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    """Yields (section, name, text) of the items of a variant."""
    yield from _signature_items(variant, other)
    yield from (("variables", variable.name, _variable_text(variable)) for variable in variant.variables)
    yield from (("ops", op.op, _op_text(op)) for op in variant.ops)
    yield from _collection_items(variant, other)
    yield from (("losses", loss, "present") for loss in variant.losses)
    yield from (("update ops", update_op, "present") for update_op in variant.update_ops)
    yield from (("assets", asset.name, _asset_text(asset, _unread_assets(other))) for asset in variant.assets)
    yield from (("tables", table.node, _table_text(table)) for table in variant.tables)
    yield from _message_items(variant, other)
    yield from (("functions", function.name, _function_text(function)) for function in variant.functions)


def _signature_items(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {signature.name for signature in other.signatures}
    for signature in variant.signatures:
        if signature.name not in shared:
            yield "signatures", signature.name, _signature_text(signature)
            continue
        yield "signatures", signature.name, f"method {signature.method}" if signature.method else "no method"
        for section, tensors in (("inputs", signature.inputs), ("outputs", signature.outputs)):
            yield from (
                (section, f"{signature.name}: {tensor.name}", _tensor_text(tensor)) for tensor in tensors
            )


def _collection_items(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {collection.name for collection in other.collections}
    for collection in variant.collections:
        yield "collections", collection.name, _collection_text(collection)
        if collection.name in shared:
            yield from (
                ("collections", f"{collection.name}: {entry}", "present") for entry in collection.entries
            )


def _message_items(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {message.key for message in other.messages}
    for message in variant.messages:
        if message.key in shared:
            yield from (("messages", f"{message.key}: {path}", value) for path, value in message.fields)
        else:
            yield "messages", message.key, _message_text(message)


# ---- texts


def _signature_text(signature: SignatureSummary) -> str:
    return f"{_plural(len(signature.inputs), 'input')}, {_plural(len(signature.outputs), 'output')}"


def _tensor_text(tensor: TensorSummary) -> str:
    kind = "" if tensor.kind == "dense" else f"{tensor.kind} "
    parts = sorted(f"{part.role} {part.dtype} {shape_text(part.shape)}" for part in tensor.components)
    return f"{kind}{tensor.dtype} {shape_text(tensor.shape)}" + (f" of {', '.join(parts)}" if parts else "")


def _variable_text(variable: VariableSummary) -> str:
    parts = f", {_plural(len(variable.partitions), 'part')}" if variable.partitions else ""
    trainable = "trainable" if variable.trainable else "not trainable"
    kind = f", {LOCAL}" if variable.kind == LOCAL else ""
    return f"{variable.dtype} {shape_text(variable.shape)}, {trainable}{kind}{parts}"


def _op_text(op: OpSummary) -> str:
    return f"{op.count:,}" + (f" and {op.in_functions:,} in functions" if op.in_functions else "")


def _collection_text(collection: CollectionSummary) -> str:
    return _plural(collection.count, _ENTRY_NOUNS.get(collection.kind, "entry"))


def _asset_text(asset: AssetSummary, unread: Container[str]) -> str:
    # First lines count only if both sides have read them; otherwise reading a file would be a difference.
    size = "missing" if asset.size is None else _plural(asset.size, "byte")
    lines = () if asset.name in unread else asset.first_lines
    return size + (f", begins {' | '.join(lines)}" if lines else "")


def _unread_assets(variant: VariantSummary) -> Container[str]:
    """Returns the names of the assets whose first lines were not read, as those of a module in memory."""
    return {asset.name for asset in variant.assets if asset.size is not None and not asset.first_lines}


def _table_text(table: TableSummary) -> str:
    origin = f" from {', '.join(sorted(table.assets))}" if table.assets else ""
    return f"{table.op}, {table.key_dtype} to {table.value_dtype}{origin}"


def _message_text(message: MessageSummary) -> str:
    return f"{message.type or 'unknown type'}, {_plural(message.size, 'byte')}"


def _function_text(function: FunctionSummary) -> str:
    sides = f"{_plural(len(function.inputs), 'input')}, {_plural(len(function.outputs), 'output')}"
    return f"{sides}, {_plural(function.nodes, 'node')}"


def _plural(count: int, noun: str) -> str:
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else several}"

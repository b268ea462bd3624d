"""What is different between two graph variants, or between two modules.

Facts are compared, not files: order does not count, nor do the names of the tensors that a signature feeds,
nor how a message is encoded. Where the graphs are at hand, what signatures and state run is compared node by
node, see `summary.compare.structure`; of two modules also the weights and the contents of the assets.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.summary.compare.graphs import Origin, renamed, structure
from hubexplore.summary.compare.replacement import obstacles, shape_text, tags_text
from hubexplore.summary.compare.structure import Basis, Structure
from hubexplore.summary.compare.weight_values import asset_digests, other_weights
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
    "variants", "signatures", "inputs", "outputs", "variables", "weights", "ops", "collections", "losses",
    "update ops", "assets", "tables", "messages", "functions", "nodes", "attributes", "constants", "wiring",
)  # fmt: skip
"""In the order in which differences are listed."""

_ENTRIES: Final = {"nodes": "node", "bytes": "byte string", "ints": "integer", "floats": "float"}

_COMPARED: Final = ("nodes", "structure", "files")

Tags = tuple[str, ...]
Facts = Mapping[tuple[str, str], str]
"""(section, name) -> what is said of it."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same on both sides.

    Attributes:
      section: one of `SECTIONS`.
      name: what it is, as in "dense/kernel" or "default: images".
      tags: of the variant; None for what belongs to the module.
      first: what the first side has, as text; None if it lacks it.
      second: what the second side has; None if it lacks it.
    """

    section: str
    name: str
    tags: Tags | None
    first: str | None
    second: str | None

    @property
    def lacking(self) -> str:
        """Which side lacks it: "first", "second", or "" where both have it."""
        return "first" if self.first is None else "second" if self.second is None else ""


@dataclass(frozen=True)
class Comparison:
    """Two sides and what is not the same.

    Attributes:
      first: what the first side is called: a module's title, or a variant's tags.
      second: what the second side is called.
      differences: by section, then variant, then name.
      reasons: why the second side cannot replace the first, as clauses; empty if it can. For the rules see
        `hubexplore.summary.compare.replacement`.
      basis: what it rests on: "files" that are the same, "nodes" compared one by one, their "structure" since
        names differ, "counted" where a graph was too large for that, "" where graphs were not at hand.
      unused: how many nodes of either side no signature of both and no part of the state needs.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...] = ()
    basis: Basis = ""
    unused: tuple[int, int] = (0, 0)

    @property
    def same(self) -> bool:
        """Whether there is no difference at all."""
        return not self.differences

    @property
    def replaceable(self) -> bool:
        """Whether what was built for the first side works with the second; values are not looked at."""
        return not self.reasons


def compare_variants(
    first: VariantSummary, second: VariantSummary, sources: tuple[Source | None, Source | None] = (None, None)
) -> Comparison:
    """Compares two graph variants, of one module or of two.

    Args:
      first: one variant.
      second: the other.
      sources: where the graphs, weights and assets of either are; without them only facts are compared.
        Variants of one source share its weights.
    """
    one, other = Origin(first, sources[0]), Origin(second, sources[1])
    found = structure(one, other)
    differences = [*_of_variants(one, other, found), *_of_weights((first,), (second,), sources)]
    return Comparison(
        tags_text(first.tags),
        tags_text(second.tags),
        _sorted(differences),
        tuple(obstacles(first, second)),
        found.basis,
        found.unused,
    )


def compare_modules(first: ModuleSummary, second: ModuleSummary) -> Comparison:
    """Compares two modules variant by variant, and where both have weights, those too.

    Variants belong together by their tags. Where each module has but one, these are compared whatever their
    tags; yet other tags prevent a replacement, for whoever loads a module names them.
    """
    here, there = ({variant.tags: variant for variant in side.variants} for side in (first, second))
    reasons: list[str] = []
    obstructed: dict[str, list[Tags]] = {}
    differences: list[Difference] = []
    structures: list[Structure] = []
    are_same_files = bool(first.digest) and first.digest == second.digest
    for tags in here.keys() ^ there.keys():
        one, other = ("present" if tags in side else None for side in (here, there))
        differences.append(Difference("variants", tags_text(tags), None, one, other))
    for tags, variant in here.items():
        if tags not in there:
            found = "; ".join(map(tags_text, there))
            reasons.append(f"there is no {_variant(tags)}" + (f", only: {found}" if found else ""))
        partner = second.variants[0] if len(here) == len(there) == 1 else there.get(tags)
        if partner is None:
            continue
        origins = Origin(variant, first.source), Origin(partner, second.source)
        structures.append(Structure("files") if are_same_files else structure(*origins))
        differences += _of_variants(*origins, structures[-1])
        for reason in obstacles(variant, partner):
            obstructed.setdefault(reason, []).append(tags)
    reasons += (_in_variants(len(here), tags) + reason for reason, tags in obstructed.items())
    differences += _of_weights(first.variants, second.variants, (first.source, second.source))
    unused = [sum(each.unused[side] for each in structures) for side in (0, 1)]
    return Comparison(
        first.title,
        second.title,
        _sorted(differences),
        tuple(reasons),
        _weakest(structures),
        (unused[0], unused[1]),
    )


def _weakest(structures: Iterable[Structure]) -> Basis:
    """Returns what the whole comparison rests on."""
    found = {each.basis for each in structures}
    strengths: tuple[Basis, ...] = ("counted", "", "structure", "nodes", "files")
    return next((each for each in strengths if each in found), "")


def _in_variants(of: int, tags: list[Tags]) -> str:
    """Returns which of so many graph variants a reason is about; nothing where there is but one."""
    if of == 1:
        return ""
    if len(tags) == of:
        return "in all graph variants, "
    return f"{', '.join(map(_variant, tags))}: "


def _variant(tags: Tags) -> str:
    return f"graph variant {tags_text(tags) if tags else 'without tags'}"


def _sorted(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(
        sorted(differences, key=lambda each: (SECTIONS.index(each.section), each.tags or (), each.name))
    )


# ---- variants


def _of_variants(first: Origin, second: Origin, found: Structure) -> Iterator[Difference]:
    variant, other = first.variant, renamed(second.variant, found.matched)
    if found.basis in _COMPARED:  # The bodies too, so that only more or fewer functions are news.
        variant, other = _unnumbered(variant, other), _unnumbered(other, variant)
    here, there = _facts(variant, other), _facts(other, variant)
    # Counts say nothing more where the nodes themselves are the same, and function names are a writer's.
    needless = ("ops", "functions") if found.basis in _COMPARED and not found.findings else ()
    for section, name in here.keys() | there.keys():
        one, two = here.get((section, name)), there.get((section, name))
        if one != two and section not in needless:
            yield Difference(section, name, variant.tags, one, two)
    if first.source is not second.source and found.basis != "files":
        yield from _of_assets(first, second)
    yield from (
        Difference(each.kind, each.name, variant.tags, each.first, each.second) for each in found.findings
    )


def _unnumbered(variant: VariantSummary, other: VariantSummary) -> VariantSummary:
    """The variant with `__inference_f_*` for each function `__inference_f_12` that the other has not.

    TensorFlow numbers functions anew whenever a program is run.
    """
    known = {each.name for each in other.functions}
    functions = (
        each if each.name in known else replace(each, name=re.sub(r"_[0-9]+\Z", "_*", each.name))
        for each in variant.functions
    )
    return replace(variant, functions=tuple(functions))


def _of_assets(first: Origin, second: Origin) -> Iterator[Difference]:
    """Yields the assets of one name, size and beginning whose contents are not the same."""
    one, other = first.variant, second.variant
    sizes = {each.name: _asset(each, _unread(one)) for each in other.assets}
    alike = [each.name for each in one.assets if sizes.get(each.name) == _asset(each, _unread(other))]
    here, there = (asset_digests(each.variant, each.source) for each in (first, second))
    for name in alike:
        if name in here and name in there and here[name] != there[name]:
            texts = (f"SHA-256 {each[name][:16]}" for each in (here, there))
            yield Difference("assets", f"{name}: content", first.variant.tags, *texts)


def _of_weights(
    first: Iterable[VariantSummary],
    second: Iterable[VariantSummary],
    sources: tuple[Source | None, Source | None],
) -> Iterator[Difference]:
    one, other = sources
    if one is not None and other is not None and one is not other:
        for name, stored, other_stored in other_weights(first, one, second, other):
            yield Difference("weights", name, None, stored, other_stored)


def _facts(variant: VariantSummary, other: VariantSummary) -> Facts:
    """Returns what is said of a variant, in detail only of what both have; items of one name count as one."""
    found: dict[tuple[str, str], list[str]] = {}
    for section, name, text in _statements(variant, other):
        found.setdefault((section, name), []).append(text)
    return {key: "; ".join(sorted(texts)) for key, texts in found.items()}


def _statements(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    """Yields (section, name, text)."""
    yield from _of_signatures(variant, other)
    yield from (("variables", each.name, _variable(each)) for each in variant.variables)
    yield from (("ops", each.op, _op(each)) for each in variant.ops)
    yield from _of_collections(variant, other)
    yield from (("losses", each, "present") for each in variant.losses)
    yield from (("update ops", each, "present") for each in variant.update_ops)
    yield from (("assets", each.name, _asset(each, _unread(other))) for each in variant.assets)
    yield from (("tables", each.node, _table(each)) for each in variant.tables)
    yield from _of_messages(variant, other)
    yield from (("functions", each.name, _function(each)) for each in variant.functions)


def _of_signatures(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {each.name for each in other.signatures}
    for each in variant.signatures:
        if each.name not in shared:
            yield "signatures", each.name, _signature(each)
            continue
        yield "signatures", each.name, f"method {each.method}" if each.method else "no method"
        for section, tensors in (("inputs", each.inputs), ("outputs", each.outputs)):
            yield from ((section, f"{each.name}: {tensor.name}", _tensor(tensor)) for tensor in tensors)


def _of_collections(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {each.name for each in other.collections}
    for each in variant.collections:
        yield "collections", each.name, _collection(each)
        if each.name in shared:
            yield from (("collections", f"{each.name}: {entry}", "present") for entry in each.entries)


def _of_messages(variant: VariantSummary, other: VariantSummary) -> Iterator[tuple[str, str, str]]:
    shared = {each.key for each in other.messages}
    for each in variant.messages:
        if each.key in shared:
            yield from (("messages", f"{each.key}: {path}", value) for path, value in each.fields)
        else:
            yield "messages", each.key, _message(each)


# ---- texts


def _signature(signature: SignatureSummary) -> str:
    return f"{_plural(len(signature.inputs), 'input')}, {_plural(len(signature.outputs), 'output')}"


def _tensor(tensor: TensorSummary) -> str:
    kind = "" if tensor.kind == "dense" else f"{tensor.kind} "
    parts = sorted(f"{part.role} {part.dtype} {shape_text(part.shape)}" for part in tensor.components)
    return f"{kind}{tensor.dtype} {shape_text(tensor.shape)}" + (f" of {', '.join(parts)}" if parts else "")


def _variable(variable: VariableSummary) -> str:
    parts = f", {_plural(len(variable.partitions), 'part')}" if variable.partitions else ""
    trainable = "trainable" if variable.trainable else "not trainable"
    kind = f", {LOCAL}" if variable.kind == LOCAL else ""
    return f"{variable.dtype} {shape_text(variable.shape)}, {trainable}{kind}{parts}"


def _op(op: OpSummary) -> str:
    return f"{op.count:,}" + (f" and {op.in_functions:,} in functions" if op.in_functions else "")


def _collection(collection: CollectionSummary) -> str:
    return _plural(collection.count, _ENTRIES.get(collection.kind, "entry"))


def _asset(asset: AssetSummary, unread: Container[str]) -> str:
    size = "missing" if asset.size is None else _plural(asset.size, "byte")
    lines = () if asset.name in unread else asset.first_lines
    return size + (f", begins {' | '.join(lines)}" if lines else "")


def _unread(variant: VariantSummary) -> Container[str]:
    """Names of the assets that are there without first lines, as all those of a module in memory."""
    return {each.name for each in variant.assets if each.size is not None and not each.first_lines}


def _table(table: TableSummary) -> str:
    origin = f" from {', '.join(sorted(table.assets))}" if table.assets else ""
    return f"{table.op}, {table.key_dtype} to {table.value_dtype}{origin}"


def _message(message: MessageSummary) -> str:
    return f"{message.type or 'unknown type'}, {_plural(message.size, 'byte')}"


def _function(function: FunctionSummary) -> str:
    sides = f"{_plural(len(function.inputs), 'input')}, {_plural(len(function.outputs), 'output')}"
    return f"{sides}, {_plural(function.nodes, 'node')}"


def _plural(count: int, noun: str) -> str:
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else several}"

"""What is different between two graph variants, or between two modules.

Facts are compared, not files: order does not count, nor do the names of the tensors that a signature feeds,
nor how a message is encoded. Of two modules the graphs are also compared node by node, so that equal facts
with another wiring are not called equal, and the weights by their checksums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.summary.checkpoint import CheckpointIndex
from hubexplore.summary.model import (
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
from hubexplore.summary.replace import obstacles, shape_text, tags_text

SECTIONS: Final = (
    "variants", "signatures", "inputs", "outputs", "variables", "weights", "ops", "collections", "losses",
    "update ops", "assets", "tables", "messages", "functions", "graph",
)  # fmt: skip
"""In the order in which differences are listed."""

_ENTRIES: Final = {"nodes": "node", "bytes": "byte string", "ints": "integer", "floats": "float"}

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
        `hubexplore.summary.replace`.
    """

    first: str
    second: str
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether there is no difference at all."""
        return not self.differences

    @property
    def replaceable(self) -> bool:
        """Whether what was built for the first side works with the second; values are not looked at."""
        return not self.reasons


def compare_variants(first: VariantSummary, second: VariantSummary) -> Comparison:
    """Compares two graph variants, of one module or of two.

    Ops are compared by type and number, not one by one: variants are meant to be wired in different ways. Nor
    are weights compared, which variants of a module share.
    """
    return Comparison(
        tags_text(first.tags),
        tags_text(second.tags),
        _sorted(_of_variants(first, second)),
        tuple(obstacles(first, second)),
    )


def compare_modules(first: ModuleSummary, second: ModuleSummary) -> Comparison:
    """Compares two modules variant by variant, and where both have weights, those by their checksums.

    Variants belong together by their tags. Where each module has but one, these are compared whatever their
    tags; yet other tags prevent a replacement, for whoever loads a module names them.
    """
    here, there = ({variant.tags: variant for variant in side.variants} for side in (first, second))
    reasons: list[str] = []
    obstructed: dict[str, list[Tags]] = {}
    differences: list[Difference] = []
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
        differences += _of_variants(variant, partner)
        differences += _of_graphs(first, second, variant, partner)
        for reason in obstacles(variant, partner):
            obstructed.setdefault(reason, []).append(tags)
    reasons += (_in_variants(len(here), tags) + reason for reason, tags in obstructed.items())
    differences += _of_weights(first, second)
    return Comparison(first.title, second.title, _sorted(differences), tuple(reasons))


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


def _of_variants(first: VariantSummary, second: VariantSummary) -> Iterator[Difference]:
    here, there = _facts(first, second), _facts(second, first)
    for section, name in here.keys() | there.keys():
        one, other = here.get((section, name)), there.get((section, name))
        if one != other:
            yield Difference(section, name, first.tags, one, other)


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
    yield from (("assets", each.name, _asset(each)) for each in variant.assets)
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


# ---- graphs and weights


def _of_graphs(
    first: ModuleSummary, second: ModuleSummary, variant: VariantSummary, other: VariantSummary
) -> Iterator[Difference]:
    """Yields how many nodes and functions are not the same, if the graphs are at hand."""
    if first.source is None or second.source is None or (first.digest and first.digest == second.digest):
        return
    graphs = (first.source.meta_graphs.get(variant.tags), second.source.meta_graphs.get(other.tags))
    here, there = ({} if graph is None else _content(graph.graph_def) for graph in graphs)
    own = [one.keys() - other.keys() for one, other in ((here, there), (there, here))]
    if any(own):
        yield Difference("graph", "nodes of its own", variant.tags, *(_examples(names) for names in own))
    changed = _examples({name for name in here.keys() & there.keys() if here[name] != there[name]})
    if changed:
        yield Difference(
            "graph", "nodes with another op, inputs or attributes", variant.tags, changed, changed
        )


def _content(graph_def: Any) -> dict[str, bytes]:
    functions = {f"function {each.signature.name}": _bytes(each) for each in graph_def.library.function}
    return {node.name: _bytes(node) for node in graph_def.node} | functions


def _bytes(message: Any) -> bytes:
    content: bytes = message.SerializeToString(deterministic=True)
    return content


def _examples(names: Iterable[str]) -> str | None:
    found = sorted(names)
    return f"{len(found):,}: {', '.join(found[:3])}{', ...' if len(found) > 3 else ''}" if found else None


def _of_weights(first: ModuleSummary, second: ModuleSummary) -> Iterator[Difference]:
    """Yields the variables of equal dtype, shape and slices whose stored bytes have other checksums."""
    if not (first.source and first.source.weights and second.source and second.source.weights):
        return
    here = _checksums(first, first.source.weights.index)
    there = _checksums(second, second.source.weights.index)
    for name in here.keys() & there.keys():
        (kind, one), (other_kind, other) = here[name], there[name]
        if kind == other_kind and one != other:
            yield Difference("weights", name, None, one, other)


def _checksums(module: ModuleSummary, index: CheckpointIndex) -> Mapping[str, tuple[Any, str]]:
    """Returns (what must be equal for checksums to be comparable, the checksums) by variable."""
    found: dict[str, tuple[Any, str]] = {}
    for variable in (each for variant in module.variants for each in variant.variables):
        entry = index.entries.get(variable.key)
        if entry is not None:
            sums = " ".join(f"{extent.crc32c:08x}" for extent in entry.extents)
            found.setdefault(variable.name, ((entry.dtype, entry.shape, entry.slices), f"checksum {sums}"))
    return found


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
    return f"{variable.dtype} {shape_text(variable.shape)}, {trainable}{parts}"


def _op(op: OpSummary) -> str:
    return f"{op.count:,}" + (f" and {op.in_functions:,} in functions" if op.in_functions else "")


def _collection(collection: CollectionSummary) -> str:
    return _plural(collection.count, _ENTRIES.get(collection.kind, "entry"))


def _asset(asset: AssetSummary) -> str:
    size = "missing" if asset.size is None else _plural(asset.size, "byte")
    return size + (f", begins {' | '.join(asset.first_lines)}" if asset.first_lines else "")


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

"""Reads what the graphs of a module can touch outside of it, and what makes them do so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.summary.analysis.arguments import Arguments
from hubexplore.summary.analysis.asset_files import AssetPath, in_folder
from hubexplore.summary.analysis.asset_variables import asset_variables
from hubexplore.summary.analysis.drawn_paths import drawn_path
from hubexplore.summary.analysis.effects import Effect, Effects
from hubexplore.summary.analysis.entries import entries_of
from hubexplore.summary.analysis.findings import finding, quoted, severity_of
from hubexplore.summary.analysis.hidden_graphs import HiddenEffect, HiddenGraphs
from hubexplore.summary.analysis.objects import Objects
from hubexplore.summary.analysis.program import Program, Region
from hubexplore.summary.analysis.reachability import Reachability, Reached
from hubexplore.summary.analysis.values import ASSET_MARK, Value, constant, dependent
from hubexplore.summary.capabilities.model import (
    NOTHING,
    Capabilities,
    Capability,
    Finding,
    Origin,
    Severity,
    Trigger,
    When,
)
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.messages import AssetFileDef
from hubexplore.summary.graph.traversal import node_of, tensor_of
from hubexplore.summary.module_format import INTERNAL_SIGNATURES
from hubexplore.summary.without_gc import without_gc

_ASSETS: Final = "saved_model_assets"
_FILEPATHS: Final = "asset_filepaths"
_MOST_FINDINGS: Final = 200  # of a module
_MOST_SIGNATURES: Final = 8  # of one node

MSG_UNREAD: Final = (
    "The graph that is serialized in a constant of {node} ({op}) cannot be read, so what it does is unknown."
)


@dataclass(frozen=True)
class Graphs:
    """The graph of a variant.

    Attributes:
      tags: sorted.
      meta_graph: MetaGraphDef-shaped message, with all that loading and calls run.
      file_graph: the one in the file, if parts of it were left out of `meta_graph`.
    """

    tags: tuple[str, ...]
    meta_graph: Any
    file_graph: Any = None


class Scan:
    """Finds what a module can touch when it is first asked, and keeps only that.

    Args:
      variants: of the module; the graphs are not changed.
      restored: names in the checkpoint.
      path_of: an asset.
      beside: returns what was found in a file beside the graphs; None if there is none.
    """

    def __init__(
        self,
        variants: Sequence[Graphs],
        restored: Collection[str] = (),
        path_of: AssetPath = in_folder,
        beside: Callable[[], Capabilities] | None = None,
    ) -> None:
        self._variants, self._restored, self._path_of = variants, restored, path_of
        self._beside = beside
        self._found: Capabilities | None = None

    def __call__(self) -> Capabilities:
        """What was found."""
        if self._found is None:
            self._found = read(self._variants, self._restored, self._path_of)
            if self._beside is not None:
                more = self._beside()
                self._found = Capabilities(
                    self._found.findings + more.findings, self._found.unread + more.unread
                )
            # The graphs as they were written are large, and nobody else may need them.
            self._variants = ()
        return self._found


@without_gc()
def read(
    variants: Iterable[Graphs], restored: Collection[str] = (), path_of: AssetPath = in_folder
) -> Capabilities:
    """What a module can touch outside of itself, and what makes it do so. Nothing of it runs.

    Linear in the nodes of its graphs and functions.

    Args:
      variants: see `Scan`.
      restored: see `Scan`.
      path_of: see `Scan`.
    """
    findings: list[Finding] = []
    unread: list[str] = []
    for graphs in variants:
        found, problems = _VariantScan(graphs, restored, path_of).result()
        findings += found
        unread += problems
    if not findings and not unread:
        return NOTHING
    order = list(When)
    findings.sort(key=lambda item: (item.severity is not Severity.DANGER, order.index(item.trigger.when)))
    more = len(findings) - _MOST_FINDINGS
    if more > 0:
        unread.append(f"... and {more:,} more findings.")
    return Capabilities(tuple(findings[:_MOST_FINDINGS]), tuple(dict.fromkeys(unread)))


class _VariantScan:
    """The search in one graph variant."""

    def __init__(self, graphs: Graphs, restored: Collection[str], path_of: AssetPath) -> None:
        self._tags, self._meta_graph, self._file_graph = graphs.tags, graphs.meta_graph, graphs.file_graph
        self._restored, self._path_of = restored, path_of
        self._findings: list[Finding] = []
        self._unread: list[str] = []
        self._hidden = HiddenGraphs()

    def result(self) -> tuple[list[Finding], list[str]]:
        """The findings, and sentences on what could not be looked into."""
        program = self._program = Program(self._meta_graph.graph_def)
        if not program.is_harmless:
            self._report_all(program)
        if self._file_graph is not None:
            self._report_left_out(program)
        return self._findings, self._unread

    def _report_all(self, program: Program) -> None:
        objects = Objects(self._meta_graph, program.graph.nodes, self._path_of)
        known = _known(self._meta_graph, program, self._path_of)
        arguments = Arguments(program, known, asset_variables(program, known), objects.captured())
        self._effects = Effects(program, arguments, self._path_of)
        self._known_effects: dict[tuple[str, str], tuple[Effect, ...]] = {}
        reachability = Reachability(program)
        entries = entries_of(self._meta_graph, program, objects, self._tags, self._restored)
        reached = [reachability.of(entry) for entry in entries]
        self._report(reached)
        seen = {(region.name, node.name) for result in reached for region, node in result.nodes}
        self._report_rest(program, seen)

    def _report_left_out(self, program: Program) -> None:
        """Adds what is in the graph of the file only, since no signature needs it."""
        whole = Program(self._file_graph.graph_def)
        if whole.is_harmless:
            return
        self._effects = Effects(
            whole, Arguments(whole, _known(self._file_graph, whole, self._path_of)), self._path_of
        )
        self._known_effects = {}
        # Calls were inlined, so what was in functions has other names now.
        ops = {node.op for region in program.regions.values() for node in region.risky}
        seen = {
            (region.name, node.name)
            for region in whole.regions.values()
            for node in region.risky
            if (node.op in ops if region.name else node.name in program.graph.nodes)
        }
        self._report_rest(whole, seen)

    def _of(self, region: Region, node: Any) -> tuple[Effect, ...]:
        key = (region.name, node.name)
        if key not in self._known_effects:
            self._known_effects[key] = self._effects.of(region, node)
        return self._known_effects[key]

    def _report(self, reached: list[Reached]) -> None:
        """Adds what entries run: once for loading and for training, and for some of the signatures."""
        seen: dict[tuple[str, str, When], list[str]] = {}
        for result in reached:
            trigger = result.entry.trigger
            for region, node in result.nodes:
                key = (region.name, node.name, trigger.when)
                before = seen.setdefault(key, [])
                if trigger.when is not When.CALLED:
                    if before:
                        continue
                elif (
                    trigger.signature in before
                    or len(before) >= _MOST_SIGNATURES
                    or (before and not result.entry.is_signature)
                ):
                    continue
                if self._add(region, node, result):
                    before.append(trigger.signature)

    def _add(self, region: Region, node: Any, result: Reached) -> bool:
        """Adds the findings of a node for an entry; whether the node is settled by that."""
        entry, chain = result.entry, _chain(region, node, result)
        path = drawn_path(self._program, result.way_to(region), region.name, node)
        effects = self._of(region, node)
        before = len(self._findings)
        for effect in effects:
            severity = severity_of(effect, node.op, entry)
            if severity is not None and effect.capability is Capability.HIDES and effect.content is not None:
                hidden = self._hidden.look(self._program, node, effect.content, entry)
                if hidden is not None:
                    severity = Severity.NOTE
                    self._add_hidden(hidden, chain)
                else:
                    self._unread.append(MSG_UNREAD.format(node=quoted(node.name), op=node.op))
            if severity is not None:
                self._findings.append(
                    finding(effect, severity, entry.trigger, chain=chain, region=region, node=node, path=path)
                )
        return not effects or len(self._findings) > before

    def _add_hidden(self, hidden: list[HiddenEffect], chain: list[str]) -> None:
        for item in hidden:
            entry = item.reached.entry
            severity = severity_of(item.effect, item.node.op, entry)
            if severity is not None:
                inner = ["hidden graph", *_chain(item.region, item.node, item.reached)[1:]]
                self._findings.append(
                    finding(
                        item.effect,
                        severity,
                        entry.trigger,
                        chain=[*chain, *item.around[1:], *inner],
                        region=item.region,
                        node=item.node,
                        around=item.around,
                    )
                )

    def _report_rest(self, program: Program, seen: Collection[tuple[str, str]]) -> None:
        """Adds what nothing runs by itself: all but what was seen, as (function, node)."""
        trigger = Trigger(When.ASKED, self._tags)
        for region in program.regions.values():
            for node in region.risky:
                if (region.name, node.name) not in seen:
                    for effect in self._of(region, node):
                        severity = severity_of(effect, node.op, None)
                        if severity is not None:
                            chain = [
                                *([f"function {region.name!r}"] if region.name else []),
                                *_parts(node.name),
                            ]
                            self._findings.append(
                                finding(effect, severity, trigger, chain=chain, region=region, node=node)
                            )


def _chain(region: Region, node: Any, result: Reached) -> list[str]:
    chain = [result.entry.label]
    way = result.way_to(region)
    for index, call in enumerate(way):
        if index or call.region:
            chain.append(f"function {call.region!r}")
        chain += _parts(call.node)
    if region.name:
        chain.append(f"function {region.name!r}")
    return [*chain, *_parts(node.name)]


def _parts(name: str) -> list[str]:
    """The scope of a node, if it is in one, and its own name."""
    scope, _, last = name.rpartition("/")
    return [scope, last] if scope else [last]


def _known(meta_graph: Any, program: Program, path_of: AssetPath) -> dict[str, Value]:
    """Tensor -> its value, of what comes from outside of the graph: inputs, assets, the saver's file name."""
    known: dict[str, Value] = {}
    for name in meta_graph.signature_def:
        if name not in INTERNAL_SIGNATURES:
            for key, info in meta_graph.signature_def[name].inputs.items():
                for tensor in component_names(info):
                    known[tensor_of(tensor)] = dependent(Origin.INPUT, key)
    if meta_graph.saver_def.filename_tensor_name:
        name = tensor_of(meta_graph.saver_def.filename_tensor_name)
        known[name] = Value(None, Origin.INPUT, (node_of(name),), saver=True)
    for tensor, file in _assets(meta_graph, program, path_of).items():
        known[tensor_of(tensor)] = constant(file)
    return known


def _assets(meta_graph: Any, program: Program, path_of: AssetPath) -> dict[str, bytes]:
    """Tensor -> path of the asset."""
    definitions = list(meta_graph.asset_file_def)
    if _ASSETS in meta_graph.collection_def:
        for packed in meta_graph.collection_def[_ASSETS].any_list.value:
            try:
                definitions.append(AssetFileDef.FromString(packed.value))
            except DecodeError:
                continue
    if definitions or _FILEPATHS not in meta_graph.collection_def:
        return {item.tensor_info.name: path_of(item.filename) for item in definitions}
    # A graph that was never written has only the paths of the files to copy.
    paths = {}
    for tensor in meta_graph.collection_def[_FILEPATHS].node_list.value:
        node = program.graph.nodes.get(node_of(tensor))
        if node is not None and node.op == "Const" and "value" in node.attr:
            for path in node.attr["value"].tensor.string_val[:1]:
                paths[tensor] = ASSET_MARK + path.rpartition(b"/")[2]
    return paths

"""Finds what a cut keeps of a graph: what lies between inputs and outputs, and the state that it needs.

Every walk is linear in the nodes and edges that it visits, and the number of walks does not grow with the
graph, except by one for each nested control-flow context and for each further variable that initial values
read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hubexplore.errors import CutError
from hubexplore.hub.cutting.belonging import belonging
from hubexplore.hub.cutting.lists import StateLists
from hubexplore.hub.cutting.ordering import Needed, needed_by
from hubexplore.hub.cutting.tensors import Found
from hubexplore.hub.graph.contexts import ContextSpec, read_contexts, touched
from hubexplore.hub.graph.plan import close_over_contexts
from hubexplore.hub.graph.slice import check_complete
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.declared_tensors import component_names
from hubexplore.summary.graph.traversal import (
    NO_CUT,
    PLACEHOLDERS,
    Cut,
    Reach,
    node_of,
    reach,
)

_LONGEST_PATH: Final = 6

MSG_UNFED: Final = (
    "The output {output!r} needs the placeholder {placeholder!r}, which is not an input of the cut: {path}. "
    "{remedy}"
)
MSG_UNUSED: Final = (
    "No output of the cut needs the input {name!r} ({tensor!r}). Leave it out of inputs=, or choose an "
    "output that is computed from it."
)
MSG_BOTH: Final = (
    "{output!r} is an input of the cut and an output, so there is nothing to compute. Choose an output that "
    "is computed from it, or an input further up."
)


@dataclass(frozen=True)
class Sides:
    """A signature in the making.

    Attributes:
      inputs: name -> where it is in the graph.
      outputs: likewise.
    """

    inputs: Mapping[str, Found]
    outputs: Mapping[str, Found]

    @property
    def fed(self) -> frozenset[str]:
        """The tensors that its inputs replace."""
        return frozenset(tensor for found in self.inputs.values() for tensor in found.tensors)

    @property
    def targets(self) -> tuple[str, ...]:
        """The tensors of its outputs."""
        return tuple(tensor for found in self.outputs.values() for tensor in found.tensors)


@dataclass(frozen=True)
class Region:
    """What stays of a graph.

    Attributes:
      nodes: names of the nodes.
      replaced: tensor that becomes an input of its own -> name of the placeholder that takes its place.
      lists: name of a collection -> the names in it that stay.
      contexts: TF1 control-flow contexts.
      waits: nodes that others wait for and that are not there.
    """

    nodes: set[str]
    replaced: Mapping[str, str]
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contexts: tuple[ContextSpec, ...] = ()
    waits: frozenset[str] = frozenset()


def reached_inputs(new: Sides, needed: Needed) -> dict[str, Found]:
    """Those inputs that the outputs are computed from.

    Args:
      new: the signature with all inputs that it may have.
      needed: what `outputs_need` found for it.
    """
    used = needed.region.cut_tensors.union(new.targets)
    return {name: found for name, found in new.inputs.items() if used.intersection(found.tensors)}


def outputs_need(variant: GraphVariant, new: Sides) -> Needed:
    """What the outputs of a signature need of a graph.

    Raises:
      DamagedModuleError: the graph refers to nodes that it does not have.
    """
    needed = needed_by(variant, _cut_at(variant, new.fed), list(new.targets))
    check_complete(needed.region.missing)
    return needed


def _cut_at(variant: GraphVariant, fed: Iterable[str]) -> Cut:
    """Where the walk of a call ends: at its inputs, and where it would only wait for one of the module."""
    tensors = frozenset(fed)
    inputs = (
        tensor
        for signature in variant.meta_graph.signature_def.values()
        for info in signature.inputs.values()
        for tensor in component_names(info)
    )
    return Cut(tensors=tensors, controls=frozenset(map(node_of, (*tensors, *inputs))))


def find_region(
    variant: GraphVariant, new: Sides, needed: Needed, kept: Iterable[Any], fed_by: Mapping[str, str]
) -> Region:
    """Finds what a new signature needs, and what signatures that stay reach.

    Args:
      variant: whose graph it is.
      new: the new signature.
      needed: what `outputs_need` found for it.
      kept: SignatureDef messages of those that stay; all that they reach does.
      fed_by: placeholder -> the signature that has it as an input, for messages.

    Raises:
      CutError: (a ValueError) an output needs a placeholder that is not an input, or is an input itself; or
        no output needs an input.
      DamagedModuleError: the graph refers to nodes that it does not have.
    """
    cut = _cut_at(variant, new.fed)
    for name, found in new.outputs.items():
        # A sparse one may share its indices with an input.
        if new.fed.issuperset(found.tensors):
            raise CutError(MSG_BOTH.format(output=found.wish.text or name))
    _check_used(new, needed.region)
    _check_fed(variant, new, needed, cut, fed_by)
    nodes = set(needed.region.nodes)
    for signature in kept:
        nodes |= _reached_by(variant, signature)
    # An input that is a placeholder stays what it is, with its default if that is a constant.
    for tensor in new.fed:
        if _stays(variant, tensor):
            nodes |= reach(variant.nodes, [node_of(tensor)]).nodes
    growing = _Growing(variant, cut, nodes)
    growing.waits |= needed.region.cut_controls
    growing.close()
    computed = belonging(variant, growing.nodes, cut, set(map(node_of, new.targets)))
    growing.add([node_of(name) for elements in computed.values() for name in elements], of_call=True)
    growing.close()
    placeholders = _placeholders(new.fed, growing.nodes, variant.nodes)
    lists = {**computed, **growing.lists.remaining(growing.nodes)}
    included = tuple(touched(growing.contexts, growing.nodes)) if growing.contexts else ()
    return Region(growing.nodes, placeholders, lists, included, frozenset(growing.waits - growing.nodes))


def _stays(variant: GraphVariant, tensor: str) -> bool:
    """Whether a tensor is that of a placeholder that needs nothing else of the graph."""
    node = variant.nodes[node_of(tensor)]
    if node.op != "PlaceholderWithDefault":
        return node.op in PLACEHOLDERS
    default = variant.nodes.get(node_of(node.input[0])) if node.input else None
    return default is not None and default.op == "Const" and not default.input


def _reached_by(variant: GraphVariant, signature: Any) -> set[str]:
    inputs = [tensor for info in signature.inputs.values() for tensor in component_names(info)]
    outputs = [tensor for info in signature.outputs.values() for tensor in component_names(info)]
    region, _ = close_over_contexts(variant, NO_CUT, [*outputs, *map(node_of, inputs)])
    check_complete(region.missing)
    return region.nodes


def _check_used(new: Sides, region: Reach) -> None:
    used = region.cut_tensors.union(new.targets)
    for name, found in new.inputs.items():
        if not used.intersection(found.tensors):
            raise CutError(MSG_UNUSED.format(name=name, tensor=found.wish.text or found.tensors[0]))


def _check_fed(
    variant: GraphVariant,
    new: Sides,
    needed: Needed,
    cut: Cut,
    fed_by: Mapping[str, str],
) -> None:
    """Raises CutError for an output that needs a placeholder which nobody could pass a value for."""
    if needed.ops.isdisjoint(PLACEHOLDERS):
        return
    # A placeholder inside of a cond needs a value only if its branch is taken.
    conditional = {name for context in needed.contexts for name in context.nodes}
    missing = {
        name for name in needed.region.nodes - conditional if variant.nodes[name].op in PLACEHOLDERS
    } - set(map(node_of, new.fed))
    if not missing:
        return
    among = {name: variant.nodes[name] for name in needed.region.nodes}
    for output, found in new.outputs.items():
        path = _path(among, map(node_of, found.tensors), missing, cut)
        if path:
            placeholder = path[-1]
            signature = fed_by.get(placeholder)
            remedies = [f"Add {placeholder!r} to inputs=", "name an input that is on the way"]
            if signature:
                remedies.append(f"cut the signature that has it as an input: of={signature!r}")
            raise CutError(
                MSG_UNFED.format(
                    output=output,
                    placeholder=placeholder,
                    path=_shown(path),
                    remedy=f"{', '.join(remedies[:-1])}, or {remedies[-1]}.",
                )
            )


def _path(nodes: Mapping[str, Any], starts: Iterable[str], ends: Collection[str], cut: Cut) -> list[str]:
    """The names of the nodes on a shortest way back from one of `starts` to one of `ends`."""
    before: dict[str, str] = dict.fromkeys(starts, "")
    queue = deque(before)
    while queue:
        name = queue.popleft()
        if name in ends:
            path = [name]
            while before[path[-1]]:
                path.append(before[path[-1]])
            return path[::-1]
        for edge in nodes[name].input:
            producer = node_of(edge)
            is_cut = (
                producer in cut.controls
                if edge[:1] == "^"
                else (edge if ":" in edge else f"{edge}:0") in cut.tensors
            )
            if not is_cut and producer not in before and producer in nodes:
                before[producer] = name
                queue.append(producer)
    return []


def _shown(path: Sequence[str]) -> str:
    half = _LONGEST_PATH // 2
    names = list(map(repr, path))
    if len(names) > _LONGEST_PATH:
        left_out = len(names) - 2 * half
        names = [*names[:half], f"({left_out:,} more)", *names[-half:]]
    return " <- ".join(names)


class _Growing:
    """The nodes that stay, closed over what belongs to them.

    Args:
      variant: whose graph it is.
      cut: where the walk of a call ends; state is never fed.
      nodes: what is known to stay; grows.
    """

    def __init__(self, variant: GraphVariant, cut: Cut, nodes: set[str]) -> None:
        self._variant = variant
        self._cut = cut
        self.nodes = nodes
        self.waits: set[str] = set()
        self.lists = StateLists(variant)
        self.contexts = read_contexts(variant.meta_graph)

    def add(self, targets: Iterable[str], *, of_call: bool) -> None:
        """Adds what targets need: of a call, whose inputs are passed, or of the state."""
        known = frozenset(self.nodes)
        cut = self._cut if of_call else NO_CUT
        new = reach(self._variant.nodes, targets, Cut(cut.tensors, known, cut.controls | known))
        check_complete(new.missing)
        self.nodes |= new.nodes
        self.waits |= new.cut_controls

    def close(self) -> None:
        """Adds the state that nodes use, with what gives it its first value, and whole contexts."""
        while True:
            state = list(self.lists.targets(self.nodes))
            members = list(self._members())
            if not state and not members:
                return
            self.add(state, of_call=False)
            self.add(members, of_call=True)

    def _members(self) -> Iterator[str]:
        """Yields the nodes of contexts in use that are not there."""
        for context in touched(self.contexts, self.nodes) if self.contexts else ():
            yield from sorted(name for name in context.nodes - self.nodes if name in self._variant.nodes)


def _placeholders(fed: Iterable[str], nodes: set[str], existing: Mapping[str, Any]) -> dict[str, str]:
    """Tensor that needs a placeholder -> its name: that of its node where no other tensor needs that.

    A tensor whose node stays is fed where it is, as a call of the module may feed any tensor.
    """
    replaced: dict[str, str] = {}
    taken: set[str] = set()
    for tensor in sorted(fed):
        name = node_of(tensor)
        if name in nodes:
            continue
        if name in taken:
            number = int(tensor.rpartition(":")[2])
            base = candidate = f"{name}_{number}"
            while candidate in existing or candidate in taken:
                number += 1
                candidate = f"{base}_{number}"
            name = candidate
        taken.add(name)
        replaced[tensor] = name
    return replaced

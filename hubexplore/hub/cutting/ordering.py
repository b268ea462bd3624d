"""Finds what tensors need, without what is only waited for and has no effect.

TensorFlow 2 makes the results of a function wait for all that is in it, so that a part of one would need the
whole. Where nothing on the way writes, asserts or prints, such an edge changes no value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from hubexplore.hub.graph.contexts import ContextSpec
from hubexplore.hub.graph.plan import close_over_contexts
from hubexplore.hub.variants.graph_variant import GraphVariant
from hubexplore.summary.graph.functions.effects import OpEffects
from hubexplore.summary.graph.traversal import Cut, Reach, downstream, node_of, reach, tensor_of

# In the loops and conds of TF1 a control edge says in which frame or branch a node runs.
_FRAMES: Final = frozenset({"Switch", "RefSwitch", "Enter", "RefEnter"})


@dataclass(frozen=True)
class Needed:
    """What tensors need of a graph.

    Attributes:
      region: the nodes, and where the walk ended.
      contexts: TF1 control-flow contexts that it touches.
      ops: types of the nodes.
    """

    region: Reach
    contexts: tuple[ContextSpec, ...]
    ops: frozenset[str]

    @property
    def has_frames(self) -> bool:
        """Whether there are loops or conds of TF1 in it."""
        return not self.ops.isdisjoint(_FRAMES)


def needed_by(variant: GraphVariant, cut: Cut, targets: list[str]) -> Needed:
    """What targets need of a graph; see `close_over_contexts`.

    Linear in the nodes that are reached.
    """
    region, contexts = close_over_contexts(variant, cut, targets)
    index = variant.nodes
    needed = Needed(region, contexts, frozenset({index[name].op for name in region.nodes}))
    if needed.has_frames or not region.waited:
        return needed
    nodes = {name: index[name] for name in region.nodes}
    effects = OpEffects(variant.library)
    effective = [name for name, node in nodes.items() if effects.of_node(node)]
    # What an effect waits for, such as a read of what it writes, has to come first; and what waits for an
    # effect has to come after it.
    before = reach(nodes, effective, cut).nodes if effective else set()
    after = downstream(nodes, effective, cut) if effective else set()
    return replace(needed, region=_walk(variant, cut, targets, before, after))


def _walk(
    variant: GraphVariant,
    cut: Cut,
    targets: Iterable[str],
    before: Collection[str],
    after: Collection[str],
) -> Reach:
    """The walk of `reach` along data edges, and along those control edges that matter."""
    result = Reach()
    stack = [node_of(target) for target in targets if target not in cut.tensors]
    while stack:
        name = stack.pop()
        if name in result.nodes:
            continue
        if name not in variant.nodes:
            result.missing.add(name)
            continue
        result.nodes.add(name)
        for edge in variant.nodes[name].input:
            producer = node_of(edge)
            if edge[:1] == "^":
                if producer in cut.controls:
                    result.cut_controls.add(producer)
                elif name in before or producer in after:
                    stack.append(producer)
                else:
                    result.cut_controls.add(producer)
            elif tensor_of(edge) in cut.tensors:
                result.cut_tensors.add(tensor_of(edge))
            else:
                stack.append(producer)
    return result

"""Unfolds graphs that are serialized inside of constants and run by an op, and graphs inside of these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.summary.analysis.arguments import Arguments
from hubexplore.summary.analysis.effects import Effect, Effects
from hubexplore.summary.analysis.entries import Entry
from hubexplore.summary.analysis.program import Program, Region
from hubexplore.summary.analysis.reachability import Reachability, Reached
from hubexplore.summary.capabilities.model import Capability
from hubexplore.summary.files import wire
from hubexplore.summary.graph.messages import GraphDef

_DEEPEST: Final = 8
_MOST_GRAPHS: Final = 64  # of a module
_LARGEST: Final = 1 << 26  # bytes of all of them
_REMOTE: Final = "RemoteFusedGraphExecute"
_REMOTE_GRAPH: Final = 1  # field of RemoteFusedGraphExecuteInfo


@dataclass(frozen=True)
class HiddenEffect:
    """What an op of a hidden graph can touch.

    Attributes:
      effect: what.
      region: with the op.
      node: the op.
      reached: how the hidden graph reaches it.
      around: names of the nodes that run the hidden graphs around it, the outermost first.
    """

    effect: Effect
    region: Region
    node: Any
    reached: Reached
    around: tuple[str, ...]


class HiddenGraphs:
    """Looks into the graphs that ops of a module run from constants; bounded together."""

    def __init__(self) -> None:
        self._graphs = 0
        self._bytes = 0

    def look(
        self, program: Program, node: Any, content: bytes, entry: Entry, around: tuple[str, ...] = ()
    ) -> list[HiddenEffect] | None:
        """What a graph can touch that an op runs from a constant; None if it cannot be looked into.

        Args:
          program: with the op.
          node: the op.
          content: the constant.
          entry: what makes the op run.
          around: names of the nodes that run the hidden graphs around the op.
        """
        self._graphs += 1
        self._bytes += len(content)
        if len(around) >= _DEEPEST or self._graphs > _MOST_GRAPHS or self._bytes > _LARGEST:
            return None
        graph = _parsed(node.op, content)
        if graph is None:
            return None
        inner = Program(graph, program)
        if inner.is_harmless:
            return []
        effects = Effects(inner, Arguments(inner, {}))
        # An op that runs a graph runs what its result needs; to say what that is would need each op's rules.
        whole = Entry(entry.trigger, entry.label, tuple(inner.graph.nodes), is_signature=entry.is_signature)
        reached = Reachability(inner).of(whole)
        found: list[HiddenEffect] = []
        names = (*around, node.name)
        for region, risky in reached.nodes:
            for effect in effects.of(region, risky):
                deeper: list[HiddenEffect] | None = None
                if effect.capability is Capability.HIDES and effect.content is not None:
                    deeper = self.look(inner, risky, effect.content, entry, names)
                if deeper is None:
                    found.append(HiddenEffect(effect, region, risky, reached, names))
                else:
                    found += deeper
        return found


def _parsed(op: str, content: bytes) -> Any | None:
    """The graph in a constant; None if it holds none."""
    try:
        if op == _REMOTE:
            content = next(value for value in _messages(content))
        graph = GraphDef.FromString(content)
    except (DecodeError, ValueError, StopIteration):
        return None
    # Nearly any bytes parse as some message; those of a graph have nodes, each with a name and a type.
    is_graph = len(graph.node) > 0 and all(node.name and node.op for node in graph.node)
    return graph if is_graph else None


def _messages(content: bytes) -> Iterator[bytes]:
    for number, value in wire.fields(content):
        if number == _REMOTE_GRAPH and isinstance(value, bytes):
            yield value

"""Says before a conversion which ops the format lacks, one by one, and which cut keeps most of the rest."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from hubexplore.display.wording import counted
from hubexplore.errors import UnconvertibleError
from hubexplore.session.conversion.formats import ONNX, Format
from hubexplore.summary.lookup import find_signature, first_names, named_variant
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.portability import litert, onnx
from hubexplore.summary.portability.cut_advice import CutAdvice, advise, kept_nodes
from hubexplore.summary.portability.obstacles import (
    Obstacle,
    Reason,
    SignatureGraph,
    find_obstacles,
    signature_graph,
)

_MOST_OPS: Final = 12
"""Maximum number of ops that a message names."""
_MOST_CUTS: Final = 8
"""Maximum number of cuts that are tried, each of which leaves out what the last one stranded."""

MSG_LACKS: Final = "The signature {name!r} cannot be converted to {title}, because of {ops}.{cut}{others}"
MSG_OP: Final = "{op} ({reason}): {nodes}"
MSG_CUT: Final = (
    " Cut {them} away, and convert the rest ({kept:,} of {all:,} ops that compute): {code}{command}."
)
MSG_COMMAND: Final = "; in a terminal: {command}"
MSG_NO_CUT: Final = " No cut leaves a part worth converting."
MSG_SELECT: Final = (
    " TensorFlow's own ops in LiteRT (Select TF ops) are not offered, because no runtime for Python has them."
)
MSG_OTHERS: Final = " Signatures that can be converted: signature={names!r}."
_NONE: Final[Mapping[str, Collection[str]]] = {}
REFUSED: Final = "the converter refused it"

Obstacles = tuple[tuple[Obstacle, ...], CutAdvice | None]


def reason_for(wanted: Format, refused: Mapping[str, Collection[str]] = _NONE) -> Reason:
    """Says of a node why it cannot be converted.

    Args:
      wanted: the format.
      refused: types of ops that its converter refused -> the nodes that it named; of an op without nodes, all
        are meant.
    """
    by_format: Callable[[Any], str] = onnx.reason if wanted.name == ONNX else litert.reason

    def reason(node: Any) -> str:
        is_refused = node.op in refused and (not refused[node.op] or node.name in refused[node.op])
        return by_format(node) or (REFUSED if is_refused else "")

    return reason


def find(
    summary: ModuleSummary, tags: Collection[str], names: Collection[str], reason: Reason, wanted: Format
) -> dict[str, Obstacles]:
    """The obstacles of signatures, and a cut past them; only of those that have any.

    Args:
      summary: of the module, with its source.
      tags: of the graph variant.
      names: of signatures.
      reason: of the format.
      wanted: the format.
    """
    found: dict[str, Obstacles] = {}
    for name in names:
        graph = _graph(summary, tags, name)
        if graph is None:  # the converter will say what is wrong with it
            continue
        obstacles, anchors = find_obstacles(graph, _with_stranded(graph, wanted, reason))
        if obstacles:
            found[name] = obstacles, _advice(graph, anchors, wanted)
    return found


def ops_of(summary: ModuleSummary, tags: Collection[str], name: str, beginning: str) -> list[str]:
    """Returns the types of the ops that a signature computes with at each call, in order.

    Args:
      summary: of the module, with its source.
      tags: of the graph variant.
      name: of the signature.
      beginning: of the types that are meant.
    """
    graph = _graph(summary, tags, name)
    if graph is None:
        return []
    obstacles, _ = find_obstacles(graph, lambda node: beginning if node.op.startswith(beginning) else "")
    return sorted(one.op for one in obstacles)


def _graph(summary: ModuleSummary, tags: Collection[str], name: str) -> SignatureGraph | None:
    variant = named_variant(summary, tuple(sorted(tags)))
    meta_graph = summary.source.meta_graphs.get(variant.tags) if summary.source is not None else None
    signature = find_signature(variant, name)
    return None if signature is None or meta_graph is None else signature_graph(meta_graph, signature)


def _with_stranded(graph: SignatureGraph, wanted: Format, reason: Reason) -> Reason:
    """A reason that knows the nodes that the whole signature strands, too."""
    stranded = frozenset(_stranded(graph, graph.nodes, wanted))
    if not stranded:
        return reason
    return lambda node: reason(node) or (onnx.NO_LOOKUP if node.name in stranded else "")


def _stranded(graph: SignatureGraph, kept: Collection[str], wanted: Format) -> list[str]:
    """Names of the nodes that cannot be converted without others, which are not among those that are kept."""
    return onnx.sizes_without_lookup(graph.nodes, kept) if wanted.name == ONNX else []


def _advice(graph: SignatureGraph, anchors: Collection[str], wanted: Format) -> CutAdvice | None:
    """A cut whose rest can be converted: what needs a node that is cut away goes with it."""
    for _ in range(_MOST_CUTS):
        advice = advise(graph, anchors)
        if advice is None:
            return None
        stranded = set(_stranded(graph, kept_nodes(graph, advice), wanted)) - set(anchors)
        if not stranded:
            return advice
        anchors = {*anchors, *stranded}
    return None


def refusal(
    found: Mapping[str, Obstacles], names: Collection[str], wanted: Format, title: str | None
) -> UnconvertibleError:
    """The error about the first signature with obstacles.

    Args:
      found: see `find`; not empty.
      names: of all signatures that were asked for.
      wanted: the format.
      title: of the module, as it was opened; None if a terminal cannot open it.
    """
    name, (obstacles, advice) = next(iter(found.items()))
    texts = [MSG_OP.format(op=one.op, reason=one.reason, nodes=_nodes(one)) for one in obstacles[:_MOST_OPS]]
    if len(obstacles) > _MOST_OPS:
        texts.append(counted(len(obstacles) - _MOST_OPS, "more op"))
    cut = MSG_NO_CUT if wanted.name == ONNX else MSG_NO_CUT + MSG_SELECT
    if advice is not None:
        cut = MSG_CUT.format(
            them="it" if sum(one.count for one in obstacles) == 1 else "them",
            kept=advice.kept,
            all=advice.kept + advice.lost,
            code=_code(advice, name),
            command="" if title is None else MSG_COMMAND.format(command=_command(advice, name, title)),
        )
    rest = [other for other in names if other not in found]
    others = MSG_OTHERS.format(names=rest) if rest else ""
    error = UnconvertibleError(
        MSG_LACKS.format(name=name, title=wanted.title, ops="; ".join(texts), cut=cut, others=others)
    )
    error.ops = tuple(one.op for one in obstacles)
    if advice is not None:
        error.cut = {"inputs": dict(advice.inputs), "outputs": dict(advice.outputs), "of": name}
    return error


def _nodes(obstacle: Obstacle) -> str:
    more = obstacle.count - len(obstacle.nodes)
    return first_names(obstacle.nodes, 2 if more else 3) + (f" ({obstacle.count:,} in all)" if more else "")


def _code(advice: CutAdvice, name: str) -> str:
    return f"spec.cut(inputs={dict(advice.inputs)!r}, outputs={dict(advice.outputs)!r}, of={name!r})"


def _command(advice: CutAdvice, name: str, title: str) -> str:
    inputs = [f"--input {shlex.quote(f'{key}={tensor}')}" for key, tensor in advice.inputs.items()]
    outputs = [f"--output {shlex.quote(f'{key}={tensor}')}" for key, tensor in advice.outputs.items()]
    return " ".join(
        ["hubexplore cut", shlex.quote(title), "PART", *inputs, *outputs, "--of", shlex.quote(name)]
    )

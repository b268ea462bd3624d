"""Which ops use a variable, as which of their inputs, and how its dimensions are laid out there.

Layouts have a letter for each dimension: N batch, D H W the places of a kernel, I and O channels in and out,
M the multiplier of a depthwise convolution, V rows of a vocabulary, E numbers of an embedding. Sources: the
documentation of the ops in tensorflow/core/api_def, and of the layers in torch.nn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import DamagedModuleError
from hubexplore.summary.graph.functions.inlining import inline
from hubexplore.summary.graph.traversal import calls_of_attr, node_of

MOST_USES: Final = 8
"""Maximum number of uses that are kept of one variable."""
_MOST_BODIES: Final = 10_000
"""Maximum number of function bodies that are followed, each once for each argument."""

# What hands a variable on as it is.
_PASSED: Final = frozenset({
    "Identity", "ReadVariableOp", "Enter", "RefEnter", "RefIdentity", "Switch", "RefSwitch", "Cast",
    "StopGradient", "PlaceholderWithDefault", "Snapshot", "ExpandDims", "ConcatV2",
})  # fmt: skip
_WRITES: Final = frozenset({
    "Assign", "AssignVariableOp", "AssignAdd", "AssignSub", "AssignAddVariableOp", "AssignSubVariableOp",
    "SaveV2", "RestoreV2", "VarIsInitializedOp", "IsVariableInitialized", "VariableShape", "Shape", "NoOp",
    "MergeV2Checkpoints",
})  # fmt: skip
_BRANCHING: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})


@dataclass(frozen=True)
class Role:
    """What an input of an op is.

    Attributes:
      name: in words.
      layout: of its dimensions.
      layer: of torch.nn whose parameter it corresponds to; empty for none.
      permute: the order in which that parameter has the dimensions; empty for the same.
    """

    name: str
    layout: str = ""
    layer: str = ""
    permute: tuple[int, ...] = ()


_BATCH_NORM: Final = {
    1: Role("scale", "O", "BatchNorm.weight"),
    2: Role("offset", "O", "BatchNorm.bias"),
    3: Role("mean", "O", "BatchNorm.running_mean"),
    4: Role("variance", "O", "BatchNorm.running_var"),
}
_EMBEDDING: Final = {0: Role("embedding", "VE", "Embedding.weight")}
ROLES: Final[Mapping[str, Mapping[int, Role]]] = {
    "Conv2D": {1: Role("kernel", "HWIO", "Conv2d.weight", (3, 2, 0, 1))},
    "Conv3D": {1: Role("kernel", "DHWIO", "Conv3d.weight", (4, 3, 0, 1, 2))},
    # PyTorch has I*M channels out, in groups of one: reshape it to (I*M, 1, H, W) after the permutation.
    "DepthwiseConv2dNative": {1: Role("depthwise kernel", "HWIM", "Conv2d.weight", (2, 3, 0, 1))},
    "Conv2DBackpropInput": {1: Role("transposed kernel", "HWOI", "ConvTranspose2d.weight", (3, 2, 0, 1))},
    "Conv3DBackpropInputV2": {
        1: Role("transposed kernel", "DHWOI", "ConvTranspose3d.weight", (4, 3, 0, 1, 2))
    },
    "MatMul": {0: Role("left matrix"), 1: Role("kernel", "IO", "Linear.weight", (1, 0))},
    "BatchMatMul": {0: Role("left matrix"), 1: Role("kernel", "IO")},
    "BatchMatMulV2": {0: Role("left matrix"), 1: Role("kernel", "IO")},
    "BatchMatMulV3": {0: Role("left matrix"), 1: Role("kernel", "IO")},
    "BiasAdd": {1: Role("bias", "O", "bias")},
    "FusedBatchNorm": _BATCH_NORM,
    "FusedBatchNormV2": _BATCH_NORM,
    "FusedBatchNormV3": _BATCH_NORM,
    "Gather": _EMBEDDING,
    "GatherV2": _EMBEDDING,
    "ResourceGather": _EMBEDDING,
    "GatherNd": _EMBEDDING,
    "ResourceGatherNd": _EMBEDDING,
    "SparseSegmentMean": _EMBEDDING,
    "SparseSegmentSqrtN": _EMBEDDING,
    "SparseSegmentSum": _EMBEDDING,
    "Add": {0: Role("addend"), 1: Role("addend")},
    "AddV2": {0: Role("addend"), 1: Role("addend")},
    "Sub": {0: Role("minuend"), 1: Role("subtrahend")},
    "Mul": {0: Role("factor"), 1: Role("factor")},
}  # fmt: skip
# What the numbers of a kernel mean depends on these.
_TOLD: Final = (
    "strides", "padding", "dilations", "data_format", "explicit_paddings", "transpose_a", "transpose_b",
    "adj_x", "adj_y", "epsilon", "equation", "axis",
)  # fmt: skip


@dataclass(frozen=True)
class Use:
    """A use of a variable.

    Attributes:
      op: type of the op.
      node: its name, in the graph whose calls of functions are inlined.
      input: which of its inputs, from 0.
      role: what that input is.
      attributes: those that say what it means.
    """

    op: str
    node: str
    input: int
    role: Role
    attributes: Mapping[str, Any]


def variable_uses(meta_graph: Any, nodes: Iterable[str]) -> dict[str, tuple[Use, ...]]:
    """Finds what uses variables.

    Args:
      meta_graph: MetaGraphDef-shaped message.
      nodes: names of nodes of variables, or of constants that are weights.

    Returns:
      Name of a node -> its uses, ops of known roles first; linear in the edges that lead away from each.
    """
    graph = meta_graph.graph_def
    try:
        flat = inline(graph).nodes
    except DamagedModuleError:  # what is in its functions stays unknown
        flat = list(graph.node)
    followed = _Followed({function.signature.name: function for function in graph.library.function})
    consumers = _consumers(flat)
    return {name: _best(followed.uses(consumers, name)) for name in nodes if name}


Consumers = Mapping[str, list[tuple[Any, int]]]


def _consumers(nodes: Iterable[Any]) -> dict[str, list[tuple[Any, int]]]:
    """Name -> the nodes that have an output of it as an input, and which one."""
    found: dict[str, list[tuple[Any, int]]] = {}
    for node in nodes:
        for position, edge in enumerate(node.input):
            if edge[:1] != "^":
                found.setdefault(node_of(edge), []).append((node, position))
    return found


class _Followed:
    """Follows variables through ops that hand them on, and into the bodies of functions."""

    def __init__(self, library: Mapping[str, Any]) -> None:
        self._library = library
        self._bodies: dict[str, Consumers] = {}
        self._known: dict[tuple[str, int], tuple[Use, ...]] = {}

    def uses(self, consumers: Consumers, name: str) -> list[Use]:
        found: list[Use] = []
        stack = [name]
        seen = {name}
        while stack:
            for node, position in consumers.get(stack.pop(), ()):
                if node.op in _WRITES:
                    continue
                if node.op in _PASSED:
                    if node.name not in seen:
                        seen.add(node.name)
                        stack.append(node.name)
                    continue
                inner = [use for body, at in _bodies(node, position) for use in self._in_body(body, at)]
                found += inner or [_use(node, position)]
        return found

    def _in_body(self, function: str, argument: int) -> tuple[Use, ...]:
        key = function, argument
        if key not in self._known:
            # A function that calls itself adds no use.
            self._known[key] = ()
            body = self._library.get(function)
            if body is None or argument >= len(body.signature.input_arg) or len(self._known) > _MOST_BODIES:
                return ()
            if function not in self._bodies:
                self._bodies[function] = _consumers(body.node_def)
            name = body.signature.input_arg[argument].name
            self._known[key] = tuple(self.uses(self._bodies[function], name))
        return self._known[key]


def _bodies(node: Any, position: int) -> Iterator[tuple[str, int]]:
    """The functions that a node runs, and which of their arguments an input is."""
    # The first input of a condition is not an argument of its branches.
    argument = position - 1 if node.op in _BRANCHING else position
    if argument < 0:
        return
    for attribute in node.attr.values():
        for call in calls_of_attr(attribute):
            yield call.name, argument


def _use(node: Any, position: int) -> Use:
    role = ROLES.get(node.op, {}).get(position, Role("input"))
    if node.op == "MatMul" and position == 1 and node.attr["transpose_b"].b:
        role = Role("kernel", "OI", "Linear.weight")
    if node.op.startswith("BatchMatMul") and position == 1 and node.attr["adj_y"].b:
        role = Role("kernel", "OI")
    attributes = {name: _plain(node.attr[name]) for name in _TOLD if name in node.attr}
    return Use(node.op, node.name, position, role, attributes)


def _plain(attr: Any) -> Any:
    """The value of an attribute as JSON holds it."""
    kind = attr.WhichOneof("value")
    if kind == "s":
        return attr.s.decode("utf-8", "replace")
    if kind == "list":
        return list(attr.list.i or attr.list.f)
    return getattr(attr, kind) if kind in ("i", "f", "b") else None


def _best(uses: Iterable[Use]) -> tuple[Use, ...]:
    distinct = {(use.op, use.node, use.input): use for use in uses}.values()
    # Sums and products use what is something else elsewhere, as the weights of a penalty. In a graph with
    # gradients, that of a convolution has its kernel too.
    ordered = sorted(
        distinct, key=lambda use: (not use.role.layout, "Backprop" in use.op, use.role.name == "input")
    )
    return tuple(ordered[:MOST_USES])

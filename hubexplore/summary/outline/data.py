"""What a diagram shows: boxes, groups and edges. Names are those of the module, not escaped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.model import Shape

INPUT: Final = "input"
OUTPUT: Final = "output"
SCOPE: Final = "scope"
SERIES: Final = "series"
ALIKE: Final = "alike"
MORE: Final = "more"
OP: Final = "op"
VARIABLE: Final = "variable"
TABLE: Final = "table"
ASSET: Final = "asset"
FUNCTION: Final = "function"
CONSTANT: Final = "constant"
MISSING: Final = "missing"


@dataclass(frozen=True)
class Weight:
    """A variable in a box: name, dtype, shape, and number of its elements (None if unknown)."""

    name: str
    dtype: str
    shape: Shape
    parameters: int | None


@dataclass(frozen=True)
class Box:
    """One box of a diagram.

    Attributes:
      name: path of the node or scope; name in the signature for inputs and outputs.
      label: the name without the part that it shares with its group.
      kind: INPUT, OUTPUT, SCOPE, SERIES (numbered repeats), ALIKE (similar parts side by side), MORE (parts
        that did not fit), OP, VARIABLE, TABLE, ASSET, FUNCTION (the body of a call), CONSTANT, or MISSING (a
        node that the graph refers to but lacks).
      group: position of its group in the outline; None at the top.
      ops: (op type, count) of its nodes, the most telling first; of a series, those of all repeats together.
      nodes: number of nodes that it stands for, hidden ones included.
      weights: variables that only this box reads, or the variable itself.
      dtype: dtype of its output if it has one tensor as output; else empty.
      shape: shape of its output; None if unknown.
      repeats: number of repeats of a series, or of similar parts; 1 for others.
      function: name of the function whose body it is; else empty.
      note: further facts as text.
      danger: what an op in it can touch outside of the module; empty if that is nothing.
      paths: what the paths of its ops begin with ("layer_0/", "layer_1/"); of a single op its whole path and
        a colon, which no name has. Empty for boxes that stand for no ops.
    """

    name: str
    label: str
    kind: str
    group: int | None = None
    ops: tuple[tuple[str, int], ...] = ()
    nodes: int = 1
    weights: tuple[Weight, ...] = ()
    dtype: str = ""
    shape: Shape = None
    repeats: int = 1
    function: str = ""
    note: str = ""
    danger: str = ""
    paths: tuple[str, ...] = field(default=(), repr=False)

    @property
    def parameters(self) -> int:
        """Number of elements of its variables."""
        return sum(weight.parameters or 0 for weight in self.weights)


@dataclass(frozen=True)
class Group:
    """An unfolded scope.

    Attributes:
      name: path of the scope.
      label: the name without the part that it shares with its parent.
      parent: position of the group around it; None at the top.
      nodes: number of nodes that its boxes stand for.
      parameters: number of elements of the variables of its boxes.
      function: name of the function whose body it is; else empty.
      danger: whether a box with a danger is in it.
    """

    name: str
    label: str
    parent: int | None
    nodes: int
    parameters: int
    function: str = ""
    danger: bool = False


@dataclass(frozen=True)
class Edge:
    """Tensors that flow from one box to another.

    Attributes:
      source: position of the box that they leave.
      target: position of the box that they enter.
      dtype: their dtype; empty if it is unknown, or if tensors differ.
      shape: their shape; None if the rank is unknown, or if tensors differ.
      tensors: how many there are.
      danger: whether it is on the way from a box with a danger to an output.
    """

    source: int
    target: int
    dtype: str
    shape: Shape
    tensors: int = 1
    danger: bool = False


@dataclass(frozen=True)
class Outline:
    """A graph, or what a signature needs of it, as boxes.

    Attributes:
      signature: name of the signature; None for all together.
      tags: tags of the variant, sorted.
      boxes: the boxes, in the order in which values flow.
      groups: the unfolded scopes; a group comes after its parent.
      edges: the edges, ordered by source, then target.
      nodes: number of nodes of the slice, inlined function bodies included.
      hidden: how many of these are in no box: constants, shape arithmetic, reads.
      warnings: sentences about what is wrong or was left out.
    """

    signature: str | None
    tags: tuple[str, ...]
    boxes: tuple[Box, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    nodes: int
    hidden: int
    warnings: tuple[str, ...] = ()

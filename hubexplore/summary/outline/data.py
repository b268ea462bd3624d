"""What a diagram shows, as facts: boxes, groups and edges. Names are as strangers wrote them."""

from __future__ import annotations

from dataclasses import dataclass
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
    """A variable in a box: its name, dtype, shape, and how many numbers it holds (None where unknown)."""

    name: str
    dtype: str
    shape: Shape
    parameters: int | None


@dataclass(frozen=True)
class Box:
    """One box of a picture.

    Attributes:
      name: path of the node or scope; name in the signature for inputs and outputs.
      label: the name without what it shares with its group.
      kind: INPUT, OUTPUT, SCOPE, SERIES (numbered repeats), ALIKE (the like side by side), MORE (what did not
        fit), OP, VARIABLE, TABLE, ASSET, FUNCTION (the body of a call), CONSTANT, or MISSING (the graph
        refers to it but lacks it).
      group: position of its group in the outline; None at the top.
      ops: (type, count) in it, the telling ones first; of all repeats of a series together.
      nodes: how many nodes it stands for; those that step aside in it included.
      weights: variables that only this box reads, or the variable itself.
      dtype: of what it gives, where that is one tensor; else empty.
      shape: of it.
      repeats: of a series, or how many are alike; 1 for others.
      function: name of the function whose body it is; else empty.
      note: what else is worth knowing, in words.
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

    @property
    def parameters(self) -> int:
        """Numbers in its variables."""
        return sum(weight.parameters or 0 for weight in self.weights)


@dataclass(frozen=True)
class Group:
    """An unfolded scope; `parent` is the position of the group around it."""

    name: str
    label: str
    parent: int | None
    nodes: int
    parameters: int
    function: str = ""


@dataclass(frozen=True)
class Edge:
    """Tensors from one box to another, by position.

    `dtype` is empty where it is unknown or differs; `shape` is None then, or where the rank is unknown.
    """

    source: int
    target: int
    dtype: str
    shape: Shape
    tensors: int = 1


@dataclass(frozen=True)
class Outline:
    """A graph, or what a signature needs of it, as boxes.

    Attributes:
      signature: its name; None for all together.
      tags: of the variant, sorted.
      boxes: in the order in which values flow.
      groups: unfolded scopes, outer ones first.
      edges: ordered by source, then target.
      nodes: of the slice, with bodies of functions.
      aside: of these, the ones in no box: constants, shape arithmetic, reads.
      warnings: what is wrong or was left out: sentences.
    """

    signature: str | None
    tags: tuple[str, ...]
    boxes: tuple[Box, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    nodes: int
    aside: int
    warnings: tuple[str, ...] = ()

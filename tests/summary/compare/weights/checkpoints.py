"""Checkpoints that are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from hubexplore.summary.compare.weights.changes import Side, compare_weights, plan
from hubexplore.summary.compare.weights.records import VariableChange, WeightChanges
from hubexplore.summary.source import Source
from hubexplore.summary.weights.checkpoint_index import shard_name
from tests.summary.checkpoints import variables_of, weights_at

Numbers = npt.NDArray[Any]
Tensors = Mapping[str, object]


def side(prefix: str, filesystem: Any = None) -> Side:
    weights = weights_at(prefix, filesystem)
    return Side(Path(prefix).name, tuple(variables_of(weights)), Source({}, weights))


def compared(first: str, second: str) -> WeightChanges:
    return compare_weights(plan(side(first), side(second)))


Compare = Callable[..., WeightChanges]


def only(changes: WeightChanges) -> VariableChange:
    (change,) = changes.variables
    return change


def flip(prefix: str, position: int) -> None:
    path = Path(shard_name(prefix, 0, 1))
    data = bytearray(path.read_bytes())
    data[position] ^= 0x40
    path.write_bytes(data)

"""Two checkpoints that are written and compared."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from hubexplore.errors import DamagedModuleError, HubError, UnreadableModuleError
from hubexplore.summary.compare.weights import pieces, reading, texts
from hubexplore.summary.compare.weights.changes import Side, compare_weights, plan
from hubexplore.summary.compare.weights.reading import read_changes
from hubexplore.summary.compare.weights.records import VariableChange, WeightChanges
from hubexplore.summary.compare.weights.scopes import scope_changes
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.source import Source
from hubexplore.summary.weights.checkpoint_index import shard_name
from tests.summary.checkpoints import merge, save, variables_of, weights_at
from tests.summary.compare.weights.checkpoints import Compare, Tensors, compared
from tests.work import memory_below


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Writes two checkpoints and compares them."""

    def run(
        first: Tensors,
        second: Tensors,
        slices: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
    ) -> WeightChanges:
        return compared(
            save(tmp_path / "first", first, slices[0]), save(tmp_path / "second", second, slices[1])
        )

    return run

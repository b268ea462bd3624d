"""Two checkpoints that are written and compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hubexplore.summary.compare.weights.records import WeightChanges
from tests.summary.checkpoints import save
from tests.summary.compare.weights.checkpoints import Compare, Tensors, compared


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

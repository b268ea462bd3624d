"""A Predictor in Ray Data, in an environment that has Ray: `pip install 'ray[data]'`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hubexplore as hub

ray = pytest.importorskip("ray", reason="Ray is not one of the packages of the checks")


@pytest.mark.filterwarnings("ignore")  # of Ray's own, which change with each release
def test_batches_of_a_dataset(dense_path: Path, vectors: Any) -> None:
    predictor = hub.Predictor(dense_path, outputs=["total"])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        data = ray.data.from_items([{"x": row, "number": number} for number, row in enumerate(vectors)])
        result = data.map_batches(predictor, batch_format="numpy", batch_size=20)
        totals = sorted(row["total"] for row in result.take_all())
    finally:
        ray.shutdown()
    np.testing.assert_allclose(totals, sorted(vectors.sum(1)), rtol=1e-6)

"""Data of known shape for the tests of the lens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def clusters() -> pd.DataFrame:
    """120 rows in three groups of vectors; the scores of group 2 are wrong for long texts."""
    random = np.random.default_rng(1)
    labels = np.arange(120) % 3
    vectors = np.eye(5)[labels] * 8 + random.normal(size=(120, 5))
    length = np.where(np.arange(120) % 2, 30, 5)
    predicted = np.where((labels == 2) & (length == 30), 0, labels)
    scores = np.full((120, 3), 0.1)
    scores[np.arange(120), predicted] = 0.8
    return pd.DataFrame(
        {
            "text": ["x" * size for size in length],
            "size": length.astype(float) + random.uniform(size=120),
            "label": labels,
            "vector": list(vectors.astype(np.float32)),
            "scores": list(scores.astype(np.float32)),
        },
        index=[f"row {at}" for at in range(120)],
    )

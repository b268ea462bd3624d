"""Generators of random numbers that the tests of a file share."""

from __future__ import annotations

import numpy as np
import pytest

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_begins_with_the_same_numbers(time: str) -> None:
    assert RANDOM.random() == np.random.default_rng(0).random()

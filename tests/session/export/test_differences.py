"""How far two results are apart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.session.export.differences import Assets, difference

tf1 = tf.compat.v1


def _sparse(column: int, value: float) -> Any:
    return tf1.SparseTensorValue(np.array([[0, column]]), np.array([value]), np.array([1, 3]))


def _ragged(rows: list[list[Any]]) -> Any:
    return tf1.ragged.constant_value(rows)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (np.float32(1), np.float32(1.5), 0.5),
        ([np.nan, np.inf, -np.inf], [np.nan, np.inf, -np.inf], 0),
        ([np.nan], [0.0], math.inf),
        ([np.inf], [-np.inf], math.inf),
        ([], [], 0),
        ([1.0], [[1.0]], math.inf),
        ([1.0], [1], math.inf),
        ([True, False], [True, True], 1),
        ([2**53], [2**53 + 1], 1),
        (np.array([1], np.uint8), np.array([2], np.uint8), 1),
        (np.array([0], np.uint64), np.array([2**64 - 1], np.uint64), 2**64),
        ([1j], [3 + 1j], 3),
        ([b"a", b"b"], [b"a", b"b"], 0),
        ([b"a"], [b"b"], math.inf),
        (b"a", np.array(b"a", object), 0),
        (b"a", b"b", math.inf),
        (b"a\0", np.array(b"a", object), math.inf),
        (np.array([1.5], tf.bfloat16.as_numpy_dtype), np.array([2.0], tf.bfloat16.as_numpy_dtype), 0.5),
        (_sparse(1, 2.0), _sparse(1, 3.0), 1),
        (_sparse(1, 2.0), _sparse(2, 2.0), math.inf),
        (_ragged([[1], [2, 3]]), _ragged([[1], [2, 5]]), 2),
        (_ragged([[1], [2, 3]]), _ragged([[1, 2], [3]]), math.inf),
        (_ragged([[1], [2, 3]]), [1, 2, 3], math.inf),
    ],
)
def test_differences(first: Any, second: Any, expected: float) -> None:
    own, other = (
        np.asarray(value) if isinstance(value, (list, np.generic)) else value for value in (first, second)
    )
    assert difference(own, other) == expected
    assert difference(own, own) == 0


def test_paths_of_files(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "ab", tmp_path / "other"]
    for file, content in zip(files, ("same", "same", "not the same"), strict=True):
        file.write_text(content)
    first, second, other = (str(file).encode() for file in files)
    own, its, wrong = Assets([first]), Assets([first, second]), Assets([other])
    assert difference(np.array(first), np.array(second), own, its) == 0
    assert difference(np.array(first + b".x"), np.array(second + b".x"), own, its) == 0
    assert difference(np.array(first), np.array(other), own, wrong) == math.inf
    assert difference(np.array(first), np.array(second)) == math.inf

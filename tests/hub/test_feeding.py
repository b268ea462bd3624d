"""Values as arrays: what a notebook session takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.hub.feeding import Feeds
from hubexplore.hub.tensor_info import TensorInfo


def feeds(dtype: tf.DType) -> Feeds:
    return Feeds("default", {"x": TensorInfo(tf.TensorSpec([None], dtype), ("x:0",))})


@pytest.mark.parametrize("value", [1.5, -1.0, 256.0, 1e30, float("inf"), float("nan")])
def test_a_number_that_is_not_whole_is_not_cut(value: float) -> None:
    assert feeds(tf.uint8).arrays([255.0])[0].tolist() == [255]
    with pytest.raises(SignatureError, match=r"uint8 cannot hold.*\.astype\('uint8'\)"):
        feeds(tf.uint8).arrays([value])


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.uint64])
def test_the_largest_numbers(dtype: tf.DType) -> None:
    limit = float(2 ** (dtype.size * 8 - (not dtype.is_unsigned)))
    below = np.nextafter(limit, 0.0) if dtype.size == 8 else limit - 1.0
    assert feeds(dtype).arrays([below])[0].tolist() == [int(below)]
    with pytest.raises(SignatureError, match="cannot hold"):
        feeds(dtype).arrays([limit])


@pytest.mark.parametrize("value", [[2**70], ["1"], [1 + 2j], [None], [1, "x"]])
def test_what_is_not_a_number(value: Any) -> None:
    with pytest.raises(SignatureError, match="Input 'x'"):
        feeds(tf.int64).arrays(value)

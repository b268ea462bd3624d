"""Values as arrays: what a notebook session takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from hubexplore.errors import SignatureError, TooLargeError
from hubexplore.hub.running.feeds import Feeds
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


def test_a_single_row_is_to_be_put_in_a_list() -> None:
    with pytest.raises(SignatureError, match=r"shape \(\)\. .*put a single row in a list, as in \['hello'\]"):
        feeds(tf.string).arrays("hello")
    with pytest.raises(SignatureError, match=r"as in \[value\]"):
        feeds(tf.string).arrays("hello" * 100)
    with pytest.raises(SignatureError, match=r"shape \(1, 1\)\.$"):
        feeds(tf.string).arrays([["hello"]])


def of(*names: str) -> Feeds:
    """Feeds of several numbers each."""
    infos = {name: TensorInfo(tf.TensorSpec([None], tf.float32), (f"{name}:0",)) for name in names}
    return Feeds("default", infos)


def test_columns_go_by_name_not_by_place() -> None:
    frame = pd.DataFrame({"b": [1.0], "a": [2.0]})
    assert [array.tolist() for array in of("a", "b").arrays(frame)] == [[2.0], [1.0]]


def test_columns_of_one_name_are_not_taken_for_a_matrix() -> None:
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "b", "a"])
    with pytest.raises(SignatureError, match=r"several columns called 'a'.*columns\.duplicated"):
        of("a", "b").arrays(frame)


def test_a_name_that_reads_like_the_one_that_is_missing_is_spelled_out() -> None:
    with pytest.raises(
        SignatureError, match=r"inputs \['a', 'caf\\xe9'\]; missing: \['caf\\xe9'\]"
    ) as caught:
        of("a", "caf\u00e9").arrays({"a": [1.0], "cafe\u0301": [1.0]})
    assert r"unknown: ['cafe\u0301']" in str(caught.value)


def ragged(rank: int, inner: list[int]) -> Feeds:
    shape = [None] * (rank + 1) + inner
    spec = tf.RaggedTensorSpec(shape, tf.float32, rank, tf.int64)
    names = tuple(f"x{part}:0" for part in range(rank + 1))
    return Feeds("default", {"x": TensorInfo(spec, names)})


@pytest.mark.parametrize("wanted", [feeds(tf.int32), feeds(tf.bfloat16), ragged(1, []), ragged(2, [3])])
def test_more_than_any_memory_holds(wanted: Feeds) -> None:
    shape = [2**50, *[1] * 2, 3][: 1 if wanted.infos["x"].kind == "dense" else None]
    value = np.broadcast_to(np.float64(1.0), shape)  # which itself has eight bytes
    with pytest.raises(TooLargeError, match=r"'x'.*not enough memory"):
        wanted.arrays(value)


@pytest.mark.parametrize(
    ("rank", "shape"), [(1, (2, 3)), (1, (0, 3)), (1, (2, 0)), (2, (2, 3, 4)), (2, (0, 0, 4))]
)
@pytest.mark.parametrize("inner", [[], [2]])
def test_rows_of_one_length_are_ragged_as_well(rank: int, shape: tuple[int, ...], inner: list[int]) -> None:
    value = np.arange(np.prod([*shape, *inner]), dtype=np.float64).reshape(*shape, *inner)
    flat, *splits = ragged(rank, inner).arrays(value)
    assert (flat.dtype, flat.shape[1:]) == (np.float32, tuple(inner))
    rows = tf.compat.v1.ragged.RaggedTensorValue(flat, splits[-1])
    for row_splits in reversed(splits[:-1]):
        rows = tf.compat.v1.ragged.RaggedTensorValue(rows, row_splits)
    assert rows.to_list() == value.tolist()

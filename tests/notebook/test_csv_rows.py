"""Comma-separated rows become the arrays of inputs by the converter that typed text and files use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.errors import SignatureError
from hubexplore.notebook.magics import csv_rows


def array(text: str, dtype: str, shape: list[int | None] | None) -> Any:
    info = SimpleNamespace(kind="dense", dtype=tf.as_dtype(dtype), get_shape=lambda: tf.TensorShape(shape))
    return csv_rows.inputs(text, {"x": info})["x"]


@pytest.mark.parametrize(
    ("text", "dtype", "shape", "expected"),
    [
        ("1.0\n2e0", "int64", [None], np.array([1, 2], np.int64)),
        (str(2**63 - 1), "int64", [None], np.array([2**63 - 1], np.int64)),
        ("-0.0\n1e-3", "float64", [None], np.array([-0.0, 1e-3])),
        ("1,0\ntrue,no", "bool", [None, 2], np.array([[True, False]] * 2)),
        ("a b,c\nd,", "string", None, np.array([[b"a b", b"c"], [b"d", b""]], object)),
        ("1,2,3,4,5,6", "float32", [None, None, 3], np.arange(1, 7, dtype=np.float32).reshape(1, 2, 3)),
    ],
)
def test_values(text: str, dtype: str, shape: list[int | None] | None, expected: Any) -> None:
    value = array(text, dtype, shape)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(value, expected)
    if dtype == "float64":
        assert np.signbit(value).tolist() == np.signbit(expected).tolist()


@pytest.mark.parametrize(
    ("text", "dtype", "shape", "message"),
    [
        ("1,2,3\n4,5,6", "float32", [None, 2, 3], "rows of 3 values do not fill"),
        ("1", "float32", [None, None, 3], "rows of 1 values do not fill"),
        ("1,2,3", "float32", [2, 3], "found 1 row of 3"),
        ("1.5", "int32", [None], "row 1: found '1.5', expected a whole number"),
        ("x\n", "float32", [None, 8], "no rows below its row of names"),
        ("1", "resource", [None], "of dtype resource"),
    ],
)
def test_errors(text: str, dtype: str, shape: list[int | None], message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        array(text, dtype, shape)

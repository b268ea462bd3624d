"""Sums over pairs of numbers: against numbers worked out by hand, and against NumPy in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubexplore.summary.compare.weights import sums as subject
from hubexplore.summary.compare.weights.sums import Scaled, Summing, Sums
from hubexplore.summary.dtypes import STORED, WIDTHS

Numbers = npt.NDArray[Any]


def summed(dtype: str, first: Numbers, second: Numbers, piece: int = 1 << 12) -> Sums:
    sums, summing = Sums(), Summing()
    # Copies: what is added may be overwritten.
    one, other = (np.array(side, order="C").view(np.uint8).ravel() for side in (first, second))
    with np.errstate(all="ignore"):
        for start in range(0, len(one), piece):
            summing.add(sums, dtype, WIDTHS[dtype], one[start : start + piece], other[start : start + piece])
    return sums


def test_by_hand() -> None:
    # (3, 4) to (3, 0): the difference is (0, -4), the norm 4 of 5, the cosine 9 / (5 * 3).
    sums = summed("float32", np.array([3, 4], "<f4"), np.array([3, 0], "<f4"))
    assert (sums.changed, sums.compared) == (1, 2)
    assert (sums.difference.root, sums.first.root, sums.second.root) == (4.0, 5.0, 3.0)
    assert sums.relative == pytest.approx(0.8)
    assert sums.cosine == pytest.approx(0.6)


def test_complex_numbers_by_hand() -> None:
    # 3+4i to 3-4i: the difference is -8i; the real part of (3+4i)(3+4i) is 9 - 16.
    sums = summed("complex64", np.array([3 + 4j, 1], "<c8"), np.array([3 - 4j, 1], "<c8"))
    assert (sums.changed, sums.compared) == (1, 2)
    assert sums.difference.root == 8.0
    assert sums.cosine == pytest.approx((-7 + 1) / 26)


def test_nan_and_infinity() -> None:
    nan, inf = math.nan, math.inf
    first = np.array([nan, nan, inf, 1, 2, -inf], "<f4")
    second = np.array([nan, 5, 3, -inf, 4, -inf], "<f4")
    sums = summed("float32", first, second)
    assert (sums.nans, sums.infs) == ([2, 1], [2, 2])
    # NaN to NaN, and -inf to -inf, did not change; only 2 -> 4 is finite on both sides.
    assert (sums.changed, sums.compared) == (4, 1)
    assert (sums.difference.root, sums.first.root) == (2.0, 2.0)


def test_a_complex_number_is_nan_once() -> None:
    first = np.array([complex(math.nan, math.inf), complex(0, math.inf), 1], "<c8")
    sums = summed("complex64", first, np.array([1, 1, 1], "<c8"))
    assert (sums.nans, sums.infs, sums.compared, sums.changed) == ([1, 0], [1, 0], 1, 2)


def test_zeros_of_either_sign_are_equal() -> None:
    sums = summed("float32", np.array([0.0, -0.0, 1], "<f4"), np.array([-0.0, 0.0, 1], "<f4"))
    assert (sums.changed, sums.relative) == (0, 0.0)


def test_zero_has_no_relative_change() -> None:
    sums = summed("float32", np.zeros(5, "<f4"), np.ones(5, "<f4"))
    assert (sums.relative, sums.cosine, sums.changed) == (None, None, 5)
    assert sums.difference.root == pytest.approx(math.sqrt(5))
    sums = summed("float32", np.zeros(5, "<f4"), np.zeros(5, "<f4"))
    assert (sums.relative, sums.changed, sums.compared, sums.difference.root) == (None, 0, 5, 0.0)


@pytest.mark.parametrize("size", [1e-45, 1e-30, 1e-20, 8.9e18, 9.9e18, 1.3e19, 1e25, 3e38])
def test_squares_of_float32_neither_vanish_nor_overflow(size: float) -> None:
    first = np.array([size, 0, 0], "<f4")
    second = np.array([-size, 0, 0], "<f4")
    sums = summed("float32", first, second)
    assert sums.difference.root == pytest.approx(2 * float(first[0]), rel=1e-6, abs=0)
    assert sums.relative == pytest.approx(2.0)
    assert sums.cosine == pytest.approx(-1.0)


@pytest.mark.parametrize("size", [5e-324, 1e-200, 1e154, 1e200, 8e307])
def test_squares_of_float64_neither_vanish_nor_overflow(size: float) -> None:
    # In pieces of one number each, whose sums have other exponents.
    first, second = np.array([size, 1.0], "<f8"), np.array([-size, 1.0], "<f8")
    sums = summed("float64", first, second, piece=8)
    assert sums.relative == pytest.approx(2 * size / math.hypot(size, 1.0), abs=0)
    assert sums.difference.root == pytest.approx(2 * size, abs=0)


@pytest.mark.parametrize(
    ("dtype", "large", "small"), [("float32", 1, 1e-30), ("float64", 1, 1e-200), ("float64", 1e200, 1e-200)]
)
def test_a_small_change_beside_large_numbers(dtype: str, large: float, small: float) -> None:
    first, second = (np.array([large, change], STORED[dtype]) for change in (small, 3 * small))
    sums = summed(dtype, first, second)
    assert sums.changed == 1
    assert sums.difference.root == pytest.approx(2 * small, rel=1e-6, abs=0)


def test_the_cosine_of_sides_of_other_sizes() -> None:
    sums = summed("float32", np.array([1e6, 1e6], "<f4"), np.array([1, 0], "<f4"))
    assert sums.cosine == pytest.approx(math.sqrt(0.5), rel=1e-6)


def test_a_norm_beyond_float64() -> None:
    sums = summed("float64", np.full(4, 1.5e308), np.full(4, -1.5e308))
    assert sums.first.root == math.inf
    assert sums.relative == pytest.approx(2.0)


def test_integers_that_float64_cannot_hold() -> None:
    first, second = np.array([2**62, -(2**63)], "<i8"), np.array([2**62 + 1, 2**63 - 1], "<i8")
    sums = summed("int64", first, second)
    assert sums.changed == 2
    assert summed("int64", first[:1], second[:1]).difference.root == 1.0
    assert summed("int64", first[1:], second[1:]).difference.root == pytest.approx(2.0**64)
    unsigned = summed("uint64", np.array([2**64 - 1], "<u8"), np.array([2**64 - 3], "<u8"))
    assert unsigned.difference.root == 2.0


@pytest.mark.parametrize("dtype", sorted(STORED))
def test_every_dtype_against_numpy(dtype: str) -> None:
    generator = np.random.default_rng(7)
    code = np.dtype(STORED[dtype])
    if dtype == "bfloat16":
        first, second = (
            (generator.normal(size=999).astype("<f4").view("<u4") >> 16).astype("<u2") for _ in (0, 1)
        )
        decoded = [(side.astype(np.uint32) << 16).view(np.float32) for side in (first, second)]
    elif dtype.startswith("float8"):
        from ml_dtypes import float8_e4m3fn, float8_e5m2

        kind = float8_e5m2 if dtype == "float8_e5m2" else float8_e4m3fn
        first, second = (generator.normal(size=999).astype(kind) for _ in (0, 1))
        decoded = [side.astype(np.float64) for side in (first, second)]
    elif code.kind in "fc":
        first, second = (generator.normal(size=999).astype(code) for _ in (0, 1))
        if code.kind == "c":
            first, second = first * (1 + 2j), second * (3 - 1j)
            first, second = first.astype(code), second.astype(code)
        decoded = [first, second]
    else:
        top = 2 if dtype == "bool" else min(int(np.iinfo(code).max), 10**6)
        first, second = (generator.integers(0, top, 999).astype(code) for _ in (0, 1))
        decoded = [first, second]
    wide = np.complex128 if code.kind == "c" else np.float64
    before, after = (side.astype(wide) for side in decoded)
    sums = summed(dtype, first, second, piece=256)
    assert sums.changed == np.count_nonzero(before != after)
    assert sums.compared == 999
    assert sums.difference.root == pytest.approx(np.linalg.norm(after - before), rel=1e-5)
    assert sums.first.root == pytest.approx(np.linalg.norm(before), rel=1e-5)
    assert sums.second.root == pytest.approx(np.linalg.norm(after), rel=1e-5)
    norms = np.linalg.norm(before) * np.linalg.norm(after)
    assert sums.cosine == pytest.approx(np.real(np.vdot(before, after)) / norms, abs=1e-5)


def test_unknown_numbers_are_only_counted() -> None:
    sums, summing = Sums(), Summing()
    first = np.arange(16, dtype=np.uint8)
    second = first.copy()
    second[[0, 1, 9]] += 1
    summing.add(sums, "float8_e4m3fnuz", 2, first, second)
    assert (sums.changed, sums.compared) == (2, 0)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(width=32, allow_subnormal=True), st.floats(width=32, allow_subnormal=True)),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 40),
)
def test_pieces_do_not_matter(pairs: list[tuple[float, float]], piece: int) -> None:
    first, second = (np.array(side, "<f4") for side in zip(*pairs, strict=True))
    whole, parts = summed("float32", first, second), summed("float32", first, second, piece * 4)
    assert (whole.changed, whole.compared, whole.nans, whole.infs) == (
        parts.changed, parts.compared, parts.nans, parts.infs,
    )  # fmt: skip
    for name in ("difference", "first", "second"):
        assert getattr(parts, name).root == pytest.approx(getattr(whole, name).root, rel=1e-5, abs=1e-60)
    if whole.cosine is None:
        assert parts.cosine is None
    else:
        assert parts.cosine == pytest.approx(whole.cosine, abs=1e-5)


def test_sums_of_any_exponent() -> None:
    total = Scaled()
    total.add(1.0, -3000)
    assert total.root == 0.0
    total.add(0.25, 2000)
    total.add(0.75, 2000)
    assert total == Scaled(1.0, 2000)
    assert total.root == 2.0**1000


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int32", "int64"])
def test_more_than_fits_into_the_cache(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "_BLOCK", 1 << 16)
    first = np.random.default_rng(3).integers(-99, 99, 70_001).astype(STORED[dtype])
    second = first.copy()
    second[-5:] += 2
    sums = summed(dtype, first, second, 1 << 30)
    assert (sums.changed, sums.compared) == (5, 70_001)
    assert sums.difference.root == pytest.approx(math.sqrt(5 * 4))
    assert sums.first.root == pytest.approx(np.linalg.norm(first), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int8", "int64", "complex64", "bool"])
@pytest.mark.parametrize("size", [1, 7, 3000])
@pytest.mark.parametrize("code", [1, 0x3F])  # numbers whose squares vanish, and those around 1
def test_equal_sides(dtype: str, size: int, code: int) -> None:
    codes = np.full(size * WIDTHS[dtype], code, np.uint8)
    sums = summed(dtype, codes, codes.copy())
    assert (sums.changed, sums.compared, sums.nans) == (0, size, [0, 0])
    assert (sums.difference.root, sums.relative, sums.cosine) == (0.0, 0.0, 1.0)
    assert sums.first == sums.second == sums.product


def test_equal_sides_with_nan_and_infinity() -> None:
    first = np.array([math.nan, 2, math.inf, -math.inf], "<f2")
    sums = summed("float16", first, first)
    assert (sums.changed, sums.compared, sums.nans, sums.infs) == (0, 1, [1, 1], [2, 2])
    assert sums.first.root == 2.0

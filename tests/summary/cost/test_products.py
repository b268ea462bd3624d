"""Multiply-adds of single ops equal counts by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.summary.cost.graphs import Model


def one_op(op: str, shapes: Mapping[str, tuple[int, ...]], **attributes: Any) -> int | None:
    """The multiply-adds of a graph of one op, whose inputs are weights of these shapes."""
    model = Model()
    edges = [model.variable(name, *shape) for name, shape in shapes.items()]
    model.add("op", op, *edges, **attributes)
    return model.cost("op").multiply_adds


def test_a_convolution() -> None:
    # 28 x 28 positions, 16 filters, each over a window of 3 x 3 of 8 channels.
    shapes = {"x": (2, 28, 28, 8), "w": (3, 3, 8, 16)}
    assert one_op("Conv2D", shapes, strides=[1, 1, 1, 1], padding="SAME") == 2 * 28 * 28 * 16 * 3 * 3 * 8
    # Without padding, every second position.
    assert one_op("Conv2D", shapes, strides=[1, 2, 2, 1], padding="VALID") == 2 * 13 * 13 * 16 * 3 * 3 * 8
    dilated = one_op("Conv2D", shapes, strides=[1, 1, 1, 1], dilations=[1, 2, 2, 1], padding="VALID")
    assert dilated == 2 * 24 * 24 * 16 * 3 * 3 * 8


def test_groups_of_channels() -> None:
    # Four groups of 2 channels: each filter sees only its group.
    shapes = {"x": (1, 10, 10, 8), "w": (3, 3, 2, 16)}
    assert one_op("Conv2D", shapes, strides=[1, 1, 1, 1], padding="SAME") == 10 * 10 * 16 * 3 * 3 * 2


def test_channels_first() -> None:
    shapes = {"x": (1, 8, 10, 12), "w": (3, 3, 8, 16)}
    count = one_op("Conv2D", shapes, strides=[1, 1, 1, 1], padding="SAME", data_format="NCHW")
    assert count == 10 * 12 * 16 * 3 * 3 * 8


def test_other_convolutions() -> None:
    depthwise = {"x": (1, 10, 10, 8), "w": (3, 3, 8, 2)}
    same = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    assert one_op("DepthwiseConv2dNative", depthwise, **same) == 10 * 10 * 8 * 2 * 3 * 3
    volume = {"x": (1, 6, 7, 8, 3), "w": (2, 3, 4, 3, 5)}
    assert one_op("Conv3D", volume, strides=[1] * 5, padding="SAME") == 6 * 7 * 8 * 5 * 2 * 3 * 4 * 3
    quantised = {"x": (1, 10, 10, 8), "w": (3, 3, 8, 16), "a": (), "b": (), "c": (), "d": ()}
    assert one_op("QuantizedConv2D", quantised, **same) == 10 * 10 * 16 * 3 * 3 * 8


def test_a_transposed_convolution() -> None:
    # Each of the 7 x 7 x 32 numbers is multiplied into a window of 5 x 5 of the 16 channels of the result.
    model = Model()
    model.numbers("sizes", 1, 14, 14, 16)
    edges = [model.variable("w", 5, 5, 16, 32), model.variable("x", 1, 7, 7, 32)]
    model.add("op", "Conv2DBackpropInput", "sizes", *edges, strides=[1, 2, 2, 1], padding="SAME")
    assert model.cost("op").multiply_adds == 7 * 7 * 32 * 5 * 5 * 16


@pytest.mark.parametrize(
    ("op", "left", "right", "attributes"),
    [
        ("MatMul", (5, 7), (7, 11), {}),
        ("MatMul", (7, 5), (7, 11), {"transpose_a": True}),
        ("MatMul", (5, 7), (11, 7), {"transpose_b": True}),
        ("SparseMatMul", (5, 7), (7, 11), {}),
        ("_FusedMatMul", (5, 7), (7, 11), {}),
    ],
)
def test_a_matmul(op: str, left: tuple[int, int], right: tuple[int, int], attributes: dict[str, Any]) -> None:
    assert one_op(op, {"x": left, "w": right}, **attributes) == 5 * 7 * 11


@pytest.mark.parametrize("op", ["BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"])
def test_batches_of_matrices(op: str) -> None:
    assert one_op(op, {"x": (2, 3, 5, 7), "w": (2, 3, 7, 11)}) == 2 * 3 * 5 * 7 * 11
    assert one_op(op, {"x": (2, 3, 5, 7), "w": (2, 3, 11, 7)}, adj_y=True) == 2 * 3 * 5 * 7 * 11


@pytest.mark.parametrize(
    ("equation", "left", "right", "expected"),
    [
        ("ab,bc->ac", (5, 7), (7, 11), 5 * 7 * 11),
        ("abc,cde->abde", (2, 3, 5), (5, 7, 11), 2 * 3 * 5 * 7 * 11),
        # Attention: queries and keys of 4 heads.
        ("aecd,abcd->acbe", (2, 9, 4, 8), (2, 6, 4, 8), 2 * 9 * 6 * 4 * 8),
        ("...a,ab->...b", (2, 3, 5), (5, 7), 2 * 3 * 5 * 7),
        ("a,b->ab", (5,), (7,), 5 * 7),
    ],
)
def test_einsum(equation: str, left: tuple[int, ...], right: tuple[int, ...], expected: int) -> None:
    assert one_op("Einsum", {"x": left, "w": right}, equation=equation, N=2) == expected


def test_a_transposition_by_einsum_multiplies_nothing() -> None:
    assert one_op("Einsum", {"x": (2, 3)}, equation="ab->ba", N=1) == 0


def test_recurrent_cells() -> None:
    # Four gates, each a product of input and state, side by side, with its weights.
    batch, width, units, steps = 3, 5, 7, 11
    state = (batch, units)
    cell = {"x": (batch, width), "c": state, "h": state, "w": (width + units, 4 * units)}
    assert one_op("LSTMBlockCell", cell) == batch * 4 * units * (width + units)
    peepholes = one_op("LSTMBlockCell", cell, use_peephole=True)
    assert peepholes == batch * 4 * units * (width + units) + batch * 3 * units
    cells = {"length": (), "x": (steps, batch, width), "c": state, "h": state,
             "w": (width + units, 4 * units)}  # fmt: skip
    assert one_op("BlockLSTM", cells) == steps * batch * 4 * units * (width + units)
    gru = {"x": (batch, width), "h": state, "w": (width + units, 2 * units), "v": (width + units, units)}
    assert one_op("GRUBlockCell", gru) == batch * 3 * units * (width + units)
    both = {"x": (steps, batch, width), "h": (4, batch, units), "c": (4, batch, units), "p": (1,)}
    first, second = (width + units) * 4 * units * 2, (2 * units + units) * 4 * units * 2
    assert one_op("CudnnRNN", both, direction="bidirectional") == steps * batch * (first + second)


def test_a_sparse_matmul() -> None:
    model = Model()
    model.numbers("sizes", 5, 7)
    edges = [
        model.variable("indices", 6, 2),
        model.variable("values", 6),
        "sizes",
        model.variable("w", 7, 11),
    ]
    model.add("op", "SparseTensorDenseMatMul", *edges)
    assert model.cost("op").multiply_adds == 6 * 11

"""Sizes that are not known yet, and the equations between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubexplore.summary.graph.messages import MetaGraphDef
from hubexplore.summary.sizes import Open, polynomials, solutions
from hubexplore.summary.sizes.polynomials import Number, TooComplexError
from hubexplore.summary.sizes.shape_inference import Equation
from hubexplore.summary.sizes.solver import Solver

ROWS, X, Y = (polynomials.size(polynomials.dimension("in", place)) for place in range(3))
SMALL = st.integers(1, 40)


def test_what_is_equal_for_all_sizes_compares_equal() -> None:
    assert (X + 2) * 3 - 6 == X * 3
    assert (ROWS * X * 12) // (X * 12) == ROWS
    assert polynomials.rounded_up(X * 4, 2) == X * 2
    assert X - X == 0
    assert polynomials.is_rounded(polynomials.rounded_up(X, 2))
    assert polynomials.is_rows(ROWS)
    assert not polynomials.is_rows(X)


@given(SMALL, SMALL, st.integers(1, 9), st.integers(-9, 9))
def test_arithmetic_is_that_of_numbers(x: int, y: int, factor: int, more: int) -> None:
    values = {"in/1": x, "in/2": y}

    def at(number: Number) -> int:
        return polynomials.at(number, values)

    assert at((X * factor + Y + more) // factor) == (x * factor + y + more) // factor
    assert at((X + more) * (Y - more)) == (x + more) * (y - more)
    assert at((X * Y + more) // Y) == (x * y + more) // y
    assert (
        at(polynomials.within(polynomials.rounded_up(X, factor) * Y, {"in/1": Y + 1}))
        == -(-(y + 1) // factor) * y
    )


def test_what_gets_too_long_is_given_up() -> None:
    def grown() -> Number:
        number: Number = X
        for step in range(1000):
            number = (number * number + step) // 2
        return number

    with pytest.raises(TooComplexError):
        grown()


def solved(*equations: Equation) -> dict[str, Number]:
    return dict(Solver(equations, {"in/1": 128, "in/2": 2}).solved().put)


def test_equations() -> None:
    assert solved(Equation(X * 3 - 36)) == {"in/1": 12}
    assert solved(Equation(polynomials.rounded_up(X, 4) - 8)) == {"in/1": 32}, (
        "the one that divides without a rest"
    )
    assert solved(Equation(X + Y - 48), Equation(Y - 20)) == {"in/1": 28, "in/2": 20}
    assert solved(Equation(X * Y * 64 - 3136)) == {"in/1": 7, "in/2": 7}, "sides are equal"
    assert solved(Equation(X * Y - 36 * 32)) == {"in/1": 36, "in/2": 32}, "or nearly so"
    assert solved(Equation(X - Y))["in/1"] == Y or solved(Equation(X - Y))["in/2"] == X
    assert Solver([Equation(X - 3), Equation(X - 4)], {}).solved().broken == 1
    assert Solver([Equation(X // 16 * 16 - X)], {"in/1": 24}).solved().usual == {"in/1": 32}
    assert Solver([Equation(X - 7, at_least=True)], {"in/1": 2}).solved().usual == {"in/1": 7}


def test_without_a_graph_all_is_open() -> None:
    (found,) = solutions(None, [Open("x", (None, None, 3), "", usual={1: 6})], {})
    assert found.shape("x", 2) == (2, 6, 3)
    assert found.shape("x", 5, 9) == (5, 9, 3)
    ranks = [each.shape("x", 2) for each in solutions(None, [Open("x", None, "")], {})]
    assert ranks[:3] == [(2,), (), (2, 2)]


def test_a_damaged_graph_that_goes_round_in_a_circle_is_left() -> None:
    meta_graph = MetaGraphDef()
    for name, op, edges in (
        ("x", "Placeholder", []), ("a", "Identity", ["b"]), ("b", "Identity", ["a"]),
        ("padded", "Pad", ["x", "a"]), ("read", "TensorArrayReadV3", ["a", "padded", "x"]),
    ):  # fmt: skip
        meta_graph.graph_def.node.add(name=name, op=op, input=edges)
    (found,) = solutions(meta_graph, [Open("x", (None, None), "x:0")], {"read:0": None})
    assert found.shape("x", 3) == (3, 2)

"""Arithmetic of unknown sizes, and equations between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubexplore.summary.graph.messages import GraphDef, MetaGraphDef
from hubexplore.summary.sizes import OpenInput, polynomials, solutions
from hubexplore.summary.sizes.open_dimensions import RULES
from hubexplore.summary.sizes.polynomials import Number, TooComplexError
from hubexplore.summary.sizes.shape_inference import Constraints, Dims, Equation, ShapeScope
from hubexplore.summary.sizes.solver import Solver

ROWS, X, Y = (polynomials.size_of(polynomials.dimension("in", place)) for place in range(3))
SMALL = st.integers(1, 40)


def test_sizes_that_are_always_equal_compare_equal() -> None:
    assert (X + 2) * 3 - 6 == X * 3
    assert (ROWS * X * 12) // (X * 12) == ROWS
    assert polynomials.rounded_up(X * 4, 2) == X * 2
    assert X - X == 0
    assert polynomials.is_rounded(polynomials.rounded_up(X, 2))
    assert polynomials.is_rows(ROWS)
    assert not polynomials.is_rows(X)


@given(SMALL, SMALL, st.integers(1, 9), st.integers(-9, 9))
def test_arithmetic_agrees_with_that_of_numbers(x: int, y: int, factor: int, more: int) -> None:
    values = {"in/1": x, "in/2": y}

    def at(number: Number) -> int:
        return polynomials.evaluate(number, values)

    assert at((X * factor + Y + more) // factor) == (x * factor + y + more) // factor
    assert at((X + more) * (Y - more)) == (x + more) * (y - more)
    assert at((X * Y + more) // Y) == (x * y + more) // y
    assert (
        at(polynomials.substitute(polynomials.rounded_up(X, factor) * Y, {"in/1": Y + 1}))
        == -(-(y + 1) // factor) * y
    )


def test_a_size_that_gets_too_long_is_given_up() -> None:
    def grown() -> Number:
        number: Number = X
        for step in range(1000):
            number = (number * number + step) // 2
        return number

    with pytest.raises(TooComplexError):
        grown()


def solved(*equations: Equation) -> dict[str, Number]:
    return dict(Solver(equations, {"in/1": 128, "in/2": 2}).solve().bindings)


def test_equations() -> None:
    assert solved(Equation(X * 3 - 36)) == {"in/1": 12}
    assert solved(Equation(polynomials.rounded_up(X, 4) - 8)) == {"in/1": 32}, (
        "the one that divides without remainder"
    )
    assert solved(Equation(X + Y - 48), Equation(Y - 20)) == {"in/1": 28, "in/2": 20}
    assert solved(Equation(X * Y * 64 - 3136)) == {"in/1": 7, "in/2": 7}, "sides are equal"
    assert solved(Equation(X * Y - 36 * 32)) == {"in/1": 36, "in/2": 32}, "or nearly so"
    assert solved(Equation(X - Y))["in/1"] == Y or solved(Equation(X - Y))["in/2"] == X
    assert Solver([Equation(X - 3), Equation(X - 4)], {}).solve().broken == 1
    assert Solver([Equation(X // 16 * 16 - X)], {"in/1": 24}).solve().usual == {"in/1": 32}
    assert Solver([Equation(X - 7, is_inequality=True)], {"in/1": 2}).solve().usual == {"in/1": 7}


def test_without_a_graph_all_sizes_are_open() -> None:
    (solution,) = solutions(None, [OpenInput("x", (None, None, 3), "", usual={1: 6})], {})
    assert solution.shape("x", 2) == (2, 6, 3)
    assert solution.shape("x", 5, 9) == (5, 9, 3)
    ranks = [solution.shape("x", 2) for solution in solutions(None, [OpenInput("x", None, "")], {})]
    assert ranks[:3] == [(2,), (), (2, 2)]


def test_a_damaged_graph_with_a_cycle_ends() -> None:
    meta_graph = MetaGraphDef()
    for name, op, edges in (
        ("x", "Placeholder", []), ("a", "Identity", ["b"]), ("b", "Identity", ["a"]),
        ("padded", "Pad", ["x", "a"]), ("read", "TensorArrayReadV3", ["a", "padded", "x"]),
    ):  # fmt: skip
        meta_graph.graph_def.node.add(name=name, op=op, input=edges)
    (solution,) = solutions(meta_graph, [OpenInput("x", (None, None), "x:0")], {"read:0": None})
    assert solution.shape("x", 3) == (3, 2)


def inferred(graph: GraphDef, target: str, known: dict[str, Dims]) -> Dims:
    """The shape of the first output of a node; None if it is not known."""
    nodes = {node.name: node for node in graph.node}
    scope = ShapeScope(nodes, {}, Constraints(), shapes=dict(known))
    scope.infer([target], RULES)
    return scope.shapes.get(f"{target}:0")


def test_a_node_whose_name_looks_like_a_control_input_is_no_input() -> None:
    graph = GraphDef()
    graph.node.add(name="x", op="Placeholder")
    graph.node.add(name="^x", op="Placeholder")
    graph.node.add(name="waits", op="Identity", input=["^x"])
    graph.node.add(name="reads", op="Identity", input=["x"])
    known: dict[str, Dims] = {"^x:0": (7,), "x:0": (3,)}
    assert inferred(graph, "waits", known) is None
    assert inferred(graph, "reads", known) == (3,)


def test_a_split_into_no_parts_has_no_shape() -> None:
    graph = GraphDef()
    axis = graph.node.add(name="axis", op="Const")
    axis.attr["value"].tensor.dtype = 3
    axis.attr["value"].tensor.int_val.append(0)
    graph.node.add(name="x", op="Placeholder")
    graph.node.add(name="split", op="Split", input=["axis", "x"])
    assert inferred(graph, "split", {"x:0": (4,)}) is None

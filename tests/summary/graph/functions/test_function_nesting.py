"""Functions that call themselves or too many others, found without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hubexplore.summary.graph.functions import function_nesting
from hubexplore.summary.graph.messages import GraphDef
from tests.summary import saved_models
from tests.summary.graph.functions.nested_functions import CALLS, FLOAT, Library, add, types


def _graph(first: str) -> tuple[Any, Library]:
    """A graph that calls one function."""
    graph = GraphDef()
    add(graph.node, "x", "Placeholder", [], dtype=FLOAT)
    call = add(graph.node, "y", "PartitionedCall", ["x"])
    types(call, "Tin", "Tout")
    call.attr["f"].func.name = first
    return graph, Library(graph)


def _found(graph: Any) -> str | None:
    return function_nesting.find_endless(graph.node, graph.library)


@pytest.mark.parametrize("way", CALLS)
def test_calls_itself(way: str) -> None:
    graph, library = _graph("f")
    library.cycle(["f"], way)
    assert str(_found(graph)).startswith("The function 'f' calls itself: 'f' -> 'f'.")


@pytest.mark.parametrize(
    "ways",
    [
        ("PartitionedCall", "StatefulPartitionedCall", "PartitionedCall"),
        ("If", "PartitionedCall", "While"),
        ("name", "name", "name"),
        ("name", "PartitionedCall", "StatefulPartitionedCall"),
        ("Case", "If", "While"),
    ],
)
def test_call_one_another(ways: Sequence[str]) -> None:
    graph, library = _graph("a")
    library.cycle(["a", "b", "c"], *ways)
    assert "'a' -> 'b' -> 'c' -> 'a'" in str(_found(graph))


@pytest.mark.parametrize("way", ["If", "Case", "While"])
def test_a_branch_may_call_by_name(way: str) -> None:
    graph, library = _graph("f")
    library.cycle(["f", "again"], way, "name")
    assert _found(graph) is None


def test_the_condition_of_a_loop_always_runs() -> None:
    graph, library = _graph("f")
    library.cycle(["f", "again"], "While", "name")
    node = graph.library.function[0].node_def[-1]
    node.attr["cond"].func.name, node.attr["body"].func.name = "again", "same"
    assert "'f' -> 'again' -> 'f'" in str(_found(graph))


@pytest.mark.parametrize("op", ["MapDataset", "RemoteCall", "StrangersOp", "SymbolicGradient"])
def test_any_op_that_takes_a_function(op: str) -> None:
    graph, library = _graph("f")
    node = add(library.function("f"), "out", op, ["x"])
    node.attr["f"].func.name = "f"
    assert "'f' -> 'f'" in str(_found(graph))


def test_functions_given_to_functions() -> None:
    graph, library = _graph("f")
    call = add(library.function("f"), "out", "PartitionedCall", ["x"]).attr["f"].func
    call.name = "elsewhere"
    call.attr["body"].func.name = "f"
    assert "'f' -> 'f'" in str(_found(graph))


def test_gradient_of_a_function_that_takes_its_own_gradient() -> None:
    graph, library = _graph("f")
    library.levels(2, "PartitionedCall")
    graph.library.gradient.add(function_name="f1", gradient_func="slope")
    node = add(library.function("slope"), "out", "SymbolicGradient", ["x"])
    node.attr["f"].func.name = "f1"
    assert "'slope' -> 'slope'" in str(_found(graph))


def test_gradient_that_computes_its_function_again() -> None:
    graph, library = _graph("f0")
    library.levels(2, "PartitionedCall")
    graph.library.gradient.add(function_name="f0", gradient_func="slope")
    library.call(library.function("slope"), "out", "x", "f0", "PartitionedCall")
    assert _found(graph) is None


@pytest.mark.parametrize("way", CALLS)
def test_depth(way: str) -> None:
    for count, refused in ((function_nesting.MAX_DEPTH, False), (function_nesting.MAX_DEPTH + 1, True)):
        graph, library = _graph("f0")
        library.levels(count, way)
        message = _found(graph)
        assert (message is not None) == refused
    assert str(message).startswith(
        "101 functions call one another in a chain: 'f0' -> 'f1' -> 'f2' -> 'f3' -> "
    )
    assert "(93 more)" in str(message)
    assert "'f98' -> 'f99' -> " in str(message)


def test_thousands_of_levels() -> None:
    graph, library = _graph("f0")
    library.levels(20_000, "PartitionedCall")
    message = str(_found(graph))
    assert message.startswith("20,000 functions")
    assert len(message) < 500


@pytest.mark.parametrize("levels", [30, 100])
def test_each_calls_the_next_twice(levels: int) -> None:
    graph, library = _graph("f0")
    library.levels(levels, "PartitionedCall", "name")
    # 12 levels of calls: 2 + 4 + ... + 4096.
    assert f"unfolds to 8,190 calls from {2 * levels - 1}, because" in str(_found(graph))


def test_many_nodes_in_few_calls() -> None:
    graph, library = _graph("f0")
    library.levels(11, "PartitionedCall", "PartitionedCall")
    nodes = graph.library.function[-1].node_def
    for number in range(3_000):
        add(nodes, f"n{number}", "Identity", ["x"], T=FLOAT)
    assert "nodes from 3,0" in str(_found(graph))


def test_what_is_written_may_be_large() -> None:
    graph, library = _graph("f0")
    library.levels(2, *["PartitionedCall"] * 20_000)
    for number in range(20):
        library.call(graph.node, f"tower{number}", "x", "f1", "PartitionedCall")
    assert _found(graph) is None


def test_the_graph_calls_often_what_calls_often() -> None:
    graph, library = _graph("f0")
    library.levels(2, *["PartitionedCall"] * 200)
    for number in range(200):
        library.call(graph.node, f"tower{number}", "x", "f0", "PartitionedCall")
    assert str(_found(graph)).startswith("The graph unfolds to")


def test_the_card_says_so(tmp_path: Path) -> None:
    graph = saved_models.meta_graph()
    Library(graph.graph_def).cycle(["even", "odd"], "PartitionedCall", "If")
    summary = saved_models.summary_of(saved_models.write(tmp_path, graph))
    (warning,) = summary.warnings
    assert warning.startswith(
        "It cannot be run. The function 'even' calls itself: 'even' -> 'odd' -> 'even'."
    )

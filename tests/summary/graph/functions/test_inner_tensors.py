"""Functions that readers see through, and those that are too large, damaged or without end."""

from __future__ import annotations

import pytest

from hubexplore.summary.graph.functions.function_nesting import unfolded_nodes
from hubexplore.summary.graph.functions.inner_tensors import MAX_INLINED, InnerTensors, flat_view
from hubexplore.summary.graph.messages import GraphDef
from hubexplore.summary.graph.traversal import index_nodes
from tests.summary.graph.functions.nested_functions import FLOAT, Library, add


def _doubling(count: int, nodes: int = 0) -> Library:
    """`count` functions that each call the next one twice, the last with `nodes` ops more."""
    library = Library(GraphDef())
    for number in range(count):
        body = library.function(f"f{number}")
        source = "x"
        for half in ("left", "right") if number < count - 1 else ():
            library.call(body, half, source, f"f{number + 1}", "PartitionedCall")
            source = f"{half}:output:0"
        for index in range(nodes if number == count - 1 else 0):
            add(body, f"more{index}", "Neg", ["x"], T=FLOAT)
        add(body, "out", "Identity", [source], T=FLOAT)
    nodes_ = library.graph_def.node
    add(nodes_, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes_, "call", "x", "f0", "PartitionedCall")
    return library


def test_the_count_is_that_of_the_unfolded_graph() -> None:
    graph = _doubling(5).graph_def
    # 1 + 2 + 4 + 8 calls with two calls and an op each, but for the last of 16 with its op alone.
    assert unfolded_nodes(graph.node, graph.library, 1_000) == 2 + 15 * 3 + 16
    assert unfolded_nodes(graph.node, graph.library, 10) == 11
    flat = flat_view(graph)
    assert flat is not None
    assert len(flat.nodes) == 1 + 31


def test_a_graph_that_would_become_too_large_keeps_its_calls() -> None:
    graph = _doubling(11, nodes=MAX_INLINED // 1024 + 1).graph_def
    assert flat_view(graph) is None


@pytest.mark.parametrize("change", ["recursion", "argument", "none"])
def test_what_cannot_be_inlined_keeps_its_calls(change: str) -> None:
    graph = _doubling(2).graph_def
    if change == "recursion":
        graph.library.function[1].node_def[0].op = "f1"
    elif change == "argument":
        del graph.node[1].input[:]
    else:
        del graph.node[1:]
    assert flat_view(graph) is None


def test_the_input_is_not_changed() -> None:
    graph = _doubling(4).graph_def
    before = graph.SerializeToString(deterministic=True)
    flat_view(graph)
    assert graph.SerializeToString(deterministic=True) == before


def _with_loop() -> InnerTensors:
    library = Library(GraphDef())
    body = library.function("body", "last:output:0")
    add(body, "squared", "Square", ["x"], T=FLOAT)
    add(body, "grown", "Neg", ["squared:y:0"], T=FLOAT)
    add(body, "first", "Identity", ["grown:y:0"], T=FLOAT)
    add(body, "last", "Identity", ["first:output:0"], T=FLOAT)
    nodes = library.graph_def.node
    add(nodes, "x", "Placeholder", [], dtype=FLOAT)
    library.call(nodes, "a/loop", "x", "body", "While")
    library.call(nodes, "either", "x", "body", "If")
    return InnerTensors(index_nodes(nodes), library.graph_def.library.function)


@pytest.mark.parametrize("name", ["grown", "first", "last"])
def test_a_tensor_handed_on_is_an_output_of_the_loop(name: str) -> None:
    assert _with_loop().after_loop(f"a/loop/body/{name}:0") == "a/loop:0"


@pytest.mark.parametrize(
    "name", ["a/loop/body/squared:0", "a/loop/body/grown:1", "a/loop/cond/zero:0", "x:0", "a/loop/body", "a/"]
)
def test_other_tensors_are_not(name: str) -> None:
    assert _with_loop().after_loop(name) is None


def test_why_not() -> None:
    inner = _with_loop()
    loop = inner.why_not("a/loop/body/squared:0")
    assert loop is not None
    assert "in each pass" in loop
    assert "'a/loop/body/grown:0'" in loop
    branch = inner.why_not("either/then_branch/squared:0")
    assert branch is not None
    assert "fetch" in branch.lower()
    assert "'either:0'" in branch
    assert inner.why_not("x:0") is None
    assert inner.why_not("nothing/here:0") is None

"""Parts side by side as one box."""

from __future__ import annotations

import pytest

from hubexplore.summary.outline import Outline, outline
from tests.summary.graphs import Graph

COLUMNS = ("age", "company", "day", "hour", "month")


def columns(graph: Graph, sources: list[str]) -> str:
    """A layer per column, each from its source, and their sum."""
    return graph.add(
        "net/sum",
        "AddN",
        *(
            graph.dense(f"net/{name}", source, index + 2)
            for index, (name, source) in enumerate(zip(COLUMNS, sources, strict=True))
        ),
    )


def drawn(graph: Graph, last: str, *expand: str) -> Outline:
    return outline(graph.message, graph.variant(last, "x"), expand=expand)


def kinds(shown: Outline) -> dict[str, str]:
    return {box.name: box.kind for box in shown.boxes}


def test_the_like_side_by_side_are_one_box_that_unfolds() -> None:
    graph = Graph()
    last = columns(graph, [graph.add("x", "Placeholder")] * 5)
    (box,) = [box for box in drawn(graph, last).boxes if box.kind == "alike"]
    assert (box.name, box.repeats, len(box.weights)) == ("net/age..month", 5, 5)
    assert box.note == ", ".join(COLUMNS)
    assert "alike" not in kinds(drawn(graph, last, box.name)).values()
    assert kinds(drawn(graph, last, "net/day"))["net/age..month"] == "alike"


def test_other_sources_or_targets_keep_parts_apart() -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    last = columns(graph, [graph.add(f"{name}er", "Relu", x) for name in COLUMNS])
    assert "alike" not in kinds(drawn(graph, last)).values()


@pytest.mark.parametrize("count", [3, 4])
def test_it_takes_four(count: int) -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    last = graph.add("sum", "AddN", *(graph.dense(name, x) for name in COLUMNS[:count]))
    assert ("alike" in kinds(drawn(graph, last)).values()) == (count == 4)


def test_sources_in_one_scope_beside_are_the_same() -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    last = columns(graph, [graph.add(f"prepare/{name}", "Cast", x) for name in COLUMNS])
    assert kinds(drawn(graph, last))["net/age..month"] == "alike"


def test_a_variable_stands_before_what_reads_it() -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    product = graph.add("mul", "Mul", graph.add("first", "Relu", x), graph.variable("scale", 8))
    shown = drawn(graph, graph.add("last", "Relu", product))
    assert [box.name for box in shown.boxes] == ["in0", "first", "scale", "mul", "last", "out"]

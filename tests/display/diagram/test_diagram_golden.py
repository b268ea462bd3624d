"""What diagrams look like, as DOT and as a list, compared with files that people have looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hubexplore.display.diagram import Diagram, diagram
from hubexplore.summary.model import AssetSummary, ModuleSummary, TableSummary
from tests.summary.graphs import Graph, chain

Golden = Callable[[str, str], None]


def layers() -> Diagram:
    """A stem, a series with one repeat unfolded, and a head of scopes."""
    graph, last = chain(["stem", *(f"net/layer_{index}" for index in range(8)), "head/a", "head/b"])
    return diagram(graph.summary(last, "x"), expand=["net/layer_3"])


def words() -> Diagram:
    """A table that is filled from an asset, variables that ops share, a constant."""
    graph = Graph()
    graph.add("words", "Placeholder")
    table = graph.add("table", "HashTableV2")
    entries = graph.add("find", "LookupTableFindV2", table, "words")
    read = graph.variable("vectors", 1000, 8)
    gathered = graph.add("GatherV2", "GatherV2", read, entries, graph.add("axis", "Const"))
    near = graph.add("near", "MatMul", gathered, read)
    variant = replace(
        graph.variant(near, "words"),
        tables=(TableSummary("table", "HashTableV2", "string", "int64", ("words.txt",)),),
        assets=(AssetSummary("words.txt", 1234),),
    )
    return diagram(replace(graph.summary(near, "words"), variants=(variant,)), "default")


def columns() -> Diagram:
    """Layers side by side that are alike."""
    graph = Graph()
    x = graph.add("x", "Placeholder")
    parts = [graph.dense(f"wide/{name}", x) for name in ("age", "company", "day", "hour", "month", "year")]
    last = graph.add("wide/sum", "AddN", *parts)
    return diagram(graph.summary(graph.dense("head", last), "x"))


def branches() -> Diagram:
    """A choice between two functions."""
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("pred", "Placeholder")
    graph.function(
        "yes", [("dense/Sin", "Sin", "a0"), ("dense/Neg", "Neg", "dense/Sin:y:0")], "dense/Neg:y:0"
    )
    graph.function("no", [("Cos", "Cos", "a0")], "Cos:y:0")
    graph.add("cond", "If", "pred", "x")
    attr = graph.message.graph_def.node[-1].attr
    attr["then_branch"].func.name, attr["else_branch"].func.name = "yes", "no"
    return diagram(graph.summary("cond", "x", "pred"), depth=2)


def lacking() -> Diagram:
    """A node that is not there, and names as strangers write them."""
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for name, op in (("<b>a</b>", "Tanh"), ('"];x', "Relu"), ("\\N \\G", "Tanh"), ("\x1b[31m", "Relu")):
        last = graph.add(name, op, last)
    summary: ModuleSummary = graph.summary(graph.add("end\n", "Add", last, "gone"), "x")
    return diagram(replace(summary, title="<i>title"), depth=1)


@pytest.mark.parametrize("make", [layers, words, columns, branches, lacking])
def test_golden(make: Callable[[], Diagram], golden: Golden) -> None:
    shown = make()
    golden(f"diagram_{make.__name__}.txt", str(shown))
    golden(f"diagram_{make.__name__}.dot", shown.dot)


def test_the_count_of_a_series_is_said_once_in_the_list() -> None:
    (line,) = [line for line in str(layers()).splitlines() if "layer_0..2" in line and "series" in line]
    assert line.count("x3") == 1

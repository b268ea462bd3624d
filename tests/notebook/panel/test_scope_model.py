"""What the graph tab shows, on graphs made by hand."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hubexplore.display.rich.summaries import Summary
from hubexplore.notebook.panel.graph.scope_model import MAX_OUTPUTS, GraphModel, is_folded
from hubexplore.notebook.panel.graph.tab import GraphTab
from hubexplore.summary.model import ModuleSummary, SignatureSummary, VariantSummary
from hubexplore.summary.source import Source
from tests.summary.graphs import Graph, signature


def shown(module: ModuleSummary) -> Summary:
    return Summary(**{field.name: getattr(module, field.name) for field in fields(ModuleSummary)})


def model(graph: Graph, output: str, *inputs: str) -> GraphModel:
    return GraphModel(shown(graph.summary(output, *inputs)), "default", ())


@pytest.mark.parametrize(
    ("op", "count"),
    [("TopKV2", 2), ("Relu", 1), ("Mine>Own", 3), ("Split", MAX_OUTPUTS)],
)
def test_all_outputs_of_an_op_can_be_chosen(op: str, count: int) -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("op", op, "x")
    graph.message.graph_def.node[-1].attr["num_split"].i = 10**12
    last = graph.add("end", "Relu", "op:2" if op == "Mine>Own" else "op")
    assert model(graph, last, "x").output_count("op") == count


def test_inputs_in_one_box_are_unfolded_and_folded() -> None:
    graph = Graph()
    names = [graph.add(f"p{index}", "Placeholder") for index in range(30)]
    drawn = model(graph, graph.add("sum", "AddN", *names), *names)
    (box,) = [box for box in drawn.drawn.outline.boxes if box.kind == "input"]
    assert is_folded(box)
    drawn.unfold(box)
    boxes = [box for box in drawn.drawn.outline.boxes if box.kind == "input"]
    assert [entry.name for entry in boxes[:2]] == ["in0..4", "in5..9"]
    drawn.unfold(boxes[0])
    assert [box.name for box in drawn.drawn.outline.boxes[:2]] == ["in0", "in1"]
    drawn.fold_below("")
    assert [box.name for box in drawn.drawn.outline.boxes if box.kind == "input"] == ["in0..29"]


@pytest.mark.parametrize(
    ("ends", "boxes"),
    [
        (signature("default", "x", "x"), 2),
        (signature("default", "x"), 2),
        (SignatureSummary("default", (), ()), 0),
    ],
)
def test_a_signature_without_a_computation_is_no_error(ends: SignatureSummary, boxes: int) -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    tab = GraphTab(
        shown(ModuleSummary("title", (VariantSummary((), (ends,)),), source=Source({(): graph.message}))),
        lambda *_: None,
        lambda: None,
    )
    tab.show("default", ())
    assert tab._error.value == ""
    assert len(tab.view.shown["boxes"]) == boxes

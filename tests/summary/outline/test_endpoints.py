"""Many inputs and outputs in few boxes, each of which can be unfolded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hubexplore.summary.model import SignatureSummary
from hubexplore.summary.outline import Box, Outline, outline
from tests.summary.graphs import Graph, tensor


def drawn(graph: Graph, inputs: Sequence[str], outputs: Sequence[str], *expand: str) -> Outline:
    """A signature from and to nodes, which are named in it as in the graph."""
    variant = graph.variant(outputs[0])
    ends = (tuple(tensor(each, each) for each in inputs), tuple(tensor(each, each) for each in outputs))
    variant = type(variant)((), (SignatureSummary("default", *ends),), variant.variables)
    return outline(graph.message, variant, "default", expand=expand)


def boxes(shown: Outline, kind: str) -> list[Box]:
    return [box for box in shown.boxes if box.kind == kind]


def fed(names: Sequence[str], used: int) -> tuple[Graph, list[str]]:
    """A graph whose only output is made of the first few inputs."""
    graph = Graph()
    for name in names:
        graph.add(name, "Placeholder")
    return graph, [graph.add("sum", "AddN", *names[:used])]


def heads(names: Sequence[str]) -> Graph:
    """A graph of many outputs, each made by an op of its own."""
    graph = Graph()
    graph.add("x", "Placeholder")
    for name in names:
        graph.add(name, "Softmax", "x")
    return graph


def test_a_few_inputs_have_boxes_of_their_own() -> None:
    names = [f"input_{index}" for index in range(8)]
    graph, outputs = fed(names, 7)
    found = boxes(drawn(graph, names, outputs), "input")
    assert [box.name for box in found] == names
    assert [box.note for box in found] == [""] * 7 + ["unused"]


def test_numbered_inputs_are_a_series() -> None:
    names = [f"input_{index}" for index in range(30)]
    graph, outputs = fed(names, 30)
    shown = drawn(graph, names, outputs)
    (box,) = boxes(shown, "input")
    assert (box.name, box.repeats, box.dtype, box.shape) == ("input_0..29", 30, "float32", (None, 8))
    assert [(edge.tensors, edge.dtype) for edge in shown.edges if edge.source == 0] == [(30, "float32")]


def test_what_no_output_uses_is_one_box() -> None:
    names = [f"input_{index}" for index in range(30)]
    graph, outputs = fed(names, 6)
    found = boxes(drawn(graph, names, outputs), "input")
    assert [(box.name, box.repeats) for box in found] == [("input_0..5", 6), ("24 unused inputs", 24)]
    assert found[1].note == "input_6, input_7, input_8, input_9, and 20 more"


def test_names_that_are_no_series_are_cut_off() -> None:
    names = ["".join("abcdefghij"[int(digit)] for digit in str(index)) for index in range(40)]
    graph, outputs = fed(names, 40)
    found = boxes(drawn(graph, names, outputs), "input")
    assert [box.name for box in found] == [*names[:7], "... and 33 more inputs"]


def test_what_feeds_outputs_in_one_box_is_one_box() -> None:
    names = [f"head_{index}" for index in range(1000)]
    shown = drawn(heads(names), ["x"], names)
    assert [(box.kind, box.repeats) for box in shown.boxes] == [
        ("input", 1),
        ("alike", 1000),
        ("output", 1000),
    ]


def test_variables_that_are_outputs_in_one_box_are_one_box() -> None:
    graph = Graph()
    names = [graph.variable(f"w{index}", 2) for index in range(200)]
    shown = drawn(graph, [], names)
    assert [(box.kind, len(box.weights)) for box in shown.boxes] == [("variable", 200), ("output", 0)]


@pytest.mark.parametrize("wanted", ["head_0", "head_517", "head_999"])
def test_unfolding_reaches_every_output(wanted: str) -> None:
    names = [f"head_{index}" for index in range(1000)]
    graph = heads(names)
    number, opened = int(wanted.removeprefix("head_")), ["head_0..999"]
    for _ in range(4):
        shown = drawn(graph, ["x"], names, *opened)
        assert len(shown.boxes) <= 120
        if wanted in [box.name for box in boxes(shown, "output")]:
            break
        for box in boxes(shown, "output"):
            first, _, last = box.name.removeprefix("head_").partition("..")
            if int(first) <= number <= int(last or first):
                opened.append(box.name)
    assert wanted in [box.name for box in boxes(shown, "output")]


def test_one_output_is_shown_by_its_name() -> None:
    names = [f"head_{index}" for index in range(1000)]
    found = boxes(drawn(heads(names), ["x"], names, "head_517"), "output")
    assert [(box.name, box.repeats) for box in found] == [("head_0..999", 999), ("head_517", 1)]


def test_what_is_unused_can_be_unfolded() -> None:
    names = [f"input_{index}" for index in range(16)]
    graph, outputs = fed(names, 6)
    found = boxes(drawn(graph, names, outputs, "10 unused inputs"), "input")
    assert [box.name for box in found] == ["input_0..5", *names[6:]]
    assert {box.note for box in found[1:]} == {"unused"}

"""Graphs that compute nothing or are damaged, and the dtype and shape of outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hubexplore.errors import NoSuchSignatureError
from hubexplore.summary.model import (
    ComponentSummary,
    SignatureSummary,
    TensorSummary,
    VariableSummary,
    VariantSummary,
)
from hubexplore.summary.outline import Outline, outline
from tests.summary.graphs import Graph, chain, links, signature, tensor


def drawn(graph: Graph, *signatures: SignatureSummary, **more: Any) -> Outline:
    """Returns the outline of all signatures; checks that each alone, and by levels, can be drawn too."""
    variant = VariantSummary((), signatures, tuple(graph.variables))
    for name in (None, *(summary.name for summary in signatures)):
        for depth in (None, 1, 3):
            shown = outline(graph.message, variant, name, depth=depth, **more)
    return outline(graph.message, variant, **more) if len(signatures) != 1 else shown


def test_an_output_that_is_an_input() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    shown = drawn(graph, signature("default", "x", "x"))
    assert links(shown) == {("in0", "out")}
    assert [(edge.dtype, edge.shape) for edge in shown.edges] == [("float32", (None, 8))]


def test_an_output_that_is_a_reference_variable() -> None:
    graph = Graph()
    graph.add("counter", "VariableV2")
    graph.variables.append(VariableSummary("counter", "float32", (), True, "counter"))
    assert links(drawn(graph, signature("default", "counter"))) == {("counter", "out")}


def test_an_output_that_is_a_handle() -> None:
    graph = Graph()
    graph.variable("v", 8)
    assert links(drawn(graph, signature("default", "v"))) == {("v", "out")}


def test_an_output_that_is_a_constant_behind_pass_through_ops() -> None:
    graph = Graph()
    graph.add("c", "Const")
    graph.add("i", "Identity", "c")
    graph.add("j", "Identity", "i")
    for output in ("c", "i", "j"):
        assert links(drawn(graph, signature("default", output))) == {("c", "out")}


def test_a_signature_without_outputs_shows_its_inputs() -> None:
    graph, _ = chain(["one"])
    shown = drawn(graph, SignatureSummary("default", (tensor("a", "x"),), ()))
    assert [box.name for box in shown.boxes] == ["a"]


def test_an_output_that_is_the_input_of_another_signature() -> None:
    graph, last = chain(["one", "two"])
    shown = drawn(graph, signature("a", "one/Relu", "x"), signature("b", last, "one/Relu"))
    assert ("one", "out") in {(a.partition("/")[0], b) for a, b in links(shown)}
    assert ("in0", "out") not in links(shown)


def test_several_outputs_on_one_tensor() -> None:
    graph, last = chain(["one"])
    outputs = (tensor("a", last), tensor("b", last))
    shown = drawn(graph, SignatureSummary("default", (tensor("x", "x"),), outputs))
    assert [box.name for box in shown.boxes if box.kind == "output"] == ["a / b"]


@pytest.mark.parametrize(
    ("signatures", "nodes", "functions", "words"),
    [
        ((), (), 0, "the graph has no nodes."),
        ((), (), 2, "only functions that nothing calls (2)."),
        ((), (("c", "Const"),), 0, "no node of the graph computes anything"),
        ((SignatureSummary("default", (), ()),), (("c", "Const"),), 0, "neither inputs nor outputs"),
    ],
)
def test_a_warning_says_why_nothing_is_drawn(
    signatures: tuple[SignatureSummary, ...], nodes: tuple[tuple[str, str], ...], functions: int, words: str
) -> None:
    graph = Graph()
    for node in nodes:
        graph.add(*node)
    for index in range(functions):
        graph.function(f"f{index}", [("n", "Relu", "a0")], "n:activations:0")
    shown = drawn(graph, *signatures)
    assert shown.boxes == ()
    (warning,) = shown.warnings
    assert words in warning


def test_a_graph_without_signatures_is_shown_whole() -> None:
    graph, _ = chain(["one"])
    assert {("x", "one/MatMul"), ("one/MatMul", "one/Relu")} <= links(drawn(graph, expand=["one"]))


def test_a_loop_of_tf1() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("m", "Merge", "x", "n")
    graph.add("s", "Switch", "m", "c")
    graph.add("c", "LoopCond", "m")
    graph.add("n", "NextIteration", "s:1")
    graph.add("e", "Exit", "s")
    assert {("in0", "m"), ("n", "m"), ("e", "out")} <= links(drawn(graph, signature("d", "e", "x")))


def test_nodes_that_the_graph_lacks() -> None:
    shown = drawn(Graph(), signature("d", "away", "gone"))
    assert links(shown) == {("away", "out")}
    assert "no node for the input 'in0'" in shown.warnings[0]
    assert "'away'" in shown.warnings[1]


def test_an_unknown_signature_names_a_bounded_number() -> None:
    variant = VariantSummary((), tuple(SignatureSummary(f"s{index}", (), ()) for index in range(1000)))
    with pytest.raises(NoSuchSignatureError, match=r"'s19' and 980 more\. Did you mean 's42'\?") as caught:
        outline(Graph().message, variant, "s_42")
    assert len(str(caught.value)) < 400


# ---- dtypes


def typed(graph: Graph, name: str, op: str, *inputs: str, **dtypes: int) -> str:
    """A node that has these attributes, and no shapes."""
    graph.add(name, op, *inputs)
    node = graph.message.graph_def.node[-1]
    node.attr.clear()
    for attribute, dtype in dtypes.items():
        node.attr[attribute].type = dtype
    return name


@pytest.mark.parametrize(
    ("op", "port", "dtype"),
    [("TopKV2", ":1", "int32"), ("TopKV2", "", "float32"), ("ArgMax", "", "int64"), ("Unique", ":1", "int32"),
     ("Where", "", "int64"), ("Multinomial", "", "int64"), ("Less", "", "bool"), ("Mine>Own", "", "")],
)  # fmt: skip
def test_edges_carry_the_dtype_of_the_output(op: str, port: str, dtype: str) -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    typed(graph, "op", op, "x", T=1)
    last = graph.add("end", "Relu", f"op{port}")
    shown = drawn(graph, signature("d", last, "x"))
    (edge,) = [edge for edge in shown.edges if shown.boxes[edge.source].name == "op"]
    assert edge.dtype == dtype


def test_stripped_defaults() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    typed(graph, "pool", "MaxPool", "x")
    shown = drawn(graph, signature("d", graph.add("end", "Relu", "pool"), "x"))
    assert [box.dtype for box in shown.boxes if box.name == "pool"] == ["float32"]


def test_a_call_that_is_not_inlined_has_the_dtypes_of_its_function() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.function("f", [("again", "f", "a0")], "again:out:0")
    graph.message.graph_def.library.function[0].signature.output_arg[0].type = 9
    typed(graph, "run", "f", "x")
    shown = drawn(graph, signature("d", "run", "x"))
    assert [(box.name, box.dtype) for box in shown.boxes if box.kind == "op"] == [("run/again", "int64")]


def test_outputs_in_bodies_are_found_by_name() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    body = [("top", "TopKV2", "a0", "a0"), ("end", "Cast", "top:indices:0")]
    graph.function("f", body, "end:y:0")
    last = graph.call("run", "f", "x")
    shown = drawn(graph, signature("d", last, "x"))
    assert ("run/top", "run/end", "int32") in {
        (shown.boxes[edge.source].name, shown.boxes[edge.target].name, edge.dtype) for edge in shown.edges
    }


def test_a_sparse_input_is_three_tensors() -> None:
    graph = Graph()
    parts = []
    for role, dtype in (("values", "float32"), ("indices", "int64"), ("dense_shape", "int64")):
        graph.add(role, "Placeholder")
        parts.append(ComponentSummary(role, dtype, (None,), f"{role}:0"))
    sparse = TensorSummary("words", "float32", (None, 8), "sparse", components=tuple(parts))
    last = graph.add("reorder", "SparseReorder", "indices", "values", "dense_shape")
    both = replace(signature("d", last), inputs=(sparse,))
    (edge,) = [edge for edge in drawn(graph, both).edges if edge.tensors == 3]
    assert edge.dtype == ""
    typed(graph, "rows", "Identity", "indices", T=9)
    only = replace(signature("d", graph.add("end", "Relu", "rows")), inputs=(sparse,))
    shown = drawn(graph, only)
    assert ("int64", 1) in {(edge.dtype, edge.tensors) for edge in shown.edges}

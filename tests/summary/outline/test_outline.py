"""A graph as a few boxes."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace

import pytest

from hubexplore.errors import DiagramError, NoSuchScopeError, NoSuchSignatureError
from hubexplore.summary.model import AssetSummary, TableSummary
from hubexplore.summary.outline import MAX_BOXES, outline
from hubexplore.summary.outline.data import Outline
from tests.summary.graphs import Graph, chain, links, signature


def drawn(graph: Graph, output: str, *expand: str, depth: int | None = None) -> Outline:
    return outline(graph.message, graph.variant(output, "x"), expand=expand, depth=depth)


def names(shown: Outline, kind: str) -> list[str]:
    return [box.name for box in shown.boxes if box.kind == kind]


def test_a_signature_is_shown_from_inputs_to_outputs() -> None:
    graph, last = chain(["one", "two"])
    graph.add("other/Tanh", "Tanh", last)
    shown = outline(graph.message, graph.variant(last, "x"), "default", expand=["one"], depth=1)
    assert names(shown, "input") == ["in0"]
    assert names(shown, "output") == ["out"]
    assert names(shown, "op") == ["one/MatMul", "one/Relu"]
    assert names(shown, "scope") == ["two"]
    assert {("in0", "one/MatMul"), ("one/MatMul", "one/Relu"), ("one/Relu", "two"), ("two", "out")} <= links(
        shown
    )
    assert not any("other" in box.name for box in shown.boxes)


def test_a_scope_has_its_ops_weights_and_nodes() -> None:
    graph, last = chain([f"layer{index}x{'y' * index}" for index in range(8)])
    box = next(box for box in drawn(graph, last).boxes if box.kind == "scope")
    assert box.ops == (("MatMul", 1), ("Relu", 1))
    assert [weight.name for weight in box.weights] == ["layer0x/kernel"]
    assert box.parameters == 64
    assert box.nodes == 4


def test_edges_carry_dtype_and_shape() -> None:
    graph, last = chain(["one", "two"])
    edges = drawn(graph, last, "one").edges
    assert {(edge.dtype, edge.shape) for edge in edges} == {("float32", (None, 8)), ("float32", (8, 8))}


def test_numbered_repeats_in_a_chain_are_a_series() -> None:
    graph, last = chain(["stem", *(f"layer_{index}" for index in range(12)), "head"])
    (series,) = [box for box in drawn(graph, last).boxes if box.kind == "series"]
    assert (series.name, series.repeats, series.parameters) == ("layer_0..11", 12, 12 * 64)


@pytest.mark.parametrize(
    "scopes", [["block", "block_1", "block_2"], [f"unit_{number}/conv" for number in (1, 2, 3)]]
)
def test_other_ways_to_number(scopes: list[str]) -> None:
    graph, last = chain(scopes)
    assert [box.repeats for box in drawn(graph, last).boxes if box.kind == "series"] == [3]


def test_a_repeat_may_have_several_parts() -> None:
    graph, last = chain([f"{kind}_{index}" for index in range(4) for kind in ("conv", "norm")])
    (series,) = [box for box in drawn(graph, last).boxes if box.kind == "series"]
    assert (series.repeats, series.note) == (4, "conv_0, norm_0")


def test_parts_side_by_side_are_no_series() -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    last = graph.add("sum", "AddN", *(graph.dense(f"tower_{index}", x) for index in range(5)))
    assert names(drawn(graph, last), "series") == []


def test_a_series_is_unfolded_by_its_name_and_by_one_of_its_scopes() -> None:
    graph, last = chain([f"layer_{index}" for index in range(12)])
    assert len(names(drawn(graph, last, "layer_0..11"), "scope")) == 12
    shown = drawn(graph, last, "layer_5")
    assert names(shown, "series") == ["layer_0..4", "layer_6..11"]
    assert "layer_5/MatMul" in names(shown, "op")


def test_constants_and_shapes_are_hidden_unless_requested() -> None:
    graph, last = chain(["one"])
    shape = graph.add("one/Shape", "Shape", "one/Relu")
    last = graph.add(
        "one/Reshape", "Reshape", last, graph.add("one/pack", "Pack", shape, graph.add("one/c", "Const"))
    )
    folded = drawn(graph, last, "one/MatMul")
    assert not {"one/Shape", "one/pack", "one/c"} & {box.name for box in folded.boxes}
    assert {"one/Shape", "one/pack"} <= set(names(drawn(graph, last, "one"), "op"))
    assert names(drawn(graph, last, "one/c"), "constant") == ["one/c"]


def test_a_variable_that_boxes_share_is_a_box() -> None:
    graph, last = chain(["one"])
    graph.add("two/MatMul", "MatMul", last, "one/kernel/Read/ReadVariableOp")
    shown = drawn(graph, graph.add("two/Relu", "Relu", "two/MatMul"), "two")
    assert names(shown, "variable") == ["one/kernel"]
    assert {("one/kernel", "two/MatMul")} <= links(shown)


def test_tables_show_the_assets_they_are_filled_from() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    table = graph.add("table", "HashTableV2")
    lookup = graph.add("find", "LookupTableFindV2", table, "x")
    variant = replace(
        graph.variant(lookup, "x"),
        tables=(TableSummary("table", "HashTableV2", "string", "int64", ("words.txt",)),),
        assets=(AssetSummary("words.txt", 12),),
    )
    shown = outline(graph.message, variant)
    assert {("words.txt", "table"), ("table", "find")} <= links(shown)


def test_the_body_of_a_call_is_shown() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.function("inner", [("layer/Tanh", "Tanh", "a0")], "layer/Tanh:y:0")
    body = [("pre/Relu", "Relu", "a0"), ("call", "StatefulPartitionedCall", "pre/Relu:activations:0")]
    graph.function("outer", body, "call:output:0")
    graph.message.graph_def.library.function[1].node_def[1].attr["f"].func.name = "inner"
    last = graph.call("run", "outer", "x")
    for shown in (drawn(graph, last), drawn(graph, last, "outer"), drawn(graph, last, "inner")):
        assert names(shown, "op") == ["run/pre/Relu", "run/call/layer/Tanh"]
        chained = {
            ("in0", "run/pre/Relu"),
            ("run/pre/Relu", "run/call/layer/Tanh"),
            ("run/call/layer/Tanh", "out"),
        }
        assert links(shown) == chained


def test_a_function_that_calls_itself_ends() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.function("f", [("again", "StatefulPartitionedCall", "a0")], "again:output:0")
    graph.message.graph_def.library.function[0].node_def[0].attr["f"].func.name = "f"
    assert names(drawn(graph, graph.call("run", "f", "x")), "op") == ["run/again"]


def test_missing_nodes_are_boxes_and_warnings() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    shown = drawn(graph, graph.add("sum", "Add", "x", "gone"))
    assert names(shown, "missing") == ["gone"]
    assert "'gone'" in shown.warnings[0]


def test_cycles_duplicates_and_odd_names() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    for index, name in enumerate(("", "/", "a//b", "a/", "/a", "a", "a", "a/b/")):
        graph.add(name, f"Add{index}", "x", "loop")
    graph.add("loop", "Add", "a", "", "/", "a//b", "a/", "/a", "a/b/")
    graph.add("i", "Identity", "j")
    graph.add("j", "Identity", "i")
    shown = drawn(graph, graph.add("end", "Add", "loop", "i"), depth=9)
    assert {"", "/", "a//b", "a/", "/a", "a", "a/b/", "loop", "end"} == set(names(shown, "op"))


def test_a_thousand_levels_of_scopes() -> None:
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for index in range(1000):
        last = graph.add("/".join(["d"] * index + [f"op{index}"]), "Relu", last)
    assert len(drawn(graph, last).boxes) <= MAX_BOXES
    assert len(drawn(graph, last, depth=10_000).boxes) <= MAX_BOXES


@pytest.mark.parametrize("scope", ["flat/", ""])
def test_never_more_than_the_bound(scope: str) -> None:
    graph = Graph()
    last = graph.add("x", "Placeholder")
    for index in range(3000):
        # Letters only: numbers would make a series.
        name = "".join("abcdefghij"[int(digit)] for digit in str(index))
        last = graph.add(f"{scope}{name}z", "Relu" if index % 3 else "Tanh", last)
    shown = drawn(graph, last, *(["flat"] if scope else []))
    assert len(shown.boxes) <= MAX_BOXES
    (more,) = [box for box in shown.boxes if box.kind == "more"]
    assert more.label == f"... and {more.nodes:,} more"
    assert sum(box.nodes for box in shown.boxes if box.kind in ("op", "more")) == 3000


def test_many_of_everything_stay_within_the_bound() -> None:
    graph = Graph()
    inputs = [graph.add(f"in{index}", "Placeholder") for index in range(300)]
    weights = [graph.variable(f"w{index}", 2) for index in range(300)]
    parts = [graph.add(f"mul{index}q", "Mul", inputs[index], weights[index]) for index in range(300)]
    shown = outline(graph.message, graph.variant(graph.add("sum", "AddN", *parts), *inputs), depth=3)
    assert len(shown.boxes) <= MAX_BOXES


def test_errors_about_unknown_names_suggest_the_nearest() -> None:
    graph, last = chain(["encoder", "decoder"])
    graph.add("unused/Tanh", "Tanh", "x")
    with pytest.raises(NoSuchSignatureError, match=r"Did you mean 'default'\?"):
        outline(graph.message, graph.variant(last, "x"), "defualt")
    with pytest.raises(NoSuchScopeError, match=r"no 'encodre'.*Did you mean 'encoder'\?"):
        drawn(graph, last, "encodre")
    with pytest.raises(NoSuchScopeError, match="does not need it"):
        drawn(graph, last, "unused")
    with pytest.raises(DiagramError, match="at least 1, but is 0"):
        drawn(graph, last, depth=0)


def test_all_signatures_together() -> None:
    graph, last = chain(["one", "two"])
    variant = replace(
        graph.variant(last, "x"),
        signatures=(signature("a", "one/Relu", "x"), signature("b", last, "one/Relu")),
    )
    shown = outline(graph.message, variant)
    assert {box.note for box in shown.boxes if box.kind in ("input", "output")} == {"of a", "of b"}
    assert {("one", "in0"), ("in0", "two")} <= {
        (a.rpartition("/")[0] or a, b.rpartition("/")[0] or b) for a, b in links(shown)
    }


def test_a_scope_is_unfolded_by_the_name_in_the_picture() -> None:
    graph, last = chain([f"net/part/{name}" for name in ("one", "two", "three", "four", "five", "six")])
    assert names(drawn(graph, last, "two"), "op") == ["net/part/two/MatMul", "net/part/two/Relu"]


def test_depth_caps_the_levels() -> None:
    graph, last = chain(["m/a/one", "m/a/two", "n/b/three", "n/b/four"])
    assert names(drawn(graph, last, depth=1), "scope") == ["m", "n"]
    assert {group.name for group in drawn(graph, last, depth=2).groups} == {"m/a", "n/b"}


def calls(layers: int) -> int:
    """Returns the number of Python calls that an outline of this many layers takes."""
    graph, last = chain([f"block{index % 7}/part{'ab'[index % 2]}/unit_{index}" for index in range(layers)])
    variant, count = graph.variant(last, "x"), 0

    def profile(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        outline(graph.message, variant)
    finally:
        sys.setprofile(None)
    return count


def test_the_garbage_collector_is_as_before() -> None:
    graph, last = chain(["one"])
    gc.disable()
    drawn(graph, last)
    assert not gc.isenabled()
    gc.enable()
    with pytest.raises(NoSuchSignatureError):
        outline(graph.message, graph.variant(last, "x"), "other")
    assert gc.isenabled()


def test_a_tangle_of_scopes_is_drawn_with_fewer_boxes() -> None:
    graph = Graph()
    x = graph.add("x", "Placeholder")
    scopes = [f"{letter}part" for letter in "abcdefghijklmnopqrst"]
    first = [graph.add(f"{scope}/one", "Relu", x) for scope in scopes]
    last = [graph.add(f"{scope}/two", f"Op{scope}", *first) for scope in scopes]
    shown = drawn(graph, graph.add("sum", "AddN", *last), depth=1)
    assert len(shown.edges) <= 60
    assert not shown.warnings


def test_the_work_is_linear_in_the_graph() -> None:
    assert calls(4000) < 4.6 * calls(1000)

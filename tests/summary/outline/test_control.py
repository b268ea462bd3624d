"""Branches and loops: those that call functions, and those of TF1."""

from __future__ import annotations

from hubexplore.summary.outline import Outline, outline
from tests.summary.graphs import Graph, links


def functions() -> tuple[Graph, str]:
    """If, While and Case in a chain; `pred` is their condition."""
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("pred", "Placeholder")
    for name, op in (
        ("yes", "Sin"),
        ("no", "Cos"),
        ("step", "Tanh"),
        ("test", "Less"),
        ("a", "Exp"),
        ("b", "Log"),
    ):
        graph.function(name, [(f"{name}/{op}", op, "a0")], f"{name}/{op}:y:0")
    attributes = {
        "cond": ("If", ("pred", "x"), {"then_branch": ["yes"], "else_branch": ["no"]}),
        "loop": ("While", ("cond",), {"body": ["step"], "cond": ["test"]}),
        "case": ("Case", ("pred", "loop"), {"branches": ["a", "b"]}),
    }
    for node, (op, inputs, roles) in attributes.items():
        graph.add(node, op, *inputs)
        attr = graph.message.graph_def.node[-1].attr
        for role, called in roles.items():
            if op == "Case":
                for function in called:
                    attr[role].list.func.add(name=function)
            else:
                attr[role].func.name = called[0]
    return graph, graph.add("end", "Relu", "case")


def older() -> tuple[Graph, str]:
    """A loop of Enter, Merge, Switch and so on, then a branch of Switch and Merge."""
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("pred", "Placeholder")
    for name, op, *inputs in (
        ("while/Enter", "Enter", "x"),
        ("while/Merge", "Merge", "while/Enter", "while/NextIteration"),
        ("while/Less", "Less", "while/Merge", "while/Less/y"),
        ("while/Less/y", "Const"),
        ("while/LoopCond", "LoopCond", "while/Less"),
        ("while/Switch", "Switch", "while/Merge", "while/LoopCond"),
        ("while/Tanh", "Tanh", "while/Switch:1"),
        ("while/NextIteration", "NextIteration", "while/Tanh"),
        ("while/Exit", "Exit", "while/Switch"),
        ("cond/Switch", "Switch", "while/Exit", "pred"),
        ("cond/drop/Mul", "Mul", "cond/Switch:1", "cond/Switch:1"),
        ("cond/keep/Neg", "Neg", "cond/Switch"),
        ("cond/Merge", "Merge", "cond/drop/Mul", "cond/keep/Neg"),
        ("end", "Relu", "cond/Merge"),
    ):
        graph.add(name, op, *inputs)
    return graph, "end"


def drawn(made: tuple[Graph, str], *expand: str, depth: int | None = None) -> Outline:
    graph, last = made
    return outline(graph.message, graph.variant(last, "x", "pred"), expand=expand, depth=depth)


def test_folded_branches_and_loops_have_a_note() -> None:
    for made in (functions(), older()):
        notes = {box.name: box.note for box in drawn(made, depth=1).boxes}
        assert notes["cond"] == "branches"
        assert (notes.get("loop") or notes.get("while")) == "loop"


def test_a_branch_is_fed_by_its_condition_and_its_bodies() -> None:
    shown = drawn(functions(), depth=4)
    for pair in (
        ("in1", "cond"),
        ("in0", "cond/then_branch/yes/Sin"),
        ("cond/then_branch/yes/Sin", "cond"),
        ("cond/else_branch/no/Cos", "cond"),
        ("cond", "loop/body/step/Tanh"),
        ("loop/cond/test/Less", "loop"),
        ("loop", "case/branches/a/Exp"),
        ("case/branches/1/b/Log", "case"),
        ("in1", "case"),
        ("case", "end"),
    ):
        assert pair in links(shown), pair
    assert ("in1", "loop") not in links(shown)


def test_a_scope_with_a_node_of_its_name_is_one_group() -> None:
    groups = [group.name for group in drawn(functions(), depth=2).groups]
    assert groups == ["cond", "loop", "case"]


def test_a_branch_of_tf1_is_followed_from_switch_to_merge() -> None:
    shown = drawn(older(), "cond")
    assert {
        ("while", "cond/Switch"),
        ("in1", "cond/Switch"),
        ("cond/Switch", "cond/drop/Mul"),
        ("cond/Switch", "cond/keep/Neg"),
        ("cond/drop/Mul", "cond/Merge"),
        ("cond/Merge", "end"),
    } <= links(shown)

"""Costs, shown: text, HTML, data frames and JSON say the same."""

from __future__ import annotations

import json

import pytest

from hubexplore.display.rich import cost_view
from hubexplore.display.rich.cost_tree import MAX_ROWS, Entry, Measure, cost_tree, rows, tree_html
from hubexplore.display.rich.cost_view import ShownCost
from hubexplore.display.wording import amount_text, duration_text
from hubexplore.summary.cost import cost_of
from hubexplore.summary.model import TensorSummary
from tests.display import page
from tests.display.test_hostile import HOSTILE
from tests.summary.cost.graphs import Model, while_loop

OPS = [f"      op{at}" for at in range(4)]


def shown(model: Model, last: str, **options: object) -> ShownCost:
    summary = model.summary(last)
    return cost_view.displayable(cost_of(summary, summary.variants[0], **options))  # type: ignore[arg-type]


def layers(name: str = "layer") -> tuple[Model, str]:
    model = Model()
    last = model.input("x", None, 8)
    for index in range(3):
        weights = model.variable(f"{name}_{index}/w", 8, 8)
        last = model.add(f"{name}_{index}/MatMul", "MatMul", last, weights)
    return model, model.add(f"{name}_2/Relu", "Relu", last)


def test_text() -> None:
    lines = repr(shown(*layers())).splitlines()
    assert lines[0] == "Cost of title · signature default"
    assert "Inputs: x (1, 8)" in lines[1]
    assert "192 multiply-adds (384 FLOPs) · 128 bytes of activations · 192 parameters" in lines[2]
    assert [line.split()[0] for line in lines[4:6]] == ["layer_0/MatMul", "layer_1/MatMul"]
    assert "33.3 %" in lines[4]
    assert "... and 1 more op, 0.0 % of all" in lines[-1]


def test_an_open_size_is_a_symbol() -> None:
    cost = shown(*while_loop(3), batch=None)
    assert "192·x[0] multiply-adds" in repr(cost)
    assert "Open: x[0]. Give the shapes" in repr(cost)
    assert cost.df["multiply_adds_formula"].tolist() == ["192·x[0]"]
    assert cost.df["multiply_adds"].isna().all()
    plain = json.loads(cost.to_json())
    assert (plain["multiply_adds"], plain["multiply_adds_formula"]) == (None, "192·x[0]")


def test_data_frames_and_json_agree() -> None:
    cost = shown(*layers())
    assert cost.df["multiply_adds"].sum() == cost.multiply_adds
    assert cost.df["parameters"].sum() == cost.parameters
    assert cost.scopes_df.set_index("name").loc["layer_0", "multiply_adds"] == 64
    plain = json.loads(cost.to_json())
    assert plain == cost.to_dict()
    assert sum(op["multiply_adds"] for op in plain["ops"]) == plain["multiply_adds"] == 192
    assert plain["shapes"] == {"x": [1, 8]}


def test_nothing_to_count() -> None:
    model = Model()
    model.input("x", None)
    cost = shown(model, "x")
    assert len(cost.df) == 0
    assert len(cost.scopes_df) == 0
    assert "0 multiply-adds" in repr(cost)
    assert cost._repr_html_() is not None


@pytest.mark.parametrize("name", [each for each in HOSTILE.values() if each != "\ud800"])
def test_hostile_names(name: str) -> None:
    model, last = layers(name)
    cost = shown(model, last)
    assert all(line.isprintable() for line in repr(cost).splitlines())
    page.read(cost_view._markup(cost))
    assert "<script" not in cost.to_html()
    assert json.loads(cost.to_json())["ops"][0]["name"] == f"{name}_0/MatMul"


@pytest.mark.parametrize("name", [each for each in HOSTILE.values() if each not in ("\ud800", "")])
def test_hostile_names_of_open_sizes(name: str) -> None:
    # A slash or a colon would be read as part of a path of the graph.
    model = Model()
    model.add("x", "Placeholder")
    model.inputs.append(TensorSummary(name, "float32", (None, None, 8), "dense", "x:0"))
    last = model.add("product", "BatchMatMulV2", "x", model.variable("w", 8, 8))
    cost = shown(model, last)
    assert cost.missing == (f"{name}[1]",)
    assert all(line.isprintable() for line in repr(cost).splitlines())
    page.read(cost_view._markup(cost))


def test_lone_surrogates() -> None:
    # No graph can hold them, but numbers of users can have any names.
    tree = cost_tree([Entry("\ud800/<b>", "\ud800", (1, 2))], [Measure("a", str), Measure("b", str)])
    page.read(f"<div>{tree_html(tree)}</div>")


def test_a_large_graph_stays_small() -> None:
    entries = [Entry(f"block_{at % 50}/layer_{at}/op", "MatMul", (at, 1)) for at in range(20_000)]
    tree = cost_tree(entries, [Measure("a", str), Measure("b", str)])
    assert len(tree_html(tree)) < 300_000
    assert len(list(rows(tree, 10_000))) <= 2 * MAX_ROWS
    assert tree.root.numbers == (sum(range(20_000)), 20_000)
    assert "more" in tree.root.note


def test_deep_scopes_do_not_recurse() -> None:
    entries = [Entry("/".join("s" * 3000) + f"/{at}", "Relu", (1,)) for at in range(3)]
    page.read(f"<div>{tree_html(cost_tree(entries, [Measure('a', str)]))}</div>")


def test_what_costs_most_is_listed() -> None:
    entries = [Entry(f"op{at}", "MatMul", (1000 if at == 999 else 1,)) for at in range(1000)]
    tree = cost_tree(entries, [Measure("a", str)])
    assert "op999" in [part.name for part in tree.root.parts]


def test_text_shows_all_outer_scopes_and_opens_those_that_cost_most() -> None:
    costs = {"first": 1, "second": 3, "third": 90}
    entries = [
        Entry(f"{scope}/op{at}", "MatMul", (cost,)) for scope, cost in costs.items() for at in range(8)
    ]
    tree = cost_tree(entries, [Measure("a", str)])
    assert [row[0] for row in rows(tree, 12)] == [
        "first/", "second/", "third/", *(f"  op{at}" for at in range(8)),
    ]  # fmt: skip
    assert len(list(rows(tree, 10))) == len(costs)
    assert len(list(rows(tree, 27))) == len(costs) + len(entries)


def test_many_inputs_are_broken_between_them() -> None:
    names = [f"of_a_long_name_{number}" for number in range(9)]
    lines = cost_view.head_lines(
        "head", [cost_view.inputs_line([(name, (1, 2)) for name in names])], False, 80
    )
    assert lines[0] == "head"
    assert lines[1].startswith("  Inputs: of_a_long_name_0 (1, 2), ")
    assert len(lines) > 3
    assert all(len(line) <= 80 and line.endswith((",", ")")) for line in lines[1:])
    assert " ".join(line.strip() for line in lines[1:]).count(" (1, 2)") == 9


def test_scopes_that_are_not_listed_take_no_room() -> None:
    entries = [Entry(f"a/b/{scope}/op{at}", "MatMul", (5000,)) for scope in "xy" for at in range(4)]
    entries += [Entry(f"a/{scope}/op{at}", "MatMul", (1,)) for scope in "defgh" for at in range(4)]
    names = [row[0] for row in rows(cost_tree(entries, [Measure("a", str)]), 13) if len(row) > 1]
    assert names == ["a/", "  b/", *("    x/", *OPS), *("    y/", *OPS)]


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0, "", "0"),
        (99_999, "", "99,999"),
        (123_456, "", "123 k"),
        (1.5, "", "1.5"),
        (-2.25e9, "", "-2.25 G"),
        (999_600, "", "1 M"),
        (1e30, "", "1,000,000,000,000,000 P"),
        (float("nan"), "", "not a number"),
        (float("-inf"), "s", "infinite"),
        (4100, "B", "4.1 kB"),
        (-4100, "B", "-4.1 kB"),
        (0.00123, "s", "1.23 ms"),
    ],
)
def test_amounts(number: float, unit: str, text: str) -> None:
    assert amount_text(number, unit) == text


def test_durations() -> None:
    assert [duration_text(seconds) for seconds in (0, 5e-7, 0.25, 2, 90)] == [
        "0 µs",
        "0.5 µs",
        "250 ms",
        "2 s",
        "90 s",
    ]

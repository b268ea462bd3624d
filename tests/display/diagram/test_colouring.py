"""Diagrams coloured by numbers: the number of a box, the scale, and names that are not there."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from hubexplore.display import palette
from hubexplore.display.diagram import diagram, scale_of
from hubexplore.display.diagram.colouring import Colouring, coloured
from hubexplore.display.rich.summaries import Summary, displayable
from hubexplore.errors import DiagramError, NoSuchScopeError, NoSuchSignatureError
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.outline.amounts import amounts
from tests.display.diagram.test_diagram import hostile
from tests.summary.graphs import Graph, chain


def summary(scopes: list[str]) -> Summary:
    graph, last = chain(scopes)
    return displayable(graph.summary(last, "x"))


def by_box(colouring: Colouring | None, shown: object) -> dict[str, float | None]:
    """The numbers of boxes and unfolded scopes by name."""
    assert colouring is not None
    outline = shown.outline  # type: ignore[attr-defined]
    groups = {group.name: colouring.amounts.groups[number] for number, group in enumerate(outline.groups)}
    return groups | {box.name: colouring.amounts.boxes[number] for number, box in enumerate(outline.boxes)}


def fills_of(colouring: Colouring | None, shown: object) -> dict[str, str]:
    """The colours of the same."""
    assert colouring is not None
    outline = shown.outline  # type: ignore[attr-defined]
    groups = {group.name: colouring.group_fill(number) for number, group in enumerate(outline.groups)}
    return groups | {box.name: colouring.fill(number) for number, box in enumerate(outline.boxes)}


def test_a_box_has_its_own_number_or_the_sum_of_what_is_in_it() -> None:
    module = summary(["encoder/a", "encoder/b", "decoder"])
    numbers = {"encoder/a/MatMul": 1, "encoder/a/Relu": 2, "encoder/b": 10, "encoder/b/MatMul": 99}
    shown = module.graph(color={**numbers, "decoder/kernel": 5})
    values = by_box(shown.colouring, shown)
    assert values["encoder/a"] == 3
    assert values["encoder/b"] == 10
    # By the name of a variable that the box shows.
    assert values["decoder"] == 5
    assert values["in0"] is None
    assert shown.colouring is not None
    # The group has the sum of what is given highest up.
    assert shown.colouring.amounts.groups[0] == 13
    assert shown.df.set_index("name")["amount"]["encoder/b"] == 10
    assert "value: 10" in repr(shown)


def test_names_with_a_common_beginning_are_apart() -> None:
    module = summary(["layer_1", "layer_10", "layer_1x"])
    shown = module.graph(color={"layer_1/MatMul": 1.0, "layer_10/MatMul": 2.0}, expand=["layer_1"], depth=1)
    assert by_box(shown.colouring, shown)["layer_1"] == 1.0


def test_a_series_has_the_sum_of_its_repeats() -> None:
    module = summary([f"layer_{index}" for index in range(12)])
    shown = module.graph(color={f"layer_{index}/MatMul": 1 for index in range(12)})
    (series,) = [box for box in shown.outline.boxes if box.kind == "series"]
    assert by_box(shown.colouring, shown)[series.name] == 12


def test_what_is_counted() -> None:
    module = summary(["a", "b"])
    shown = module.graph("default", color="parameters")
    assert by_box(shown.colouring, shown)["a"] == 64
    assert "50 % of the parameters" in repr(shown)
    for quantity in ("multiply_adds", "flops", "activation_bytes"):
        assert module.graph(color=quantity).colouring is not None
    with pytest.raises(NoSuchSignatureError):
        module.graph("defualt", color="flops")


def test_a_cost_and_a_pandas_series() -> None:
    module = summary(["a", "b"])
    shown = module.graph(color=module.cost(batch=4))
    assert "FLOPs" not in repr(shown)
    assert "multiply-adds" in repr(shown) or "activation" in shown.dot
    named = module.graph(color=pd.Series({"a": 1.5, "b": 3.0}, name="importance"))
    assert "importance: 1.5" in repr(named)
    assert "importance" in named.dot
    assert named.table.columns[1].name == "importance"


def test_the_scale_goes_from_paper_to_the_largest_number() -> None:
    module = summary(["a", "b"])
    shown = module.graph(color={"a": 0, "b": 4})
    colouring = shown.colouring
    assert colouring is not None
    fills = fills_of(colouring, shown)
    assert fills["a"] == palette.PAPER
    assert fills["b"] == f"#{palette.AMOUNTS[-1]}"
    assert f'fillcolor="{fills["b"]}"' in shown.dot
    assert [text for _, text in colouring.legend if text] == ["0", "4"]


def test_negative_numbers_have_a_scale_of_two_colours() -> None:
    module = summary(["a", "b", "c"])
    shown = module.graph(color={"a": -1, "b": 1, "c": math.nan})
    colouring = shown.colouring
    assert colouring is not None
    fills = fills_of(colouring, shown)
    assert fills["a"] == f"#{palette.CHANGES[0]}"
    assert fills["b"] == f"#{palette.CHANGES[-1]}"
    assert fills["c"] == palette.NOT_A_NUMBER
    assert "not a number" in repr(shown)
    # All equal to zero: no division.
    assert module.graph(color={"a": 0}).colouring is not None
    assert module.graph(color={"a": math.inf}).colouring is not None


def test_names_that_are_not_there() -> None:
    module = summary(["first", "second"])
    shown = module.graph(color={"first": 1, "elsewhere": 2})
    assert shown.colouring is not None
    assert shown.colouring.warnings == ("1 of 2 names have no box in this diagram: 'elsewhere'.",)
    assert "1 of 2 names" in shown.html()
    with pytest.raises(NoSuchScopeError, match=r"No name of color=.*'fist'.*Did you mean 'first'"):
        module.graph(color={"fist": 1})


@pytest.mark.parametrize(
    ("color", "words"),
    [
        ("flop", "Did you mean 'flops'"),
        (3, "Got a int"),
        ({}, "Got no numbers"),
        ({"a": "x"}, "The value of 'a' is 'x'"),
        (pd.DataFrame({"a": [1]}), "Got a DataFrame"),
        ({"a": None}, "Got no numbers"),
    ],
)
def test_bad_colours(color: object, words: str) -> None:
    with pytest.raises(DiagramError, match=words):
        summary(["a", "b"]).graph(color=color)


@hostile
def test_hostile_names_and_labels(name: str) -> None:
    graph, last = chain([name or "x", "other"])
    module = displayable(graph.summary(last, "x"))
    shown = module.graph(color={"other": 1}, label=name)
    assert 'URL="' not in shown.dot
    assert "<script" not in shown.html()
    assert all(line.isprintable() for line in repr(shown).splitlines())


def test_fewer_boxes_are_coloured_too() -> None:
    graph, last = chain([f"part_{index}/deep" for index in range(4)])
    module: ModuleSummary = graph.summary(last, "x")
    shown = diagram(module, scale=scale_of({"part_0": 1}))
    assert shown.colouring is not None
    assert shown._fewer is not None
    shown.outline = shown._fewer()
    assert len(shown.colouring.amounts.boxes) == len(shown.outline.boxes)


def test_amounts_of_a_single_op_are_its_own() -> None:
    graph = Graph()
    graph.add("x", "Placeholder")
    graph.add("a", "Relu", "x")
    last = graph.add("a/b", "Relu", "a")
    outline = displayable(graph.summary(last, "x")).graph().outline
    found = amounts(outline, {"a": 1, "a/b": 2})
    values = {box.name: found.boxes[index] for index, box in enumerate(outline.boxes)}
    assert (values["a"], values["a/b"]) == (1, 2)
    assert coloured(outline, scale_of({"a": 1})).amounts.unused == ()


def luminance(colour: str) -> float:
    parts = [int(colour.lstrip("#")[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def darkened(colour: str) -> str:
    """What the filter of dark themes makes of a colour; the matrices are those of the CSS specification."""
    red, green, blue = (0.92 - 0.84 * int(colour.lstrip("#")[at : at + 2], 16) / 255 for at in (0, 2, 4))
    # hue-rotate(180deg): the cosine is -1, the sine 0.
    turned = (
        -0.574 * red + 1.43 * green + 0.144 * blue,
        0.426 * red + 0.43 * green + 0.144 * blue,
        0.426 * red + 1.43 * green - 0.856 * blue,
    )
    return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in turned)


@pytest.mark.parametrize("scale", [palette.AMOUNTS, palette.CHANGES])
def test_text_stays_readable_on_every_colour(scale: tuple[str, ...]) -> None:
    # WCAG 2.1, 1.4.3: a contrast of at least 4.5, on paper and on the inverted paper of dark themes.
    for change in (str, darkened):
        ink = luminance(change(palette.INK))
        for step in range(101):
            fill = luminance(change(palette.shade(scale, step / 100)))
            assert (max(ink, fill) + 0.05) / (min(ink, fill) + 0.05) >= 4.5


def test_shades_lie_between_the_colours_of_a_scale() -> None:
    assert palette.shade(("000000", "ffffff"), 0.5) == "#808080"
    assert palette.shade(("000000", "ffffff"), -1) == "#000000"
    assert palette.shade(("000000", "ff0000", "ffffff"), 0.75) == "#ff8080"

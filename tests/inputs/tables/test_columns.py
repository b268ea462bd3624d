"""What stands where in a form."""

from __future__ import annotations

from typing import Any

import pytest

from hubexplore.errors import SignatureError
from hubexplore.inputs.tables.columns import Column, layout
from hubexplore.summary.model import SignatureSummary
from tests.inputs.fields_of import field, tensor
from tests.inputs.tables.layouts import EXAMPLES, FEATURES, HOUSES, layout_of


def names(columns: Any) -> list[str]:
    return [column.name for column in columns]


def test_inputs_with_few_values_for_each_row_are_columns() -> None:
    made = layout_of(**HOUSES, picture=("float32", (None, 8, 8, 3)), long=("float32", (None, 40)))
    assert names(made.columns) == ["area", "city", "floors", "garden", "place"]
    assert names(made.others) == ["picture", "long"]
    assert made.max_rows is None


def test_a_few_inputs_are_fields_and_single_numbers_are_boxes() -> None:
    made = layout_of(a=("float32", (None,)), b=("string", (None,)), rate=("float32", ()), on=("bool", ()))
    assert names(made.others) == ["a", "b"]
    assert names(made.boxes) == ["on", "rate"]


def test_a_text_is_a_box_only_among_many_inputs() -> None:
    assert names(layout_of(prompt=("string", ()), seed=("int32", ())).others) == ["prompt"]
    assert names(layout_of(**HOUSES, prompt=("string", ()), mean=("float32", (3,))).boxes) == [
        "mean",
        "prompt",
    ]


def test_order_of_the_graph_else_numbers_in_names_count() -> None:
    graph = type("Graph", (), {})()
    inputs = {f"x{number}": ("float32", (None,)) for number in (10, 2, 1)}
    assert names(layout_of(**inputs).columns) == ["x1", "x2", "x10"]
    fields = [field(dtype, shape, name=name) for name, (dtype, shape) in inputs.items()]
    signature = SignatureSummary(
        "default", tuple(tensor("float32", (None,), name=name) for name in inputs), ()
    )
    for order, expected in ((["x2", "x10", "x1"],) * 2, (["x1", "x10", "x2"], ["x1", "x2", "x10"])):
        graph.graph_def = type("Def", (), {"node": [type("Node", (), {"name": name}) for name in order]})
        assert names(layout(fields, signature, graph).columns) == expected


def test_features_are_columns_with_what_the_graph_says_of_them() -> None:
    made = layout([EXAMPLES])
    assert names(made.columns) == ["age", "name", "size", "tags"]
    assert [column.hint for column in made.columns] == [
        "a whole number", "a text", "2 numbers", "any number of texts, as JSON",
    ]  # fmt: skip
    assert [column.may_be_empty for column in made.columns] == [True, False, False, True]


CELLS = [
    ("float32", (None,), "1.5", [1.5], "1.5"),
    ("float32", (None,), " 0.1 ", [0.1], "0.1"),
    ("int64", (None, 1), "-7", [-7], "-7"),
    ("bool", (None,), "", [False], "false"),
    ("bool", (None,), "YES", [True], "true"),
    ("string", (None,), "", [b""], ""),
    ("string", (None,), "[a]", [b"[a]"], "[a]"),
    ("float32", (None, 3), "1, 2 3", [1, 2, 3], "1 2 3"),
]


@pytest.mark.parametrize(("dtype", "shape", "text", "values", "again"), CELLS)
def test_a_cell_and_back(dtype: str, shape: Any, text: str, values: list[Any], again: str) -> None:
    column = Column(field(dtype, shape))
    assert column.read(text, 1) == values
    assert column.write(values) == again


@pytest.mark.parametrize(
    ("number", "text", "values"),
    [
        (0, '""', [b""]),
        (0, "Ann", [b"Ann"]),
        (1, "", None),
        (2, "0.1 2", [0.1, 2]),
        (3, '["a", "b"]', [b"a", b"b"]),
        (3, "a, b", [b"a, b"]),
        (3, "", None),
    ],
)
def test_a_cell_of_a_feature_and_back(number: int, text: str, values: Any) -> None:
    column = Column(EXAMPLES, FEATURES[number])
    assert column.read(text, 1) == values
    assert column.write(values or []) == text


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        (Column(field("float32", (None,))), "abc", "'x', row 3: found 'abc', expected a number such as 1.5"),
        (Column(field("float32", (None,))), "", "'x', row 3 is empty; expected: a number"),
        (Column(field("float32", (None, 2))), "1", "'x', row 3: found 1 value, expected 2 numbers"),
        (Column(field("int8", (None,))), "300", "'x', row 3: found '300', expected a whole number from -128"),
        (Column(EXAMPLES, FEATURES[0]), "", "'rows', row 3, feature 'name' is empty; expected: a text"),
        (Column(EXAMPLES, FEATURES[1]), "x", "'rows', row 3, feature 'age': found 'x', expected a whole"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said(column: Column, text: str, words: str) -> None:
    with pytest.raises(SignatureError) as caught:
        column.read(text, 3)
    assert words in str(caught.value)

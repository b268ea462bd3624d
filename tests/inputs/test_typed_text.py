"""Typed text as values, and back."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hubexplore.errors import HubError, SignatureError
from hubexplore.inputs.text import typed_text
from hubexplore.inputs.text.nested_lists import same
from tests.inputs.fields_of import field

NUMBERS = (
    *("float16", "float32", "float64", "bfloat16", "float8_e5m2", "complex64", "complex128", "bool", "qint8"),
    *("int4", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


@pytest.mark.parametrize(
    ("dtype", "shape", "text", "expected"),
    [
        ("float32", (None, 3), "1 2 3", [[1, 2, 3]]),
        ("float32", (None, 3), "1, 2, 3\n4;5;6,\n\n", [[1, 2, 3], [4, 5, 6]]),
        ("float32", (3,), "1\t-2.5e1\n 3".replace("\n", ""), [1, -25, 3]),
        ("float32", (None,), "1\n2\n3", [1, 2, 3]),
        ("float32", (None, 1), "1 2 3", [[1], [2], [3]]),
        ("float32", (None, 2, 2), "1 2 3 4", [[[1, 2], [3, 4]]]),
        ("float32", (None, 2), "[[1, 2],\n [3, 4]]", [[1, 2], [3, 4]]),
        ("float32", (None, 2), "[1, 2]\n[3, 4]", [[1, 2], [3, 4]]),
        ("float64", (), " 1.5 ", 1.5),
        ("float64", None, "1 2", [1, 2]),
        ("float64", None, "7", 7),
        ("float64", None, "1 2\n3 4", [[1, 2], [3, 4]]),
        ("int64", (None,), "9223372036854775807 -9223372036854775808", [2**63 - 1, -(2**63)]),
        ("uint64", (None,), "[18446744073709551615]", [2**64 - 1]),
        ("bool", (None,), "true No YES 0 1 false", [True, False, True, False, True, False]),
        ("bool", (None, 2), "[[true, 0]]", [[True, False]]),
        ("complex64", (None,), "1+2j -3", [1 + 2j, -3]),
        ("float32", (None, 2), "[]", np.zeros([0, 2])),
    ],
)
def test_numbers(dtype: str, shape: Any, text: str, expected: Any) -> None:
    value = typed_text.read(field(dtype, shape), text)
    assert value.dtype == np.dtype(dtype)
    assert value.shape == np.shape(expected)
    assert value.tolist() == np.asarray(expected).tolist()


def test_what_is_no_number_and_infinite() -> None:
    assert np.array_equal(
        typed_text.read(field("float32", (None,)), "nan inf -Infinity"),
        [np.nan, np.inf, -np.inf],
        equal_nan=True,
    )


@pytest.mark.parametrize(
    ("shape", "text", "expected"),
    [
        ((None,), "one\ntwo words\n", [b"one", b"two words"]),
        ((None,), "one\r\n\r\nthree", [b"one", b"", b"three"]),
        ((None,), "[sic] he said", [b"[sic] he said"]),
        ((None,), '["[1]", "ü"]', [b"[1]", "ü".encode()]),
        ((None, 1), "one\ntwo", [[b"one"], [b"two"]]),
        ((None, 2), "a\tb\nc\td", [[b"a", b"b"], [b"c", b"d"]]),
        ((), "two\nlines", b"two\nlines"),
        (None, "one\ntwo", [b"one", b"two"]),
    ],
)
def test_texts(shape: Any, text: str, expected: Any) -> None:
    value = typed_text.read(field("string", shape), text)
    assert value.dtype == object
    assert value.tolist() == expected


def test_sparse_rows_and_parts() -> None:
    one = field("float32", (None, 3), "sparse")
    rows = typed_text.read(one, "[[1, null, 2], [null], []]")
    assert rows.indices.tolist() == [[0, 0], [0, 2]]
    assert rows.values.tolist() == [1, 2]
    assert rows.values.dtype == np.float32
    assert rows.dense_shape.tolist() == [3, 3]
    parts = typed_text.read(one, '{"indices": [[1, 0], [0, 2]], "values": [5, 6], "shape": [2, 3]}')
    assert parts.indices.tolist() == [[0, 2], [1, 0]], "TensorFlow wants the order of rows"
    assert parts.values.tolist() == [6, 5]
    assert typed_text.read(one, "[1, null, 2]").dense_shape.tolist() == [1, 3]
    assert typed_text.read(one, "[]").dense_shape.tolist() == [0, 3]


def test_ragged_rows() -> None:
    assert typed_text.read(field("int32", (None, None), "ragged"), "[[1, 2], [], [3]]") == [[1, 2], [], [3]]
    assert typed_text.read(field("string", (None, None), "ragged"), '["a", "b"]\n["c"]') == [
        [b"a", b"b"],
        [b"c"],
    ]
    assert typed_text.read(field("int32", (None, None), "ragged"), "[1, 2]") == [[1, 2]]
    deep = field("float32", (None, None, 2), "ragged")
    assert typed_text.read(deep, "[[[1, 2]], []]") == [[[1.0, 2.0]], []]
    assert typed_text.read(deep, "[[1, 2], [3, 4]]") == [[[1.0, 2.0], [3.0, 4.0]]], "one row"
    assert typed_text.read(deep, "[[], []]") == [[], []], "two rows without entries"
    with pytest.raises(SignatureError, match="3 entries in row 1, not 2"):
        typed_text.read(deep, "[[[1, 2, 3]]]")


@pytest.mark.parametrize(
    ("dtype", "shape", "kind", "text", "words"),
    [
        ("float32", (None,), "dense", "", "'x' is empty.*numbers"),
        ("string", (None,), "dense", "", "'x' is empty.*one sentence per line"),
        ("float32", (None, 2), "dense", "1 2\n3", "line 2: found 1 entry, expected 2 as in line 1"),
        ("float32", (None, 2), "dense", "1 2\n\n3 x", "line 3: found 'x', expected a number"),
        ("float32", (None, 2), "dense", "1 2 3", r"1 row of 3, expected the shape \(\?, 2\): 2 numbers"),
        ("float32", (None,), "dense", "1e39", "'1e39'"),
        ("float32", (None,), "dense", "1_0", "'1_0'"),
        ("float64", (None,), "dense", "1e999", "'1e999'"),
        ("int64", (None,), "dense", "9223372036854775808", "to 9223372036854775807"),
        ("int32", (None,), "dense", "1.5", "a whole number"),
        ("int32", (None,), "dense", "[true]", "found true, expected a whole number"),
        ("bool", (None,), "dense", "2", "true or false"),
        ("float32", (None, 2), "dense", "[[1, 2], [3", r"line 1, column 10: .* \('\[' is not closed\)"),
        ("float32", (None, 2), "dense", "[[1, 2],\n [3, 4]\n", r"line 1, column 1: .*'\[' is not closed\)"),
        ("float32", (None, 2), "dense", "[[1, 2] [3", r"line 1, column 9: .* \(Expecting ',' delimiter\)"),
        ("int8", (None, 2), "sparse", '{"[": [1], "a', r"""column 12: .* \('"' is not closed\)"""),
        ("int8", (None, 2), "sparse", '{"[": [1], "a": 1', r"column 1: .* \('{' is not closed\)"),
        ("float32", (None, 2), "dense", "[[1, 2], [null, 3]]", "row 2: found null"),
        ("float32", (None, 2), "dense", "[[1, 2], 3]", "row 2: found 3, expected 2 entries"),
        ("float32", (None, 2), "dense", "[" * 50_000, "nested too deeply"),
        ("float32", None, "dense", "[" * 40 + "]" * 40, "nested too deeply"),
        ("int32", (None,), "dense", f"[{'9' * 5000}]", "a number is too long"),
        ("string", (None, 2), "dense", "a\tb\nc", "line 2: found 1 text, expected 2"),
        ("string", (None,), "dense", '["\\ud800"]', "expected a text"),
        ("string", (None,), "dense", "[1]", "found 1, expected a text"),
        ("float32", (None, 2), "sparse", "5", "found 5"),
        ("int8", (None, 2), "sparse", '{"indices": [[0, 2]], "values": [1], "shape": [1, 2]}', "outside"),
        ("int8", (None,), "sparse", '{"indices": [[0], [0]], "values": [1, 2], "shape": [1]}', "twice"),
        ("int8", (None,), "sparse", '{"indices": [], "values": [], "shape": [1e15]}', "not a list of sizes"),
        ("float32", (None, 2), "sparse", '{"values": [1]}', "an object with other keys"),
        ("float32", (None, 2), "sparse", "[[1, 2, 3]]", r"the shape \(1, 3\)"),
        ("int32", (None, None), "ragged", "[[1, [2]]]", "a list"),
        ("int32", (None, None), "ragged", '{"a": 1}', "an object"),
        ("resource", (), "dense", "1", "exist only inside TensorFlow"),
        ("float32", (None,), "dense", "1 " * 500_001, "1,000,000 bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(dtype: str, shape: Any, kind: str, text: str, words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        typed_text.read(field(dtype, shape, kind), text)


def test_messages_are_short_and_hold_no_tricks() -> None:
    evil = "\x1b[31m\u202e<img>" * 1000
    with pytest.raises(SignatureError) as caught:
        typed_text.read(field("float32", (None,), name="\x1b[0m\nname"), evil)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@given(st.sampled_from(NUMBERS), st.data())
def test_numbers_come_back(dtype: str, data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))
    one = field(dtype, tuple(data.draw(st.sampled_from([None, size])) for size in shape))
    plain = np.dtype(one.numpy.name if one.numpy.kind in "biufc" and "float8" not in dtype else "float64")
    if dtype == "int4":
        elements: Any = st.integers(-8, 7)
        plain = np.dtype("int64")
    else:
        elements = None
    raw = data.draw(hnp.arrays(plain, shape, elements=elements))
    with np.errstate(all="ignore"):
        value = raw.astype(one.numpy)
    text = typed_text.write(one, value)
    assert text is not None
    found = typed_text.read(one, text)
    assert found.dtype == value.dtype
    assert same(found, value)


@given(st.lists(st.text(), min_size=1), st.sampled_from([(None,), (None, 1), None]))
def test_texts_come_back(texts: list[str], shape: Any) -> None:
    encoded = [text.encode("utf-8", "replace") for text in texts]
    flat = np.empty(len(texts), object)
    flat[:] = encoded
    value: Any = flat.reshape(-1, 1) if shape == (None, 1) else flat
    one = field("string", shape)
    text = typed_text.write(one, value)
    assert text is not None
    assert same(typed_text.read(one, text), value)


@given(st.lists(st.lists(st.none() | st.floats(width=32), min_size=3, max_size=3), min_size=1))
def test_sparse_comes_back(rows: list[list[float | None]]) -> None:
    one = field("float32", (None, 3), "sparse")
    entries = [(r, c, x) for r, row in enumerate(rows) for c, x in enumerate(row) if x is not None]
    indices = np.array([entry[:2] for entry in entries], np.int64).reshape(-1, 2)
    value = typed_text.read(one, "[[1, 2, 3]]")._replace(
        indices=indices,
        values=np.array([entry[2] for entry in entries], np.float32),
        dense_shape=np.array([len(rows), 3]),
    )
    text = typed_text.write(one, value)
    assert text is not None
    assert same(typed_text.read(one, text), value)


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_ragged_comes_back(rows: list[list[int]]) -> None:
    one = field("int64", (None, None), "ragged")
    text = typed_text.write(one, rows)
    assert text is not None
    assert typed_text.read(one, text) == rows


def test_what_cannot_be_typed_or_is_long_is_not_written() -> None:
    assert typed_text.write(field("string", (None,)), np.array([b"\xff"], object)) is None
    assert typed_text.write(field("float32", (None,)), np.zeros(30_000, np.float32)) is None
    assert typed_text.write(field("resource", ()), 1) is None


@given(
    st.sampled_from([*NUMBERS, "string", "resource"]),
    st.sampled_from(["dense", "sparse", "ragged"]),
    st.sampled_from([None, (), (None,), (None, 2), (None, None), (2, None, 3)]),
    st.text() | st.text("0123456789[]{}\",.;- \neEnaif:j") | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["indices", "values", "shape"]), inner),
    ).map(json.dumps),
)  # fmt: skip
def test_any_text_is_a_value_or_a_hub_error(dtype: str, kind: str, shape: Any, text: str) -> None:
    with contextlib.suppress(HubError):
        typed_text.read(field(dtype, shape, kind), text)


@pytest.mark.parametrize("text", ["[]", "[[]]"])
def test_no_rows_of_more_than_numpy_can_count(text: str) -> None:
    with pytest.raises(SignatureError, match=r"'x'.*2147483647"):
        typed_text.read(field("float32", (None, 2**31 - 1, 2**31 - 1)), text)

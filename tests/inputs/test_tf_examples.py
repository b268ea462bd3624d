"""tf.Example messages as bytes and as text; TFRecord files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from hubexplore.errors import SignatureError
from hubexplore.inputs.external import tf_records
from hubexplore.inputs.fields import Field
from hubexplore.inputs.text import tf_examples, typed_text
from hubexplore.inputs.text.tf_examples import Values, features_of, serialized
from hubexplore.summary.reading.string_inputs import Encoding, Feature

FEATURES = (Feature("name", "string"), Feature("age", "int64"), Feature("score", "float32", 2))


def field(shape: Any = (None,), features: tuple[Feature, ...] = FEATURES) -> Field:
    return Field("x", "string", shape, "dense", "text", "rows", encoding=Encoding("example", features))


def message(content: bytes) -> dict[str, list[Any]]:
    """What TensorFlow's own class reads."""
    features = tf.train.Example.FromString(content).features.feature
    return {
        name: list(getattr(features[name], str(features[name].WhichOneof("kind"))).value) for name in features
    }


def read(text: str, into: Field | None = None) -> list[dict[str, list[Any]]]:
    return [message(each) for each in typed_text.read(into or field(), text).reshape(-1)]


def test_rows_as_people_type_them() -> None:
    ann = {"name": [b"Ann \xc3\xbc"], "age": [-31], "score": [0.5, -2.0]}
    one = '{"name": "Ann ü", "age": -31, "score": [0.5, -2]}'
    assert read(one) == read(f"[{one}]") == [ann]
    assert read(f"{one}\n{{}}\n") == read(f"[{one}, {{}}]") == read(f"{one},\n{{}}") == [ann, {}]
    assert read('{"age": 3.0, "name": null}') == [{"age": [3]}]
    assert typed_text.read(field((None, 1)), "{}\n{}").shape == (2, 1)
    assert typed_text.read(field(()), "{}").shape == ()
    # Where the graph does not say what it reads, what was typed says it.
    assert read('{"a": [1, 2], "b": [1, 2.5], "c": "d"}', field(features=())) == [
        {"a": [1, 2], "b": [1.0, 2.5], "c": [b"d"]}
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"), ("Ann, 31", "not valid JSON"),
        ('{"age": 1', "line 1, column 1: .*'{' is not closed"),
        ("[1, 2]", "row 1: found 1, expected rows"), ('{}\n"Ann"', "row 2: found 'Ann'"),
        ('{"agee": 1}', "row 1: there is no feature 'agee'.*'age'"),
        ('{}\n{"age": 1.5}', r"row 2, feature 'age': found 1.5, expected a whole number .*\(int64\)"),
        ('{"age": true}', "feature 'age': found true"), ('{"age": 9223372036854775808}', "whole number"),
        ('{"name": 5}', "feature 'name': found 5, expected a text"), ('{"score": ["a"]}', "found 'a'"),
        ('{"score": 1e39}', "expected a number"), ('{"score": [[1]]}', "found a list"),
        ('{"name": "\\ud800"}', "expected a text"), ("[" * 5000, "nested too deeply|not valid JSON"),
        ('{"age": [1, null]}', "found null"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        typed_text.read(field(), text)
    with pytest.raises(SignatureError, match=r"found 2 values, expected the shape \(1\)"):
        typed_text.read(field((1,)), "{}\n{}")


VALUES = st.dictionaries(
    st.text(max_size=5),
    st.lists(st.binary(max_size=5), min_size=1, max_size=3)
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3)
    | st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=3),
    max_size=4,
)


@given(VALUES)
def test_tensorflow_reads_and_writes_the_same(values: dict[str, Values]) -> None:
    content = serialized(values)
    assert message(content) == values
    assert features_of(content) == values
    parsed = tf.train.Example.FromString(content).SerializeToString(deterministic=True)
    assert features_of(parsed) == values


@given(VALUES)
def test_text_and_back(values: dict[str, Values]) -> None:
    """What is written is read back as the same bytes; what is no text has no text."""
    one = field(features=())
    value = np.empty(2, object)
    value[:] = [serialized(values), serialized({})]
    text = typed_text.write(one, value)
    if text is None:
        flat = [value for feature in values.values() for value in feature if isinstance(value, bytes)]
        assert any(not _is_text(value) for value in flat)
    else:
        assert typed_text.read(one, text).tolist() == value.tolist()


def _is_text(content: bytes) -> bool:
    return content.decode(errors="ignore").encode() == content


@given(st.binary(max_size=40) | VALUES.map(serialized).map(lambda each: each[:-1] + b"\x01"))
def test_other_bytes(content: bytes) -> None:
    """What is read as a message is one for TensorFlow too; nothing else is raised."""
    features = features_of(content)
    if features is not None:
        assert message(content).keys() == features.keys()
    value = np.empty(1, object)
    value[:] = [content]
    text = typed_text.write(field(features=()), value)
    assert text is None or typed_text.read(field(features=()), text).tolist() == [content]


def test_a_name_may_be_empty_or_no_text() -> None:
    """As TensorFlow's map writes it: key and value are there, whatever they are."""
    assert serialized({"": [1]}) == tf.train.Example.FromString(serialized({"": [1]})).SerializeToString()
    assert features_of(serialized({"": [1], "a": []})) == {"": [1], "a": []}
    assert b"\xff" in serialized({"\udcff": [b"x"]})
    assert features_of(serialized({"\udcff": [b"x"]})) is None


def test_fields_that_an_example_does_not_have_make_it_another_message() -> None:
    content = serialized({"a": [1]})
    inside = b"\x0a\x09\x0a\x07\x0a\x01a\x12\x02\x22\x00"  # a list of a fourth kind
    assert [features_of(each) for each in (content + b"\x10\x01", inside)] == [None, None]
    # Numbers one by one, as TensorFlow reads them too.
    unpacked = b"\x0a\x0d\x0a\x0b\x0a\x01a\x12\x06\x1a\x04\x08\x05\x08\x07"
    assert features_of(unpacked) == message(unpacked) == {"a": [5, 7]}


def test_few_digits() -> None:
    value = np.array([serialized({"score": [float(np.float32(0.1)), float("nan"), float("-inf")]})], object)
    assert tf_examples.write(value) == '{"score": [0.1, NaN, -Infinity]}'


def test_records(tmp_path: Path) -> None:
    rows = [b"", b"\n\0", serialized({"a": [b"x" * 300]})]
    with tf.io.TFRecordWriter(str(tmp_path / "rows")) as file:
        for row in rows:
            file.write(row)
    content = (tmp_path / "rows").read_bytes()
    assert tf_records.is_records(content)
    assert tf_records.read("rows", content) == rows
    for other in (b"", b"{}", rows[2], content[1:], content[:11]):
        assert not tf_records.is_records(other)
    for damaged, number in ((content[:-1], 3), (content[:-9] + b"y" + content[-8:], 3), (content + b"a", 4)):
        with pytest.raises(SignatureError, match=re.escape(f"record {number} is truncated or damaged")):
            tf_records.read("rows", damaged)

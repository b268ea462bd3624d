"""Modules whose runs are copied as code, and what compares the code with the run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import hubexplore as hub
from hubexplore.explorer import run_code
from hubexplore.explorer.runs import ModuleRunner, RunRequest
from hubexplore.explorer.subject import Subject
from hubexplore.inputs import fields
from hubexplore.inputs.code import data_files
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.text import typed_text
from tests.notebook.shells import Run

HOSTILE = "a'b\"c {x} --lines \\ <img src=x onerror=alert(1)>\u202e\x1b[31m é"
tf1 = tf.compat.v1


def many() -> None:
    """A signature for each form of an input, and one whose names are hostile."""
    for name, dtype, shape in (
        ("texts", tf.string, [None]), ("table", tf.string, [None, 2]), ("text", tf.string, []),
        ("numbers", tf.float32, [None, 3]), ("line", tf.float64, [None]), ("number", tf.float32, []),
        ("ids", tf.int64, [None, 2]), ("bits", tf.bool, [None]), ("bytes", tf.uint8, [None, 4, 4, 3]),
        ("grey", tf.float32, [None, 8, 8, 1]), ("color", tf.float32, [None, 16, 16, 3]),
        ("half", tf.bfloat16, [None, 2]), ("complex", tf.complex64, [None]),
        ("--signature", tf.float32, [None]), ("two words", tf.float32, [None]),
        (HOSTILE, tf.float32, [None, 2]),
    ):  # fmt: skip
        x = tf1.placeholder(dtype, shape)
        hub.add_signature(name, inputs={"1" if name == "ids" else name: x}, outputs=tf.identity(x))
    a, b = tf1.placeholder(tf.float32, [None, 4]), tf1.placeholder(tf.int32, [None, 9])
    hub.add_signature("pair", inputs={HOSTILE: a, "b": b}, outputs={"x": a + 1, HOSTILE: b})
    people = {
        "age": tf1.placeholder(tf.float32, [None], "age"), "city": tf1.placeholder(tf.string, [None], "city"),
        "member": tf1.placeholder(tf.bool, [None, 1], "member"),
        "place {x}": tf1.placeholder(tf.float64, [None, 2], "place"),
    }  # fmt: skip
    hub.add_signature("people", inputs=people, outputs={name: tf.identity(x) for name, x in people.items()})
    lone = {"picture": tf1.placeholder(tf.float32, [16, 24, 3]), "flat": tf1.placeholder(tf.uint8, [20, 30])}
    for name, x in lone.items():
        hub.add_signature(name, inputs={name: x}, outputs=tf.identity(x))
    hub.add_signature("default", outputs=tf.constant(4.0))


def given(path: Path, signature: str, text: str) -> dict[str, InputValue]:
    """What is typed for the only input of a signature."""
    summary = hub.summarize(str(path))
    variant = summary.variants[0]
    found = next(each for each in variant.signatures if each.name == signature)
    (field,) = fields.fields(found, variant)
    return {field.name: InputValue(typed_text.read(field, text), text=text)}


def parts(value: Any) -> list[Any]:
    """The arrays that a value consists of."""
    if hasattr(value, "dense_shape"):
        return [value.indices, value.values, value.dense_shape]
    if hasattr(value, "nested_row_splits"):
        return [value.flat_values, *value.nested_row_splits]
    return [value]


def values_of(value: Any) -> Any:
    """The value of an eager tensor; any other value as it is."""
    return value.numpy() if isinstance(value, tf.Tensor) else value


def equal(one: Any, other: Any) -> None:
    """Asserts that two results are the same."""
    if isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            equal(one[name], other[name])
        return
    for left, right in zip(parts(one), parts(other), strict=True):
        np.testing.assert_array_equal(left, right)
        assert np.asarray(left).dtype == np.asarray(right).dtype


def compare(run: Run, subject: Subject, request: RunRequest) -> str:
    """Runs both kinds of code and compares them with the run of the panel; returns the cell."""
    outputs = ModuleRunner(subject).run(request).outputs
    assert outputs is not None
    codes = run_code.codes(subject, request, Path())
    for code in codes:
        data_files.save(code.files, Path())
        found = run(code.text)
        found = found if isinstance(found, dict) else {"default": found}
        equal({name: values_of(value) for name, value in found.items()}, outputs)
        assert max(map(len, code.text.splitlines())) < 1000
    return codes[0].text


def file_of(save: Callable[..., None], *values: Any, **named: Any) -> bytes:
    """What a function of NumPy writes."""
    file = io.BytesIO()
    save(file, *values, **named)
    return file.getvalue()

"""Inputs that are the parts of a sparse or ragged argument: their examples fit together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.inputs.examples import examples
from hubexplore.inputs.examples.example_search import find_example
from hubexplore.inputs.fields import Field, fields
from hubexplore.summary.usage import usage
from tests.hub.tf2_models import Feeds, function, numbers, ragged, save, sparse, spec


def _ragged(*shape: int | None, rank: int, dtype: tf.DType = tf.float32, width: tf.DType = tf.int64) -> Any:
    return tf.RaggedTensorSpec(shape, dtype, ragged_rank=rank, row_splits_dtype=width)


def nested(path: Path) -> Feeds:
    """Rows of rows of pairs, with splits of 32 bits, beside a dense input of as many rows."""
    model = tf.Module()
    rows = _ragged(None, None, None, 2, rank=2, width=tf.int32)

    def f(x: Any, y: Any) -> Any:
        return {"z": tf.reduce_sum(tf.reduce_sum(x, axis=2), axis=1) + y}

    save(model, path, serving_default=function(f, rows, spec(None, 2, name="y")).get_concrete_function())
    return {}


def several(path: Path) -> Feeds:
    """A list of two ragged arguments, whose parts are numbered as one series."""
    model = tf.Module()
    rows = _ragged(None, None, rank=1, dtype=tf.int64)
    save(
        model,
        path,
        serving_default=function(lambda xs: {"y": sum(each.to_tensor() for each in xs)}, [rows, rows]),
    )
    return {}


def entries(path: Path) -> Feeds:
    """A sparse argument that no op takes as a whole."""
    model = tf.Module()
    model.rows = tf.Variable(numbers(7, 2))

    def f(words: Any) -> Any:
        taken = tf.gather(model.rows, words.values)
        return {"y": tf.math.segment_sum(taken, words.indices[:, 0]), "shape": words.dense_shape}

    save(model, path, serving_default=function(f, tf.SparseTensorSpec([None, None], tf.int64)))
    return {}


def hidden(path: Path) -> Feeds:
    """Row splits that the graph uses in a way that does not show what they are."""
    model = tf.Module()

    def f(x: Any) -> Any:
        with tf.control_dependencies(
            [tf.debugging.assert_equal(x.row_splits[-1], tf.size(x.flat_values, tf.int64))]
        ):
            return {"y": tf.gather(x.flat_values, x.row_starts())}

    save(model, path, serving_default=function(f, _ragged(None, None, rank=1)))
    return {}


def form(path: Path) -> tuple[Field, ...]:
    """The fields of the only signature."""
    summary = hub.summarize(path)
    assert summary.source is not None
    (variant,) = summary.variants
    (signature,) = variant.signatures
    return fields(signature, variant, summary.source.meta_graphs[variant.tags])


@pytest.mark.parametrize("author", [ragged, sparse, nested, several, entries, hidden])
def test_the_search_finds_an_example(author: Callable[[Path], Feeds], tmp_path: Path) -> None:
    author(tmp_path / "model")
    runs = []
    with hub.NotebookSession() as session:
        module = session.load(tmp_path / "model")

        def run(values: Any) -> Any:
            runs.append(values)
            return session.call(module, values, "serving_default", as_dict=True)

        found = find_example(form(tmp_path / "model"), run)
        outputs = run({name: value.value for name, value in found.items()})
    assert all(np.size(value) for value in outputs.values()), "an example has rows and entries"
    assert len(runs) == 2 + (author is hidden), "the first one runs, unless the graph does not show the parts"


def test_parts_fit_together(tmp_path: Path) -> None:
    nested(tmp_path / "model")
    made = {name: value.value for name, value in examples.fill(form(tmp_path / "model"), "Ramp").items()}
    assert made["x"].shape == (5, 2)
    assert made["x"].dtype == np.float32
    assert made["x_1"].tolist() == [0, 2, 3]
    assert made["x_2"].tolist() == [0, 2, 3, 5]
    assert made["x_1"].dtype == made["x_2"].dtype == np.int32
    assert made["y"].shape == (2, 2)
    assert [field.hint for field in form(tmp_path / "model")][1:3] == [
        "row splits 1 of the ragged argument x",
        "row splits 2 of the ragged argument x",
    ]


def test_a_list_has_arguments_of_its_own(tmp_path: Path) -> None:
    several(tmp_path / "model")
    made = {name: value.value for name, value in examples.fill(form(tmp_path / "model"), "Ramp").items()}
    ends = {name: value.tolist() for name, value in made.items() if name in ("xs_1", "xs_3")}
    assert ends == {"xs_1": [0, 2, 3], "xs_3": [0, 2, 3]}
    assert len(made["xs"]) == len(made["xs_2"]) == 3


def test_inputs_with_such_names_that_are_no_parts(tmp_path: Path) -> None:
    model = tf.Module()

    def f(x: Any, x_1: Any) -> Any:
        return {"y": tf.reduce_sum(x, axis=1) + tf.cast(x_1, tf.float32)}

    specs = spec(None, 3, name="x"), spec(None, dtype=tf.int64, name="x_1")
    save(model, tmp_path / "model", serving_default=function(f, *specs))
    made = examples.fill(form(tmp_path / "model"), "Ramp")
    assert {name: value.value.shape for name, value in made.items()} == {"x": (2, 3), "x_1": (2,)}


@pytest.mark.parametrize("author", [ragged, sparse, nested])
def test_the_code_of_the_card_runs(author: Callable[[Path], Feeds], tmp_path: Path) -> None:
    author(tmp_path / "model")
    code = usage(hub.summarize(tmp_path / "model"))
    assert code is not None
    names: dict[str, Any] = {}
    exec("\n".join(code.lines), names)  # as a user would paste it
    assert all(np.size(value) for value in names["outputs"].values())

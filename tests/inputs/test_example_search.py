"""The search for an example: what it finds at once, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import SignatureError
from hubexplore.inputs.examples import example_search, examples
from hubexplore.inputs.examples.example_search import Bounds, find_example
from hubexplore.inputs.fields import Field, fields
from hubexplore.session.session import NotebookSession
from tests.inputs.fields_of import field
from tests.inputs.odd_modules import MODULES, shortened

tf1 = tf.compat.v1
EXPECTED = {
    "flattened": {"default": (2, 36, 32, 1)},
    "stated_output": {"default": (2, 32, 36, 32, 1)},
    "up_and_down": {"default": (2, 128, 128, 3)},
    "scalar": {"default": ()},
    "any_rank": {"x": (2, 2, 2, 5), "factor": ()},
    "agreeing": {"x": (2, 9), "y": (9, 5)},
    "joined": {"x": (2, 28), "y": (2, 20)},
    "attention": {"x": (2, 2, 16), "mask": (2, 2)},
    "depthwise": {"default": (2, 3, 3, 6)},
    "text_net": {"default": (2, 30)},
    "loop": {"default": (2, 2, 5)},
    "dense_of_three": {"default": (2, 2, 17)},
    "summed": {"default": (2, 2, 6)},
    "parts": {"x": (2, 12), "y": (2, 5, 3)},
    "fixed_rows": {"default": (8, 3)},
    "called": {"default": (2, 21)},
}
BYTES = {
    "raw_floats": 17 * 4,
    "raw_pixels": 28 * 28,
    "raw_in_a_map": 4 * 5 * 2,
    "raw_and_numbers": 6 * 8,
    "raw_read_twice": 20,
    "raw_scalar": 3 * 8,
}
ONE = (field("float32", (None, None)),)


@pytest.mark.parametrize("name", MODULES)
def test_the_first_example_runs(name: str) -> None:
    spec = hub.create_module_spec(MODULES[name])
    summary = spec.summary()
    assert summary.source is not None
    (variant,) = summary.variants
    (signature,) = variant.signatures
    form = fields(signature, variant, summary.source.meta_graphs[()])
    with NotebookSession() as session:
        module = session.load(spec, "it")
        inputs = find_example(form, lambda values: session.call(module, values), bounds=Bounds(attempts=1))
    if name in EXPECTED:
        assert {key: each.value.shape for key, each in inputs.items()} == EXPECTED[name]
    if name in BYTES:
        values = next(entry.value for entry in inputs.values() if entry.value.dtype == object)
        assert {len(value) for value in values.flat} == {BYTES[name]}


@pytest.mark.parametrize(
    "bad",
    [
        np.array([1.0, np.nan]),
        {"default": np.zeros(1), "other": np.array([[np.nan]], np.float32)},
        tf1.SparseTensorValue(np.zeros((1, 1)), np.array([np.nan]), np.array([1])),
    ],
)
def test_an_example_without_nan_is_preferred(bad: Any) -> None:
    outputs = [bad, bad, {"default": np.zeros(1), "text": np.array([b"nan"], object)}]
    tried: list[dict[str, Any]] = []

    def run(values: dict[str, Any]) -> Any:
        tried.append(values)
        return outputs[len(tried) - 1]

    found = find_example(ONE, run)
    assert len(tried) == 3
    np.testing.assert_array_equal(found["x"].value, tried[2]["x"])


def test_where_all_have_nan_the_first_one_counts() -> None:
    tried: list[dict[str, Any]] = []

    def run(values: dict[str, Any]) -> Any:
        tried.append(values)
        return np.array(np.nan) if len(tried) != 2 else failing(values)

    found = find_example(ONE, run)
    assert 1 < len(tried) <= example_search.AFTER_NAN + 1
    np.testing.assert_array_equal(found["x"].value, tried[0]["x"])


def failing(values: dict[str, Any]) -> None:
    raise ValueError("never")


def test_attempts_are_bounded() -> None:
    with pytest.raises(SignatureError, match=r"5 were tried in .* that is the limit"):
        find_example(ONE, failing, bounds=Bounds(attempts=5))


def test_time_is_bounded() -> None:
    moments = iter(range(0, 1000, 5))
    with pytest.raises(SignatureError, match=r"4 were tried .* ends after 20 s"):
        find_example(ONE, failing, bounds=Bounds(clock=lambda: next(moments)))


def test_nothing_is_tried_once_nobody_waits() -> None:
    tried: list[Any] = []

    def once(values: dict[str, Any]) -> None:
        tried.append(values)
        raise ValueError("no")

    with pytest.raises(SignatureError, match="1 was tried"):
        find_example(ONE, once, bounds=Bounds(stopped=lambda: bool(tried)))
    assert len(tried) == 1


class UnmetError(ValueError):
    """An error of TensorFlow that names the op."""

    def __init__(self, text: str, op: Any) -> None:
        super().__init__(text)
        self.op = op


class FailedPreconditionError(Exception):
    """As TensorFlow calls it."""


def test_the_error_of_the_example_that_got_furthest_is_quoted() -> None:
    class Node:
        def __init__(self, *inputs: Node) -> None:
            self.inputs = [type("Tensor", (), {"op": each})() for each in inputs]

    early = Node()
    late = Node(early)
    errors = iter(
        [
            UnmetError("early", early),
            UnmetError("late", late),
            *(UnmetError("again", early) for _ in range(99)),
        ]
    )

    def run(values: dict[str, Any]) -> None:
        raise next(errors)

    with pytest.raises(SignatureError, match=r"failed: late"):
        find_example(ONE, run)


def test_what_no_inputs_would_mend_ends_the_search() -> None:
    def run(values: dict[str, Any]) -> None:
        raise FailedPreconditionError("table not initialized")

    with pytest.raises(SignatureError, match=r"1 was tried .* table not initialized"):
        find_example(ONE, run)
    assert not example_search.is_hopeless(ValueError())


def form_of(module: str | Callable[[], None]) -> tuple[Field, ...]:
    """The fields of a module's only signature."""
    definition = MODULES[module] if isinstance(module, str) else module
    summary = hub.create_module_spec(definition).summary()
    assert summary.source is not None
    (variant,) = summary.variants
    (signature,) = variant.signatures
    return fields(signature, variant, summary.source.meta_graphs[()])


def test_ids_are_rows_of_the_table_that_they_index() -> None:
    below = {each.name: each.use.below for each in form_of("ids") if each.use is not None}
    assert below == {"x": 1, "y": 2}
    for kind in examples.kinds(form_of("text_net")):
        values = examples.fill(form_of("text_net"), kind)["default"].value
        assert values.max() < 20
        assert kind == "Zeros" or values.max() > 1, "not only the first two"


def test_words_come_from_the_vocabulary() -> None:
    form = form_of("flags")
    assert examples.kinds(form)[0] == "Words of the vocabulary"
    inputs = examples.fill(form, "Words of the vocabulary", 3)["default"].value
    assert inputs.tolist() == [b"red", b"green", b"blue"]


def test_a_probability_to_keep_is_one() -> None:
    assert np.all(examples.fill(form_of("kept"), "Random (seed 0)")["keep_prob"].value == 1.0)


@pytest.mark.parametrize("kind", ["Random (seed 0)", "Zeros"])
def test_switches_leave_the_usual_results(kind: str) -> None:
    filled = {name: entry.value for name, entry in examples.fill(form_of("switches"), kind).items()}
    usual = {"dropout": 1.0, "p": 0.0, "q": 0.0, "phase_train": False, "scale": 3.0}
    assert {name: filled[name].item() for name in usual} == usual
    assert filled["dropout"].shape == (), "a number, though its rank is unknown"
    assert filled["phase_train"].dtype == bool
    assert (filled["plain"] == 0) == (kind == "Zeros"), "an input that switches nothing"


def test_lengths_of_shortened_rows_are_as_long_as_they_can_be() -> None:
    spec = hub.create_module_spec(shortened)
    with hub.eval_function_for_module(spec) as run:
        found = find_example(form_of(shortened), run)
    assert found["seq_len"].value.tolist() == [8, 8]


def test_parts_of_ragged_and_sparse_tensors_fit_together() -> None:
    """TF2 takes these as plain inputs with numbered names."""

    def module_fn() -> None:
        flat = tf1.placeholder(tf.float32, [None], name="flat")
        outer, inner = (tf1.placeholder(tf.int64, [None]) for _ in range(2))
        rows = tf.RaggedTensor.from_nested_row_splits(flat, [outer, inner], validate=True)
        indices, values = tf1.placeholder(tf.int64, [None, 2]), tf1.placeholder(tf.float32, [None])
        shape = tf1.placeholder(tf.int64, [2])
        product = tf.sparse.sparse_dense_matmul(tf.SparseTensor(indices, values, shape), tf.ones([10, 3]))
        hub.add_signature(
            inputs={"r": flat, "r_1": outer, "r_2": inner, "s": indices, "s_1": values, "s_2": shape},
            outputs={"sums": tf.reduce_sum(rows, 2).to_tensor(), "product": product},
        )

    spec = hub.create_module_spec(module_fn)
    summary = spec.summary()
    assert summary.source is not None
    (variant,) = summary.variants
    form = fields(variant.signatures[0], variant, summary.source.meta_graphs[()])
    with NotebookSession() as session:
        module = session.load(spec, "it")
        inputs = find_example(form, lambda values: session.call(module, values, as_dict=True))
    values = {name: entry.value for name, entry in inputs.items()}
    assert values["r_1"][0] == values["r_2"][0] == 0
    assert values["r_1"][-1] == len(values["r_2"]) - 1
    assert values["r_2"][-1] == len(values["r"]) > 0
    assert values["s_2"][1] == 10
    assert len(values["s"]) == len(values["s_1"]) > 0


def test_special_tokens_of_a_vocabulary_come_last() -> None:
    def special() -> None:
        words = tf1.placeholder(tf.string, [None])
        keys = tf.constant(["[PAD]", "<s>", "##ing", "1906", "a", "ship", "Meer"])
        initializer = tf.lookup.KeyValueTensorInitializer(keys, tf.range(7, dtype=tf.int64))
        hub.add_signature(inputs=words, outputs=tf.lookup.StaticVocabularyTable(initializer, 1).lookup(words))

    inputs = examples.fill(form_of(special), "Words of the vocabulary", 7)["default"].value
    assert inputs.tolist() == [b"ship", b"Meer", b"[PAD]", b"<s>", b"##ing", b"1906", b"a"]

"""What the graph says of the inputs of signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.summary.graph.traversal import consumers_of
from hubexplore.summary.reading import input_facts, string_inputs
from hubexplore.summary.reading.input_facts import InputFacts, read_inputs
from hubexplore.summary.reading.string_inputs import Encoding, Feature
from hubexplore.summary.reading.variant import read_variant
from tests.summary import saved_models

tf1 = tf.compat.v1


def _facts(module: Any) -> Any:
    summary = hub.summarize(module)
    (variant,) = summary.variants
    assert summary.source is not None
    return read_inputs(summary.source.meta_graphs[variant.tags], variant.signatures)


def test_inputs_that_no_output_needs() -> None:
    def module_fn() -> None:
        x, y, z = (tf1.placeholder(tf.float32, [], name) for name in "xyz")
        tf.square(z, name="dead_end")
        sparse = tf1.sparse_placeholder(tf.float32, [2, 2])
        hub.add_signature("one", {"x": x, "y": y, "z": z}, {"x": x, "twice": y * 2.0})
        hub.add_signature("two", {"s": sparse, "x": x}, tf.size(sparse.values))
        hub.add_signature("three", {"s": sparse, "x": x}, tf.exp(x))

    unused = InputFacts(unused=True)
    assert _facts(hub.create_module_spec(module_fn)) == {
        ("one", "z"): unused,
        ("two", "x"): unused,
        ("three", "s"): unused,
    }


def test_an_input_behind_which_another_one_lies() -> None:
    """What is fed in the middle of the graph takes the place of what is before it."""

    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], "x")
        middle = tf1.placeholder_with_default(tf.exp(x), [], "middle")
        hub.add_signature(inputs={"x": x, "middle": middle}, outputs=middle + 1.0)

    assert _facts(hub.create_module_spec(module_fn)) == {("default", "x"): InputFacts(unused=True)}


def test_features_of_examples() -> None:
    def module_fn() -> None:
        examples = tf1.placeholder(tf.string, [None])
        parsed = tf1.parse_example(
            examples,
            {
                "age": tf1.FixedLenFeature([2], tf.int64),
                "name": tf1.VarLenFeature(tf.string),
                "size": tf1.FixedLenFeature([], tf.float32, 1.0),
                "tags": tf1.FixedLenSequenceFeature([], tf.string, allow_missing=True),
            },
        )
        hub.add_signature(inputs=examples, outputs=parsed["size"])

    (facts,) = _facts(hub.create_module_spec(module_fn)).values()
    assert not facts.unused
    assert facts.encoding.kind == "example"
    assert set(facts.encoding.features) == {
        Feature("age", "int64", 2),
        Feature("name", "string"),
        Feature("size", "float32"),
        Feature("tags", "string"),
    }
    needs = {
        feature.name: (feature.is_open, feature.is_required, feature.default)
        for feature in facts.encoding.features
    }
    assert needs == {
        "age": (False, True, ()),
        "name": (True, False, ()),
        "size": (False, False, (1.0,)),
        "tags": (True, False, (b"",)),
    }


@pytest.mark.parametrize("is_v2", [False, True])
def test_the_features_of_examples_that_are_pictures(is_v2: bool) -> None:
    def module_fn() -> None:
        examples = tf1.placeholder(tf.string, [None])
        features = {
            "caption": tf1.FixedLenFeature([], tf.string),
            "image/encoded": tf1.FixedLenFeature([], tf.string),
            "tags": tf1.VarLenFeature(tf.string),
            "frames": tf1.VarLenFeature(tf.string),
            "words": tf1.VarLenFeature(tf.string),
        }
        if is_v2:
            features["split"] = tf.io.RaggedFeature(tf.string)
        parsed = (tf.io if is_v2 else tf1).parse_example(examples, features)
        pictures = tf.map_fn(
            lambda file: tf.reduce_sum(tf.io.decode_png(file)),
            parsed["image/encoded"],
            fn_output_signature=tf.uint8,
        )
        frames = tf.io.decode_image(tf.io.decode_base64(parsed["frames"].values[0]))
        outputs = {"pictures": pictures, "frames": frames, "length": tf.strings.length(parsed["caption"])}
        hub.add_signature(inputs=examples, outputs=outputs)

    (facts,) = _facts(hub.create_module_spec(module_fn)).values()
    found = {
        feature.name: (feature.picture, feature.base64)
        for feature in facts.encoding.features
        if feature.picture
    }
    assert found == {"image/encoded": ("PNG", False), "frames": ("PNG", True)}


def test_pictures(real_modules: Path) -> None:
    encoding = Encoding("image", picture="JPEG", base64=True)
    expected = {("serving_default", "images"): InputFacts(encoding=encoding)}
    assert _facts(real_modules / "deep-image-savedmodel") == expected


def test_inputs_are_followed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand strings that one node reads: who reads what is found once, and the walks have a limit."""
    graph = saved_models.meta_graph()
    names = [f"words_{number:04}" for number in range(1_000)]
    signature = graph.signature_def["default"]
    for name in names:
        saved_models.add_node(graph, name, "Placeholder", dtype=saved_models.STRING)
        saved_models.set_tensor(signature.inputs[name], f"{name}:0", saved_models.STRING, [None])
    saved_models.add_node(graph, "image", "DecodeJpeg", names)
    saved_models.set_tensor(signature.outputs["image"], "image:0", saved_models.FLOAT, [None])
    (variant,) = read_variant(graph, {}, None)[0].signatures
    retained: list[int] = []

    def counting(nodes: Any) -> Any:
        retained.append(len(nodes))
        return consumers_of(nodes)

    monkeypatch.setattr(string_inputs, "consumers_of", counting)
    jpeg = InputFacts(encoding=Encoding("image", picture="JPEG"))
    # The input "x" is before them, and read by the output of that name.
    assert read_inputs(graph, [variant]) == {("default", name): jpeg for name in names}
    assert retained == [1_003]
    monkeypatch.setattr(input_facts, "MOST_WALKED", 50)
    assert 0 < len(read_inputs(graph, [variant])) < 50

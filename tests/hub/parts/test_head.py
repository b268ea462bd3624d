"""`hub.head`: a classifier on top of a module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import AuthoringError, NoSuchSignatureError, SignatureError
from hubexplore.explorer.class_labels import labels
from tests.hub import modules
from tests.hub.parts.models import VARIANTS, assert_equal, made, values, weigh, widen

tf1 = tf.compat.v1
X = np.array([1.0, -2.5, 3.25], np.float32)
NAMES = ["cat", "dog", "höme | <b>"]


@pytest.fixture
def wide(tmp_path: Path) -> str:
    return made(widen, tmp_path / "wide", VARIANTS)


def trained(
    spec: hub.ModuleSpec, inputs: Any, truth: Any, steps: int, rate: float
) -> tuple[list[float], list[str]]:
    """Trains the variant `train` by gradient descent; returns the losses and what was trained."""
    with tf.Graph().as_default():
        module = hub.Module(spec, trainable=True, tags={"train"})
        logits = module(inputs, as_dict=True)["default"]
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=truth, logits=logits))
        step = tf1.train.GradientDescentOptimizer(rate).minimize(loss)
        names = [variable.op.name for variable in tf1.trainable_variables()]
        with modules.initialized_session() as session:
            losses = [session.run([loss, step])[0] for _ in range(steps)]
    return [float(loss) for loss in losses], names


def test_it_has_logits_probabilities_and_names(wide: str, tmp_path: Path) -> None:
    spec = hub.head(wide, NAMES, seed=1)
    assert spec.get_tags() == [frozenset(), frozenset({"train"})]
    outputs = values(spec, X)
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1.0, rtol=1e-6)
    best = outputs["default"].argmax(axis=1)
    assert [name.decode() for name in outputs["label"]] == [NAMES[at] for at in best]
    spec.export(tmp_path / "classifier")
    loaded = hub.load_module_spec(tmp_path / "classifier")
    assert_equal(values(loaded, X), outputs)
    assert [path.name for path in (tmp_path / "classifier" / "assets").iterdir()] == ["labels.txt"]
    assert labels(loaded.summary(), (), "default") == {"default": tuple(NAMES), "probabilities": tuple(NAMES)}


def test_it_computes_a_dense_layer_on_the_output(wide: str) -> None:
    spec = hub.head(wide, 4, seed=1)
    assert sorted(values(spec, X)) == ["default", "probabilities"]
    with hub.NotebookSession() as session:
        weights = session.variables(session.load(spec, "m"))
        assert sorted(weights) == ["head/bias", "head/kernel", "wide/row"]
        features = values(wide, X)["default"]
        logits = session.call("m", X)
    np.testing.assert_allclose(logits, features @ weights["head/kernel"] + weights["head/bias"], rtol=1e-6)


def test_by_default_only_the_head_is_trained_on_steady_features(wide: str) -> None:
    spec = hub.head(wide, 2, seed=1)
    losses, names = trained(spec, X, [1, 0, 1], steps=40, rate=0.05)
    assert names == ["module/head/kernel", "module/head/bias"]
    assert losses[-1] < 0.5 * losses[0]
    # The module's own variant for training would double the features.
    assert_equal(values(spec, X, tags={"train"}), values(spec, X))


def test_fine_tuning_trains_all_in_the_variant_for_training(wide: str) -> None:
    spec = hub.head(wide, 2, seed=1, fine_tune=True)
    losses, names = trained(spec, X, [1, 0, 1], steps=40, rate=0.02)
    assert sorted(names) == ["module/head/bias", "module/head/kernel", "module/wide/row"]
    assert losses[-1] < 0.5 * losses[0]
    kernel = values(spec, X)["default"]
    assert_equal(values(spec, X, tags={"train"})["default"], 2 * kernel)


def test_hidden_layers_and_dropout(wide: str) -> None:
    spec = hub.head(wide, 2, hidden=(8, 5), dropout=0.5, seed=3)
    shapes = dict(spec.summary().variables.df[["name", "shape"]].itertuples(index=False))
    assert {name: tuple(shape) for name, shape in shapes.items()} == {
        "head/bias": (2,),
        "head/kernel": (5, 2),
        "head/hidden_1/bias": (8,),
        "head/hidden_1/kernel": (3, 8),
        "head/hidden_2/bias": (5,),
        "head/hidden_2/kernel": (8, 5),
        "wide/row": (3,),
    }
    many = np.ones(64, np.float32)
    assert len(np.unique(values(spec, many)["default"][:, 0])) == 1
    assert len(np.unique(values(spec, many, tags={"train"})["default"][:, 0])) > 1


def test_a_seed_makes_the_same_weights(wide: str) -> None:
    first, second, third = (
        values(hub.head(wide, 3, hidden=4, seed=seed), X)["default"] for seed in (7, 7, 8)
    )
    assert_equal(first, second)
    assert not np.array_equal(first, third)


def test_a_head_on_a_head() -> None:
    spec = hub.head(hub.head(hub.create_module_spec(widen), 4, seed=1), 2, output="probabilities", seed=1)
    assert values(spec, X)["default"].shape == (3, 2)


def test_a_module_called_head(tmp_path: Path) -> None:
    spec = hub.head(made(widen, tmp_path / "Head"), 2)
    assert sorted(spec.summary().variables.df["name"]) == ["Head/row", "head_1/bias", "head_1/kernel"]


@pytest.mark.usefixtures("needs_eager")
def test_it_trains_in_keras(wide: str) -> None:
    import keras

    spec = hub.head(wide, 2, seed=1)
    model = keras.Sequential([hub.KerasLayer(spec, trainable=True, tags={"train"})])
    model.compile(
        optimizer=keras.optimizers.SGD(0.05),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = model.fit(X, np.array([1, 0, 1]), epochs=30, batch_size=3, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]


# What it refuses.


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {},
            "(signature 'default') is float32 (?,). This output is: output='seen'.",
        ),
        ({"output": "sene"}, "has no output 'sene'; it has 'default', 'seen'. Did you mean 'seen'?"),
    ],
)
def test_an_output_that_is_no_vector(options: Any, expected: str) -> None:
    with pytest.raises(SignatureError) as caught:
        hub.head(hub.create_module_spec(weigh), 2, **options)
    assert expected in str(caught.value)


def test_a_signature_with_a_vector_is_named() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3])
        hub.add_signature(inputs=x, outputs=tf.identity(x))
        hub.add_signature("vectors", inputs=x, outputs={"pooled": tf.reduce_mean(x, [1, 2])})

    spec = hub.create_module_spec(module_fn)
    with pytest.raises(
        SignatureError, match=r"is float32 \(\?, 8, 8, 3\).*signature='vectors', output='pooled'"
    ):
        hub.head(spec, 2)
    assert hub.head(spec, 2, signature="vectors").get_signature_names() == ["default"]
    with pytest.raises(NoSuchSignatureError):
        hub.head(spec, 2, signature="vector")
    with pytest.raises(SignatureError, match=r"has it: add signature='vectors'\.$"):
        hub.head(spec, 2, output="pooled")


def test_no_vector_at_all() -> None:
    spec = hub.create_module_spec(modules.double)
    with pytest.raises(
        SignatureError, match=r"No output .* is such a vector\. .*\.cut\(outputs=.*\. Or put a step between"
    ):
        hub.head(spec, 2)


def outputs_of(**shapes: Any) -> hub.ModuleSpec:
    """A module without inputs: name of an output -> its shape."""

    def module_fn() -> None:
        hub.add_signature(outputs={name: tf.zeros(shape) for name, shape in shapes.items()})

    return hub.create_module_spec(module_fn)


def test_several_outputs_and_no_default() -> None:
    with pytest.raises(SignatureError, match=r"none is called 'default': 'a', 'c'\. Choose one: output='a'"):
        hub.head(outputs_of(a=[2, 3], b=[2], c=[2, 4]), 2)
    with pytest.raises(SignatureError, match=r"Output 'a' .* is float32 \(2,\)\. No output of the module"):
        hub.head(outputs_of(a=[2], b=[3]), 2)
    with pytest.raises(SignatureError, match=r"'attention', 'features'\. Choose one: output='features'"):
        hub.head(outputs_of(attention=[2, 3], features=[2, 4]), 2)
    # The only one that a head can be put on.
    assert values(hub.head(outputs_of(a=[2], b=[5, 3]), 2), None)["default"].shape == (5, 2)


@pytest.mark.parametrize(
    "classes", [1, 0, -3, True, "cat", b"cats", ["cat"], [], None, 2.0, ["a", "a"], ["a", ""]]
)
def test_classes_that_are_none(classes: Any, wide: str) -> None:
    with pytest.raises(AuthoringError, match="classes"):
        hub.head(wide, classes)


@pytest.mark.parametrize(
    ("name", "finding"), [("a\nb", "has a line break"), (3, "is not a str"), ("b", "occurs twice")]
)
def test_names_of_classes_are_lines(name: Any, finding: str, wide: str) -> None:
    with pytest.raises(AuthoringError, match=finding):
        hub.head(wide, ["b", name])


@pytest.mark.parametrize(
    "options",
    [{"hidden": [0]}, {"hidden": "8"}, {"hidden": 1.5}, {"dropout": 1}, {"dropout": -0.1}, {"seed": 0.5}],
)
def test_numbers_out_of_range(options: Any, wide: str) -> None:
    with pytest.raises(AuthoringError, match=next(iter(options))):
        hub.head(wide, 2, **options)


def test_a_number_of_numpy_counts(wide: str) -> None:
    names = np.array(["a", "b", "c"])
    assert values(hub.head(wide, np.int64(3)), X)["default"].shape == (3, 3)
    assert values(hub.head(wide, names), X)["default"].shape == (3, 3)

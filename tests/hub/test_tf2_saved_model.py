"""TF2 SavedModels as modules: equal to what `tf.saved_model.load` computes, also when they are exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import tf2_models
from tests.hub.tf2_models import Feeds, numbers

pytestmark = pytest.mark.usefixtures("needs_eager")
tf1 = tf.compat.v1


@pytest.fixture(params=sorted(tf2_models.ALL))
def model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Feeds]:
    """The path of a model, and what to feed."""
    path = tmp_path / "model"
    return str(path), tf2_models.ALL[request.param](path)


def eager(path: str, feeds: Feeds) -> dict[str, dict[str, Any]]:
    """What the signatures return by TensorFlow's own loader."""
    signatures = tf.saved_model.load(path).signatures
    return {
        name: {
            key: value.numpy()
            for key, value in signatures[name](**{k: tf.constant(v) for k, v in values.items()}).items()
        }
        for name, values in feeds.items()
    }


def lazy(path: str, feeds: Feeds, export: str | None = None, **arguments: Any) -> dict[str, dict[str, Any]]:
    """What they return as signatures of a Module, which is then exported."""
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(path, **arguments)
        outputs = {
            name: module(values or None, signature=name, as_dict=True) for name, values in feeds.items()
        }
        initialize(session)
        results = {name: session.run(tensors) for name, tensors in outputs.items()}
        if export:
            module.export(export, session)
    return results


def initialize(session: Any) -> None:
    """Gives variables and tables their values."""
    session.run([tf1.global_variables_initializer(), tf1.local_variables_initializer()])
    session.run(tf1.tables_initializer())


def check_equal(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Compares what signatures return."""
    assert found.keys() == expected.keys()
    for name, outputs in expected.items():
        assert found[name].keys() == outputs.keys()
        for key, value in outputs.items():
            if np.asarray(value).dtype.kind in "OS":
                np.testing.assert_array_equal(found[name][key], value)
            else:
                assert np.asarray(found[name][key]).dtype == value.dtype
                np.testing.assert_allclose(found[name][key], value, rtol=1e-5, atol=1e-6)


def test_outputs_are_those_of_tensorflow(model: tuple[str, Feeds], tmp_path: Path) -> None:
    path, feeds = model
    exported = str(tmp_path / "module")
    expected = eager(path, feeds)
    check_equal(lazy(path, feeds, exported, tags={"serve"}), expected)
    assert hub.load_module_spec(path).get_signature_names(tags={"serve"}) == sorted(expected)
    assert Path(exported, "tfhub_module.pb").read_bytes() == b"\x08\x03"
    check_equal(lazy(exported, feeds, tags={"serve"}), expected)


def test_gradients_are_those_of_tensorflow(model: tuple[str, Feeds]) -> None:
    path, feeds = model
    for name, values in feeds.items():
        expected = eager_gradients(path, name, values)
        found = lazy_gradients(path, name, values)
        assert found.keys() <= expected.keys()
        for key, value in expected.items():
            # The call of a function gives zeros for what does not count, ops give nothing.
            np.testing.assert_allclose(found.get(key, 0), value, rtol=1e-5, atol=1e-6, err_msg=key)


def eager_gradients(path: str, signature: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients of all outputs: by input, and by the checkpoint's name of the variable."""
    model = tf.saved_model.load(path)
    function = model.signatures[signature]
    inputs = {key: tf.constant(value) for key, value in values.items()}
    trainable = list(function.trainable_variables)
    with tf.GradientTape() as tape:
        for value in inputs.values():
            tape.watch(value)
        outputs = [output for output in function(**inputs).values() if output.dtype.is_floating]
    sources = [value for value in inputs.values() if value.dtype.is_floating]
    names = [key for key, value in inputs.items() if value.dtype.is_floating]
    names += [f"variable of {variable.numpy().tolist()}" for variable in trainable]
    gradients = tape.gradient(outputs, [*sources, *trainable])
    return {
        name: tf.convert_to_tensor(gradient).numpy()
        for name, gradient in zip(names, gradients, strict=True)
        if gradient is not None
    }


def lazy_gradients(path: str, signature: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """As `eager_gradients`, of a trainable Module."""
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(path, trainable=True, tags={"serve"})
        inputs = {key: tf.constant(value) for key, value in values.items()}
        outputs = module(inputs, signature=signature, as_dict=True).values()
        trainable = tf1.trainable_variables()
        sources = [value for value in inputs.values() if value.dtype.is_floating]
        gradients = tf.gradients(
            [output for output in outputs if output.dtype.is_floating], [*sources, *trainable]
        )
        initialize(session)
        names = [key for key, value in inputs.items() if value.dtype.is_floating]
        names += [f"variable of {value.tolist()}" for value in session.run(trainable)]
        return {
            name: session.run(tf.convert_to_tensor(gradient))
            for name, gradient in zip(names, gradients, strict=True)
            if gradient is not None
        }


def names_of(path: str | Path) -> list[str]:
    """The names of the variables of a Module."""
    with tf.Graph().as_default():
        return list(hub.Module(str(path), tags={"serve"}).variable_map)


def test_variables_have_their_paths(tmp_path: Path) -> None:
    tf2_models.layers(tmp_path / "model")
    layers = ["dense", "more/0", "more/1"]
    names = [f"{layer}/{name}" for layer in layers for name in ("bias", "kernel")]
    assert names_of(tmp_path / "model") == names
    with tf.Graph().as_default():
        hub.Module(str(tmp_path / "model"), trainable=True, tags={"serve"})
        trainable = [variable.op.name for variable in tf1.trainable_variables()]
    assert sorted(trainable) == [f"module/{layer}/kernel" for layer in layers]
    summary = hub.summarize(str(tmp_path / "model"))
    (variant,) = summary.variants
    assert [variable.name for variable in variant.variables] == names
    assert variant.variables[0].key == "dense/bias/.ATTRIBUTES/VARIABLE_VALUE"
    assert [variable.trainable for variable in variant.variables] == [False, True] * 3
    assert hub.load_module_spec(tmp_path / "model").summary().variants == summary.variants


def test_strange_names_become_names_of_nodes(tmp_path: Path) -> None:
    tf2_models.hostile_names(tmp_path / "model")
    assert names_of(tmp_path / "model") == [
        "d/Read",
        "d/_.x",
        "d/_script_alert_1__",
        "d/_x_y",
        "d/s",
        "d/serving_default_s",
        "d/variables",
        "s",
        "serving_default_s",
    ]


def test_a_step_of_training_counts(tmp_path: Path) -> None:
    """What a signature assigns is done once per run, before an output is there."""
    model = tf.Module()
    model.steps = tf.Variable(0, trainable=False)

    def step(x: Any) -> Any:
        model.steps.assign_add(1)
        return {"y": x * 2.0, "steps": model.steps.read_value()}

    model.step = tf2_models.function(step, tf2_models.spec(None, name="x"))
    path = tf2_models.save(model, tmp_path / "model", train=model.step)
    with tf.Graph().as_default(), tf1.Session() as session:
        module = hub.Module(path, tags={"serve"})
        outputs = module(numbers(1), signature="train", as_dict=True)
        initialize(session)
        assert [session.run(outputs)["steps"] for _ in range(2)] == [1, 2]
        session.run(outputs["y"])
        assert session.run(module.variable_map["steps"]) == 3


def test_what_no_signature_needs_is_listed(tmp_path: Path) -> None:
    model = tf.Module()
    model.used, model.unused = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0, 3.0])
    model.f = tf2_models.function(lambda x: {"y": x + model.used}, tf2_models.spec(2, name="x"))
    path = tf2_models.save(model, tmp_path / "model", serving_default=model.f)
    assert names_of(path) == ["used"]
    (variant,) = hub.summarize(path).variants
    assert [(v.name, v.kind, v.stored) for v in variant.variables] == [
        ("used", "global", 8),
        ("unused", "unneeded", 12),
    ]
    assert variant.parameters == 2


def test_a_call_without_a_name_says_which_signatures_there_are(tmp_path: Path) -> None:
    tf2_models.sharing(tmp_path / "model")
    with tf.Graph().as_default():
        module = hub.Module(str(tmp_path / "model"), tags={"serve"})
        with pytest.raises(KeyError, match=r"decode.*encode.*serving_default"):
            module(numbers(2, 3))


def test_tags_are_as_strict_as_ever(tmp_path: Path) -> None:
    tf2_models.layers(tmp_path / "model")
    with tf.Graph().as_default(), pytest.raises(ValueError, match="serve"):
        hub.Module(str(tmp_path / "model"))


# ---- Keras


def _sequential(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.5)]
    )
    model.compile("adam", "mse")
    model.fit(numbers(8, 4), numbers(8, 3), verbose=0)
    return model


def _functional(keras: Any) -> Any:
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    both = layers.Concatenate()([layers.Dense(2)(a), layers.Dense(2)(b)])
    outputs = {"p": layers.Dense(2)(both), "q": layers.Dense(1, activation="sigmoid")(both)}
    return keras.Model({"a": a, "b": b}, outputs)


def _preprocessing(keras: Any) -> Any:
    layers = keras.layers
    normalization = layers.Normalization()
    normalization.adapt(numbers(5, 3))
    x, s = keras.Input((3,), name="x"), keras.Input((1,), dtype="string", name="s")
    i = keras.Input((1,), dtype="int64", name="i")
    words = layers.Embedding(10, 2)(layers.StringLookup(vocabulary=["a", "b"])(s))
    ids = layers.Embedding(10, 2)(layers.IntegerLookup(vocabulary=[10, 20])(i))
    parts = [normalization(x), layers.Flatten()(words), layers.Flatten()(ids)]
    return keras.Model({"x": x, "s": s, "i": i}, layers.Dense(2)(layers.Concatenate()(parts)))


def _text(keras: Any) -> Any:
    layers = keras.layers
    vectorization = layers.TextVectorization(max_tokens=9, output_sequence_length=4)
    vectorization.adapt(["the cat sat", "a dog ran"])
    embedding, pool = layers.Embedding(9, 2, mask_zero=True), layers.GlobalAveragePooling1D()
    return keras.Sequential([keras.Input((), dtype="string"), vectorization, embedding, pool])


def _recurrent(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((3, 2)), layers.LSTM(2)])


def _attention(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((3, 4))
    return keras.Model(x, layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2)(x, x)))


KERAS: Mapping[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "sequential": (_sequential, {"": numbers(2, 4)}),
    "functional": (_functional, {"a": numbers(2, 4), "b": numbers(2, 3)}),
    "preprocessing": (
        _preprocessing,
        {"x": numbers(2, 3), "s": np.array([["b"], ["?"]], object), "i": np.array([[20], [7]], np.int64)},
    ),
    "text": (_text, {"": np.array(["the dog sat", "cat?"], object)}),
    "recurrent": (_recurrent, {"": numbers(2, 3, 2)}),
    "attention": (_attention, {"": numbers(2, 3, 4)}),
}


@pytest.mark.parametrize("name", KERAS)
def test_models_of_keras(name: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    author, values = KERAS[name]
    keras.utils.set_random_seed(1)
    path = str(tmp_path / "model")
    author(keras).export(path, verbose=False)
    (key,) = set(hub.load_module_spec(path).get_input_info_dict("serving_default", {"serve"})) - set(
        values
    ) or {""}
    feeds = {"serving_default": {key: values[""]} if "" in values else values}
    expected = eager(path, feeds)
    check_equal(lazy(path, feeds, str(tmp_path / "module"), tags={"serve"}), expected)
    check_equal(lazy(str(tmp_path / "module"), feeds, tags={"serve"}), expected)
    wanted = eager_gradients(path, "serving_default", feeds["serving_default"])
    found = lazy_gradients(path, "serving_default", feeds["serving_default"])
    assert found.keys() == wanted.keys()
    for variable, gradient in wanted.items():
        np.testing.assert_allclose(found[variable], gradient, rtol=1e-4, atol=1e-6)
    assert not any(variable.startswith(("variables/", "_")) for variable in names_of(path))


def test_a_published_model_of_keras_2(real_modules: Path) -> None:
    """Today's Keras cannot load it; a session can."""
    path = str(real_modules / "penguin-tf2-savedmodel")
    names = ["dense", "dense_1", "dense_2"]
    assert names_of(path) == [f"{name}/{part}" for name in names for part in ("bias", "kernel")]
    example = tf.train.Example()
    feature = example.features.feature
    for name in ("culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"):
        feature[name].float_list.value.append(0.5)
    feeds = {"serving_default": {"examples": np.array([example.SerializeToString()], object)}}
    with tf.Graph().as_default(), tf1.Session() as session:
        loaded = tf1.saved_model.load(session, ["serve"], path)
        signature = loaded.signature_def["serving_default"]
        fetches = {key: info.name for key, info in signature.outputs.items()}
        feed = {signature.inputs["examples"].name: feeds["serving_default"]["examples"]}
        expected = session.run(fetches, feed)
    check_equal(lazy(path, feeds, tags={"serve"}), {"serving_default": expected})

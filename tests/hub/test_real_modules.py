"""Published modules give the outputs that they gave with tensorflow_hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
HANDLES = {"half_plus_two_v1": "half_plus_two_v1.tar.gz", "vae3dshapes": "vae3dshapes", "dm21": "dm21"}
Cases = dict[tuple[str, str], dict[str, dict[str, Any]]]


def _cases(real_modules: Path, name: str) -> Cases:
    """(variant, signature) -> `in` and `out` -> name -> value."""
    cases: Cases = {}
    with np.load(real_modules / "expected" / f"{name}.npz") as stored:
        for key in stored.files:
            variant, signature, side, tensor = key.split("/", 3)
            case = cases.setdefault((variant, signature), {"in": {}, "out": {}})
            case[side][tensor] = stored[key]
    return cases


def _check(spec: Any, cases: Cases) -> None:
    for (variant, signature), case in cases.items():
        tags = [] if variant == "none" else variant.split("+")
        outputs = modules.evaluate(spec, case["in"], signature, tags)
        assert sorted(outputs) == sorted(case["out"])
        for name, expected in case["out"].items():
            np.testing.assert_allclose(outputs[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", HANDLES)
def test_outputs_are_reproduced(real_modules: Path, name: str) -> None:
    cases = _cases(real_modules, name)
    assert cases
    _check(hub.load_module_spec(real_modules / HANDLES[name]), cases)


@pytest.mark.parametrize("name", HANDLES)
def test_exported_and_reloaded(real_modules: Path, name: str, tmp_path: Path) -> None:
    spec = hub.load_module_spec(real_modules / HANDLES[name])
    first = modules.export(spec, tmp_path / "first")
    second = modules.export(hub.load_module_spec(first), tmp_path / "second")
    shutil.rmtree(first)
    loaded = hub.load_module_spec(second)
    _check(loaded, _cases(real_modules, name))
    assert loaded.get_tags() == spec.get_tags()
    for tags in spec.get_tags():
        assert sorted(loaded.get_signature_names(tags)) == sorted(spec.get_signature_names(tags))


@pytest.mark.parametrize("name", HANDLES)
def test_inside_of_another_module(real_modules: Path, name: str, tmp_path: Path) -> None:
    spec = hub.load_module_spec(real_modules / HANDLES[name])

    def module_fn(tags: Any) -> None:
        inner = hub.Module(spec, tags=tags)
        for signature in inner.get_signature_names():
            infos = inner.get_input_info_dict(signature)
            inputs = {key: tf1.placeholder(info.dtype, info.get_shape()) for key, info in infos.items()}
            hub.add_signature(signature, inputs, inner(inputs, signature=signature, as_dict=True))

    variants = [(tags, {"tags": tags}) for tags in spec.get_tags()]
    outer = modules.export(hub.create_module_spec(module_fn, variants), tmp_path / "outer")
    _check(hub.load_module_spec(outer), _cases(real_modules, name))


@pytest.mark.parametrize("name", HANDLES)
def test_evaluated_without_a_graph(real_modules: Path, name: str) -> None:
    for (variant, signature), case in _cases(real_modules, name).items():
        tags = [] if variant == "none" else variant.split("+")
        with hub.eval_function_for_module(real_modules / HANDLES[name], tags=tags) as f:
            outputs = f(case["in"], signature=signature, as_dict=True)
        for key, expected in case["out"].items():
            np.testing.assert_allclose(outputs[key], expected, rtol=1e-5, atol=1e-6)


def test_gradients_reach_the_variables_of_a_real_module(real_modules: Path, graph: tf.Graph) -> None:
    module = hub.Module(str(real_modules / "vae3dshapes"), trainable=True, tags={"train"})
    infos = module.get_input_info_dict("decoder")
    inputs = {key: tf.zeros([2, *info.get_shape().as_list()[1:]], info.dtype) for key, info in infos.items()}
    outputs = module(inputs, signature="decoder", as_dict=True)
    gradients = tf1.gradients(list(outputs.values()), tf1.trainable_variables())
    reached = [gradient for gradient in gradients if gradient is not None]
    assert reached
    assert all(np.all(np.isfinite(value)) for value in modules.run(reached))


# TF1 SavedModels.

SAVED_MODELS = ["half-plus-two-savedmodel", "deep-image-savedmodel", "taxi-estimator-savedmodel"]


def _spec_from(path: Path) -> Any:
    """The spec, with the collections dropped that the error names."""
    try:
        return hub.create_module_spec_from_saved_model(path)
    except ValueError as error:
        names = str(error).partition("drop_collections=[")[2].partition("]")[0]
        if not names:
            raise
        dropped = [name.strip(" '") for name in names.split(",")]
        return hub.create_module_spec_from_saved_model(path, drop_collections=dropped)


def _values(infos: Any) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    example = tf.train.Example()
    for name in ("x", "x2"):
        example.features.feature[name].float_list.value.append(3.0)
    values = {}
    for key, info in infos.items():
        shape = [
            3 if size is None else size
            for size in (info.get_shape().as_list() if info.get_shape().rank else [3])
        ]
        if key == "images" and info.dtype == tf.string:
            pictures = [tf.constant(generator.integers(0, 256, [9, 9, 3], np.uint8)) for _ in range(2)]
            values[key] = tf.stack([tf.io.encode_base64(tf.io.encode_jpeg(picture)) for picture in pictures])
        elif info.dtype == tf.string:
            values[key] = np.full(shape, example.SerializeToString(), object)
        else:
            values[key] = generator.integers(0, 5, shape).astype(info.dtype.as_numpy_dtype)
    return values


def _all_outputs(spec: Any) -> dict[str, Any]:
    found = {}
    (tags,) = spec.get_tags()
    with tf.Graph().as_default():
        module = hub.Module(spec, tags=tags)
        calls = {
            name: module(_values(module.get_input_info_dict(name)), signature=name, as_dict=True)
            for name in sorted(module.get_signature_names())
        }
        with modules.initialized_session() as session:
            for name, call in calls.items():
                try:
                    found[name] = session.run(call)
                except tf.errors.InvalidArgumentError as error:
                    found[name] = type(error).__name__
    return found


@pytest.mark.parametrize("name", SAVED_MODELS)
def test_saved_models_run_and_survive_an_export(real_modules: Path, name: str, tmp_path: Path) -> None:
    spec = _spec_from(real_modules / name)
    outputs = _all_outputs(spec)
    assert any(isinstance(values, dict) and values for values in outputs.values())
    (tags,) = spec.get_tags()
    path = modules.export(spec, tmp_path / "module", tags)
    reloaded = _all_outputs(hub.load_module_spec(path))
    assert sorted(reloaded) == sorted(outputs)
    tf.nest.map_structure(np.testing.assert_array_equal, outputs, reloaded)


def test_half_plus_two_as_saved_model(real_modules: Path) -> None:
    spec = _spec_from(real_modules / "half-plus-two-savedmodel")
    outputs = modules.evaluate(spec, {"x": [[1.0], [2.0]]}, "serving_default", ["serve"])
    np.testing.assert_allclose(outputs["y"], [[2.5], [3.0]])


def test_a_keras_saved_model_is_refused(real_modules: Path) -> None:
    with pytest.raises(ValueError, match="TF2"):
        hub.create_module_spec_from_saved_model(real_modules / "penguin-tf2-savedmodel")

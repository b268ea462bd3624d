"""The code that calls a module runs as it is printed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.summary.model import IN_MEMORY
from hubexplore.summary.usage import usage

tf1 = tf.compat.v1
ODD = 'it\'s "a" {model} [1]\\n%s\n</code>'


def _printed(module: Any) -> str:
    code = usage(hub.summarize(module))
    assert code is not None
    assert all(line.isprintable() for line in code.lines)
    return "\n".join(code.lines)


def _run(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)  # as a person would paste it
    return names["outputs"]


def _exported(path: Path, definition: Any, tags_and_args: Any = None) -> str:
    spec = hub.create_module_spec(definition, tags_and_args)
    with tf.Graph().as_default():
        # Loading and initialising is what `export` needs first.
        module = hub.Module(spec, tags=tags_and_args[0][0] if tags_and_args else None)
        with tf1.Session() as session:
            session.run(tf1.global_variables_initializer())
            module.export(str(path), session)
    return str(path)


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("half_plus_two_v1.tar.gz", {"default": (1,)}),
        ("dm21", {"grid_contribution": (1,), "system_contribution": (1,)}),
        ("penguin-tf2-savedmodel", {"output_0": (1, 3)}),
        ("vae3dshapes", {"images": (1, 64, 64, 3)}),
        ("half-plus-two-savedmodel", {"y": (1, 1)}),
        ("taxi-estimator-savedmodel", {"classes": (1, 2), "scores": (1, 2)}),
        ("deep-image-savedmodel", {"prediction": (1,), "softmax": (1, 17)}),
    ],
)
def test_published_ones(real_modules: Path, name: str, outputs: dict[str, tuple[int, ...]]) -> None:
    found = _run(_printed(real_modules / name))
    assert {key: np.shape(value) for key, value in found.items()} == outputs


def test_a_sample() -> None:
    assert _run(_printed("sample:half-plus-two"))["default"].tolist() == [2.0]


def test_odd_names_and_kinds_of_inputs(tmp_path: Path) -> None:
    def module_fn() -> None:
        sparse = tf1.sparse_placeholder(tf.float32, [None, 3])
        words = tf1.placeholder(tf.string, [None, None])
        half = tf1.placeholder(tf.bfloat16, [])
        ragged = tf1.ragged.placeholder(tf.int64, 2)
        hub.add_signature(
            inputs={"a'b\"\n": sparse, "words": words, "half": half, "ragged": ragged},
            outputs={
                "sum": tf.sparse.reduce_sum(sparse),
                "words": tf.strings.length(words),
                "half": tf.cast(half, tf.float32),
                "ragged": tf.reduce_sum(ragged.flat_values),
            },
            name="od\"d'\n</code>",
        )

    path = _exported(tmp_path / "plain", module_fn, [({"tr'ain\"\n"}, {})])
    moved = str(shutil.move(path, tmp_path / ODD))
    outputs = _run(_printed(moved))
    assert {key: value.tolist() for key, value in outputs.items()} == {
        "sum": 0.0, "words": [[4] * 6], "half": 0.0, "ragged": 0,
    }  # fmt: skip


def test_one_that_takes_nothing(tmp_path: Path) -> None:
    def module_fn() -> None:
        hub.add_signature(outputs=tf.constant([3, 4]))

    code = _printed(_exported(tmp_path / "module", module_fn))
    assert "numpy" not in code
    assert _run(code)["default"].tolist() == [3, 4]


def test_a_saved_model_of_tensorflow_2(tmp_path: Path) -> None:
    module = tf.Module()

    def serve(x: tf.Tensor, w: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x + 1.0, "length": tf.strings.length(w)}

    signature = [tf.TensorSpec([None, 2], name="x"), tf.TensorSpec([], tf.string, "w")]
    path = tmp_path / "plain"
    tf.saved_model.save(module, str(path), {"serve'": tf.function(serve, signature)})
    moved = str(shutil.move(path, tmp_path / "it's %s"))
    found = _run(_printed(moved))
    assert found["y"].tolist() == [[1.0, 1.0]]
    assert found["length"] == 4


def test_the_variant_of_a_live_module_is_called(tmp_path: Path) -> None:
    def module_fn(factor: float) -> None:
        x = tf1.placeholder(tf.float32, [None])
        hub.add_signature(inputs=x, outputs=x + factor)

    path = _exported(tmp_path / "module", module_fn, [(set(), {"factor": 1.0}), ({"train"}, {"factor": 2.0})])
    assert _run(_printed(path))["default"].tolist() == [1.0]
    with tf.Graph().as_default():
        live = hub.Module(path, tags={"train"})
        code = _printed(live)
    assert _run(code)["default"].tolist() == [2.0]


def test_what_is_not_on_disk_or_cannot_be_given_has_none(tmp_path: Path) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.variant, [])
        hub.add_signature(inputs=x, outputs={"y": tf.identity(x)})

    assert usage(hub.summarize(_exported(tmp_path / "module", module_fn))) is None

    def plain() -> None:
        hub.add_signature(outputs=tf.constant(1.0))

    summary = hub.summarize(hub.create_module_spec(plain))
    assert summary.format == IN_MEMORY
    assert usage(summary) is None
